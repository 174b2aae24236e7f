"""Which node may take a pod: readiness, cordon, taints, node selector, and the name that a DaemonSet asks for."""

from collections.abc import Collection

from simulator.kube.api import Json


def condition(node: Json, kind: str) -> str:
    """``True``, ``False`` or ``Unknown``; empty when the node has no such condition."""
    for one in (node.get("status") or {}).get("conditions") or ():
        if one["type"] == kind:
            return str(one["status"])
    return ""


def tolerates(pod: Json, taint: Json) -> Json | None:
    """The toleration that covers a taint, if the pod has one."""
    for toleration in (pod.get("spec") or {}).get("tolerations") or ():
        if toleration.get("effect") and toleration["effect"] != taint["effect"]:
            continue
        if not toleration.get("key"):
            if toleration.get("operator") == "Exists":
                return dict(toleration)
            continue
        same_value = toleration.get("value", "") == taint.get("value", "")
        if toleration["key"] == taint["key"] and (toleration.get("operator") == "Exists" or same_value):
            return dict(toleration)
    return None


def refusal(pod: Json, node: Json) -> str:
    """Why this node cannot take this pod now; empty when it can."""
    not_ready: Json = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
    if why := unsuited(pod, node):
        return why
    cordon: Json = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    if (node.get("spec") or {}).get("unschedulable") and tolerates(pod, cordon) is None:
        return "were unschedulable"
    if condition(node, "Ready") != "True" and tolerates(pod, not_ready) is None:
        return "were not ready"
    return ""


def unsuited(pod: Json, node: Json, effects: Collection[str] = ("NoSchedule", "NoExecute")) -> str:
    """Why a pod does not belong on this node, whatever state that is in; empty when it does.

    With ``NoExecute`` alone as the effects of taints: why it may not even stay there.
    """
    spec, labels = pod.get("spec") or {}, node["metadata"].get("labels") or {}
    wanted = spec.get("nodeSelector") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return "didn't match Pod's node affinity/selector"
    named = named_node(pod)
    if named and named != node["metadata"]["name"]:
        return "didn't match Pod's node affinity/selector"
    for taint in (node.get("spec") or {}).get("taints") or ():
        if taint["effect"] in effects and tolerates(pod, taint) is None:
            return f"had untolerated taint {{{taint['key']}}}"
    return ""


def named_node(pod: Json) -> str:
    """The node that a DaemonSet pod asks for by its affinity; empty for other pods."""
    affinity = ((pod.get("spec") or {}).get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            if field.get("key") == "metadata.name" and field.get("operator") == "In" and field.get("values"):
                return str(field["values"][0])
    return ""


def affinity_to(name: str) -> Json:
    """The affinity that ties a pod to one node and leaves the binding to the scheduler."""
    field = {"key": "metadata.name", "operator": "In", "values": [name]}
    terms = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
