"""Binding and evicting pods, budgets for disruptions, and tokens of service accounts."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import pod
from e2e.conformance.manifests import manifest, place

pytestmark = pytest.mark.section("C.3 binding, eviction, tokens")

Json = dict[str, Any]
MERGE = "application/merge-patch+json"
ZERO = "00000000-0000-4000-8000-000000000000"
BAD_TARGETS: dict[str, Json] = {
    "no-target": {},
    "no-name": {"target": {"kind": "Node"}},
    "no-kind": {"target": {"name": "n1"}},
    "other-kind": {"target": {"kind": "Pod", "name": "n1"}},
}


@pytest.mark.parametrize("case", sorted(BAD_TARGETS))
def test_a_binding_must_name_a_node(space: Workspace, case: str) -> None:
    space.bare.send("POST", space.path("pods"), pod("a"))
    body = {"metadata": {"name": "a"}, **BAD_TARGETS[case]}
    answer = space.face.send("POST", space.path("pods", "a", "binding"), body)
    assert answer.status == (201 if case == "no-kind" else 500)


def test_a_pod_that_is_not_there_cannot_be_bound(space: Workspace) -> None:
    body = {"metadata": {"name": "a"}, "target": {"kind": "Node", "name": "n1"}}
    assert space.face.send("POST", space.path("pods", "a", "binding"), body).refusal == (404, "NotFound")


def test_a_binding_of_another_incarnation_is_a_conflict(space: Workspace) -> None:
    space.bare.send("POST", space.path("pods"), pod("a"))
    body = {"metadata": {"name": "a", "uid": ZERO}, "target": {"kind": "Node", "name": "n1"}}
    assert space.face.send("POST", space.path("pods", "a", "binding"), body).refusal == (409, "Conflict")


def test_a_binding_brings_annotations_and_labels(space: Workspace) -> None:
    space.bare.send("POST", space.path("pods"), pod("a"))
    metadata = {"name": "a", "annotations": {"k": "v"}, "labels": {"l": "w"}}
    body = {"metadata": metadata, "target": {"kind": "Node", "name": "n1"}}
    space.face.send("POST", space.path("pods", "a", "binding"), body)
    assert space.face.send("GET", space.path("pods", "a")).metadata["annotations"] == {"k": "v"}


def test_a_binding_can_be_posted_to_its_collection(space: Workspace) -> None:
    space.bare.send("POST", space.path("pods"), pod("a"))
    body = {"metadata": {"name": "a"}, "target": {"kind": "Node", "name": "n1"}}
    assert space.face.send("POST", space.path("bindings"), body).status == 201
    assert space.face.send("GET", space.path("pods", "a")).body["spec"]["nodeName"] == "n1"


def _eviction(name: str = "a", **more: Any) -> Json:
    return {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}, **more}


def _budget(space: Workspace, name: str, allowed: int) -> None:
    path = place("poddisruptionbudgets", space.namespace)
    born = space.bare.send("POST", path, manifest("poddisruptionbudgets", name))
    counts = {"expectedPods": 1, "currentHealthy": 1, "desiredHealthy": 1 - allowed}
    status = {**counts, "disruptionsAllowed": allowed, "observedGeneration": born.metadata["generation"]}
    told = space.bare.send("PATCH", f"{path}/{name}/status", {"status": status}, content_type=MERGE)
    assert told.status == 200, told.body


def _running(space: Workspace, name: str = "a") -> None:
    space.bare.send("POST", space.path("pods"), pod(name, node="n1", labels={"app": "a"}))
    conditions = [{"type": "Ready", "status": "True"}]
    patch = {"status": {"phase": "Running", "conditions": conditions}}
    space.bare.send("PATCH", space.path("pods", name, "status"), patch, content_type=MERGE)


def test_a_budget_that_is_used_up_refuses_an_eviction(space: Workspace) -> None:
    _running(space)
    _budget(space, "budget", 0)
    refused = space.face.send("POST", space.path("pods", "a", "eviction"), _eviction())
    assert refused.refusal == (429, "TooManyRequests")
    assert refused.causes == [("", "DisruptionBudget")]
    assert "deletionTimestamp" not in space.face.send("GET", space.path("pods", "a")).metadata


def test_a_budget_pays_for_an_eviction(space: Workspace) -> None:
    _running(space)
    _budget(space, "budget", 1)
    assert space.face.send("POST", space.path("pods", "a", "eviction"), _eviction()).status == 201
    path = place("poddisruptionbudgets", space.namespace, "budget")
    left = space.face.send("GET", path).body["status"]
    assert (left["disruptionsAllowed"], list(left["disruptedPods"])) == (0, ["a"])
    _running(space, "b")
    assert space.face.send("POST", space.path("pods", "b", "eviction"), _eviction("b")).status == 429


def test_a_budget_that_nobody_has_looked_at_refuses(space: Workspace) -> None:
    _running(space)
    space.face.send("POST", place("poddisruptionbudgets", space.namespace), manifest("poddisruptionbudgets", "b"))
    assert space.face.send("POST", space.path("pods", "a", "eviction"), _eviction()).status == 429


def test_two_budgets_for_one_pod_are_a_mistake(space: Workspace) -> None:
    _running(space)
    _budget(space, "one", 1)
    _budget(space, "two", 1)
    assert space.face.send("POST", space.path("pods", "a", "eviction"), _eviction()).status == 500


def test_a_budget_for_others_does_not_matter(space: Workspace) -> None:
    space.bare.send("POST", space.path("pods"), pod("a", node="n1", labels={"app": "other"}))
    _budget(space, "budget", 0)
    assert space.face.send("POST", space.path("pods", "a", "eviction"), _eviction()).status == 201


@pytest.mark.parametrize("phase", ["Pending", "Succeeded", "Failed"])
def test_a_budget_does_not_protect_what_does_not_run(space: Workspace, phase: str) -> None:
    _running(space)
    _budget(space, "budget", 0)
    space.bare.send("PATCH", space.path("pods", "a", "status"), {"status": {"phase": phase}}, content_type=MERGE)
    assert space.face.send("POST", space.path("pods", "a", "eviction"), _eviction()).status == 201


def test_an_eviction_may_choose_the_grace(space: Workspace) -> None:
    _running(space)
    options = {"gracePeriodSeconds": 3}
    space.face.send("POST", space.path("pods", "a", "eviction"), _eviction(deleteOptions=options))
    assert space.face.send("GET", space.path("pods", "a")).metadata["deletionGracePeriodSeconds"] == 3


def test_an_eviction_can_be_tried(space: Workspace) -> None:
    _running(space)
    _budget(space, "budget", 1)
    tried = space.face.send("POST", space.path("pods", "a", "eviction"), _eviction(deleteOptions={"dryRun": ["All"]}))
    assert tried.status == 201
    assert "deletionTimestamp" not in space.face.send("GET", space.path("pods", "a")).metadata


def test_an_eviction_names_its_pod(space: Workspace) -> None:
    _running(space)
    other = space.face.send("POST", space.path("pods", "a", "eviction"), _eviction("b"))
    assert other.refusal == (400, "BadRequest")
    missing = space.face.send("POST", space.path("pods", "none", "eviction"), _eviction("none"))
    assert missing.refusal == (404, "NotFound")


def test_an_eviction_of_another_incarnation_is_a_conflict(space: Workspace) -> None:
    _running(space)
    body = _eviction(deleteOptions={"preconditions": {"uid": ZERO}})
    assert space.face.send("POST", space.path("pods", "a", "eviction"), body).refusal == (409, "Conflict")


def test_a_second_eviction_is_taken(space: Workspace) -> None:
    _running(space)
    _budget(space, "budget", 1)
    path = space.path("pods", "a", "eviction")
    assert space.face.send("POST", path, _eviction()).status == 201
    assert space.face.send("POST", path, _eviction()).status == 201


BAD_BUDGETS: dict[str, Json] = {
    "both": {"minAvailable": 1, "maxUnavailable": 1},
    "negative": {"minAvailable": -1},
    "percent": {"minAvailable": "150%"},
    "text": {"maxUnavailable": "some"},
    "policy": {"minAvailable": 1, "unhealthyPodEvictionPolicy": "Sometimes"},
}


@pytest.mark.parametrize("case", sorted(BAD_BUDGETS))
def test_a_budget_has_one_bound(space: Workspace, case: str) -> None:
    body = manifest("poddisruptionbudgets", "a")
    body["spec"] = {"selector": {"matchLabels": {"app": "a"}}, **BAD_BUDGETS[case]}
    answer = space.face.send("POST", place("poddisruptionbudgets", space.namespace), body)
    assert answer.refusal == (422, "Invalid")


def test_a_token_is_made_for_a_service_account(space: Workspace) -> None:
    space.bare.send("POST", space.path("serviceaccounts"), manifest("serviceaccounts", "a"))
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    answer = space.bare.send("POST", space.path("serviceaccounts", "a", "token"), body)
    assert answer.status == 201
    assert answer.body["kind"] == "TokenRequest"
    assert answer.body["status"]["token"].count(".") == 2
    assert answer.body["status"]["expirationTimestamp"].endswith("Z")


def test_a_token_lives_ten_minutes_at_least(space: Workspace) -> None:
    space.bare.send("POST", space.path("serviceaccounts"), manifest("serviceaccounts", "a"))
    body = {"spec": {"expirationSeconds": 60}}
    answer = space.face.send("POST", space.path("serviceaccounts", "a", "token"), body)
    assert answer.refusal == (422, "Invalid")


def test_a_token_needs_its_account(space: Workspace) -> None:
    answer = space.face.send("POST", space.path("serviceaccounts", "none", "token"), {"spec": {}})
    assert answer.refusal == (404, "NotFound")
