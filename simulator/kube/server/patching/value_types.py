"""What a value is to those who merge it: a scalar, a list, a map, and who tells its elements apart.

Server-side apply and strategic merge patches need more than "an object": whether a list is merged, and by which keys.
The schema of a definition says it for custom resources (``schema_type``), a table for built-in kinds
(``builtin_types.py``). Where nobody says anything, a value is what it looks like (``DEDUCED``). Types are made when
they are first asked for, since some contain themselves.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
Form = Literal["string", "numeric", "boolean", "untyped", "list", "map", "deduced"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ValueType:
    """One place of an object.

    Attributes:
        form: of which form its values are.
        fields: the declared fields of a map, each made when asked for.
        others: what a map's other keys lead to; ``None``: it has no others.
        items: what a list's elements are.
        list_type: of a list: atomic, set or map.
        keys: of a list of type map: the fields that tell its elements apart.
        key_defaults: what a key is that an element does not name.
        atomic: of a map: it has one owner as a whole.
        strategies: what a strategic merge patch does here: merge, replace, retainKeys.
        merge_key: by which field a strategic merge patch merges the elements; empty: by value.
    """

    form: Form
    fields: Mapping[str, "Callable[[], ValueType]"] = field(default_factory=dict)
    others: "Callable[[], ValueType] | None" = None
    items: "Callable[[], ValueType] | None" = None
    list_type: str = "atomic"
    keys: tuple[str, ...] = ()
    key_defaults: Mapping[str, Any] = field(default_factory=dict)
    atomic: bool = False
    strategies: tuple[str, ...] = ()
    merge_key: str = ""

    def child(self, name: str) -> "ValueType | None":
        """The type of a map's member; ``None`` where it is not declared."""
        declared = self.fields.get(name)
        if declared is not None:
            return declared()
        return self.others() if self.others is not None else None

    def element(self) -> "ValueType":
        """The type of a list's elements."""
        return self.items() if self.items is not None else DEDUCED

    def seen_as(self, value: Any) -> "ValueType":
        """The type itself, or what the value looks like where no type is declared."""
        if self.form != "deduced":
            return self
        if isinstance(value, dict):
            return _DEDUCED_MAP
        return _DEDUCED_LIST if isinstance(value, list) else _UNTYPED


DEDUCED = ValueType(form="deduced")
_UNTYPED = ValueType(form="untyped")
_DEDUCED_LIST = ValueType(form="list", items=lambda: DEDUCED)
_DEDUCED_MAP = ValueType(form="map", others=lambda: DEDUCED)

_SCALARS: Mapping[str, Form] = {"string": "string", "integer": "numeric", "number": "numeric", "boolean": "boolean"}


def schema_type(schema: Json) -> ValueType:
    """The type that a structural schema declares."""
    if schema.get("x-kubernetes-int-or-string"):
        return _UNTYPED
    kind = schema.get("type", "")
    if kind in _SCALARS:
        return ValueType(form=_SCALARS[kind])
    if kind == "array":
        return _list_type(schema)
    if kind == "object" or schema.get("properties"):
        return _map_type(schema)
    return DEDUCED


def _later(schema: Json) -> Callable[[], ValueType]:
    made: list[ValueType] = []

    def give() -> ValueType:
        if not made:
            made.append(schema_type(schema))
        return made[0]

    return give


def _list_type(schema: Json) -> ValueType:
    items = schema.get("items") or {}
    keys = tuple(schema.get("x-kubernetes-list-map-keys") or ())
    properties = items.get("properties") or {}
    return ValueType(
        form="list",
        items=_later(items),
        list_type=schema.get("x-kubernetes-list-type", "atomic"),
        keys=keys,
        key_defaults={key: properties[key]["default"] for key in keys if "default" in properties.get(key, {})},
    )


def _map_type(schema: Json) -> ValueType:
    additional = schema.get("additionalProperties")
    others = _later(additional) if isinstance(additional, dict) else None
    if schema.get("x-kubernetes-preserve-unknown-fields") or additional is True:
        others = lambda: DEDUCED  # noqa: E731  a value like the others
    fields = {name: _later(child) for name, child in (schema.get("properties") or {}).items()}
    if schema.get("x-kubernetes-embedded-resource"):
        text: Json = {"type": "string"}
        fields |= {"apiVersion": _later(text), "kind": _later(text), "metadata": lambda: DEDUCED}
    return ValueType(form="map", fields=fields, others=others, atomic=schema.get("x-kubernetes-map-type") == "atomic")
