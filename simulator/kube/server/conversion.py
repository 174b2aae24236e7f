"""Conversion webhooks: who turns objects of a custom resource from one version into another, and what its answers mean.

A webhook is asked with a ConversionReview where somebody reads, watches or writes in another version than the one that
is stored. It may change everything but identity and, of the metadata, only labels and annotations. An object that it
does not convert can be neither written in that version nor read.
"""

from collections.abc import Sequence
from typing import Any

from simulator.kube.server.admission.webhooks import CallWebhook, TimeoutClock
from simulator.kube.server.field_errors import invalid_value, quoted
from simulator.kube.server.metadata import Draws, new_uid
from simulator.kube.server.name_rules import label_value
from simulator.kube.server.refusals import Refusal, internal
from simulator.kube.server.registry import Resource
from simulator.kube.server.versions import listed_in, reread, shown
from simulator.kube.server.writes import own_copy

Json = dict[str, Any]
REVIEW = "apiextensions.k8s.io/v1"
TIMEOUT_SECONDS = 30.0


class Unconverted(Exception):
    """The webhook has not converted an object."""


class Conversion:
    """The ``Versions`` of one server: its custom resources and built-in kinds in the versions that people ask for."""

    def __init__(self, call: CallWebhook, clock: TimeoutClock, entropy: Draws) -> None:
        self._call = call
        self._clock = clock
        self._entropy = entropy

    async def seen(self, item: Json, resource: Resource) -> Json:
        """A stored object in the version of a resource.

        Raises:
            Refusal: 500, it cannot be converted.
        """
        if resource.reshaped and item.get("apiVersion") == resource.api_version:
            return reread(item, resource)
        if resource.conversion is None:
            return shown(item, resource)
        try:
            return await self.converted(item, resource)
        except Unconverted as error:
            metadata = item["metadata"]
            key = "/".join(("", *resource.table_id, *filter(None, (metadata.get("namespace"), metadata["name"]))))
            why = f"object not decodable revision={metadata['resourceVersion']}: {error}"
            words = f"StorageError: corrupt object, Code: 7, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: {why}"
            refusal = internal(words)
            refusal.status["details"] = {"causes": [{"message": words}]}
            raise refusal from error

    async def answer(self, body: Json, resource: Resource) -> Json:
        """An answer about stored objects, or a list of them, in the version of a resource; of a list, what cannot be
        converted is missing.
        """
        kind = body.get("kind")
        if kind == resource.kind:
            return await self.seen(body, resource)
        if kind != (resource.list_kind or f"{resource.kind}List") or "items" not in body:
            return body
        if resource.conversion is None:
            show = reread if resource.reshaped else shown
            return listed_in(body, [show(item, resource) for item in body["items"]], resource)
        items = []
        for item in body["items"]:
            try:
                items.append(await self.converted(item, resource))
            except Unconverted:
                continue
        return listed_in(body, items, resource)

    async def kept(self, item: Json, resource: Resource) -> Json:
        """An object that was written in the version of a resource, as it is stored.

        Raises:
            Refusal: 500, it cannot be converted.
        """
        stored = resource.stored
        if stored is None or item.get("apiVersion") == stored.api_version:
            return item
        try:
            return await self.converted(item, stored)
        except Unconverted as error:
            raise Refusal(500, "", str(error)) from error

    async def between(self, item: Json, source: Resource, target: Resource) -> Json:
        """An object of one version in another, for a webhook that knows only that.

        Raises:
            Refusal: 500, it cannot be converted.
        """
        if not target.custom:
            return _of_builtin(item, source, target)
        try:
            return await self.converted(item, target)
        except Unconverted as error:
            raise Refusal(500, "", str(error)) from error

    async def converted(self, item: Json, target: Resource) -> Json:
        """An object of a custom resource in another version: a new one, pruned, with its defaults.

        Raises:
            Unconverted: the webhook has not done it.
        """
        if item.get("apiVersion") == target.api_version:
            return item
        if target.conversion is None:
            fresh: Json = own_copy(item)
            fresh["apiVersion"] = target.api_version
        else:
            (fresh,) = await self._asked([item], target)
        target.complete(fresh, None)
        return fresh

    async def _asked(self, items: Sequence[Json], target: Resource) -> list[Json]:
        subject = f"conversion webhook for {items[0].get('apiVersion')}, Kind={items[0].get('kind')}"
        client: Json = (target.conversion or {}).get("clientConfig") or {}
        uid = new_uid(self._entropy)
        request = {"uid": uid, "desiredAPIVersion": target.api_version, "objects": items}
        review = {"kind": "ConversionReview", "apiVersion": REVIEW, "request": own_copy(request)}
        why = ""
        try:
            async with self._clock.timeout(TIMEOUT_SECONDS):
                answer = await self._call(client, review)
        except TimeoutError:
            why = f"Post {_place(client)}: context deadline exceeded"
        except ConnectionError as error:
            why = f"Post {_place(client)}: {error}"
        except (KeyError, TypeError, ValueError) as error:
            why = str(error)
        why = why or _misfit(answer, uid)
        if why:
            raise Unconverted(f"{subject} failed: {why}")
        found = answer["response"].get("convertedObjects") or []
        if len(found) != len(items):
            raise Unconverted(f"{subject} returned {len(found)} objects, expected {len(items)}")
        return [_verified(*pair, target, subject) for pair in zip(items, found, strict=True)]


