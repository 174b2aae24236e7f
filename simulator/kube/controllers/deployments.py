"""The Deployment controller: one ReplicaSet per template, rolled from the old ones to the newest.

Rolling update: up to ``maxSurge`` (25 %, rounded up) pods more than wanted, at most ``maxUnavailable`` (25 %, rounded
down) fewer available. Recreate: the old pods are gone before the first new one is made.
"""

import math

from simulator.kube.api import Json, copy_of
from simulator.kube.client import ApiError
from simulator.kube.controllers.owned_pods import owner_key, owner_reference, template_hash, write_status
from simulator.kube.controllers.plane import Plane
from simulator.kube.controllers.reconciler import Reconciler
from simulator.kube.view import key_of, uid_of

HASH_LABEL = "pod-template-hash"


class Deployments:
    """``loop.run()`` is the controller."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self.loop = Reconciler("deployments", self.reconcile, clock=plane.clock, tape=plane.tape, trace=plane.trace)
        plane.deployments.subscribe(self._deployment_changed)
        plane.replicasets.subscribe(self._set_changed)
        plane.pods.subscribe(self._pod_changed)

    def _deployment_changed(self, before: Json | None, after: Json | None) -> None:
        if after is not None:
            self.loop.add(key_of(after))

    def _set_changed(self, before: Json | None, after: Json | None) -> None:
        if key := owner_key(after or before, "Deployment"):
            self.loop.add(key)

    def _pod_changed(self, before: Json | None, after: Json | None) -> None:
        """Recreate waits for the last old pod."""
        if after is None and before is not None and (key := owner_key(before, "ReplicaSet")):
            owner = self._plane.replicasets.objects.get(key)
            self._set_changed(owner, owner)

    async def reconcile(self, key: str) -> None:
        """One step towards the newest template."""
        item = self._plane.deployments.objects.get(key)
        if item is None or item["metadata"].get("deletionTimestamp"):
            return
        hashed = template_hash(item["spec"]["template"])
        sets = self._plane.replicasets.active(self._plane.replicasets.indexed("controller", uid_of(item)))
        old = [one for one in sets if one["metadata"]["labels"].get(HASH_LABEL) != hashed]
        new = next((one for one in sets if one["metadata"]["labels"].get(HASH_LABEL) == hashed), None)
        if item["spec"].get("paused"):
            pass
        elif (item["spec"].get("strategy") or {}).get("type") == "Recreate":
            new = await self._recreate(item, hashed, new, old)
        else:
            new = await self._roll(item, hashed, new, old)
        await self._forget_oldest(item, old)
        await self._count(item, new, old)

    async def _recreate(self, item: Json, hashed: str, new: Json | None, old: list[Json]) -> Json | None:
        for one in old:
            await self._scale(one, 0)
        if any(self._plane.pods.count("controller", uid_of(one)) for one in old):
            return new
        return await self._grow(item, hashed, new, item["spec"]["replicas"])

    async def _roll(self, item: Json, hashed: str, new: Json | None, old: list[Json]) -> Json | None:
        wanted = item["spec"]["replicas"]
        surge, unavailable = _rolling(item)
        have = new["spec"]["replicas"] if new is not None else 0
        others = sum(one["spec"]["replicas"] for one in old)
        room = max(0, wanted + surge - have - others)
        grown = min(wanted, have + room) if others else wanted
        new = await self._grow(item, hashed, new, grown)
        await self._shrink_old(new, old, wanted - unavailable)
        return new

    async def _shrink_old(self, new: Json | None, old: list[Json], available_min: int) -> None:
        """Take away old pods: those that are not available first, then as many as the new ones replace."""
        fresh = 0 if new is None else _status(new, "availableReplicas")
        spare = fresh + sum(_available(one) for one in old) - available_min
        for one in old:
            size = one["spec"]["replicas"]
            broken = size - _available(one)
            healthy = min(max(0, spare), size - broken)
            spare -= healthy
            await self._scale(one, size - broken - healthy)

    async def _grow(self, item: Json, hashed: str, new: Json | None, replicas: int) -> Json | None:
        if new is not None:
            await self._scale(new, replicas)
            return new
        body = self._replica_set(item, hashed, replicas)
        try:
            new = await self._plane.client.create("replicasets", body, item["metadata"]["namespace"])
        except ApiError as error:
            if not error.conflict:
                raise
            return None  # made already, and not yet seen
        self._plane.replicasets.observe(new)
        return new

    def _replica_set(self, item: Json, hashed: str, replicas: int) -> Json:
        meta, template = item["metadata"], copy_of(item["spec"]["template"])
        labels = {**(template.setdefault("metadata", {}).get("labels") or {}), HASH_LABEL: hashed}
        template["metadata"]["labels"] = labels
        selector = {**((item["spec"].get("selector") or {}).get("matchLabels") or {}), HASH_LABEL: hashed}
        return {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{meta['name']}-{hashed}",
                "namespace": meta["namespace"],
                "labels": labels,
                "ownerReferences": [owner_reference(item, "Deployment", "apps/v1")],
            },
            "spec": {"replicas": replicas, "selector": {"matchLabels": selector}, "template": template},
        }

    async def _scale(self, one: Json, replicas: int) -> None:
        if one["spec"]["replicas"] == replicas:
            return
        meta = one["metadata"]
        body = {"metadata": {"uid": meta["uid"]}, "spec": {"replicas": replicas}}
        fresh = await self._plane.client.patch("replicasets", meta["name"], body, namespace=meta["namespace"])
        self._plane.replicasets.observe(fresh)

    async def _forget_oldest(self, item: Json, old: list[Json]) -> None:
        idle = [one for one in old if not one["spec"]["replicas"] and not _status(one, "replicas")]
        idle.sort(key=lambda one: (one["metadata"]["creationTimestamp"], one["metadata"]["name"]))
        for one in idle[: max(0, len(idle) - item["spec"].get("revisionHistoryLimit", 10))]:
            meta = one["metadata"]
            await self._plane.client.delete("replicasets", meta["name"], namespace=meta["namespace"], uid=meta["uid"])
            self._plane.replicasets.expect_deletion(one)

    async def _count(self, item: Json, new: Json | None, old: list[Json]) -> None:
        sets = [*old, *([new] if new is not None else [])]
        available = sum(_status(one, "availableReplicas") for one in sets)
        status = {
            "replicas": sum(_status(one, "replicas") for one in sets),
            "updatedReplicas": _status(new, "replicas") if new is not None else 0,
            "readyReplicas": sum(_status(one, "readyReplicas") for one in sets),
            "availableReplicas": available,
            "unavailableReplicas": max(0, item["spec"]["replicas"] - available),
            "observedGeneration": item["metadata"].get("generation", 1),
        }
        await write_status(self._plane, "deployments", item, status)


def _status(item: Json, name: str) -> int:
    return int((item.get("status") or {}).get(name) or 0)


def _available(item: Json) -> int:
    """Available pods; a count that is older than the last scaling does not count those that are leaving."""
    return min(_status(item, "availableReplicas"), int(item["spec"]["replicas"]))


def _rolling(item: Json) -> tuple[int, int]:
    """How many pods above the wanted number, and how many fewer available, are allowed; never both none."""
    options = (item["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    wanted = item["spec"]["replicas"]
    surge = _share(options.get("maxSurge", "25%"), wanted, up=True)
    unavailable = _share(options.get("maxUnavailable", "25%"), wanted, up=False)
    return (surge, unavailable) if surge or unavailable else (0, 1)


def _share(value: int | str, whole: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    part = whole * int(value.rstrip("%")) / 100
    return math.ceil(part) if up else math.floor(part)
