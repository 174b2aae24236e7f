"""Whether a value fits a structural schema: yes or no, compiled once per definition.

A node of the schema becomes a closure that knows its keywords already, so that an object of a kind without odd
keywords costs one call per field. What is wrong with a value that does not fit is another, slower question
(``schema_faults.py``); the two agree on every value.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from simulator.kube.server.custom.formats import format_of
from simulator.kube.server.custom.schema_faults import (
    INT_OR_STRING,
    LIST_KEYS,
    LIST_TYPE,
    known_format,
    same_scalar,
    schema_faults,
)
from simulator.kube.server.custom.schema_types import check_format, type_of
from simulator.kube.server.field_errors import json_text

Json = dict[str, Any]
Fits = Callable[[Any], bool]


_TYPES: Mapping[str, Fits] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())
    ),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}
_COMBINING = ("allOf", "anyOf", "oneOf", "not")


def compile_fits(schema: Json) -> Fits:
    """What knows whether a value fits ``schema``."""
    kind = type_of(schema)
    if kind is None:
        return _compiled(schema)
    in_detail: list[Fits] = []

    def fits(value: Any) -> bool:
        try:
            msgspec.convert(value, kind, dec_hook=check_format)
        except msgspec.ValidationError:
            if not in_detail:  # which most schemas never need
                in_detail.append(_compiled(schema))
            return in_detail[0](value)
        return True

    return fits


def _compiled(schema: Json) -> Fits:
    if any(keyword in schema for keyword in _COMBINING):
        return lambda value: not schema_faults(schema, value)
    is_type = _type_test(schema)
    nullable = bool(schema.get("nullable"))
    kind = schema.get("type")
    tests = [*_choice_tests(schema)]
    if kind == "string":
        tests += _text_tests(schema)
    elif kind in ("integer", "number"):
        tests += _number_tests(schema)
    elif kind == "array":
        tests += _list_tests(schema)
    elif kind == "object":
        tests += _object_tests(schema)
    elif len(schema.keys() - {INT_OR_STRING, "x-kubernetes-preserve-unknown-fields"}) > 0:
        return lambda value: not schema_faults(schema, value)
    if len(tests) == 1 and not nullable and is_type is not None:
        (only,) = tests
        return lambda value: is_type(value) and only(value)

    def fits(value: Any) -> bool:
        if value is None and is_type is not None:
            return nullable and "enum" not in schema
        if is_type is not None and not is_type(value):
            return False
        return all(test(value) for test in tests) if tests else True

    return fits


def _type_test(schema: Json) -> Fits | None:
    if schema.get(INT_OR_STRING):
        return lambda value: isinstance(value, str) or _TYPES["integer"](value)
    return _TYPES.get(schema.get("type", ""))


def _choice_tests(schema: Json) -> list[Fits]:
    allowed = schema.get("enum")
    if not allowed:
        return []
    if all(isinstance(one, str) for one in allowed):
        known = frozenset(allowed)
        return [lambda value: value in known]
    return [lambda value: any(same_scalar(value, one) for one in allowed)]


def _text_tests(schema: Json) -> list[Fits]:
    tests: list[Fits] = []
    if "maxLength" in schema:
        most = schema["maxLength"]
        tests.append(lambda value: len(value) <= most)
    if "minLength" in schema:
        least = schema["minLength"]
        tests.append(lambda value: len(value) >= least)
    if schema.get("pattern"):
        search = re.compile(schema["pattern"]).search
        tests.append(lambda value: search(value) is not None)
    known = format_of(known_format(schema)) if known_format(schema) else None
    if known is not None:
        tests.append(known)
    return tests


def _number_tests(schema: Json) -> list[Fits]:
    """A number has at most a few limits; those of odd schemas are asked slowly."""
    if "multipleOf" in schema or schema.get("type") == "number" or schema.get("format") == "int32":
        return [lambda value: not schema_faults(schema, value)]
    tests: list[Fits] = [lambda value: -(1 << 63) <= value < 1 << 63]
    if "maximum" in schema:
        most = schema["maximum"] - (1 if schema.get("exclusiveMaximum") else 0)
        tests.append(lambda value: value <= most)
    if "minimum" in schema:
        least = schema["minimum"] + (1 if schema.get("exclusiveMinimum") else 0)
        tests.append(lambda value: value >= least)
    return tests


def _list_tests(schema: Json) -> list[Fits]:
    tests: list[Fits] = []
    if "maxItems" in schema:
        most = schema["maxItems"]
        tests.append(lambda value: len(value) <= most)
    if "minItems" in schema:
        least = schema["minItems"]
        tests.append(lambda value: len(value) >= least)
    items = schema.get("items")
    if isinstance(items, dict):
        inner = compile_fits(items)
        tests.append(lambda value: all(map(inner, value)))
    return tests


def _object_tests(schema: Json) -> list[Fits]:
    tests: list[Fits] = []
    if schema.get("required"):
        names = frozenset(schema["required"])
        tests.append(lambda value: names <= value.keys())
    if schema.get("properties"):
        tests.append(_properties_test({name: compile_fits(child) for name, child in schema["properties"].items()}))
    elif isinstance(schema.get("additionalProperties"), dict):
        inner = compile_fits(schema["additionalProperties"])
        tests.append(lambda value: all(map(inner, value.values())))
    if "maxProperties" in schema:
        most = schema["maxProperties"]
        tests.append(lambda value: len(value) <= most)
    if "minProperties" in schema:
        least = schema["minProperties"]
        tests.append(lambda value: len(value) >= least)
    return tests


def _properties_test(tests: Mapping[str, Fits]) -> Fits:
    find = tests.get

    def test(value: Any) -> bool:
        for name, item in value.items():
            fits = find(name)
            if fits is not None and not fits(item):
                return False
        return True

    return test


def compile_uniqueness(schema: Json) -> Fits | None:
    """What knows whether the sets and list maps in a value are free of doubles; ``None``: the schema has none."""
    tests: list[Fits] = []
    items = schema.get("items")
    if schema.get(LIST_TYPE) in ("set", "map"):
        tests.append(_unique_test(schema))
    if isinstance(items, dict) and (inner := compile_uniqueness(items)) is not None:
        each = inner
        tests.append(lambda value: all(map(each, value)))
    if tests:
        return lambda value: not isinstance(value, list) or all(test(value) for test in tests)
    below = {
        name: found
        for name, child in (schema.get("properties") or {}).items()
        if (found := compile_uniqueness(child)) is not None
    }
    if below:
        inside = _properties_test(below)
        return lambda value: not isinstance(value, dict) or inside(value)
    others = schema.get("additionalProperties")
    every = compile_uniqueness(others) if isinstance(others, dict) else None
    if every is None:
        return None
    return lambda value: not isinstance(value, dict) or all(map(every, value.values()))


def _unique_test(schema: Json) -> Fits:
    keys = schema.get(LIST_KEYS) or ()

    def test(value: Any) -> bool:
        if len(value) < 2:
            return True
        if keys:
            texts = [json_text({key: item[key] for key in keys if key in item}) for item in value]
        else:
            texts = [item if isinstance(item, str) else json_text(item) for item in value]
        return len(set(texts)) == len(texts)

    return test
