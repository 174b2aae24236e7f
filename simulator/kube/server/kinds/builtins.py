"""The kinds that every cluster has, as far as the simulated clients use them.

Defaults are those that somebody reads: a kubelet the grace period, a controller the replicas, an agent the phase.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.kube.server.access.reviews import REVIEWS
from simulator.kube.server.admission.bound_policies import GROUP as ADMISSION_GROUP
from simulator.kube.server.admission.policy_faults import check_binding, check_policy, complete_binding, complete_policy
from simulator.kube.server.admission.webhook_configurations import check_configuration, complete_configuration
from simulator.kube.server.custom.definition_faults import definition_faults
from simulator.kube.server.custom.definition_status import complete_definition
from simulator.kube.server.field_errors import invalid_value
from simulator.kube.server.kinds.configuration import CONFIGURATION
from simulator.kube.server.kinds.cron_jobs import CRON_JOBS
from simulator.kube.server.kinds.jobs import JOBS
from simulator.kube.server.kinds.pod_changes import check_pod
from simulator.kube.server.kinds.pod_defaults import complete_conditions, complete_pod, complete_pod_spec, fill
from simulator.kube.server.kinds.pod_rules import not_negative
from simulator.kube.server.kinds.policies import POLICIES
from simulator.kube.server.kinds.roles import ROLES
from simulator.kube.server.kinds.services import SERVICES
from simulator.kube.server.kinds.storage import STORAGE
from simulator.kube.server.kinds.workloads import WORKLOADS, completing
from simulator.kube.server.refusals import Cause, forbidden
from simulator.kube.server.registry import METADATA_FIELDS, Resource, Tables
from simulator.kube.server.selection import Extract, field_extractor

Json = dict[str, Any]


_NAME_FIELD: Mapping[str, Extract] = {"metadata.name": METADATA_FIELDS["metadata.name"]}


def fields(*paths: str) -> Mapping[str, Extract]:
    """The fields that a kind can be selected by, metadata.name and metadata.namespace included."""
    return {**METADATA_FIELDS, **{path: field_extractor(path) for path in paths}}


_REFERENCE = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")


def _complete_namespace(namespace: Json, before: Json | None) -> None:
    metadata = namespace["metadata"]
    metadata["labels"] = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": metadata["name"]}
    namespace["spec"] = {"finalizers": ["kubernetes"]} if before is None else before["spec"]


def _complete_node(node: Json, before: Json | None) -> None:
    spec = node.setdefault("spec", {})
    if spec.get("podCIDR") and not spec.get("podCIDRs"):
        spec["podCIDRs"] = [spec["podCIDR"]]
    status = node.setdefault("status", {})
    if before is not None and status is before.get("status"):
        return
    fill(status, {"daemonEndpoints": {"kubeletEndpoint": {"Port": 0}}})
    fill(status.setdefault("nodeInfo", {}), _NODE_INFO)
    complete_conditions(node, ("lastHeartbeatTime", "lastTransitionTime"))


_NODE_INFO = dict.fromkeys(
    (
        "machineID",
        "systemUUID",
        "bootID",
        "kernelVersion",
        "osImage",
        "containerRuntimeVersion",
        "kubeletVersion",
        "kubeProxyVersion",
        "operatingSystem",
        "architecture",
    ),
    "",
)


def _complete_event(event: Json, before: Json | None) -> None:
    fill(event, {"source": {}, "reportingComponent": "", "reportingInstance": "", "involvedObject": {}})
    for name in ("firstTimestamp", "lastTimestamp", "eventTime"):
        event.setdefault(name, None)


def _check_event(event: Json, before: Json | None) -> Sequence[Cause]:
    about, own = event["involvedObject"].get("namespace") or "", event["metadata"]["namespace"]
    if before is not None or about == own or (not about and own == "default"):
        return ()
    return [invalid_value("involvedObject.namespace", about, "does not match event.namespace")]


def _complete_lease(lease: Json, before: Json | None) -> None:
    if lease.get("spec") is None:
        lease["spec"] = {}


def _check_lease(lease: Json, before: Json | None) -> Sequence[Cause]:
    spec = lease["spec"]
    duration = spec.get("leaseDurationSeconds")
    causes = not_negative("spec.leaseTransitions", spec.get("leaseTransitions"))
    if duration is not None and duration <= 0:
        causes.insert(0, invalid_value("spec.leaseDurationSeconds", duration, "must be greater than 0"))
    return causes


def _check_revision(item: Json, before: Json | None) -> Sequence[Cause]:
    if before is None or item.get("data") == before.get("data"):
        return ()
    return [invalid_value("data", item.get("data"), "field is immutable")]


def _complete_replication(item: Json, before: Json | None) -> None:
    _REPLICATION(item, before)
    labels = (item["spec"]["template"]["metadata"].get("labels")) or {}
    if before is None:
        if not item["spec"].get("selector"):
            item["spec"]["selector"] = dict(labels)
        if not item["metadata"].get("labels"):
            item["metadata"]["labels"] = dict(labels)


def _complete_pod_template(item: Json, before: Json | None) -> None:
    template = item.setdefault("template", {})
    template.setdefault("metadata", {})
    complete_pod_spec(template.setdefault("spec", {}))


def _complete_limits(item: Json, before: Json | None) -> None:
    for limit in (item.get("spec") or {}).get("limits") or ():
        if limit.get("type") != "Container":
            continue
        defaults = {**(limit.get("max") or {}), **(limit.get("default") or {})}
        if defaults:
            limit["default"] = defaults
            limit["defaultRequest"] = {**defaults, **(limit.get("min") or {}), **(limit.get("defaultRequest") or {})}


_REPLICATION = completing({"replicas": 1})


def _give_priority(pod: Json, before: Json | None, tables: Tables) -> None:
    """The priority of a pod is that of the class that it names, or of the class for all that name none."""
    spec = pod["spec"]
    classes = tables(("scheduling.k8s.io", "priorityclasses"))
    wanted = spec.get("priorityClassName")
    if before is not None or not (wanted or classes):
        return
    if wanted:
        found = classes.get(("", wanted)) or _SYSTEM_CLASSES.get(wanted)
        if found is None:
            why = f"no PriorityClass with name {wanted} was found"
            raise forbidden("", "pods", pod["metadata"].get("name", ""), why)
    else:
        defaults = [one for one in classes.values() if one.get("globalDefault")]
        if not defaults:
            return
        found = min(defaults, key=lambda one: int(one["value"]))
        spec["priorityClassName"] = found["metadata"]["name"]
    spec["priority"] = found["value"]
    spec["preemptionPolicy"] = found["preemptionPolicy"]


_SYSTEM_CLASSES: Mapping[str, Json] = {
    "system-cluster-critical": {"value": 2000000000, "preemptionPolicy": "PreemptLowerPriority"},
    "system-node-critical": {"value": 2000001000, "preemptionPolicy": "PreemptLowerPriority"},
}


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
    subresources=(
        *("status", "binding", "eviction", "ephemeralcontainers", "resize"),
        *("attach", "exec", "log", "portforward", "proxy"),
    ),
    status_on_create={"phase": "Pending", "qosClass": "BestEffort"},
    status_writes_metadata=True,
    counts_generation=True,
    returns_deleted=True,
    graceful=True,
    complete=complete_pod,
    check=check_pod,
    admit=_give_priority,
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
    subresources=("status", "proxy"),
    status_writes_metadata=True,
    complete=_complete_node,
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
    status_writes_metadata=True,
    collection_deletes=False,
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
BUILTINS: tuple[Resource, ...] = (
    POD,
    NODE,
    NAMESPACE,
    CRD,
    *CONFIGURATION,
    _stored(
        "",
        "v1",
        "events",
        "Event",
        namespaced=True,
        creates_on_update=True,
        complete=_complete_event,
        check=_check_event,
        fields=_EVENT_FIELDS,
        lasts_seconds=3600.0,
    ),
    _stored(
        "coordination.k8s.io",
        "v1",
        "leases",
        "Lease",
        namespaced=True,
        needs_revision=True,
        creates_on_update=True,
        complete=_complete_lease,
        check=_check_lease,
    ),
    *WORKLOADS,
    *JOBS,
    *CRON_JOBS,
    _webhooks("validatingwebhookconfigurations", "ValidatingWebhookConfiguration"),
    _webhooks("mutatingwebhookconfigurations", "MutatingWebhookConfiguration"),
    *POLICIES,
    *ROLES,
    *SERVICES,
    *STORAGE,
    _stored("apps", "v1", "controllerrevisions", "ControllerRevision", namespaced=True, check=_check_revision),
    _stored(
        "",
        "v1",
        "replicationcontrollers",
        "ReplicationController",
        namespaced=True,
        subresources=("status", "scale"),
        status_on_create={"replicas": 0},
        status_writes_metadata=True,
        counts_generation=True,
        returns_deleted=True,
        default_propagation="Orphan",
        complete=_complete_replication,
    ),
    _stored(
        "",
        "v1",
        "podtemplates",
        "PodTemplate",
        namespaced=True,
        counts_generation=True,
        returns_deleted=True,
        complete=_complete_pod_template,
    ),
    _stored(
        "",
        "v1",
        "resourcequotas",
        "ResourceQuota",
        namespaced=True,
        subresources=("status",),
        status_on_create={},
        status_writes_metadata=True,
        returns_deleted=True,
    ),
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
    _stored("", "v1", "limitranges", "LimitRange", namespaced=True, creates_on_update=True, complete=_complete_limits),
    *REVIEWS,
)
NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
