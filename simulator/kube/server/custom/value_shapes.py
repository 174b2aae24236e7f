"""How large a value of a schema can be: what the estimate of a rule's cost starts from.

What a schema does not limit is limited by the largest request, so a text without ``maxLength`` has three million letters
and a list without ``maxItems`` as many items as fit. Source: the declared types of ``k8s.io/apiserver/pkg/cel/common``.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from simulator.kube.server.custom.rule_fields import RESERVED, escaped

Json = dict[str, Any]

LARGEST_REQUEST_BYTES = 3 * 1024 * 1024
_BYTES_OF_A_LETTER = 4
# Of each format of text: its kind, how many letters it has at most, and how many bytes at least.
_TIMES = {"duration": ("duration", 32, 3), "date": ("timestamp", 12, 12), "date-time": ("timestamp", 32, 21)}
_NUMBERS = {"boolean": ("bool", 4), "number": ("double", 1), "integer": ("int", 1)}
_TEXT: Json = {"type": "string"}
_ALWAYS_THERE: Json = {
    "kind": _TEXT,
    "apiVersion": _TEXT,
    "metadata": {"type": "object", "properties": {"name": _TEXT, "generateName": _TEXT}},
}


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a value before it is there.

    Attributes:
        kind: ``string``, ``bytes``, ``bool``, ``int``, ``double``, ``duration``, ``timestamp``, ``list``, ``map``,
            ``object``, ``optional``, or ``dyn`` where it can be any of them.
        most: how many letters, items or entries it has at most.
        least_bytes: as how many bytes of JSON it is written at least.
        key: of the keys of a map.
        item: of the items of a list, the values of a map, what an optional value may hold.
        fields: of an object, by their names in rules.
    """

    kind: str
    most: int = 0
    least_bytes: int = 2
    key: "Shape | None" = None
    item: "Shape | None" = None
    fields: "Mapping[str, Shape]" = msgspec.field(default_factory=dict)


ANYTHING = Shape(kind="dyn", least_bytes=1)
_KEY = Shape(kind="string")


def shape_of(schema: Json, *, root: bool = False) -> Shape | None:
    """The shape of a schema's values; ``None``: rules cannot see them.

    Args:
        schema: of a structural schema.
        root: it is the schema of a whole resource.
    """
    kind, longest = schema.get("type") or "", schema.get("maxLength")
    if schema.get("x-kubernetes-int-or-string"):
        most = LARGEST_REQUEST_BYTES - 2 if longest is None else max(0, longest) * _BYTES_OF_A_LETTER
        return Shape(kind="dyn", most=most, least_bytes=1)
    if kind == "array":
        return _list(schema)
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return _map(schema)
    if kind == "object":
        return _object(schema, root=root)
    if kind == "string":
        return _text(schema, longest)
    if kind in _NUMBERS:
        name, least = _NUMBERS[kind]
        return Shape(kind=name, least_bytes=least)
    return None


def _child(schema: Any) -> Shape | None:
    return shape_of(schema, root=bool(schema.get("x-kubernetes-embedded-resource"))) if schema else None


def _list(schema: Json) -> Shape | None:
    item = _child(schema.get("items"))
    if item is None:
        return None
    most = schema.get("maxItems")
    fitting = (LARGEST_REQUEST_BYTES - 2) // (item.least_bytes + 1)
    return Shape(kind="list", most=fitting if most is None else max(0, most), item=item)


def _map(schema: Json) -> Shape | None:
    value = _child(schema["additionalProperties"])
    if value is None:
        return None
    most = schema.get("maxProperties")
    fitting = (LARGEST_REQUEST_BYTES - 2) // (value.least_bytes + 6)
    return Shape(kind="map", most=fitting if most is None else max(0, most), key=_KEY, item=value)


def _object(schema: Json, *, root: bool) -> Shape:
    fields, needed, least = {}, schema.get("required") or (), 2
    properties = {**(schema.get("properties") or {}), **(_ALWAYS_THERE if root else {})}
    for name, child in properties.items():
        shape = _child(child)
        if shape is None:
            continue
        if called := escaped(name):
            fields[called] = shape
        if name in RESERVED:  # of which the parser takes some as they are
            fields[name] = shape
        if name in needed and child.get("default") is None:
            least += len(name) + shape.least_bytes + 4
    return Shape(kind="object", least_bytes=least, fields=fields)


def _text(schema: Json, longest: int | None) -> Shape:
    form = schema.get("format") or ""
    if form in _TIMES:
        kind, most, least = _TIMES[form]
        return Shape(kind=kind, most=most, least_bytes=least)
    if form == "byte":
        return Shape(kind="bytes", most=LARGEST_REQUEST_BYTES - 2 if longest is None else max(0, longest))
    if longest is not None:
        return Shape(kind="string", most=max(0, longest) * _BYTES_OF_A_LETTER)
    if schema.get("enum"):
        return Shape(kind="string", most=max(len(str(one).encode()) for one in schema["enum"]))
    return Shape(kind="string", most=LARGEST_REQUEST_BYTES - 2)


def children_of_each(schema: Json) -> int | None:
    """How many values a schema's place has for each of its children at most; ``None``: nothing limits them."""
    limit = {"array": "maxItems"}.get(schema.get("type") or "")
    if schema.get("type") == "object" and schema.get("additionalProperties") is not None:
        limit = "maxProperties"
    if limit is None:
        return 1
    most = schema.get(limit)
    return None if most is None else max(0, most)
