"""The store: every object, every change in one order, and who wants to know.

One revision counter for the whole cluster, as etcd has it. An object is a JSON value that nobody changes after the
commit, so lists, watches and oracles share it without copies. Each resource has a table: its objects, the sorted keys,
the changes of the last minutes (from which watches resume and older snapshots are rebuilt), and indexes that are made
when a selector first asks for them. The store knows no Kubernetes rule; ``server.py`` decides what may be written.
"""

import asyncio
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import msgspec

from simulator.kube.server.refusals import no_space
from simulator.kube.server.selection import Extract, Pin, Selection, field_extractor, label_of

Json = dict[str, Any]
Key = tuple[str, str]
TableId = tuple[str, str]
ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]
Subscriber = Callable[[int, ChangeType, Json | None, Json | None], None]
Follower = Callable[[TableId, "Change"], None]

HISTORY_SECONDS = 300.0


class StoreClock(Protocol):
    """Only the time is needed, to forget old history."""

    def now(self) -> float:
        """Seconds since 1970."""
        ...


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One committed write. ``shown`` is what watches see: for a deletion the last state with the deletion's revision."""

    revision: int
    type: ChangeType
    old: Json | None
    new: Json | None
    shown: Json
    key: Key
    at: float


class Watcher(Protocol):
    """Somebody who gets the changes of one table that concern ``selection``."""

    selection: Selection

    def offer(self, change: Change) -> None:
        """Take note of a change; must not wait and must not write."""
        ...


def at_revision(item: Json, revision: int) -> Json:
    """``item`` under another resourceVersion; everything below metadata is shared."""
    return {**item, "metadata": {**item["metadata"], "resourceVersion": str(revision)}}


