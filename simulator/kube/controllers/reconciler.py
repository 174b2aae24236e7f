"""A control loop: keys come in from any number of events, each is settled one at a time, failures come again later.

Level-triggered: a key says *look at this object*, never what happened to it. A key that is named while it waits is
settled once; one that is named while it is being settled is settled again.
"""

import asyncio
import heapq
from collections.abc import Awaitable, Callable

from simulator.kube.api import Json
from simulator.kube.client import API_FAILURES
from simulator.kube.ports import SHORTEST_SECONDS, Choices, Clock, Span, Trace, draw
from simulator.kube.view import View, key_of

RETRY: Span = (0.5, 1.5)


class Reconciler:
    """Settles keys with ``reconcile``, one after the other."""

    def __init__(
        self,
        name: str,
        reconcile: Callable[[str], Awaitable[None]],
        *,
        clock: Clock,
        tape: Choices,
        trace: Trace,
        delay: Span = (0.005, 0.03),
    ) -> None:
        self.name = name
        self._reconcile = reconcile
        self._clock = clock
        self._tape = tape
        self._trace = trace
        self._delay = delay
        self._waiting: dict[str, None] = {}
        self._timers: list[tuple[float, int, str]] = []
        self._count = 0
        self._wake = asyncio.Event()

    def follow(self, view: View, *, gone: bool = False) -> None:
        """Settle each object of a view when it is new or has changed, and if asked to when it is ``gone``."""

        def changed(before: Json | None, after: Json | None) -> None:
            item = after or before if gone else after
            if item is not None:
                self.add(key_of(item))

        view.subscribe(changed)

    def follow_owned(self, view: View, kind: str) -> None:
        """Settle the owner, of this kind, of each object of a view that is new, has changed, or is gone."""
        view.subscribe_owner(kind, self.add)

    def add(self, key: str) -> None:
        """Settle this key soon."""
        self._waiting[key] = None
        self._wake.set()

    def add_after(self, key: str, seconds: float) -> None:
        """Settle this key in ``seconds``."""
        self._count += 1
        heapq.heappush(self._timers, (self._clock.monotonic() + seconds, self._count, key))
        self._wake.set()

    async def run(self) -> None:
        """Work for ever."""
        while True:
            key = await self._next()
            await self._clock.sleep(draw(self._tape, f"{self.name}/delay", self._delay))
            self._waiting.pop(key, None)
            try:
                await self._reconcile(key)
            except API_FAILURES as error:
                self._trace.event(self.name, "retry", key=key, why=str(error))
                self.add_after(key, draw(self._tape, f"{self.name}/retry", RETRY))

    async def _next(self) -> str:
        while True:
            now = self._clock.monotonic()
            while self._timers and self._timers[0][0] <= now:
                self._waiting[heapq.heappop(self._timers)[2]] = None
            if self._waiting:
                return next(iter(self._waiting))
            self._wake.clear()
            if not self._timers:
                await self._wake.wait()
                continue
            left = max(self._timers[0][0] - now, SHORTEST_SECONDS)
            try:
                async with self._clock.timeout(left):
                    await self._wake.wait()
            except TimeoutError:
                continue
