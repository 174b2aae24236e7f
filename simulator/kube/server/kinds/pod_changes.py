"""What may be changed in a pod that is there, by which of its subresources, and in which words the rest is refused."""

from collections.abc import Sequence
from typing import Any

from simulator.kube.server.field_errors import forbidden_field, invalid_value
from simulator.kube.server.go_structs import difference
from simulator.kube.server.kinds.pod_rules import LARGEST_INT32, between, check_new_pod, check_pod_spec
from simulator.kube.server.refusals import Cause

Json = dict[str, Any]

_CHANGEABLE = ("ephemeralContainers", "tolerations", "activeDeadlineSeconds", "schedulingGates")
_NOT_OTHERS = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def check_pod(pod: Json, before: Json | None) -> Sequence[Cause]:
    """What is wrong with a pod, as a new one or as the successor of ``before``."""
    if before is None:
        return check_new_pod(pod)
    causes: list[Cause] = []
    spec, old = pod["spec"], before["spec"]
    if spec is not old and spec != old:
        causes += check_pod_spec(spec, "spec") or _spec_causes(spec, old)
        if spec.get("activeDeadlineSeconds") != old.get("activeDeadlineSeconds"):
            causes += _deadline_causes(spec.get("activeDeadlineSeconds"), old.get("activeDeadlineSeconds"))
    if pod.get("status") is not before.get("status") and old["restartPolicy"] != "Always":
        causes += _state_causes(pod.get("status") or {}, before.get("status") or {}, old["restartPolicy"])
    return causes


def _spec_causes(spec: Json, old: Json) -> list[Cause]:
    for name in ("containers", "initContainers"):
        if len(spec.get(name) or ()) != len(old.get(name) or ()):
            return [forbidden_field(f"spec.{name}", "pod updates may not add or remove containers")]
    causes = _gate_causes(spec, old)
    if spec.get("tolerations") != old.get("tolerations"):
        causes += _toleration_causes(spec, old)
    beside = _beside_what_may_change(spec, old)
    if any(beside.get(name) != old.get(name) for name in {*beside, *old}):
        causes.append(forbidden_field("spec", f"{_NOT_OTHERS}\n{difference('core.PodSpec', old, beside)}"))
    return causes + _debugging_causes(spec, old)


def _beside_what_may_change(spec: Json, old: Json) -> Json:
    """A specification with everything as it was that may be changed."""
    kept = {**spec, **{name: old.get(name) for name in _CHANGEABLE}}
    for name in ("containers", "initContainers"):
        pairs = zip(spec.get(name) or (), old.get(name) or (), strict=True)
        kept[name] = [{**one, "image": had["image"]} for one, had in pairs] or old.get(name)
    return kept


def _deadline_causes(seconds: int | None, old: int | None) -> list[Cause]:
    field = "spec.activeDeadlineSeconds"
    if seconds is None:
        return [invalid_value(field, None, "must not update from a positive integer to nil value")]
    if seconds < 0:
        return between(field, seconds, 0, LARGEST_INT32)
    if old is not None and seconds > old:
        return [invalid_value(field, seconds, "must be less than or equal to previous value")]
    return []


def _toleration_causes(spec: Json, old: Json) -> list[Cause]:
    kept = [_without_seconds(toleration) for toleration in spec.get("tolerations") or ()]
    if all(_without_seconds(toleration) in kept for toleration in old.get("tolerations") or ()):
        return []
    detail = "existing toleration can not be modified except its tolerationSeconds"
    return [forbidden_field("spec.tolerations", detail)]


def _without_seconds(toleration: Json) -> Json:
    return {name: value for name, value in toleration.items() if name != "tolerationSeconds"}


def _gate_causes(spec: Json, old: Json) -> list[Cause]:
    had = [gate["name"] for gate in old.get("schedulingGates") or ()]
    return [
        forbidden_field(
            f"spec.schedulingGates[{position}].name",
            f"only deletion is allowed, but found new scheduling gate '{gate['name']}'",
        )
        for position, gate in enumerate(spec.get("schedulingGates") or ())
        if gate["name"] not in had
    ]


def _debugging_causes(spec: Json, old: Json) -> list[Cause]:
    field = "spec.ephemeralContainers"
    now = {container["name"]: container for container in spec.get("ephemeralContainers") or ()}
    causes = []
    for container in old.get("ephemeralContainers") or ():
        name = container["name"]
        if name not in now:
            causes.append(forbidden_field(field, f'existing ephemeral containers "{name}" may not be removed\n'))
        elif now[name] != container:
            causes.append(forbidden_field(field, f'existing ephemeral containers "{name}" may not be changed\n'))
    return causes


def _state_causes(status: Json, old: Json, policy: str) -> list[Cause]:
    """A container that has ended stays ended where it is not started again."""
    ended = {
        one["name"]: one["state"]["terminated"]
        for one in old.get("containerStatuses") or ()
        if (one.get("state") or {}).get("terminated")
    }
    return [
        forbidden_field(
            f"status.containerStatuses[{position}].state", "may not be transitioned to non-terminated state"
        )
        for position, one in enumerate(status.get("containerStatuses") or ())
        if one["name"] in ended
        and not (one.get("state") or {}).get("terminated")
        and not (policy == "OnFailure" and ended[one["name"]].get("exitCode"))
    ]
