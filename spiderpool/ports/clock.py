"""Time as a port: services wait and look at the clock only through a ``Clock`` that is handed to them.

On a real machine it is the system's clock; in the simulator it is virtual time, so that a day passes in a second and
the same seed gives the same run. Nothing else in the product reads a clock.
"""

from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What time it is, and how to wait."""

    def now(self) -> float:
        """Wall time in seconds since 1970 UTC. It may jump; use it for what people read and the API stores."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start. It never goes back; use it for durations and expiry."""
        ...

    def boot_ns(self) -> int:
        """CLOCK_BOOTTIME in nanoseconds: the order of ADDs and DELs on one node, within one boot."""
        ...

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Wait; zero gives other tasks a turn."""
        ...

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[object]:
        """Cancel the block after ``seconds`` and raise ``TimeoutError``; ``None`` never does."""
        ...


def rfc3339(seconds: float) -> str:
    """Wall time as the Kubernetes API writes it: ``2026-11-23T11:04:37Z``."""
    return datetime.fromtimestamp(int(seconds), UTC).isoformat().removesuffix("+00:00") + "Z"


def from_rfc3339(text: str) -> float:
    """Seconds since 1970 of a Kubernetes time.

    Raises:
        ValueError: the text is not such a time.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time; write one such as 2026-11-23T11:04:37Z") from None
    if moment.tzinfo is None:
        raise ValueError(f"time {text!r} has no time zone; write one such as 2026-11-23T11:04:37Z")
    return moment.timestamp()
