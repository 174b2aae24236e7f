"""The types of the built-in kinds, derived from the models of the pinned client library when somebody first asks.

The models know every field of every kind and its type; how lists are merged stands in ``builtin_merging.py``. Loading
the models takes half a second, which the simulated worlds never spend: none of their requests needs a type.
"""

import re
from collections.abc import Callable
from functools import lru_cache, partial
from types import ModuleType
from typing import Any

from simulator.kube.server.patching.builtin_merging import ALWAYS_THERE, ATOMIC_MODELS, FIELDS, KEY_DEFAULTS
from simulator.kube.server.patching.value_types import DEDUCED, Form, ValueType, schema_type
from simulator.kube.server.registry import Resource

Json = dict[str, Any]
_SCALARS: dict[str, Form] = {"str": "string", "int": "numeric", "float": "numeric", "bool": "boolean"}
_LIST = re.compile(r"[Ll]ist\[(.*)\]")
_DICT = re.compile(r"[Dd]ict[\[(]str, (.*)[\])]")


@lru_cache(maxsize=1)
def models() -> ModuleType:
    """The models of the client library."""
    from kubernetes.client import models as found  # noqa: PLC0415  half a second, see above

    return found


@lru_cache(maxsize=256)
def model_of(group: str, version: str, kind: str) -> str:
    """The name of a kind's model; empty where there is none."""
    stem = version.capitalize() + kind
    for name in (stem, (group.split(".", maxsplit=1)[0] or "core").capitalize() + stem):
        if hasattr(models(), name):
            return name
    return ""


@lru_cache(maxsize=2048)
def model_type(name: str) -> ValueType:
    """The type of a model's objects."""
    model: Any = getattr(models(), name, None)
    if model is None:
        return DEDUCED
    rows = FIELDS.get(name, {})
    fields: dict[str, Callable[[], ValueType]] = {}
    for attribute, json_name in model.attribute_map.items():
        fields[json_name] = partial(_field_type, model.openapi_types[attribute], rows.get(json_name, ""))
    return ValueType(form="map", fields=fields, atomic=name in ATOMIC_MODELS)


@lru_cache(maxsize=4096)
def _field_type(declared: str, row: str) -> ValueType:
    """The type of a field: what the model declares, and what the table says about merging."""
    words = row.split()
    strategies: tuple[str, ...] = ()
    merge_key = ""
    for word in words:
        if word.startswith("patch:"):
            _, given, *key = word.split(":")
            strategies, merge_key = tuple(given.split("+")), "".join(key)
    listed, mapped = _LIST.fullmatch(declared), _DICT.fullmatch(declared)
    if listed is not None:
        element = listed[1]
        kind, _, keys = next((word for word in words if not word.startswith("patch:")), "atomic").partition(":")
        return ValueType(
            form="list",
            items=partial(_field_type, element, ""),
            list_type=kind,
            keys=tuple(keys.split(",")) if keys else (),
            key_defaults=KEY_DEFAULTS.get(element, {}),
            strategies=strategies,
            merge_key=merge_key,
        )
    if mapped is not None:
        return ValueType(form="map", others=partial(_field_type, mapped[1], ""), atomic="atomic" in words)
    if declared in _SCALARS:
        return ValueType(form=_SCALARS[declared])
    if declared in ("datetime", "object"):
        return ValueType(form="untyped" if declared == "datetime" or "atomic" in words else "deduced")
    named = model_type(declared)
    if not strategies:
        return named
    return ValueType(form="map", fields=named.fields, others=named.others, atomic=named.atomic, strategies=strategies)


def type_of(resource: Resource) -> ValueType:
    """The type of a resource's objects, built in or declared by a definition."""
    if resource.declared is not None:
        return resource.declared()
    return model_type(model_of(resource.group, resource.version, resource.kind))


def nothing_of(resource: Resource) -> Json:
    """An object of the kind before anybody has written a field of it."""
    if resource.declared is not None:
        return {}
    return dict(ALWAYS_THERE.get(model_of(resource.group, resource.version, resource.kind), {}))


def object_type(schema: Json) -> ValueType:
    """The type of the objects that a definition declares by the schema of their root."""
    declared = schema_type({"type": "object", **schema})
    fields: dict[str, Callable[[], ValueType]] = {
        **declared.fields,
        "apiVersion": partial(_field_type, "str", ""),
        "kind": partial(_field_type, "str", ""),
        "metadata": partial(model_type, "V1ObjectMeta"),
    }
    return ValueType(form="map", fields=fields, others=declared.others)