def key_of(item: Json) -> Key:
    """Namespace (empty for cluster-scoped kinds) and name."""
    metadata = item["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


@dataclass(slots=True)
class _Index:
    """Keys by the value of one field or label."""

    extract: Callable[[Json], str | None]
    buckets: dict[str, dict[Key, None]] = field(default_factory=dict)
    watchers: dict[str, dict[int, Watcher]] = field(default_factory=dict)

    def put(self, key: Key, old: Json | None, new: Json | None) -> tuple[str | None, str | None]:
        """Take a change in; gives the values before and after."""
        before = self.extract(old) if old is not None else None
        after = self.extract(new) if new is not None else None
        if before == after:
            return before, after
        if before is not None:
            bucket = self.buckets[before]
            del bucket[key]
            if not bucket:
                del self.buckets[before]
        if after is not None:
            self.buckets.setdefault(after, {})[key] = None
        return before, after


class Table:
    """The objects of one resource."""

    def __init__(self) -> None:
        self.objects: dict[Key, Json] = {}
        self.keys: list[Key] = []
        self.history: deque[Change] = deque()
        self.revision = 0  # of the last change
        self.forgotten = 0  # highest revision that the history no longer holds
        self.began = 0  # the revision from which on this resource is served: there is no watch from before
        self._indexes: dict[tuple[str, str], _Index] = {}
        self._watchers: dict[int, Watcher] = {}
        self._next_watcher = 0

    def select(self, selection: Selection) -> list[Json]:
        """The matching objects as they are now, in the order of their keys."""
        objects = self.objects
        return [item for item in map(objects.__getitem__, self.candidates(selection)) if selection.matches(item)]

    def candidates(self, selection: Selection) -> list[Key]:
        """The keys among which all matches are, sorted: by an index, or those of the namespace."""
        if selection.pin is not None:
            return sorted(self._index(selection.pin).buckets.get(selection.pin.value, ()))
        if not selection.namespace:
            return self.keys
        start = bisect_left(self.keys, (selection.namespace, ""))
        end = bisect_left(self.keys, (selection.namespace + "\0", ""))
        return self.keys[start:end]

    def last_key(self, namespace: str) -> Key:
        """The last key of a namespace, or of all."""
        end = bisect_left(self.keys, (namespace + "\0", "")) if namespace else len(self.keys)
        return self.keys[end - 1] if end else ("", "")

    def _index(self, pin: Pin) -> _Index:
        name = (pin.kind, pin.key)
        index = self._indexes.get(name)
        if index is None:
            key = pin.key
            extract: Extract | Callable[[Json], str | None]
            plain = pin.extract or field_extractor(key)
            extract = plain if pin.kind == "field" else lambda item: label_of(item, key)
            index = self._indexes[name] = _Index(extract=extract)
            for at, item in self.objects.items():
                index.put(at, None, item)
        return index

    def snapshot(self, revision: int) -> dict[Key, Json]:
        """All objects as they were at ``revision``, which must not be older than the history."""
        objects = dict(self.objects)
        for change in reversed(self.history):
            if change.revision <= revision:
                break
            if change.old is None:
                del objects[change.key]
            else:
                objects[change.key] = change.old
        return objects

    def since(self, revision: int) -> Iterator[Change]:
        """The changes after ``revision``, oldest first."""
        newer: list[Change] = []
        for change in reversed(self.history):
            if change.revision <= revision:
                break
            newer.append(change)
        return reversed(newer)

    def join(self, watcher: Watcher) -> int:
        """From now on offer every change to ``watcher`` that may concern it; gives the ticket for ``leave``."""
        ticket = self._next_watcher
        self._next_watcher += 1
        pin = watcher.selection.pin
        if pin is None:
            self._watchers[ticket] = watcher
        else:
            self._index(pin).watchers.setdefault(pin.value, {})[ticket] = watcher
        return ticket

    def leave(self, watcher: Watcher, ticket: int) -> None:
        """Stop offering; leaving twice is harmless."""
        pin = watcher.selection.pin
        if pin is None:
            self._watchers.pop(ticket, None)
            return
        group = self._index(pin).watchers.get(pin.value)
        if group is not None:
            group.pop(ticket, None)
            if not group:
                del self._index(pin).watchers[pin.value]

    def apply(self, change: Change) -> None:
        """Take one change in and tell the watchers, those without a pin first, in the order in which they joined."""
        key, old, new = change.key, change.old, change.new
        if new is None:
            del self.objects[key]
            del self.keys[bisect_left(self.keys, key)]
        else:
            if old is None:
                insort(self.keys, key)
            self.objects[key] = new
        self.history.append(change)
        self.revision = change.revision
        for watcher in list(self._watchers.values()):
            watcher.offer(change)
        for index in self._indexes.values():
            before, after = index.put(key, old, new)
            if index.watchers:
                self._offer_pinned(index, change, before, after)

    def _offer_pinned(self, index: _Index, change: Change, before: str | None, after: str | None) -> None:
        for value in (before,) if before == after else (before, after):
            if value is not None:
                for watcher in list(index.watchers.get(value, {}).values()):
                    watcher.offer(change)

    def fill(self, items: list[Json], revision: int) -> None:
        """Hold these objects and no history, as at ``revision``."""
        self.objects = {key_of(item): item for item in items}
        self.keys = sorted(self.objects)
        self.history.clear()
        self._indexes.clear()
        self.revision = self.forgotten = revision

    def forget(self, before: float) -> None:
        """Drop the changes older than the time ``before``."""
        history = self.history
        while history and history[0].at < before:
            self.forgotten = history.popleft().revision


class Store:
    """All tables, and the one counter."""

    def __init__(self, clock: StoreClock, *, history_seconds: float = HISTORY_SECONDS) -> None:
        self._clock = clock
        self._history_seconds = history_seconds
        self._tables: dict[TableId, Table] = {}
        self._subscribers: list[Subscriber] = []
        self._followers: list[Follower] = []
        self._awaited: list[tuple[int, asyncio.Future[None]]] = []
        self.revision = 0
        self.compacted = 0  # no snapshot is older
        self.full = False  # there is no space left: nothing is taken any more but deletions

    def table(self, table_id: TableId) -> Table:
        """The table of one (group, plural)."""
        table = self._tables.get(table_id)
        if table is None:
            table = self._tables[table_id] = Table()
        return table

    def tables(self) -> list[Table]:
        """Every table that anybody has asked for."""
        return list(self._tables.values())

    def named_tables(self) -> list[tuple[TableId, Table]]:
        """As ``tables``, each with its name."""
        return list(self._tables.items())

    def subscribe(self, subscriber: Subscriber) -> None:
        """Call ``subscriber(revision, type, old, new)`` at each commit, before anybody else can act on it."""
        self._subscribers.append(subscriber)

    def follow(self, follower: Follower) -> None:
        """Call ``follower(table_id, change)`` at each commit, after the watchers of this store."""
        self._followers.append(follower)

    def reaching(self, revision: int, patience_seconds: float) -> asyncio.Future[None]:
        """Done when the store has got to ``revision``, or when patience is over: look which it was."""
        loop = asyncio.get_running_loop()
        reached: asyncio.Future[None] = loop.create_future()
        self._awaited.append((revision, reached))
        timer = loop.call_later(patience_seconds, _done, reached)

        def forget(_: asyncio.Future[None]) -> None:
            timer.cancel()
            self._awaited = [entry for entry in self._awaited if entry[1] is not reached]

        reached.add_done_callback(forget)
        self._tell_waiting()
        return reached

    def _tell_waiting(self) -> None:
        for revision, reached in self._awaited:
            if revision <= self.revision:
                _done(reached)

    def put(self, table_id: TableId, old: Json | None, new: Json) -> Json:
        """Commit ``new`` in the place of ``old``; stamps the revision into it and keeps it: the caller lets go of it.

        Raises:
            Refusal: 500, the store is full.
        """
        if self.full:
            raise no_space()
        self.revision += 1
        new["metadata"]["resourceVersion"] = str(self.revision)
        self._commit(table_id, "ADDED" if old is None else "MODIFIED", old, new, new)
        return new

    def remove(self, table_id: TableId, old: Json) -> Json:
        """Commit the deletion of ``old``; gives the last state under the revision of the deletion."""
        self.revision += 1
        shown = at_revision(old, self.revision)
        self._commit(table_id, "DELETED", old, None, shown)
        return shown

    def _commit(self, table_id: TableId, kind: ChangeType, old: Json | None, new: Json | None, shown: Json) -> None:
        now = self._clock.now()
        table = self.table(table_id)
        if table.history and table.history[0].at < now - self._history_seconds:
            table.forget(now - self._history_seconds)
        change = Change(revision=self.revision, type=kind, old=old, new=new, shown=shown, key=key_of(shown), at=now)
        for subscriber in self._subscribers:
            subscriber(self.revision, kind, old, new)
        table.apply(change)
        for follower in self._followers:
            follower(table_id, change)
        if self._awaited:
            self._tell_waiting()

    def compact(self) -> None:
        """Forget all history, as a compaction does: whoever resumes from an older revision must list again."""
        self.compacted = self.revision
        for table in self._tables.values():
            if table.history:
                table.forgotten = table.history[-1].revision
                table.history.clear()

    def image(self) -> Json:
        """Everything that is stored now, as one JSON value; its parts are the store's own."""
        tables = [
            {"group": group, "plural": plural, "objects": [table.objects[key] for key in table.keys]}
            for (group, plural), table in sorted(self._tables.items())
            if table.keys
        ]
        return {"revision": self.revision, "tables": tables}

    def restore(self, image: Json) -> None:
        """Hold what an ``image`` has, and nothing else. For a store that nobody watches yet: no change is told of."""
        self.revision = self.compacted = int(image["revision"])
        for table_id in self._tables:
            self._tables[table_id].fill([], self.revision)
        for table in image["tables"]:
            self.table((table["group"], table["plural"])).fill(table["objects"], self.revision)


def _done(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
