"""The status that a kubelet writes for a pod: phase, addresses, conditions, containers. Values in, JSON out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from simulator.kube.api import Json

_RUNNING_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
_AFTER_THE_END = ("PodReadyToStartContainers", "Ready", "ContainersReady")


def running(pod: Json, *, now: str, host_ip: str, addresses: Sequence[str], container_id: str) -> Json:
    """All containers run, and the pod has these addresses."""
    old = pod.get("status") or {}
    started = _started_at(old) if same_sandbox(old, container_id) else ""
    state = {"running": {"startedAt": started or now}}
    return {
        "phase": "Running",
        "conditions": _conditions(old, dict.fromkeys(_RUNNING_CONDITIONS, "True"), now, ""),
        "hostIP": host_ip,
        "hostIPs": [{"ip": host_ip}],
        "podIP": addresses[0] if addresses else None,
        "podIPs": [{"ip": address} for address in addresses],
        "startTime": old.get("startTime") or now,
        "containerStatuses": _containers(pod, state, container_id, ready=True),
        "reason": None,
        "message": None,
    }


def finished(pod: Json, *, now: str, exit_code: int) -> Json:
    """All containers ended; the network is gone already."""
    old = pod.get("status") or {}
    wanted = dict.fromkeys(_RUNNING_CONDITIONS, "True") | dict.fromkeys(_AFTER_THE_END, "False")
    reason = "Error" if exit_code else "Completed"
    ended: Json = {"exitCode": exit_code, "reason": reason, "startedAt": _started_at(old) or now, "finishedAt": now}
    return {
        "phase": "Failed" if exit_code else "Succeeded",
        "conditions": _conditions(old, wanted, now, "PodFailed" if exit_code else "PodCompleted"),
        "startTime": old.get("startTime") or now,
        "containerStatuses": _containers(pod, {"terminated": ended}, "", ready=False),
    }


def waiting(pod: Json, *, now: str, message: str) -> Json:
    """No sandbox yet, and why, if something is amiss."""
    old = pod.get("status") or {}
    first = _conditions(old, {"PodReadyToStartContainers": "False", "Initialized": "True"}, now, "")
    names = ("Ready", "ContainersReady")
    state = {"waiting": {"reason": "ContainerCreating"}}
    return {
        "phase": "Pending",
        "conditions": _conditions({"conditions": first}, dict.fromkeys(names, "False"), now, "ContainersNotReady"),
        "startTime": old.get("startTime") or now,
        "containerStatuses": _containers(pod, state, "", ready=False),
        "message": message or None,
    }


def same(pod: Json, status: Json) -> bool:
    """Whether the pod shows all of ``status`` already."""
    old = pod.get("status") or {}
    return all(old.get(name) == value for name, value in status.items())


def _started_at(status: Mapping[str, Any]) -> str:
    for container in status.get("containerStatuses") or ():
        started = (container.get("state") or {}).get("running") or {}
        if started.get("startedAt"):
            return str(started["startedAt"])
    return ""


def started_at(pod: Json) -> float | None:
    """When its containers started, in seconds since 1970; None when they do not run."""
    text = _started_at(pod.get("status") or {})
    return datetime.fromisoformat(text).timestamp() if text else None


def same_sandbox(status: Mapping[str, Any], container_id: str) -> bool:
    """Whether the containers of this status belong to a sandbox."""
    return any(
        container.get("containerID") == _container_ref(number, container_id)
        for number, container in enumerate(status.get("containerStatuses") or ())
    )


def _conditions(old: Mapping[str, Any], wanted: Mapping[str, str], now: str, reason: str) -> list[Json]:
    """Conditions by type; the transition time moves only where the status changes."""
    known = {condition["type"]: condition for condition in old.get("conditions") or ()}
    for name, value in wanted.items():
        before = known.get(name)
        if before is not None and before.get("status") == value and before.get("reason", "") == reason:
            continue
        since = before["lastTransitionTime"] if before and before.get("status") == value else now
        fresh: Json = {"type": name, "status": value, "lastTransitionTime": since}
        known[name] = fresh | ({"reason": reason} if reason else {})
    return list(known.values())


def _containers(pod: Json, state: Json, container_id: str, *, ready: bool) -> list[Json]:
    return [
        {
            "name": container["name"],
            "image": container.get("image", ""),
            "imageID": "",
            "containerID": _container_ref(number, container_id),
            "ready": ready,
            "started": ready,
            "restartCount": 0,
            "state": state,
            "lastState": {},
        }
        for number, container in enumerate(pod["spec"].get("containers") or ())
    ]


def _container_ref(number: int, sandbox_id: str) -> str:
    """A container's id; it is not the sandbox's, but tells which sandbox it ran in."""
    return f"containerd://{number:02x}{sandbox_id[2:]}" if sandbox_id else ""
