"""Volumes, claims for volumes, and what a node says about its drivers."""

from collections.abc import Sequence
from typing import Any

from simulator.kube.server.field_errors import forbidden_field, invalid_value
from simulator.kube.server.go_structs import difference
from simulator.kube.server.kinds.pod_defaults import complete_conditions, fill
from simulator.kube.server.refusals import Cause
from simulator.kube.server.registry import Resource

Json = dict[str, Any]

_CLAIM_STAYS = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
)
_SOURCE_STAYS = "spec.persistentvolumesource is immutable after creation"
_NO_SOURCE = frozenset(
    (
        *("accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy"),
        *("storageClassName", "volumeAttributesClassName", "volumeMode"),
    )
)


def _protect(item: Json, finalizer: str) -> None:
    finalizers = item["metadata"].setdefault("finalizers", [])
    if finalizer not in finalizers:
        finalizers.append(finalizer)


def _complete_claim(claim: Json, before: Json | None) -> None:
    if before is None:
        _protect(claim, "kubernetes.io/pvc-protection")
    elif claim.get("status") is not before.get("status"):
        complete_conditions(claim, ("lastProbeTime", "lastTransitionTime"))
    fill(claim.setdefault("spec", {}), {"volumeMode": "Filesystem"})


def _check_claim(claim: Json, before: Json | None) -> Sequence[Cause]:
    if before is None or claim["spec"] == before.get("spec"):
        return ()
    spec, old = claim["spec"], before["spec"]
    bound = {name for name in {*spec, *old} if spec.get(name) != old.get(name)}
    if bound <= {"volumeName"} and not old.get("volumeName"):
        return ()
    if bound <= {"resources", "volumeAttributesClassName"} and (before.get("status") or {}).get("phase") == "Bound":
        return ()
    if not old.get("volumeName"):
        old = {**old, "volumeName": spec.get("volumeName")}
    return [forbidden_field("spec", f"{_CLAIM_STAYS}\n{difference('core.PersistentVolumeClaimSpec', old, spec)}")]


def _complete_volume(volume: Json, before: Json | None) -> None:
    if before is None:
        _protect(volume, "kubernetes.io/pv-protection")
        volume["status"]["lastPhaseTransitionTime"] = volume["metadata"]["creationTimestamp"]
    spec = volume.setdefault("spec", {})
    fill(spec, {"persistentVolumeReclaimPolicy": "Retain", "volumeMode": "Filesystem"})
    if spec.get("hostPath") is not None:
        fill(spec["hostPath"], {"type": ""})


def _check_volume(volume: Json, before: Json | None) -> Sequence[Cause]:
    if before is None or volume["spec"] == before.get("spec"):
        return ()
    spec, old = volume["spec"], before["spec"]
    changed = {name for name in {*spec, *old} if spec.get(name) != old.get(name)}
    causes = []
    if not changed <= _NO_SOURCE:
        told = difference("core.PersistentVolumeSource", old, spec)
        causes.append(forbidden_field("spec.persistentvolumesource", f"{_SOURCE_STAYS}\n{told}"))
    if "volumeMode" in changed:
        causes.append(invalid_value("volumeMode", spec.get("volumeMode"), "field is immutable"))
    return causes


def _complete_class(item: Json, before: Json | None) -> None:
    fill(item, {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"})


def _complete_driver(item: Json, before: Json | None) -> None:
    fill(item.setdefault("spec", {}), _DRIVER)


_DRIVER = {
    "attachRequired": True,
    "podInfoOnMount": False,
    "volumeLifecycleModes": ["Persistent"],
    "storageCapacity": False,
    "fsGroupPolicy": "ReadWriteOnceWithFSType",
    "requiresRepublish": False,
    "seLinuxMount": False,
    "preventPodSchedulingIfMissing": False,
}


def _complete_attributes(item: Json, before: Json | None) -> None:
    if before is None:
        _protect(item, "kubernetes.io/vac-protection")


def _complete_drivers(item: Json, before: Json | None) -> None:
    spec = item.setdefault("spec", {})
    if not spec.get("drivers"):
        spec["drivers"] = None
    item.setdefault("status", {})


STORAGE: tuple[Resource, ...] = (
    Resource(
        group="",
        version="v1",
        plural="persistentvolumeclaims",
        kind="PersistentVolumeClaim",
        namespaced=True,
        subresources=("status",),
        status_on_create={"phase": "Pending"},
        status_writes_metadata=True,
        returns_deleted=True,
        complete=_complete_claim,
        check=_check_claim,
    ),
    Resource(
        group="",
        version="v1",
        plural="persistentvolumes",
        kind="PersistentVolume",
        namespaced=False,
        subresources=("status",),
        status_on_create={"phase": "Pending"},
        status_writes_metadata=True,
        returns_deleted=True,
        complete=_complete_volume,
        check=_check_volume,
    ),
    Resource(
        group="storage.k8s.io",
        version="v1",
        plural="storageclasses",
        kind="StorageClass",
        namespaced=False,
        returns_deleted=True,
        complete=_complete_class,
    ),
    Resource(
        group="storage.k8s.io",
        version="v1",
        plural="csinodes",
        kind="CSINode",
        namespaced=False,
        subresources=("status",),
        returns_deleted=True,
        needs_revision=True,
        complete=_complete_drivers,
    ),
)

DRIVERS: tuple[Resource, ...] = (
    Resource(
        group="storage.k8s.io",
        version="v1",
        plural="csidrivers",
        kind="CSIDriver",
        namespaced=False,
        returns_deleted=True,
        needs_revision=True,
        complete=_complete_driver,
    ),
    Resource(
        group="storage.k8s.io",
        version="v1",
        plural="csistoragecapacities",
        kind="CSIStorageCapacity",
        namespaced=True,
        needs_revision=True,
    ),
    Resource(
        group="storage.k8s.io",
        version="v1",
        plural="volumeattachments",
        kind="VolumeAttachment",
        namespaced=False,
        subresources=("status",),
        status_on_create={"attached": False},
        returns_deleted=True,
        needs_revision=True,
    ),
    Resource(
        group="storage.k8s.io",
        version="v1",
        plural="volumeattributesclasses",
        kind="VolumeAttributesClass",
        namespaced=False,
        returns_deleted=True,
        complete=_complete_attributes,
    ),
)
"""What drivers of volumes say of themselves and of volumes; nobody in the simulator attaches any."""
