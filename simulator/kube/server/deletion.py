"""DELETE: when an object goes at once, and when it is only marked and waits for finalizers or a grace period.

A pod gets two DELETEs: the first starts its grace period, the kubelet's second, with grace 0, ends it. An object with
finalizers stays, marked, until the last one is taken off (``writes.py`` sees that). Propagation is a finalizer that
the garbage collector serves.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from simulator.kube.api_time import api_time
from simulator.kube.server.advice import advise
from simulator.kube.server.field_errors import invalid_value, not_supported
from simulator.kube.server.reads import list_of, selection_of
from simulator.kube.server.refusals import Refusal, bad_request, conflict, forbidden, internal, invalid, not_found
from simulator.kube.server.registry import Resource
from simulator.kube.server.routes import Route
from simulator.kube.server.store import Store
from simulator.kube.server.writes import Reviewer, Versions, WallClock, own_copy

Json = dict[str, Any]

_CHILDREN_STAY = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set"
    " propagationPolicy=Orphan to suppress this warning"
)
_PERMANENT_NAMESPACES = ("default", "kube-system", "kube-public")
PROPAGATION_FINALIZERS = {"Orphan": "orphan", "Foreground": "foregroundDeletion"}


class DeleteOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to delete. ``grace_seconds`` is ``None`` for the object's own grace period."""

    grace_seconds: int | None = None
    uid: str = ""
    revision: str = ""
    propagation: str = ""
    dry_run: bool = False


def options_of(body: Any, query: Mapping[str, str]) -> DeleteOptions:
    """The options of a DELETE, from its body (``DeleteOptions``) or its parameters.

    Raises:
        Refusal: 400 not DeleteOptions; 422 an option that does not exist.
    """
    if body is not None and not isinstance(body, dict):
        raise bad_request("the body of a DELETE is a DeleteOptions object")
    given: Mapping[str, Any] = body or _of_query(query) if query or body else {}
    _check_options(given)
    preconditions = given.get("preconditions") or {}
    propagation = given.get("propagationPolicy") or ""
    if given.get("orphanDependents") is not None:
        propagation = "Orphan" if given["orphanDependents"] else "Background"
    return DeleteOptions(
        grace_seconds=given.get("gracePeriodSeconds"),
        uid=preconditions.get("uid") or "",
        revision=preconditions.get("resourceVersion") or "",
        propagation=propagation,
        dry_run=bool(given.get("dryRun")) or bool(query.get("dryRun")),
    )


def _of_query(query: Mapping[str, str]) -> Json:
    """The options as parameters; they count only where there is no body."""
    given: Json = {name: query[name] for name in ("propagationPolicy",) if query.get(name)}
    if query.get("dryRun"):
        given["dryRun"] = [query["dryRun"]]
    if query.get("orphanDependents"):
        given["orphanDependents"] = query["orphanDependents"] in ("1", "true", "True")
    grace = query.get("gracePeriodSeconds")
    if grace:
        try:
            given["gracePeriodSeconds"] = int(grace)
        except ValueError as error:
            raise bad_request(f'strconv.ParseInt: parsing "{grace}": invalid syntax') from error
    return given


def _check_options(given: Mapping[str, Any]) -> None:
    kind, version = given.get("kind", "DeleteOptions"), given.get("apiVersion", "v1")
    if kind != "DeleteOptions":
        raise bad_request(
            f'no kind "{kind}" is registered for version "{version}" in scheme "pkg/runtime/scheme.go:111"'
        )
    grace = given.get("gracePeriodSeconds")
    if grace is not None and (not isinstance(grace, int) or isinstance(grace, bool)):
        found = "string" if isinstance(grace, str) else "number" if isinstance(grace, float) else "object"
        message = f"json: cannot unmarshal {found} into Go struct field DeleteOptions.gracePeriodSeconds of type int64"
        raise bad_request(message)
    policy, orphans = given.get("propagationPolicy"), given.get("orphanDependents")
    causes = []
    if policy and orphans is not None:
        detail = "orphanDependents and deletionPropagation cannot be both set"
        causes.append(invalid_value("propagationPolicy", policy, detail))
    if policy and policy not in ("Foreground", "Background", "Orphan"):
        causes.append(not_supported("propagationPolicy", policy, ("Foreground", "Background", "Orphan", "nil")))
    dry_run = given.get("dryRun")
    if dry_run and dry_run != ["All"]:
        causes.append(not_supported("dryRun", dry_run, ("All",)))
    if causes:
        raise invalid("meta.k8s.io", "DeleteOptions", "", causes)


