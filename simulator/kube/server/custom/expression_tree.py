"""The syntax tree of a compiled CEL expression, read from the checked form in which the library hands it out.

The library shows no tree of its own; what it can write down is a ``cel.expr.CheckedExpr`` (``checked.proto`` and
``syntax.proto`` of the CEL specification), of which only the expression is read here.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from simulator.kube.protobuf_wire import fields_of_message

_VALUE_OF_ANY, _EXPRESSION = 2, 4


class Literal(msgspec.Struct, frozen=True):
    """A value that is written down: text, bytes, number, truth, or ``None``."""

    value: Any


class Ident(msgspec.Struct, frozen=True):
    """The name of a variable."""

    name: str


class Select(msgspec.Struct, frozen=True):
    """``operand.field``, or whether there is such a field (``test``)."""

    operand: "Expr"
    field: str
    test: bool


class Call(msgspec.Struct, frozen=True):
    """A function or operator (``_+_``, ``_[_]``); ``target`` is what a member function is called on."""

    function: str
    target: "Expr | None"
    arguments: "Sequence[Expr]"


class ListOf(msgspec.Struct, frozen=True):
    """A list that is written down."""

    items: "Sequence[Expr]"


class MapOf(msgspec.Struct, frozen=True):
    """A map that is written down."""

    entries: "Sequence[tuple[Expr, Expr]]"


class Loop(msgspec.Struct, frozen=True, kw_only=True):
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
    return _expression(_last(_last(written, _VALUE_OF_ANY), _EXPRESSION))


def _last(message: bytes, number: int) -> Any:
    return dict(fields_of_message(message)).get(number, b"")


def _all(message: bytes, number: int) -> Iterator[Any]:
    return (value for found, value in fields_of_message(message) if found == number)


def _expression(message: bytes) -> Expr:
    kind, body = max((item for item in fields_of_message(message) if item[0] in _READERS), default=(3, b""))
    found: Expr = _READERS[kind](body)
    return found


def _literal(body: bytes) -> Literal:
    for number, value in fields_of_message(body):
        return Literal(_CONSTANTS[number](value))
    return Literal(None)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


_CONSTANTS: dict[int, Any] = {
    1: lambda _: None,
    2: bool,
    3: _signed,
    4: int,
    5: lambda value: struct.unpack("<d", value.to_bytes(8, "little"))[0],
    6: lambda value: value.decode(),
    7: bytes,
}


def _ident(body: bytes) -> Ident:
    return Ident(_last(body, 1).decode())


def _select(body: bytes) -> Select:
    found = dict(fields_of_message(body))
    return Select(_expression(found[1]), found[2].decode(), bool(found.get(3)))


def _call(body: bytes) -> Call:
    found = dict(fields_of_message(body))
    target = _expression(found[1]) if 1 in found else None
    return Call(found[2].decode(), target, [_expression(each) for each in _all(body, 3)])


def _list(body: bytes) -> ListOf:
    return ListOf([_expression(each) for each in _all(body, 1)])


def _map(body: bytes) -> MapOf:
    entries = [dict(fields_of_message(each)) for each in _all(body, 2)]
    return MapOf([(_expression(entry.get(3, b"")), _expression(entry[4])) for entry in entries])


def _loop(body: bytes) -> Loop:
    found = dict(fields_of_message(body))
    return Loop(
        over=_expression(found[2]),
        item=found[1].decode(),
        second=found.get(8, b"").decode(),
        found=found[3].decode(),
        start=_expression(found[4]),
        condition=_expression(found[5]),
        step=_expression(found[6]),
        result=_expression(found[7]),
    )


_READERS: dict[int, Any] = {3: _literal, 4: _ident, 5: _select, 6: _call, 7: _list, 8: _map, 9: _loop}
