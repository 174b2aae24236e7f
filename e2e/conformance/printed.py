"""Objects to be shown as rows: one of each kind that prints in its own way, and pods in every state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
TIME = "2026-01-02T03:04:05Z"
LATER = "2026-01-02T03:09:20Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """An object: where it lives, what it is made of, and the status that it gets."""

    plural: str
    root: str = "/api/v1"
    namespaced: bool = True
    body: Json = field(default_factory=dict)
    metadata: Json = field(default_factory=dict)
    status: Json = field(default_factory=dict)


def _pods(**spec: Any) -> Json:
    containers = [{"name": "main", "image": "busybox:1"}, {"name": "side", "image": "busybox:2"}]
    return {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": containers, **spec}}


def _app(plural: str, spec: Json, status: Json, **template: Any) -> Printed:
    selector = {"matchLabels": {"app": "x"}}
    body = {"spec": {"selector": selector, "template": _pods(**template), **spec}}
    return Printed(plural=plural, root="/apis/apps/v1", body=body, status=status)


def _job(spec: Json, status: Json) -> Printed:
    template = {**_pods(), "spec": {**_pods()["spec"], "restartPolicy": "Never"}}
    spec = {**spec, "manualSelector": True, "selector": {"matchLabels": {"app": "x"}}}
    return Printed(plural="jobs", root="/apis/batch/v1", body={"spec": {"template": template, **spec}}, status=status)


_NODE_INFO = {
    "machineID": "",
    "systemUUID": "",
    "bootID": "",
    "kernelVersion": "6.1",
    "osImage": "Debian",
    "containerRuntimeVersion": "containerd://2.0",
    "kubeletVersion": "v1.37.2",
    "kubeProxyVersion": "",
    "operatingSystem": "linux",
    "architecture": "amd64",
}
_READY = {
    "type": "Ready",
    "status": "True",
    "lastHeartbeatTime": TIME,
    "lastTransitionTime": TIME,
    "reason": "r",
    "message": "m",
}
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_ADMISSION = "/apis/admissionregistration.k8s.io/v1"
_SUBJECTS = [
    {"kind": "User", "name": "alice", "apiGroup": "rbac.authorization.k8s.io"},
    {"kind": "Group", "name": "developers", "apiGroup": "rbac.authorization.k8s.io"},
    {"kind": "ServiceAccount", "name": "robot", "namespace": "default"},
]


def _role(kind: str) -> Json:
    return {"kind": kind, "name": "r", "apiGroup": "rbac.authorization.k8s.io"}


KINDS: Mapping[str, Printed] = {
    "configmaps": Printed(plural="configmaps", body={"data": {"a": "1", "b": "2"}, "binaryData": {"c": "AA=="}}),
    "secrets": Printed(plural="secrets", body={"type": "example.test/key", "data": {"a": "AA=="}}),
    "serviceaccounts": Printed(plural="serviceaccounts"),
    "namespaces": Printed(plural="namespaces", namespaced=False),
    "nodes": Printed(
        plural="nodes",
        namespaced=False,
        metadata={"labels": {"node-role.kubernetes.io/b": "", "node-role.kubernetes.io/a": ""}},
        body={"spec": {"unschedulable": True}},
        status={
            "nodeInfo": _NODE_INFO,
            "conditions": [_READY],
            "addresses": [{"type": "InternalIP", "address": "192.0.2.1"}, {"type": "Hostname", "address": "n"}],
        },
    ),
    "new-nodes": Printed(plural="nodes", namespaced=False),
    "events": Printed(
        plural="events",
        body={
            "involvedObject": {"kind": "Pod", "name": "web-0", "fieldPath": "spec.containers{main}"},
            "reason": "Started",
            "message": " it runs ",
            "type": "Normal",
            "source": {"component": "kubelet", "host": "n1"},
            "firstTimestamp": TIME,
            "lastTimestamp": LATER,
            "count": 3,
        },
    ),
    "events-without-times": Printed(plural="events", body={"involvedObject": {"kind": "Node"}, "reason": "x"}),
    "leases": Printed(
        plural="leases", root="/apis/coordination.k8s.io/v1", body={"spec": {"holderIdentity": "somebody"}}
    ),
    "deployments": _app(
        "deployments",
        {"replicas": 3},
        {"replicas": 3, "readyReplicas": 1, "updatedReplicas": 2, "availableReplicas": 1},
    ),
    "replicasets": _app("replicasets", {"replicas": 2}, {"replicas": 2, "readyReplicas": 1}),
    "statefulsets": _app("statefulsets", {"replicas": 2, "serviceName": "s"}, {"replicas": 2, "readyReplicas": 1}),
    "daemonsets": _app(
        "daemonsets",
        {},
        {
            "desiredNumberScheduled": 5,
            "currentNumberScheduled": 4,
            "numberMisscheduled": 0,
            "numberReady": 3,
            "updatedNumberScheduled": 2,
            "numberAvailable": 1,
        },
        nodeSelector={"disk": "fast", "arch": "a"},
    ),
    "jobs": _job({"completions": 3, "parallelism": 2}, {"startTime": TIME, "active": 1, "succeeded": 1}),
    "suspended-jobs": _job({"suspend": True}, {}),
    "roles": Printed(plural="roles", root=_RBAC, body={"rules": []}),
    "clusterroles": Printed(plural="clusterroles", root=_RBAC, namespaced=False, body={"rules": []}),
    "rolebindings": Printed(plural="rolebindings", root=_RBAC, body={"roleRef": _role("Role"), "subjects": _SUBJECTS}),
    "clusterrolebindings": Printed(
        plural="clusterrolebindings",
        root=_RBAC,
        namespaced=False,
        body={"roleRef": _role("ClusterRole"), "subjects": _SUBJECTS},
    ),
    "mutatingwebhookconfigurations": Printed(plural="mutatingwebhookconfigurations", root=_ADMISSION, namespaced=False),
    "validatingwebhookconfigurations": Printed(
        plural="validatingwebhookconfigurations", root=_ADMISSION, namespaced=False
    ),
}


def _container(name: str = "main", *, ready: bool = False, restarts: int = 0, **state: Any) -> Json:
    found: Json = {"name": name, "image": "busybox:1", "imageID": "", "ready": ready, "restartCount": restarts}
    last = state.pop("last", None)
    return {**found, **({"state": state} if state else {}), **({"lastState": {"terminated": last}} if last else {})}


def _ended(code: int, reason: str = "", **more: Any) -> Json:
    return {"exitCode": code, "finishedAt": TIME, "startedAt": TIME, **({"reason": reason} if reason else {}), **more}


_TWO_BEFORE = {"initContainers": [{"name": "first", "image": "i"}, {"name": "second", "image": "i"}]}
_SIDECAR = {"initContainers": [{"name": "first", "image": "i", "restartPolicy": "Always"}]}
_RUNNING: Json = {"running": {"startedAt": TIME}}


def _initialized(status: str) -> list[Json]:
    return [{"type": "Initialized", "status": status, "lastTransitionTime": TIME}]


PODS: Mapping[str, tuple[Json, Json]] = {
    "new": ({}, {}),
    "running": ({}, {"phase": "Running", "podIP": "192.0.2.7", "podIPs": [{"ip": "192.0.2.7"}],
                     "containerStatuses": [_container(ready=True, **_RUNNING)]}),
    "starting": ({}, {"containerStatuses": [_container(waiting={"reason": "ContainerCreating"})]}),
    "crashing": ({}, {"phase": "Running", "containerStatuses": [
        _container(restarts=3, waiting={"reason": "CrashLoopBackOff"}, last=_ended(1, "Error"))]}),
    "done": ({}, {"phase": "Succeeded", "containerStatuses": [_container(terminated=_ended(0, "Completed"))]}),
    "failed": ({}, {"phase": "Failed", "containerStatuses": [_container(terminated=_ended(2))]}),
    "killed": ({}, {"phase": "Failed", "containerStatuses": [_container(terminated=_ended(137, signal=9))]}),
    "evicted": ({}, {"phase": "Failed", "reason": "Evicted", "message": "no room"}),
    "initializing": (_TWO_BEFORE, {"initContainerStatuses": [
        _container("first", terminated=_ended(0, "Completed")), _container("second", **_RUNNING)]}),
    "init-failing": (_TWO_BEFORE, {"initContainerStatuses": [
        _container("first", restarts=1, waiting={"reason": "CrashLoopBackOff"})]}),
    "init-failed": (_TWO_BEFORE, {"initContainerStatuses": [_container("first", terminated=_ended(7))]}),
    "with-a-sidecar": (_SIDECAR, {"phase": "Running", "conditions": _initialized("True"),
                                  "initContainerStatuses": [
                                      {**_container("first", ready=True, **_RUNNING), "started": True}],
                                  "containerStatuses": [_container(ready=True, **_RUNNING)]}),
    "gated": (
        {"schedulingGates": [{"name": "example.test/gate"}]},
        {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]},
    ),
    "with-readiness-gates": ({"readinessGates": [{"conditionType": "example.test/a"}]}, {
        "phase": "Running", "nominatedNodeName": "n9",
        "conditions": [{"type": "example.test/a", "status": "True", "lastTransitionTime": TIME}]}),
}  # fmt: skip
