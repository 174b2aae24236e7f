"""Which address of a pool to try next.

Agents do not watch the ledger: they propose an address that is probably free, and the API server decides. Proposals
are spread at random by default, because lowest-first would make all nodes try the same address. What is known to be
taken comes as a test and costs nothing per address of the pool: a few random positions are tried first, and only when
they all are taken the free set is worked out.
"""

from collections.abc import Callable, Iterable
from typing import Literal

from spiderpool.resources.intervals import IntervalSet

Policy = Literal["random", "lowest"]
PROBES = 8


def propose(
    usable: IntervalSet,
    *,
    is_taken: Callable[[int], bool],
    taken: Callable[[], Iterable[int]],
    draw: Callable[[int], int],
    policy: Policy = "random",
) -> int | None:
    """An address (as a number) that is not known to be taken; None when all are.

    Args:
        usable: what the pool may hand out, reserved addresses already taken out.
        is_taken: whether one address is known to be taken.
        taken: all addresses known to be taken; called only when probing failed.
        draw: ``draw(n)`` gives a number below n.
        policy: ``random`` or ``lowest``.
    """
    size = usable.size
    if size == 0:
        return None
    for _ in range(PROBES if policy == "random" else 0):
        value = usable.at(draw(size))
        if not is_taken(value):
            return value
    free = usable.minus(IntervalSet.points(taken()))
    if not free:
        return None
    return free.at(draw(free.size) if policy == "random" else 0)
