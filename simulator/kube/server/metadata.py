"""The metadata that the server owns: identity, times, generation."""

from typing import Any, Protocol

from simulator.kube.api_time import api_time
from simulator.kube.server.advice import advise
from simulator.kube.server.field_errors import invalid_value
from simulator.kube.server.metadata_types import require_types
from simulator.kube.server.refusals import Refusal, bad_request, conflict, invalid, stale
from simulator.kube.server.registry import Resource

Json = dict[str, Any]

GENERATED_NAME_BASE = 58
_SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


class Draws(Protocol):
    """Where uids and name suffixes come from."""

    def below(self, bound: int) -> int:
        """A number from 0 to ``bound - 1``."""
        ...


def new_uid(entropy: Draws) -> str:
    """A random uid in the form of a UUID version 4."""
    bits = entropy.below(1 << 122)
    text = f"{(bits >> 62 << 64) | bits & ((1 << 62) - 1):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[bits >> 60 & 3]}{text[17:20]}-{text[20:]}"


def generated_name(base: str, entropy: Draws) -> str:
    """``base`` and five characters."""
    suffix = "".join(_SUFFIX_ALPHABET[entropy.below(27)] for _ in range(5))
    return base[:GENERATED_NAME_BASE] + suffix


def require_object(body: Any, resource: Resource) -> Json:
    """The body of a write, which must be an object of the resource's kind.

    Raises:
        Refusal: 400, it is not.
    """
    if not isinstance(body, dict):
        raise bad_request("the body of the request must be a JSON object")
    if "kind" not in body and resource.strict_type:
        raise bad_request("the body has no kind")
    given = body.setdefault("apiVersion", resource.api_version)
    if given != resource.api_version:
        if not resource.strict_type:
            raise _other_kind(str(body.get("kind", "")), str(given), resource)
        for name in body:
            if name not in ("apiVersion", "kind", "metadata"):
                advise(f'unknown field "{name}"')
        raise bad_request(
            f"the API version in the data ({given}) does not match the expected API version ({resource.api_version})"
        )
    metadata = body.setdefault("metadata", {}) or {}
    kind = body.setdefault("kind", resource.kind)
    if kind != resource.kind:
        if not resource.strict_type:
            raise _other_kind(str(kind), str(given), resource)
        cause = invalid_value("kind", kind, f"must be {resource.kind}")
        raise invalid(resource.group, str(kind), str(metadata.get("name", "")), [cause])
    if metadata is not body["metadata"]:
        body["metadata"] = metadata
    require_types(metadata, resource)
    return body


def name_in(body: Any) -> str:
    """The name that a body gives; empty where it gives none."""
    metadata = body.get("metadata") if isinstance(body, dict) else None
    return str((metadata or {}).get("name", "")) if isinstance(metadata, dict) else ""


def _other_kind(kind: str, api_version: str, resource: Resource) -> Refusal:
    return bad_request(
        f'{kind} in version "{api_version.rpartition("/")[2]}" cannot be handled as a {resource.kind}:'
        f' no kind "{kind}" is registered for version "{api_version}" in scheme "pkg/runtime/scheme.go:111"'
    )


def place(body: Json, resource: Resource, namespace: str) -> None:
    """Put the body into the namespace of the path.

    Raises:
        Refusal: 400, the body names another namespace.
    """
    metadata = body["metadata"]
    given = metadata.get("namespace", "")
    if given and given != namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    if resource.namespaced:
        metadata["namespace"] = namespace
    else:
        metadata.pop("namespace", None)


def begin(body: Json, resource: Resource, *, now: float, uid: str) -> None:
    """Set what the server decides about a new object."""
    metadata = body["metadata"]
    for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "managedFields", "resourceVersion"):
        if name in metadata:
            del metadata[name]
    metadata["uid"] = uid
    metadata["creationTimestamp"] = api_time(now)
    if resource.counts_generation:
        metadata["generation"] = 1
    else:
        metadata.pop("generation", None)
    _drop_empty(metadata)


def check_identity(body: Json, old: Json, resource: Resource) -> None:
    """Compare what an update says about the object with the object.

    Raises:
        Refusal: 400 another name; 409 another uid.
    """
    metadata, current = body["metadata"], old["metadata"]
    name = current["name"]
    given = metadata.get("namespace")
    if given and given != current.get("namespace", ""):
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    if metadata.setdefault("name", name) != name:
        raise bad_request(f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})")
    uid = metadata.get("uid")
    if uid and uid != current["uid"]:
        raise conflict(resource.group, resource.plural, name, other_uid(uid, current, resource))


def check_revision(revision: str | None, old: Json, resource: Resource) -> None:
    """Compare the version of which an update is the next with the one that is there.

    Raises:
        Refusal: 409, another one is there.
    """
    current = old["metadata"]
    if revision and revision != current["resourceVersion"]:
        if not (revision.isascii() and revision.isdigit()):
            raise Refusal(500, "", f'strconv.ParseUint: parsing "{revision}": invalid syntax')
        raise stale(resource.group, resource.plural, current["name"])


def other_uid(uid: str, current: Json, resource: Resource) -> str:
    """Why ``uid`` is not that of ``current`` in the words of the real server's store, with the key under which it keeps the object."""
    place = (
        f"{resource.group}/{resource.plural}"
        if resource.strict_type
        else _STORED_AS.get(resource.plural, resource.plural)
    )
    key = "/".join(part for part in ("/registry", place, current.get("namespace", ""), current["name"]) if part)
    return (
        f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed:"
        f" UID in precondition: {uid}, UID in object meta: {current['uid']}"
    )


_STORED_AS = {
    "nodes": "minions",
    "services": "services/specs",
    "endpoints": "services/endpoints",
    "replicationcontrollers": "controllers",
    "ingresses": "ingress",
}


def carry_over(body: Json, old: Json) -> None:
    """Keep what an update cannot change: identity, times, deletion."""
    metadata, current = body["metadata"], old["metadata"]
    metadata.pop("selfLink", None)
    for name in _SYSTEM_FIELDS:
        if name in current:
            metadata[name] = current[name]
        elif name in metadata:
            del metadata[name]
    _drop_empty(metadata)


_SYSTEM_FIELDS = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "resourceVersion",
    "namespace",
    "managedFields",
)


def _drop_empty(metadata: Json) -> None:
    for name in ("labels", "annotations", "finalizers", "ownerReferences"):
        if name in metadata and not metadata[name]:
            del metadata[name]


def spec_changed(body: Json, old: Json, resource: Resource) -> bool:
    """Whether anything but metadata, and status where that is apart, differs: what ``generation`` counts."""
    if resource.counts_metadata:
        told, had = body["metadata"], old["metadata"]
        if any(told.get(name) != had.get(name) for name in ("labels", "annotations")):
            return True
    apart = ("metadata", "apiVersion", "status") if resource.has_status else ("metadata", "apiVersion")
    return any(body.get(name) != old.get(name) for name in (*body, *old) if name not in apart)
