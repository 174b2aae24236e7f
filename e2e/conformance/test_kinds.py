"""What clients do with every built-in kind: create, read, list, watch, patch, delete.

One row for each kind that the simulated cluster or the product uses; each row is asked the same questions.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import definition, is_established, pod
from e2e.conformance.manifests import manifest, place

pytestmark = pytest.mark.section("C.1 every kind")

Json = dict[str, Any]
MERGE = "application/merge-patch+json"
LABELS = {"app": "x"}
TEMPLATE: Json = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "main", "image": "busybox:1"}]}}
JOB_TEMPLATE = {**TEMPLATE, "spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}
CRON_JOB: Json = {"spec": {"schedule": "0 4 1 1 *", "jobTemplate": {"spec": {"template": JOB_TEMPLATE}}}}
SELECTS: Json = {"selector": {"matchLabels": LABELS}, "template": TEMPLATE}
RULES = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
RBAC = "rbac.authorization.k8s.io"
ADMISSION = "admissionregistration.k8s.io"
DEFINITIONS = "customresourcedefinitions"
HOOK: Json = {
    "name": "gate.conformance.test",
    "clientConfig": {"url": "https://127.0.0.1:1/gate"},
    "rules": [{"operations": ["CREATE"], "apiGroups": ["none.test"], "apiVersions": ["v1"], "resources": ["nothings"]}],
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind: where it is served, and what one of it needs to say. ``status`` is a patch of its status."""

    plural: str
    kind: str
    group: str = ""
    version: str = "v1"
    namespaced: bool = True
    body: Json | None = None
    status: Json | None = None

    def path(self, space: Workspace, name: str = "") -> str:
        """The path of the collection or of one object."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        parts = [root, f"namespaces/{space.namespace}" if self.namespaced else "", self.plural, name]
        return "/".join(part for part in parts if part)

    def name(self, space: Workspace) -> str:
        """A name that nobody else uses."""
        if self.plural == DEFINITIONS:
            return f"{_plural(space)}.conformance.test"
        return "one" if self.namespaced else f"{space.namespace[:58]}-x"

    def made(self, space: Workspace) -> Json:
        """One of it."""
        api_version = f"{self.group}/{self.version}" if self.group else self.version
        body = {"apiVersion": api_version, "kind": self.kind, **(self.body or {})}
        if self.plural == DEFINITIONS:
            plural = _plural(space)
            body["spec"] = definition(plural, plural.capitalize(), "Namespaced", {"type": "object"})["spec"]
        return {**body, "metadata": {"name": self.name(space), "labels": LABELS}}


def _plural(space: Workspace) -> str:
    """A plural that no other claim defines."""
    return space.shown.replace("-", "")[-20:] + "s"


def _settle(space: Workspace, kind: Kind) -> None:
    """A definition gets its status from the server a moment later."""
    if kind.plural == DEFINITIONS:
        path = f"{kind.path(space)}/{kind.name(space)}"
        space.face.until(lambda: is_established(space.bare.send("GET", path).body))


def _app(plural: str, kind: str, **spec: Any) -> Kind:
    return Kind(
        plural=plural, kind=kind, group="apps", body={"spec": {**SELECTS, **spec}}, status={"observedGeneration": 1}
    )


KINDS = [
    Kind(plural="pods", kind="Pod", body={"spec": pod("x")["spec"]}, status={"message": "seen"}),
    Kind(plural="configmaps", kind="ConfigMap", body={"data": {"a": "1"}}),
    Kind(plural="secrets", kind="Secret", body={"stringData": {"a": "1"}}),
    Kind(plural="serviceaccounts", kind="ServiceAccount"),
    Kind(plural="leases", kind="Lease", group="coordination.k8s.io", body={"spec": {"holderIdentity": "a"}}),
    _app("deployments", "Deployment"),
    _app("replicasets", "ReplicaSet"),
    _app("statefulsets", "StatefulSet", serviceName="x"),
    _app("daemonsets", "DaemonSet"),
    Kind(plural="jobs", kind="Job", group="batch", body={"spec": {"template": JOB_TEMPLATE}}, status={"active": 1}),
    Kind(
        plural="cronjobs",
        kind="CronJob",
        group="batch",
        body=CRON_JOB,
        status={"lastScheduleTime": "2024-01-01T00:00:00Z"},
    ),
    Kind(plural="roles", kind="Role", group=RBAC, body={"rules": RULES}),
    Kind(
        plural="rolebindings",
        kind="RoleBinding",
        group=RBAC,
        body={
            "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "one"},
            "subjects": [{"kind": "User", "name": "a"}],
        },
    ),
    Kind(plural="widgets", kind="Widget", group="conformance.test", body={"spec": {"size": 1}}, status={"phase": "x"}),
    Kind(plural="namespaces", kind="Namespace", namespaced=False),
    Kind(plural="nodes", kind="Node", namespaced=False, body={"spec": {}}, status={"phase": "Running"}),
    Kind(plural="clusterroles", kind="ClusterRole", group=RBAC, namespaced=False, body={"rules": RULES}),
    Kind(
        plural="clusterrolebindings",
        kind="ClusterRoleBinding",
        group=RBAC,
        namespaced=False,
        body={"roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "a"}},
    ),
    Kind(
        plural="mutatingwebhookconfigurations",
        kind="MutatingWebhookConfiguration",
        group=ADMISSION,
        namespaced=False,
        body={"webhooks": [HOOK]},
    ),
    Kind(
        plural="validatingwebhookconfigurations",
        kind="ValidatingWebhookConfiguration",
        group=ADMISSION,
        namespaced=False,
        body={"webhooks": [HOOK]},
    ),
    Kind(
        plural="validatingadmissionpolicies",
        kind="ValidatingAdmissionPolicy",
        group=ADMISSION,
        namespaced=False,
        body={"spec": {"matchConstraints": {"resourceRules": HOOK["rules"]}, "validations": [{"expression": "true"}]}},
    ),
    Kind(
        plural="validatingadmissionpolicybindings",
        kind="ValidatingAdmissionPolicyBinding",
        group=ADMISSION,
        namespaced=False,
        body={"spec": {"policyName": "none", "validationActions": ["Deny"]}},
    ),
    Kind(
        plural=DEFINITIONS,
        kind="CustomResourceDefinition",
        group="apiextensions.k8s.io",
        namespaced=False,
    ),
]
EVENT = {
    "apiVersion": "v1",
    "kind": "Event",
    "metadata": {"name": "one"},
    "involvedObject": {"kind": "Pod", "name": "x"},
    "reason": "Because",
    "type": "Normal",
}
each = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.plural)
with_status = pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.status], ids=lambda kind: kind.plural)
namespaced = pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.namespaced], ids=lambda kind: kind.plural)


@each
def test_one_is_created_read_listed_and_deleted_by_its_uid(space: Workspace, kind: Kind) -> None:
    path, name = kind.path(space), kind.name(space)
    born = space.face.send("POST", path, kind.made(space))
    assert born.status == 201, born.body
    _settle(space, kind)
    assert space.face.send("GET", f"{path}/{name}").metadata["uid"] == born.metadata["uid"]
    for query in ({}, {"limit": "5000"}, {"labelSelector": "app=x", "limit": "500"}, {"labelSelector": "app=x"}):
        listed = space.face.send("GET", path, query=query, own=name)
        assert [item["metadata"]["name"] for item in listed.body["items"]].count(name) == 1
    other = {"preconditions": {"uid": "11111111-1111-4111-8111-111111111111"}, "propagationPolicy": "Background"}
    assert space.face.send("DELETE", f"{path}/{name}", other).refusal == (409, "Conflict")
    mine = {"preconditions": {"uid": born.metadata["uid"]}, "propagationPolicy": "Background"}
    assert space.face.send("DELETE", f"{path}/{name}", mine).status == 200


@each
def test_one_is_deleted_without_conditions_and_in_the_background(space: Workspace, kind: Kind) -> None:
    path, name = kind.path(space), kind.name(space)
    assert space.face.send("POST", path, kind.made(space)).status == 201
    _settle(space, kind)
    assert space.face.send("DELETE", f"{path}/{name}", {"propagationPolicy": "Background"}).status == 200


@each
def test_one_is_patched_and_watched_from_a_revision_on(space: Workspace, kind: Kind) -> None:
    path, name = kind.path(space), kind.name(space)
    space.face.send("POST", path, kind.made(space))
    _settle(space, kind)
    born = space.face.send("GET", f"{path}/{name}")
    patched = space.face.send("PATCH", f"{path}/{name}", {"metadata": {"labels": {"y": "1"}}}, content_type=MERGE)
    assert patched.metadata["labels"]["y"] == "1"
    since = {"resourceVersion": born.revision}
    for query in (since, {**since, "allowWatchBookmarks": "true"}):
        events = space.face.watch(path, 1, query=query)
        assert [(event["type"], event["object"]["metadata"]["name"]) for event in events] == [("MODIFIED", name)]
    space.face.send("DELETE", f"{path}/{name}")


@with_status
def test_its_status_is_patched_apart(space: Workspace, kind: Kind) -> None:
    path, name = kind.path(space), kind.name(space)
    born = space.face.send("POST", path, kind.made(space))
    body = {"metadata": {"annotations": {"a": "1"}}, "spec": {"other": 1}, "status": kind.status}
    patched = space.face.send("PATCH", f"{path}/{name}/status", body, content_type=MERGE)
    assert patched.status == 200, patched.body
    assert patched.body["status"].items() >= (kind.status or {}).items()
    assert patched.body["spec"] == born.body["spec"]
    space.face.send("DELETE", f"{path}/{name}", {"gracePeriodSeconds": 0, "propagationPolicy": "Background"})


@namespaced
def test_a_collection_is_deleted_at_once(space: Workspace, kind: Kind) -> None:
    path = kind.path(space)
    space.face.send("POST", path, kind.made(space))
    answer = space.face.send("DELETE", path)
    assert answer.status == 200
    assert [item["metadata"]["name"] for item in answer.body["items"]].count(kind.name(space)) == 1


def test_a_pod_is_deleted_by_its_uid_alone(space: Workspace) -> None:
    born = space.face.send("POST", space.path("pods"), pod("a"))
    gone = space.face.send("DELETE", space.path("pods", "a"), {"preconditions": {"uid": born.metadata["uid"]}})
    assert gone.status == 200


def test_events_are_created_listed_and_watched(space: Workspace) -> None:
    path = space.path("events")
    involved = {**EVENT["involvedObject"], "namespace": space.namespace}  # type: ignore[dict-item]
    born = space.face.send("POST", path, {**EVENT, "involvedObject": involved})
    assert born.status == 201, born.body
    assert len(space.face.send("GET", path).body["items"]) == 1
    counted = space.face.send("PATCH", path + "/one", {"count": 2}, content_type=MERGE)
    assert counted.body["count"] == 2
    events = space.face.watch(path, 1, query={"resourceVersion": born.revision})
    assert [event["type"] for event in events] == ["MODIFIED"]


def test_a_node_agent_lists_and_watches_what_is_on_its_node(space: Workspace) -> None:
    path, mine = space.path("pods"), {"fieldSelector": "spec.nodeName=n1"}
    for name, node in (("a", "n1"), ("b", "n2")):
        space.face.send("POST", path, pod(name, node=node))
    listed = space.face.send("GET", path, query={**mine, "limit": "500"})
    assert [item["metadata"]["name"] for item in listed.body["items"]] == ["a"]
    space.face.send("POST", path, pod("c", node="n1"))
    query = {**mine, "resourceVersion": listed.revision, "allowWatchBookmarks": "true"}
    events = space.face.watch(path, 1, query=query)
    assert [event["object"]["metadata"]["name"] for event in events] == ["c"]


def test_one_node_is_listed_and_watched_by_its_name(space: Workspace) -> None:
    path, name = "/api/v1/nodes", f"{space.namespace[:58]}-x"
    mine = {"fieldSelector": f"metadata.name={name}"}
    space.face.send("POST", path, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
    listed = space.face.send("GET", path, query={**mine, "limit": "500"})
    assert [item["metadata"]["name"] for item in listed.body["items"]] == [name]
    space.face.send("PATCH", f"{path}/{name}", {"metadata": {"labels": {"x": "1"}}}, content_type=MERGE)
    query = {**mine, "resourceVersion": listed.revision, "allowWatchBookmarks": "true"}
    assert [event["type"] for event in space.face.watch(path, 1, query=query)] == ["MODIFIED"]
    space.face.send("DELETE", f"{path}/{name}")


@pytest.mark.parametrize("plural", ["controllerrevisions", "poddisruptionbudgets"])
def test_what_controllers_keep_is_watched_and_deleted_by_its_uid(space: Workspace, plural: str) -> None:
    path = place(plural, space.namespace)
    first = space.face.send("POST", path, manifest(plural, "a"))
    assert space.face.send("POST", path, manifest(plural, "b")).status == 201
    query = {"resourceVersion": first.revision, "allowWatchBookmarks": "true"}
    assert [event["object"]["metadata"]["name"] for event in space.face.watch(path, 1, query=query)] == ["b"]
    mine = {"preconditions": {"uid": first.metadata["uid"]}, "propagationPolicy": "Background"}
    assert space.face.send("DELETE", f"{path}/a", mine).status == 200
