"""The ReplicaSet controller: as many pods of a template as the spec says, no more and no fewer."""

from simulator.kube.api import Json
from simulator.kube.controllers.owned_pods import (
    create_pod,
    delete_pod,
    first_to_go,
    is_over,
    is_ready,
    owner_key,
    owner_reference,
    pod_from,
    write_status,
)
from simulator.kube.controllers.plane import Plane
from simulator.kube.controllers.reconciler import Reconciler
from simulator.kube.view import key_of, uid_of


class ReplicaSets:
    """``loop.run()`` is the controller."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self.loop = Reconciler("replicasets", self.reconcile, clock=plane.clock, tape=plane.tape, trace=plane.trace)
        plane.replicasets.subscribe(self._set_changed)
        plane.pods.subscribe(self._pod_changed)

    def _set_changed(self, before: Json | None, after: Json | None) -> None:
        if after is not None:
            self.loop.add(key_of(after))

    def _pod_changed(self, before: Json | None, after: Json | None) -> None:
        if key := owner_key(after or before, "ReplicaSet"):
            self.loop.add(key)

    async def reconcile(self, key: str) -> None:
        """Create or delete the difference, then count."""
        item = self._plane.replicasets.objects.get(key)
        if item is None or item["metadata"].get("deletionTimestamp"):
            return
        pods = self._pods(item)
        missing = item["spec"]["replicas"] - len(pods)
        for _ in range(missing):
            reference = owner_reference(item, "ReplicaSet", "apps/v1")
            await create_pod(self._plane, pod_from(item["spec"]["template"], item, reference))
        if missing < 0:
            for pod in sorted(pods, key=first_to_go)[:-missing]:
                await delete_pod(self._plane, pod)
        await self._count(item, self._pods(item) if missing else pods)

    def _pods(self, item: Json) -> list[Json]:
        owned = self._plane.pods.indexed("controller", uid_of(item))
        return [pod for pod in self._plane.pods.active(owned) if not is_over(pod)]

    async def _count(self, item: Json, pods: list[Json]) -> None:
        ready = sum(1 for pod in pods if is_ready(pod))
        status = {
            "replicas": len(pods),
            "fullyLabeledReplicas": len(pods),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "observedGeneration": item["metadata"].get("generation", 1),
        }
        await write_status(self._plane, "replicasets", item, status)
