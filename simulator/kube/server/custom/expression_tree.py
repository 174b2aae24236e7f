"""The syntax tree of a compiled CEL expression, read from the checked form in which the library hands it out.

The library shows no tree of its own; what it can write down is a ``cel.expr.CheckedExpr`` (``checked.proto`` and
``syntax.proto`` of the CEL specification), of which only the expression is read here.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from simulator.kube.protobuf_wire import fields_of_message

_VALUE_OF_ANY, _EXPRESSION, _SOURCE = 2, 4, 5
_ID, _POSITIONS = 2, 4


class Uint(int):
    """A number without sign, written as ``3u``."""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """Any part; ``at`` is where it stands in the text, in letters, or -1."""

    at: int = -1


class Literal(Node, frozen=True):
    """A value that is written down: text, bytes, number, truth, or ``None``."""

    value: Any


class Ident(Node, frozen=True):
    """The name of a variable."""

    name: str


class Select(Node, frozen=True):
    """``operand.field``, or whether there is such a field (``test``)."""

    operand: "Expr"
    field: str
    test: bool


class Call(Node, frozen=True):
    """A function or operator (``_+_``, ``_[_]``); ``target`` is what a member function is called on."""

    function: str
    target: "Expr | None"
    arguments: "Sequence[Expr]"


class ListOf(Node, frozen=True):
    """A list that is written down."""

    items: "Sequence[Expr]"


class MapOf(Node, frozen=True):
    """A map that is written down."""

    entries: "Sequence[tuple[Expr, Expr]]"


class Loop(Node, frozen=True, kw_only=True):
    """What ``all``, ``exists``, ``map`` and ``filter`` become.

    Attributes:
        over: the list or map that is gone through.
        item: the variable of each item, or of its index or key where there are two.
        second: the second variable, of each value; empty: there is one only.
        found: the variable that gathers the result; it begins as ``start`` and becomes ``step`` in each round, while
            ``condition`` holds.
        result: of the loop.
    """

    over: "Expr"
    item: str
    second: str
    found: str
    start: "Expr"
    condition: "Expr"
    step: "Expr"
    result: "Expr"


Expr = Literal | Ident | Select | Call | ListOf | MapOf | Loop


def tree_of(written: bytes) -> Expr:
    """The tree of what ``Expression.serialize`` of the library wrote."""
    checked = dict(fields_of_message(_last(written, _VALUE_OF_ANY)))
    places = [dict(fields_of_message(place)) for place in _all(checked.get(_SOURCE, b""), _POSITIONS)]
    return _Reader({place.get(1, 0): place.get(2, 0) for place in places}).expression(checked[_EXPRESSION])


def _last(message: bytes, number: int) -> Any:
    return dict(fields_of_message(message)).get(number, b"")


def _all(message: bytes, number: int) -> Iterator[Any]:
    return (value for found, value in fields_of_message(message) if found == number)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


_CONSTANTS: dict[int, Any] = {
    1: lambda _: None,
    2: bool,
    3: _signed,
    4: Uint,
    5: lambda value: struct.unpack("<d", value.to_bytes(8, "little"))[0],
    6: lambda value: value.decode(),
    7: bytes,
}


class _Reader:
    """Reads the parts of one expression; ``places`` are their positions by their numbers."""

    def __init__(self, places: Mapping[int, int]) -> None:
        self._places = places
        self._readers = {
            3: self._literal,
            4: self._ident,
            5: self._select,
            6: self._call,
            7: self._list,
            8: self._map,
            9: self._loop,
        }

    def expression(self, message: bytes) -> Expr:
        fields = dict(fields_of_message(message))
        kind = max((number for number in fields if number in self._readers), default=3)
        found: Expr = self._readers[kind](fields.get(kind, b""), self._places.get(fields.get(_ID, 0), -1))
        return found

    def _literal(self, body: bytes, at: int) -> Expr:
        for number, value in fields_of_message(body):
            return Literal(_CONSTANTS[number](value), at=at)
        return Literal(None, at=at)

    def _ident(self, body: bytes, at: int) -> Expr:
        return Ident(_last(body, 1).decode(), at=at)

    def _select(self, body: bytes, at: int) -> Expr:
        found = dict(fields_of_message(body))
        return Select(self.expression(found[1]), found[2].decode(), bool(found.get(3)), at=at)

    def _call(self, body: bytes, at: int) -> Expr:
        found = dict(fields_of_message(body))
        target = self.expression(found[1]) if 1 in found else None
        return Call(found[2].decode(), target, [self.expression(each) for each in _all(body, 3)], at=at)

    def _list(self, body: bytes, at: int) -> Expr:
        return ListOf([self.expression(each) for each in _all(body, 1)], at=at)

    def _map(self, body: bytes, at: int) -> Expr:
        entries = [dict(fields_of_message(each)) for each in _all(body, 2)]
        made = [(self.expression(entry.get(3, b"")), self.expression(entry[4])) for entry in entries]
        return MapOf(made, at=at)

    def _loop(self, body: bytes, at: int) -> Expr:
        found = dict(fields_of_message(body))
        return Loop(
            at=at,
            over=self.expression(found[2]),
            item=found[1].decode(),
            second=found.get(8, b"").decode(),
            found=found[3].decode(),
            start=self.expression(found[4]),
            condition=self.expression(found[5]),
            step=self.expression(found[6]),
            result=self.expression(found[7]),
        )
