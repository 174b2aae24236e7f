"""What calling a function of the rule language costs at most, and how large its result is.

Sources: ``k8s.io/apiserver/pkg/cel/library/cost.go`` for the functions of Kubernetes, ``cel-go`` (``checker/cost.go``,
``ext/lists.go``, ``ext/sets.go``) for the others. What has no row costs 1. The cost of the arguments is not in it.
"""

from collections.abc import Callable, Mapping, Sequence
from math import ceil

import msgspec

from simulator.kube.server.custom.cost_units import (
    MOST,
    NEW_LIST,
    OF_A_LETTER,
    OF_A_LETTER_OF_A_PATTERN,
    UNKNOWN,
    Part,
    Size,
    exactly,
    limited,
    scaled,
)

_AUTHORIZATION = 350_000
_PATTERN_OF_A_FORMAT_LETTERS = 128
_LETTERS_OF_A_FORMAT = 64
_NETWORK_BYTES = Size(4, 16)
_MADE = ("ip", "cidr", "quantity", "semver", "url", "format")
"""Kinds of values that functions make; they are compared in one step."""


class Call(msgspec.Struct, frozen=True):
    """The cost of a call, and the size of its result, ``None``: unknown."""

    cost: int
    size: Size | None = None


Rule = Callable[[Part | None, Sequence[Part]], Call | None]


def _of_target(of_each: float, *, keeps: bool = False) -> Rule:
    """Goes through the text on which it is called."""

    def rule(target: Part | None, arguments: Sequence[Part]) -> Call | None:
        size = target.known_size if target else None
        return Call(size.cost(of_each), size if keeps else None) if size else None

    return rule


def _of_argument(of_each: float, *, keeps: bool = False) -> Rule:
    """Goes through its first argument."""

    def rule(target: Part | None, arguments: Sequence[Part]) -> Call | None:
        if not arguments:
            return None
        size = arguments[0].known_size
        return Call(size.cost(of_each), size if keeps else None)

    return rule


def _fixed(cost: int) -> Rule:
    def rule(target: Part | None, arguments: Sequence[Part]) -> Call | None:
        return Call(cost)

    return rule