def _place(client: Json) -> str:
    url, service = client.get("url"), client.get("service") or {}
    if not url:
        path = (service.get("path") or "").removeprefix("/")
        url = f"https://{service.get('name')}.{service.get('namespace')}.svc:{service.get('port', 443)}/{path}"
    return quoted(f"{url}?timeout={int(TIMEOUT_SECONDS)}s")


def _misfit(answer: Any, uid: str) -> str:
    """Why an answer is none."""
    response = answer.get("response") if isinstance(answer, dict) else None
    if not isinstance(response, dict):
        return "no response provided"
    if response.get("uid") != uid:
        return f'expected response.uid="{uid}", got "{response.get("uid") or ""}"'
    result = response.get("result") or {}
    if result.get("status") == "Success":
        return ""
    return result.get("message") or f"response.result.status was '{result.get('status') or ''}', not 'Success'"


def _verified(item: Json, found: Json, target: Resource, subject: str) -> Json:
    """A converted object, with the metadata that a webhook may not change as they were."""
    misfits = (
        ("apiVersion", target.api_version, "groupVersion"),
        ("kind", target.kind, "kind"),
    )
    for name, wanted, said in misfits:
        if found.get(name) != wanted:
            why = f"invalid {said} (expected {wanted}, received {found.get(name) or ''})"
            raise Unconverted(f"{subject} returned invalid object at index 0: {why}")
    before, after = item["metadata"], found.get("metadata") or {}
    for name, said in (("name", "name"), ("namespace", "namespace"), ("uid", "UID")):
        one, other = before.get(name) or "", after.get(name) or ""
        if one != other:
            raise Unconverted(f"{subject} returned invalid object: must have the same {said}: {one} != {other}")
    for value in (after.get("labels") or {}).values():
        for fault in label_value(str(value)):
            cause = invalid_value("metadata.labels", value, fault)
            raise Unconverted(f"{subject} returned invalid metadata: {cause.field}: {cause.message}")
    metadata = {name: value for name, value in before.items() if name not in ("labels", "annotations")}
    metadata |= {name: after[name] for name in ("labels", "annotations") if after.get(name)}
    return {**found, "metadata": own_copy(metadata)}


def _of_builtin(item: Json, source: Resource, target: Resource) -> Json:
    """An object of a built-in kind in another of its versions, by way of the one that is stored."""
    if source.to_stored is not None and source.stored is not None:
        item = own_copy(item)
        item["apiVersion"] = source.stored.api_version
        source.to_stored(item)
    return shown(item, target) if target.stored is not None else item
