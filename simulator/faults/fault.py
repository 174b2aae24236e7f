"""Faults as data: what may go wrong, how likely, with which numbers; and a plan of strikes drawn from the tape.

A plan is drawn whole before the run: which kinds of faults this seed has at all (a random subset, so that rare
combinations are not drowned by the usual ones), and when each strikes. Every strike ends by itself or is ended by
``heal`` at a known time, after which a cluster has no excuse left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

Span = tuple[float, float]


class Choices(Protocol):
    """The part of the choice tape that a plan is drawn from."""

    def choose(self, label: str, bound: int) -> int:
        """A number below ``bound``."""
        ...

    def chance(self, label: str, probability: float) -> bool:
        """Whether the unlikely thing happens."""
        ...

    def uniform(self, label: str, low: float, high: float) -> float:
        """A number in a span."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One kind of fault.

    Attributes:
        name: as plans, traces and the table of acts call it.
        weight: how often it strikes, against the others of a plan.
        where: what it hits: agent, api, replica (one of several API servers), store, cni, node, pod, controller, cluster
            (its own controllers) or pool.
        numbers: what is drawn for each strike, by name; seconds unless the name says otherwise.
    """

    name: str
    weight: int
    where: str
    numbers: Mapping[str, Span] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """One fault at one moment. ``place`` picks what is hit, modulo how many there are at that moment."""

    at_seconds: float
    fault: Fault
    place: int
    numbers: Mapping[str, float]

    def __str__(self) -> str:
        """``at 12.3 s create-late (hold_seconds=3.1)``."""
        drawn = ", ".join(f"{name}={value:.2f}" for name, value in self.numbers.items())
        return f"at {self.at_seconds:.1f} s {self.fault.name}" + (f" ({drawn})" if drawn else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """The strikes of one run in order, and the kinds that it has."""

    kinds: tuple[str, ...]
    strikes: tuple[Strike, ...]


def draw_plan(
    tape: Choices, catalogue: Sequence[Fault], *, seconds: float, strikes_max: int, share: float = 0.4
) -> FaultPlan:
    """Draw which faults strike when.

    Args:
        tape: where to draw from.
        catalogue: the kinds to choose from.
        seconds: all strikes come before this.
        strikes_max: at most so many of them.
        share: how likely each kind is in the plan.
    """
    kinds = [fault for fault in catalogue if tape.chance("faults/kind", share)]
    kinds = kinds or [catalogue[tape.choose("faults/only-kind", len(catalogue))]]
    count = tape.choose("faults/strikes", strikes_max + 1)
    strikes = [_strike(tape, kinds, seconds) for _ in range(count)]
    return FaultPlan(
        kinds=tuple(fault.name for fault in kinds),
        strikes=tuple(sorted(strikes, key=lambda strike: strike.at_seconds)),
    )


def _strike(tape: Choices, kinds: Sequence[Fault], seconds: float) -> Strike:
    position = tape.choose("faults/which", sum(fault.weight for fault in kinds))
    fault = kinds[0]
    for fault in kinds:
        position -= fault.weight
        if position < 0:
            break
    return Strike(
        at_seconds=tape.uniform("faults/at", 0.0, seconds),
        fault=fault,
        place=tape.choose("faults/place", 1 << 16),
        numbers={name: tape.uniform(f"faults/{name}", *span) for name, span in fault.numbers.items()},
    )
