"""What a structural schema says about values, compiled once per definition.

A node of the schema becomes a few closures that know their keywords already, so that an object of a kind without odd
keywords costs one call per field. Where a value is refused, the chain ``(parent, step)`` says where; it is turned into
text only then.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from simulator.kube.refusals import Cause

Json = dict[str, Any]
Path = tuple[Any, str | int] | None
Found = list[tuple[Path, str, str]]  # where, reason, message
Checker = Callable[[Any, Path, Found], None]

INT_OR_STRING = "x-kubernetes-int-or-string"
LIST_TYPE = "x-kubernetes-list-type"
LIST_KEYS = "x-kubernetes-list-map-keys"


def steps_of(path: Path) -> list[str | int]:
    """The steps of a path from the root."""
    steps: list[str | int] = []
    while path is not None:
        path, step = path[0], path[1]
        steps.append(step)
    steps.reverse()
    return steps


def text_of(path: Path) -> str:
    """``spec.ips[0]``."""
    text = ""
    for step in steps_of(path):
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}


def compile_check(schema: Json) -> Checker:
    """What finds the faults of a value."""
    tests = [
        *_string_tests(schema),
        *_number_tests(schema),
        *_array_tests(schema),
        *_object_tests(schema),
        *_combining_tests(schema),
    ]
    if "enum" in schema:
        tests.append(_enum_test(schema["enum"]))
    nullable = bool(schema.get("nullable"))
    is_type = _type_test(schema)
    expected = "an integer or a string" if schema.get(INT_OR_STRING) else f"of type {schema.get('type')}"

    def check(value: Any, path: Path, found: Found) -> None:
        if value is None and nullable:
            return
        if is_type is not None and not is_type(value):
            found.append((path, "FieldValueTypeInvalid", f"must be {expected}"))
            return
        for test in tests:
            test(value, path, found)

    return check


def _type_test(schema: Json) -> Callable[[Any], bool] | None:
    if schema.get(INT_OR_STRING):
        return lambda value: isinstance(value, str | int) and not isinstance(value, bool)
    return _TYPES.get(schema.get("type", ""))


def _enum_test(allowed: Sequence[Any]) -> Checker:
    shown = ", ".join(f'"{value}"' for value in allowed)

    def test(value: Any, path: Path, found: Found) -> None:
        if value not in allowed:
            found.append((path, "FieldValueNotSupported", f'Unsupported value: "{value}": supported values: {shown}'))

    return test


def _limit(limit: Any, breaks: Callable[[Any, Any], bool], message: str, reason: str = "FieldValueInvalid") -> Checker:
    def test(value: Any, path: Path, found: Found) -> None:
        if breaks(value, limit):
            found.append((path, reason, message))

    return test


def _length_test(most: int, message: str) -> Checker:
    """As ``_limit``; most texts have one, so it is spared a call."""

    def test(value: Any, path: Path, found: Found) -> None:
        if len(value) > most:
            found.append((path, "FieldValueTooLong", message))

    return test


def _string_tests(schema: Json) -> list[Checker]:
    tests: list[Checker] = []
    if "maxLength" in schema:
        most = schema["maxLength"]
        tests.append(_length_test(most, f"Too long: may not be more than {most} characters"))
    if "minLength" in schema:
        least = schema["minLength"]
        tests.append(_limit(least, lambda value, limit: len(value) < limit, f"should be at least {least} characters"))
    if "pattern" in schema:
        pattern = re.compile(schema["pattern"])
        message = f"should match {schema['pattern']!r}"
        tests.append(_limit(pattern, lambda value, limit: limit.search(value) is None, message))
    if schema.get("format") == "date-time":
        message = "must be a date-time of RFC 3339"
        tests.append(_limit(None, lambda value, _: not _is_time(value), message, "FieldValueTypeInvalid"))
    return tests


_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def _is_time(text: str) -> bool:
    if _TIME.fullmatch(text) is None:
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _number_tests(schema: Json) -> list[Checker]:
    tests: list[Checker] = []
    if "maximum" in schema:
        most = schema["maximum"]
        if schema.get("exclusiveMaximum"):
            tests.append(_limit(most, lambda value, limit: value >= limit, f"should be less than {most}"))
        else:
            tests.append(_limit(most, lambda value, limit: value > limit, f"should be at most {most}"))
    if "minimum" in schema:
        least = schema["minimum"]
        if schema.get("exclusiveMinimum"):
            tests.append(_limit(least, lambda value, limit: value <= limit, f"should be greater than {least}"))
        else:
            tests.append(_limit(least, lambda value, limit: value < limit, f"should be at least {least}"))
    if "multipleOf" in schema:
        step = schema["multipleOf"]
        tests.append(_limit(step, lambda value, limit: value % limit != 0, f"should be a multiple of {step}"))
    if schema.get("format") in ("int32", "int64"):
        bits = int(schema["format"][3:]) - 1
        message = f"must be a {schema['format']}"
        tests.append(_limit(1 << bits, lambda value, limit: not -limit <= value < limit, message))
    return tests


def _array_tests(schema: Json) -> list[Checker]:
    tests: list[Checker] = []
    if "maxItems" in schema:
        most = schema["maxItems"]
        message = f"must have at most {most} items"
        tests.append(_limit(most, lambda value, limit: len(value) > limit, message, "FieldValueTooMany"))
    if "minItems" in schema:
        least = schema["minItems"]
        tests.append(_limit(least, lambda value, limit: len(value) < limit, f"should have at least {least} items"))
    if "items" in schema and schema.get("type") == "array":
        tests.append(_items_test(compile_check(schema["items"])))
    if schema.get(LIST_TYPE) in ("set", "map"):
        keys = schema.get(LIST_KEYS) or []
        defaults = {key: _default_of(schema["items"], key) for key in keys}
        tests.append(_unique_test(defaults))
    return tests


def _default_of(schema: Json, key: str) -> Any:
    return ((schema.get("properties") or {}).get(key) or {}).get("default")


def _items_test(inner: Checker) -> Checker:
    def test(value: Any, path: Path, found: Found) -> None:
        for position, item in enumerate(value):
            inner(item, (path, position), found)

    return test


def _unique_test(keys: Mapping[str, Any]) -> Checker:
    def test(value: Any, path: Path, found: Found) -> None:
        seen: list[Any] = []
        for position, item in enumerate(value):
            key = [item.get(name, default) for name, default in keys.items()] if keys else item
            if key in seen:
                found.append(((path, position), "FieldValueDuplicate", f"Duplicate value: {key}"))
            seen.append(key)

    return test


def _object_tests(schema: Json) -> list[Checker]:
    tests: list[Checker] = []
    if schema.get("required"):
        tests.append(_required_test(schema["required"]))
    if schema.get("properties"):
        tests.append(_properties_test({name: compile_check(child) for name, child in schema["properties"].items()}))
    elif isinstance(schema.get("additionalProperties"), dict):
        tests.append(_values_test(compile_check(schema["additionalProperties"])))
    if "maxProperties" in schema:
        most = schema["maxProperties"]
        message = f"must have at most {most} properties"
        tests.append(_limit(most, lambda value, limit: len(value) > limit, message, "FieldValueTooMany"))
    if "minProperties" in schema:
        least = schema["minProperties"]
        message = f"should have at least {least} properties"
        tests.append(_limit(least, lambda value, limit: len(value) < limit, message))
    return tests


def _required_test(names: Sequence[str]) -> Checker:
    def test(value: Any, path: Path, found: Found) -> None:
        for name in names:
            if name not in value:
                found.append(((path, name), "FieldValueRequired", "Required value"))

    return test


def _properties_test(checks: Mapping[str, Checker]) -> Checker:
    def test(value: Any, path: Path, found: Found) -> None:
        for name, item in value.items():
            check = checks.get(name)
            if check is not None:
                check(item, (path, name), found)

    return test


def _values_test(inner: Checker) -> Checker:
    def test(value: Any, path: Path, found: Found) -> None:
        for name, item in value.items():
            inner(item, (path, name), found)

    return test


def _combining_tests(schema: Json) -> list[Checker]:
    tests: list[Checker] = []
    for keyword, message in (("allOf", "all of"), ("anyOf", "at least one of"), ("oneOf", "exactly one of")):
        if keyword in schema:
            tests.append(_combined(keyword, [compile_check(inner) for inner in schema[keyword]], message))
    if "not" in schema:
        tests.append(_combined("not", [compile_check(schema["not"])], "not match"))
    return tests


def _combined(keyword: str, inner: Sequence[Checker], message: str) -> Checker:
    wanted: Callable[[int], bool] = {
        "allOf": lambda passed: passed == len(inner),
        "anyOf": lambda passed: passed > 0,
        "oneOf": lambda passed: passed == 1,
        "not": lambda passed: passed == 0,
    }[keyword]

    def test(value: Any, path: Path, found: Found) -> None:
        passed = 0
        for check in inner:
            faults: Found = []
            check(value, None, faults)
            passed += not faults
        if not wanted(passed):
            found.append((path, "FieldValueInvalid", f"must satisfy {message} the schemas of {keyword}"))

    return test


def unchanged(path: Path, new: Any, old: Any) -> bool:
    """Whether what a fault is about is as it was before: then it is tolerated, for whoever edits something else.

    A missing field belongs to the object that misses it; an element of a list is not told from another one.
    """
    steps = steps_of(path)
    for position, step in enumerate(steps):
        if new == old:
            return True
        last = position == len(steps) - 1
        if isinstance(step, int) or not isinstance(new, dict) or not isinstance(old, dict):
            return False
        if last and step not in new:
            return False
        if step not in new or step not in old:
            return False
        new, old = new[step], old[step]
    return bool(new == old)


_BLOCKING = frozenset(f"FieldValue{kind}" for kind in ("TypeInvalid", "Required", "NotSupported", "TooLong", "TooMany"))


def rules_unchecked(causes: Sequence[Cause]) -> Cause | None:
    """What the server adds to faults that keep it from asking the rules."""
    if not any(cause.reason in _BLOCKING for cause in causes):
        return None
    return Cause(field="<nil>", message="some validation rules were not checked because the object was invalid")


def causes_of(found: Found, new: Any, old: Any) -> list[Cause]:
    """The faults that count: all of a new object, those of what has changed in an update."""
    return [
        Cause(field=text_of(path) or "<nil>", message=message, reason=reason)
        for path, reason, message in found
        if old is None or not unchanged(path, new, old)
    ]
