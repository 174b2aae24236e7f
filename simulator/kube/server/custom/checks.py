"""The check of one version of a custom resource: schema, replica counts, doubles, resources inside, rules.

They are asked in the order of the real server: rules last, and only if no fault of the schema makes them meaningless.
A value that an update leaves as it was is not held against what its schema has become; what rules say of such a value
goes to whoever asks as a warning.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.kube.server.custom.rules import compile_rules, rule_causes
from simulator.kube.server.custom.schema import compile_fits, compile_uniqueness
from simulator.kube.server.custom.schema_faults import ABSENT, schema_faults
from simulator.kube.server.custom.value_invariants import doubles, embedded_faults, has_embedded
from simulator.kube.server.field_errors import NOWHERE, invalid_value
from simulator.kube.server.refusals import Cause
from simulator.kube.server.registry import Check

Json = dict[str, Any]
# What every object has; its schema is not the definition's to say.
ROOT_FIELDS = ("apiVersion", "kind", "metadata")
_BLOCKING = frozenset(f"FieldValue{kind}" for kind in ("TypeInvalid", "Required", "NotSupported", "TooLong", "TooMany"))
_REPLICAS_MOST = (1 << 31) - 1


def compile_custom_check(schema: Json, subresources: Mapping[str, Any], *, trusted: bool) -> Check:
    """What finds the faults of an object of a custom kind.

    Args:
        schema: a structural schema.
        subresources: as the version declares them.
        trusted: the definition has never changed, so that every stored object was accepted under this schema.
    """
    properties = {name: child for name, child in (schema.get("properties") or {}).items() if name not in ROOT_FIELDS}
    schema = {**schema, "properties": properties}
    fits, unique = compile_fits(schema), compile_uniqueness(schema)
    rules, has_status = compile_rules(schema), "status" in subresources
    scale = subresources.get("scale")
    embedded = has_embedded(schema)

    def checked(body: Json, before: Json | None) -> Sequence[Cause]:
        causes: list[Cause] = []
        of_status = has_status and before is not None and body.get("status") != before.get("status")
        if not fits(body):
            causes += _schema_causes(schema, body, before, of_status=of_status)
        if scale is not None:
            causes += _scale_causes(scale, body, of_status=of_status)
        if embedded and not of_status:
            causes += embedded_faults(schema, body)
        if unique is not None and not unique(body) and (before is None or unique(before)):
            causes += doubles(schema, body)
        if rules is None:
            return causes
        if any(cause.reason in _BLOCKING for cause in causes):
            return [*causes, _UNCHECKED]
        return [*causes, *rule_causes(rules, body, before, trusted=trusted)]

    return checked


_UNCHECKED = invalid_value(
    NOWHERE,
    None,
    "some validation rules were not checked because the object was invalid;"
    " correct the existing errors to complete validation",
)


def _schema_causes(schema: Json, body: Json, before: Json | None, *, of_status: bool) -> list[Cause]:
    if not of_status:
        return schema_faults(schema, body, ABSENT if before is None else before)
    status = schema["properties"].get("status")
    if status is None or "status" not in body:
        return []
    return schema_faults(status, body["status"], (before or {}).get("status", ABSENT), below="status")


def _scale_causes(scale: Json, body: Json, *, of_status: bool) -> list[Cause]:
    paths = [scale.get("statusReplicasPath", "")]
    if not of_status:
        paths.insert(0, scale.get("specReplicasPath", ""))
    return [cause for path in paths for cause in _replica_causes(path, body)]


def value_at(body: Json, path: str) -> Any:
    """The value at a path such as ``.spec.replicas``; ``None`` where there is none."""
    value: Any = body
    for step in path.removeprefix(".").split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _replica_causes(path: str, body: Json) -> list[Cause]:
    count = value_at(body, path)
    if not isinstance(count, int) or isinstance(count, bool) or 0 <= count <= _REPLICAS_MOST:
        return []
    detail = f"should be less than or equal to {_REPLICAS_MOST}" if count > 0 else "should be a non-negative integer"
    return [invalid_value(path, count, detail)]
