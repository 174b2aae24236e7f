"""The ReplicaSet controller: as many pods of a template as the spec says, no more and no fewer."""

from simulator.kube.api import Json
from simulator.kube.api_time import api_time
from simulator.kube.client import ApiError
from simulator.kube.controllers.owned_pods import (
    Keeper,
    availability,
    first_to_go,
    is_over,
    is_ready,
    owner_reference,
    pod_from,
    write_status,
)
from simulator.kube.controllers.plane import Plane
from simulator.kube.view import key_of, uid_of


class ReplicaSets:
    """``loop.run()`` is the controller."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._keeper = Keeper(plane=plane, kind="ReplicaSet", component="replicaset-controller")
        self.loop = plane.reconciler("replicasets", self.reconcile)
        self.loop.follow(plane.replicasets)
        self.loop.follow_owned(plane.pods, "ReplicaSet")

    async def reconcile(self, key: str) -> None:
        """Create or delete the difference, then count."""
        item = self._plane.replicasets.objects.get(key)
        if item is None or item["metadata"].get("deletionTimestamp"):
            return
        pods = self._pods(item)
        missing = item["spec"]["replicas"] - len(pods)
        try:
            await self._make(item, missing)
            if missing < 0:
                await self._take(item, sorted(pods, key=first_to_go)[:-missing])
        except ApiError as error:
            await self._count(item, self._pods(item), failed=str(error.message))
            raise
        await self._count(item, self._pods(item) if missing else pods)

    async def _make(self, item: Json, missing: int) -> None:
        for _ in range(missing):
            reference = owner_reference(item, "ReplicaSet", "apps/v1")
            await self._keeper.make(item, pod_from(item["spec"]["template"], item, reference))

    async def _take(self, item: Json, pods: list[Json]) -> None:
        for pod in pods:
            await self._keeper.take(item, pod)

    def _pods(self, item: Json) -> list[Json]:
        owned = self._plane.pods.indexed("controller", uid_of(item))
        return [pod for pod in self._plane.pods.active(owned) if not is_over(pod)]

    async def _count(self, item: Json, pods: list[Json], *, failed: str = "") -> None:
        ready = [pod for pod in pods if is_ready(pod)]
        available, left = availability(item, ready, self._plane.clock.now())
        if left:
            self.loop.add_after(key_of(item), left)
        status = {
            "replicas": len(pods),
            "fullyLabeledReplicas": len(pods),
            "readyReplicas": len(ready),
            "availableReplicas": len(available),
            "observedGeneration": item["metadata"].get("generation", 1),
        }
        if self._plane.shown:
            owned = self._plane.pods.indexed("controller", uid_of(item))
            status["terminatingReplicas"] = len(owned) - len(self._plane.pods.active(owned))
        if failed or (item.get("status") or {}).get("conditions"):
            status["conditions"] = self._failure(item, failed)
        await write_status(self._plane, "replicasets", item, status, zeros=("replicas", "terminatingReplicas"))

    def _failure(self, item: Json, failed: str) -> list[Json]:
        """Its one condition: that it cannot make pods, as long as that is so. Said once, it keeps its time."""
        if not failed:
            return []
        old: list[Json] = (item.get("status") or {}).get("conditions") or []
        now = api_time(self._plane.clock.now())
        said = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": failed}
        return old or [{**said, "lastTransitionTime": now}]
