"""Jobs, whose pods end."""

from collections.abc import Sequence
from typing import Any

from simulator.kube.server.field_errors import invalid_value, not_supported, required
from simulator.kube.server.go_structs import structure
from simulator.kube.server.kinds.pod_defaults import complete_conditions, complete_pod_spec, fill
from simulator.kube.server.kinds.pod_rules import not_negative
from simulator.kube.server.kinds.workloads import IMMUTABLE, check_template
from simulator.kube.server.refusals import Cause
from simulator.kube.server.registry import METADATA_FIELDS, Resource
from simulator.kube.server.selection import field_extractor
from simulator.kube.server.selector_rules import matches

Json = dict[str, Any]

INDEXED = "Indexed"
_MODES = ("NonIndexed", INDEXED)
_UID = "batch.kubernetes.io/controller-uid"
_NAME = "batch.kubernetes.io/job-name"
_JOB = {
    "backoffLimit": 6,
    "suspend": False,
    "manualSelector": False,
    "completionMode": "NonIndexed",
    "podReplacementPolicy": "TerminatingOrFailed",
}


def _complete_job(job: Json, before: Json | None) -> None:
    if before is not None and job.get("status") is not before.get("status"):
        complete_conditions(job, ("lastProbeTime", "lastTransitionTime"))
    spec = job.get("spec")
    if spec is None or (before is not None and spec is before.get("spec")):
        return
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    fill(spec, {"parallelism": 1, **_JOB})
    template = spec.setdefault("template", {})
    metadata = template.setdefault("metadata", {})
    if before is None and not spec["manualSelector"]:
        uid, name = job["metadata"]["uid"], job["metadata"]["name"]
        labels = {"controller-uid": uid, "job-name": name, _UID: uid, _NAME: name}
        metadata["labels"] = {**(metadata.get("labels") or {}), **labels}
        selector = spec.setdefault("selector", {})
        selector["matchLabels"] = {**(selector.get("matchLabels") or {}), _UID: uid}
    complete_pod_spec(template.setdefault("spec", {}))
    if before is None and not job["metadata"].get("labels"):
        job["metadata"]["labels"] = dict(metadata.get("labels") or {})


def _check_job(job: Json, before: Json | None) -> Sequence[Cause]:
    spec = job.get("spec") or {}
    old = (before or {}).get("spec")
    if spec is old:
        return ()
    causes: list[Cause] = []
    names = ("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished")
    for name in names:
        causes += not_negative(f"spec.{name}", spec.get(name))
    mode = spec.get("completionMode")
    if mode not in _MODES:
        causes.append(not_supported("spec.completionMode", mode, _MODES))
    if mode == INDEXED and spec.get("completions") is None:
        causes.append(required("spec.completions", f"when completion mode is {INDEXED}"))
    causes += _selector_causes(job, spec)
    template = check_template(spec, restarts=False)
    policy = ((spec.get("template") or {}).get("spec") or {}).get("restartPolicy")
    if not template and policy == "Always":
        template = [required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')]
    causes += template
    if old is None:
        return causes
    causes += _changed_completions(spec, old)
    for name in ("selector", "template", "completionMode"):
        if spec.get(name) != old.get(name):
            value = spec.get(name)
            shown = structure("core.PodTemplateSpec", value) if name == "template" else value
            causes.append(invalid_value(f"spec.{name}", shown, IMMUTABLE))
    return causes


def _changed_completions(spec: Json, old: Json) -> list[Cause]:
    """How many pods have to succeed is for ever, but for Jobs whose pods have numbers."""
    wanted = spec.get("completions")
    if wanted == old.get("completions"):
        return []
    if spec.get("completionMode") != INDEXED:
        return [invalid_value("spec.completions", wanted, IMMUTABLE)]
    if wanted is None or wanted == spec.get("parallelism"):
        return []
    return [invalid_value("spec.completions", wanted, "can only be modified in tandem with spec.parallelism")]


def _selector_causes(job: Json, spec: Json) -> list[Cause]:
    selector = spec.get("selector")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    causes: list[Cause] = []
    if selector is None:
        causes.append(required("spec.selector"))
    elif not spec.get("manualSelector") and selector != {"matchLabels": {_UID: job["metadata"]["uid"]}}:
        causes.append(invalid_value("spec.selector", selector, "`selector` not auto-generated"))
    if selector is None or not matches(selector, labels or {}):
        detail = "`selector` does not match template `labels`"
        causes.append(invalid_value("spec.template.metadata.labels", labels, detail))
    return causes


JOBS: tuple[Resource, ...] = (
    Resource(
        group="batch",
        version="v1",
        plural="jobs",
        kind="Job",
        namespaced=True,
        subresources=("status",),
        status_on_create={},
        status_writes_metadata=True,
        counts_generation=True,
        default_propagation="Orphan",
        fields={**METADATA_FIELDS, "status.successful": field_extractor("status.succeeded", "0")},
        complete=_complete_job,
        check=_check_job,
    ),
)
