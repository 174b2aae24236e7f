"""Deleting: preconditions, finalizers, grace periods, propagation, namespaces."""

from datetime import datetime

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, pod, widget

pytestmark = pytest.mark.section("C.2 deletion")

MERGE = "application/merge-patch+json"


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_a_deleted_object_is_gone_and_the_answer_names_it(space: Workspace) -> None:
    born = space.face.send("POST", space.path("widgets"), widget("a"))
    answer = space.face.send("DELETE", space.path("widgets", "a"))
    assert (answer.status, answer.body["kind"], answer.body["status"]) == (200, "Status", "Success")
    assert answer.body["details"] == {
        "name": "a",
        "group": "conformance.test",
        "kind": "widgets",
        "uid": born.metadata["uid"],
    }
    assert space.face.send("GET", space.path("widgets", "a")).status == 404


def test_a_delete_spares_another_incarnation_or_version(space: Workspace) -> None:
    path = space.path("widgets", "a")
    first = space.face.send("POST", space.path("widgets"), widget("a"))
    second = space.face.send("PATCH", path, {"spec": {"size": 2}}, content_type=MERGE)
    wrong_uid = {"preconditions": {"uid": "00000000-0000-0000-0000-000000000000"}}
    assert space.face.send("DELETE", path, wrong_uid).refusal == (409, "Conflict")
    old = {"preconditions": {"uid": first.metadata["uid"], "resourceVersion": first.revision}}
    assert space.face.send("DELETE", path, old).refusal == (409, "Conflict")
    right = {"preconditions": {"uid": first.metadata["uid"], "resourceVersion": second.revision}}
    assert space.face.send("DELETE", path, right).status == 200


def test_an_object_with_a_finalizer_stays_until_it_is_taken_off(space: Workspace) -> None:
    path = space.path("widgets", "a")
    born = space.face.send("POST", space.path("widgets"), widget("a", finalizers=["conformance.test/hold"]))
    marked = space.face.send("DELETE", path)
    assert (marked.status, marked.body["kind"]) == (200, "Widget")
    assert marked.metadata["deletionTimestamp"]
    assert marked.metadata["deletionGracePeriodSeconds"] == 0
    assert marked.metadata["generation"] == 2
    assert space.face.send("DELETE", path).revision == marked.revision
    more = {"metadata": {"finalizers": ["conformance.test/hold", "conformance.test/more"]}}
    refused = space.face.send("PATCH", path, more, content_type=MERGE)
    assert refused.refusal == (422, "Invalid")
    assert set(refused.causes) == {("metadata.finalizers", "FieldValueForbidden")}
    undead = {**marked.body, "metadata": {**marked.metadata}, "spec": {**marked.body["spec"], "size": 2}}
    undead["metadata"].pop("deletionTimestamp")
    assert space.face.send("PUT", path, undead).metadata["deletionTimestamp"] == marked.metadata["deletionTimestamp"]
    freed = space.face.send("PATCH", path, {"metadata": {"finalizers": None}}, content_type=MERGE)
    assert freed.status == 200
    assert space.face.send("GET", path).status == 404
    events = space.face.watch(space.path("widgets"), 3, seconds=2, query={"resourceVersion": born.revision})
    assert [event["type"] for event in events] == ["MODIFIED", "MODIFIED", "DELETED"]


def test_a_bound_pod_has_its_grace_period_and_goes_at_the_second_delete(space: Workspace) -> None:
    path = space.path("pods", "a")
    space.face.send("POST", space.path("pods"), pod("a", node="n1"))
    marked = space.face.send("DELETE", path)
    metadata = marked.metadata
    assert metadata["deletionGracePeriodSeconds"] == 30
    assert 29 <= _seconds(metadata["deletionTimestamp"]) - _seconds(metadata["creationTimestamp"]) <= 40
    assert space.face.send("DELETE", path).revision == marked.revision
    uid = {"preconditions": {"uid": metadata["uid"]}}
    shorter = space.face.send("DELETE", path, {"gracePeriodSeconds": 5, **uid})
    assert shorter.metadata["deletionGracePeriodSeconds"] == 5
    longer = space.face.send("DELETE", path, {"gracePeriodSeconds": 60})
    assert longer.metadata["deletionGracePeriodSeconds"] == 5
    last = space.face.send("DELETE", path, {"gracePeriodSeconds": 0, **uid})
    assert (last.status, last.body["kind"]) == (200, "Pod")
    assert space.face.send("GET", path).status == 404


