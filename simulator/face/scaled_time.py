"""Time that passes by itself, as fast as one wants: an asyncio loop and a clock for a cluster that real programs talk to.

A cluster on virtual time jumps from event to event; one that kubectl speaks to cannot, as nobody knows when kubectl will
speak next. Here the loop's seconds are real seconds times a speed, and sockets work as in any loop. Everything shares
that one time: watches end, leases run out and kubelets report at the pace that the speed says, without threads.

Whatever a library asks of the loop is scaled as well: a timeout that guards a real thing (a TLS handshake) has to be
multiplied by ``speed``.
"""

import asyncio
import selectors
from collections.abc import Generator
from contextlib import AbstractAsyncContextManager
from typing import Any


class _Selector(selectors.DefaultSelector):
    """Waits for sockets in real seconds, for a loop that counts its own."""

    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """As any selector; ``timeout`` in seconds of the loop."""
        found: list[tuple[selectors.SelectorKey, int]] = super().select(
            timeout / self._speed if timeout is not None and timeout > 0 else timeout
        )
        return found


class ScaledLoop(asyncio.SelectorEventLoop):
    """See the module. Its time starts at zero.

    Args:
        speed: seconds of the loop in one real second; above zero.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._began = 0.0
        super().__init__(_Selector(speed))
        self._began = super().time()
        if speed <= 0:
            self.close()
            raise ValueError(f"speed is {speed:g}: it must be above 0")

    def time(self) -> float:
        """Seconds since the loop was made, times the speed."""
        return (super().time() - self._began) * self.speed


class Nap:
    """A wait of one task that others end."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._over: asyncio.Future[None] = loop.create_future()
        self._timer: asyncio.TimerHandle | None = None

    def __await__(self) -> Generator[Any, None, None]:
        """Wait."""
        try:
            yield from self._over
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def wake(self) -> None:
        """End it now, if it has not ended."""
        if not self._over.done():
            self._over.set_result(None)

    def wake_in(self, seconds: float) -> None:
        """End it after so many seconds, if nobody has said so before."""
        if self._timer is None and not self._over.done():
            self._timer = self._loop.call_later(seconds, self.wake)


class LoopClock:
    """The clock of every machine of a cluster that runs on a ``ScaledLoop``; it has the shape of ``VirtualClock``.

    Args:
        loop: whose time it is.
        wall_start: wall time of the loop's time zero, in seconds since 1970 UTC.
        boot_offset_seconds: how long the machine had been up at the loop's time zero.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, *, wall_start: float, boot_offset_seconds: float = 0.0) -> None:
        self._loop = loop
        self._wall_start = wall_start
        self._boot_offset_seconds = boot_offset_seconds

    def now(self) -> float:
        """Wall time in seconds since 1970 UTC."""
        return self._wall_start + self._loop.time()

    def monotonic(self) -> float:
        """Seconds since the machine booted."""
        return self._boot_offset_seconds + self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """Wait; zero gives other tasks a turn."""
        await asyncio.sleep(seconds)  # noqa: TID251  an implementation of the Clock port

    def nap(self) -> Nap:
        """To be awaited by one who does not know yet for how long; who knows tells the nap."""
        return Nap(self._loop)

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[object]:
        """Cancel the block after ``seconds`` and raise ``TimeoutError``; ``None`` never does."""
        return asyncio.timeout(seconds)  # noqa: TID251  as above
