"""OpenAPI: an index with a hash for each group version, and a document for each, made when somebody asks for it.

The documents say what ``kubectl`` looks for in them: the schema of each kind, under its group, version and kind, and for
each path which actions there are and which parameters a patch takes.
"""

import json
from collections.abc import Iterator
from hashlib import sha512
from typing import Any

from simulator.kube.server.custom.crds import definition_name
from simulator.kube.server.discovery import Discovery
from simulator.kube.server.kinds.builtins import CRD
from simulator.kube.server.openapi_operations import paths_of
from simulator.kube.server.openapi_schemas import (
    REFERENCE,
    builtin_schemas,
    custom_schema,
    list_schema,
    meta_schemas,
    schema_name,
    selectable,
)
from simulator.kube.server.registry import Resource
from simulator.kube.server.store import Store

Json = dict[str, Any]


class OpenApi:
    """The documents of what a server serves."""

    def __init__(self, discovery: Discovery, store: Store) -> None:
        self._discovery = discovery
        self._store = store

    def answer(self, parts: list[str]) -> Json | None:
        """What is at a path below ``/openapi``; ``None`` where there is nothing."""
        if parts == ["v2"]:
            return self._older()
        if parts == ["v3"]:
            return {"paths": dict(self._index())}
        if parts[:2] == ["v3", "api"] and len(parts) == 3:
            return self._document("", parts[2])
        if parts[:2] == ["v3", "apis"] and len(parts) == 4:
            return self._document(parts[2], parts[3])
        return None

    def _index(self) -> Iterator[tuple[str, Json]]:
        for group, versions in self._discovery.served().items():
            for version in versions:
                name = f"apis/{group}/{version}" if group else f"api/{version}"
                document = json.dumps(self._document(group, version), sort_keys=True)
                digest = sha512(document.encode()).hexdigest().upper()
                yield name, {"serverRelativeURL": f"/openapi/v3/{name}?hash={digest}"}

    def _older(self) -> Json:
        """Version 2, one document for all; it has the schemas, which is what old clients look for in it."""
        schemas: dict[str, Json] = dict(meta_schemas())
        for group, versions in self._discovery.served().items():
            for version in versions:
                for resource in self._discovery.of_version(group, version):
                    schemas |= self._schemas(resource)
        definitions = {name: _in_version_2(schemas[name]) for name in sorted(schemas)}
        return {"swagger": "2.0", "info": _INFO, "paths": {}, "definitions": definitions}

    def _document(self, group: str, version: str) -> Json | None:
        served = self._discovery.of_version(group, version)
        if not served:
            return None
        schemas: dict[str, Json] = dict(meta_schemas())
        paths: dict[str, Json] = {}
        for resource in served:
            schemas |= self._schemas(resource)
            paths.update(paths_of(resource))
        custom = all(resource.custom for resource in served)
        info = {"title": "Kubernetes CRD Swagger", "version": "v0.1.0"} if custom else _INFO
        return {
            "openapi": "3.0.0",
            "info": info,
            "paths": dict(sorted(paths.items())),
            "components": {"schemas": dict(sorted(schemas.items()))},
        }

    def _schemas(self, resource: Resource) -> dict[str, Json]:
        listed = {f"{schema_name(resource)}List": list_schema(resource)}
        if not resource.custom:
            return {**builtin_schemas(resource), **(listed if resource.kept else {})}
        definition = self._store.table(CRD.table_id).objects.get(("", definition_name(resource))) or {}
        versions = (definition.get("spec") or {}).get("versions") or []
        version: Json = next((one for one in versions if one["name"] == resource.version), {})
        found = {name: schema | selectable(version) for name, schema in listed.items()}
        return {schema_name(resource): custom_schema(resource, version), **found}


def _in_version_2(value: Any) -> Any:
    """References stand elsewhere, beside what is said about the field."""
    if isinstance(value, list):
        return [_in_version_2(one) for one in value]
    if not isinstance(value, dict):
        return value
    parts = value.get("allOf")
    reference = parts[0].get("$ref") if isinstance(parts, list) and parts else value.get("$ref")
    if isinstance(reference, str):  # a field may be called so
        about = {name: one for name, one in value.items() if name == "description" or name.startswith("x-kubernetes-")}
        return {**about, "$ref": f"#/definitions/{reference.removeprefix(REFERENCE)}"}
    return {name: _in_version_2(one) for name, one in value.items()}


_INFO = {"title": "Kubernetes", "version": "1.37"}