def _of_items(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    """Goes through a list, and through each text in it; or through a text."""
    if target is None:
        return None
    if target.type.kind not in ("list", "map", "optional"):
        return Call(target.known_size.cost(OF_A_LETTER))
    of_each = 1 + (_item_size(target).cost(OF_A_LETTER) if _item_kind(target) in ("string", "bytes") else 0)
    return Call(limited(target.known_size.most * of_each))


def _includes(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    if target is not None and target.type.kind not in ("list", "map", "optional"):
        return Call(target.known_size.most)
    return _of_items(target, arguments)


def _item_kind(part: Part) -> str:
    inner = part.type.key if part.type.kind == "map" else part.type.item
    return inner.kind if inner else "dyn"


def _item_size(part: Part) -> Size:
    """Of an item, as far as it is declared."""
    return Size(0, part.place.item.most) if part.place and part.place.item else UNKNOWN


def _replace(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    if target is None or len(arguments) < 2:
        return None
    size, old, new = target.known_size, arguments[0].known_size, arguments[1].known_size
    count, kept = Size(0, 0), Size(0, 0)
    if old.least == 0:
        most, kept_most = limited(size.most + 1), size.most
    elif new.most <= old.least:
        most, kept_most = 0, size.most
    else:
        most, kept_most = ceil(float(size.most) / float(old.least)), 0
    if old.most == 0:
        least, kept_least = limited(size.least + 1), size.least
    elif old.most <= new.least:
        least, kept_least = 0, size.least
    else:
        least, kept_least = ceil(float(size.least) / float(old.most)), 0
    count, kept = Size(least, limited(most)), Size(kept_least, kept_most)
    return Call(size.cost(2 * OF_A_LETTER), count.times(new).plus(kept))


def _split(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    if target is None:
        return None
    size = target.known_size
    most = size.most
    if len(arguments) > 1 and isinstance(arguments[1].literal, int):
        most = arguments[1].literal % (MOST + 1)
    return Call(size.cost(2 * OF_A_LETTER), Size(0, most))


def _join(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    if target is None:
        return None
    count = target.known_size
    size = count.times(_item_size(target)) if target.type.kind in ("list", "map", "optional") else Size(0, 0)
    if arguments:
        between = Size(max(0, count.least - 1), max(0, count.most - 1))
        size = size.plus(arguments[0].known_size.times(between))
    return Call(size.cost(OF_A_LETTER), size)


def _find(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    if target is None or not arguments:
        return None
    return Call(_matching(target, arguments[0]), Size(0, target.known_size.most))


def _matching(text: Part, pattern: Part) -> int:
    letters = text.known_size.plus(exactly(1)).cost(OF_A_LETTER)
    return limited(letters * pattern.known_size.cost(OF_A_LETTER_OF_A_PATTERN))


def _matches(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    parts = [target, *arguments] if target else arguments
    return Call(_matching(parts[0], parts[1])) if len(parts) == 2 else None


def _contains(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    if target is None or len(arguments) != 1:
        return None
    return Call(limited(target.known_size.cost(OF_A_LETTER) * arguments[0].known_size.cost(OF_A_LETTER)))


def _validate(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    if not arguments:
        return None
    letters = arguments[0].known_size.cost(OF_A_LETTER)
    return Call(scaled(letters, _PATTERN_OF_A_FORMAT_LETTERS * OF_A_LETTER_OF_A_PATTERN))


def _within(*, network: bool) -> Rule:
    """Whether an address or a network lies in the network on which it is called."""

    def rule(target: Part | None, arguments: Sequence[Part]) -> Call | None:
        if not arguments:
            return None
        cost = _NETWORK_BYTES.plus(_NETWORK_BYTES).cost(OF_A_LETTER)
        if network:
            cost += _NETWORK_BYTES.cost(OF_A_LETTER) + 1
        if arguments[0].type.kind not in ("ip", "cidr"):
            cost = limited(cost + arguments[0].known_size.cost(OF_A_LETTER))
        return Call(cost)

    return rule


def _selector(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    if len(arguments) != 1:
        return None
    letters = arguments[0].known_size.most
    requirements = scaled(scaled(letters, 0.5), NEW_LIST + 40)
    return Call(limited(NEW_LIST + scaled(letters, OF_A_LETTER) + requirements))


def _of_sets(of_each: float) -> Rule:
    def rule(target: Part | None, arguments: Sequence[Part]) -> Call | None:
        if len(arguments) != 2:
            return None
        size = arguments[0].known_size.times(arguments[1].known_size)
        return Call(limited(size.cost(of_each) + 1))

    return rule


def _new_list(of_each: float, size: Size) -> Call:
    return Call(limited(size.cost(of_each) + 1 + NEW_LIST), size)


def _number(part: Part, otherwise: int) -> int:
    return max(0, part.literal) if isinstance(part.literal, int) else otherwise


def _slice(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    if target is None or len(arguments) != 2:
        return None
    start, end = _number(arguments[0], 0), _number(arguments[1], target.known_size.most)
    return _new_list(1, exactly((end - start) % (MOST + 1)))


def _range(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    return _new_list(1, exactly(_number(arguments[0], MOST))) if arguments else None


def _flatten(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    if target is None:
        return None
    return _new_list(_number(arguments[0], MOST) if arguments else 1, target.known_size)


def _reverse(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    return _new_list(1, target.known_size) if target else None


def _distinct(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    return _new_list(2, target.known_size.times(target.known_size)) if target else None


def _sort(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    by = arguments[0] if arguments else target
    if by is None:
        return None
    of_each = 2 + (OF_A_LETTER if _item_kind(by) in ("string", "bytes", "dyn") else 0)
    return _new_list(of_each, by.known_size.times(by.known_size))


def _to_text(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    kind = arguments[0].type.kind if len(arguments) == 1 else ""
    if kind not in ("bytes", "dyn"):
        return None
    size = arguments[0].known_size
    return Call(max(size.cost(OF_A_LETTER), 1), Size(size.least // 4, size.most))


def _to_bytes(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    kind = arguments[0].type.kind if len(arguments) == 1 else ""
    if kind not in ("string", "dyn"):
        return None
    size = arguments[0].known_size
    return Call(size.cost(OF_A_LETTER), Size(size.least, limited(size.most * 4)))


def _quoted(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    if len(arguments) != 1:
        return None
    size = arguments[0].known_size
    return Call(size.cost(OF_A_LETTER), Size(size.least + 2, limited(size.most * 2 + 2)))


def _in(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    """A list is gone through; a map is not."""
    kind = arguments[1].type.kind
    return Call(1) if kind == "map" else Call(max(arguments[1].known_size.most, 1 if kind == "dyn" else 0))


def _plus(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    kinds = {part.type.kind for part in arguments}
    if kinds & {"int", "uint", "double", "duration", "timestamp"}:
        return None
    size = arguments[0].known_size.plus(arguments[1].known_size)
    if "list" in kinds:
        return Call(1, size)
    cost = size.cost(OF_A_LETTER)
    return Call(cost if kinds & {"string", "bytes"} else max(cost, 1), size)


def _smaller(arguments: Sequence[Part]) -> int:
    return scaled(min(part.known_size.most for part in arguments), OF_A_LETTER)


def _order(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    kinds = {part.type.kind for part in arguments}
    if kinds & {"string", "bytes"}:
        return Call(_smaller(arguments))
    return Call(max(1, _smaller(arguments))) if kinds == {"dyn"} else None


def _equal(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    kinds = {part.type.kind for part in arguments}
    if len(kinds) == 1 and kinds <= set(_MADE):
        return Call(scaled(_LETTERS_OF_A_FORMAT, OF_A_LETTER) if kinds == {"format"} else 1)
    return Call(_smaller(arguments))


def _differ(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    return Call(_smaller(arguments))


def _address(target: Part | None, arguments: Sequence[Part]) -> Call | None:
    return _of_argument(OF_A_LETTER)(target, arguments) if arguments else Call(1)


_ROWS: Mapping[str, Rule] = {
    "check": _fixed(_AUTHORIZATION),
    "fieldSelector": _selector,
    "labelSelector": _selector,
    **dict.fromkeys(("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"), _of_items),
    "includes": _includes,
    **dict.fromkeys(("url", "jsonpatch.escapeKey"), _of_argument(OF_A_LETTER, keeps=True)),
    **dict.fromkeys(("lowerAscii", "upperAscii", "substring", "trim"), _of_target(OF_A_LETTER, keeps=True)),
    "format": _of_target(OF_A_LETTER),
    "replace": _replace,
    "split": _split,
    "join": _join,
    "find": _find,
    "findAll": _find,
    **dict.fromkeys(
        ("cidr", "isIP", "isCIDR", "quantity", "isQuantity", "semver", "isSemver"), _of_argument(OF_A_LETTER)
    ),
    "ip": _address,
    "ip.isCanonical": _of_argument(2 * OF_A_LETTER),
    "containsIP": _within(network=False),
    "containsCIDR": _within(network=True),
    "validate": _validate,
    "sets.contains": _of_sets(1),
    "sets.intersects": _of_sets(1),
    "sets.equivalent": _of_sets(2),
    "slice": _slice,
    "lists.range": _range,
    "flatten": _flatten,
    "reverse": _reverse,
    "distinct": _distinct,
    "sort": _sort,
    "@sortByAssociatedKeys": _sort,
    "string": _to_text,
    "bytes": _to_bytes,
    "strings.quote": _quoted,
    **dict.fromkeys(("startsWith", "endsWith"), _of_argument(OF_A_LETTER)),
    "matches": _matches,
    "contains": _contains,
    "@in": _in,
    "_+_": _plus,
    **dict.fromkeys(("_<_", "_<=_", "_>_", "_>=_"), _order),
    "_==_": _equal,
    "_!=_": _differ,
}


def call_cost(function: str, target: Part | None, arguments: Sequence[Part]) -> Call:
    """What a call costs at most, without its arguments.

    Args:
        function: its name, or the operator's (``_+_``).
        target: what it is called on, of a member function.
        arguments: the others.
    """
    rule = _ROWS.get(function)
    return (rule(target, arguments) if rule else None) or Call(1)
