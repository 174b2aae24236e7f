"""The most that a rule can cost, reckoned before there is a value: whether a definition may have it depends on this.

The tree of the rule is gone through once. Each part is worth a ``Part``: its cost, and what is known of its value, from
the declaration that it is read from or from how it is made. What the loop of ``all`` or ``map`` costs is the cost of one
round as many times as the list can have items, so lists in lists without limits cost more than any limit allows.
Source: ``cel-go`` (``checker/cost.go``).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

import msgspec

from simulator.kube.server.custom.call_costs import call_cost
from simulator.kube.server.custom.call_types import LITERALS, call_type, either_type
from simulator.kube.server.custom.cost_units import (
    NEW_LIST,
    NEW_MAP,
    Entries,
    Part,
    Size,
    exactly,
    limited,
    size_of_type,
)
from simulator.kube.server.custom.expression_tree import Call, Expr, Ident, ListOf, Literal, Loop, MapOf, Select
from simulator.kube.server.custom.value_shapes import ANYTHING, Shape

_LOOKED_UP = ("validate", "format.named")
"""Functions whose optional value the reader of rules looks up in a map (``cel_text.py``)."""
OWN_NAMES = {"inDexOf": "indexOf", "lastInDexOf": "lastIndexOf", "strinG": "string"}
"""Functions that the reader of rules has given another name (``cel_text.py``)."""


class _Scope(msgspec.Struct, frozen=True):
    """The variables that a part can name, and the declaration in which places are looked up."""

    root: Shape
    variables: Mapping[str, Part]

    def within(self, more: Mapping[str, Part]) -> "_Scope":
        return _Scope(self.root, {**self.variables, **more})

    def below(self, part: Part, step: Callable[[Shape], Shape | None]) -> Shape | None:
        """The declaration of what a part is made of.

        The real server drops the first step of a place, for it is the variable; of what is worked out there is no
        variable, so it finds itself at the root again.
        """
        if not part.read:
            return self.root
        return step(part.place) if part.place else None


def most_it_costs(tree: Expr, variables: Mapping[str, Shape]) -> int:
    """The highest cost of an expression.

    Args:
        tree: the expression.
        variables: what they may hold; declarations are those of the first.
    """
    root = next(iter(variables.values()))
    return _part(tree, _Scope(root, {name: _read(root, 1, shape) for name, shape in variables.items()})).cost


def _read(place: Shape | None, cost: int, kind: Shape | None, known: Size | None = None) -> Part:
    """What is read from a place.

    Args:
        place: its declaration; ``None``: it has none.
        cost: of getting there.
        kind: the type of the value.
        known: its size, where the place says none.
    """
    kind = kind or ANYTHING
    size = Size(0, place.most) if place else size_of_type(kind) or known
    return Part(cost=limited(cost), type=kind, size=size, place=place, read=True)


def _part(tree: Expr, scope: _Scope) -> Part:
    match tree:
        case Literal():
            return _literal(tree)
        case Ident():
            return scope.variables.get(tree.name) or _read(scope.root, 1, ANYTHING)
        case Select():
            return _select(tree, scope)
        case Call():
            return _call(tree, scope)
        case ListOf():
            return _list(tree, scope)
        case MapOf():
            return _map(tree, scope)
        case Loop():
            return _loop(tree, scope)


def _literal(tree: Literal) -> Part:
    size = len(tree.value) if isinstance(tree.value, str | bytes) else 1
    kind = Shape(kind=LITERALS[type(tree.value)])
    return Part(cost=0, type=kind, size=exactly(size), literal=tree.value)


def _select(tree: Select, scope: _Scope) -> Part:
    operand = _part(tree.operand, scope)
    if tree.test:
        return Part(cost=operand.cost, type=Shape(kind="bool"), size=exactly(1))
    cost = operand.cost + (1 if operand.type.kind in ("map", "object") else 0)
    kind = operand.type.item if operand.type.kind == "map" else operand.type.fields.get(tree.field)
    return _read(scope.below(operand, lambda shape: shape.fields.get(tree.field)), cost, kind)


def _list(tree: ListOf, scope: _Scope) -> Part:
    items = [_part(item, scope) for item in tree.items]
    entries = Entries("list", exactly(1), _any_of(items))
    kind = Shape(kind="list", item=_any_type(items))
    cost = limited(sum(item.cost for item in items) + NEW_LIST)
    return Part(cost=cost, type=kind, size=exactly(len(items)), entries=entries)


def _any_of(parts: Sequence[Part]) -> Size:
    return reduce(Size.either, [part.known_size for part in parts]) if parts else exactly(0)


def _any_type(parts: Sequence[Part]) -> Shape:
    return reduce(either_type, [part.type for part in parts]) if parts else ANYTHING


def _map(tree: MapOf, scope: _Scope) -> Part:
    keys = [_part(key, scope) for key, _ in tree.entries]
    values = [_part(value, scope) for _, value in tree.entries]
    kind = Shape(kind="map", key=_any_type(keys), item=_any_type(values))
    cost = limited(sum(part.cost for part in (*keys, *values)) + NEW_MAP)
    entries = Entries("map", _any_of(keys), _any_of(values))
    return Part(cost=cost, type=kind, size=exactly(len(values)), entries=entries)


def _call(tree: Call, scope: _Scope) -> Part:
    function = OWN_NAMES.get(tree.function, tree.function)
    if function == "_[?_]" and isinstance(tree.arguments[0], Call) and tree.arguments[0].function in _LOOKED_UP:
        return _part(tree.arguments[0], scope)
    target = _part(tree.target, scope) if tree.target else None
    arguments = [_part(argument, scope) for argument in tree.arguments]
    if function == "dyn":
        replace = msgspec.structs.replace
        return replace(arguments[0], cost=limited(arguments[0].cost + 1), type=ANYTHING, place=None, read=False)
    if function in ("_&&_", "_||_"):
        cost = limited(sum(argument.cost for argument in arguments))
        return Part(cost=cost, type=Shape(kind="bool"), size=exactly(1))
    if function == "_?_:_":
        return _choice(arguments)
    found = call_cost(function, target, arguments)
    cost = found.cost + sum(argument.cost for argument in arguments) + (target.cost if target else 0)
    kind = call_type(function, target, arguments)
    if function == "_[_]":
        return _item(arguments[0], cost, kind, scope)
    entries = None
    if function == "_+_" and arguments[0].entries:
        entries = arguments[0].entries.either(arguments[1].entries)
    return Part(cost=limited(cost), type=kind, size=found.size or size_of_type(kind), entries=entries)


def _item(outer: Part, cost: int, kind: Shape, scope: _Scope) -> Part:
    """``outer[...]``."""
    part = _read(scope.below(outer, lambda shape: shape.item), cost, kind)
    return msgspec.structs.replace(part, size=outer.entries.value) if outer.entries else part


def _choice(arguments: Sequence[Part]) -> Part:
    asked, one, other = arguments
    return Part(
        cost=limited(asked.cost + max(one.cost, other.cost)),
        type=either_type(one.type, other.type),
        size=one.known_size.either(other.known_size),
        entries=one.entries.either(other.entries) if one.entries else None,
    )


def _loop(tree: Loop, scope: _Scope) -> Part:
    over, start = _part(tree.over, scope), _part(tree.start, scope)
    gathered = msgspec.structs.replace(start, cost=1, literal=None)
    inside = scope.within({tree.found: gathered, **_loop_variables(tree, over, scope)})
    step, condition = _part(tree.step, inside), _part(tree.condition, inside)
    gathered = msgspec.structs.replace(gathered, type=step.type)
    result = _part(tree.result, scope.within({tree.found: gathered}))
    rounds = over.known_size
    cost = limited(over.cost + start.cost + result.cost + limited(rounds.most * limited(step.cost + condition.cost)))
    size, entries = size_of_type(result.type), None
    if isinstance(tree.start, Literal):
        size = start.size
    elif isinstance(tree.start, ListOf | MapOf):
        size, entries = rounds, step.entries
    return Part(cost=cost, type=result.type, size=size, entries=entries)


def _loop_variables(tree: Loop, over: Part, scope: _Scope) -> dict[str, Part]:
    of_list = (over.entries.kind if over.entries else over.type.kind) == "list"
    first = over.entries.key if over.entries else None
    index = scope.below(over, lambda shape: None if of_list else shape.key)
    key = _read(index, 1, Shape(kind="int") if of_list else over.type.key, first)
    second = over.entries.value if over.entries else None
    value = _read(scope.below(over, lambda shape: shape.item), 1, over.type.item, second)
    if tree.second:
        return {tree.item: key, tree.second: value}
    return {tree.item: value if of_list else key}
