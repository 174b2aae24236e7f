"""What each keyword of a definition's schema may say, and with which others; rules are compiled here for their faults.

The faults of rules come after all others, and rules are only compiled in a schema that is structural.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from simulator.kube.server.custom.rule_budget import Budget
from simulator.kube.server.custom.rule_expressions import RulePlace, expression_faults
from simulator.kube.server.custom.rule_fields import steps_below
from simulator.kube.server.custom.value_shapes import ANYTHING, children_of_each, shape_of
from simulator.kube.server.field_errors import (
    forbidden_field,
    invalid_value,
    not_supported,
    required,
)
from simulator.kube.server.refusals import Cause

Json = dict[str, Any]

LIST_TYPE = "x-kubernetes-list-type"
LIST_KEYS = "x-kubernetes-list-map-keys"
MAP_TYPE = "x-kubernetes-map-type"
EMBEDDED = "x-kubernetes-embedded-resource"
RULES = "x-kubernetes-validations"
_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_UNSUPPORTED = ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref")


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a schema stands.

    Attributes:
        path: as causes name it.
        no_defaults: why defaults may not be set; empty: they may.
        in_metadata: inside of a resource's own type and metadata.
        uncorrelated: the place below which before and after cannot be told apart; empty: they can.
        rules: whether rules are compiled.
        root: it stands for a whole resource.
        times: how many values it can have; ``None``: nothing limits them.
    """

    path: str
    no_defaults: str = ""
    in_metadata: bool = False
    uncorrelated: str = ""
    rules: bool = True
    root: bool = False
    times: int | None = 1

    def below(self, step: str, **changes: Any) -> "_Place":
        return msgspec.structs.replace(self, path=f"{self.path}{step}", **changes)


class _Found(msgspec.Struct, kw_only=True):
    schema: list[Cause]
    rules: list[Cause]
    budget: Budget


def declaration_faults(schema: Json, path: str, *, rules: bool, known: bool) -> list[Cause]:
    """What is wrong with the keywords of a whole schema.

    Args:
        schema: the schema of one version.
        path: where it stands.
        rules: whether its rules can be compiled, as it is structural.
        known: it is the one that is stored.
    """
    found = _Found(schema=[], rules=[], budget=Budget(known=known))
    _walk(schema, _Place(path=path, rules=rules, root=True), found)
    return [*found.schema, *found.rules, *found.budget.faults(path)]


def _walk(schema: Json, place: _Place, found: _Found) -> None:
    before = len(found.schema)
    found.schema += _standard_faults(schema, place)
    for child, where in _children(schema, place):
        _walk(child, where, found)
    found.schema += [*_list_faults(schema, place.path), *_key_faults(schema, place.path)]
    rules = schema.get(RULES) or []
    for number, rule in enumerate(rules):
        found.schema += _rule_faults(rule, schema, f"{place.path}.{RULES}[{number}]")
    if rules and place.rules and len(found.schema) == before:
        shape = shape_of(schema, root=place.root or bool(schema.get(EMBEDDED))) or ANYTHING
        for number, rule in enumerate(rules):
            path = f"{place.path}.{RULES}[{number}]"
            found.rules += expression_faults(
                rule,
                schema,
                RulePlace(
                    path=path,
                    shape=shape,
                    times=place.times,
                    uncorrelated=place.uncorrelated,
                    budget=found.budget,
                ),
            )


