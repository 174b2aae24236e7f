"""A figure: what was measured, beside its floor or peer of the same run, and what it was meant to be.

Ratios and counts survive a busy machine, milliseconds do not. So a figure carries the floor that was measured right
beside it, and the machine's load, and nothing here fails because a machine is slow.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal


class SkippedError(Exception):
    """The figure cannot be taken on this machine; the message says why and what would help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a figure is meant to be: a limit on its value, or on its ratio to the floor."""

    of: Literal["value", "ratio"]
    at_most: float | None = None
    at_least: float | None = None

    def is_reached(self, number: float) -> bool:
        """Whether a number keeps the limit."""
        too_high = self.at_most is not None and number > self.at_most
        too_low = self.at_least is not None and number < self.at_least
        return not (too_high or too_low)

    def __str__(self) -> str:
        """As it stands in the table: ``ratio ≤ 2.5``, ``= 3``."""
        if self.at_most == self.at_least:
            limit = f"= {self.at_most:g}"
        else:
            limit = f"≤ {self.at_most:g}" if self.at_most is not None else f"≥ {self.at_least:g}"
        return f"ratio {limit}" if self.of == "ratio" else limit


def value_at_most(limit: float) -> Goal:
    """The value is to be no larger."""
    return Goal(of="value", at_most=limit)


def value_at_least(limit: float) -> Goal:
    """The value is to be no smaller."""
    return Goal(of="value", at_least=limit)


def exactly(limit: float) -> Goal:
    """The value is to be this."""
    return Goal(of="value", at_most=limit, at_least=limit)


def ratio_at_most(limit: float) -> Goal:
    """Value by floor is to be no larger."""
    return Goal(of="ratio", at_most=limit)


def load_average() -> float:
    """Of the last minute: how many processes wanted the machine's cores."""
    return os.getloadavg()[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row of the table.

    Attributes:
        name: what was measured.
        value: the number.
        unit: of value and floor.
        floor: what the same machine needed in the same run for the least that has to be done, or for the peer.
        goal: what it is meant to be.
        note: how it came about, in a few words; what the floor is.
        load: the machine's load average when it was taken.
    """

    name: str
    value: float
    unit: str
    floor: float | None = None
    goal: Goal | None = None
    note: str = ""
    load: float = field(default_factory=load_average)

    @property
    def ratio(self) -> float | None:
        """Value by floor."""
        return self.value / self.floor if self.floor else None

    @property
    def verdict(self) -> str:
        """``reached``, ``missed``, or nothing where there is no goal."""
        number = self.value if self.goal and self.goal.of == "value" else self.ratio
        if self.goal is None or number is None:
            return ""
        return "reached" if self.goal.is_reached(number) else "missed"

    def to_json(self) -> dict[str, Any]:
        """The figure for other programs."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "floor": self.floor,
            "ratio": self.ratio,
            "goal": str(self.goal) if self.goal else "",
            "verdict": self.verdict,
            "note": self.note,
            "load": round(self.load, 1),
        }


Benchmark = Callable[[], Iterator[Figure]]


def middle(samples: Sequence[float]) -> float:
    """The median: half of the samples are no larger."""
    return median(samples)


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least this share (0 to 1) of the samples do not exceed."""
    ordered = sorted(samples)
    return ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)]
