"""Kinds that say what is allowed, wanted or preferred: budgets, autoscalers, classes, networks' policies."""

from collections.abc import Sequence
from typing import Any

from simulator.kube.server.field_errors import forbidden_field, invalid_value, json_text, not_supported
from simulator.kube.server.kinds.pod_defaults import complete_conditions, fill
from simulator.kube.server.kinds.quantities import percent_cause, share
from simulator.kube.server.refusals import Cause
from simulator.kube.server.registry import Resource

Json = dict[str, Any]

_EVICTION_POLICIES = ("AlwaysAllow", "IfHealthyBudget")
_TARGET = {"type": "Utilization", "averageUtilization": 80}


def _check_budget(budget: Json, before: Json | None) -> Sequence[Cause]:
    spec = budget.get("spec") or {}
    if before is not None and spec is before.get("spec"):
        return ()
    causes: list[Cause] = []
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if least is not None and most is not None:
        shown = (
            f'{{"MinAvailable":{json_text(least)},"Selector":{json_text(spec.get("selector"))},'
            f'"MaxUnavailable":{json_text(most)},"UnhealthyPodEvictionPolicy":'
            f"{json_text(spec.get('unhealthyPodEvictionPolicy'))}}}"
        )
        detail = "minAvailable and maxUnavailable cannot be both set"
        causes.append(Cause(field="spec", message=f"Invalid value: {shown}: {detail}"))
    for name, value in (("minAvailable", least), ("maxUnavailable", most)):
        if value is not None:
            causes += percent_cause(f"spec.{name}", value)
            if isinstance(value, str) and share(value) > 100:
                causes.append(invalid_value(f"spec.{name}", value, "must not be greater than 100%"))
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in _EVICTION_POLICIES:
        causes.append(not_supported("spec.unhealthyPodEvictionPolicy", policy, _EVICTION_POLICIES))
    return causes


def _complete_autoscaler(scaler: Json, before: Json | None) -> None:
    spec = scaler.setdefault("spec", {})
    if before is not None and spec is before.get("spec"):
        return
    fill(spec, {"minReplicas": 1})
    if not spec.get("metrics"):
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": dict(_TARGET)}}]


def _complete_priority(item: Json, before: Json | None) -> None:
    fill(item, {"preemptionPolicy": "PreemptLowerPriority", "value": 0})


def _check_priority(item: Json, before: Json | None) -> Sequence[Cause]:
    if before is None:
        return ()
    detail = "may not be changed in an update."
    return [
        forbidden_field(name, detail) for name in ("value", "preemptionPolicy") if item.get(name) != before.get(name)
    ]


def _complete_network_policy(policy: Json, before: Json | None) -> None:
    spec = policy.setdefault("spec", {})
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    for rule in [*(spec.get("ingress") or ()), *(spec.get("egress") or ())]:
        for port in rule.get("ports") or ():
            fill(port, {"protocol": "TCP"})


def _conditions_only(item: Json, before: Json | None) -> None:
    if before is not None and item.get("status") is not before.get("status"):
        complete_conditions(item, ("lastTransitionTime",))


POLICIES: tuple[Resource, ...] = (
    Resource(
        group="policy",
        version="v1",
        plural="poddisruptionbudgets",
        kind="PodDisruptionBudget",
        namespaced=True,
        subresources=("status",),
        status_on_create={"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0},
        status_writes_metadata=True,
        counts_generation=True,
        needs_revision=True,
        complete=_conditions_only,
        check=_check_budget,
    ),
    Resource(
        group="autoscaling",
        version="v2",
        plural="horizontalpodautoscalers",
        kind="HorizontalPodAutoscaler",
        namespaced=True,
        subresources=("status",),
        status_on_create={"desiredReplicas": 0, "currentMetrics": None},
        status_writes_metadata=True,
        counts_generation=True,
        complete=_complete_autoscaler,
    ),
    Resource(
        group="scheduling.k8s.io",
        version="v1",
        plural="priorityclasses",
        kind="PriorityClass",
        namespaced=False,
        counts_generation=True,
        complete=_complete_priority,
        check=_check_priority,
    ),
    Resource(
        group="networking.k8s.io",
        version="v1",
        plural="networkpolicies",
        kind="NetworkPolicy",
        namespaced=True,
        counts_generation=True,
        complete=_complete_network_policy,
    ),
    Resource(
        group="networking.k8s.io",
        version="v1",
        plural="ingresses",
        kind="Ingress",
        namespaced=True,
        subresources=("status",),
        status_on_create={"loadBalancer": {}},
        status_writes_metadata=True,
        counts_generation=True,
    ),
    Resource(
        group="networking.k8s.io",
        version="v1",
        plural="ingressclasses",
        kind="IngressClass",
        namespaced=False,
        counts_generation=True,
    ),
)
