"""What the contract tests ask of an API server, and nothing more: one request, one answer."""

from typing import Any, Protocol

from spiderpool.resources.crds import definitions
from spiderpool.resources.kinds import AnyKind
from spiderpool.resources.tests.kube_apiserver import until

Json = dict[str, Any]
DEFINITIONS_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


class Face(Protocol):
    """An API server, real or simulated, seen as REST."""

    def request(self, method: str, path: str, body: Json | None = None) -> tuple[int, Json]:
        """One request; HTTP status and JSON body."""
        ...


def create(api: Face, kind: AnyKind, item: Json) -> tuple[int, Json]:
    metadata = item["metadata"]
    full = {"apiVersion": kind.api_version, "kind": kind.kind, **item}
    return api.request("POST", kind.collection_path(metadata.get("namespace", "")), full)


def update(api: Face, kind: AnyKind, item: Json, subresource: str = "") -> tuple[int, Json]:
    metadata = item["metadata"]
    path = kind.path(metadata["name"], metadata.get("namespace", ""), subresource)
    return api.request("PUT", path, {"apiVersion": kind.api_version, "kind": kind.kind, **item})


def get(api: Face, kind: AnyKind, name: str, namespace: str = "") -> tuple[int, Json]:
    return api.request("GET", kind.path(name, namespace))


def delete(api: Face, kind: AnyKind, name: str, namespace: str = "") -> tuple[int, Json]:
    return api.request("DELETE", kind.path(name, namespace))


def install(api: Face) -> None:
    """Create every definition and wait until the server serves it."""
    for document in definitions().values():
        status, answer = api.request("POST", DEFINITIONS_PATH, document)
        assert status == 201, answer
    names = [document["metadata"]["name"] for document in definitions().values()]
    until(
        lambda: all(established(api, name) for name in names),
        lambda: [name for name in names if not established(api, name)],
    )


def create_namespace(api: Face, name: str) -> None:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    status, answer = api.request("POST", "/api/v1/namespaces", body)
    assert status == 201, answer


def established(api: Face, name: str) -> bool:
    """Whether the server has accepted a definition, and answers for its kind."""
    _, definition = api.request("GET", f"{DEFINITIONS_PATH}/{name}")
    conditions = {one["type"]: one["status"] for one in definition.get("status", {}).get("conditions", ())}
    spec = definition["spec"]
    served = f"/apis/{spec['group']}/{spec['versions'][0]['name']}/{spec['names']['plural']}"
    return conditions.get("Established") == "True" and api.request("GET", served)[0] == 200
