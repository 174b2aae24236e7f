"""Schemas as OpenAPI documents show them: of built-in kinds from the models of the client library, of custom resources
from their definitions.

Descriptions are those of the models. What the models do not know stands in tables: how fields are merged
(``builtin_merging.py``), and which values they take (``openapi_values.py``).
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from simulator.kube.server.openapi_values import GRANULAR, UNIONS, VALUE_SCHEMAS, VALUES
from simulator.kube.server.patching.builtin_merging import ATOMIC_MODELS, FIELDS
from simulator.kube.server.patching.builtin_types import model_of, models
from simulator.kube.server.registry import Resource

Json = dict[str, Any]

REFERENCE = "#/components/schemas/"
META = "io.k8s.apimachinery.pkg.apis.meta.v1"
_META_MODELS = frozenset(
    [
        "V1ObjectMeta",
        "V1ListMeta",
        "V1LabelSelector",
        "V1LabelSelectorRequirement",
        "V1FieldSelectorRequirement",
        "V1OwnerReference",
        "V1ManagedFieldsEntry",
        "V1Condition",
        "V1DeleteOptions",
        "V1Preconditions",
        "V1Status",
        "V1StatusDetails",
        "V1StatusCause",
        "V1GroupResource",
        "V1GroupVersionForDiscovery",
    ]
)
_CORE_ROOTS = (
    "V1Pod",
    "V1PodTemplate",
    "V1Node",
    "V1Service",
    "V1Namespace",
    "V1Secret",
    "V1PersistentVolumeClaim",
    "V1PersistentVolume",
    "V1EventSource",
    "V1ObjectReference",
    "V1TopologySelectorTerm",
)
_SCALARS: Mapping[str, Json] = {
    "str": {"type": "string"},
    "int": {"type": "integer", "format": "int32"},
    "float": {"type": "number", "format": "double"},
    "bool": {"type": "boolean"},
    "bytes": {"type": "string", "format": "byte"},
    "object": {"type": "object"},
}
_ABOUT_METADATA = (
    "Standard object's metadata. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)
_LIST = re.compile(r"[Ll]ist\[(.*)\]")
_DICT = re.compile(r"[Dd]ict[\[(]str, (.*)[\])]")
_NAMED = re.compile(r"[A-Za-z]*?V\d+(?:(?:alpha|beta)\d+)?([A-Z].*)")
_PACKAGES = {
    "apiextensions.k8s.io": "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions",
    "apiregistration.k8s.io": "io.k8s.kube-aggregator.pkg.apis.apiregistration",
}


def gvk(resource: Resource, suffix: str = "") -> Json:
    """Group, version and kind, by which clients find a schema."""
    return {"group": resource.group, "kind": resource.kind + suffix, "version": resource.version}


def schema_name(resource: Resource) -> str:
    """The name of the schema of a kind: its package, backwards for custom resources."""
    return f"{_package(resource)}.{resource.kind}"


def _package(resource: Resource) -> str:
    group = resource.group
    if resource.custom:
        return f"{'.'.join(reversed(group.split('.')))}.{resource.version}"
    package = _PACKAGES.get(group, f"io.k8s.api.{group.partition('.')[0] or 'core'}")
    return f"{package}.{resource.version}"


def list_schema(resource: Resource) -> Json:
    """The schema of a collection."""
    every: Json = _model_schema("V1ConfigMapList", META)["properties"]
    return {
        "type": "object",
        "required": ["items"],
        "properties": {
            **{name: every[name] for name in ("apiVersion", "kind", "metadata")},
            "items": {"type": "array", "items": {"$ref": REFERENCE + schema_name(resource)}},
        },
        "x-kubernetes-group-version-kind": [gvk(resource, "List")],
    }


def custom_schema(resource: Resource, version: Json) -> Json:
    """The schema of custom resources, as a version of their definition declares it."""
    declared = (version.get("schema") or {}).get("openAPIV3Schema") or {"type": "object"}
    published: Json = _published(declared)
    every: Json = _model_schema("V1ConfigMap", META)["properties"]
    own = {"apiVersion": every["apiVersion"], "kind": every["kind"]}
    own["metadata"] = {"description": _ABOUT_METADATA, **every["metadata"]}
    published["properties"] = {**(published.get("properties") or {}), **own}
    published["x-kubernetes-group-version-kind"] = [gvk(resource)]
    return published | selectable(version)


def selectable(version: Json) -> Json:
    """The fields by which custom resources can be selected."""
    paths = [{"fieldPath": one["jsonPath"].removeprefix(".")} for one in version.get("selectableFields") or ()]
    return {"x-kubernetes-selectable-fields": paths} if paths else {}


def _published(value: Any) -> Any:
    if isinstance(value, list):
        return [_published(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {name: _published(one) for name, one in value.items()}
    if found.get("x-kubernetes-int-or-string") is True and "anyOf" not in found:
        found["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    return found


def builtin_schemas(resource: Resource) -> dict[str, Json]:
    """The schema of a built-in kind and of all that it is made of."""
    model = model_of(resource.group, resource.version, resource.kind)
    if not model:
        return {schema_name(resource): {"type": "object", "x-kubernetes-group-version-kind": [gvk(resource)]}}
    package = _package(resource)
    found = {_model_name(name, package): _model_schema(name, package) for name in sorted(_reachable(model))}
    root = schema_name(resource)
    found |= _value_schemas(found)
    return {**found, root: {**found[root], "x-kubernetes-group-version-kind": [gvk(resource)]}}


@lru_cache(maxsize=256)
def meta_schemas() -> dict[str, Json]:
    """The schemas that every document has."""
    names = (
        _reachable("V1ObjectMeta") | _reachable("V1ListMeta") | _reachable("V1DeleteOptions") | _reachable("V1Status")
    )
    found = {_model_name(name, META): _model_schema(name, META) for name in sorted(names)}
    watched = dict([VALUE_SCHEMAS["raw"]])
    return {**found, **_value_schemas(found), **watched, f"{META}.Patch": {"type": "object"}}


@lru_cache(maxsize=256)
def _reachable(root: str) -> frozenset[str]:
    """The models that a model is made of, with itself."""
    found: set[str] = set()
    waiting = [root]
    while waiting:
        name = waiting.pop()
        model: Any = getattr(models(), name, None)
        if name in found or model is None:
            continue
        found.add(name)
        waiting += [_element(declared) for declared in model.openapi_types.values()]
    return frozenset(found)


def _element(declared: str) -> str:
    while match := _LIST.fullmatch(declared) or _DICT.fullmatch(declared):
        declared = match[1]
    return declared


@lru_cache(maxsize=1)
def _core_models() -> frozenset[str]:
    return frozenset().union(*(_reachable(root) for root in _CORE_ROOTS)) - _META_MODELS


@lru_cache(maxsize=4096)
def _model_name(model: str, package: str) -> str:
    """The name of a model's schema. A model does not know its package: it is meta's, the core's, or its kind's own."""
    match = _NAMED.fullmatch(model)
    name = match[1] if match else model
    if model in _META_MODELS:
        return f"{META}.{name}"
    return f"io.k8s.api.core.v1.{name}" if model in _core_models() else f"{package}.{name}"


@lru_cache(maxsize=4096)
def _model_schema(name: str, package: str) -> Json:
    model: Any = getattr(models(), name)
    properties = {
        model.attribute_map[attribute]: _field_schema(name, attribute, declared, package)
        for attribute, declared in sorted(model.openapi_types.items())
    }
    required = sorted(model.attribute_map[attribute] for attribute in model.openapi_types if _must_be(model, attribute))
    found: Json = {"type": "object", "description": _first_paragraph(model)}
    if required:
        found["required"] = required
    found["properties"] = properties
    if name in ATOMIC_MODELS:
        found["x-kubernetes-map-type"] = "atomic"
    if name in UNIONS:
        found["x-kubernetes-unions"] = [UNIONS[name]]
    return found


def _first_paragraph(model: Any) -> str:
    """What a model says of itself, before it says what it is made of."""
    return (model.__doc__ or "").partition("Attributes:")[0].strip()


def _must_be(model: Any, attribute: str) -> bool:
    field = getattr(model, "model_fields", {}).get(attribute)
    return field is not None and field.is_required()


def _field_schema(name: str, attribute: str, declared: str, package: str) -> Json:
    model: Any = getattr(models(), name)
    field = model.attribute_map[attribute]
    schema = _declared_schema(declared, package, VALUES.get(name, {}).get(field, ""))
    about = getattr(model, "model_fields", {}).get(attribute)
    text = getattr(about, "description", None)
    merging = _merging(FIELDS.get(name, {}).get(field, ""), listed=_LIST.fullmatch(declared) is not None)
    if _DICT.fullmatch(declared) is None:
        merging.pop("x-kubernetes-map-type", None)
    if (name, field) in GRANULAR:
        merging["x-kubernetes-map-type"] = "granular"
    if "$ref" in schema and name != "V1JSONSchemaProps":  # whose fields alone nobody has described
        schema = {"allOf": [schema]}
    return {**({"description": text} if text else {}), **schema, **merging}


def _merging(row: str, *, listed: bool) -> Json:
    """How a field is merged, as a row of ``builtin_merging.py`` says it."""
    found: Json = {"x-kubernetes-list-type": "atomic"} if listed else {}
    for word in row.split():
        kind, *rest = word.split(":")
        if kind == "patch":
            found["x-kubernetes-patch-strategy"] = rest[0].replace("+", ",")
            if rest[1:]:
                found["x-kubernetes-patch-merge-key"] = rest[1]
        elif not listed:
            found["x-kubernetes-map-type"] = kind
        else:
            found["x-kubernetes-list-type"] = kind
            if rest:
                found["x-kubernetes-list-map-keys"] = rest[0].split(",")
    return found


def _declared_schema(declared: str, package: str, value: str) -> Json:
    """The schema of a type; ``value`` is the word of ``VALUES`` for what is innermost in it."""
    if match := _LIST.fullmatch(declared):
        return {"type": "array", "items": _declared_schema(match[1], package, value)}
    if match := _DICT.fullmatch(declared):
        return {"type": "object", "additionalProperties": _declared_schema(match[1], package, value)}
    if value.startswith("enum:"):
        return {"type": "string", "enum": value.removeprefix("enum:").split(",")}
    word = value or ("time" if declared == "datetime" else "")
    if word in VALUE_SCHEMAS:
        return {"$ref": REFERENCE + VALUE_SCHEMAS[word][0]}
    if declared in _SCALARS:
        return {**_SCALARS[declared], **({"format": value} if value else {})}
    return {"$ref": REFERENCE + _model_name(declared, package)}


def _value_schemas(found: Mapping[str, Json]) -> dict[str, Json]:
    """The schemas of the values to which some others refer."""
    text = msgspec.json.encode(found)
    return {name: schema for name, schema in VALUE_SCHEMAS.values() if f'"{REFERENCE}{name}"'.encode() in text}
