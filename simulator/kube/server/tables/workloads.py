"""How the workloads are printed: how many are wanted, there and ready."""

from typing import Any

from simulator.kube.server.tables.printing import (
    NONE,
    UNKNOWN,
    Json,
    Printer,
    age,
    at,
    columns,
    containers,
    count,
    duration,
    labels_text,
    rows,
    seconds_of,
    selector_text,
    since,
)

_WIDE = ("Containers/wide", "Images/wide", "Selector/wide")


def _template(item: Json) -> list[str]:
    return containers(at(item, "spec.template.spec"))


def _with_selector(item: Json) -> list[str]:
    return [*_template(item), selector_text(at(item, "spec.selector"))]


def _wanted(item: Json) -> int:
    return count(item, "spec.replicas")


def _deployment(item: Json, now: float) -> list[Any]:
    ready = f"{count(item, 'status.readyReplicas')}/{_wanted(item)}"
    cells = [ready, count(item, "status.updatedReplicas"), count(item, "status.availableReplicas")]
    return [*rows(item, cells, now), *_with_selector(item)]


def _replicaset(item: Json, now: float) -> list[Any]:
    cells = [_wanted(item), count(item, "status.replicas"), count(item, "status.readyReplicas")]
    return [*rows(item, cells, now), *_with_selector(item)]


def _replication_controller(item: Json, now: float) -> list[Any]:
    cells = [_wanted(item), count(item, "status.replicas"), count(item, "status.readyReplicas")]
    return [*rows(item, cells, now), *_template(item), labels_text(at(item, "spec.selector"))]


def _statefulset(item: Json, now: float) -> list[Any]:
    return [*rows(item, [f"{count(item, 'status.readyReplicas')}/{_wanted(item)}"], now), *_template(item)]


_DAEMONS = (
    "desiredNumberScheduled",
    "currentNumberScheduled",
    "numberReady",
    "updatedNumberScheduled",
    "numberAvailable",
)


def _daemonset(item: Json, now: float) -> list[Any]:
    cells = [
        *(count(item, f"status.{name}") for name in _DAEMONS),
        labels_text(at(item, "spec.template.spec.nodeSelector")),
    ]
    return [*rows(item, cells, now), *_with_selector(item)]


def _job(item: Json, now: float) -> list[Any]:
    wanted, parallel = at(item, "spec.completions"), count(item, "spec.parallelism")
    done = count(item, "status.succeeded")
    completions = (
        f"{done}/{wanted}" if wanted is not None else f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"
    )
    began, ended = at(item, "status.startTime"), at(item, "status.completionTime")
    lasted = ""
    if began:
        lasted = duration((seconds_of(ended) if ended else now) - seconds_of(began))
    return [*rows(item, [_job_status(item), completions, lasted], now), *_with_selector(item)]


def _job_status(item: Json) -> str:
    true = {one["type"] for one in at(item, "status.conditions") or () if one.get("status") == "True"}
    for kind, word in (("Complete", "Complete"), ("Failed", "Failed")):
        if kind in true:
            return word
    if item["metadata"].get("deletionTimestamp"):
        return "Terminating"
    for kind, word in (("Suspended", "Suspended"), ("FailureTarget", "FailureTarget"), ("SuccessCriteriaMet",) * 2):
        if kind in true:
            return word
    return "Running"


def _cronjob(item: Json, now: float) -> list[Any]:
    spec = item.get("spec") or {}
    last = at(item, "status.lastScheduleTime")
    cells = [
        spec.get("schedule", ""),
        spec.get("timeZone") or NONE,
        str(bool(spec.get("suspend"))),
        len(at(item, "status.active") or ()),
        since(last, now) if last else NONE,
    ]
    template = at(item, "spec.jobTemplate.spec") or {}
    return [
        *rows(item, cells, now),
        *containers(at(template, "template.spec")),
        selector_text(template.get("selector")),
    ]


