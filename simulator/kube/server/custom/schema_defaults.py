"""Whether the defaults of a schema are values that it would take."""

from collections.abc import Iterator
from typing import Any

from simulator.kube.api import copy_of
from simulator.kube.server.custom.rules import BadRule, compile_rules, value_causes
from simulator.kube.server.custom.schema_faults import schema_faults
from simulator.kube.server.custom.shaping import compile_shape
from simulator.kube.server.custom.value_invariants import embedded_faults
from simulator.kube.server.field_errors import invalid_value
from simulator.kube.server.refusals import Cause

Json = dict[str, Any]


def default_faults(schema: Json, place: str) -> Iterator[Cause]:
    """What is wrong with the defaults in the schema at ``place``. Below additionalProperties there are none."""
    default = schema.get("default")
    if default is not None:
        yield from _one(schema, default, f"{place}.default")
    if isinstance(schema.get("items"), dict):
        yield from default_faults(schema["items"], f"{place}.items")
    for name, child in (schema.get("properties") or {}).items():
        yield from default_faults(child, f"{place}.properties[{name}]")


def _one(schema: Json, default: Any, place: str) -> Iterator[Cause]:
    pruned, shape = copy_of(default), compile_shape(_without_defaults(schema))
    if shape is not None:
        shape(pruned)
    if pruned != default:
        yield invalid_value(place, default, "must not have unknown fields")
    found = list(embedded_faults(schema, default, place)) or [
        Cause(field=_at(place, cause.field), message=cause.message, reason=cause.reason)
        for cause in schema_faults(schema, default)
    ]
    yield from found
    if found:
        return
    try:
        rules = compile_rules(schema)
    except BadRule:
        return
    if rules is not None:
        yield from value_causes(rules, default, place)


def _at(place: str, field: str) -> str:
    return place if field == "<nil>" else f"{place}.{field}"


def _without_defaults(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_defaults(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: _without_defaults(value) for name, value in schema.items() if name != "default"}
