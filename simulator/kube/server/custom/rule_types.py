"""Whether the parts of a rule fit together, by the types that the schema declares: fields that there are not, functions
that do not take what they are given.

The library checks types as well, but cannot be told the types of a schema's objects. So the tree of a rule is gone
through here, and each call is shown to the library by itself, with variables of the types of its arguments. What cannot be
told is taken to be anything, and nothing is said against it.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from simulator.kube.server.custom.call_results import call_result
from simulator.kube.server.custom.call_types import LITERALS, bare_type, call_type, either_type
from simulator.kube.server.custom.cost_units import Part
from simulator.kube.server.custom.expression_tree import (
    Call,
    Expr,
    Ident,
    ListOf,
    Literal,
    Loop,
    MapOf,
    Select,
)
from simulator.kube.server.custom.rule_costs import OWN_NAMES
from simulator.kube.server.custom.value_shapes import ANYTHING, Shape

# How types are called in messages, where not by their kind.
_NAMES = {
    "ip": "net.IP",
    "cidr": "net.CIDR",
    "quantity": "kubernetes.Quantity",
    "semver": "kubernetes.Semver",
    "url": "kubernetes.URL",
    "format": "kubernetes.NamedFormat",
}
NO_OVERLOAD = "found no matching overload"
_OPAQUE = ("ip", "cidr", "quantity", "semver", "url", "format")
_NUMBERS = frozenset(["int", "uint", "double"])
_ORDERS = ("_<_", "_<=_", "_>_", "_>=_")
_OPTIONALS = ("_?._", "_[?_]", "optional.of", "optional.ofNonZeroValue", "optional.none")
_TRUTH = Shape(kind="bool")


class TypeFault(msgspec.Struct, frozen=True):
    """What does not fit, and where it stands in the text."""

    at: int
    message: str


class Checked(msgspec.Struct, frozen=True):
    """The type of a rule's value, and what does not fit in it."""

    type: Shape
    faults: Sequence[TypeFault]


def checked(tree: Expr, variables: Mapping[str, Shape]) -> Checked:
    """Check a rule.

    Args:
        tree: the rule, which can be compiled.
        variables: what they hold.
    """
    walk = _Walk()
    found = walk.type_of(tree, variables)
    faults = walk.faults or walk.mixed
    return Checked(found, sorted(faults, key=lambda fault: fault.at))


def cannot_be(shape: Shape, kind: str) -> bool:
    """Whether a value is certainly not of a type."""
    return shape.kind in ("list", "map", "object", "optional") or (_is_told(shape) and shape.kind != kind)


def told(text: str, faults: Sequence[TypeFault]) -> str:
    """The faults as the compiler tells them, each with its line."""
    return "\n".join(_told(text, fault) for fault in faults)


def _told(text: str, fault: TypeFault) -> str:
    before = text[: fault.at]
    line, column = before.count("\n"), fault.at - (before.rfind("\n") + 1)
    where = f"ERROR: <input>:{line + 1}:{column + 1}: {fault.message}"
    return f"{where}\n | {text.split(chr(10))[line]}\n | {'.' * column}^"


def _named(shape: Shape) -> str:
    if shape.kind == "list":
        return f"list({_named(shape.item or ANYTHING)})"
    if shape.kind == "map":
        return f"map({_named(shape.key or ANYTHING)}, {_named(shape.item or ANYTHING)})"
    if shape.kind == "optional":
        return f"optional_type({_named(shape.item or ANYTHING)})"
    return _NAMES.get(shape.kind, shape.kind)


def _is_open(shape: Shape | None) -> bool:
    """Whether values of a type can be too many things to say anything against them."""
    if shape is None or shape.kind in ("dyn", "object", "type", "optional"):
        return True
    return shape.kind in ("list", "map") and _is_open(shape.item)


