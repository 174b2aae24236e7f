"""The type of what a function of the rule language gives, as far as the cost of what is done with it depends on it."""

from collections.abc import Mapping, Sequence

from simulator.kube.server.custom.cost_units import Part
from simulator.kube.server.custom.expression_tree import Uint
from simulator.kube.server.custom.value_shapes import ANYTHING, Shape

LITERALS: Mapping[type, str] = {
    bool: "bool",
    int: "int",
    Uint: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    type(None): "null",
}
"""The types of values that are written down."""
_TEXT, _TRUTH, _WHOLE = Shape(kind="string"), Shape(kind="bool"), Shape(kind="int")
_TEXTS = Shape(kind="list", item=_TEXT)
_BY_NAME: Mapping[str, Shape] = {
    **dict.fromkeys(("_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in", "!_", "@not_strictly_false"), _TRUTH),
    **dict.fromkeys(("startsWith", "endsWith", "contains", "matches", "isSorted", "includes", "hasValue"), _TRUTH),
    **dict.fromkeys(("isIP", "isCIDR", "isQuantity", "isSemver", "isURL", "ip.isCanonical", "bool"), _TRUTH),
    **dict.fromkeys(("containsIP", "containsCIDR", "sets.contains", "sets.intersects", "sets.equivalent"), _TRUTH),
    **dict.fromkeys(("isGreaterThan", "isLessThan", "isInteger", "allowed", "errored"), _TRUTH),
    **dict.fromkeys(("isUnspecified", "isLoopback", "isLinkLocalMulticast", "isLinkLocalUnicast"), _TRUTH),
    "isGlobalUnicast": _TRUTH,
    **dict.fromkeys(("size", "int", "indexOf", "lastIndexOf", "family", "prefixLength", "compareTo"), _WHOLE),
    **dict.fromkeys(("sign", "asInteger", "major", "minor", "patch", "getSeconds", "getHours", "getMinutes"), _WHOLE),
    **dict.fromkeys(("getFullYear", "getMonth", "getDate", "getDayOfWeek", "getDayOfYear", "getMilliseconds"), _WHOLE),
    **dict.fromkeys(("double", "asApproximateFloat"), Shape(kind="double")),
    "uint": Shape(kind="uint"),
    "bytes": Shape(kind="bytes"),
    "duration": Shape(kind="duration"),
    "timestamp": Shape(kind="timestamp"),
    **dict.fromkeys(("string", "lowerAscii", "upperAscii", "substring", "trim", "replace", "join", "find"), _TEXT),
    **dict.fromkeys(("charAt", "format", "strings.quote", "getScheme", "getHost", "getHostname", "getPort"), _TEXT),
    **dict.fromkeys(("getEscapedPath", "reason", "error", "jsonpatch.escapeKey"), _TEXT),
    **dict.fromkeys(("split", "findAll"), _TEXTS),
    "ip": Shape(kind="ip"),
    **dict.fromkeys(("cidr", "masked"), Shape(kind="cidr")),
    **dict.fromkeys(("quantity", "add", "sub"), Shape(kind="quantity")),
    "semver": Shape(kind="semver"),
    "url": Shape(kind="url"),
    "getQuery": Shape(kind="map", key=_TEXT, item=_TEXTS),
    "format.named": Shape(kind="optional", item=Shape(kind="format")),
    "validate": Shape(kind="optional", item=_TEXTS),
    "lists.range": Shape(kind="list", item=_WHOLE),
}
_ITS_OWN = ("slice", "reverse", "distinct", "sort", "@sortByAssociatedKeys")


def call_type(function: str, target: Part | None, arguments: Sequence[Part]) -> Shape:
    """The type of a call's value; ``dyn`` where it may be any.

    Args:
        function: its name, or the operator's (``_+_``).
        target: what it is called on, of a member function.
        arguments: the others.
    """
    if function in _BY_NAME:
        return _BY_NAME[function]
    if function.startswith("format."):
        return Shape(kind="format")
    inner = target.type.item if target else None
    if target is not None and function in _ITS_OWN:
        return target.type
    if function in ("first", "last"):
        return Shape(kind="optional", item=inner or ANYTHING)
    if function in ("max", "min", "sum", "value", "orValue", "flatten"):
        return inner or (arguments[0].type if arguments else ANYTHING)
    if function in ("optional.of", "optional.ofNonZeroValue"):
        return Shape(kind="optional", item=arguments[0].type)
    if function in ("_+_", "_-_", "_*_", "_/_", "_%_", "-_"):
        return bare_type([part.type for part in arguments])
    if function == "_[_]":
        return arguments[0].type.item or ANYTHING
    if function == "_?._":
        return Shape(kind="optional", item=_field(arguments[0].type, arguments[1].literal))
    if function == "_[?_]":
        return Shape(kind="optional", item=arguments[0].type.item or ANYTHING)
    return ANYTHING


def _field(shape: Shape, name: str) -> Shape:
    if shape.kind == "optional" and shape.item is not None:
        shape = shape.item
    return (shape.item if shape.kind == "map" else shape.fields.get(name)) or ANYTHING


def _says_little(shape: Shape) -> bool:
    """An empty list that others are added to says nothing of its items."""
    return shape.kind == "list" and (shape.item is None or shape.item.kind == "dyn")


def bare_type(shapes: Sequence[Shape]) -> Shape:
    """The type of what is worked out from values of these, which are alike: that of the one that says most."""
    known = sorted((shape for shape in shapes if shape.kind != "dyn"), key=_says_little)
    return Shape(kind=known[0].kind, key=known[0].key, item=known[0].item) if known else ANYTHING


def either_type(one: Shape, other: Shape) -> Shape:
    """The type of what is one or the other."""
    if one.kind == other.kind:
        return one if one.item is not None else other
    return ANYTHING
