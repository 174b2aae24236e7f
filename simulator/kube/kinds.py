"""The kinds that every cluster has, as far as the simulated clients use them.

Defaults are those that somebody reads: a kubelet the grace period, a controller the replicas, an agent the phase.
Roles and bindings are stored and not enforced.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.kube.definition_faults import definition_faults
from simulator.kube.definition_status import complete_definition
from simulator.kube.policies import GROUP as ADMISSION_GROUP
from simulator.kube.policy_faults import check_binding, check_policy, complete_binding, complete_policy
from simulator.kube.refusals import Cause
from simulator.kube.registry import METADATA_FIELDS, Resource
from simulator.kube.reviews import REVIEWS
from simulator.kube.selection import Extract, field_extractor
from simulator.kube.webhook_configurations import check_configuration, complete_configuration

Json = dict[str, Any]


_NAME_FIELD: Mapping[str, Extract] = {"metadata.name": METADATA_FIELDS["metadata.name"]}


def fields(*paths: str) -> Mapping[str, Extract]:
    """The fields that a kind can be selected by, metadata.name and metadata.namespace included."""
    return {**METADATA_FIELDS, **{path: field_extractor(path) for path in paths}}


def _fill(target: Json, defaults: Mapping[str, Any]) -> None:
    for name, value in defaults.items():
        if target.get(name) is None:
            target[name] = dict(value) if isinstance(value, dict) else list(value) if isinstance(value, list) else value


_POD_SPEC = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
    "priority": 0,
    "preemptionPolicy": "PreemptLowerPriority",
    "enableServiceLinks": True,
}
_CONTAINER = {
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}


def _complete_pod_spec(spec: Json) -> None:
    _fill(spec, {name: value for name, value in _POD_SPEC.items() if name not in ("priority", "preemptionPolicy")})
    for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        _fill(container, _CONTAINER)
        image = str(container.get("image", ""))
        latest = ":" not in image.rpartition("/")[2] or image.endswith(":latest")
        _fill(container, {"imagePullPolicy": "Always" if latest else "IfNotPresent"})


def _complete_pod(pod: Json, before: Json | None) -> None:
    if before is not None and pod.get("spec") is before.get("spec"):
        return
    spec = pod.setdefault("spec", {})
    _complete_pod_spec(spec)
    _fill(spec, _POD_SPEC)
    if before is None:
        _tolerate_for_five_minutes(spec)


def _tolerate_for_five_minutes(spec: Json) -> None:
    tolerations = spec.get("tolerations") or []
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if not any(have.get("key") in (key, None, "") and _no_execute(have) for have in tolerations):
            tolerations.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})
    spec["tolerations"] = tolerations


def _no_execute(toleration: Json) -> bool:
    return toleration.get("effect") in (None, "", "NoExecute")


_REFERENCE = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_MUTABLE_POD_SPEC = ("containers", "initContainers", "tolerations", "activeDeadlineSeconds", "schedulingGates")


def _check_pod(pod: Json, before: Json | None) -> Sequence[Cause]:
    spec = pod.get("spec") or {}
    if before is None:
        return _check_containers(spec)
    old = before.get("spec") or {}
    if spec is old or spec == old:
        return ()
    for name in sorted({*spec, *old}):
        if spec.get(name) == old.get(name) or name in _MUTABLE_POD_SPEC:
            continue
        message = f"a pod update may not change {name}"
        return [Cause(field="spec", message=message, reason="FieldValueForbidden")]
    return ()


def _check_containers(spec: Json) -> list[Cause]:
    containers = spec.get("containers") or []
    if not containers:
        return [Cause(field="spec.containers", message="Required value", reason="FieldValueRequired")]
    return [
        Cause(field=f"spec.containers[{at}].{name}", message="Required value", reason="FieldValueRequired")
        for at, container in enumerate(containers)
        for name in ("name", "image")
        if not container.get(name)
    ]


def _complete_namespace(namespace: Json, before: Json | None) -> None:
    metadata = namespace["metadata"]
    metadata["labels"] = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": metadata["name"]}
    if before is None:
        namespace["spec"] = {"finalizers": ["kubernetes"]}


def _workload(**defaults: Any) -> Any:
    def complete(item: Json, before: Json | None) -> None:
        spec = item.get("spec")
        if spec is None or (before is not None and spec is before.get("spec")):
            return
        _fill(spec, defaults)
        template = spec.get("template")
        if template:
            template.setdefault("metadata", {})
            _complete_pod_spec(template.setdefault("spec", {}))

    return complete


def _check_workload(item: Json, before: Json | None) -> Sequence[Cause]:
    spec = item.get("spec") or {}
    if before is not None:
        old = before.get("spec") or {}
        if spec.get("selector") != old.get("selector"):
            return [Cause(field="spec.selector", message="field is immutable")]
        return ()
    wanted = (spec.get("selector") or {}).get("matchLabels") or {}
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    if not spec.get("selector"):
        return [Cause(field="spec.selector", message="Required value", reason="FieldValueRequired")]
    if any(labels.get(key) != value for key, value in wanted.items()):
        return [Cause(field="spec.template.metadata.labels", message="the selector does not match the labels")]
    return ()


def _app(plural: str, kind: str, *, scale: bool = True, **defaults: Any) -> Resource:
    return Resource(
        group="apps",
        version="v1",
        plural=plural,
        kind=kind,
        namespaced=True,
        subresources=("status", "scale") if scale else ("status",),
        status_on_create={},
        counts_generation=True,
        complete=_workload(**defaults),
        check=_check_workload,
    )


def _stored(group: str, version: str, plural: str, kind: str, *, namespaced: bool = False, **more: Any) -> Resource:
    return Resource(group=group, version=version, plural=plural, kind=kind, namespaced=namespaced, **more)


def _webhooks(plural: str, kind: str) -> Resource:
    return Resource(
        group=ADMISSION_GROUP,
        version="v1",
        plural=plural,
        kind=kind,
        namespaced=False,
        counts_generation=True,
        complete=complete_configuration,
        check=check_configuration,
    )


POD = Resource(
    group="",
    version="v1",
    plural="pods",
    kind="Pod",
    namespaced=True,
    subresources=("status", "binding", "eviction"),
    status_on_create={"phase": "Pending", "qosClass": "BestEffort"},
    status_writes_metadata=True,
    counts_generation=True,
    returns_deleted=True,
    graceful=True,
    complete=_complete_pod,
    check=_check_pod,
    fields={
        **fields(
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ),
        "spec.hostNetwork": field_extractor("spec.hostNetwork", "false"),
    },
)
NODE = Resource(
    group="",
    version="v1",
    plural="nodes",
    kind="Node",
    namespaced=False,
    subresources=("status",),
    status_writes_metadata=True,
    fields={**_NAME_FIELD, "spec.unschedulable": field_extractor("spec.unschedulable", "false")},
)
NAMESPACE = Resource(
    group="",
    version="v1",
    plural="namespaces",
    kind="Namespace",
    namespaced=False,
    subresources=("status", "finalize"),
    status_on_create={"phase": "Active"},
    complete=_complete_namespace,
    fields={**_NAME_FIELD, "status.phase": field_extractor("status.phase")},
)
CRD = Resource(
    group="apiextensions.k8s.io",
    version="v1",
    plural="customresourcedefinitions",
    kind="CustomResourceDefinition",
    namespaced=False,
    subresources=("status",),
    status_on_create={},
    counts_generation=True,
    complete=complete_definition,
    check=definition_faults,
)


def _source_of(event: Json) -> str:
    return str((event.get("source") or {}).get("component") or event.get("reportingComponent") or "")


_EVENT_FIELDS = {
    **fields(*(f"involvedObject.{name}" for name in _REFERENCE), "reason", "reportingComponent", "type"),
    "source": _source_of,
}
_RBAC = "rbac.authorization.k8s.io"

BUILTINS: tuple[Resource, ...] = (
    POD,
    NODE,
    NAMESPACE,
    CRD,
    _stored("", "v1", "configmaps", "ConfigMap", namespaced=True),
    _stored("", "v1", "secrets", "Secret", namespaced=True, fields=fields("type")),
    _stored("", "v1", "serviceaccounts", "ServiceAccount", namespaced=True),
    _stored("", "v1", "events", "Event", namespaced=True, fields=_EVENT_FIELDS),
    _stored("coordination.k8s.io", "v1", "leases", "Lease", namespaced=True),
    _app("deployments", "Deployment", replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600),
    _app("replicasets", "ReplicaSet", replicas=1),
    _app("statefulsets", "StatefulSet", replicas=1, podManagementPolicy="OrderedReady", revisionHistoryLimit=10),
    _app("daemonsets", "DaemonSet", scale=False, revisionHistoryLimit=10),
    Resource(
        group="batch",
        version="v1",
        plural="jobs",
        kind="Job",
        namespaced=True,
        subresources=("status",),
        status_on_create={},
        counts_generation=True,
        complete=_workload(completions=1, parallelism=1, backoffLimit=6, suspend=False),
        fields={**METADATA_FIELDS, "status.successful": field_extractor("status.succeeded", "0")},
    ),
    _webhooks("validatingwebhookconfigurations", "ValidatingWebhookConfiguration"),
    _webhooks("mutatingwebhookconfigurations", "MutatingWebhookConfiguration"),
    Resource(
        group=ADMISSION_GROUP,
        version="v1",
        plural="validatingadmissionpolicies",
        kind="ValidatingAdmissionPolicy",
        namespaced=False,
        subresources=("status",),
        status_on_create={},
        counts_generation=True,
        complete=complete_policy,
        check=check_policy,
    ),
    Resource(
        group=ADMISSION_GROUP,
        version="v1",
        plural="validatingadmissionpolicybindings",
        kind="ValidatingAdmissionPolicyBinding",
        namespaced=False,
        counts_generation=True,
        complete=complete_binding,
        check=check_binding,
    ),
    _stored(_RBAC, "v1", "roles", "Role", namespaced=True),
    _stored(_RBAC, "v1", "rolebindings", "RoleBinding", namespaced=True),
    _stored(_RBAC, "v1", "clusterroles", "ClusterRole"),
    _stored(_RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding"),
    *REVIEWS,
)
NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
