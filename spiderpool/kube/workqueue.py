"""Keys to work on: each by one worker at a time, none lost, failures later and later.

A controller learns from many sides that something about a pool or a node may have changed. It puts the key into the
queue; a worker looks at the present state and does what is left to do. A key that is added many times before its turn
is worked once. One that is added while it is being worked is worked once more afterwards, because the worker may have
looked before the change.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from heapq import heappop, heappush
from typing import Generic, TypeVar

from spiderpool.kube.errors import KubeError
from spiderpool.ports.clock import Clock
from spiderpool.ports.entropy import Entropy, jitter

K = TypeVar("K", bound=Hashable)

_JITTER_SHARE = 0.5  # of the wait after a failure, on top


class WorkQueue(Generic[K]):
    """A queue of keys.

    A key is *waiting* (has a place in the line), *in work*, or *put off* (has a time at which it will be added), or
    several of these; ``len`` counts those that wait.
    """

    def __init__(
        self,
        clock: Clock,
        entropy: Entropy,
        *,
        base_seconds: float = 0.1,
        cap_seconds: float = 60.0,
        on_failure: Callable[[K, Exception, float], None] | None = None,
    ) -> None:
        """Make an empty queue.

        Args:
            clock: for waiting.
            entropy: for the jitter, so that what failed together does not come back together.
            base_seconds: the wait after the first failure of a key; it doubles with each further one.
            cap_seconds: the longest wait, before jitter.
            on_failure: told (key, error, seconds until the next try). Without it, failures that are no ``KubeError``
                go to the loop's exception handler: they are defects.
        """
        self._clock = clock
        self._entropy = entropy
        self._base_seconds = base_seconds
        self._cap_seconds = cap_seconds
        self._on_failure = on_failure
        self._line: asyncio.Queue[K] = asyncio.Queue()
        self._waiting: set[K] = set()
        self._in_work: set[K] = set()
        self._failures: dict[K, int] = {}
        self._due: dict[K, float] = {}
        self._timetable: list[tuple[float, int, K]] = []
        self._entries = 0
        self._timetable_changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, key: K) -> None:
        """Have a key worked as soon as a worker is free."""
        if key in self._waiting:
            return
        self._waiting.add(key)
        if key not in self._in_work:
            self._line.put_nowait(key)

    def add_after(self, key: K, seconds: float) -> None:
        """Add a key later; of several times that are set for one key the earliest counts."""
        due = self._clock.monotonic() + max(0.0, seconds)
        if due >= self._due.get(key, float("inf")):
            return
        self._due[key] = due
        self._entries += 1
        heappush(self._timetable, (due, self._entries, key))
        if self._timetable[0][1] == self._entries:  # otherwise who waits for the first of them need not look again
            self._timetable_changed.set()

    async def run(self, workers: int, handle: Callable[[K], Awaitable[None]]) -> None:
        """Work until cancelled.

        Args:
            workers: how many keys may be in work at once.
            handle: does the work for one key. What it raises is a failure: the key is added again after a wait. When it
                returns, the failures of the key are forgotten.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_timetable())
            for _ in range(workers):
                group.create_task(self._work(handle))

    async def _work(self, handle: Callable[[K], Awaitable[None]]) -> None:
        while True:
            key = await self._line.get()
            self._waiting.remove(key)
            self._in_work.add(key)
            try:
                await handle(key)
            except Exception as error:  # noqa: BLE001  one key's failure is no reason to stop the others
                self._put_off(key, error)
            else:
                self._failures.pop(key, None)
            finally:
                self._in_work.remove(key)
                if key in self._waiting:
                    self._line.put_nowait(key)

    def _put_off(self, key: K, error: Exception) -> None:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        wait = min(self._cap_seconds, self._base_seconds * 2.0 ** min(failures - 1, 62))
        seconds = jitter(self._entropy, wait, _JITTER_SHARE)
        self.add_after(key, seconds)
        if self._on_failure is not None:
            self._on_failure(key, error, seconds)
        elif not isinstance(error, KubeError):
            asyncio.get_running_loop().call_exception_handler(
                {"message": f"work on {key!r} failed, next try in {seconds:.1f} s", "exception": error}
            )

    async def _keep_timetable(self) -> None:
        """Add what is due, and wait for the next."""
        while True:
            self._timetable_changed.clear()
            wait = self._add_due()
            try:
                async with self._clock.timeout(wait):
                    await self._timetable_changed.wait()
            except TimeoutError:
                continue

    def _add_due(self) -> float | None:
        """Add every key whose time has come; return the seconds until the next, or None."""
        while self._timetable:
            due, _, key = self._timetable[0]
            if self._due.get(key) != due:  # an earlier time was set since, and has passed
                heappop(self._timetable)
                continue
            wait = due - self._clock.monotonic()
            if wait > 0:
                return wait
            heappop(self._timetable)
            del self._due[key]
            self.add(key)
        return None
