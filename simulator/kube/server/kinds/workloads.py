"""Deployments and the other kinds that make pods: their defaults, what makes one, and what may be changed in one."""

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.kube.server.field_errors import forbidden_field, invalid_value, not_supported, required
from simulator.kube.server.kinds.pod_defaults import complete_conditions, complete_pod_spec, fill
from simulator.kube.server.kinds.pod_rules import check_pod_spec, not_negative
from simulator.kube.server.kinds.quantities import percent_cause, share
from simulator.kube.server.refusals import Cause
from simulator.kube.server.registry import Complete, Resource
from simulator.kube.server.selector_rules import is_empty, matches

Json = dict[str, Any]

QUARTERS = {"maxUnavailable": "25%", "maxSurge": "25%"}
IMMUTABLE = "field is immutable"


def completing(defaults: Mapping[str, Any], strategy: str = "", rolling: Mapping[str, Any] | None = None) -> Complete:
    """The ``Complete`` of a kind with a template: ``strategy`` is the field in which its way of rolling out stands."""

    def complete(item: Json, before: Json | None) -> None:
        if before is not None and item.get("status") is not before.get("status"):
            complete_conditions(item, ("lastUpdateTime",) if item["kind"] == "Deployment" else ())
        spec = item.get("spec")
        if spec is None or (before is not None and spec is before.get("spec")):
            return
        fill(spec, defaults)
        if strategy:
            how = spec.setdefault(strategy, {})
            fill(how, {"type": "RollingUpdate"})
            if how["type"] == "RollingUpdate":
                fill(how.setdefault("rollingUpdate", {}), rolling or {})
        _complete_template(spec)

    return complete


def _complete_template(spec: Json) -> None:
    template = spec.get("template")
    if template is not None:
        template.setdefault("metadata", {})
        complete_pod_spec(template.setdefault("spec", {}))


def check_template(spec: Json, *, restarts: bool = True) -> list[Cause]:
    """What is wrong with the pods that a workload would make."""
    pods = (spec.get("template") or {}).get("spec") or {}
    causes = check_pod_spec(pods, "spec.template.spec")
    policy = pods.get("restartPolicy")
    if restarts and not causes and policy != "Always":
        causes.append(not_supported("spec.template.spec.restartPolicy", policy, ("Always",)))
    return causes


def _check_selector(item: Json, spec: Json, word: str) -> list[Cause]:
    selector = spec.get("selector")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    mismatch = invalid_value(
        "spec.template.metadata.labels", labels or None, "`selector` does not match template `labels`"
    )
    if selector is None:
        # The real server takes the missing selector of a DaemonSet for one that matches nothing.
        return [mismatch] if item["kind"] == "DaemonSet" else [required("spec.selector"), mismatch]
    if is_empty(selector):
        return [invalid_value("spec.selector", {}, f"empty selector is invalid for {word}")]
    return [] if matches(selector, labels) else [mismatch]


def _check_workload(item: Json, before: Json | None, word: str) -> list[Cause]:
    spec = item.get("spec") or {}
    old = (before or {}).get("spec")
    if spec is old:
        return []
    causes = not_negative("spec.replicas", spec.get("replicas"))
    causes += not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    causes += _check_selector(item, spec, word)
    causes += check_template(spec)
    if old is not None and spec.get("selector") != old.get("selector"):
        causes.append(invalid_value("spec.selector", spec.get("selector"), IMMUTABLE))
    return causes


def _check_deployment(item: Json, before: Json | None) -> Sequence[Cause]:
    spec = item.get("spec") or {}
    if before is not None and spec is before.get("spec"):
        return ()
    causes = _check_workload(item, before, "deployment")
    strategy = spec["strategy"]
    rolling = strategy.get("rollingUpdate")
    if strategy["type"] == "Recreate" and rolling is not None:
        detail = "may not be specified when strategy `type` is 'Recreate'"
        causes.append(forbidden_field("spec.strategy.rollingUpdate", detail))
    elif strategy["type"] == "RollingUpdate":
        causes += _rolling_causes(rolling, "spec.strategy.rollingUpdate")
    elif strategy["type"] != "Recreate":
        shown = Cause(field="", message=f'Unsupported value: {{"Type":"{strategy["type"]}","RollingUpdate":null}}')
        words = ': supported values: "Recreate", "RollingUpdate"'
        causes.append(Cause(field="spec.strategy", message=shown.message + words, reason="FieldValueNotSupported"))
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= (spec.get("minReadySeconds") or 0):
        causes.append(invalid_value("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"))
    return causes


def _rolling_causes(rolling: Json, field: str) -> list[Cause]:
    causes = [
        cause for name in ("maxUnavailable", "maxSurge") for cause in percent_cause(f"{field}.{name}", rolling[name])
    ]
    unavailable, surge = rolling["maxUnavailable"], rolling["maxSurge"]
    if not causes and not share(unavailable) and not share(surge):
        causes.append(invalid_value(f"{field}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0"))
    if not causes and isinstance(unavailable, str) and share(unavailable) > 100:
        causes.append(invalid_value(f"{field}.maxUnavailable", unavailable, "must not be greater than 100%"))
    return causes