class _Walk:
    """One way through a tree; what does not fit is gathered on it.

    Attributes:
        faults: what does not fit.
        mixed: lists and maps of several types, which are only told where nothing else is wrong.
    """

    def __init__(self) -> None:
        self.faults: list[TypeFault] = []
        self.mixed: list[TypeFault] = []
        self._may_mix = False

    def type_of(self, tree: Expr, scope: Mapping[str, Shape]) -> Shape:
        match tree:
            case Literal():
                return Shape(kind=LITERALS[type(tree.value)])
            case Ident():
                return scope.get(tree.name, ANYTHING)
            case Select():
                return self._select(tree, scope)
            case Call():
                return self._call(tree, scope)
            case ListOf():
                return Shape(kind="list", item=self._alike(tree.items, scope))
            case MapOf():
                keys = self._alike([key for key, _ in tree.entries], scope)
                return Shape(kind="map", key=keys, item=self._alike([value for _, value in tree.entries], scope))
            case Loop():
                return self._loop(tree, scope)

    def _fault(self, at: int, message: str) -> Shape:
        self.faults.append(TypeFault(at, message))
        return ANYTHING

    def _alike(self, trees: Sequence[Expr], scope: Mapping[str, Shape]) -> Shape:
        """The type of all of them; anything, if they differ, which is a fault."""
        shapes = [self.type_of(tree, scope) for tree in trees]
        found = shapes[0] if shapes else ANYTHING
        for tree, shape in zip(trees, shapes, strict=True):
            if not self._may_mix and _is_told(shape) and _is_told(shapes[0]) and _named(shape) != _named(shapes[0]):
                message = f"expected type '{_named(shapes[0])}' but found '{_named(shape)}'"
                self.mixed.append(TypeFault(tree.at, message))
            found = either_type(found, shape)
        return found

    def _select(self, tree: Select, scope: Mapping[str, Shape]) -> Shape:
        outer = self.type_of(tree.operand, scope)
        found = self._field(outer, tree.field, tree.at)
        return _TRUTH if tree.test else found

    def _field(self, outer: Shape, name: str, at: int) -> Shape:
        if outer.kind == "optional":
            return Shape(kind="optional", item=self._field(outer.item or ANYTHING, name, at))
        if outer.kind == "object":
            return outer.fields.get(name) or self._fault(at, f"undefined field '{name}'")
        if outer.kind == "map":
            return outer.item or ANYTHING
        if outer.kind in ("dyn", "type", *_OPAQUE):
            return ANYTHING
        return self._fault(at, f"type '{_named(outer)}' does not support field selection")

    def _call(self, tree: Call, scope: Mapping[str, Shape]) -> Shape:
        function = OWN_NAMES.get(tree.function, tree.function)
        before, self._may_mix = self._may_mix, self._may_mix or function == "format"
        target = self.type_of(tree.target, scope) if tree.target else None
        arguments = [self.type_of(argument, scope) for argument in tree.arguments]
        self._may_mix = before
        if function in ("_&&_", "_||_"):
            return self._both(tree, arguments)
        if function in ("dyn", "type"):
            return ANYTHING
        if function == "_?._" and isinstance(tree.arguments[1], Literal):
            inner = arguments[0].item or ANYTHING if arguments[0].kind == "optional" else arguments[0]
            return Shape(kind="optional", item=self._field(inner, tree.arguments[1].value, tree.at))
        parts = [Part(cost=0, type=shape) for shape in arguments]
        guessed = call_type(function, Part(cost=0, type=target) if target else None, parts)
        if function == "orValue" and target is not None and target.kind == "optional":
            return self._or_value(tree, target, arguments)
        if (
            function in _OPTIONALS
            or (function[0] == "@" and function != "@in")
            or (target is not None and target.kind == "optional")
        ):
            return guessed
        if function in _ORDERS and {shape.kind for shape in arguments} <= _NUMBERS:
            return _TRUTH
        found = _library_says(tree.function, target, arguments)
        if found is None:
            return self._no_overload(tree, function, target, arguments)
        if function == "_?_:_":
            return either_type(arguments[1], arguments[2])
        return guessed if _is_open(found) or guessed.kind in _OPAQUE else found

    def _both(self, tree: Call, arguments: Sequence[Shape]) -> Shape:
        for argument, shape in zip(tree.arguments, arguments, strict=True):
            if _is_told(shape) and shape.kind != "bool":
                self._fault(argument.at, f"expected type 'bool' but found '{_named(shape)}'")
        return _TRUTH

    def _or_value(self, tree: Call, target: Shape, arguments: Sequence[Shape]) -> Shape:
        item, other = target.item or ANYTHING, arguments[0]
        if not _is_open(item) and not _is_open(other) and item.kind != other.kind:
            return self._no_overload(tree, "orValue", target, arguments)
        return item

    def _no_overload(self, tree: Call, function: str, target: Shape | None, arguments: Sequence[Shape]) -> Shape:
        if any(shape.kind == "object" for shape in (target, *arguments) if shape is not None):
            return ANYTHING  # whose type has another name in each server
        given = f"({', '.join(map(_named, arguments))})"
        applied = f"{_named(target)}.{given}" if target else given
        return self._fault(tree.at, f"{NO_OVERLOAD} for '{function}' applied to '{applied}'")

    def _loop(self, tree: Loop, scope: Mapping[str, Shape]) -> Shape:
        over, start = self.type_of(tree.over, scope), self.type_of(tree.start, scope)
        if over.kind not in ("list", "map", "dyn"):
            message = "cannot be range of a comprehension (must be list, map, or dynamic)"
            self._fault(tree.over.at, f"expression of type '{_named(over)}' {message}")
        value = over.item or ANYTHING
        key = Shape(kind="int") if over.kind == "list" else over.key or ANYTHING
        single = key if over.kind == "map" else value
        inside = {**scope, tree.found: start, tree.item: key if tree.second else single}
        if tree.second:
            inside[tree.second] = value
        self.type_of(tree.condition, inside)
        gathered = bare_type([start, self.type_of(tree.step, inside)])
        return self.type_of(tree.result, {**scope, tree.found: gathered})


