"""A watch: the changes of one collection, in order, without gaps, from a revision on.

Events share the store's objects. An object that begins to match the selector arrives as ADDED, one that ceases to
match as DELETED. A client that stops reading is cut off when its buffer is full: it has to list again, as with the
real server.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

from simulator.kube.server.refusals import Refusal, expired
from simulator.kube.server.registry import Resource
from simulator.kube.server.selection import Selection
from simulator.kube.server.store import Change, Store, Table, at_revision

Json = dict[str, Any]

_NEVER = 1 << 64
INITIAL_EVENTS_END = "k8s.io/initial-events-end"


def error_event(refusal: Refusal) -> Json:
    """What a watch says before it ends."""
    return {"type": "ERROR", "object": refusal.status}


def bookmark(resource: Resource, revision: int, *, initial_end: bool = False) -> Json:
    """An event that carries nothing but the revision up to which the watch has told everything."""
    metadata: Json = {"resourceVersion": str(revision)}
    if initial_end:
        metadata["annotations"] = {INITIAL_EVENTS_END: "true"}
    return {
        "type": "BOOKMARK",
        "object": {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata},
    }


def nobody_waits() -> None:
    """What is queued is found when somebody looks."""


def _nobody_to_leave() -> None:
    """The server does not keep it."""


class Feed:
    """An answer that goes on: events stand in ``queue`` as they come, until it is ``closed``. For one reader, who hears
    of them by ``on_news`` or waits for ``events``.
    """

    def __init__(self, leave: Callable[[], None] = _nobody_to_leave) -> None:
        self.queue: deque[Json] = deque()
        self.closed = False
        self.on_news: Callable[[], None] = nobody_waits
        self.leave = leave

    def refuse(self, refusal: Refusal) -> None:
        """The last event says why there are no others."""
        self.queue.append(error_event(refusal))
        self.close()

    def close(self) -> None:
        """End the stream; what is queued already is still read."""
        self.closed = True
        self.on_news()

    async def events(self) -> AsyncIterator[Json]:
        """The events, until the stream is closed."""
        queue = self.queue
        while True:
            while queue:
                yield queue.popleft()
            if self.closed:
                return
            news = asyncio.get_running_loop().create_future()
            self.on_news = partial(_set, news)
            await news


def _set(news: asyncio.Future[None]) -> None:
    if not news.done():
        news.set_result(None)


class Watch(Feed):
    """One open watch: takes changes from its table, hands events to one reader."""

    def __init__(self, resource: Resource, selection: Selection, *, bookmarks: bool, buffer: int) -> None:
        super().__init__()
        self.resource = resource
        self.selection = selection
        self.bookmarks = bookmarks
        self._plain = not (selection.namespace or selection.predicates)
        self._buffer = buffer
        self._after = 0
        self.show: Callable[[Json], Json] | None = None

    def start(self, store: Store, table: Table, *, after: int | None, initial_end: bool) -> None:
        """Queue what the watch begins with.

        Args:
            store: for the current revision.
            table: the table that is watched.
            after: tell what happened after this revision; ``None``: tell what is there now, as ADDED.
            initial_end: mark the end of what was there by an annotated bookmark.

        Raises:
            Refusal: 410, the history no longer reaches back to ``after``.
        """
        if after is None:
            self._after = store.revision
            for item in table.select(self.selection):
                self._tell({"type": "ADDED", "object": item})
            if initial_end:
                self._tell(bookmark(self.resource, store.revision, initial_end=True))
            self.on_news()
            return
        oldest = max(table.forgotten, table.began)
        if after < oldest:
            raise expired(f"too old resource version: {after} ({oldest})")
        self._after = after
        for change in table.since(after):
            self.offer(change)

    def pause(self) -> None:
        """Queue nothing until ``start``."""
        self._after = _NEVER

    def offer(self, change: Change) -> None:
        """Queue the event that ``change`` is for this watch, if any."""
        if change.revision <= self._after or self.closed:
            return
        event = {"type": change.type, "object": change.shown} if self._plain else self._seen(change)
        if event is None:
            return
        self.queue.append(event if self.show is None else self.show(event))
        if len(self.queue) > self._buffer:
            self.close()
        self.on_news()

    def _tell(self, event: Json) -> None:
        self.queue.append(event if self.show is None else self.show(event))

    def _seen(self, change: Change) -> Json | None:
        matches = self.selection.matches
        before = change.old is not None and matches(change.old)
        after = change.new is not None and matches(change.new)
        if after:
            return {"type": "MODIFIED" if before else "ADDED", "object": change.shown}
        if not before:
            return None
        gone = change.shown if change.new is None else at_revision(change.old or {}, change.revision)
        return {"type": "DELETED", "object": gone}

    def mark(self, revision: int) -> None:
        """Queue a bookmark, if the client asked for them and has not seen more than ``revision``."""
        if self.bookmarks and not self.closed and self._after <= revision:
            self._tell(bookmark(self.resource, revision))
            self.on_news()
