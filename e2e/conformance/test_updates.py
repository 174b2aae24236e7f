"""Who may change what, by which version, and what a change of status leaves alone."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, pod, widget
from e2e.conformance.manifests import BODIES, CLUSTER_SCOPED, manifest, place

pytestmark = pytest.mark.section("C.1, C.3 updates")

Json = dict[str, Any]
MERGE = "application/merge-patch+json"
# What is served at /status, with a change of the specification that the kind knows.
STATUSES: dict[str, Json] = {
    "daemonsets": {"minReadySeconds": 7},
    "deployments": {"minReadySeconds": 7},
    "jobs": {"parallelism": 3},
    "nodes": {"unschedulable": True},
    "persistentvolumeclaims": {"volumeName": "x"},
    "poddisruptionbudgets": {"minAvailable": 3},
    "pods": {"terminationGracePeriodSeconds": 5},
    "replicasets": {"minReadySeconds": 7},
    "services": {"sessionAffinity": "ClientIP"},
    "statefulsets": {"minReadySeconds": 7},
}
ODD: Json = {
    "type": "Odd",
    "status": "True",
    "lastTransitionTime": "2001-01-01T00:00:00Z",
    "reason": "x",
    "message": "y",
}
ZERO = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize("plural", ["configmaps", "pods", "nodes", "deployments", "leases", "serviceaccounts"])
def test_an_update_with_an_old_version_is_a_conflict(space: Workspace, plural: str) -> None:
    name = space.namespace if plural in CLUSTER_SCOPED else "a"
    path = place(plural, space.namespace, name)
    born = space.bare.send("POST", place(plural, space.namespace), manifest(plural, name))
    space.bare.send("PATCH", path, {"metadata": {"labels": {"k": "v"}}}, content_type=MERGE)
    late = manifest(plural, name, resourceVersion=born.revision)
    assert space.face.send("PUT", path, late).refusal == (409, "Conflict")


@pytest.mark.parametrize("plural", ["configmaps", "pods", "nodes", "deployments", "leases"])
def test_an_update_of_another_uid_is_a_conflict(space: Workspace, plural: str) -> None:
    name = space.namespace if plural in CLUSTER_SCOPED else "a"
    path = place(plural, space.namespace, name)
    space.bare.send("POST", place(plural, space.namespace), manifest(plural, name))
    assert space.face.send("PUT", path, manifest(plural, name, uid=ZERO)).refusal == (409, "Conflict")


def test_a_version_that_is_no_number_is_refused(space: Workspace) -> None:
    space.bare.send("POST", space.path("configmaps"), configmap("a"))
    answer = space.face.send("PUT", space.path("configmaps", "a"), configmap("a", resourceVersion="new"))
    assert answer.status in (400, 409, 422, 500)


def test_an_update_may_not_name_another_namespace(space: Workspace) -> None:
    space.bare.send("POST", space.path("configmaps"), configmap("a"))
    answer = space.face.send("PUT", space.path("configmaps", "a"), configmap("a", namespace="default"))
    assert answer.refusal == (400, "BadRequest")


def test_an_update_may_not_name_another_name(space: Workspace) -> None:
    space.bare.send("POST", space.path("configmaps"), configmap("a"))
    answer = space.face.send("PUT", space.path("configmaps", "a"), configmap("b"))
    assert answer.refusal == (400, "BadRequest")


def test_a_patch_may_not_rename(space: Workspace) -> None:
    space.bare.send("POST", space.path("configmaps"), configmap("a"))
    patch = {"metadata": {"name": "b"}}
    answer = space.face.send("PATCH", space.path("configmaps", "a"), patch, content_type=MERGE)
    assert answer.refusal == (400, "BadRequest")


def test_what_an_update_leaves_out_is_removed(space: Workspace) -> None:
    space.bare.send("POST", space.path("configmaps"), configmap("a", {"k": "v"}, labels={"k": "v"}))
    answer = space.face.send("PUT", space.path("configmaps", "a"), {"metadata": {"name": "a"}})
    assert "data" not in answer.body
    assert "labels" not in answer.metadata


@pytest.mark.parametrize("plural", [plural for plural in sorted(BODIES) if plural not in CLUSTER_SCOPED])
def test_an_update_creates_some_kinds(space: Workspace, plural: str) -> None:
    answer = space.face.send("PUT", place(plural, space.namespace, "a"), manifest(plural, "a"))
    assert answer.status in (201, 404)


def test_an_update_with_a_version_may_create_but_not_one_with_a_uid(space: Workspace) -> None:
    for plural in ("leases", "endpoints", "roles"):
        body = manifest(plural, "a", resourceVersion="1")
        assert space.face.send("PUT", place(plural, space.namespace, "a"), body).status == 201
        body = manifest(plural, "b", uid=ZERO)
        assert space.face.send("PUT", place(plural, space.namespace, "b"), body).refusal == (409, "Conflict")


@pytest.mark.parametrize("plural", ["leases", "services", "endpointslices"])
def test_a_patch_cannot_create(space: Workspace, plural: str) -> None:
    patch = {"metadata": {"labels": {"k": "v"}}}
    answer = space.face.send("PATCH", place(plural, space.namespace, "a"), patch, content_type=MERGE)
    assert answer.refusal == (404, "NotFound")


@pytest.mark.parametrize("plural", sorted(STATUSES))
def test_a_write_to_the_status_leaves_the_specification_alone(space: Workspace, plural: str) -> None:
    name = space.namespace if plural in CLUSTER_SCOPED else "a"
    born = space.bare.send("POST", place(plural, space.namespace), manifest(plural, name))
    patch = {"metadata": {"labels": {"k": "v"}}, "spec": STATUSES[plural], "status": {"conditions": [ODD]}}
    path = place(plural, space.namespace, name)
    told = space.face.send("PATCH", path + "/status", patch, content_type=MERGE)
    assert told.status == 200, told.body
    assert told.body.get("spec") == born.body.get("spec")
    assert told.body["status"]["conditions"][0]["type"] == "Odd"
    assert told.metadata.get("generation") == born.metadata.get("generation")


@pytest.mark.parametrize("plural", sorted(STATUSES))
def test_a_write_to_the_object_leaves_its_status_alone(space: Workspace, plural: str) -> None:
    name = space.namespace if plural in CLUSTER_SCOPED else "a"
    body = {**manifest(plural, name), "status": {"conditions": [ODD]}}
    born = space.face.send("POST", place(plural, space.namespace), body)
    assert born.status == 201, born.body
    assert ("conditions" in born.body["status"]) is (plural == "nodes")
    patch = {"status": {"conditions": [{**ODD, "status": "False"}]}, "metadata": {"labels": {"k": "v"}}}
    told = space.face.send("PATCH", place(plural, space.namespace, name), patch, content_type=MERGE)
    assert told.body.get("status") == born.body.get("status")


@pytest.mark.parametrize("plural", ["configmaps", "secrets", "serviceaccounts", "leases", "roles"])
def test_a_kind_without_a_status_has_no_such_subresource(space: Workspace, plural: str) -> None:
    space.bare.send("POST", place(plural, space.namespace), manifest(plural, "a"))
    assert space.face.send("GET", place(plural, space.namespace, "a", "status")).status == 404


def test_the_status_can_be_read_apart(space: Workspace) -> None:
    space.bare.send("POST", space.path("pods"), pod("a"))
    assert space.face.send("GET", space.path("pods", "a", "status")).body["kind"] == "Pod"
    space.bare.send("POST", space.path("widgets"), widget("a"))
    assert space.face.send("GET", space.path("widgets", "a", "status")).body["kind"] == "Widget"


def test_the_status_of_what_is_not_there_is_not_found(space: Workspace) -> None:
    answer = space.face.send("PUT", space.path("widgets", "a", "status"), widget("a", resourceVersion="1"))
    assert answer.refusal == (404, "NotFound")


SCALABLE = ["deployments", "replicasets", "statefulsets", "replicationcontrollers"]


@pytest.mark.parametrize("plural", SCALABLE)
def test_a_scale_is_read_and_written(space: Workspace, plural: str) -> None:
    space.bare.send("POST", place(plural, space.namespace), manifest(plural, "a"))
    path = place(plural, space.namespace, "a", "scale")
    scale = space.face.send("GET", path).body
    scale["spec"]["replicas"] = 4
    told = space.face.send("PUT", path, scale)
    assert (told.status, told.body["spec"]["replicas"]) == (200, 4)
    now = space.face.send("GET", place(plural, space.namespace, "a"))
    assert (now.body["spec"]["replicas"], now.metadata["generation"]) == (4, 2)


@pytest.mark.parametrize("plural", SCALABLE)
def test_a_scale_of_an_old_version_is_a_conflict(space: Workspace, plural: str) -> None:
    space.bare.send("POST", place(plural, space.namespace), manifest(plural, "a"))
    path = place(plural, space.namespace, "a", "scale")
    first = space.bare.send("GET", path).body
    space.bare.send("PATCH", path, {"spec": {"replicas": 2}}, content_type=MERGE)
    assert space.face.send("PUT", path, first).refusal == (409, "Conflict")


def test_a_scale_is_never_negative(space: Workspace) -> None:
    space.bare.send("POST", space.path("deployments"), manifest("deployments", "a"))
    path = space.path("deployments", "a", "scale")
    refused = space.face.send("PATCH", path, {"spec": {"replicas": -1}}, content_type=MERGE)
    assert refused.refusal == (422, "Invalid")


def test_a_scale_can_be_zero(space: Workspace) -> None:
    space.bare.send("POST", space.path("deployments"), manifest("deployments", "a"))
    path = space.path("deployments", "a", "scale")
    told = space.face.send("PATCH", path, {"spec": {"replicas": 0}}, content_type=MERGE)
    assert told.body["spec"].get("replicas", 0) == 0
    assert space.face.send("GET", space.path("deployments", "a")).body["spec"]["replicas"] == 0


def test_nobody_gets_to_own_replicas_by_a_scale_that_nobody_owned_before(space: Workspace) -> None:
    space.bare.send("POST", space.path("deployments"), manifest("deployments", "a"))
    path = space.path("deployments", "a", "scale")
    for replicas in (0, 2):
        assert space.face.send("PATCH", path, {"spec": {"replicas": replicas}}, content_type=MERGE).status == 200
    found = space.face.send("GET", space.path("deployments", "a")).body
    assert found["spec"]["replicas"] == 2
    assert not any("f:replicas" in entry["fieldsV1"]["f:spec"] for entry in found["metadata"]["managedFields"])


def test_the_scale_of_what_is_not_there_is_not_found(space: Workspace) -> None:
    path = space.path("deployments", "a", "scale")
    assert space.face.send("GET", path).refusal == (404, "NotFound")
    patch = {"spec": {"replicas": 1}}
    assert space.face.send("PATCH", path, patch, content_type=MERGE).refusal == (404, "NotFound")


def test_a_scale_says_which_pods_it_counts(space: Workspace) -> None:
    body = manifest("deployments", "a")
    body["spec"] = {
        **BODIES["deployments"]["spec"],
        "selector": {"matchLabels": {"app": "a"}, "matchExpressions": [{"key": "x", "operator": "DoesNotExist"}]},
    }
    space.face.send("POST", space.path("deployments"), body)
    scale = space.face.send("GET", space.path("deployments", "a", "scale")).body
    assert scale["status"]["selector"] == "app=a,!x"
