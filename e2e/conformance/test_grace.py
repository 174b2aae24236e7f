"""How long a deleted pod stays, for every way to delete it."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, pod, widget
from e2e.conformance.manifests import manifest, place

pytestmark = pytest.mark.section("C.2 grace periods")

Json = dict[str, Any]
MERGE = "application/merge-patch+json"


def _there(space: Workspace, name: str = "a") -> bool:
    return space.face.send("GET", space.path("pods", name)).status == 200


def _born(space: Workspace, *, node: str = "n1", grace: int | None = None) -> str:
    body = pod("a", node=node)
    if grace is not None:
        body["spec"]["terminationGracePeriodSeconds"] = grace
    assert space.face.send("POST", space.path("pods"), body).status == 201
    return space.path("pods", "a")


@pytest.mark.parametrize("own", [None, 5, 0])
def test_a_pod_has_the_grace_that_it_was_born_with(space: Workspace, own: int | None) -> None:
    path = _born(space, grace=own)
    marked = space.face.send("DELETE", path)
    assert marked.status == 200
    assert _there(space) is (own != 0)


@pytest.mark.parametrize("seconds", [-1, 0, 1, 10, 600])
def test_the_caller_chooses_the_grace(space: Workspace, seconds: int) -> None:
    path = _born(space)
    answer = space.face.send("DELETE", path, {"gracePeriodSeconds": seconds})
    assert answer.metadata.get("deletionGracePeriodSeconds") == (1 if seconds < 0 else seconds)
    assert _there(space) is (seconds != 0)


@pytest.mark.parametrize("seconds", ["-1", "0", "10", "x"])
def test_the_grace_may_be_a_parameter(space: Workspace, seconds: str) -> None:
    path = _born(space)
    answer = space.face.send("DELETE", path, query={"gracePeriodSeconds": seconds})
    assert answer.status == (400 if seconds == "x" else 200)


def test_a_body_wins_over_parameters(space: Workspace) -> None:
    path = _born(space)
    body = {"kind": "DeleteOptions", "apiVersion": "v1"}
    answer = space.face.send("DELETE", path, body, query={"gracePeriodSeconds": "7"})
    assert answer.metadata["deletionGracePeriodSeconds"] == 30


def test_grace_is_only_shortened(space: Workspace) -> None:
    path = _born(space)
    for asked, left in ((20, 20), (25, 20), (5, 5), (None, 5), (-1, 1)):
        answer = space.face.send("DELETE", path, {"gracePeriodSeconds": asked} if asked else None)
        assert answer.metadata["deletionGracePeriodSeconds"] == left


def test_a_second_delete_that_changes_nothing_writes_nothing(space: Workspace) -> None:
    path = _born(space)
    first = space.face.send("DELETE", path)
    assert space.face.send("DELETE", path).revision == first.revision
    assert space.face.send("DELETE", path, {"gracePeriodSeconds": 30}).revision == first.revision


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_has_no_grace(space: Workspace, phase: str) -> None:
    path = _born(space)
    space.bare.send("PATCH", path + "/status", {"status": {"phase": phase}}, content_type=MERGE)
    answer = space.face.send("DELETE", path, {"gracePeriodSeconds": 60})
    assert answer.metadata["deletionGracePeriodSeconds"] == 0
    assert not _there(space)


@pytest.mark.parametrize("phase", ["Running", "Unknown"])
def test_a_pod_that_may_run_has_its_grace(space: Workspace, phase: str) -> None:
    path = _born(space)
    space.bare.send("PATCH", path + "/status", {"status": {"phase": phase}}, content_type=MERGE)
    assert space.face.send("DELETE", path).metadata["deletionGracePeriodSeconds"] == 30
    assert _there(space)


def test_a_pod_without_a_node_has_no_grace_even_if_asked(space: Workspace) -> None:
    path = _born(space, node="")
    answer = space.face.send("DELETE", path, {"gracePeriodSeconds": 60})
    assert answer.metadata["deletionGracePeriodSeconds"] == 0
    assert not _there(space)


def test_a_pod_that_is_being_deleted_cannot_be_bound(space: Workspace) -> None:
    body = pod("a", finalizers=["conformance.test/hold"])
    space.face.send("POST", space.path("pods"), body)
    space.face.send("DELETE", space.path("pods", "a"))
    binding = {"metadata": {"name": "a"}, "target": {"kind": "Node", "name": "n1"}}
    refused = space.face.send("POST", space.path("pods", "a", "binding"), binding)
    assert refused.refusal == (409, "Conflict")


def test_a_pod_that_is_being_deleted_can_still_be_changed(space: Workspace) -> None:
    path = _born(space)
    space.face.send("DELETE", path)
    labelled = space.face.send("PATCH", path, {"metadata": {"labels": {"k": "v"}}}, content_type=MERGE)
    assert labelled.metadata["deletionTimestamp"]
    status = space.face.send("PATCH", path + "/status", {"status": {"phase": "Failed"}}, content_type=MERGE)
    assert status.body["status"]["phase"] == "Failed"


def test_the_second_delete_of_a_kubelet_names_the_incarnation(space: Workspace) -> None:
    path = _born(space)
    first = space.face.send("DELETE", path)
    other = {"gracePeriodSeconds": 0, "preconditions": {"uid": "00000000-0000-4000-8000-000000000000"}}
    assert space.face.send("DELETE", path, other).refusal == (409, "Conflict")
    mine = {"gracePeriodSeconds": 0, "preconditions": {"uid": first.metadata["uid"]}}
    assert space.face.send("DELETE", path, mine).status == 200
    assert not _there(space)


def test_a_dry_run_of_a_delete_leaves_the_pod_alone(space: Workspace) -> None:
    path = _born(space)
    born = space.face.send("GET", path)
    space.face.send("DELETE", path, {"dryRun": ["All"]})
    space.face.send("DELETE", path, query={"dryRun": "All"})
    assert space.face.send("GET", path).revision == born.revision


@pytest.mark.parametrize("seconds", [0, 60, -5])
def test_other_kinds_have_no_grace(space: Workspace, seconds: int) -> None:
    space.face.send("POST", space.path("configmaps"), configmap("a"))
    space.face.send("POST", space.path("widgets"), widget("a"))
    for plural in ("configmaps", "widgets"):
        answer = space.face.send("DELETE", space.path(plural, "a"), {"gracePeriodSeconds": seconds})
        assert answer.status == 200
        assert space.face.send("GET", space.path(plural, "a")).status == 404


BAD_OPTIONS: dict[str, Json] = {
    "unknown-policy": {"propagationPolicy": "Sideways"},
    "both": {"propagationPolicy": "Orphan", "orphanDependents": True},
    "bad-dry-run": {"dryRun": ["Some"]},
    "text-grace": {"gracePeriodSeconds": "soon"},
    "wrong-kind": {"kind": "Pod", "apiVersion": "v1"},
}


@pytest.mark.parametrize("case", sorted(BAD_OPTIONS))
def test_options_that_make_no_sense_are_refused(space: Workspace, case: str) -> None:
    space.face.send("POST", space.path("configmaps"), configmap("a"))
    answer = space.face.send("DELETE", space.path("configmaps", "a"), BAD_OPTIONS[case])
    assert answer.status in (400, 422)
    assert space.face.send("GET", space.path("configmaps", "a")).status == 200


@pytest.mark.parametrize("plural", ["pods", "configmaps", "nodes", "leases"])
def test_preconditions_hold_for_every_kind(space: Workspace, plural: str) -> None:
    name = space.namespace if plural == "nodes" else "a"
    born = space.face.send("POST", place(plural, space.namespace), manifest(plural, name))
    path = place(plural, space.namespace, name)
    for precondition in ({"uid": "00000000-0000-4000-8000-000000000000"}, {"resourceVersion": "1"}):
        refused = space.face.send("DELETE", path, {"preconditions": precondition})
        assert refused.refusal == (409, "Conflict")
    right = {"uid": born.metadata["uid"], "resourceVersion": born.revision}
    assert space.face.send("DELETE", path, {"preconditions": right}).status == 200