def _standard_faults(schema: Json, place: _Place) -> Iterator[Cause]:
    path, kind = place.path, schema.get("type") or ""
    if kind and kind not in _TYPES:
        yield not_supported(f"{path}.type", kind, _TYPES)
    if schema.get("default") is not None and place.no_defaults:
        yield forbidden_field(f"{path}.default", f"must not be set {place.no_defaults}")
    for keyword in _UNSUPPORTED:
        if schema.get(keyword):
            yield forbidden_field(f"{path}.{keyword}", f"{keyword} is not supported")
    if kind == "null":
        yield forbidden_field(f"{path}.type", "type cannot be set to null, use nullable as an alternative")
    if isinstance(schema.get("items"), list):
        yield forbidden_field(f"{path}.items", "items must be a schema object and not an array")
    if place.in_metadata and schema.get(EMBEDDED):
        yield forbidden_field(f"{path}.{EMBEDDED}", "must not be used inside of resource meta")
    if schema.get("uniqueItems"):
        detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield forbidden_field(f"{path}.uniqueItems", detail)
    others = schema.get("additionalProperties")
    if schema.get("properties") and others is not None and others is not True:
        yield forbidden_field(
            f"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive"
        )


def _children(schema: Json, place: _Place) -> Iterator[tuple[Json, _Place]]:
    root, each = place.root, children_of_each(schema)
    times = None if place.times is None or each is None else place.times * each
    place = place.below("", root=False, times=times)
    if isinstance(schema.get("additionalProperties"), dict):
        why = "inside additionalProperties applying to object metadata" if place.in_metadata else place.no_defaults
        yield schema["additionalProperties"], place.below(".additionalProperties", no_defaults=why)
    for name, child in (schema.get("properties") or {}).items():
        changes: Json = {}
        if schema.get(MAP_TYPE) == "atomic":
            changes["uncorrelated"] = place.uncorrelated or place.path
        if (root or schema.get(EMBEDDED)) and name in ("metadata", "kind", "apiVersion"):
            changes["in_metadata"] = True
            if root:
                changes["no_defaults"] = f"in top-level {name}"
        yield child, place.below(f".properties[{name}]", **changes)
    if isinstance(schema.get("not"), dict):
        yield schema["not"], place.below(".not", rules=False)
    for keyword in ("allOf", "oneOf", "anyOf"):
        for number, child in enumerate(schema.get(keyword) or ()):
            yield child, place.below(f".{keyword}[{number}]", rules=False)
    if isinstance(schema.get("items"), dict):
        keyed = schema.get(LIST_TYPE) == "map"
        uncorrelated = place.uncorrelated or ("" if keyed else place.path)
        yield schema["items"], place.below(".items", uncorrelated=uncorrelated)


def _list_faults(schema: Json, path: str) -> Iterator[Cause]:
    kind, list_type, map_type = schema.get("type") or "", schema.get(LIST_TYPE), schema.get(MAP_TYPE)
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        yield invalid_value(
            f"{path}.x-kubernetes-preserve-unknown-fields", value=False, detail="must be true or undefined"
        )
    for keyword, value, wanted, allowed in (
        (MAP_TYPE, map_type, "object", ("atomic", "granular")),
        (LIST_TYPE, list_type, "array", ("atomic", "set", "map")),
    ):
        if value is not None and kind != wanted:
            detail = f"must be {wanted} if {keyword} is specified"
            yield invalid_value(f"{path}.type", kind, detail) if kind else required(f"{path}.type", detail)
        if keyword == MAP_TYPE and value is not None and value not in allowed:
            yield not_supported(f"{path}.{keyword}", value, allowed)
    if list_type == "set" and isinstance(schema.get("items"), dict):
        yield from _set_faults(schema["items"], f"{path}.items")
    if list_type is not None and list_type not in ("atomic", "set", "map"):
        yield not_supported(f"{path}.{LIST_TYPE}", list_type, ("atomic", "set", "map"))


def _set_faults(items: Json, path: str) -> Iterator[Cause]:
    detail = f"must be atomic as item of a list with {LIST_TYPE}=set"
    if items.get("nullable"):
        yield forbidden_field(f"{path}.nullable", f"cannot be nullable when {LIST_TYPE} is set")
    if items.get("type") == "array" and items.get(LIST_TYPE) not in (None, "atomic"):
        yield invalid_value(f"{path}.{LIST_TYPE}", items.get(LIST_TYPE), detail)
    if items.get("type") == "object" and items.get(MAP_TYPE) != "atomic":
        yield invalid_value(f"{path}.{MAP_TYPE}", items.get(LIST_TYPE), detail)


