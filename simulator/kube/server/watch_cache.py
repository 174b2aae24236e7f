"""What one of several API servers has at hand: a copy of the common store that follows it late.

A real API server answers watches, and reads that allow it, from a copy in its memory that it keeps by watching etcd.
With several servers each copy is behind by a delay of its own, so a client that goes from one server to another may see
the state go back in time. The copy takes every change in the order of the commits, none twice and none left out, each
when it is ``lag_seconds`` old; it is never ahead of the store, and two copies differ in nothing but how far they are.
"""

import asyncio
from collections import deque

from simulator.kube.server.store import HISTORY_SECONDS, Change, Store, StoreClock, TableId


class WatchCache(Store):
    """A store that only follows: nothing may be put into it."""

    def __init__(self, etcd: Store, clock: StoreClock) -> None:
        """A copy of ``etcd`` as it is now, that will follow without delay."""
        super().__init__(clock)
        self.etcd = etcd
        self._lag_seconds = 0.0
        self._late: deque[tuple[float, TableId, Change]] = deque()  # each with the loop's time of its commit
        self._timer: asyncio.TimerHandle | None = None
        self.refill()
        etcd.follow(self._hear)

    @property
    def lag_seconds(self) -> float:
        """How old a change is when the copy takes it."""
        return self._lag_seconds

    def set_lag(self, seconds: float) -> None:
        """Follow at this distance from now on; what is older than that is taken at once. ``math.inf``: stand still."""
        self._lag_seconds = seconds
        self._take_what_is_due(asyncio.get_running_loop().time())

    def refill(self) -> None:
        """Begin again as a server does that starts: with what the store holds now, and with no history.

        Who watches the copy is told nothing of the difference: end the watches before.
        """
        self._late.clear()
        self._stop_timer()
        self.revision = self.compacted = self.etcd.revision
        for table_id, source in self.etcd.named_tables():
            self.table(table_id).fill([source.objects[key] for key in source.keys], self.revision)
        self._tell_waiting()

    def _hear(self, table_id: TableId, change: Change) -> None:
        if not (self._lag_seconds or self._late):
            self._take(table_id, change)
            return
        self._late.append((asyncio.get_running_loop().time(), table_id, change))
        if self._timer is None:
            self._wait_for_the_next()

    def _take_what_is_due(self, now: float) -> None:
        while self._late and self._late[0][0] + self._lag_seconds <= now:
            _, table_id, change = self._late.popleft()
            self._take(table_id, change)
        self._wait_for_the_next()

    def _wait_for_the_next(self) -> None:
        self._stop_timer()
        if self._late and (due := self._late[0][0] + self._lag_seconds) != float("inf"):
            self._timer = asyncio.get_running_loop().call_at(due, self._take_what_is_due, due)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _take(self, table_id: TableId, change: Change) -> None:
        self.revision = change.revision
        table = self.table(table_id)
        table.forget(change.at - HISTORY_SECONDS)
        table.apply(change)
        self._tell_waiting()