def _is_told(shape: Shape) -> bool:
    """Whether it is known what a value is, if only that it can be anything."""
    return not _is_open(shape) or (shape.kind == "dyn" and shape.most > 0)


def _library_says(function: str, target: Shape | None, arguments: Sequence[Shape]) -> Shape | None:
    """The type of a call's value; ``None``: the function does not take these."""
    kinds = tuple(_library_kind(shape) for shape in arguments)
    return _of_call(function, None if target is None else _library_kind(target), kinds)


@cache
def _of_call(function: str, target: str | None, arguments: Sequence[str]) -> Shape | None:
    found = call_result(function, target, arguments)
    return None if found is None else _shape_of(found)


def _library_kind(shape: Shape) -> str:
    """The type of the library for values of a shape, as ``call_result`` names them."""
    if shape.kind in _OPAQUE:
        return "map:dyn"
    if shape.kind in ("list", "map"):
        inner = (shape.item or ANYTHING).kind
        return f"{shape.kind}:{inner if inner in LITERALS.values() or inner in ('duration', 'timestamp') else 'dyn'}"
    return "dyn" if shape.kind in ("object", "optional", "type") else shape.kind


def _shape_of(kind: Any) -> Shape:
    """A type of the library as a shape: ``LIST<STRING>``."""
    text = str(kind).lower()
    if text.startswith("list<"):
        return Shape(kind="list", item=_shape_of(text[5:-1]))
    if text.startswith("map<"):
        key, _, value = text[4:-1].partition(", ")
        return Shape(kind="map", key=_shape_of(key), item=_shape_of(value))
    return Shape(kind=text) if text in (*LITERALS.values(), "duration", "timestamp") else ANYTHING
