"""POST, PUT and PATCH: how a body becomes the next version of an object.

Every change of an existing object goes through ``change``: read the current version, make the next one from it, let
the kind complete and check it, ask the webhooks, and commit if nobody was faster. A change that changes nothing writes
nothing: no revision, no event. That is what lets "at rest nobody writes" be a test.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from simulator.kube.api_time import api_time
from simulator.kube.server import metadata as meta
from simulator.kube.server.field_errors import invalid_value, required
from simulator.kube.server.metadata_rules import check_immutable, check_metadata
from simulator.kube.server.patching.field_ownership import Writer, born, put_entries, updated
from simulator.kube.server.refusals import (
    Cause,
    Refusal,
    already_exists,
    bad_request,
    forbidden,
    invalid,
    name_not_generated,
    no_space,
    not_found,
)
from simulator.kube.server.registry import Resource
from simulator.kube.server.routes import Route
from simulator.kube.server.store import Store

Json = dict[str, Any]
Make = Callable[[Json], Json]
Grant = Callable[[Route, Json, Json | None], None]
"""Nothing, if the one who asks may give away what an object gives; else it raises a ``Refusal``."""

NAME_ATTEMPTS = 8
BODY_BYTES = 3 * 1024 * 1024
OBJECT_BYTES = 3 * 512 * 1024


class Reviewer(Protocol):
    """The admission webhooks."""

    def concerns(self, route: Route, operation: str) -> bool:
        """Whether any webhook wants to see this operation."""
        ...

    async def mutate(
        self, route: Route, operation: str, *, new: Json | None, old: Json | None, user: str, dry_run: bool
    ) -> Json | None:
        """The object as the mutating webhooks want it; raises ``Refusal`` where one denies."""
        ...

    async def validate(
        self, route: Route, operation: str, *, new: Json | None, old: Json | None, user: str, dry_run: bool
    ) -> None:
        """Ask those who only say yes or no; raises ``Refusal`` where one denies."""
        ...


class WallClock(Protocol):
    """The server's clock."""

    def now(self) -> float:
        """Seconds since 1970."""
        ...


class Versions(Protocol):
    """Objects of custom resources that are stored in one version and written in another."""

    async def seen(self, item: Json, resource: Resource) -> Json:
        """A stored object in the version of a resource."""
        ...

    async def kept(self, item: Json, resource: Resource) -> Json:
        """An object in the version of a resource as it is stored."""
        ...


def anybody_may(route: Route, item: Json, old: Json | None) -> None:
    """The ``Grant`` of a server that asks nobody."""


def own_copy(body: Any) -> Any:
    """A copy of a JSON value that nobody else holds.

    Raises:
        Refusal: as ``encoded``.
    """
    return msgspec.json.decode(encoded(body))


def encoded(body: Any) -> bytes:
    """A JSON value as it travels.

    Raises:
        Refusal: 400 not JSON; 413 larger than the server takes; 500 larger than its store takes.
    """
    try:
        data = msgspec.json.encode(body)
    except (TypeError, ValueError) as error:
        raise bad_request(f"the body is not JSON: {error}") from error
    if len(data) > OBJECT_BYTES:
        if len(data) > BODY_BYTES:
            message = f"Request entity too large: limit is {BODY_BYTES}"
            raise Refusal(413, "RequestEntityTooLarge", message)
        raise Refusal(500, "", "etcdserver: request is too large")
    return data


def partly_own(old: Json, names: Collection[str]) -> Json:
    """The next version of an object, to be worked on: with copies of its metadata and of the fields that will change.
    The others it shares with the version before; they are known by that to be the same.
    """
    return {name: own_copy(value) if name == "metadata" or name in names else value for name, value in old.items()}


def same(one: Json, other: Json) -> bool:
    """Whether two values are the same JSON; Python alone takes ``1`` and ``true`` for equal."""
    return one == other and msgspec.json.encode(one, order="sorted") == msgspec.json.encode(other, order="sorted")


