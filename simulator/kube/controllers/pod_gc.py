"""Pods whose node cannot end them: deleted by force when the node is gone for good.

Two cases, as in a real cluster: the Node object does not exist (for at least 40 s, then the pod has no node to go to),
or the node is not ready and carries the ``out-of-service`` taint, by which an administrator vouches that it is off.
"""

from simulator.kube.api import Json
from simulator.kube.client import API_FAILURES
from simulator.kube.controllers.placement import condition
from simulator.kube.controllers.plane import Plane, node_of

PERIOD_SECONDS = 20.0
QUARANTINE_SECONDS = 40.0
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"


class PodGc:
    """``run()`` is the controller."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._missing: dict[str, float] = {}

    async def run(self) -> None:
        """Look at all pods every 20 s."""
        while True:
            await self._plane.clock.sleep(PERIOD_SECONDS)
            if not (self._plane.pods.synced and self._plane.nodes.synced):
                continue
            for pod in self._lost():
                meta = pod["metadata"]
                self._plane.trace.event("pod-gc", "force-delete", pod=meta["name"], node=node_of(pod))
                try:
                    await self._plane.client.delete(
                        "pods", meta["name"], namespace=meta["namespace"], uid=meta["uid"], grace_seconds=0
                    )
                except API_FAILURES as error:
                    self._plane.trace.event("pod-gc", "retry", pod=meta["name"], why=str(error))

    def _lost(self) -> list[Json]:
        now = self._plane.clock.monotonic()
        found: list[Json] = []
        missing: dict[str, float] = {}
        for name in filter(None, self._plane.pods.values("node")):
            node = self._plane.nodes.get("", name)
            if node is None:
                missing[name] = self._missing.get(name, now)
                if now - missing[name] >= QUARANTINE_SECONDS:
                    found += self._plane.pods.indexed("node", name)
            elif _out_of_service(node):
                pods = self._plane.pods.indexed("node", name)
                found += [pod for pod in pods if pod["metadata"].get("deletionTimestamp")]
        self._missing = missing
        return found


def _out_of_service(node: Json) -> bool:
    taints = (node.get("spec") or {}).get("taints") or ()
    return condition(node, "Ready") != "True" and any(taint["key"] == OUT_OF_SERVICE for taint in taints)
