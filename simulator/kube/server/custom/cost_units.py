"""The units in which the cost of a rule is reckoned, and what is known of a part of a rule while it is.

A step costs 1; going through a text costs a tenth for each letter; costs stop at the largest number of 64 bits. Source:
``cel-go`` (``checker/cost.go``, ``common/cost.go``), whose numbers decide which rules a definition may have.
"""

from math import ceil
from typing import Any

import msgspec

from simulator.kube.server.custom.value_shapes import ANYTHING, Shape

MOST = 2**64 - 1
OF_A_LETTER = 0.1
OF_A_LETTER_OF_A_PATTERN = 0.25
NEW_LIST, NEW_MAP = 10, 30
_ONE_VALUE = ("bool", "double", "duration", "int", "timestamp", "uint")


class Size(msgspec.Struct, frozen=True):
    """How many letters, items or entries there are, at least and at most."""

    least: int
    most: int

    def plus(self, other: "Size") -> "Size":
        """Of one after the other."""
        return Size(limited(self.least + other.least), limited(self.most + other.most))

    def times(self, other: "Size") -> "Size":
        """Of one for each of the other."""
        return Size(limited(self.least * other.least), limited(self.most * other.most))

    def either(self, other: "Size") -> "Size":
        """Of one or the other."""
        return Size(min(self.least, other.least), max(self.most, other.most))

    def cost(self, of_each: float) -> int:
        """At most, of going through it."""
        return scaled(self.most, of_each)


UNKNOWN = Size(0, MOST)


def exactly(size: int) -> Size:
    """A size that is known."""
    return Size(size, size)


def limited(cost: int) -> int:
    """A sum or product that does not overflow."""
    return min(cost, MOST)


def scaled(size: int, of_each: float) -> int:
    """So many of this cost, rounded up; as floating point numbers reckon it."""
    if size > 0 and of_each > 0 and float(size) > MOST / of_each:
        return MOST
    return limited(ceil(float(size) * of_each))


class Entries(msgspec.Struct, frozen=True):
    """How large the keys (of a list: indices) and values are of a list or map that a rule makes itself."""

    kind: str
    key: Size
    value: Size

    def either(self, other: "Entries | None") -> "Entries | None":
        """Of one or the other."""
        if other is None:
            return None
        return Entries(self.kind, self.key.either(other.key), self.value.either(other.value))


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a part of a rule.

    Attributes:
        cost: of working it out, at most.
        type: of its value.
        size: of its value, ``None``: unknown.
        place: the declaration that it is read from; ``None``: there is none.
        read: it is read from somewhere, and not worked out.
        entries: of its value.
        literal: its value, where it is written down.
    """

    cost: int
    type: Shape = ANYTHING
    size: Size | None = None
    place: Shape | None = None
    read: bool = False
    entries: Entries | None = None
    literal: Any = None

    @property
    def known_size(self) -> Size:
        """Its size, or any."""
        return self.size or UNKNOWN


def size_of_type(shape: Shape) -> Size | None:
    """Values of some types have one size."""
    if shape.kind == "optional" and shape.item is not None:
        return size_of_type(shape.item)
    return exactly(1) if shape.kind in _ONE_VALUE else None
