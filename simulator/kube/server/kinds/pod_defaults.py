"""What the server adds to the specification of a pod, and of the pods that a workload's template describes.

A kubelet reads the grace period, a node lifecycle controller the tolerations, kubectl the rest. What a specification
already says stays. All functions change their argument in place.
"""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

_SPEC = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
}
_CONTAINER = {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_FILE_MODE = 0o644
_PROJECTING = ("secret", "configMap", "downwardAPI", "projected")
_RESTRICTED = ("cpu", "memory")


def fill(target: Json, defaults: Mapping[str, Any]) -> None:
    """Add what is missing or null; lists and objects among the defaults are copied."""
    for name, value in defaults.items():
        if target.get(name) is None:
            target[name] = dict(value) if isinstance(value, dict) else list(value) if isinstance(value, list) else value


def complete_pod_spec(spec: Json) -> None:
    """The part that templates have too."""
    fill(spec, _SPEC)
    if spec["terminationGracePeriodSeconds"] < 0:
        spec["terminationGracePeriodSeconds"] = 1
    if spec.get("securityContext") is None:
        spec["securityContext"] = {}
    for lists in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.get(lists) or ():
            _complete_container(container)
    for volume in spec.get("volumes") or ():
        _complete_volume(volume)
    if "serviceAccountName" in spec or "serviceAccount" in spec:
        account = spec.get("serviceAccountName") or spec.get("serviceAccount")
        if account:
            spec["serviceAccountName"] = spec["serviceAccount"] = account


def _complete_container(container: Json) -> None:
    fill(container, _CONTAINER)
    if container.get("resources") is None:
        container["resources"] = {}
    if container.get("imagePullPolicy") is None and "image" in container:
        image = str(container["image"])
        latest = ":" not in image.rpartition("/")[2] or image.endswith(":latest")
        container["imagePullPolicy"] = "Always" if latest else "IfNotPresent"
    for port in container.get("ports") or ():
        fill(port, {"protocol": "TCP"})
    for variable in container.get("env") or ():
        reference = (variable.get("valueFrom") or {}).get("fieldRef")
        if reference is not None:
            fill(reference, {"apiVersion": "v1"})
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(name) is not None:
            _complete_probe(container[name])


def _complete_probe(probe: Json) -> None:
    fill(probe, _PROBE)
    if probe.get("httpGet") is not None:
        fill(probe["httpGet"], {"path": "/", "scheme": "HTTP"})
    if probe.get("grpc") is not None:
        fill(probe["grpc"], {"service": ""})


def _complete_volume(volume: Json) -> None:
    if len(volume) == 1:
        volume["emptyDir"] = {}
    for projecting in _PROJECTING:
        if volume.get(projecting) is not None:
            fill(volume[projecting], {"defaultMode": _FILE_MODE})
    if volume.get("hostPath") is not None:
        fill(volume["hostPath"], {"type": ""})
    files = volume.get("projected")
    sources = files.get("sources") or [] if files is not None else [volume]
    for source in sources:
        for item in (source.get("downwardAPI") or {}).get("items") or ():
            if item.get("fieldRef") is not None:
                fill(item["fieldRef"], {"apiVersion": "v1"})
        if source.get("serviceAccountToken") is not None:
            fill(source["serviceAccountToken"], {"expirationSeconds": 3600})


_POD = {"priority": 0, "preemptionPolicy": "PreemptLowerPriority", "enableServiceLinks": True}


def complete_pod(pod: Json, before: Json | None) -> None:
    """A pod, which has more than a template; what it shares with the pod before is complete."""
    if before is not None and pod.get("spec") is before.get("spec"):
        if pod.get("status") is not before.get("status"):
            _complete_status(pod, before)
        return
    spec = pod.setdefault("spec", {})
    complete_pod_spec(spec)
    fill(spec, _POD)
    if spec.get("hostNetwork"):
        _take_ports_of_the_host(spec)
    constrained = [one["resources"] for one in spec.get("containers") or () if one["resources"]]
    for resources in constrained:
        for name, limit in (resources.get("limits") or {}).items():
            resources.setdefault("requests", {}).setdefault(name, limit)
    _tolerate_for_five_minutes(spec)
    if before is None:
        status = pod.setdefault("status", {})
        status["qosClass"] = _quality(spec, constrained)
        if spec.get("schedulingGates"):
            status["conditions"] = [{**_GATED, "lastTransitionTime": pod["metadata"]["creationTimestamp"]}]


_GATED = {
    "type": "PodScheduled",
    "status": "False",
    "lastProbeTime": None,
    "reason": "SchedulingGated",
    "message": "Scheduling is blocked due to non-empty scheduling gates",
}
_CONDITION = ("lastProbeTime", "lastTransitionTime")


def _complete_status(pod: Json, before: Json) -> None:
    status = pod.setdefault("status", {})
    quality = (before.get("status") or {}).get("qosClass")
    if quality and not status.get("qosClass"):
        status["qosClass"] = quality
    complete_conditions(pod, _CONDITION)
    for container in status.get("containerStatuses") or ():
        fill(container, _STATES)
        for state in (container["state"], container["lastState"]):
            if state.get("terminated") is not None:
                for name in ("startedAt", "finishedAt"):
                    state["terminated"].setdefault(name, None)


_STATES: Json = {"state": {}, "lastState": {}}


def complete_conditions(item: Json, times: tuple[str, ...]) -> None:
    """The times of conditions are there even where nobody has set them."""
    for condition in (item.get("status") or {}).get("conditions") or ():
        for name in times:
            if name not in condition:
                condition[name] = None


def _take_ports_of_the_host(spec: Json) -> None:
    for container in [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]:
        for port in container.get("ports") or ():
            if not port.get("hostPort") and "containerPort" in port:
                port["hostPort"] = port["containerPort"]


def _tolerate_for_five_minutes(spec: Json) -> None:
    tolerations = spec.get("tolerations") or []
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if not any(have.get("key") in (key, None, "") and _no_execute(have) for have in tolerations):
            tolerations.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})
    spec["tolerations"] = tolerations


def _no_execute(toleration: Json) -> bool:
    return toleration.get("effect") in (None, "", "NoExecute")


def _quality(spec: Json, constrained: list[Json]) -> str:
    """The class by which a node decides whom to stop first."""
    if not constrained:
        return "BestEffort"
    guaranteed = len(constrained) == len(spec["containers"]) and all(
        (resources.get("limits") or {}).get(name) is not None
        and resources["requests"].get(name) == resources["limits"][name]
        for resources in constrained
        for name in _RESTRICTED
    )
    return "Guaranteed" if guaranteed else "Burstable"
