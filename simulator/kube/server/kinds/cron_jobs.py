"""CronJobs, which make Jobs by a schedule."""

import re
from collections.abc import Sequence
from typing import Any

from simulator.kube.cron_schedule import parse, zone_of
from simulator.kube.server.field_errors import invalid_value, not_supported, required
from simulator.kube.server.kinds.pod_defaults import complete_pod_spec, fill
from simulator.kube.server.kinds.pod_rules import not_negative
from simulator.kube.server.refusals import Cause
from simulator.kube.server.registry import Resource

Json = dict[str, Any]

_DEFAULTS = {
    "concurrencyPolicy": "Allow",
    "suspend": False,
    "successfulJobsHistoryLimit": 3,
    "failedJobsHistoryLimit": 1,
}
_POLICIES = ("Allow", "Forbid", "Replace")
_LONGEST_NAME = 52  # a Job's name, 63 at most, has eleven characters more
_ZONE_PART = re.compile(r"(?!-)(?!\.{1,2}$)[A-Za-z.\-_0-9+]{1,14}")
_TZ = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
_LOCAL = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"


def _complete(cron: Json, before: Json | None) -> None:
    spec = cron.get("spec")
    if spec is None or (before is not None and spec is before.get("spec")):
        return
    fill(spec, _DEFAULTS)
    job = spec.setdefault("jobTemplate", {})
    job.setdefault("metadata", {})
    template = job.setdefault("spec", {}).setdefault("template", {})
    template.setdefault("metadata", {})
    complete_pod_spec(template.setdefault("spec", {}))


def _check(cron: Json, before: Json | None) -> Sequence[Cause]:
    spec, old = cron.get("spec") or {}, (before or {}).get("spec") or {}
    if before is not None and spec is before.get("spec"):
        return ()
    causes = _schedule_causes(spec, old)
    causes += not_negative("spec.startingDeadlineSeconds", spec.get("startingDeadlineSeconds"))
    if before is None or spec.get("timeZone") != old.get("timeZone"):
        causes += _zone_causes(spec.get("timeZone"))
    if spec["concurrencyPolicy"] not in _POLICIES:
        causes.append(not_supported("spec.concurrencyPolicy", spec["concurrencyPolicy"], _POLICIES))
    for name in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        causes += not_negative(f"spec.{name}", spec.get(name))
    name = cron["metadata"].get("name") or ""
    if before is None and len(name) > _LONGEST_NAME:
        causes.append(invalid_value("metadata.name", name, f"must be no more than {_LONGEST_NAME} characters"))
    return causes


def _schedule_causes(spec: Json, old: Json) -> list[Cause]:
    schedule = spec.get("schedule") or ""
    if not schedule:
        return [required("spec.schedule")]
    try:
        parse(schedule)
    except ValueError as error:
        faults = [str(error)]
    else:
        faults = []
    if "TZ" in schedule and "TZ" not in (old.get("schedule") or ""):
        faults.append(_TZ)
    return [invalid_value("spec.schedule", schedule, fault) for fault in faults]


def _zone_causes(zone: str | None) -> list[Cause]:
    if zone is None:
        return []
    faults = []
    if not zone:
        faults = ["timeZone must be nil or non-empty string"]
    elif not all(_ZONE_PART.fullmatch(part) for part in zone.split("/")):
        faults = [f"unknown time zone {zone}"]
    elif zone.lower() == "local":
        faults = [_LOCAL]
    else:
        try:
            zone_of(zone)
        except ValueError as error:
            faults = [str(error)]
    return [invalid_value("spec.timeZone", zone, fault) for fault in faults]


CRON_JOBS: tuple[Resource, ...] = (
    Resource(
        group="batch",
        version="v1",
        plural="cronjobs",
        kind="CronJob",
        namespaced=True,
        subresources=("status",),
        status_on_create={},
        status_writes_metadata=True,
        counts_generation=True,
        complete=_complete,
        check=_check,
    ),
)
