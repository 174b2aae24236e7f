"""Pruning and defaults of a structural schema, compiled once per definition into closures that change a body in place.

A node of the schema that asks for nothing becomes nothing, so that an object costs one call per object node.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from simulator.kube.server.metadata_members import METADATA_MEMBERS

Json = dict[str, Any]
Shape = Callable[[Any], None]

PRESERVE = "x-kubernetes-preserve-unknown-fields"
EMBEDDED = "x-kubernetes-embedded-resource"
_EMBEDDED_FIELDS = ("apiVersion", "kind", "metadata")
_METADATA = frozenset(METADATA_MEMBERS)


def compile_shape(schema: Json) -> Shape | None:
    """What prunes a value and fills in defaults, in place; ``None`` where there is nothing to do."""
    if "properties" in schema or schema.get("type") == "object":
        return _object_shape(schema)
    if "items" in schema:
        inner = compile_shape(schema["items"])
        if inner is not None:
            return _each(inner)
    return None


def _each(inner: Shape) -> Shape:
    def shape(value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                inner(item)

    return shape


def _object_shape(schema: Json) -> Shape | None:
    properties: Mapping[str, Json] = schema.get("properties") or {}
    additional = schema.get("additionalProperties")
    if additional and not properties:
        inner = compile_shape(additional) if isinstance(additional, dict) else None
        return None if inner is None else _each_value(inner)
    known = frozenset(properties) | (frozenset(_EMBEDDED_FIELDS) if schema.get(EMBEDDED) else frozenset())
    keeps_unknown = bool(schema.get(PRESERVE)) or bool(additional)
    children = [(name, inner) for name, child in properties.items() if (inner := compile_shape(child)) is not None]
    if schema.get(EMBEDDED):
        children.append(("metadata", _shape_metadata))
    defaults = [
        (name, msgspec.json.encode(child["default"])) for name, child in properties.items() if "default" in child
    ]
    never_null = [name for name, child in properties.items() if child.get("type") and not child.get("nullable")]

    def shape(value: Any) -> None:
        if not isinstance(value, dict):
            return
        if not keeps_unknown and not known.issuperset(value):
            for name in [name for name in value if name not in known]:
                del value[name]
        if None in value.values():
            for name in [name for name in never_null if name in value and value[name] is None]:
                del value[name]
        for name, default in defaults:
            if name not in value:
                value[name] = msgspec.json.decode(default)
        for name, inner in children:
            if name in value:
                inner(value[name])

    return shape


def _shape_metadata(metadata: Any) -> None:
    if isinstance(metadata, dict):
        for name in metadata.keys() - _METADATA:
            del metadata[name]


def _each_value(inner: Shape) -> Shape:
    def shape(value: Any) -> None:
        if isinstance(value, dict):
            for item in value.values():
                inner(item)

    return shape