def _check_replica_set(item: Json, before: Json | None) -> Sequence[Cause]:
    return _check_workload(item, before, "deployment")  # the real server names the kind that most often makes one


_CHANGEABLE_SET = frozenset(
    ("replicas", "ordinals", "template", "updateStrategy", "persistentVolumeClaimRetentionPolicy", "minReadySeconds")
) | {"revisionHistoryLimit", "selector"}


def _check_stateful_set(item: Json, before: Json | None) -> Sequence[Cause]:
    causes = _check_workload(item, before, "statefulset")
    spec = item.get("spec") or {}
    old = (before or {}).get("spec")
    if old is None or spec is old:
        return causes
    names = [name for name in sorted({*spec, *old} - _CHANGEABLE_SET) if spec.get(name) != old.get(name)]
    return [*causes, *(invalid_value(f"spec.{name}", spec.get(name), IMMUTABLE) for name in names)]


def _complete_stateful_set(item: Json, before: Json | None) -> None:
    _COMPLETE_SET(item, before)
    spec = item.get("spec")
    if spec is None or (before is not None and spec is before.get("spec")):
        return
    for claim in spec.get("volumeClaimTemplates") or ():
        fill(claim, {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "status": {}})
        fill(claim["status"], {"phase": "Pending"})
        fill(claim["spec"], {"volumeMode": "Filesystem"})


def _check_daemon_set(item: Json, before: Json | None) -> Sequence[Cause]:
    spec = item.get("spec") or {}
    if before is not None and spec is before.get("spec"):
        return ()
    causes = _check_workload(item, before, "daemonset")
    rolling = spec["updateStrategy"].get("rollingUpdate")
    if rolling is not None:
        unavailable, surge = share(rolling["maxUnavailable"]), share(rolling["maxSurge"])
        field = "spec.updateStrategy.rollingUpdate"
        if unavailable and surge:
            detail = "may not be set when maxUnavailable is non-zero"
            causes.append(invalid_value(f"{field}.maxSurge", rolling["maxSurge"], detail))
        elif not unavailable and not surge:
            detail = "cannot be 0 when maxSurge is 0"
            causes.append(invalid_value(f"{field}.maxUnavailable", rolling["maxUnavailable"], detail))
    return causes


_GENERATION = "deprecated.daemonset.template.generation"
_COMPLETE_SET = completing(
    {
        "replicas": 1,
        "podManagementPolicy": "OrderedReady",
        "revisionHistoryLimit": 10,
        "serviceName": "",
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
    },
    "updateStrategy",
    {"partition": 0, "maxUnavailable": 1},
)
_COMPLETE_DAEMONS = completing({"revisionHistoryLimit": 10}, "updateStrategy", {"maxUnavailable": 1, "maxSurge": 0})


def _complete_daemon_set(item: Json, before: Json | None) -> None:
    """The annotation counts the templates, for clients of an API that is gone."""
    _COMPLETE_DAEMONS(item, before)
    spec = item.get("spec") or {}
    if before is None:
        count = 1
    elif spec is before.get("spec"):
        return
    else:
        count = int((before["metadata"].get("annotations") or {}).get(_GENERATION, "1"))
        count += spec.get("template") != before["spec"].get("template")
    item["metadata"].setdefault("annotations", {})[_GENERATION] = str(count)


def _app(plural: str, kind: str, **more: Any) -> Resource:
    return Resource(
        group="apps",
        version="v1",
        plural=plural,
        kind=kind,
        namespaced=True,
        counts_generation=True,
        status_writes_metadata=True,
        **more,
    )


WORKLOADS: tuple[Resource, ...] = (
    _app(
        "deployments",
        "Deployment",
        subresources=("status", "scale"),
        status_on_create={},
        status_keeps=("labels",),
        complete=completing(
            {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600}, "strategy", QUARTERS
        ),
        check=_check_deployment,
    ),
    _app(
        "replicasets",
        "ReplicaSet",
        subresources=("status", "scale"),
        status_on_create={"replicas": 0},
        complete=completing({"replicas": 1}),
        check=_check_replica_set,
    ),
    _app(
        "statefulsets",
        "StatefulSet",
        subresources=("status", "scale"),
        status_on_create={"replicas": 0, "availableReplicas": 0},
        complete=_complete_stateful_set,
        check=_check_stateful_set,
    ),
    _app(
        "daemonsets",
        "DaemonSet",
        subresources=("status",),
        status_on_create={
            "currentNumberScheduled": 0,
            "numberMisscheduled": 0,
            "desiredNumberScheduled": 0,
            "numberReady": 0,
        },
        complete=_complete_daemon_set,
        whole_annotations=(_GENERATION,),
        check=_check_daemon_set,
    ),
)
