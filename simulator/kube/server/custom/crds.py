"""From a CustomResourceDefinition to the resources that it declares: schema and rules compiled, subresources known.

Objects are stored in the version that the definition names for that; the other versions see them through
``versions.py``.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any

from simulator.kube.server.custom.checks import ROOT_FIELDS, compile_custom_check
from simulator.kube.server.custom.shaping import compile_shape
from simulator.kube.server.patching.builtin_types import object_type
from simulator.kube.server.registry import Complete, Resource, nothing_to_check, nothing_to_complete
from simulator.kube.server.selection import Extract, field_extractor

Json = dict[str, Any]


def _schema_of(version: Json) -> Json | None:
    return (version.get("schema") or {}).get("openAPIV3Schema")


def _completion(schema: Json) -> Complete:
    """Prune and fill in defaults below the root; apiVersion, kind and metadata are the server's own."""
    shape = compile_shape({**schema, "properties": {**(schema.get("properties") or {}), **_ROOT}})
    if shape is None:
        return nothing_to_complete

    def complete(body: Json, before: Json | None) -> None:
        if before is None:
            shape(body)
            return
        shared = {name: body[name] for name in body if name in before and body[name] is before[name]}
        for name in shared:
            del body[name]
        shape(body)
        body.update(shared)

    return complete


# What every object has; its schema is not the definition's to say.
_ROOT: Json = {name: {} for name in ROOT_FIELDS}


def definition_name(resource: Resource) -> str:
    """The name of the definition that a custom resource comes from."""
    return f"{resource.plural}.{resource.group}"


def resources_of(crd: Json) -> list[Resource]:
    """The resources that a definition, which has been checked, declares: one for each served version."""
    versions = crd["spec"]["versions"]
    stored = _resource(crd, next(version for version in versions if version.get("storage")))
    if len(versions) == 1:
        return [stored] if versions[0].get("served") else []
    return [
        replace(stored if version.get("storage") else _resource(crd, version), stored=stored)
        for version in versions
        if version.get("served")
    ]


def _resource(crd: Json, version: Json) -> Resource:
    spec, names = crd["spec"], crd["spec"]["names"]
    subresources = version.get("subresources") or {}
    has_status = "status" in subresources
    schema = _schema_of(version)
    trusted = crd["metadata"].get("generation", 1) == 1
    return Resource(
        group=spec["group"],
        version=version["name"],
        plural=names["plural"],
        kind=names["kind"],
        list_kind=names.get("listKind") or f"{names['kind']}List",
        namespaced=spec["scope"] == "Namespaced",
        subresources=tuple(name for name in ("status", "scale") if name in subresources),
        status_on_create={} if has_status else None,
        counts_generation=True,
        needs_revision=True,
        strict_type=True,
        strategic=False,
        complete=nothing_to_complete if schema is None else _completion(schema),
        check=nothing_to_check if schema is None else compile_custom_check(schema, subresources, trusted=trusted),
        fields=_fields(version, namespaced=spec["scope"] == "Namespaced"),
        custom=True,
        declared=cache(partial(object_type, schema or {})),
        scale=subresources.get("scale"),
        deprecation=_deprecation(crd, version),
        conversion=_conversion(spec),
        reshaped=not trusted and schema is not None,
    )


def _conversion(spec: Json) -> Json | None:
    given = spec.get("conversion") or {}
    webhook: Json = given.get("webhook") or {}
    return webhook if given.get("strategy") == "Webhook" and len(spec["versions"]) > 1 else None


def _deprecation(crd: Json, version: Json) -> str:
    if not version.get("deprecated"):
        return ""
    spec = crd["spec"]
    ready: str = version.get("deprecationWarning") or ""
    return ready or f"{spec['group']}/{version['name']} {spec['names']['kind']} is deprecated"


def _fields(version: Json, *, namespaced: bool) -> Mapping[str, Extract]:
    """What custom resources can be selected by: their name, their namespace if they have one, what the version offers."""
    names = ("metadata.name", "metadata.namespace") if namespaced else ("metadata.name",)
    offered = [one["jsonPath"].removeprefix(".") for one in version.get("selectableFields") or []]
    return {path: field_extractor(path) for path in (*names, *offered)}
