"""What holds for values of custom resources beyond their schema: no doubles in sets and list maps, and resources inside
resources that say what they are and have metadata of their own.
"""

from collections.abc import Iterator
from typing import Any

from simulator.kube.server.custom.schema_faults import LIST_KEYS, LIST_TYPE
from simulator.kube.server.field_errors import duplicate, invalid_value, json_text, required
from simulator.kube.server.metadata_rules import check_metadata
from simulator.kube.server.refusals import Cause
from simulator.kube.server.registry import Resource

Json = dict[str, Any]
EMBEDDED = "x-kubernetes-embedded-resource"
# Names of embedded resources are as loose as those of roles: any segment of a path.
_ANY = Resource(group="", version="", plural="", kind="Role", namespaced=True)


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def doubles(schema: Json, value: Any, path: str = "") -> Iterator[Cause]:
    """The second appearance of each element that a set or a list map has more than once."""
    if isinstance(value, list):
        if schema.get(LIST_TYPE) in ("set", "map"):
            yield from _doubled(schema, value, path)
        items = schema.get("items")
        if isinstance(items, dict):
            for position, item in enumerate(value):
                yield from doubles(items, item, f"{path}[{position}]")
    elif isinstance(value, dict):
        yield from _in_object(schema, value, path)


def _in_object(schema: Json, value: Json, path: str) -> Iterator[Cause]:
    properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
    for name, item in value.items():
        if name in properties:
            yield from doubles(properties[name], item, _below(path, name))
        elif isinstance(others, dict):
            yield from doubles(others, item, f"{path}[{name}]")


def _doubled(schema: Json, value: list[Any], path: str) -> Iterator[Cause]:
    keys = schema.get(LIST_KEYS) if schema.get(LIST_TYPE) == "map" else None
    seen: dict[str, int] = {}
    for position, item in enumerate(value):
        if keys and not isinstance(item, dict):
            if item is not None:
                yield invalid_value(f"{path}[{position}]", item, "must be an object for an array of list-type map")
            continue
        key = {name: item[name] for name in keys if name in item} if keys else item
        text = json_text(key)
        seen[text] = seen.get(text, 0) + 1
        if seen[text] == 2:
            yield duplicate(f"{path}[{position}]", key)


def has_embedded(schema: Json) -> bool:
    """Whether any resource inside resources is declared."""
    if schema.get(EMBEDDED):
        return True
    below = [*(schema.get("properties") or {}).values(), schema.get("items"), schema.get("additionalProperties")]
    return any(has_embedded(child) for child in below if isinstance(child, dict))


def embedded_faults(schema: Json, value: Any, path: str = "") -> Iterator[Cause]:
    """What is wrong with the resources inside a value, as far as every resource is alike."""
    if isinstance(value, list):
        items = schema.get("items")
        if isinstance(items, dict):
            for position, item in enumerate(value):
                yield from embedded_faults(items, item, f"{path}[{position}]")
        return
    if not isinstance(value, dict):
        return
    if schema.get(EMBEDDED):
        yield from _resource_faults(value, path)
    properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
    for name, item in value.items():
        if name in properties:
            yield from embedded_faults(properties[name], item, _below(path, name))
        elif isinstance(others, dict):
            yield from embedded_faults(others, item, f"{path}[{name}]")


def _resource_faults(value: Json, path: str) -> Iterator[Cause]:
    for name in ("apiVersion", "kind"):
        where = _below(path, name)
        if name not in value:
            yield required(where)
        elif not isinstance(value[name], str):
            yield invalid_value(where, value[name], "must be a string")
        elif not value[name]:
            yield invalid_value(where, "", "must not be empty")
    metadata = value.get("metadata")
    if isinstance(metadata, dict):
        named = {"metadata": {**metadata, "name": metadata.get("name") or "fakename"}}
        for cause in check_metadata(named, None, _ANY):
            yield Cause(field=_below(path, cause.field), message=cause.message, reason=cause.reason)
