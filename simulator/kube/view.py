"""A cached collection: list once, watch from there, tell handlers what changed; list again when the history is lost.

Two things make it safe for level-triggered controllers. ``observe`` takes the answer of the controller's own write at
once, so that it never acts twice on a view that lags behind itself. ``deleting`` remembers what it has asked to be
deleted until the watch confirms it. Objects are shared with the server's store: read only.
"""

from collections.abc import Callable, Iterable, Mapping

from simulator.kube.api import Json
from simulator.kube.client import API_FAILURES, Client
from simulator.kube.ports import Choices, Clock, Span, draw

Handler = Callable[[Json | None, Json | None], None]
"""``handler(before, after)``: before is None for a new object, after is None for one that is gone."""

RETRY: Span = (0.5, 1.5)


def key_of(item: Json) -> str:
    """``namespace/name``; ``/name`` for cluster-scoped objects."""
    meta = item["metadata"]
    return f"{meta.get('namespace', '')}/{meta['name']}"


def uid_of(item: Json) -> str:
    """The object's uid."""
    return str(item["metadata"]["uid"])


def controller_of(item: Json) -> Json | None:
    """The reference to the owner that controls it."""
    for owner in item["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            return owner  # type: ignore[no-any-return]
    return None


def controller_uid(item: Json) -> str:
    """The uid of the owner that controls it; empty when nobody does."""
    owner = controller_of(item)
    return str(owner["uid"]) if owner is not None else ""


def owner_key(item: Json | None, kind: str) -> str:
    """``namespace/name`` of the controller of this kind that owns ``item``; empty when another one does, or nobody."""
    meta = item["metadata"] if item is not None else {}
    for owner in meta.get("ownerReferences") or ():
        if owner.get("controller") and owner["kind"] == kind:
            return f"{meta.get('namespace', '')}/{owner['name']}"
    return ""


def _revision(item: Json) -> int:
    return int(item["metadata"].get("resourceVersion") or 0)


class View:
    """One collection, by ``namespace/name``, with an index if one is asked for."""

    def __init__(
        self,
        client: Client,
        resource: str,
        clock: Clock,
        tape: Choices,
        *,
        fields: str = "",
        indexes: Mapping[str, Callable[[Json], str]] | None = None,
    ) -> None:
        self._client = client
        self._resource = resource
        self._clock = clock
        self._tape = tape
        self._query = {"fieldSelector": fields} if fields else {}
        self._indexes = indexes or {}
        self._handlers: list[Handler] = []
        self._owners: dict[str, list[Callable[[str], None]]] = {}
        self._indexed: dict[str, dict[str, dict[str, Json]]] = {index: {} for index in self._indexes}
        self._values: dict[str, dict[str, str]] = {index: {} for index in self._indexes}  # by key of the object
        self._revision = ""
        self.objects: dict[str, Json] = {}
        self.deleting: dict[str, None] = {}
        self.synced = False

    def subscribe(self, handler: Handler) -> None:
        """Tell ``handler`` every change from now on."""
        self._handlers.append(handler)

    def subscribe_owner(self, kind: str, handler: Callable[[str], None]) -> None:
        """Tell ``handler`` of each change from now on to whom of this kind the object belongs: ``namespace/name``."""
        self._owners.setdefault(kind, []).append(handler)

    def get(self, namespace: str, name: str) -> Json | None:
        """One object, as last seen."""
        return self.objects.get(f"{namespace}/{name}")

    def indexed(self, index: str, value: str) -> list[Json]:
        """The objects for which the index has this value, in order of arrival."""
        return list(self._indexed[index].get(value, {}).values())

    def values(self, index: str) -> list[str]:
        """The values that the index has for any object."""
        return list(self._indexed[index])

    def count(self, index: str, value: str) -> int:
        """How many those are."""
        return len(self._indexed[index].get(value, ()))

    def active(self, items: Iterable[Json]) -> list[Json]:
        """Those that nobody has asked to be deleted."""
        staying = [item for item in items if not item["metadata"].get("deletionTimestamp")]
        return [item for item in staying if uid_of(item) not in self.deleting] if self.deleting else staying

    def observe(self, item: Json) -> None:
        """The answer of an own write: known from now on, though the watch has yet to tell it."""
        known = self.objects.get(key_of(item))
        if known is None or _revision(known) < _revision(item):
            self._put(item)

    def assume(self, before: Json, after: Json) -> None:
        """An own write whose answer does not carry the object: believe ``after`` until the watch tells."""
        key = key_of(before)
        if self.objects.get(key) is before:
            self._store(key, after)

    def expect_deletion(self, item: Json) -> None:
        """Its deletion was asked for and answered."""
        self.deleting[uid_of(item)] = None

    async def run(self) -> None:
        """Follow the collection for ever."""
        while True:
            try:
                if not self._revision:
                    await self._list()
                await self._follow()
            except API_FAILURES:
                await self._clock.sleep(draw(self._tape, f"{self._client.user}/view-retry", RETRY))

    async def _list(self) -> None:
        items, revision = await self._client.list(self._resource, self._query)
        listed = {key_of(item): item for item in items}
        for key in [key for key in self.objects if key not in listed]:
            self._drop(key)
        for item in items:
            self._put(item, listed=True)
        self._revision = revision
        self.synced = True

    async def _follow(self) -> None:
        query = {**self._query, "resourceVersion": self._revision}
        async for event in self._client.watch(self._resource, query):
            item = event["object"]
            if event["type"] == "ERROR":
                self._revision = ""
            if not self._revision:
                continue  # the server ends the stream now; then everything is listed again
            self._revision = item["metadata"]["resourceVersion"]
            if event["type"] == "DELETED":
                self._removed(item)
            elif event["type"] != "BOOKMARK":
                self._put(item)
        await self._clock.sleep(draw(self._tape, f"{self._client.user}/view-again", (0.0, 0.05)))

    def _removed(self, item: Json) -> None:
        key = key_of(item)
        self.deleting.pop(uid_of(item), None)
        known = self.objects.get(key)
        if known is not None and (uid_of(known) == uid_of(item) or _revision(known) < _revision(item)):
            self._drop(key)

    def _put(self, item: Json, *, listed: bool = False) -> None:
        key = key_of(item)
        before = self.objects.get(key)
        if before is not None:
            known, told = before["metadata"], item["metadata"]
            if known.get("resourceVersion") == told.get("resourceVersion"):
                return  # an own write was observed first
            if not listed and _revision(before) > _revision(item):
                return  # likewise; a list is the truth, even where the store went back in time
            if known["uid"] != told["uid"]:
                self._drop(key)
                before = None
        self._store(key, item)
        self._tell(before, item)

    def _store(self, key: str, item: Json) -> None:
        self.objects[key] = item
        for index, value_of in self._indexes.items():
            self._unindex(index, key)
            value = self._values[index][key] = value_of(item)
            self._indexed[index].setdefault(value, {})[key] = item

    def _drop(self, key: str) -> None:
        before = self.objects.pop(key)
        for index in self._indexes:
            self._unindex(index, key)
        self._tell(before, None)

    def _unindex(self, index: str, key: str) -> None:
        value = self._values[index].pop(key, None)
        if value is None:
            return
        bucket = self._indexed[index][value]
        del bucket[key]
        if not bucket:
            del self._indexed[index][value]

    def _tell(self, before: Json | None, after: Json | None) -> None:
        for handler in self._handlers:
            handler(before, after)
        if self._owners and (item := after or before) is not None:
            owner = controller_of(item)
            kind = owner["kind"] if owner is not None else ""
            for told in self._owners.get(kind, ()):
                told(owner_key(item, kind))