def test_a_pod_that_no_kubelet_runs_goes_at_once(space: Workspace) -> None:
    space.face.send("POST", space.path("pods"), pod("unbound"))
    space.face.send("DELETE", space.path("pods", "unbound"))
    assert space.face.send("GET", space.path("pods", "unbound")).status == 404
    space.face.send("POST", space.path("pods"), pod("done", node="n1"))
    patch = {"status": {"phase": "Succeeded"}}
    space.face.send("PATCH", space.path("pods", "done", "status"), patch, content_type=MERGE)
    space.face.send("DELETE", space.path("pods", "done"))
    assert space.face.send("GET", space.path("pods", "done")).status == 404


def test_a_forced_delete_takes_a_bound_pod_at_once(space: Workspace) -> None:
    space.face.send("POST", space.path("pods"), pod("a", node="n1"))
    space.face.send("DELETE", space.path("pods", "a"), query={"gracePeriodSeconds": "0"})
    assert space.face.send("GET", space.path("pods", "a")).status == 404


def test_a_deleted_pod_with_a_finalizer_stays_after_its_grace(space: Workspace) -> None:
    path = space.path("pods", "a")
    space.face.send("POST", space.path("pods"), pod("a", node="n1", finalizers=["conformance.test/hold"]))
    assert space.face.send("DELETE", path).metadata["deletionGracePeriodSeconds"] == 30
    ended = space.face.send("DELETE", path, {"gracePeriodSeconds": 0})
    assert ended.metadata["deletionGracePeriodSeconds"] == 0
    space.face.send("PATCH", path, {"metadata": {"finalizers": None}}, content_type=MERGE)
    assert space.face.send("GET", path).status == 404


def test_taking_the_finalizer_off_leaves_a_pod_its_grace(space: Workspace) -> None:
    path = space.path("pods", "a")
    space.face.send("POST", space.path("pods"), pod("a", node="n1", finalizers=["conformance.test/hold"]))
    space.face.send("DELETE", path)
    space.face.send("PATCH", path, {"metadata": {"finalizers": None}}, content_type=MERGE)
    assert space.face.send("GET", path).metadata["deletionGracePeriodSeconds"] == 30


def test_propagation_is_left_to_the_collector_as_a_finalizer(space: Workspace) -> None:
    for policy, finalizer in (("Foreground", "foregroundDeletion"), ("Orphan", "orphan")):
        name = policy.lower()
        space.face.send("POST", space.path("configmaps"), configmap(name))
        answer = space.face.send("DELETE", space.path("configmaps", name), {"propagationPolicy": policy})
        assert answer.metadata["finalizers"] == [finalizer]
        assert answer.metadata["deletionTimestamp"]
        space.face.send("PATCH", space.path("configmaps", name), {"metadata": {"finalizers": None}}, content_type=MERGE)
        assert space.face.send("GET", space.path("configmaps", name)).status == 404


def test_a_collection_is_deleted_by_selector(space: Workspace) -> None:
    for name, color in (("a", "red"), ("b", "blue"), ("c", "red")):
        space.face.send("POST", space.path("configmaps"), configmap(name, labels={"color": color}))
    answer = space.face.send("DELETE", space.path("configmaps"), query={"labelSelector": "color=red"})
    assert (answer.status, answer.body["kind"]) == (200, "ConfigMapList")
    left = space.face.send("GET", space.path("configmaps"), query={"labelSelector": "color"}).body["items"]
    assert [item["metadata"]["name"] for item in left] == ["b"]


def test_a_namespace_that_is_deleted_takes_nothing_new(space: Workspace) -> None:
    space.face.send("POST", space.path("pods"), pod("a", node="n1"))
    marked = space.face.send("DELETE", f"/api/v1/namespaces/{space.namespace}")
    assert (marked.status, marked.body["status"]["phase"]) == (200, "Terminating")
    refused = space.face.send("POST", space.path("configmaps"), configmap("b"))
    assert refused.refusal == (403, "Forbidden")
    assert refused.causes == [("metadata.namespace", "NamespaceTerminating")]
    patch = {"status": {"phase": "Failed"}}
    assert space.face.send("PATCH", space.path("pods", "a", "status"), patch, content_type=MERGE).status == 200
    finalized = {**marked.body, "spec": {"finalizers": []}}
    assert space.face.send("PUT", f"/api/v1/namespaces/{space.namespace}/finalize", finalized).status == 200
    assert space.face.send("GET", f"/api/v1/namespaces/{space.namespace}").status == 404


def test_an_evicted_pod_is_deleted_with_its_grace(space: Workspace) -> None:
    space.face.send("POST", space.path("pods"), pod("a", node="n1"))
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "a", "namespace": space.namespace}}
    assert space.face.send("POST", space.path("pods", "a", "eviction"), body).status == 201
    assert space.face.send("GET", space.path("pods", "a")).metadata["deletionGracePeriodSeconds"] == 30
