"""Pods that a workload owns: making them from its template, finding them, judging their state."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256

import msgspec

from simulator.kube.api import Json, copy_of
from simulator.kube.client import ApiError
from simulator.kube.controllers.plane import Plane, node_of

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def owner_reference(owner: Json, kind: str, api_version: str) -> Json:
    """The reference that makes ``owner`` the controller of what carries it."""
    meta = owner["metadata"]
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": meta["name"],
        "uid": meta["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def template_hash(template: Json) -> str:
    """Ten characters that differ when the template does."""
    return _hash_of(msgspec.json.encode(template))


@lru_cache(maxsize=256)  # a controller asks at every look at its object
def _hash_of(template: bytes) -> str:
    text = json.dumps(msgspec.json.decode(template), sort_keys=True)
    number = int(sha256(text.encode()).hexdigest(), 16)
    letters = []
    for _ in range(10):
        number, rest = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[rest])
    return "".join(letters)


def pod_from(
    template: Json, owner: Json, reference: Json, *, name: str = "", labels: Mapping[str, str] | None = None
) -> Json:
    """A pod for ``owner``; without ``name`` the server makes one up."""
    meta = owner["metadata"]
    given = template.get("metadata") or {}
    body: Json = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "namespace": meta["namespace"],
            "labels": {**(given.get("labels") or {}), **(labels or {})},
            "ownerReferences": [reference],
        },
        "spec": copy_of(template.get("spec") or {}),
    }
    if given.get("annotations"):
        body["metadata"]["annotations"] = dict(given["annotations"])
    if name:
        body["metadata"]["name"] = name
    else:
        body["metadata"]["generateName"] = f"{meta['name']}-"
    return body


async def create_pod(plane: Plane, pod: Json) -> Json | None:
    """Create, and know it at once; nothing when the name is taken: the next look will tell.

    Raises:
        ApiError: refused.
    """
    try:
        made = await plane.client.create("pods", pod, pod["metadata"]["namespace"])
    except ApiError as error:
        if not error.conflict:
            raise
        return None
    plane.pods.observe(made)
    return made


async def delete_pod(plane: Plane, pod: Json) -> None:
    """Ask for its deletion, and count it as leaving at once."""
    meta = pod["metadata"]
    await plane.client.delete("pods", meta["name"], namespace=meta["namespace"], uid=meta["uid"])
    plane.pods.expect_deletion(pod)


async def write_conditions(plane: Plane, pod: Json, conditions: Sequence[Json]) -> None:
    """Say in the status of a pod how it stands; one that is gone, or has become another one, needs no word.

    Raises:
        ApiError: refused.
    """
    meta = pod["metadata"]
    body = {"metadata": {"uid": meta["uid"]}, "status": {"conditions": list(conditions)}}
    try:
        await plane.client.patch("pods", meta["name"], body, namespace=meta["namespace"], subresource="status")
    except ApiError as error:
        if not (error.gone or error.conflict):
            raise


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """Makes and deletes the pods of the workloads of one kind, and tells of it in the words that most kinds share."""

    plane: Plane
    kind: str
    component: str

    async def make(self, item: Json, pod: Json) -> None:
        """Create a pod for ``item``.

        Raises:
            ApiError: refused.
        """
        try:
            made = await create_pod(self.plane, pod)
        except ApiError as error:
            self.tell(item, "FailedCreate", f"Error creating: {error.message}", warning=True)
            raise
        if made is not None:
            self.tell(item, "SuccessfulCreate", f"Created pod: {made['metadata']['name']}")

    async def take(self, item: Json, pod: Json) -> None:
        """Delete a pod of ``item``."""
        await delete_pod(self.plane, pod)
        self.tell(item, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")

    def tell(self, item: Json, reason: str, message: str, *, warning: bool = False) -> None:
        """Say something about ``item``."""
        self.plane.events.tell(self.component, self.kind, item, reason, message, warning=warning)


def is_over(pod: Json) -> bool:
    """Succeeded or Failed."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def is_ready(pod: Json) -> bool:
    """Its Ready condition is true."""
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition["type"] == "Ready":
            return bool(condition["status"] == "True")
    return False


def availability(item: Json, ready: list[Json], now: float) -> tuple[list[Json], float]:
    """Which pods are available: ready for ``minReadySeconds``; and when the next one will be, 0 if no time tells.

    Args:
        item: the workload.
        ready: its pods that are ready.
        now: in seconds since 1970.
    """
    least = item["spec"].get("minReadySeconds")
    if not least:
        return ready, 0.0
    waits = [_ready_since(pod) + least - now for pod in ready]
    found = [pod for pod, left in zip(ready, waits, strict=True) if left <= 0]
    return found, min((left for left in waits if left > 0), default=0.0)


def _ready_since(pod: Json) -> float:
    times = (one["lastTransitionTime"] for one in pod["status"]["conditions"] if one["type"] == "Ready")
    return datetime.fromisoformat(next(times)).timestamp()


def first_to_go(pod: Json) -> tuple[bool, bool, float]:
    """Sort key for scaling down: unbound before bound, not ready before ready, young before old."""
    created = datetime.fromisoformat(pod["metadata"]["creationTimestamp"]).timestamp()
    return bool(node_of(pod)), is_ready(pod), -created


async def write_status(
    plane: Plane,
    resource: str,
    item: Json,
    status: Json,
    *,
    zeros: Collection[str] = (),
    annotations: Mapping[str, str] | None = None,
) -> None:
    """Patch the status, if that changes it.

    Args:
        plane: the views; that of the resource learns of it at once.
        resource: the plural.
        item: the object as it was seen.
        status: what its status has to say. What is empty or nought is left out of it.
        zeros: the fields that are shown even then.
        annotations: to be written at the same time.
    """
    old = item.get("status") or {}
    due = {name: value if value or name in zeros else None for name, value in status.items()}
    due = {name: value for name, value in due.items() if old.get(name) != value}
    if not due and not annotations:
        return
    meta = item["metadata"]
    noted = {"uid": meta["uid"], **({"annotations": dict(annotations)} if annotations else {})}
    fresh = await plane.client.patch(
        resource, meta["name"], {"metadata": noted, "status": due}, namespace=meta["namespace"], subresource="status"
    )
    getattr(plane, resource).observe(fresh)
