"""The clocks of one simulated machine: they follow the loop's virtual time, each with an error of its own.

It has the shape of the product's Clock port (``now``, ``monotonic``, ``boot_ns``, ``sleep``, ``timeout``) without
knowing the product.
"""

import asyncio
from collections.abc import Awaitable

from simulator.kernel.loop import SimLoop
from simulator.kernel.waits import Deadline, Nap

# The resolution of timers; real ones are no finer. A wait that is not zero moves time: one smaller than a float can add
# to the loop's time would not, and who waits for the rest of a deadline would wait for ever at one instant.
TICK_SECONDS = 1e-6


class VirtualClock:
    """See the module.

    Args:
        loop: whose time it is.
        wall_start: wall time of the loop's time zero, in seconds since 1970 UTC.
        skew_seconds: how far this machine's wall clock is ahead of true time; it may be changed at any moment, as by
            an operator or by NTP.
        boot_offset_seconds: how long the machine had been up at the loop's time zero.
    """

    def __init__(
        self,
        loop: SimLoop,
        wall_start: float = 1_800_000_000.0,
        skew_seconds: float = 0.0,
        boot_offset_seconds: float = 0.0,
    ) -> None:
        self._loop = loop
        self._wall_start = wall_start
        self.skew_seconds = skew_seconds
        self._boot_offset_seconds = boot_offset_seconds
        self._boot_ns_last = -1

    def now(self) -> float:
        """This machine's idea of the wall time, in seconds since 1970 UTC."""
        return self._wall_start + self._loop.now + self.skew_seconds

    def monotonic(self) -> float:
        """Seconds since this machine booted."""
        return self._boot_offset_seconds + self._loop.now

    def boot_ns(self) -> int:
        """Nanoseconds since boot. Each call gives a later value: no two processes share the stamp of their start."""
        self._boot_ns_last = max(round(self.monotonic() * 1e9), self._boot_ns_last + 1)
        return self._boot_ns_last

    def boot_again(self) -> None:
        """The machine boots: its clocks of this boot start at zero."""
        self._boot_offset_seconds = -self._loop.now
        self._boot_ns_last = -1

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Wait in virtual time; zero gives other tasks a turn."""
        if seconds > 0:
            loop = self._loop
            when = loop.now + (seconds if seconds > TICK_SECONDS else TICK_SECONDS)  # noqa: FURB136  a call would cost more
            return Nap(loop, when)
        return asyncio.sleep(0)  # noqa: TID251  the simulated implementation of the Clock port

    def nap(self) -> Nap:
        """To be awaited by one who does not know yet for how long; who knows tells the nap."""
        return Nap(self._loop, None)

    def timeout(self, seconds: float | None) -> Deadline:
        """Cancel the block after ``seconds`` of virtual time and raise ``TimeoutError``; ``None`` never does."""
        if seconds is None:
            return Deadline(self._loop, None)
        return Deadline(self._loop, self._loop.now + (TICK_SECONDS if 0 < seconds < TICK_SECONDS else seconds))
