"""OpenAPI: the schemas of kinds, found by group, version and kind; descriptions of built-in types are left out."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace

pytestmark = pytest.mark.section("C.6 discovery, output forms, OpenAPI")

Json = dict[str, Any]
CUSTOM = "apis/conformance.test/v1"
BUILT_IN = [
    ("api/v1", "Pod"),
    ("api/v1", "Node"),
    ("api/v1", "ConfigMap"),
    ("apis/apps/v1", "Deployment"),
    ("apis/apps/v1", "StatefulSet"),
    ("apis/batch/v1", "Job"),
    ("apis/coordination.k8s.io/v1", "Lease"),
    ("apis/rbac.authorization.k8s.io/v1", "ClusterRole"),
]


@pytest.fixture(autouse=True)
def _published(space: Workspace) -> None:
    """The real server publishes the document of a definition, with both kinds, a while after it has accepted it."""

    def both() -> bool:
        schemas = (space.bare.send("GET", f"/openapi/v3/{CUSTOM}").body.get("components") or {}).get("schemas") or {}
        return {"test.conformance.v1.Widget", "test.conformance.v1.Gear"} <= schemas.keys()

    space.face.until(both)


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _bare(one) for name, one in value.items() if name != "description"}
    return [_bare(one) for one in value] if isinstance(value, list) else value


def _of_kind(document: Json, kind: str) -> tuple[str, Json]:
    schemas: Json = document["components"]["schemas"]
    for name, schema in schemas.items():
        if any(one["kind"] == kind for one in schema.get("x-kubernetes-group-version-kind", ())):
            return name, schema
    raise AssertionError(kind)


@pytest.mark.parametrize("kind", ["Widget", "Gear", "WidgetList"])
def test_the_schema_of_a_definition_is_published(space: Workspace, kind: str) -> None:
    def schema(document: Json) -> Any:
        return _bare(list(_of_kind(document, kind)))

    space.face.send("GET", "/openapi/v3/apis/conformance.test/v1", part=schema)


@pytest.mark.parametrize(("place", "kind"), BUILT_IN, ids=[kind for _, kind in BUILT_IN])
def test_a_built_in_kind_has_its_fields_down_to_its_specification(space: Workspace, place: str, kind: str) -> None:
    def fields(document: Json) -> Json:
        name, schema = _of_kind(document, kind)
        found: Json = {"name": name, "fields": sorted(schema["properties"])}
        for part in ("metadata", "spec"):
            reference = (schema["properties"].get(part) or {}).get("allOf")
            if reference:
                target = reference[0]["$ref"].rpartition("/")[2]
                made_of = document["components"]["schemas"][target]
                found[part] = {"name": target, "fields": sorted(made_of["properties"])}
        return found

    space.face.send("GET", f"/openapi/v3/{place}", part=fields)


@pytest.mark.parametrize(
    ("place", "package"),
    [("api/v1", "io.k8s.api.core.v1."), ("apis/apps/v1", "io.k8s.api.apps.v1."), ("api/v1", "io.k8s.apimachinery.")],
    ids=["core", "apps", "machinery"],
)
def test_built_in_schemas_say_which_values_there_are_and_how_they_are_merged(
    space: Workspace, place: str, package: str
) -> None:
    def schemas(document: Json) -> Json:
        found: Json = document["components"]["schemas"]
        return {name: _merged(found[name]) for name in sorted(found) if name.startswith(package) and _compared(name)}

    space.face.send("GET", f"/openapi/v3/{place}", part=schemas)


# Of kinds and options that only one of the two servers serves there.
_LEFT_OUT: tuple[str, ...] = (
    "Binding",
    "ComponentStatus",
    "ComponentCondition",
    "TokenRequest",
    "Eviction",
    "WatchEvent",
    "APIResource",
)
_LEFT_OUT += ("DeleteOptions", "Status", "TopologySelector", "Scale")


def _compared(name: str) -> bool:
    return not name.rpartition(".")[2].startswith(_LEFT_OUT)


def _merged(schema: Json) -> Any:
    """A schema without what people read, without zero values that the server says to be defaults, and in our order."""
    found = _bare(schema)
    for field in found.get("properties", {}).values():
        field.pop("default", None)
    if "required" in found:
        found["required"] = sorted(found["required"])
    return found


def test_the_index_names_a_document_with_its_hash(space: Workspace) -> None:
    def served(index: Json) -> list[bool]:
        wanted = ("api/v1", "apis/apps/v1", "apis/conformance.test/v1")
        return [index["paths"][name]["serverRelativeURL"].startswith(f"/openapi/v3/{name}?hash=") for name in wanted]

    assert all(served(space.face.send("GET", "/openapi/v3", part=served).body))


def test_a_patch_says_which_parameters_it_takes(space: Workspace) -> None:
    def patch(document: Json) -> Any:
        found = document["paths"]["/apis/conformance.test/v1/namespaces/{namespace}/widgets/{name}"]["patch"]
        return _bare({name: found[name] for name in ("parameters", "requestBody", "x-kubernetes-group-version-kind")})

    space.face.send("GET", "/openapi/v3/apis/conformance.test/v1", part=patch)


PLACES = [
    ("api/v1", "/api/v1/namespaces/{namespace}/configmaps"),
    ("api/v1", "/api/v1/namespaces/{namespace}/configmaps/{name}"),
    ("api/v1", "/api/v1/configmaps"),
    ("api/v1", "/api/v1/nodes/{name}/status"),
    ("api/v1", "/api/v1/componentstatuses"),
    ("api/v1", "/api/v1/componentstatuses/{name}"),
    ("apis/authorization.k8s.io/v1", "/apis/authorization.k8s.io/v1/subjectaccessreviews"),
    ("apis/conformance.test/v1", "/apis/conformance.test/v1/namespaces/{namespace}/widgets"),
    ("apis/conformance.test/v1", "/apis/conformance.test/v1/namespaces/{namespace}/widgets/{name}"),
    ("apis/conformance.test/v1", "/apis/conformance.test/v1/widgets"),
]


@pytest.mark.parametrize(("document", "place"), PLACES, ids=[place.replace("/", " ").strip() for _, place in PLACES])
def test_an_action_says_which_parameters_and_which_body_it_takes(space: Workspace, document: str, place: str) -> None:
    def asked(found: Json) -> Json:
        actions = _bare(found["paths"][place])
        kept = ("parameters", "requestBody", "x-kubernetes-action")
        return {
            method: {name: one[name] for name in kept if name in one} if method != "parameters" else one
            for method, one in actions.items()
        }

    space.face.send("GET", f"/openapi/v3/{document}", part=asked)


def test_old_clients_find_the_schema_of_a_definition_too(space: Workspace) -> None:
    def schema(document: Json) -> Any:
        return _bare({**document["definitions"]["test.conformance.v1.Gear"], "swagger": document["swagger"]})

    path = "/openapi/v2"
    space.face.until(lambda: "test.conformance.v1.Gear" in space.bare.send("GET", path).body["definitions"])
    space.face.send("GET", path, part=schema)
