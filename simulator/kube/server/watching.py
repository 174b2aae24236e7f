"""The open watches of one server: how one begins, who reminds it where it stands, and when it ends.

A watch is served from what its server has at hand, and never has to be asked twice: it begins at once, or when the
server has caught up with what the client has seen, and ends by itself after the time that it asked for.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from simulator.kube.api import ApiRequest
from simulator.kube.server.forms import PLAIN, Shaper, form_of
from simulator.kube.server.list_options import check_watch, flag, number_of, revision_of
from simulator.kube.server.metadata import Draws
from simulator.kube.server.reads import FRESHNESS_WAIT_SECONDS, selection_of
from simulator.kube.server.refusals import Refusal, bad_request, version_too_large
from simulator.kube.server.registry import Resource
from simulator.kube.server.routes import Route
from simulator.kube.server.store import Store, TableId
from simulator.kube.server.versions import ConvertedQueue, Converts, ShownQueue
from simulator.kube.server.watch import Watch
from simulator.kube.server.writes import WallClock

Json = dict[str, Any]
Wait = asyncio.TimerHandle | asyncio.Future[None]

BOOKMARK_SECONDS = 60.0
LAST_BOOKMARK_SECONDS = 2.0
WATCH_SECONDS_MIN = 1800


class Watching:
    """Opens watches and keeps them until they are left."""

    def __init__(
        self, store: Store, etcd: Store, clock: WallClock, entropy: Draws, conversion: Converts, *, buffer: int
    ) -> None:
        """Nobody watches yet.

        Args:
            store: what is watched: what this server has at hand.
            etcd: how far everybody's writes have come.
            clock: for the ages that tables show.
            entropy: for the length of watches that name none.
            conversion: for watches of another version than the stored one.
            buffer: events that a watch may hold for a reader who does not read, before it is cut off.
        """
        self._store = store
        self._etcd = etcd
        self._clock = clock
        self._entropy = entropy
        self._conversion = conversion
        self._buffer = buffer
        self._watches: dict[int, Watch] = {}
        self._next_watch = 0
        self._bookmark_timer: asyncio.TimerHandle | None = None

    @property
    def count(self) -> int:
        """How many watches somebody has opened and not left."""
        return len(self._watches)

    def open(self, route: Route, request: ApiRequest) -> Watch:
        """Begin a watch.

        Raises:
            Refusal: 400, 406, 422, 500: what is asked for makes no sense.
        """
        query = request.query
        form = form_of(request.accept, query, listed=True)
        watch, after, seconds = self._asked(route, query)
        if route.resource.stored is not None:
            watch.queue = self._queue(watch, route.resource)
        timers = self._end_later(watch, seconds)
        self._keep(watch, timers)
        if form is not PLAIN:
            watch.show = self._showing(Shaper(form, route.resource, query, self._store))
        wanted = self._wanted(query)
        if wanted > self._store.revision:
            watch.pause()
            reached = self._store.reaching(wanted, FRESHNESS_WAIT_SECONDS)
            reached.add_done_callback(lambda _: self._start_late(watch, route, wanted))
            timers.append(reached)
        else:
            self._start(watch, route, query, after)
        return watch

    def _queue(self, watch: Watch, resource: Resource) -> deque[Json]:
        if resource.conversion is None:
            return ShownQueue(resource)
        return ConvertedQueue(resource, self._conversion, lambda: watch.on_news())  # noqa: PLW0108  who listens changes

    def _wanted(self, query: Mapping[str, str]) -> int:
        """How new what is there must be, for a watch that begins with it; one that names no revision wants the newest."""
        if not flag(query, "sendInitialEvents"):
            return 0
        revision = revision_of(query)
        return self._etcd.revision if revision is None else revision

    def _keep(self, watch: Watch, timers: list[Wait]) -> None:
        table = self._store.table(watch.resource.table_id)
        ticket = table.join(watch)
        number = self._next_watch
        self._next_watch += 1
        self._watches[number] = watch

        def leave() -> None:
            watch.closed = True
            for timer in timers:
                timer.cancel()
            table.leave(watch, ticket)
            del self._watches[number]

        watch.leave = leave

    def _showing(self, shaper: Shaper) -> Callable[[Json], Json]:
        first = True

        def show(event: Json) -> Json:
            nonlocal first
            shown = shaper.event(event, self._clock.now(), first=first)
            first = False
            return shown

        return show

    def _start(self, watch: Watch, route: Route, query: Mapping[str, str], after: int | None) -> None:
        initial_end = watch.bookmarks and flag(query, "sendInitialEvents")
        table = self._store.table(route.resource.table_id)
        try:
            watch.start(self._store, table, after=after, initial_end=initial_end)
        except Refusal as refusal:
            watch.refuse(refusal)

    def _start_late(self, watch: Watch, route: Route, wanted: int) -> None:
        """The client has seen a revision that this server did not have when the watch began."""
        if watch.closed:
            return
        if wanted > self._store.revision:
            watch.refuse(version_too_large(wanted, self._store.revision))
        else:
            self._start(watch, route, {"sendInitialEvents": "true"}, None)

    def _asked(self, route: Route, query: Mapping[str, str]) -> tuple[Watch, int | None, int]:
        """The watch, after which revision it tells, and how many seconds it lasts."""
        seconds = number_of(query, "timeoutSeconds")
        number_of(query, "limit")
        check_watch(query)
        if route.name and query.get("fieldSelector", "").startswith("metadata.name="):
            _check_name(route.name, query["fieldSelector"])
        selection = selection_of(route, query)
        revision = revision_of(query)
        watch = Watch(route.resource, selection, bookmarks=flag(query, "allowWatchBookmarks"), buffer=self._buffer)
        initial = query.get("sendInitialEvents")
        if initial is not None and not flag(query, "sendInitialEvents"):
            return watch, revision or self._store.revision, seconds
        return watch, None if initial is not None else revision or None, seconds

    def _end_later(self, watch: Watch, seconds: int) -> list[Wait]:
        loop = asyncio.get_running_loop()
        if watch.bookmarks and self._bookmark_timer is None:
            self._bookmark_timer = loop.call_later(BOOKMARK_SECONDS, self._send_bookmarks)
        lasts = seconds or WATCH_SECONDS_MIN + self._entropy.below(WATCH_SECONDS_MIN)
        timers: list[Wait] = [loop.call_later(lasts, watch.close)]
        if watch.bookmarks and lasts > LAST_BOOKMARK_SECONDS:
            timers.append(loop.call_later(lasts - LAST_BOOKMARK_SECONDS, self._mark_last, watch))
        return timers

    def _mark_last(self, watch: Watch) -> None:
        watch.mark(self._store.revision)

    def _send_bookmarks(self) -> None:
        wanted = [watch for watch in self._watches.values() if watch.bookmarks]
        self._bookmark_timer = None
        for watch in wanted:
            watch.mark(self._store.revision)
        if wanted:
            loop = asyncio.get_running_loop()
            self._bookmark_timer = loop.call_later(BOOKMARK_SECONDS, self._send_bookmarks)

    def end_of(self, table_id: TableId) -> None:
        """End the watches of one table."""
        for watch in self._watches.values():
            if watch.resource.table_id == table_id:
                watch.close()

    def end(self) -> None:
        """End every watch."""
        for watch in list(self._watches.values()):
            watch.close()


def _check_name(name: str, fields: str) -> None:
    if fields.split(",", maxsplit=1)[0] != f"metadata.name={name}":
        raise bad_request("fieldSelector metadata.name doesn't match requested name")