def _key_faults(schema: Json, path: str) -> Iterator[Cause]:
    list_type, keys, items = schema.get(LIST_TYPE), schema.get(LIST_KEYS) or [], schema.get("items")
    if keys and list_type != "map":
        detail = f"must be map if {LIST_KEYS} is non-empty"
        where = f"{path}.{LIST_TYPE}"
        yield required(where, detail) if list_type is None else invalid_value(where, list_type, detail)
    if list_type != "map":
        return
    if not keys:
        yield required(f"{path}.{LIST_KEYS}", f"must not be empty if {LIST_TYPE} is map")
    if not isinstance(items, dict):
        yield required(f"{path}.items", f"must have a schema if {LIST_TYPE} is map")
        return
    if items.get("type") != "object":
        detail = f"must be object if parent array's {LIST_TYPE} is map"
        yield invalid_value(f"{path}.items.type", items.get("type") or "", detail)
        return
    yield from _named_key_faults(items, keys, path)
    if items.get("nullable"):
        yield forbidden_field(f"{path}.items.nullable", f"cannot be nullable when {LIST_TYPE} is map")
    needed = items.get("required") or ()
    for key in keys:
        child = (items.get("properties") or {}).get(key)
        where = f"{path}.items.properties[{key}]"
        said = f"this property is in {LIST_KEYS}, so it"
        if child is not None and key not in needed and child.get("default") is None:
            yield required(f"{where}.default", f"{said} must have a default or be a required property")
        if child is not None and child.get("nullable"):
            yield forbidden_field(f"{where}.nullable", f"{said} cannot be nullable")


def _named_key_faults(items: Json, keys: list[str], path: str) -> Iterator[Cause]:
    properties: Mapping[str, Json] = items.get("properties") or {}
    for number, key in enumerate(keys):
        if key not in properties:
            yield invalid_value(f"{path}.{LIST_KEYS}", keys, "entries must all be names of item properties")
        elif properties[key].get("type") in ("array", "object"):
            detail = f"must be a scalar type if parent array's {LIST_TYPE} is map"
            yield invalid_value(f"{path}.items.properties[{key}].type", items.get("type"), detail)
        if key in keys[:number]:
            yield invalid_value(f"{path}.{LIST_KEYS}", keys, "must not contain duplicate entries")


def _rule_faults(rule: Json, schema: Json, path: str) -> Iterator[Cause]:
    text, message = rule.get("rule") or "", rule.get("message") or ""
    if not text.strip():
        yield required(f"{path}.rule", "rule is not specified")
    elif message and not message.strip():
        yield invalid_value(f"{path}.message", message, "must be non-empty if specified")
    elif _has_lines(message.strip()):
        yield invalid_value(f"{path}.message", message, "must not contain line breaks")
    elif _has_lines(text.strip()) and not message.strip():
        yield required(f"{path}.message", "message must be specified if rule contains line breaks")
    if rule.get("messageExpression") and not rule["messageExpression"].strip():
        yield required(f"{path}.messageExpression", "messageExpression must be non-empty if specified")
    if rule.get("reason") is not None and rule["reason"] not in _REASONS:
        yield not_supported(f"{path}.reason", rule["reason"], _REASONS)
    field_path = rule.get("fieldPath") or ""
    if not field_path:
        return
    where = f"{path}.fieldPath"
    if not field_path.strip():
        yield invalid_value(where, field_path, "must be non-empty if specified")
    if _has_lines(field_path):
        yield invalid_value(where, field_path, "must not contain line breaks")
    try:
        steps_below(field_path, schema)
    except ValueError:
        yield invalid_value(where, field_path, "must be a valid path")


def _has_lines(text: str) -> bool:
    return "\n" in text or "\r" in text
