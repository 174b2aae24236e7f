"""Field selectors: which fields each kind offers, and what is said about others."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, pod, widget

pytestmark = pytest.mark.section("C.4 reads, lists, watches")

Json = dict[str, Any]
PATHS = {
    "pods": "/api/v1/pods",
    "nodes": "/api/v1/nodes",
    "namespaces": "/api/v1/namespaces",
    "events": "/api/v1/events",
    "secrets": "/api/v1/secrets",
    "configmaps": "/api/v1/configmaps",
    "jobs": "/apis/batch/v1/jobs",
    "replicasets": "/apis/apps/v1/replicasets",
    "leases": "/apis/coordination.k8s.io/v1/leases",
    "clusterroles": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "widgets": "/apis/conformance.test/v1/widgets",
    "gears": "/apis/conformance.test/v1/gears",
}
_INVOLVED = ("kind", "name", "namespace", "uid", "apiVersion", "resourceVersion", "fieldPath")
OFFERED = {
    "pods": (
        "spec.nodeName",
        "spec.host",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.podIPs",
        "status.nominatedNodeName",
    ),
    "nodes": ("spec.unschedulable",),
    "namespaces": ("status.phase",),
    "events": (*(f"involvedObject.{name}" for name in _INVOLVED), "reason", "reportingComponent", "source", "type"),
    "secrets": ("type",),
    "jobs": ("status.successful",),
    "widgets": ("spec.color",),
}
CONFIGMAP_SELECTORS = {
    "equal": ("metadata.name=a", ["a"]),
    "double-equal": ("metadata.name==a", ["a"]),
    "unequal": ("metadata.name!=a", ["b"]),
    "empty-terms": ("metadata.name=a,,", ["a"]),
    "nothing-equals-nothing": ("=", ["a", "b"]),
    "contradiction": ("metadata.name=a,metadata.name=b", []),
    "escaped-comma": ("metadata.name=a\\,b", []),
    "empty-value": ("metadata.name=", []),
}
UNREADABLE = {
    "no-operator": "metadata.name",
    "greater": "metadata.name>a",
    "a-bad-escape": "metadata.name=a\\x",
    "a-last-backslash": "metadata.name=\\",
    "two-operators": "metadata.name=a=b",
    "a-space-before": " metadata.name=a",
    "a-space-after": "metadata.name =a",
    "negated": "!a=b",
    "no-such-field": "metadata.uid=1",
}


def _names(items: list[Json]) -> list[str]:
    return [item["metadata"]["name"] for item in items]


@pytest.mark.parametrize("kind", OFFERED)
def test_a_kind_can_be_selected_by_its_fields(space: Workspace, kind: str) -> None:
    for field in OFFERED[kind]:
        found = space.face.send("GET", PATHS[kind], query={"fieldSelector": f"{field}=no-such-thing"})
        assert (found.status, found.body["items"]) == (200, []), field


@pytest.mark.parametrize("kind", PATHS)
def test_a_field_that_a_kind_does_not_offer_is_refused(space: Workspace, kind: str) -> None:
    for selector in ("spec.nothing=1", "kind!=x", "metadata.labels=x"):
        assert space.face.send("GET", PATHS[kind], query={"fieldSelector": selector}).refusal == (400, "BadRequest")


@pytest.mark.parametrize("kind", ["nodes", "namespaces", "gears", "clusterroles"])
def test_what_has_no_namespace_is_selected_by_it_only_where_nobody_checks(space: Workspace, kind: str) -> None:
    found = space.face.send("GET", PATHS[kind], query={"fieldSelector": "metadata.namespace=somewhere"})
    assert found.status == (200 if kind == "clusterroles" else 400)


@pytest.mark.parametrize("case", CONFIGMAP_SELECTORS)
def test_a_field_selector_selects(space: Workspace, case: str) -> None:
    selector, wanted = CONFIGMAP_SELECTORS[case]
    for name in ("a", "b"):
        space.bare.send("POST", space.path("configmaps"), configmap(name, {"k": "v"}))
    found = space.face.send("GET", space.path("configmaps"), query={"fieldSelector": selector})
    assert _names(found.body["items"]) == wanted


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_field_selector_that_cannot_be_read_is_refused(space: Workspace, case: str) -> None:
    query = {"fieldSelector": UNREADABLE[case]}
    assert space.face.send("GET", "/api/v1/configmaps", query=query).refusal == (400, "BadRequest")


def test_a_field_that_is_not_there_is_selected_by_the_zero_of_its_type(space: Workspace) -> None:
    space.bare.send("POST", space.path("pods"), pod("a"))
    for selector in ("spec.hostNetwork=false", "spec.nodeName=", "status.podIP=", "spec.host="):
        found = space.face.send("GET", space.path("pods"), query={"fieldSelector": selector})
        assert _names(found.body["items"]) == ["a"], selector


def test_labels_and_fields_select_together(space: Workspace) -> None:
    for name, labels in (("a", {"x": "1"}), ("b", {"x": "1"}), ("c", {})):
        space.bare.send("POST", space.path("widgets"), widget(name, labels=labels))
    query = {"labelSelector": "x=1", "fieldSelector": "spec.color=red,metadata.name!=b"}
    assert _names(space.face.send("GET", space.path("widgets"), query=query).body["items"]) == ["a"]


def test_events_are_selected_by_what_they_are_about(space: Workspace) -> None:
    for name, kind in (("a", "Pod"), ("b", "Node")):
        about = {"kind": kind, "name": "x", "namespace": space.namespace}
        event = {"metadata": {"name": name}, "involvedObject": about, "reason": f"Because{kind}", "type": "Normal"}
        space.bare.send("POST", space.path("events"), {"apiVersion": "v1", "kind": "Event", **event})
    for selector in ("involvedObject.kind=Node", "reason=BecauseNode", "involvedObject.kind!=Pod,type=Normal"):
        found = space.face.send("GET", space.path("events"), query={"fieldSelector": selector})
        assert _names(found.body["items"]) == ["b"], selector


def test_secrets_are_selected_by_their_type(space: Workspace) -> None:
    for name, kind in (("a", "Opaque"), ("b", "example.test/key")):
        space.bare.send("POST", space.path("secrets"), {"metadata": {"name": name}, "type": kind})
    query = {"fieldSelector": "type=example.test/key"}
    found = space.face.send("GET", space.path("secrets"), query=query)
    assert _names(found.body["items"]) == ["b"]
