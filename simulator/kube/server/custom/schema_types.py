"""The type that says the same as a structural schema, for a decoder that checks a whole value in one call.

Nearly every value that is written fits, and that is all that this finds out: what is not of the type, or has a keyword
for which there is no type, is looked at by ``schema.py``.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, Literal

import msgspec

from simulator.kube.server.custom.formats import format_of
from simulator.kube.server.custom.schema_faults import known_format

Json = dict[str, Any]

# Keywords that say nothing about whether a value fits.
_SILENT = frozenset(
    {
        *("type", "description", "title", "default", "example", "externalDocs", "nullable", "format"),
        *("x-kubernetes-validations", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type"),
        *("x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"),
    }
)
_SPOKEN: Mapping[str, frozenset[str]] = {
    "string": frozenset({"minLength", "maxLength", "pattern", "enum"}),
    "integer": frozenset({"minimum", "maximum"}),
    "boolean": frozenset(),
    "array": frozenset({"items", "minItems", "maxItems"}),
    "object": frozenset({"properties", "additionalProperties", "required", "minProperties", "maxProperties"}),
}
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1


def type_of(schema: Json) -> Any:
    """The type of the values that fit ``schema``; ``None`` where there is none."""
    kind = schema.get("type", "")
    if kind not in _SPOKEN or not schema.keys() <= _SILENT | _SPOKEN[kind] or schema.get("format") == "int32":
        return None
    found = _MAKERS[kind](schema)
    return found | None if found is not None and schema.get("nullable") and "enum" not in schema else found


class _Formatted:
    """A text of a format that no decoder knows."""

    has_form: Callable[[Any], bool]


@cache
def _formatted(name: str) -> type[_Formatted]:
    has_form: Any = format_of(name)
    return type("Formatted", (_Formatted,), {"has_form": staticmethod(has_form)})


def check_format(kind: Any, value: Any) -> Any:
    """What a decoder asks about a text of a format.

    Raises:
        ValueError: it is none.
    """
    if not (isinstance(value, str) and kind.has_form(value)):
        raise ValueError
    return kind()


def _text(schema: Json) -> Any:
    allowed, form = schema.get("enum"), known_format(schema)
    limited = not schema.keys().isdisjoint(("minLength", "maxLength", "pattern"))
    if allowed:
        plain = all(isinstance(one, str) for one in allowed) and not limited and not form
        return Literal[tuple(allowed)] if plain else None
    if form:
        return None if limited else _formatted(form)
    return _limited(
        str,
        min_length=schema.get("minLength"),
        max_length=schema.get("maxLength"),
        pattern=schema.get("pattern") or None,
    )


def _integer(schema: Json) -> Any:
    least, most = schema.get("minimum", _LEAST), schema.get("maximum", _MOST)
    if not (isinstance(least, int) and isinstance(most, int) and least >= _LEAST and most <= _MOST):
        return None
    return _limited(int, ge=least, le=most)


def _list(schema: Json) -> Any:
    items = schema.get("items")
    inner = type_of(items) if isinstance(items, dict) else Any
    if inner is None:
        return None
    return _limited(list[inner], min_length=schema.get("minItems"), max_length=schema.get("maxItems"))  # type: ignore[valid-type]


def _object(schema: Json) -> Any:
    properties, others = schema.get("properties"), schema.get("additionalProperties")
    least, most = schema.get("minProperties"), schema.get("maxProperties")
    if properties:
        return _struct(properties, schema.get("required") or ()) if least is None and most is None else None
    if schema.get("required"):
        return None
    inner = type_of(others) if isinstance(others, dict) else Any
    return None if inner is None else _limited(dict[str, inner], min_length=least, max_length=most)  # type: ignore[valid-type]


def _struct(properties: Mapping[str, Json], required: Any) -> Any:
    """The fields are numbered, as names of JSON need not be names of Python."""
    names = {f"f{number}": name for number, name in enumerate({**properties, **dict.fromkeys(required)})}
    if any(character in '"\\' or not character.isprintable() for name in names.values() for character in name):
        return None
    fields: list[Any] = []
    for field, name in names.items():
        found = type_of(properties[name]) if name in properties else Any
        if found is None:
            return None
        fields.append((field, found) if name in required else (field, found, None))
    return msgspec.defstruct("Fitting", fields, rename=names, kw_only=True, gc=False)


def _limited(kind: Any, **limits: Any) -> Any:
    given = {name: limit for name, limit in limits.items() if limit is not None}
    return Annotated[kind, msgspec.Meta(**given)] if given else kind


_MAKERS = {
    "string": _text,
    "integer": _integer,
    "boolean": lambda _: bool,
    "array": _list,
    "object": _object,
}
