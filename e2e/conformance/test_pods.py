"""What makes a pod, what may not be changed in one, and with which words the rest is refused."""

from collections.abc import Mapping
from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import pod

pytestmark = pytest.mark.section("C.3 pods")

Json = dict[str, Any]
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
MAIN: Json = {"name": "main", "image": "busybox:1"}


def _pod(**spec: Any) -> Json:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [MAIN], **spec}}


BAD_SPECS: Mapping[str, Json] = {
    "no-containers": {"containers": []},
    "no-name": {"containers": [{"image": "busybox:1"}]},
    "no-image": {"containers": [{"name": "main"}]},
    "bad-name": {"containers": [{"name": "Main", "image": "busybox:1"}]},
    "two-of-a-name": {"containers": [MAIN, MAIN]},
    "bad-restart-policy": {"restartPolicy": "Sometimes"},
    "bad-dns-policy": {"dnsPolicy": "Never"},
    "bad-deadline": {"activeDeadlineSeconds": 0},
    "bad-node": {"nodeName": "Not_A_Node"},
    "bad-node-selector": {"nodeSelector": {"a b": "c"}},
    "bad-pull-policy": {"containers": [{**MAIN, "imagePullPolicy": "Maybe"}]},
    "bad-port": {"containers": [{**MAIN, "ports": [{"containerPort": 70000}]}]},
    "no-port": {"containers": [{**MAIN, "ports": [{"name": "http"}]}]},
    "bad-port-name": {"containers": [{**MAIN, "ports": [{"containerPort": 80, "name": "not a name"}]}]},
    "bad-protocol": {"containers": [{**MAIN, "ports": [{"containerPort": 80, "protocol": "ICMP"}]}]},
    "bad-env": {"containers": [{**MAIN, "env": [{"name": "A=B", "value": "x"}]}]},
    "no-env-name": {"containers": [{**MAIN, "env": [{"value": "x"}]}]},
    "bad-mount": {"containers": [{**MAIN, "volumeMounts": [{"name": "none", "mountPath": "/x"}]}]},
    "no-mount-path": {
        "volumes": [{"name": "v", "emptyDir": {}}],
        "containers": [{**MAIN, "volumeMounts": [{"name": "v"}]}],
    },
    "two-volumes-of-a-name": {"volumes": [{"name": "v", "emptyDir": {}}, {"name": "v", "emptyDir": {}}]},
    "bad-volume-name": {"volumes": [{"name": "V", "emptyDir": {}}]},
    "bad-toleration": {"tolerations": [{"key": "k", "operator": "Like"}]},
    "bad-effect": {"tolerations": [{"key": "k", "operator": "Exists", "effect": "Never"}]},
    "toleration-with-value": {"tolerations": [{"key": "k", "operator": "Exists", "value": "v"}]},
    "bad-hostname": {"hostname": "Not_A_Host"},
    "requests-above-limits": {
        "containers": [{**MAIN, "resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}]
    },
    "init-with-the-name-of-another": {"initContainers": [MAIN]},
    "bad-service-account": {"serviceAccountName": "Not_A_Name"},
}


@pytest.mark.parametrize("case", sorted(BAD_SPECS))
def test_a_pod_that_cannot_be_run_is_refused(space: Workspace, case: str) -> None:
    answer = space.face.send("POST", space.path("pods"), _pod(**BAD_SPECS[case]))
    assert answer.refusal == (422, "Invalid"), answer.body


GOOD_SPECS: Mapping[str, Json] = {
    "host-network": {"hostNetwork": True, "containers": [{**MAIN, "ports": [{"containerPort": 80}]}]},
    "ports": {"containers": [{**MAIN, "ports": [{"containerPort": 80, "name": "http"}]}]},
    "latest": {"containers": [{"name": "main", "image": "busybox"}]},
    "init": {"initContainers": [{"name": "init", "image": "busybox:1", "restartPolicy": "Always"}]},
    "requests": {"containers": [{**MAIN, "resources": {"requests": {"cpu": "100m"}}}]},
    "limits": {"containers": [{**MAIN, "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}]},
    "probes": {"containers": [{**MAIN, "livenessProbe": {"httpGet": {"port": 80}}, "readinessProbe": {"exec": {}}}]},
    "volumes": {
        "volumes": [
            {"name": "a", "configMap": {"name": "a"}},
            {"name": "b", "secret": {"secretName": "a"}},
            {"name": "c", "emptyDir": {}},
            {"name": "d", "hostPath": {"path": "/x"}},
            {"name": "e", "downwardAPI": {"items": [{"path": "x", "fieldRef": {"fieldPath": "metadata.name"}}]}},
            {"name": "f", "projected": {"sources": [{"configMap": {"name": "a"}}]}},
            {"name": "g"},
        ]
    },
    "field-env": {
        "containers": [{**MAIN, "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]}]
    },
    "tolerations": {"tolerations": [{"operator": "Exists"}]},
    "service-account": {"serviceAccountName": "a"},
    "negative-grace": {"terminationGracePeriodSeconds": -5},
    "gates": {"schedulingGates": [{"name": "conformance.test/wait"}]},
}


@pytest.mark.parametrize("case", sorted(GOOD_SPECS))
def test_a_pod_is_completed(space: Workspace, case: str) -> None:
    answer = space.face.send("POST", space.path("pods"), _pod(**GOOD_SPECS[case]))
    if case == "probes":
        assert answer.status == 422
    else:
        assert answer.status == 201, answer.body


CHANGES: Mapping[str, Json] = {
    "node": {"nodeName": "n2"},
    "restart-policy": {"restartPolicy": "Never"},
    "grace": {"terminationGracePeriodSeconds": 5},
    "host-network": {"hostNetwork": True},
    "node-selector": {"nodeSelector": {"k": "v"}},
    "service-account": {"serviceAccountName": "other"},
    "volumes": {"volumes": [{"name": "v", "emptyDir": {}}]},
    "another-container": {"containers": [MAIN, {"name": "more", "image": "busybox:1"}]},
    "no-image": {"containers": [{"name": "main"}]},
}


@pytest.mark.parametrize("case", sorted(CHANGES))
def test_what_a_pod_is_cannot_be_changed(space: Workspace, case: str) -> None:
    space.bare.send("POST", space.path("pods"), pod("a", node="n1"))
    answer = space.face.send("PATCH", space.path("pods", "a"), {"spec": CHANGES[case]}, content_type=MERGE)
    assert answer.refusal == (422, "Invalid"), answer.body


def test_the_image_of_a_container_can_be_changed(space: Workspace) -> None:
    space.bare.send("POST", space.path("pods"), pod("a", node="n1"))
    patch = {"spec": {"containers": [{"name": "main", "image": "busybox:2"}]}}
    answer = space.face.send("PATCH", space.path("pods", "a"), patch, content_type=STRATEGIC)
    assert answer.body["spec"]["containers"][0]["image"] == "busybox:2"
    assert answer.metadata["generation"] == 2


def test_tolerations_can_be_added_but_not_taken_away(space: Workspace) -> None:
    born = space.bare.send("POST", space.path("pods"), pod("a", node="n1")).body["spec"]["tolerations"]
    more = [*born, {"key": "k", "operator": "Exists", "effect": "NoExecute"}]
    path = space.path("pods", "a")
    assert space.face.send("PATCH", path, {"spec": {"tolerations": more}}, content_type=MERGE).status == 200
    fewer = space.face.send("PATCH", path, {"spec": {"tolerations": born[:1]}}, content_type=MERGE)
    assert (fewer.refusal, fewer.causes) == ((422, "Invalid"), [("spec.tolerations", "FieldValueForbidden")])


def test_a_deadline_can_be_set_and_shortened_only(space: Workspace) -> None:
    space.bare.send("POST", space.path("pods"), pod("a", node="n1"))
    path = space.path("pods", "a")
    for seconds, status in ((60, 200), (30, 200), (90, 422), (None, 422), (-1, 422)):
        patch = {"spec": {"activeDeadlineSeconds": seconds}}
        assert space.face.send("PATCH", path, patch, content_type=MERGE).status == status


def test_gates_can_be_taken_away_but_not_added(space: Workspace) -> None:
    gates = [{"name": "conformance.test/one"}, {"name": "conformance.test/two"}]
    born = space.face.send("POST", space.path("pods"), _pod(schedulingGates=gates)).body
    assert born["status"]["conditions"][0]["reason"] == "SchedulingGated"
    path = space.path("pods", "a")
    fewer = space.face.send("PATCH", path, {"spec": {"schedulingGates": gates[:1]}}, content_type=MERGE)
    assert fewer.status == 200
    refused = space.face.send("PATCH", path, {"spec": {"schedulingGates": gates}}, content_type=MERGE)
    assert refused.refusal == (422, "Invalid")


def test_a_gated_pod_cannot_be_bound(space: Workspace) -> None:
    space.bare.send("POST", space.path("pods"), _pod(schedulingGates=[{"name": "conformance.test/one"}]))
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "a"}, "target": {"kind": "Node", "name": "n1"}}
    refused = space.face.send("POST", space.path("pods", "a", "binding"), body)
    assert refused.status == 409


def test_a_debugging_container_is_added_through_its_subresource(space: Workspace) -> None:
    born = space.bare.send("POST", space.path("pods"), pod("a", node="n1")).body
    path = space.path("pods", "a", "ephemeralcontainers")
    debug = {"name": "debug", "image": "busybox:1", "targetContainerName": "main"}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}
    added = space.face.send("PUT", path, {**body, "spec": {**born["spec"], "ephemeralContainers": [debug]}})
    assert added.body["spec"]["ephemeralContainers"][0]["name"] == "debug"
    taken = space.face.send("PUT", path, {**body, "spec": born["spec"]})
    assert taken.refusal == (422, "Invalid")
    patch = {"spec": {"ephemeralContainers": [{"name": "more", "image": "busybox:1"}]}}
    both = space.face.send("PATCH", path, patch, content_type=STRATEGIC)
    assert len(both.body["spec"]["ephemeralContainers"]) == 2
    assert space.face.send("GET", path).body["kind"] == "Pod"


def test_a_debugging_container_cannot_be_there_from_the_start(space: Workspace) -> None:
    debug = {"name": "debug", "image": "busybox:1"}
    answer = space.face.send("POST", space.path("pods"), _pod(ephemeralContainers=[debug]))
    assert answer.refusal == (422, "Invalid")


def test_the_quality_of_service_follows_from_the_resources(space: Workspace) -> None:
    both = {"cpu": "1", "memory": "1Gi"}
    for name, resources, quality in (
        ("none", {}, "BestEffort"),
        ("some", {"requests": {"cpu": "1"}}, "Burstable"),
        ("all", {"requests": both, "limits": both}, "Guaranteed"),
    ):
        body = _pod(containers=[{**MAIN, "resources": resources}])
        body["metadata"]["name"] = name
        assert space.face.send("POST", space.path("pods"), body).body["status"]["qosClass"] == quality


def test_a_pods_priority_follows_from_its_class(space: Workspace) -> None:
    body = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": space.namespace}}
    space.face.send("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", {**body, "value": 7})
    born = space.face.send("POST", space.path("pods"), _pod(priorityClassName=space.namespace))
    assert born.body["spec"]["priority"] == 7
    unknown = space.face.send("POST", space.path("pods"), _pod(priorityClassName="none"))
    assert unknown.refusal == (403, "Forbidden")
    system = space.face.send("POST", space.path("pods"), _pod(priorityClassName="system-node-critical"))
    assert system.status in (201, 403, 409)


def test_the_status_of_a_container_cannot_return_from_its_end(space: Workspace) -> None:
    space.bare.send("POST", space.path("pods"), {**_pod(restartPolicy="Never", nodeName="n1")})
    path = space.path("pods", "a", "status")
    ended = {"name": "main", "state": {"terminated": {"exitCode": 0}}, "image": "", "imageID": "", "ready": False}
    patch = {"status": {"containerStatuses": [{**ended, "restartCount": 0}]}}
    assert space.face.send("PATCH", path, patch, content_type=MERGE).status == 200
    again = {**ended, "state": {"running": {}}, "restartCount": 0}
    refused = space.face.send("PATCH", path, {"status": {"containerStatuses": [again]}}, content_type=MERGE)
    assert refused.refusal == (422, "Invalid")
