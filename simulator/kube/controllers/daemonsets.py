"""The DaemonSet controller: one pod on each node that may take it. The scheduler binds them; the affinity says where.

Pods tolerate what daemons must live through: a cordon, pressure, and, once they are there, that the node is not ready.
A new template replaces as many pods at a time as ``maxUnavailable`` allows, and first those that are not well.
"""

import math
from collections.abc import Collection

from simulator.kube.api import Json
from simulator.kube.controllers.owned_pods import (
    Keeper,
    availability,
    is_over,
    is_ready,
    owner_reference,
    pod_from,
    template_hash,
    write_status,
)
from simulator.kube.controllers.placement import affinity_to, named_node, unsuited
from simulator.kube.controllers.plane import Plane, node_of
from simulator.kube.controllers.template_revisions import keep_revision
from simulator.kube.view import key_of, uid_of

HASH_LABEL = "controller-revision-hash"
GENERATION_LABEL = "pod-template-generation"
_ALL = ("NoSchedule", "NoExecute")
_SHOWN = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")
_TOLERATED = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)


class DaemonSets:
    """``loop.run()`` is the controller."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._keeper = Keeper(plane=plane, kind="DaemonSet", component="daemonset-controller")
        self.loop = plane.reconciler("daemonsets", self.reconcile)
        self.loop.follow(plane.daemonsets)
        self.loop.follow_owned(plane.pods, "DaemonSet")
        plane.nodes.subscribe(self._node_changed)

    def _node_changed(self, before: Json | None, after: Json | None) -> None:
        if before is not None and after is not None and _facts(before) == _facts(after):
            return
        for key in self._plane.daemonsets.objects:
            self.loop.add(key)

    async def reconcile(self, key: str) -> None:
        """One pod for each node that wants one, none elsewhere; then replace one outdated pod."""
        item = self._plane.daemonsets.objects.get(key)
        if item is None or item["metadata"].get("deletionTimestamp"):
            return
        hashed = template_hash(item["spec"]["template"])
        await keep_revision(self._plane, item, "DaemonSet", HASH_LABEL, hashed, self._used(item))
        wanted = [name for name in sorted(self._node_names()) if not self._refused(item, hashed, name)]
        by_node = self._by_node(item)
        for name in wanted:
            if name not in by_node:
                await self._keeper.make(item, self._pod(item, hashed, name))
        for name, pods in by_node.items():
            for pod in self._plane.pods.active(pods):
                away = name not in wanted and self._refused(item, hashed, name, ("NoExecute",))
                surplus = away or pod is not pods[0]
                if surplus or is_over(pod):
                    await self._keeper.take(item, pod)
        await self._update(item, hashed, wanted)
        await self._count(item, hashed, wanted)

    def _used(self, item: Json) -> list[str]:
        pods = self._plane.pods.indexed("controller", uid_of(item))
        return [f"{item['metadata']['name']}-{pod['metadata']['labels'].get(HASH_LABEL, '')}" for pod in pods]

    def _node_names(self) -> list[str]:
        return [node["metadata"]["name"] for node in self._plane.nodes.objects.values()]

    def _refused(self, item: Json, hashed: str, name: str, effects: Collection[str] = _ALL) -> str:
        node = self._plane.nodes.get("", name)
        return "gone" if node is None else unsuited(self._pod(item, hashed, name), node, effects)

    def _by_node(self, item: Json) -> dict[str, list[Json]]:
        found: dict[str, list[Json]] = {}
        for pod in self._plane.pods.indexed("controller", uid_of(item)):
            found.setdefault(node_of(pod) or named_node(pod), []).append(pod)
        return found

    async def _update(self, item: Json, hashed: str, wanted: list[str]) -> None:
        strategy = item["spec"].get("updateStrategy") or {}
        if strategy.get("type", "RollingUpdate") != "RollingUpdate":
            return
        by_node = self._by_node(item)
        pods = [by_node[name][0] for name in wanted if name in by_node]
        active = self._plane.pods.active(pods)
        well, _ = availability(item, [pod for pod in active if is_ready(pod)], self._plane.clock.now())
        names = {uid_of(pod) for pod in well}
        spare = _most_unavailable(strategy, len(wanted)) - (len(wanted) - len(well))
        for pod in active:
            if pod["metadata"]["labels"].get(HASH_LABEL) == hashed:
                continue
            if uid_of(pod) in names:
                if spare <= 0:
                    continue
                spare -= 1
            await self._keeper.take(item, pod)

    def _pod(self, item: Json, hashed: str, node: str) -> Json:
        reference = owner_reference(item, "DaemonSet", "apps/v1")
        labels = {HASH_LABEL: hashed, GENERATION_LABEL: _templates_counted(item)}
        pod = pod_from(item["spec"]["template"], item, reference, labels=labels)
        pod["spec"]["affinity"] = affinity_to(node)
        tolerations = [*(pod["spec"].get("tolerations") or [])]
        tolerations += [{"key": key, "operator": "Exists", "effect": effect} for key, effect in _TOLERATED]
        pod["spec"]["tolerations"] = tolerations
        return pod

    async def _count(self, item: Json, hashed: str, wanted: list[str]) -> None:
        by_node = self._by_node(item)
        pods = [by_node[name][0] for name in wanted if name in by_node]
        ready = [pod for pod in self._plane.pods.active(pods) if is_ready(pod)]
        well, left = availability(item, ready, self._plane.clock.now())
        if left:
            self.loop.add_after(key_of(item), left)
        status = {
            "desiredNumberScheduled": len(wanted),
            "currentNumberScheduled": len(pods),
            "numberMisscheduled": sum(1 for name in by_node if name not in wanted),
            "numberReady": len(ready),
            "numberAvailable": len(well),
            "numberUnavailable": len(wanted) - len(well),
            "updatedNumberScheduled": sum(1 for pod in pods if pod["metadata"]["labels"].get(HASH_LABEL) == hashed),
            "observedGeneration": item["metadata"].get("generation", 1),
        }
        await write_status(self._plane, "daemonsets", item, status, zeros=_SHOWN)


def _most_unavailable(strategy: Json, wanted: int) -> int:
    """How many nodes may be without a pod that is available while an update goes on."""
    value = (strategy.get("rollingUpdate") or {}).get("maxUnavailable", 1)
    return value if isinstance(value, int) else math.ceil(wanted * int(value.rstrip("%")) / 100)


def _facts(node: Json) -> tuple[object, ...]:
    spec = node.get("spec") or {}
    return spec.get("taints") or [], node["metadata"].get("labels") or {}


def _templates_counted(item: Json) -> str:
    """How many templates it has had, for clients of an API that is gone; the server keeps the count."""
    return str((item["metadata"].get("annotations") or {}).get("deprecated.daemonset.template.generation", "1"))
