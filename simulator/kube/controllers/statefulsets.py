"""The StatefulSet controller: pods with a name that stays, made and removed in order.

The pod ``web-1`` is one identity with many incarnations: a new one, with a new uid, is made only after the old object
is gone from the API. Ordinals start at ``ordinals.start``; with ``OrderedReady`` (the default) a pod is made when all
before it are ready, and removed when all after it are gone; ``Parallel`` waits for nobody. A new template replaces pods
from the highest ordinal down to ``partition``, ``maxUnavailable`` at a time, which is one.
"""

from simulator.kube.api import Json
from simulator.kube.client import ApiError
from simulator.kube.controllers.owned_pods import (
    availability,
    create_pod,
    delete_pod,
    is_over,
    is_ready,
    owner_reference,
    pod_from,
    template_hash,
    write_status,
)
from simulator.kube.controllers.plane import Plane
from simulator.kube.controllers.template_revisions import keep_revision
from simulator.kube.view import key_of, uid_of

REVISION_LABEL = "controller-revision-hash"
REVISION_OBJECT_LABEL = "controller.kubernetes.io/hash"
COMPONENT = "statefulset-controller"
_SHOWN = ("replicas", "availableReplicas", "collisionCount")


class StatefulSets:
    """``loop.run()`` is the controller."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self.loop = plane.reconciler("statefulsets", self.reconcile)
        self.loop.follow(plane.statefulsets)
        self.loop.follow_owned(plane.pods, "StatefulSet")

    async def reconcile(self, key: str) -> None:
        """One step: make what is missing, remove what is too much, then replace what is outdated."""
        item = self._plane.statefulsets.objects.get(key)
        if item is None or item["metadata"].get("deletionTimestamp"):
            return
        hashed = template_hash(item["spec"]["template"])
        revision = f"{item['metadata']['name']}-{hashed}"
        used = [str((item.get("status") or {}).get("currentRevision", ""))]
        await keep_revision(self._plane, item, "StatefulSet", REVISION_OBJECT_LABEL, hashed, used)
        if await self._fill(item, revision) and await self._trim(item):
            await self._update(item, revision)
        await self._count(item, revision)

    def _ordinals(self, item: Json) -> range:
        start = int((item["spec"].get("ordinals") or {}).get("start") or 0)
        return range(start, start + item["spec"]["replicas"])

    def _owned(self, item: Json) -> dict[int, Json]:
        """Pods by ordinal, also those that are leaving: they hold their name."""
        prefix = f"{item['metadata']['name']}-"
        found = {}
        for pod in self._plane.pods.indexed("controller", uid_of(item)):
            tail = pod["metadata"]["name"].removeprefix(prefix)
            if tail.isdigit():
                found[int(tail)] = pod
        return found

    def _in_order(self, item: Json) -> bool:
        return str(item["spec"].get("podManagementPolicy", "OrderedReady")) != "Parallel"

    async def _fill(self, item: Json, revision: str) -> bool:
        """Whether all wanted pods are there, and ready where order demands it."""
        owned, complete = self._owned(item), True
        for ordinal in self._ordinals(item):
            pod = owned.get(ordinal)
            if pod is None:
                await self._make(item, self._pod(item, ordinal, revision))
            elif is_over(pod) and self._plane.pods.active([pod]):
                await self._take(item, pod)
            elif self._is_well(item, pod):
                continue
            complete = False
            if self._in_order(item):
                break
        return complete or not self._in_order(item)

    def _is_well(self, item: Json, pod: Json) -> bool:
        """Whether it is available and stays."""
        if not is_ready(pod) or not self._plane.pods.active([pod]):
            return False
        return bool(availability(item, [pod], self._plane.clock.now())[0])

    async def _make(self, item: Json, pod: Json) -> None:
        name = pod["metadata"]["name"]
        try:
            made = await create_pod(self._plane, pod)
        except ApiError as error:
            self._tell(item, "FailedCreate", f"Create Pod {name} in {_named(item)} failed error: {error.message}")
            raise
        if made is not None:
            self._tell(item, "SuccessfulCreate", f"Create Pod {name} in {_named(item)} successful")

    async def _take(self, item: Json, pod: Json) -> None:
        await delete_pod(self._plane, pod)
        said = f"Delete Pod {pod['metadata']['name']} in {_named(item)} successful"
        self._tell(item, "SuccessfulDelete", said)

    def _tell(self, item: Json, reason: str, message: str) -> None:
        warning = reason.startswith("Failed")
        self._plane.events.tell(COMPONENT, "StatefulSet", item, reason, message, warning=warning)

    async def _trim(self, item: Json) -> bool:
        """Whether no pod is there that is not wanted."""
        wanted = self._ordinals(item)
        extra = [ordinal for ordinal in sorted(self._owned(item), reverse=True) if ordinal not in wanted]
        for ordinal in extra:
            pod = self._owned(item)[ordinal]
            if self._plane.pods.active([pod]):
                await self._take(item, pod)
            if self._in_order(item):
                return False
        return not extra

    async def _update(self, item: Json, revision: str) -> None:
        """Delete outdated pods, from the last one on: as many as may be unavailable, and of a Parallel set all that are."""
        strategy = item["spec"].get("updateStrategy") or {}
        if strategy.get("type", "RollingUpdate") != "RollingUpdate":
            return
        least = self._ordinals(item).start + _partition(item)
        owned = self._owned(item)
        pods = [owned.get(ordinal) for ordinal in self._ordinals(item)]
        spare = _most_unavailable(item) - sum(1 for pod in pods if pod is None or not self._is_well(item, pod))
        for ordinal in sorted(owned, reverse=True):
            pod = owned[ordinal]
            outdated = ordinal >= least and pod["metadata"]["labels"].get(REVISION_LABEL) != revision
            if not outdated or not self._plane.pods.active([pod]):
                continue
            if not self._in_order(item) and not self._is_well(item, pod):
                await self._take(item, pod)  # it cannot get worse by that
            elif spare > 0:
                spare -= 1
                await self._take(item, pod)

    def _template(self, item: Json, ordinal: int, revision: str) -> tuple[Json, str]:
        """What a pod is made from: before the partition from the revision that was current before this update."""
        current = (item.get("status") or {}).get("currentRevision")
        if ordinal < self._ordinals(item).start + _partition(item) and current not in (None, revision):
            kept = self._plane.controllerrevisions.get(item["metadata"]["namespace"], current)
            if kept is not None:
                before = kept["data"]["spec"]["template"]
                return {name: value for name, value in before.items() if name != "$patch"}, current
        return item["spec"]["template"], revision

    def _pod(self, item: Json, ordinal: int, revision: str) -> Json:
        name = f"{item['metadata']['name']}-{ordinal}"
        template, revision = self._template(item, ordinal, revision)
        labels = {
            "statefulset.kubernetes.io/pod-name": name,
            "apps.kubernetes.io/pod-index": str(ordinal),
            REVISION_LABEL: revision,
        }
        reference = owner_reference(item, "StatefulSet", "apps/v1")
        pod = pod_from(template, item, reference, name=name, labels=labels)
        pod["metadata"]["generateName"] = f"{item['metadata']['name']}-"
        pod["spec"] |= {"hostname": name, "subdomain": item["spec"].get("serviceName", "")}
        return pod

    async def _count(self, item: Json, revision: str) -> None:
        owned = self._owned(item)
        pods = [owned[ordinal] for ordinal in self._ordinals(item) if ordinal in owned]
        ready = [pod for pod in self._plane.pods.active(pods) if is_ready(pod)]
        available, left = availability(item, ready, self._plane.clock.now())
        if left:
            self.loop.add_after(key_of(item), left)
        updated = sum(1 for pod in pods if pod["metadata"]["labels"].get(REVISION_LABEL) == revision)
        known = (item.get("status") or {}).get("currentRevision") or revision
        done = updated == item["spec"]["replicas"] == len(ready)
        status = {
            "replicas": len(owned),
            "readyReplicas": len(ready),
            "availableReplicas": len(available),
            "updatedReplicas": updated,
            "currentReplicas": updated if done else len(pods) - (updated if known != revision else 0),
            "currentRevision": revision if done else known,
            "updateRevision": revision,
            "collisionCount": 0,
            "observedGeneration": item["metadata"].get("generation", 1),
        }
        await write_status(self._plane, "statefulsets", item, status, zeros=_SHOWN)


def _rolling(item: Json) -> Json:
    return (item["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}


def _partition(item: Json) -> int:
    """How many pods, from the first on, an update leaves as they are."""
    return int(_rolling(item).get("partition") or 0)


def _most_unavailable(item: Json) -> int:
    """How many pods an update may take away at a time."""
    value = _rolling(item).get("maxUnavailable", 1)
    return max(1, value if isinstance(value, int) else item["spec"]["replicas"] * int(value.rstrip("%")) // 100)


def _named(item: Json) -> str:
    return f"StatefulSet {item['metadata']['name']}"
