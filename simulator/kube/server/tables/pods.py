"""How a pod is printed: the one word that says what it is about, found among its containers."""

from typing import Any

from simulator.kube.server.tables.printing import NONE, Column, Json, Printer, age, columns, seconds_of, since

_ENDED = {
    "Succeeded": "The pod has completed successfully.",
    "Failed": "The pod failed.",
}


class _Tally:
    """What the containers add up to."""

    def __init__(self) -> None:
        self.restarts = 0
        self.last_restart = ""
        self.ready = 0

    def count(self, status: Json) -> None:
        self.restarts += status.get("restartCount", 0)
        ended = ((status.get("lastState") or {}).get("terminated") or {}).get("finishedAt")
        if ended and (not self.last_restart or seconds_of(ended) > seconds_of(self.last_restart)):
            self.last_restart = ended

    def text(self, now: float) -> str:
        if self.restarts and self.last_restart:
            return f"{self.restarts} ({since(self.last_restart, now)} ago)"
        return str(self.restarts)


def _cells(pod: Json, now: float) -> list[Any]:
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    reason = status.get("reason") or status.get("phase", "")
    if any(c.get("type") == "PodScheduled" and c.get("reason") == "SchedulingGated" for c in _conditions(status)):
        reason = "SchedulingGated"
    sidecars = {one["name"] for one in spec.get("initContainers") or () if one.get("restartPolicy") == "Always"}
    total = len(spec.get("containers") or ()) + len(sidecars)
    tally, sidecar_tally = _Tally(), _Tally()
    starting = _initializing(status, spec, sidecars, tally, sidecar_tally)
    if starting:
        reason = starting
    if not starting or _is_true(status, "Initialized"):
        sidecar_tally.ready = tally.ready
        tally = sidecar_tally
        reason = _running(status, tally, reason)
    if pod["metadata"].get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            reason = "Unknown"
        elif status.get("phase") not in _ENDED:
            reason = "Terminating"
    ready = f"{tally.ready}/{total}"
    return [pod["metadata"]["name"], ready, reason, tally.text(now), age(pod, now), *_wide(spec, status)]


def _conditions(status: Json) -> list[Json]:
    return status.get("conditions") or []


def _is_true(status: Json, kind: str) -> bool:
    return any(one.get("type") == kind and one.get("status") == "True" for one in _conditions(status))


def _initializing(status: Json, spec: Json, sidecars: set[str], tally: _Tally, sidecar_tally: _Tally) -> str:
    """What the first init container that is not done says; empty: all are done."""
    for position, one in enumerate(status.get("initContainerStatuses") or ()):
        tally.count(one)
        state = one.get("state") or {}
        ended, waiting = state.get("terminated"), state.get("waiting") or {}
        sidecar = one["name"] in sidecars
        if sidecar:
            sidecar_tally.count(one)
        if ended is not None and ended.get("exitCode", 0) == 0:
            continue
        if sidecar and one.get("started"):
            tally.ready += bool(one.get("ready"))
            continue
        if ended is not None:
            return f"Init:{_ending(ended)}"
        if waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"Init:{waiting['reason']}"
        return f"Init:{position}/{len(spec.get('initContainers') or ())}"
    return ""


def _ending(ended: Json) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"


def _running(status: Json, tally: _Tally, reason: str) -> str:
    has_running = False
    for one in reversed(status.get("containerStatuses") or ()):
        tally.count(one)
        state = one.get("state") or {}
        ended = state.get("terminated")
        if (state.get("waiting") or {}).get("reason"):
            reason = state["waiting"]["reason"]
        elif ended is not None:
            reason = _ending(ended)
        elif one.get("ready") and state.get("running") is not None:
            has_running = True
            tally.ready += 1
    if reason == "Completed" and has_running:
        return "Running" if _is_true(status, "Ready") else "NotReady"
    return reason


def _wide(spec: Json, status: Json) -> list[str]:
    addresses = status.get("podIPs") or ()
    address = addresses[0].get("ip") if addresses else status.get("podIP")
    gates = [gate["conditionType"] for gate in spec.get("readinessGates") or ()]
    passed = sum(1 for gate in gates if _is_true(status, gate))
    return [
        address or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        f"{passed}/{len(gates)}" if gates else NONE,
    ]


def _row_conditions(pod: Json) -> list[Json]:
    phase = (pod.get("status") or {}).get("phase", "")
    if phase not in _ENDED:
        return []
    return [{"type": "Completed", "status": "True", "reason": phase, "message": _ENDED[phase]}]


POD = Printer(
    columns=(
        *columns("Ready", "Status", "Restarts", "Age"),
        *(Column(name, "string", 1) for name in ("IP", "Node", "Nominated Node", "Readiness Gates")),
    ),
    cells=_cells,
    conditions=_row_conditions,
)
