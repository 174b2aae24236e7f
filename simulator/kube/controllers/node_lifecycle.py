"""Nodes that fall silent: not ready after 40 s without a heartbeat, pods evicted when their toleration ends.

| what is seen | what follows |
|---|---|
| Lease not renewed for 40 s (by this controller's own clock) | Ready = Unknown; taint ``unreachable``; its pods not ready |
| Ready = False | taint ``not-ready`` |
| Ready again | both taints go |
| NoExecute taint, pod does not tolerate it (any more) | DELETE with the pod's own grace: the object stays until the node is back |
"""

from simulator.kube.api import Json
from simulator.kube.api_time import api_time
from simulator.kube.client import API_FAILURES
from simulator.kube.controllers.owned_pods import delete_pod, is_over, write_conditions
from simulator.kube.controllers.placement import condition, tolerates
from simulator.kube.controllers.plane import Plane

GRACE_SECONDS = 40.0
PERIOD_SECONDS = 5.0
NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"


class NodeLifecycle:
    """``run()`` is the controller."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._heard: dict[str, float] = {}
        self._tainted: dict[tuple[str, str], float] = {}
        plane.leases.subscribe(self._lease_changed)

    def _lease_changed(self, before: Json | None, after: Json | None) -> None:
        if after is not None and after["metadata"]["namespace"] == "kube-node-lease":
            self._heard[after["metadata"]["name"]] = self._plane.clock.monotonic()

    async def run(self) -> None:
        """Look at all nodes every few seconds."""
        while True:
            await self._plane.clock.sleep(PERIOD_SECONDS)
            for node in list(self._plane.nodes.objects.values()):
                try:
                    await self._judge(node)
                    await self._evict(node)
                except API_FAILURES as error:
                    self._plane.trace.event("node-lifecycle", "retry", node=node["metadata"]["name"], why=str(error))

    async def _judge(self, node: Json) -> None:
        name = node["metadata"]["name"]
        now = self._plane.clock.monotonic()
        if now - self._heard.setdefault(name, now) > GRACE_SECONDS and condition(node, "Ready") != "Unknown":
            self._plane.trace.event("node-lifecycle", "node-silent", node=name)
            node = await self._write_unknown(node)
            await self._pods_not_ready(name)
        wanted = {"Unknown": UNREACHABLE, "False": NOT_READY}.get(condition(node, "Ready"), "")
        await self._taint(node, wanted)

    async def _write_unknown(self, node: Json) -> Json:
        now = api_time(self._plane.clock.now())
        said = {"status": "Unknown", "reason": "NodeStatusUnknown", "lastTransitionTime": now}
        conditions = [{**one, **said} for one in node["status"].get("conditions") or ()]
        body = {"status": {"conditions": conditions}}
        fresh = await self._plane.client.patch("nodes", node["metadata"]["name"], body, subresource="status")
        self._plane.nodes.observe(fresh)
        return fresh

    async def _pods_not_ready(self, name: str) -> None:
        now = api_time(self._plane.clock.now())
        for pod in self._plane.pods.indexed("node", name):
            conditions = (pod.get("status") or {}).get("conditions") or []
            if is_over(pod) or condition(pod, "Ready") != "True":
                continue
            said = {"status": "False", "lastTransitionTime": now}
            changed = [{**one, **said} if one["type"] == "Ready" else one for one in conditions]
            await write_conditions(self._plane, pod, changed)

    async def _taint(self, node: Json, wanted: str) -> None:
        old = (node.get("spec") or {}).get("taints") or []
        kept = [taint for taint in old if taint["key"] not in (NOT_READY, UNREACHABLE) or taint["key"] == wanted]
        for effect in ("NoSchedule", "NoExecute") if wanted else ():
            if not any(taint["key"] == wanted and taint["effect"] == effect for taint in kept):
                kept.append({"key": wanted, "effect": effect, "timeAdded": api_time(self._plane.clock.now())})
        if kept != old:
            fresh = await self._plane.client.patch(
                "nodes", node["metadata"]["name"], {"spec": {"taints": kept or None}}
            )
            self._plane.nodes.observe(fresh)

    async def _evict(self, node: Json) -> None:
        name = node["metadata"]["name"]
        node = self._plane.nodes.get("", name) or node
        taints = [one for one in (node.get("spec") or {}).get("taints") or () if one["effect"] == "NoExecute"]
        keys = [one["key"] for one in taints]
        for known in [known for known in self._tainted if known[0] == name and known[1] not in keys]:
            del self._tainted[known]
        for taint in taints:
            since = self._tainted.setdefault((name, taint["key"]), self._plane.clock.monotonic())
            for pod in self._plane.pods.active(self._plane.pods.indexed("node", name)):
                if not is_over(pod) and self._plane.clock.monotonic() - since >= _patience(pod, taint):
                    self._plane.trace.event("node-lifecycle", "evict", pod=pod["metadata"]["name"], node=name)
                    await delete_pod(self._plane, pod)


def _patience(pod: Json, taint: Json) -> float:
    """How many seconds this pod may stay under this taint."""
    toleration = tolerates(pod, taint)
    if toleration is None:
        return 0.0
    seconds = toleration.get("tolerationSeconds")
    return float("inf") if seconds is None else float(seconds)
