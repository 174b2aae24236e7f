"""The real clock and the real randomness, for composition roots only (``__main__`` modules and command lines)."""

import asyncio
import secrets  # noqa: TID251  the production implementation of the Entropy port
import time
from contextlib import AbstractAsyncContextManager


class SystemClock:
    """The machine's clocks and asyncio's timers."""

    def now(self) -> float:
        """Wall time in seconds since 1970 UTC."""
        return time.time()  # noqa: TID251  the production implementation of the Clock port

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()  # noqa: TID251  as above

    def boot_ns(self) -> int:
        """CLOCK_BOOTTIME in nanoseconds."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    async def sleep(self, seconds: float) -> None:
        """Wait on the running loop."""
        await asyncio.sleep(seconds)  # noqa: TID251  as above

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[object]:
        """The timeout of asyncio."""
        return asyncio.timeout(seconds)  # noqa: TID251  as above


class SystemEntropy:
    """The operating system's random numbers."""

    def below(self, bound: int) -> int:
        """A number from 0 to ``bound - 1``."""
        return secrets.randbelow(bound)