class Writes:
    """Creating and changing objects of one store."""

    def __init__(
        self,
        store: Store,
        clock: WallClock,
        entropy: meta.Draws,
        reviewer: Reviewer,
        versions: Versions,
        *,
        grant: Grant = anybody_may,
    ) -> None:
        self.store = store
        self._versions = versions
        self._grant = grant
        self.clock = clock
        self.entropy = entropy
        self.reviewer = reviewer

    async def create(self, route: Route, body: Any, *, user: str, dry_run: bool, writer: Writer | None = None) -> Json:
        """Create one object.

        Args:
            route: where.
            body: the object; one that is applied has its entries already.
            user: who asks.
            dry_run: do everything but write.
            writer: who will own its fields; ``None``: nobody keeps account.

        Raises:
            Refusal: 400, 403 (the namespace is terminating), 404 (no such namespace), 409 AlreadyExists, 422.
        """
        resource = route.resource
        item = meta.require_object(own_copy(body), resource)
        meta.place(item, resource, route.namespace)
        if item["metadata"].get("resourceVersion"):
            raise Refusal(500, "", "resourceVersion should not be set on objects to be created")
        if resource.namespaced:
            self._check_namespace(route, item["metadata"].get("name", ""))
        generated = self._name(item, resource)
        applied = item["metadata"].get("managedFields") if writer is not None and writer.applies else None
        meta.begin(item, resource, now=self.clock.now(), uid=meta.new_uid(self.entropy))
        if resource.has_status:
            self._status_at_birth(item, resource)
        resource.complete(item, None)
        if resource.admit is not None:
            resource.admit(item, None, self._objects)
        concerned = self.reviewer.concerns(route, "CREATE")
        if applied is not None:
            item["metadata"]["managedFields"] = applied
        elif writer is not None:
            put_entries(item, born(item, body, resource, writer, api_time(self.clock.now())))
        if concerned:
            item = await self._mutated(route, "CREATE", item, None, user, dry_run=dry_run)
        if resource.forget is not None:
            resource.forget(item)
        if resource.grants:
            self._grant(route, item, None)
        self._check(item, None, resource)
        if concerned:
            await self.reviewer.validate(route, "CREATE", new=item, old=None, user=user, dry_run=dry_run)
        if resource.stored is not None:
            item = await self._versions.kept(item, resource)
        return self._commit_new(route, item, generated, dry_run=dry_run)

    def _objects(self, table_id: tuple[str, str]) -> Mapping[tuple[str, str], Json]:
        return self.store.table(table_id).objects

    def _commit_new(self, route: Route, item: Json, generated: str, *, dry_run: bool) -> Json:
        resource, metadata = route.resource, item["metadata"]
        objects = self.store.table(resource.table_id).objects
        if self.store.full and not dry_run:
            raise no_space()  # nobody looks whether the name is free
        for _ in range(NAME_ATTEMPTS):
            if (route.namespace, metadata["name"]) not in objects:
                return item if dry_run else self.store.put(resource.table_id, None, item)
            if not generated:
                break
            metadata["name"] = meta.generated_name(generated, self.entropy)
        refused = name_not_generated if metadata.get("generateName") else already_exists
        raise refused(resource.group, resource.plural, metadata["name"])

    def _name(self, item: Json, resource: Resource) -> str:
        metadata = item["metadata"]
        if metadata.get("name"):
            return ""
        base = str(metadata.get("generateName") or "")
        if not base:
            cause = required("metadata.name", "name or generateName is required")
            raise invalid(resource.group, resource.kind, "", [cause])
        metadata["name"] = meta.generated_name(base, self.entropy)
        return base

    def _check_namespace(self, route: Route, name: str) -> None:
        resource = route.resource
        namespace = self.store.table(("", "namespaces")).objects.get(("", route.namespace))
        if namespace is None:
            raise not_found("", "namespaces", route.namespace)
        if namespace["metadata"].get("deletionTimestamp"):
            why = f"unable to create new content in namespace {route.namespace} because it is being terminated"
            cause = Cause(
                field="metadata.namespace",
                message=f"namespace {route.namespace} is being terminated",
                reason="NamespaceTerminating",
            )
            raise forbidden(resource.group, resource.plural, name, why, [cause])

    def _status_at_birth(self, item: Json, resource: Resource) -> None:
        if resource.status_on_create is None:
            return
        item.pop("status", None)
        if resource.status_on_create or not resource.custom:
            item["status"] = own_copy(resource.status_on_create)

    def _check(self, item: Json, old: Json | None, resource: Resource, known: Sequence[Cause] = ()) -> None:
        causes = [*known, *check_metadata(item, old, resource), *resource.check(item, old)]
        if causes:
            raise invalid(resource.group, resource.kind, item["metadata"]["name"], causes)

    async def _mutated(
        self, route: Route, operation: str, item: Json, old: Json | None, user: str, *, dry_run: bool
    ) -> Json:
        """The object as the webhooks leave it, complete."""
        fresh = await self.reviewer.mutate(route, operation, new=item, old=old, user=user, dry_run=dry_run)
        if fresh is None or fresh is item:
            return item
        if old is not None:
            self._settle(fresh, old, route)
        route.resource.complete(fresh, old)
        return fresh

    async def change(self, route: Route, make: Make, *, user: str, dry_run: bool, writer: Writer | None = None) -> Json:
        """Change one object.

        Args:
            route: the object, and the subresource through which it is changed.
            make: from the current version to the next; the result belongs to the server. A ``resourceVersion`` in it
                must be the current one.
            user: who asks.
            dry_run: do everything but write.
            writer: who will own what changes; ``None``: nobody keeps account.

        Raises:
            Refusal: 404, 409 Conflict, 422 and what webhooks say.
        """
        resource = route.resource
        operation = "CREATE" if route.subresource == "binding" else "UPDATE"
        while True:
            old = kept = self._current(route)
            if resource.stored is not None or resource.reshaped:
                old = await self._versions.seen(kept, resource)
            item = meta.require_object(make(old), resource)
            meta.check_identity(item, old, resource)
            revision, concerned = item["metadata"].get("resourceVersion"), self.reviewer.concerns(route, operation)
            if not concerned:
                meta.check_revision(revision, old, resource)
            causes = check_immutable(item, old)
            given = item["metadata"].get("managedFields")
            self._settle(item, old, route)
            resource.complete(item, old)
            if resource.admit is not None:
                resource.admit(item, old, self._objects)
            if writer is not None:
                self._keep_account(item, old, given, resource, writer)
            if concerned:  # a mutating webhook is asked also about what is the next version of an older one
                item = await self._mutated(route, operation, item, old, user, dry_run=dry_run)
                meta.check_revision(revision, old, resource)
            if resource.grants:
                self._grant(route, item, old)
            if resource.forget is not None:
                resource.forget(item)
            unchanged = not causes and same(item, old)
            if unchanged and not concerned:
                return kept
            if resource.counts_generation and spec_changed(item, old, route):
                item["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
            if route.subresource != "binding":
                self._check(item, old, resource, causes)
            if concerned:
                await self.reviewer.validate(route, operation, new=item, old=old, user=user, dry_run=dry_run)
            if unchanged:
                item = kept
            elif resource.stored is not None:
                item = await self._versions.kept(item, resource)
            if (concerned or resource.stored is not None) and self._current(route) is not kept:
                continue
            if unchanged or (resource.stored is not None and same(item, kept)):
                return kept
            return item if dry_run else self._commit(route, kept, item)

    def _keep_account(self, item: Json, old: Json, given: Any, resource: Resource, writer: Writer) -> None:
        """Write down who owns which field now; who applies has done so."""
        if not writer.applies:
            now = api_time(self.clock.now())
            put_entries(item, updated(old, item, given, resource, writer, now))
        elif given:
            item["metadata"]["managedFields"] = given
        else:
            item["metadata"].pop("managedFields", None)

    def _current(self, route: Route) -> Json:
        resource = route.resource
        old = self.store.table(resource.table_id).objects.get((route.namespace, route.name))
        if old is None:
            raise not_found(resource.group, resource.plural, route.name)
        return old

    def _settle(self, item: Json, old: Json, route: Route) -> None:
        """Take from the old version what this way of writing cannot change."""
        resource = route.resource
        if route.subresource == "status":
            for name in [name for name in item if name not in ("metadata", "status")]:
                del item[name]
            for name, value in old.items():
                if name not in ("metadata", "status"):
                    item[name] = value
            if not resource.status_writes_metadata:
                item["metadata"] = dict(old["metadata"])
                return
            for name in resource.status_keeps:
                if name in old["metadata"]:
                    item["metadata"][name] = old["metadata"][name]
                else:
                    item["metadata"].pop(name, None)
        elif resource.has_status and route.subresource == "":
            item.pop("status", None)
            if "status" in old:
                item["status"] = old["status"]
        meta.carry_over(item, old)

    def _commit(self, route: Route, old: Json, item: Json) -> Json:
        metadata = item["metadata"]
        doomed = metadata.get("deletionTimestamp") and not metadata.get("deletionGracePeriodSeconds")
        if doomed and not metadata.get("finalizers") and old["metadata"].get("finalizers"):
            self.store.remove(route.resource.table_id, old)
            return item
        return self.store.put(route.resource.table_id, old, item)


def spec_changed(item: Json, old: Json, route: Route) -> bool:
    """Whether this write counts as a new generation."""
    return route.subresource not in ("status", "binding") and meta.spec_changed(item, old, route.resource)


def replacement(body: Any, resource: Resource, *, needs_revision: bool) -> Make:
    """A PUT: the body is the next version; ``needs_revision``: it must say of which one it is the next.

    Raises:
        Refusal: 422, it says no resourceVersion.
    """
    data = encoded(body)

    def make(old: Json) -> Json:
        fresh: Json = msgspec.json.decode(data)
        given = fresh.get("metadata") or {}
        if not isinstance(given, dict):
            return fresh  # which is refused for that
        other = given.get("uid") and given["uid"] != old["metadata"]["uid"]  # which is worse
        if needs_revision and not given.get("resourceVersion") and not other:
            cause = invalid_value("metadata.resourceVersion", 0, "must be specified for an update")
            raise invalid(resource.group, resource.plural, old["metadata"]["name"], [cause])
        return fresh

    return make
