"""Which address of a pool to try next.

Agents do not watch the ledger: they propose an address that is probably free, and the API server decides. Proposals
are spread at random by default, because lowest-first would make all nodes try the same address. What is known to be
taken comes as a test and costs nothing per address of the pool: a few random positions are tried first, and only when
they all are taken the free set is worked out.
"""

from collections.abc import Callable, Iterable
from typing import Literal

from spiderpool.ipam.usage import Hint
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


def propose_by_hint(
    ranked: IntervalSet,
    hint: Hint,
    *,
    may_try: Callable[[int], bool],
    draw: Callable[[int], int],
    policy: Policy = "random",
) -> int | None:
    """An address that the usage summary leaves free and that ``may_try``; None when a few probes find none.

    Args:
        ranked: the address set whose positions the summary counts.
        hint: the summary, which may be old.
        may_try: whether one address may be proposed at all.
        draw: ``draw(n)`` gives a number below n.
        policy: ``random`` or ``lowest``.
    """
    start = 0
    for _ in range(PROBES):
        free = hint.free
        position = (hint.pick(draw(free)) if free else None) if policy == "random" else hint.next_free(start)
        if position is None:
            return None
        value = ranked.at(position)
        if may_try(value):
            return value
        start = position + 1
    return None
