"""Deleting many objects by one request."""

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, pod, widget

pytestmark = pytest.mark.section("C.2 deletecollection")


def _names(space: Workspace, plural: str) -> list[str]:
    items = space.bare.send("GET", space.path(plural)).body["items"]
    return [item["metadata"]["name"] for item in items if item["metadata"]["name"] != "kube-root-ca.crt"]


def _three(space: Workspace) -> None:
    for name, color in (("a", "red"), ("b", "blue"), ("c", "red")):
        space.bare.send("POST", space.path("configmaps"), configmap(name, labels={"color": color}))


def test_without_selectors_a_collection_is_emptied(space: Workspace) -> None:
    for name in ("a", "b"):
        space.face.send("POST", space.path("widgets"), widget(name))
    answer = space.face.send("DELETE", space.path("widgets"))
    assert answer.body["kind"] == "WidgetList"
    assert _names(space, "widgets") == []


def test_an_empty_collection_can_be_deleted(space: Workspace) -> None:
    answer = space.face.send("DELETE", space.path("widgets"))
    assert (answer.status, answer.body["items"]) == (200, [])


def test_a_dry_run_deletes_nothing(space: Workspace) -> None:
    _three(space)
    answer = space.face.send("DELETE", space.path("configmaps"), query={"dryRun": "All"})
    assert answer.status == 200
    assert _names(space, "configmaps") == ["a", "b", "c"]


def test_a_field_selector_names_one(space: Workspace) -> None:
    _three(space)
    space.face.send("DELETE", space.path("configmaps"), query={"fieldSelector": "metadata.name=b"})
    assert _names(space, "configmaps") == ["a", "c"]


def test_a_selector_that_cannot_be_read_deletes_nothing(space: Workspace) -> None:
    _three(space)
    answer = space.face.send("DELETE", space.path("configmaps"), query={"labelSelector": "color in red"})
    assert answer.refusal == (400, "BadRequest")
    assert _names(space, "configmaps") == ["a", "b", "c"]


def test_each_object_is_an_event_of_its_own(space: Workspace) -> None:
    for name in ("a", "b"):
        space.face.send("POST", space.path("widgets"), widget(name))
    start = space.face.send("GET", space.path("widgets")).revision
    space.face.send("DELETE", space.path("widgets"))
    events = space.bare.watch(space.path("widgets"), 2, seconds=2, query={"resourceVersion": start})
    assert [(event["type"], event["object"]["metadata"]["name"]) for event in events] == [
        ("DELETED", "a"),
        ("DELETED", "b"),
    ]


def test_finalizers_hold_those_that_have_them(space: Workspace) -> None:
    space.face.send("POST", space.path("widgets"), widget("a", finalizers=["conformance.test/hold"]))
    space.face.send("POST", space.path("widgets"), widget("b"))
    space.face.send("DELETE", space.path("widgets"))
    assert _names(space, "widgets") == ["a"]
    assert space.face.send("GET", space.path("widgets", "a")).metadata["deletionTimestamp"]


def test_pods_of_a_collection_have_their_grace(space: Workspace) -> None:
    space.face.send("POST", space.path("pods"), pod("bound", node="n1"))
    space.face.send("POST", space.path("pods"), pod("unbound"))
    answer = space.face.send("DELETE", space.path("pods"))
    assert answer.body["kind"] == "PodList"
    assert _names(space, "pods") == ["bound"]
    space.face.send("DELETE", space.path("pods"), {"gracePeriodSeconds": 0})
    assert _names(space, "pods") == []


@pytest.mark.parametrize("policy", ["Orphan", "Foreground"])
def test_propagation_holds_for_each(space: Workspace, policy: str) -> None:
    body = {"propagationPolicy": policy, "dryRun": ["All"]}
    _three(space)
    answer = space.face.send("DELETE", space.path("configmaps"), body, query={"labelSelector": "color=red"})
    assert answer.status == 200


def test_namespaces_cannot_be_deleted_as_a_collection(space: Workspace) -> None:
    assert space.face.send("DELETE", "/api/v1/namespaces").refusal == (405, "MethodNotAllowed")


def test_a_collection_of_all_namespaces_cannot_be_deleted(space: Workspace) -> None:
    assert space.face.send("DELETE", "/api/v1/configmaps").refusal == (405, "MethodNotAllowed")
