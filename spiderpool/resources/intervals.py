"""Sets of addresses as sorted, disjoint integer intervals.

A pool may be a /30 or a ::/0; what an operation costs depends on the number of intervals, never on the number of
addresses, and nothing here enumerates a range. One family at a time: the caller knows which.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True)
class IntervalSet:
    """An immutable set of non-negative integers: ``spans`` holds (first, last), inclusive, sorted, never touching."""

    spans: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, spans: Iterable[tuple[int, int]]) -> "IntervalSet":
        """The union of intervals in any order, overlapping or not.

        Raises:
            ValueError: an interval ends before it starts.
        """
        merged: list[tuple[int, int]] = []
        for first, last in sorted(spans):
            if last < first:
                raise ValueError(f"interval ends at {last}, before its start {first}")
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(merged[-1][1], last))
            else:
                merged.append((first, last))
        return cls(tuple(merged))

    @classmethod
    def points(cls, values: Iterable[int]) -> "IntervalSet":
        """The set of single values."""
        return cls.of((value, value) for value in values)

    def __bool__(self) -> bool:
        """Whether anything is in it."""
        return bool(self.spans)

    def __contains__(self, value: int) -> bool:
        """Membership, logarithmic in the number of intervals."""
        index = bisect_right(self.spans, (value, inf)) - 1
        return index >= 0 and value <= self.spans[index][1]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """The intervals, lowest first."""
        return iter(self.spans)

    @property
    def size(self) -> int:
        """How many values are in it; exact for any width."""
        return sum(last - first + 1 for first, last in self.spans)

    def union(self, other: "IntervalSet") -> "IntervalSet":
        """Values in either."""
        return IntervalSet.of((*self.spans, *other.spans))

    def minus(self, other: "IntervalSet") -> "IntervalSet":
        """Values in this and not in the other."""
        kept: list[tuple[int, int]] = []
        holes = other.spans
        at = 0
        for first, last in self.spans:
            start = first
            while at < len(holes) and holes[at][1] < start:
                at += 1
            scan = at
            while scan < len(holes) and holes[scan][0] <= last:
                if holes[scan][0] > start:
                    kept.append((start, holes[scan][0] - 1))
                start = max(start, holes[scan][1] + 1)
                scan += 1
            if start <= last:
                kept.append((start, last))
        return IntervalSet(tuple(kept))

    def intersect(self, other: "IntervalSet") -> "IntervalSet":
        """Values in both."""
        return self.minus(self.minus(other))

    def at(self, index: int) -> int:
        """The value at a position, counted from the lowest.

        Raises:
            IndexError: the set has not so many values.
        """
        left = index
        for first, last in self.spans if index >= 0 else ():
            if left <= last - first:
                return first + left
            left -= last - first + 1
        raise IndexError(f"position {index} of a set of {self.size} addresses")

    def rank(self, value: int) -> int:
        """The position of a value: the inverse of ``at``.

        Raises:
            ValueError: the value is not in the set.
        """
        before = 0
        for first, last in self.spans:
            if first <= value <= last:
                return before + value - first
            before += last - first + 1
        raise ValueError(f"{value} is not in the set")
