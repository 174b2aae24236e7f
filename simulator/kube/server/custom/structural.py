"""Whether a schema is structural: every value that it speaks of has exactly one place that says what type it is.

Below ``allOf``, ``anyOf``, ``oneOf`` and ``not`` a schema may only restrict values, and not say again what they are.
"""

import re
from collections.abc import Iterator
from typing import Any

from simulator.kube.server.field_errors import forbidden_field, invalid_value, required
from simulator.kube.server.refusals import Cause

Json = dict[str, Any]

INT_OR_STRING = "x-kubernetes-int-or-string"
PRESERVE = "x-kubernetes-preserve-unknown-fields"
EMBEDDED = "x-kubernetes-embedded-resource"
_EITHER = [{"type": "integer"}, {"type": "string"}]
_EMPTY_TYPE = {
    "root": "must not be empty at the root",
    "item": "must not be empty for specified array items",
    "field": "must not be empty for specified object fields",
}
# What may not stand below a combination, how that is said, and what of it counts as nothing.
_NOT_NESTED = (
    ("type", "must be empty to be structural"),
    ("additionalProperties", "must be undefined to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    (PRESERVE, "must be false to be structural"),
    (EMBEDDED, "must be false to be structural"),
    (INT_OR_STRING, "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
)


def structural_faults(schema: Json, place: str) -> list[Cause]:
    """What keeps the schema at ``place`` from being structural, sorted by what is said."""
    found = [*_invariants(schema, "root", place), *_completeness(schema, schema, place, place)]
    return sorted(found, key=lambda cause: f"{cause.field}: {cause.message}")


def _invariants(schema: Json, level: str, place: str) -> Iterator[Cause]:
    kind = schema.get("type") or ""
    items, others = schema.get("items"), schema.get("additionalProperties")
    properties = schema.get("properties") or {}
    if kind == "array" and items is None:
        yield required(f"{place}.items", "must be specified")
    if isinstance(items, dict):
        yield from _invariants(items, "item", f"{place}.items")
    for name, child in properties.items():
        yield from _invariants(child, "field", f"{place}.properties[{name}]")
    if others is not None and level == "root":
        yield forbidden_field(f"{place}.additionalProperties", "must not be used at the root")
    if isinstance(others, dict):
        yield from _invariants(others, "field", f"{place}.additionalProperties")
    for keyword in (PRESERVE, EMBEDDED):
        if schema.get(INT_OR_STRING) and schema.get(keyword):
            yield invalid_value(f"{place}.{keyword}", value=True, detail=f"must be false if {INT_OR_STRING} is true")
    yield from _restrictions(schema, place, rules=False)
    yield from _type_faults(schema, kind, level, place)
    if level == "root" or schema.get(EMBEDDED):
        yield from _meta_faults(properties, place)
    if "metadata" in properties and level == "root":
        yield from _metadata_faults(properties["metadata"], f"{place}.properties[metadata]")
    if schema.get(EMBEDDED) and not schema.get(PRESERVE) and not properties:
        detail = f"must not be empty if {EMBEDDED} is true without {PRESERVE}"
        yield required(f"{place}.properties", detail)


def _type_faults(schema: Json, kind: str, level: str, place: str) -> Iterator[Cause]:
    where = f"{place}.type"
    if schema.get(EMBEDDED) and kind != "object":
        detail = f"must be object if {EMBEDDED} is true"
        yield invalid_value(where, kind, detail) if kind else required(where, detail)
    elif not kind and not schema.get(INT_OR_STRING) and not schema.get(PRESERVE):
        yield required(where, _EMPTY_TYPE[level])
    if schema.get(EMBEDDED) and schema.get("additionalProperties") is not None:
        yield forbidden_field(f"{place}.additionalProperties", f"must not be used if {EMBEDDED} is set")
    if level == "root" and kind and kind != "object":
        yield invalid_value(where, kind, "must be object at the root")


def _meta_faults(properties: Json, place: str) -> Iterator[Cause]:
    for name, wanted in (("kind", "string"), ("apiVersion", "string"), ("metadata", "object")):
        kind = (properties.get(name) or {}).get("type") or ""
        if name in properties and kind != wanted:
            yield invalid_value(f"{place}.properties[{name}].type", kind, f"must be {wanted}")


def _metadata_faults(schema: Json, place: str) -> Iterator[Cause]:
    rest = {name: value for name, value in schema.items() if name not in ("type", "default", "description")}
    if set(rest.get("properties") or {}) <= {"name", "generateName"}:
        rest.pop("properties", None)
    if rest:
        detail = "must not specify anything other than name and generateName, but metadata is implicitly specified"
        yield forbidden_field(place, detail)


def _restrictions(schema: Json, place: str, *, rules: bool) -> Iterator[Cause]:
    """What a schema, structural or below a combination, says of values beyond their type."""
    if schema.get("anyOf") != _EITHER:
        for number, one in enumerate(schema.get("anyOf") or ()):
            yield from _nested(one, f"{place}.anyOf[{number}]", rules=False)
    for number, one in enumerate(schema.get("allOf") or ()):
        if number == 0 and one.get("anyOf") == _EITHER:
            one = {name: value for name, value in one.items() if name != "anyOf"}  # noqa: PLW2901  the rest of it
        yield from _nested(one, f"{place}.allOf[{number}]", rules=rules)
    for number, one in enumerate(schema.get("oneOf") or ()):
        yield from _nested(one, f"{place}.oneOf[{number}]", rules=False)
    if isinstance(schema.get("not"), dict):
        yield from _nested(schema["not"], f"{place}.not", rules=False)
    if schema.get("pattern"):
        try:
            re.compile(schema["pattern"])
        except re.error as error:
            said = _pattern_fault(schema["pattern"], error)
            detail = f"must be a valid regular expression, but isn't: error parsing regexp: {said}"
            yield invalid_value(f"{place}.pattern", schema["pattern"], detail)


def _pattern_fault(pattern: str, error: re.error) -> str:
    """What Go says about the commonest faults of patterns; other faults keep Python's words."""
    words = {
        "missing ), unterminated subpattern": "missing closing )",
        "unbalanced parenthesis": "unexpected )",
        "unterminated character set": "missing closing ]",
        "nothing to repeat": "missing argument to repetition operator",
    }
    return f"{words.get(error.msg, error.msg)}: `{pattern}`"


def _nested(schema: Json, place: str, *, rules: bool) -> Iterator[Cause]:
    yield from _restrictions(schema, place, rules=rules)
    if isinstance(schema.get("items"), dict):
        yield from _nested(schema["items"], f"{place}.items", rules=rules)
    for name, child in (schema.get("properties") or {}).items():
        yield from _nested(child, f"{place}.properties[{name}]", rules=rules)
    for keyword, detail in _NOT_NESTED:
        if schema.get(keyword) not in (None, "", False, []):
            yield forbidden_field(f"{place}.{keyword}", detail)
    if schema.get("x-kubernetes-validations") and not rules:
        yield forbidden_field(f"{place}.x-kubernetes-validations", "must be empty to be structural")
    if "metadata" in (schema.get("properties") or {}):
        yield forbidden_field(f"{place}.properties[metadata]", "must not be specified in a nested context")


def _completeness(rule: Json, schema: Json | None, place: str, said_at: str) -> Iterator[Cause]:
    """Whether what combinations at the root speak of is there."""
    parts = [(f"{said_at}.not", rule["not"])] if isinstance(rule.get("not"), dict) else []
    for keyword in ("allOf", "anyOf", "oneOf"):
        parts += [(f"{said_at}.{keyword}[{number}]", one) for number, one in enumerate(rule.get(keyword) or ())]
    for where, one in parts:
        yield from _nested_completeness(one, schema, place, where)


def _nested_completeness(rule: Json, schema: Json | None, place: str, said_at: str) -> Iterator[Cause]:
    if schema is None:
        yield required(place, f"because it is defined in {said_at}")
        return
    yield from _completeness(rule, schema, place, said_at)
    if isinstance(rule.get("items"), dict):
        yield from _nested_completeness(rule["items"], schema.get("items"), f"{place}.items", f"{said_at}.items")
    known = schema.get("properties") or {}
    for name, child in (rule.get("properties") or {}).items():
        where = f"{said_at}.properties[{name}]"
        yield from _nested_completeness(child, known.get(name), f"{place}.properties[{name}]", where)
