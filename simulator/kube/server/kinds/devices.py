"""Devices of nodes: classes, claims and slices of ``resource.k8s.io``. Nobody allocates any; they are kept and shown."""

from collections.abc import Iterator
from typing import Any

from simulator.kube.server.kinds.pod_defaults import fill
from simulator.kube.server.registry import METADATA_FIELDS, Resource
from simulator.kube.server.selection import field_extractor

Json = dict[str, Any]
GROUP = "resource.k8s.io"


def _requests(spec: Json) -> Iterator[Json]:
    """What a claim asks for: one device class, or the first that there is of several."""
    for request in (spec.get("devices") or {}).get("requests") or ():
        if request.get("exactly") is not None:
            yield request["exactly"]
        yield from request.get("firstAvailable") or ()


def _complete_wish(spec: Json) -> None:
    for request in _requests(spec):
        fill(request, {"allocationMode": "ExactCount"})
        if request["allocationMode"] == "ExactCount":
            fill(request, {"count": 1})
        for toleration in request.get("tolerations") or ():
            fill(toleration, {"operator": "Equal"})


def _complete_claim(claim: Json, before: Json | None) -> None:
    _complete_wish(claim.setdefault("spec", {}))


def _complete_template(template: Json, before: Json | None) -> None:
    spec = template.setdefault("spec", {})
    spec.setdefault("metadata", {})
    _complete_wish(spec.setdefault("spec", {}))


def _complete_taint_rule(rule: Json, before: Json | None) -> None:
    taint = (rule.get("spec") or {}).get("taint")
    if taint is not None:
        fill(taint, {"timeAdded": rule["metadata"]["creationTimestamp"]})


def _of_devices(plural: str, kind: str, *, namespaced: bool = False, **more: Any) -> Resource:
    return Resource(group=GROUP, version="v1", plural=plural, kind=kind, namespaced=namespaced, **more)


DEVICES: tuple[Resource, ...] = (
    _of_devices("deviceclasses", "DeviceClass", counts_generation=True, returns_deleted=True),
    _of_devices(
        "devicetaintrules",
        "DeviceTaintRule",
        subresources=("status",),
        status_on_create={},
        counts_generation=True,
        needs_revision=True,
        complete=_complete_taint_rule,
    ),
    _of_devices(
        "resourceclaims",
        "ResourceClaim",
        namespaced=True,
        subresources=("status",),
        status_on_create={},
        returns_deleted=True,
        complete=_complete_claim,
    ),
    _of_devices(
        "resourceclaimtemplates",
        "ResourceClaimTemplate",
        namespaced=True,
        returns_deleted=True,
        complete=_complete_template,
    ),
    _of_devices(
        "resourceslices",
        "ResourceSlice",
        counts_generation=True,
        returns_deleted=True,
        fields={
            "metadata.name": METADATA_FIELDS["metadata.name"],
            "spec.driver": field_extractor("spec.driver"),
            "spec.nodeName": field_extractor("spec.nodeName"),
        },
    ),
)
