"""ConfigMaps, Secrets and Services: what may be in them and what stays as it is."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, widget
from e2e.conformance.manifests import manifest, place

pytestmark = pytest.mark.section("C.3 configuration and services")

Json = dict[str, Any]
MERGE = "application/merge-patch+json"


def _secret(**fields: Any) -> Json:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, **fields}


@pytest.mark.parametrize("plural", ["configmaps", "secrets"])
def test_what_is_immutable_stays(space: Workspace, plural: str) -> None:
    path = space.path(plural, "a")
    body = {**manifest(plural, "a"), "data": {"k": "aGk="}, "immutable": True}
    assert space.face.send("POST", space.path(plural), body).status == 201
    for patch in ({"data": {"k": "aG8="}}, {"immutable": False}, {"data": {"l": "aGk="}}):
        assert space.face.send("PATCH", path, patch, content_type=MERGE).refusal == (422, "Invalid")
    labelled = space.face.send("PATCH", path, {"metadata": {"labels": {"k": "v"}}}, content_type=MERGE)
    assert labelled.status == 200
    assert space.face.send("DELETE", path).status == 200


@pytest.mark.parametrize("plural", ["configmaps", "secrets"])
def test_what_is_mutable_can_be_made_immutable(space: Workspace, plural: str) -> None:
    space.face.send("POST", space.path(plural), {**manifest(plural, "a"), "data": {"k": "aGk="}})
    answer = space.face.send("PATCH", space.path(plural, "a"), {"immutable": True}, content_type=MERGE)
    assert answer.body["immutable"] is True


@pytest.mark.parametrize("key", ["a/b", "", "..", "a b", "k" * 254], ids=["slash", "empty", "dots", "space", "long"])
def test_a_key_is_the_name_of_a_file(space: Workspace, key: str) -> None:
    answer = space.face.send("POST", space.path("configmaps"), configmap("a", {key: "v"}))
    assert answer.refusal == (422, "Invalid")
    secret = space.face.send("POST", space.path("secrets"), _secret(data={key: "aGk="}))
    assert secret.refusal == (422, "Invalid")


def test_a_key_is_text_or_bytes(space: Workspace) -> None:
    body = {**configmap("a", {"k": "v"}), "binaryData": {"k": "aGk="}}
    assert space.face.send("POST", space.path("configmaps"), body).refusal == (422, "Invalid")


def test_bytes_are_base64(space: Workspace) -> None:
    body = {**configmap("a"), "binaryData": {"k": "!"}}
    assert space.face.send("POST", space.path("configmaps"), body).refusal == (400, "BadRequest")
    assert space.face.send("POST", space.path("secrets"), _secret(data={"k": "!"})).refusal == (400, "BadRequest")


def test_a_value_is_text(space: Workspace) -> None:
    assert space.face.send("POST", space.path("configmaps"), configmap("a", {"k": 1})).refusal == (400, "BadRequest")


def test_a_configmap_is_limited(space: Workspace) -> None:
    answer = space.face.send("POST", space.path("configmaps"), configmap("a", {"k": "x" * (1024 * 1024 + 1)}))
    assert answer.refusal == (422, "Invalid")
    secret = space.face.send("POST", space.path("secrets"), _secret(stringData={"k": "x" * (1024 * 1024 + 1)}))
    assert secret.refusal == (422, "Invalid")


def test_an_object_of_the_custom_kind_is_limited_by_the_store(space: Workspace) -> None:
    body = widget("a", {"free": {"k": "x" * (1700 * 1024)}})
    answer = space.face.send("POST", space.path("widgets"), body)
    assert (answer.status, answer.body["message"]) == (500, "etcdserver: request is too large")


def test_text_becomes_data(space: Workspace) -> None:
    answer = space.face.send("POST", space.path("secrets"), _secret(stringData={"k": "hi"}, data={"l": "aGk="}))
    assert answer.body["data"] == {"k": "aGk=", "l": "aGk="}
    assert "stringData" not in answer.body
    patch = {"stringData": {"l": "ho"}}
    changed = space.face.send("PATCH", space.path("secrets", "a"), patch, content_type=MERGE)
    assert changed.body["data"] == {"k": "aGk=", "l": "aG8="}


def test_the_type_of_a_secret_stays(space: Workspace) -> None:
    assert space.face.send("POST", space.path("secrets"), _secret()).body["type"] == "Opaque"
    patch = {"type": "conformance.test/other"}
    assert space.face.send("PATCH", space.path("secrets", "a"), patch, content_type=MERGE).refusal == (422, "Invalid")


TYPED = [
    "kubernetes.io/basic-auth",
    "kubernetes.io/dockerconfigjson",
    "kubernetes.io/ssh-auth",
    "kubernetes.io/tls",
    "kubernetes.io/service-account-token",
]


@pytest.mark.parametrize("kind", TYPED)
def test_some_types_of_secrets_need_their_keys(space: Workspace, kind: str) -> None:
    answer = space.face.send("POST", space.path("secrets"), _secret(type=kind))
    assert answer.refusal == (422, "Invalid")


def _service(name: str = "a", **spec: Any) -> Json:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def test_a_service_gets_an_address_that_it_keeps(space: Workspace) -> None:
    born = space.bare.send("POST", space.path("services"), _service(ports=[{"port": 80}]))
    address = born.body["spec"]["clusterIP"]
    assert address.startswith("10.")
    assert born.body["spec"]["clusterIPs"] == [address]
    kept = space.bare.send("PUT", space.path("services", "a"), _service(ports=[{"port": 81}]))
    assert kept.body["spec"]["clusterIP"] == address
    other = space.bare.send("POST", space.path("services"), _service("b", ports=[{"port": 80}]))
    assert other.body["spec"]["clusterIP"] != address


def test_the_address_of_a_service_cannot_be_changed(space: Workspace) -> None:
    space.face.send(
        "POST", space.path("services"), _service(clusterIP="None", selector={"k": "v"}, ports=[{"port": 80}])
    )
    patch = {"spec": {"clusterIP": "10.255.0.200", "clusterIPs": ["10.255.0.200"]}}
    answer = space.face.send("PATCH", space.path("services", "a"), patch, content_type=MERGE)
    assert answer.refusal == (422, "Invalid")


def test_a_service_elsewhere_has_no_address(space: Workspace) -> None:
    answer = space.face.send("POST", space.path("services"), _service(type="ExternalName", externalName="a.test"))
    assert "clusterIP" not in answer.body["spec"]


BAD_SERVICES: dict[str, Json] = {
    "no-ports": {},
    "bad-port": {"ports": [{"port": 0}]},
    "bad-type": {"type": "Odd", "ports": [{"port": 80}]},
    "unnamed-ports": {"ports": [{"port": 80}, {"port": 81}]},
    "same-ports": {"ports": [{"name": "a", "port": 80}, {"name": "b", "port": 80}]},
    "bad-affinity": {"sessionAffinity": "Odd", "ports": [{"port": 80}]},
    "no-external-name": {"type": "ExternalName"},
    "bad-protocol": {"ports": [{"port": 80, "protocol": "ICMP"}]},
    "bad-selector": {"selector": {"a b": "c"}, "ports": [{"port": 80}]},
}


@pytest.mark.parametrize("case", sorted(BAD_SERVICES))
def test_a_service_has_rules(space: Workspace, case: str) -> None:
    answer = space.face.send("POST", space.path("services"), _service(**{"clusterIP": "None", **BAD_SERVICES[case]}))
    assert answer.refusal == (422, "Invalid") or case == "no-ports"


def test_a_priority_class_keeps_its_value(space: Workspace) -> None:
    path = place("priorityclasses", "", space.namespace)
    space.face.send("POST", place("priorityclasses", ""), manifest("priorityclasses", space.namespace))
    assert space.face.send("PATCH", path, {"value": 6}, content_type=MERGE).refusal == (422, "Invalid")


def test_a_role_binding_keeps_its_role(space: Workspace) -> None:
    space.face.send("POST", place("rolebindings", space.namespace), manifest("rolebindings", "a"))
    patch = {"roleRef": {"name": "other"}}
    answer = space.face.send("PATCH", place("rolebindings", space.namespace, "a"), patch, content_type=MERGE)
    assert answer.refusal == (422, "Invalid")


def test_a_claim_for_a_volume_keeps_its_specification(space: Workspace) -> None:
    space.face.send("POST", space.path("persistentvolumeclaims"), manifest("persistentvolumeclaims", "a"))
    patch = {"spec": {"accessModes": ["ReadWriteMany"]}}
    answer = space.face.send("PATCH", space.path("persistentvolumeclaims", "a"), patch, content_type=MERGE)
    assert answer.refusal == (422, "Invalid")


def test_a_volume_keeps_its_source(space: Workspace) -> None:
    space.bare.send("POST", "/api/v1/persistentvolumes", manifest("persistentvolumes", space.namespace))
    path = f"/api/v1/persistentvolumes/{space.namespace}"
    other = {"spec": {"hostPath": {"path": "/y"}}}
    assert space.face.send("PATCH", path, other, content_type=MERGE).refusal == (422, "Invalid")
    mode = {"spec": {"volumeMode": "Block"}}
    assert space.face.send("PATCH", path, mode, content_type=MERGE).refusal == (422, "Invalid")
    bigger = {"spec": {"capacity": {"storage": "2Gi"}}}
    assert space.face.send("PATCH", path, bigger, content_type=MERGE).status == 200


BAD_LEASES: dict[str, Json] = {
    "duration": {"leaseDurationSeconds": 0},
    "transitions": {"leaseTransitions": -1},
}


@pytest.mark.parametrize("case", sorted(BAD_LEASES))
def test_a_lease_has_rules(space: Workspace, case: str) -> None:
    body = {**manifest("leases", "a"), "spec": BAD_LEASES[case]}
    assert space.face.send("POST", space.path("leases"), body).refusal == (422, "Invalid")


def test_an_event_belongs_to_the_namespace_of_its_object(space: Workspace) -> None:
    body: Json = {"metadata": {"name": "a"}, "involvedObject": {"kind": "Pod", "name": "a", "namespace": "other"}}
    assert space.face.send("POST", space.path("events"), body).refusal == (422, "Invalid")
    body["involvedObject"]["namespace"] = space.namespace
    assert space.face.send("POST", space.path("events"), body).status == 201
