"""What OpenAPI documents say of a path: which actions there are, which parameters each takes, and what its body is.

Clients read from it whether an action knows a parameter (``kubectl`` asks before it sends ``fieldValidation``), and
programs that try out a server make their requests of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simulator.kube.server.openapi_schemas import META, REFERENCE, gvk, schema_name
from simulator.kube.server.registry import Resource
from simulator.kube.server.routes import collection_path

Json = dict[str, Any]

_PATCHES = ("application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json")
_STRATEGIC = "application/strategic-merge-patch+json"
_FORMS = ("application/json", "application/yaml")
_ANY_FORM = ("*/*",)
_COLLECTION = (("get", "list"), ("post", "post"), ("delete", "deletecollection"))

_SELECTION: Mapping[str, str] = {
    "continue": "string",
    "fieldSelector": "string",
    "labelSelector": "string",
    "limit": "integer",
    "resourceVersion": "string",
    "resourceVersionMatch": "string",
    "sendInitialEvents": "boolean",
    "shardSelector": "string",
    "timeoutSeconds": "integer",
}
_LIST: Mapping[str, str] = {**_SELECTION, "allowWatchBookmarks": "boolean", "watch": "boolean"}
_WRITE: Mapping[str, str] = dict.fromkeys(("dryRun", "fieldManager", "fieldValidation"), "string")
_DELETE: Mapping[str, str] = {
    "dryRun": "string",
    "gracePeriodSeconds": "integer",
    "ignoreStoreReadErrorWithClusterBreakingPotential": "boolean",
    "orphanDependents": "boolean",
    "propagationPolicy": "string",
}


def paths_of(resource: Resource) -> Iterator[tuple[str, Json]]:
    """Each path of a resource, with its actions by HTTP method."""
    place = collection_path(resource, "{namespace}" if resource.namespaced else "")
    inside = ("namespace",) if resource.namespaced else ()
    if resource.verbs:
        yield place, {"get": _operation(resource, "list", {}), **_shared(inside, _LIST)}
        yield f"{place}/{{name}}", {"get": _operation(resource, "get", {}), **_shared(("name", *inside))}
        return
    if not resource.kept:
        yield place, {"post": _operation(resource, "post", {}), **_shared(inside, _WRITE)}
        return
    collection = {method: _operation(resource, action, _taken(resource, action)) for method, action in _COLLECTION}
    yield place, {**collection, **_shared(inside)}
    if resource.namespaced:
        yield collection_path(resource), {"get": _operation(resource, "list", {}), **_shared((), _LIST)}
    methods: Sequence[str] = ("get", "put", "delete", "patch")
    yield f"{place}/{{name}}", _named(resource, methods, inside)
    for part in sorted(resource.subresources):
        if part in ("status", "scale"):
            yield f"{place}/{{name}}/{part}", _named(resource, ("get", "put", "patch"), inside)


def _named(resource: Resource, methods: Sequence[str], inside: Sequence[str]) -> Json:
    found = {method: _operation(resource, method, _taken(resource, method)) for method in methods}
    return {**found, **_shared(("name", *inside))}


def _shared(in_path: Sequence[str], in_query: Mapping[str, str] | None = None) -> Json:
    """The parameters of every action at a path."""
    found = [_parameter(name, "string", "path") | {"required": True} for name in in_path]
    found += [_parameter(name, kind) for name, kind in (in_query or {}).items()]
    return {"parameters": _sorted([*found, _parameter("pretty", "string")])}


def _taken(resource: Resource, action: str) -> Mapping[str, str]:
    """The parameters that an action takes, by their types."""
    if action == "list":
        return _LIST
    if action == "deletecollection":  # of custom resources the real server says the parameters of a list
        return _LIST if resource.custom else {**_SELECTION, **_DELETE}
    if action == "get":
        return {"resourceVersion": "string"} if resource.custom else {}
    if action == "delete":
        return _DELETE
    return {**_WRITE, "force": "boolean"} if action == "patch" else _WRITE


def _operation(resource: Resource, action: str, taken: Mapping[str, str]) -> Json:
    shown = {"$ref": REFERENCE + schema_name(resource) + ("List" if action == "list" else "")}
    found: Json = {
        "responses": {"200": {"content": {form: {"schema": shown} for form in _FORMS}}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": {name: gvk(resource)[name] for name in ("group", "version", "kind")},
    }
    if taken:
        found["parameters"] = _sorted([_parameter(name, kind) for name, kind in taken.items()])
    if body := _body(resource, action):
        found["requestBody"] = body
    return found


def _body(resource: Resource, action: str) -> Json | None:
    forms: Sequence[str] = _FORMS if resource.custom else _ANY_FORM
    if action == "patch":
        patch = {"schema": {"$ref": f"{REFERENCE}{META}.Patch"}}
        kinds = _PATCHES if resource.custom else (*_PATCHES, _STRATEGIC)
        return {"content": dict.fromkeys(kinds, patch), "required": True}
    if action in ("post", "put"):
        own = {"schema": {"$ref": REFERENCE + schema_name(resource)}}
        return {"content": dict.fromkeys(forms, own), "required": True}
    if action == "delete" or (action == "deletecollection" and not resource.custom):
        options = {"schema": {"$ref": f"{REFERENCE}{META}.DeleteOptions"}}
        return {"content": dict.fromkeys(forms, options)}
    return None


def _parameter(name: str, kind: str, place: str = "query") -> Json:
    return {"name": name, "in": place, "schema": {"type": kind, "uniqueItems": True}}


def _sorted(parameters: list[Json]) -> list[Json]:
    return sorted(parameters, key=lambda one: str(one["name"]))
