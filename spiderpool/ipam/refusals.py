"""Why something was not done, as data: a code for programs, a sentence for people, a reason for every pool.

A refusal is a normal outcome (a pool is full, a pod is gone), not a broken invariant, so it is a value and not an
exception. The agent turns it into a CNI error.
"""

from dataclasses import dataclass
from enum import Enum


class Code(Enum):
    """What kind of refusal. ``TRY_AGAIN`` passes by itself; the others need somebody to change something."""

    TRY_AGAIN = "try-again"
    INVALID = "invalid"
    NO_POOL = "no-pool"
    POOLS_FULL = "pools-full"
    POD_GONE = "pod-gone"
    OVERTAKEN = "overtaken"
    CLOSED = "closed"
    DISK = "disk"


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolRefusal:
    """One pool that could not serve, and why."""

    pool: str
    reason: str

    def __str__(self) -> str:
        """``pool-a: disabled``."""
        return f"{self.pool}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What was refused and why. ``message`` is a sentence with the remedy."""

    code: Code
    message: str
    pools: tuple[PoolRefusal, ...] = ()

    def __str__(self) -> str:
        """The sentence, followed by the pools."""
        if not self.pools:
            return self.message
        return f"{self.message} ({'; '.join(map(str, self.pools))})"


class InvalidInputError(Exception):
    """What the user wrote cannot be read; the message names field, value and remedy."""
