"""What the server lets go of by itself: Events, an hour after they were last written.

A cluster writes Events all the time and nobody deletes them. The real server gives each a lease in its store; when
that ends, the Event is deleted, and who watches is told so. This is the same for every resource that has a
``lasts_seconds``; resources without one cost nothing.
"""

import asyncio

from simulator.kube.server.selection import Selection
from simulator.kube.server.store import Change, Key, Store, TableId


class Expiry:
    """Deletes the objects of one table when they have not been written for ``lasts_seconds``."""

    def __init__(self, store: Store, table_id: TableId, lasts_seconds: float) -> None:
        self.selection = Selection()
        self._store = store
        self._table_id = table_id
        self._lasts_seconds = lasts_seconds
        self._ends: dict[Key, float] = {}  # the loop's time; in order, as all last equally long
        self._timer: asyncio.TimerHandle | None = None
        store.table(table_id).join(self)

    def offer(self, change: Change) -> None:
        """An object was written or deleted; its time begins again or does not matter any more."""
        self._ends.pop(change.key, None)
        if change.new is not None:
            loop = asyncio.get_running_loop()
            self._ends[change.key] = loop.time() + self._lasts_seconds
            if self._timer is None:
                self._timer = loop.call_later(self._lasts_seconds, self._look)

    def begin_again(self) -> None:
        """The store holds other objects than before: the time of each begins now."""
        loop = asyncio.get_running_loop()
        objects = self._store.table(self._table_id).objects
        self._ends = dict.fromkeys(objects, loop.time() + self._lasts_seconds)
        if self._ends and self._timer is None:
            self._timer = loop.call_later(self._lasts_seconds, self._look)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        objects = self._store.table(self._table_id).objects
        while self._ends:
            key, ends = next(iter(self._ends.items()))
            if ends > loop.time():
                self._timer = loop.call_at(ends, self._look)
                return
            self._store.remove(self._table_id, objects[key])
