"""What is wrong with a value by its schema, in the order and the words of the real server.

``schema.py`` knows quickly whether anything is; this is asked only when it is. It goes through the schema as the real
validator does: type, combinations, text, format, number, list, choice, object; of alternatives it reports the one that
matched most. In an update a fault is dropped where the value is as it was before (``old``), as far as before and after
can be told apart.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simulator.kube.server.custom.formats import format_of
from simulator.kube.server.field_errors import (
    NOWHERE,
    invalid_type,
    invalid_value,
    json_text,
    not_supported,
    number_text,
    quoted,
    required,
    too_long,
    too_many,
)
from simulator.kube.server.refusals import Cause

Json = dict[str, Any]
ABSENT: Any = object()

INT_OR_STRING = "x-kubernetes-int-or-string"
LIST_TYPE = "x-kubernetes-list-type"
LIST_KEYS = "x-kubernetes-list-map-keys"
MAP_TYPE = "x-kubernetes-map-type"
_TINY = 1e-9  # how far from a whole number a quotient may be, as floats go
_BITS = {"int32": 31, "int64": 63}


class _Result:
    """The faults of one value, each told once, and how much of the schema it has passed through."""

    def __init__(self) -> None:
        self.causes: dict[str, Cause] = {}
        self.matches = 0

    def add(self, text: str, cause: Cause) -> None:
        self.causes.setdefault(text, cause)

    def nowhere(self, text: str) -> None:
        self.add(text, invalid_value(NOWHERE, "", text))

    def merge(self, other: "_Result") -> None:
        for text, cause in other.causes.items():
            self.causes.setdefault(text, cause)
        self.matches += other.matches


def schema_faults(schema: Json, value: Any, old: Any = ABSENT, *, below: str = "") -> list[Cause]:
    """Everything that is wrong with ``value``.

    Args:
        schema: a structural schema.
        value: the new value.
        old: the value before, in an update.
        below: the field that the value stands in; messages do not name it.
    """
    causes = _ratcheted(schema, value, old, "").causes.values()
    if not below:
        return list(causes)
    return [
        Cause(
            field=below if cause.field == NOWHERE else f"{below}.{cause.field}",
            message=cause.message,
            reason=cause.reason,
        )
        for cause in causes
    ]


def _ratcheted(schema: Json, value: Any, old: Any, path: str) -> _Result:
    result = _validated(schema, value, old, path)
    if result.causes and old is not ABSENT and value == old:
        result.causes = {}
    return result


def _validated(schema: Json, value: Any, old: Any, path: str) -> _Result:
    result = _Result()
    if value is None:
        parts = [_typed(schema, value, path), _chosen(schema, value, path)]
    else:
        parts = [_typed(schema, value, path), _combined(schema, value, old, path)]
        if isinstance(value, str):
            parts += [_text(schema, value, path), _formatted(schema, value, path)]
        elif isinstance(value, int | float) and not isinstance(value, bool):
            parts.append(_number(schema, value, path))
        elif isinstance(value, list):
            parts.append(_list(schema, value, old, path))
        parts.append(_chosen(schema, value, path))
        if isinstance(value, dict):
            parts.append(_object(schema, value, old, path))
    for part in parts:
        result.merge(part)
        result.matches += 1
    result.matches += 1
    return result


def _field(path: str) -> str:
    return path.removeprefix(".") or NOWHERE


def kind_of(value: Any) -> tuple[str, str]:
    """JSON type and format of a value: ``integer`` and ``int64``."""
    if value is None:
        return "null", ""
    if isinstance(value, bool):
        return "boolean", ""
    for kind, name, form in (
        (str, "string", ""),
        (int, "integer", "int64"),
        (float, "number", "float64"),
        (list, "array", ""),
    ):
        if isinstance(value, kind):
            return name, form
    return "object", ""


def _types(schema: Json) -> tuple[str, ...]:
    if schema.get(INT_OR_STRING):
        return ("integer", "string")
    kind = schema.get("type")
    return (kind,) if kind else ()


def known_format(schema: Json) -> str:
    """The format, if the server checks it for the type."""
    name, types = schema.get("format") or "", _types(schema)
    if not name:
        return ""
    only = types[0] if len(types) == 1 else ""
    if only in ("", "string"):
        return name if format_of(name) is not None else ""
    allowed = {"integer": ("int32", "int64"), "number": ("float", "double")}.get(only, ())
    return name if name in allowed else ""


def _typed(schema: Json, value: Any, path: str) -> _Result:
    result = _Result()
    result.matches += 1
    types, form = _types(schema), known_format(schema)
    if not types and not form:
        return result
    kind, kind_form = kind_of(value)
    if value is None:
        if types and not schema.get("nullable"):
            return _wrong_type(path, ",".join(types), "null")
        return result
    number_fits = (kind == "number" and float(value).is_integer() and "integer" in types) or (
        kind == "integer" and "number" in types
    )
    fits = kind in types or number_fits
    if kind not in ("string", "array") and form and not (fits or kind_form == form):
        return _wrong_type(path, form, kind_form)
    if not {"number", "integer"} & set(types) and form and kind in ("string", "array"):
        return result
    return result if fits else _wrong_type(path, ",".join(types), kind)


def _wrong_type(path: str, wanted: str, found: str) -> _Result:
    result = _Result()
    text = f"{path} in body must be of type {wanted}: {quoted(found)}"
    result.add(text, invalid_type(_field(path), found, text))
    return result


def _combined(schema: Json, value: Any, old: Any, path: str) -> _Result:
    result = _Result()
    if any_of := schema.get("anyOf"):
        _any_of(result, [_validated(one, value, old, path) for one in any_of], path)
    if one_of := schema.get("oneOf"):
        _one_of(result, [_validated(one, value, old, path) for one in one_of], path)
    if all_of := schema.get("allOf"):
        parts = [_validated(one, value, old, path) for one in all_of]
        for part in parts:
            result.merge(part)
        valid = sum(not part.causes for part in parts)
        if valid != len(parts):
            nothing = "" if valid else ". None validated"
            result.nowhere(f"{quoted(path)} must validate all the schemas (allOf){nothing}")
    if "not" in schema and not _validated(schema["not"], value, old, path).causes:
        result.nowhere(f"{quoted(path)} must not validate the schema (not)")
    result.matches += 1
    return result


def _best(parts: Sequence[_Result]) -> _Result:
    best = parts[0]
    for part in parts[1:]:
        if part.matches > best.matches:
            best = part
    return best


def _any_of(result: _Result, parts: Sequence[_Result], path: str) -> None:
    for part in parts:
        if not part.causes:
            result.merge(part)
            return
    result.nowhere(f"{quoted(path)} must validate at least one schema (anyOf)")
    result.merge(_best(parts))


def _one_of(result: _Result, parts: Sequence[_Result], path: str) -> None:
    good = [part for part in parts if not part.causes]
    if len(good) == 1:
        result.merge(good[0])
        return
    found = f"Found {len(good)} valid alternatives" if good else "Found none valid"
    result.nowhere(f"{quoted(path)} must validate one and only one schema (oneOf). {found}")
    if not good:
        result.merge(_best(parts))


def _text(schema: Json, value: str, path: str) -> _Result:
    result = _Result()
    most, least, pattern = schema.get("maxLength"), schema.get("minLength"), schema.get("pattern")
    if most is not None and len(value) > most:
        text = f"{path} in body should be at most {most} chars long"
        result.add(text, too_long(_field(path), most))
    elif least is not None and len(value) < least:
        text = f"{path} in body should be at least {least} chars long"
        result.add(text, invalid_value(_field(path), value, text))
    elif pattern and re.search(pattern, value) is None:
        text = f"{path} in body should match '{pattern}'"
        result.add(text, invalid_value(_field(path), value, text))
    return result


def _formatted(schema: Json, value: str, path: str) -> _Result:
    form = known_format(schema)
    known = format_of(form) if form else None
    if known is None or known(value):
        return _Result()
    return _wrong_type(path, form, value)


def _range_fault(schema: Json, value: float, what: str, path: str) -> str:
    """A number that the type cannot hold."""
    if schema.get("type") != "integer" or schema.get(INT_OR_STRING):
        return ""
    form = known_format(schema)
    limit = 1 << _BITS.get(form, 63)
    if float(value).is_integer() and -limit <= int(value) < limit:
        return ""
    said = f"with format {form}" if form else "(default format)"
    return f"{what} value must be of type integer {said} in {path}"


def _number(schema: Json, value: float, path: str) -> _Result:
    result = _Result()
    result.matches += 1
    if fault := _range_fault(schema, value, "Checked", path):
        result.nowhere(fault)
    for keyword, name in (
        ("multipleOf", "MultipleOf"),
        ("minimum", "Minimum boundary"),
        ("maximum", "Maximum boundary"),
    ):
        limit = schema.get(keyword)
        if limit is None:
            continue
        if fault := _range_fault(schema, limit, name, path):
            result.nowhere(fault)
        elif isinstance(value, int):
            limit = int(limit)
        words = _limit_words(keyword, value, limit, schema)
        if words:
            text = f"{path} in body should be {words} {number_text(limit)}"
            result.add(text, invalid_value(_field(path), value, text))
    return result


def _limit_words(keyword: str, value: float, limit: float, schema: Json) -> str:
    """How a limit is broken; empty: it is not."""
    if keyword == "multipleOf":
        return "" if _is_multiple(value, limit) else "a multiple of"
    exclusive = bool(schema.get(f"exclusive{keyword.capitalize()}"))
    if keyword == "maximum":
        broken = value >= limit if exclusive else value > limit
        return ("less than" if exclusive else "less than or equal to") if broken else ""
    broken = value <= limit if exclusive else value < limit
    return ("greater than" if exclusive else "greater than or equal to") if broken else ""


def _is_multiple(value: float, step: float) -> bool:
    if isinstance(value, int) and isinstance(step, int):
        return value % step == 0
    times = 1 / step * value if step < 1 else value / step
    return abs(times - round(times)) < _TINY


def _list(schema: Json, value: list[Any], old: Any, path: str) -> _Result:
    result = _Result()
    result.matches += 1
    items = schema.get("items")
    if isinstance(items, dict):
        before = before_by_key(schema, old)
        for position, item in enumerate(value):
            earlier = before.get(key_of_item(schema, item), ABSENT) if before else ABSENT
            result.merge(_ratcheted(items, item, earlier, f"{path}[{position}]"))
    least, most = schema.get("minItems"), schema.get("maxItems")
    if least is not None and len(value) < least:
        text = f"{path} in body should have at least {least} items"
        result.add(text, invalid_value(_field(path), len(value), text))
    if most is not None and len(value) > most:
        text = f"{path} in body should have at most {most} items"
        result.add(text, too_many(_field(path), len(value), most))
    return result


def key_of_item(schema: Json, item: Any) -> str:
    """The key of an element of a list map, as text."""
    keys = schema.get(LIST_KEYS) or ()
    return json_text({key: item[key] for key in keys if key in item}) if isinstance(item, dict) else ""


def before_by_key(schema: Json, old: Any) -> Mapping[str, Any]:
    """The elements that a list map had before; empty where elements cannot be told apart."""
    if schema.get(LIST_TYPE) != "map" or not isinstance(old, list):
        return {}
    return {key_of_item(schema, item): item for item in old}


def _chosen(schema: Json, value: Any, path: str) -> _Result:
    result = _Result()
    allowed = schema.get("enum")
    if not allowed or any(value is not None and same_scalar(value, one) for one in allowed):
        return result
    text = f"{path} in body should be one of {allowed}"
    result.add(text, not_supported(_field(path), value, allowed))
    return result


def same_scalar(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same; Python alone takes ``1`` and ``true`` for equal."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _object(schema: Json, value: Json, old: Any, path: str) -> _Result:
    result = _Result()
    least, most = schema.get("minProperties"), schema.get("maxProperties")
    if least is not None and len(value) < least:
        text = f"{path} in body should have at least {least} properties"
        result.add(text, invalid_value(_field(path), len(value), text))
    if most is not None and len(value) > most:
        text = f"{path} in body should have at most {most} properties"
        result.add(text, too_many(_field(path), len(value), most))
    before = old if isinstance(old, dict) and schema.get(MAP_TYPE) != "atomic" else {}
    for name, child in _children(schema, value):
        where = f"{path}.{name}" if path else name
        result.merge(_ratcheted(child, value[name], before.get(name, ABSENT), where))
    for name in schema.get("required") or ():
        if name not in value:
            text = f"{path}.{name} in body is required"
            result.add(text, required(_field(f"{path}.{name}")))
    return result


def _children(schema: Json, value: Json) -> Iterator[tuple[str, Json]]:
    properties = schema.get("properties") or {}
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        yield from ((name, others) for name in value if name not in properties)
    yield from ((name, child) for name, child in properties.items() if name in value)
