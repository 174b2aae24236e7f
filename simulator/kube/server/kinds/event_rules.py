"""What Events of the newer group have to say, and that only their series may change; the older group takes anything."""

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.kube.server.field_errors import invalid_value, json_text, required
from simulator.kube.server.name_rules import qualified_name
from simulator.kube.server.refusals import Cause

Json = dict[str, Any]

REFERENCE = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_SHOWN = ("Kind", "Namespace", "Name", "UID", "APIVersion", "ResourceVersion", "FieldPath")
_IMMUTABLE = "field is immutable"
_LONGEST: Mapping[str, int] = {"reportingInstance": 128, "action": 128, "reason": 128, "message": 1024}
_OLD_FIELDS = ("firstTimestamp", "lastTimestamp", "count", "source")
_STAY = (
    *("involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count", "type", "eventTime"),
    *("action", "related", "reportingComponent", "reportingInstance"),
)
_CALLED = {"reportingComponent": "reportingController"}


def newer_event_faults(event: Json, before: Json | None) -> Sequence[Cause]:
    """What is wrong with an Event of ``events.k8s.io``, in the names under which it is stored."""
    if before is None:
        return [*_missing(event), *_series_faults(event), *_odd(event)]
    causes: list[Cause] = []
    for name in _STAY:
        value = event.get(name)
        if (value or None) != (before.get(name) or None):
            causes.append(_changed(_CALLED.get(name, name), value))
    return [*causes, *_series_faults(event)]


def _changed(field: str, value: Any) -> Cause:
    if field in ("involvedObject", "related"):
        given = value or {}
        terms = (f'"{shown}":{json_text(given.get(name) or "")}' for shown, name in zip(_SHOWN, REFERENCE, strict=True))
        return Cause(field=field, message=f"Invalid value: {{{','.join(terms)}}}: {_IMMUTABLE}")
    return invalid_value(field, value, _IMMUTABLE)


def _missing(event: Json) -> list[Cause]:
    causes = [] if event.get("eventTime") else [required("eventTime")]
    sender = event.get("reportingComponent") or ""
    if not sender:
        causes.append(required("reportingController"))
    causes += [invalid_value("reportingController", sender, fault) for fault in qualified_name(sender)]
    return [*causes, *(required(name) for name in ("reportingInstance", "action", "reason") if not event.get(name))]


def _series_faults(event: Json) -> list[Cause]:
    series = event.get("series")
    if series is None:
        return []
    few = [] if (series.get("count") or 0) >= 2 else [invalid_value("series.count", "", "should be at least 2")]
    return few if series.get("lastObservedTime") else [*few, required("series.lastObservedTime")]


def _odd(event: Json) -> list[Cause]:
    causes = [
        invalid_value(name, "", f"can have at most {most} characters")
        for name, most in _LONGEST.items()
        if len(event.get(name) or "") > most
    ]
    kind = event.get("type") or ""
    if kind not in ("Normal", "Warning"):
        causes.append(invalid_value("type", "", f"has invalid value: {kind}"))
    return [*causes, *(invalid_value(name, "", "needs to be unset") for name in _OLD_FIELDS if event.get(name))]
