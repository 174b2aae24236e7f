"""What the actors of the simulated cluster ask of the world: a clock, choices, a trace, a disk.

The kernel of the simulator implements all four; a test may hand in less. Nothing in this folder looks at a clock or
draws a number in any other way, so that one seed gives one run.
"""

from collections.abc import Awaitable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

Value = str | int | float | bool | None | Sequence[str]
"""What a field of a trace event may hold."""

Span = tuple[float, float]
"""Seconds, from and to: a duration that the tape picks."""

SHORTEST_SECONDS = 0.001
"""Whoever waits for a moment waits at least so long: a rounding error may be too small to move a clock at all."""


class Clock(Protocol):
    """What time it is, and how to wait."""

    def now(self) -> float:
        """Wall time in seconds since 1970 UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Wait."""
        ...

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[object]:
        """Cancel the block after ``seconds`` and raise ``TimeoutError``; ``None`` never does."""
        ...


class Choices(Protocol):
    """Where everything random comes from; each draw has a label that says what it is for."""

    def uniform(self, label: str, low: float, high: float) -> float:
        """A number between ``low`` and ``high``."""
        ...

    def choose(self, label: str, bound: int) -> int:
        """A whole number from 0 to ``bound - 1``."""
        ...


class Trace(Protocol):
    """One line for each thing that happens."""

    def event(self, actor: str, what: str, **fields: Value) -> None:
        """Note that ``actor`` did ``what``."""
        ...


class Disk(Protocol):
    """The files of one node. What was ``durable`` survives a power cut."""

    async def names(self, folder: str) -> Sequence[str]:
        """File names in a folder, sorted; empty when there is no folder."""
        ...

    async def read(self, path: str) -> bytes | None:
        """The content, or None when there is no such file."""
        ...

    async def write(self, path: str, data: bytes, *, durable: bool = True) -> None:
        """Write whole or not at all."""
        ...

    async def remove(self, path: str, *, durable: bool = False) -> None:
        """Remove; a file that is not there is success."""
        ...

    def power_cut(self) -> None:
        """Lose what was not durable."""
        ...


def draw(tape: Choices, label: str, span: Span) -> float:
    """Seconds within ``span``; a span of one point costs no choice."""
    low, high = span
    return low if low == high else tape.uniform(label, low, high)