def _revision(item: Json, now: float) -> list[Any]:
    owner = next((one for one in item["metadata"].get("ownerReferences") or () if one.get("controller")), None)
    controller = NONE
    if owner is not None:
        group = owner["apiVersion"].partition("/")[0] if "/" in owner["apiVersion"] else ""
        controller = f"{owner['kind'].lower()}{'.' + group if group else ''}/{owner['name']}"
    return rows(item, [controller, item.get("revision", 0)], now)


def _pod_template(item: Json, now: float) -> list[Any]:
    labels = labels_text(at(item, "template.metadata.labels"))
    return [item["metadata"]["name"], *containers(at(item, "template.spec")), labels]


def _autoscaler(item: Json, now: float) -> list[Any]:
    target = at(item, "spec.scaleTargetRef") or {}
    least, most = at(item, "spec.minReplicas"), at(item, "spec.maxReplicas")
    cells = [
        f"{target.get('kind', '')}/{target.get('name', '')}",
        _targets(item),
        "<unset>" if least is None else str(least),
        most,
        count(item, "status.currentReplicas"),
    ]
    return rows(item, cells, now)


def _targets(item: Json) -> str:
    shown = []
    if share := at(item, "spec.targetCPUUtilizationPercentage"):  # as version 1 has it
        shown.append(f"cpu: {UNKNOWN}/{share}%")
    for metric in at(item, "spec.metrics") or ():
        resource = metric.get("resource") or {}
        wanted = (resource.get("target") or {}).get("averageUtilization")
        if metric.get("type") == "Resource" and wanted is not None:
            shown.append(f"{resource['name']}: {UNKNOWN}/{wanted}%")
        else:
            shown.append(UNKNOWN)
    return ", ".join(shown) or NONE


def _budget(item: Json, now: float) -> list[Any]:
    cells = [
        "N/A" if at(item, f"spec.{name}") is None else str(at(item, f"spec.{name}"))
        for name in ("minAvailable", "maxUnavailable")
    ]
    return [item["metadata"]["name"], *cells, count(item, "status.disruptionsAllowed"), age(item, now)]


WORKLOADS: dict[tuple[str, str], Printer] = {
    ("apps", "deployments"): Printer(
        columns=columns("Ready", "Up-to-date", "Available", "Age", *_WIDE), cells=_deployment
    ),
    ("apps", "replicasets"): Printer(
        columns=columns("Desired:integer", "Current:integer", "Ready:integer", "Age", *_WIDE), cells=_replicaset
    ),
    ("", "replicationcontrollers"): Printer(
        columns=columns("Desired:integer", "Current:integer", "Ready:integer", "Age", *_WIDE),
        cells=_replication_controller,
    ),
    ("apps", "statefulsets"): Printer(
        columns=columns("Ready", "Age", "Containers/wide", "Images/wide"), cells=_statefulset
    ),
    ("apps", "daemonsets"): Printer(
        columns=columns(
            *(f"{name}:integer" for name in ("Desired", "Current", "Ready", "Up-to-date", "Available")),
            "Node Selector",
            "Age",
            *_WIDE,
        ),
        cells=_daemonset,
    ),
    ("apps", "controllerrevisions"): Printer(columns=columns("Controller", "Revision", "Age"), cells=_revision),
    ("batch", "jobs"): Printer(columns=columns("Status", "Completions", "Duration", "Age", *_WIDE), cells=_job),
    ("batch", "cronjobs"): Printer(
        columns=columns("Schedule", "Timezone", "Suspend:boolean", "Active:integer", "Last Schedule", "Age", *_WIDE),
        cells=_cronjob,
    ),
    ("", "podtemplates"): Printer(columns=columns("Containers", "Images", "Pod Labels"), cells=_pod_template),
    ("autoscaling", "horizontalpodautoscalers"): Printer(
        columns=columns("Reference", "Targets", "MinPods", "MaxPods", "Replicas", "Age"), cells=_autoscaler
    ),
    ("policy", "poddisruptionbudgets"): Printer(
        columns=columns("Min Available", "Max Unavailable", "Allowed Disruptions:integer", "Age"), cells=_budget
    ),
}