# These two look for themselves, before the store would, and say it in their own words.
_OWN_WORDS = {
    ("", "namespaces"): "Precondition failed",
    ("apiextensions.k8s.io", "customresourcedefinitions"): "precondition failed",
}


class Deletion:
    """Deleting objects of one store."""

    def __init__(self, store: Store, clock: WallClock, reviewer: Reviewer, versions: Versions) -> None:
        self.store = store
        self._versions = versions
        self.clock = clock
        self.reviewer = reviewer

    async def delete(self, route: Route, options: DeleteOptions, *, user: str) -> Json:
        """Delete one object; the answer is what the server sends back.

        Raises:
            Refusal: 404; 409 a precondition does not hold; what webhooks say.
        """
        return self._perform(route, await self.admitted(route, options, user=user), options)

    async def admitted(self, route: Route, options: DeleteOptions, *, user: str) -> Json:
        """The object that may be deleted.

        Raises:
            Refusal: as ``delete``.
        """
        item = self._current(route)
        self.check_preconditions(item, route, options)
        seen = item if route.resource.conversion is None else await self._versions.seen(item, route.resource)
        if self.reviewer.concerns(route, "DELETE"):
            if route.resource.stored is not None:
                seen = await self._versions.seen(item, route.resource)
            for ask in (self.reviewer.mutate, self.reviewer.validate):
                await ask(route, "DELETE", new=None, old=seen, user=user, dry_run=options.dry_run)
            item = self._current(route)
            self.check_preconditions(item, route, options)
        return item

    async def delete_collection(
        self, route: Route, options: DeleteOptions, query: Mapping[str, str], *, user: str
    ) -> Json:
        """Delete everything that the selectors match, one by one; answers with the list of what was there."""
        resource = route.resource
        items = self.store.table(resource.table_id).select(selection_of(route, query))
        for item in items:
            metadata = item["metadata"]
            one = Route(
                resource=resource,
                namespace=metadata.get("namespace", ""),
                name=metadata["name"],
                subresource="",
                path=route.path,
            )
            if self.store.table(resource.table_id).objects.get((one.namespace, one.name)) is not None:
                await self.delete(one, options, user=user)
        return list_of(resource, items, self.store.revision)

    def _current(self, route: Route) -> Json:
        resource = route.resource
        item = self.store.table(resource.table_id).objects.get((route.namespace, route.name))
        if item is None:
            raise not_found(resource.group, resource.plural, route.name)
        return item

    def check_preconditions(self, item: Json, route: Route, options: DeleteOptions) -> None:
        """Compare what the caller wants to delete with what is there.

        Raises:
            Refusal: 409, it is another incarnation or version; 403, it may never be deleted.
        """
        resource, metadata = route.resource, item["metadata"]
        if resource.kind == "Namespace" and route.name in _PERMANENT_NAMESPACES:
            raise forbidden("", resource.plural, route.name, "this namespace may not be deleted")
        own = _OWN_WORDS.get(resource.table_id)
        for name, wanted, found in (
            ("UID", options.uid, metadata["uid"]),
            ("ResourceVersion", options.revision, metadata["resourceVersion"]),
        ):
            if own and wanted and wanted != found:
                why = f"{own}: {name} in precondition: {wanted}, {name} in object meta: {found}"
                raise conflict(resource.group, resource.plural, route.name, why)
        if options.uid and options.uid != metadata["uid"]:
            why = (
                f"the UID in the precondition ({options.uid}) does not match the UID in record ({metadata['uid']})."
                " The object might have been deleted and then recreated"
            )
            raise conflict(resource.group, resource.kind, route.name, why)
        if options.revision and options.revision != metadata["resourceVersion"]:
            why = (
                f"the ResourceVersion in the precondition ({options.revision}) does not match the ResourceVersion in record"
                f" ({metadata['resourceVersion']}). The object might have been modified"
            )
            raise conflict(resource.group, resource.kind, route.name, why)

    def _perform(self, route: Route, item: Json, options: DeleteOptions) -> Json:
        resource, metadata = route.resource, item["metadata"]
        grace = self._grace(resource, item, options)
        finalizers = _finalizers(item, options.propagation or resource.default_propagation)
        if not options.propagation and resource.group == "batch" and resource.default_propagation:
            advise(_CHILDREN_STAY)
        lingers = _lingers(resource, item)
        goes = grace == 0 and not finalizers and not lingers
        if goes and not resource.graceful:
            gone = item if options.dry_run else self.store.remove(resource.table_id, item)
            return gone if resource.returns_deleted else success(resource, item)
        marked = metadata.get("deletionTimestamp") is not None
        pending = metadata.get("deletionGracePeriodSeconds") or 0
        if not marked or grace < pending or finalizers != (metadata.get("finalizers") or []):
            fresh = {**item, "metadata": dict(metadata)}
            self._mark(fresh, grace if not marked else min(grace, pending), finalizers)
            if lingers:
                del fresh["metadata"]["deletionGracePeriodSeconds"]
                fresh["status"] = {**(item.get("status") or {}), "phase": "Terminating"}
            item = fresh if options.dry_run else self._put(resource, item, fresh)
        if goes and not options.dry_run:
            return self.store.remove(resource.table_id, item)
        return item

    def _put(self, resource: Resource, old: Json, new: Json) -> Json:
        try:
            return self.store.put(resource.table_id, old, new)
        except Refusal as refusal:
            if resource.kind == "Namespace":  # these are deleted in a way of their own
                raise internal(str(refusal)) from refusal
            raise

    def _grace(self, resource: Resource, item: Json, options: DeleteOptions) -> int:
        if not resource.graceful:
            return 0
        spec, status = item.get("spec") or {}, item.get("status") or {}
        grace = options.grace_seconds
        if grace is None:
            grace = item["metadata"].get("deletionGracePeriodSeconds")
        if grace is None:
            grace = spec.get("terminationGracePeriodSeconds", 30)
        if not spec.get("nodeName") or status.get("phase") in ("Succeeded", "Failed"):
            return 0
        return 1 if grace < 0 else int(grace)

    def _mark(self, item: Json, grace: int, finalizers: list[str]) -> None:
        metadata = item["metadata"]
        if metadata.get("deletionTimestamp") is None and "generation" in metadata:
            metadata["generation"] += 1
        metadata["deletionTimestamp"] = api_time(self.clock.now() + grace)
        metadata["deletionGracePeriodSeconds"] = grace
        if finalizers:
            metadata["finalizers"] = own_copy(finalizers)
        else:
            metadata.pop("finalizers", None)


def _lingers(resource: Resource, item: Json) -> bool:
    """Whether the object has finalizers of its own kind, in its spec: a namespace that still has contents."""
    return resource.kind == "Namespace" and bool((item.get("spec") or {}).get("finalizers"))


def _finalizers(item: Json, propagation: str) -> list[str]:
    """The finalizers that the object has after this request: its own, and the one that the propagation asks for."""
    current = list(item["metadata"].get("finalizers") or [])
    if not propagation:
        return current
    wanted = PROPAGATION_FINALIZERS.get(propagation)
    kept = [name for name in current if name not in PROPAGATION_FINALIZERS.values() or name == wanted]
    if wanted and wanted not in kept:
        kept.append(wanted)
    return kept


def success(resource: Resource, item: Json) -> Json:
    """The answer to a DELETE that has taken the object away."""
    details = {"name": item["metadata"]["name"], "kind": resource.plural, "uid": item["metadata"]["uid"]}
    if resource.group:
        details["group"] = resource.group
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
