"""Kinds that are stored as others: Events of two groups, and autoscalers of two versions.

What is stored is the one kind (``Resource.stored``); the other shows the same objects with other names for some fields.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from simulator.kube.server.kinds.event_rules import REFERENCE, newer_event_faults
from simulator.kube.server.refusals import Cause
from simulator.kube.server.registry import METADATA_FIELDS, Resource
from simulator.kube.server.selection import field_extractor

Json = dict[str, Any]

_EVENT_NAMES: Mapping[str, str] = {
    "note": "message",
    "regarding": "involvedObject",
    "reportingController": "reportingComponent",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
_METRICS = "autoscaling.alpha.kubernetes.io/metrics"
_CURRENT_METRICS = "autoscaling.alpha.kubernetes.io/current-metrics"
_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"


def _renamed(item: Json, names: Mapping[str, str]) -> None:
    for old, new in names.items():
        if old in item:
            item[new] = item.pop(old)


def _event_shown(item: Json) -> None:
    _renamed(item, {kept: shown for shown, kept in _EVENT_NAMES.items()})
    for name in ("reportingController", "reportingInstance"):
        if not item.get(name):
            item.pop(name, None)


def _event_stored(item: Json) -> None:
    _renamed(item, _EVENT_NAMES)


def _check_event(event: Json, before: Json | None) -> Sequence[Cause]:
    kept = dict(event)
    _event_stored(kept)
    if before is None:
        return newer_event_faults(kept, None)
    old = dict(before)
    _event_stored(old)
    return newer_event_faults(kept, old)


def _scaler_shown(item: Json) -> None:
    """Of the metrics the share of the processor is a field, the others are an annotation."""
    spec, status = item["spec"], item.get("status") or {}
    others = []
    for metric in spec.pop("metrics", None) or ():
        share = _processor_share(metric, "target")
        if share is None:
            others.append(metric)
        else:
            spec["targetCPUUtilizationPercentage"] = share
    _annotate(item, _METRICS, [_as_noted(metric) for metric in others])
    measured = []
    for metric in status.pop("currentMetrics", None) or ():
        share = _processor_share(metric, "current")
        if share is None:
            measured.append(metric)
        else:
            status["currentCPUUtilizationPercentage"] = share
    _annotate(item, _CURRENT_METRICS, measured)
    _annotate(item, _CONDITIONS, status.pop("conditions", None) or [])
    status.setdefault("currentReplicas", 0)
    item["status"] = status


def _processor_share(metric: Json, part: str) -> int | None:
    resource = metric.get("resource") or {}
    found = (resource.get(part) or {}).get("averageUtilization")
    return found if resource.get("name") == "cpu" else None


def _as_noted(metric: Json) -> Json:
    """A metric of a resource, as an annotation has it: what is aimed at stands beside its name."""
    resource = metric.get("resource") or {}
    target = resource.get("target")
    if not target:
        return metric
    names = {"averageUtilization": "targetAverageUtilization", "averageValue": "targetAverageValue"}
    aims = {names[name]: value for name, value in target.items() if name in names}
    return {"type": metric["type"], "resource": {"name": resource["name"], **aims}}


def _as_stored(metric: Json) -> Json:
    resource = metric.get("resource") or {}
    share, value = resource.get("targetAverageUtilization"), resource.get("targetAverageValue")
    if share is not None:
        target: Json = {"type": "Utilization", "averageUtilization": share}
    elif value is not None:
        target = {"type": "AverageValue", "averageValue": value}
    else:
        return metric
    return {"type": metric["type"], "resource": {"name": resource["name"], "target": target}}


def _annotate(item: Json, name: str, values: list[Json]) -> None:
    if values:
        item["metadata"].setdefault("annotations", {})[name] = json.dumps(values, separators=(",", ":"))


def _scaler_stored(item: Json) -> None:
    spec, status = item.setdefault("spec", {}), item.get("status") or {}
    metrics = [_as_stored(metric) for metric in _taken(item, _METRICS)]
    share = spec.pop("targetCPUUtilizationPercentage", None)
    if share is not None:
        metrics.insert(0, _processor("target", {"type": "Utilization", "averageUtilization": share}))
    if metrics:
        spec["metrics"] = metrics
    measured = _taken(item, _CURRENT_METRICS)
    share = status.pop("currentCPUUtilizationPercentage", None)
    if share is not None:
        measured.insert(0, _processor("current", {"averageUtilization": share}))
    if measured or status:
        status["currentMetrics"] = measured or None
    if conditions := _taken(item, _CONDITIONS):
        status["conditions"] = conditions
    if status:
        item["status"] = status


def _processor(part: str, value: Json) -> Json:
    return {"type": "Resource", "resource": {"name": "cpu", part: value}}


def _taken(item: Json, name: str) -> list[Json]:
    """The values of an annotation, which goes away."""
    annotations = item["metadata"].get("annotations") or {}
    try:
        found = json.loads(annotations.pop(name, "[]"))
    except ValueError:
        found = []
    if not annotations:
        item["metadata"].pop("annotations", None)
    return found if isinstance(found, list) else []


def event_of_its_group(stored: Resource) -> Resource:
    """Events of ``events.k8s.io``."""
    paths = ("reason", "type", "reportingController", *(f"regarding.{name}" for name in REFERENCE))
    fields = {_old_path(path): path for path in paths}
    return Resource(
        group="events.k8s.io",
        version="v1",
        plural="events",
        kind="Event",
        namespaced=True,
        creates_on_update=True,
        check=_check_event,
        stored=stored,
        to_stored=_event_stored,
        from_stored=_event_shown,
        fields={**METADATA_FIELDS, **{path: field_extractor(kept) for kept, path in fields.items()}},
    )


def _old_path(path: str) -> str:
    first, dot, rest = path.partition(".")
    return _EVENT_NAMES.get(first, first) + dot + rest


def autoscaler_of_version_1(stored: Resource) -> Resource:
    """Autoscalers as they were before they knew anything but the processor."""
    return Resource(
        group="autoscaling",
        version="v1",
        plural="horizontalpodautoscalers",
        kind="HorizontalPodAutoscaler",
        namespaced=True,
        subresources=("status",),
        status_on_create={},
        status_writes_metadata=True,
        counts_generation=True,
        stored=stored,
        to_stored=_scaler_stored,
        from_stored=_scaler_shown,
    )
