"""The Deployment controller: one ReplicaSet per template, rolled from the old ones to the newest.

Rolling update: up to ``maxSurge`` (25 %, rounded up) pods more than wanted, at most ``maxUnavailable`` (25 %, rounded
down) fewer available. Recreate: the old pods are gone before the first new one is made. Each ReplicaSet keeps its number
in the history of rollouts (``deployment_revisions.py``), and the status tells how one gets on (``deployment_status.py``).
"""

from simulator.kube.api import Json, copy_of
from simulator.kube.api_time import api_time
from simulator.kube.client import ApiError
from simulator.kube.controllers import deployment_status as judging
from simulator.kube.controllers.deployment_revisions import REVISION, annotations, annotations_due, revision_of
from simulator.kube.controllers.owned_pods import owner_reference, template_hash, write_status
from simulator.kube.controllers.plane import Plane
from simulator.kube.controllers.rollout_sizes import is_rolling, rolling, shared, sizes_noted, was_resized
from simulator.kube.view import key_of, owner_key, uid_of

HASH_LABEL = "pod-template-hash"
COMPONENT = "deployment-controller"


class Deployments:
    """``loop.run()`` is the controller."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._looks_again: dict[str, float] = {}
        self.loop = plane.reconciler("deployments", self.reconcile)
        self.loop.follow(plane.deployments)
        self.loop.follow_owned(plane.replicasets, "Deployment")
        plane.pods.subscribe(self._pod_changed)

    def _pod_changed(self, before: Json | None, after: Json | None) -> None:
        """Recreate waits for the last old pod."""
        if after is None:
            owner = self._plane.replicasets.objects.get(owner_key(before, "ReplicaSet"))
            if key := owner_key(owner, "Deployment"):
                self.loop.add(key)

    async def reconcile(self, key: str) -> None:
        """One step towards the newest template."""
        item = self._plane.deployments.objects.get(key)
        if item is None or item["metadata"].get("deletionTimestamp"):
            return
        hashed = template_hash(item["spec"]["template"])
        sets = self._plane.replicasets.active(self._plane.replicasets.indexed("controller", uid_of(item)))
        old = [one for one in sets if one["metadata"]["labels"].get(HASH_LABEL) != hashed]
        known = new = next((one for one in sets if one["metadata"]["labels"].get(HASH_LABEL) == hashed), None)
        if new is not None and (body := _due(item, new, old)):
            new = await self._write_set(new, body)
        moves = not item["spec"].get("paused") and not was_resized(item, sets)
        if not moves:
            for one, size in shared(item, new, old):
                await self._scale(item, one, size)
        elif is_rolling(item):
            new = await self._roll(item, hashed, new, old)
        else:
            new = await self._recreate(item, hashed, new, old)
        await self._forget_oldest(item, old)
        await self._tell_status(item, new, old, created=known is None, moves=moves)

    async def _recreate(self, item: Json, hashed: str, new: Json | None, old: list[Json]) -> Json | None:
        for one in old:
            await self._scale(item, one, 0)
        if any(self._plane.pods.count("controller", uid_of(one)) for one in old):
            return new
        return await self._grow(item, hashed, new, old, item["spec"]["replicas"])

    async def _roll(self, item: Json, hashed: str, new: Json | None, old: list[Json]) -> Json | None:
        wanted = item["spec"]["replicas"]
        surge, unavailable = rolling(item)
        have = new["spec"]["replicas"] if new is not None else 0
        others = sum(one["spec"]["replicas"] for one in old)
        room = max(0, wanted + surge - have - others)
        grown = min(wanted, have + room) if others else wanted
        new = await self._grow(item, hashed, new, old, grown)
        await self._shrink_old(item, new, old, wanted - unavailable)
        return new

    async def _shrink_old(self, item: Json, new: Json | None, old: list[Json], available_min: int) -> None:
        """Take away old pods: those that are not available first, then as many as the new ones replace."""
        fresh = 0 if new is None else _status(new, "availableReplicas")
        spare = fresh + sum(_available(one) for one in old) - available_min
        for one in old:
            size = one["spec"]["replicas"]
            broken = size - _available(one)
            healthy = min(max(0, spare), size - broken)
            spare -= healthy
            await self._scale(item, one, size - broken - healthy)

    async def _grow(self, item: Json, hashed: str, new: Json | None, old: list[Json], replicas: int) -> Json | None:
        if new is not None:
            return await self._scale(item, new, replicas)
        body = self._replica_set(item, hashed, replicas, old)
        try:
            new = await self._plane.client.create("replicasets", body, item["metadata"]["namespace"])
        except ApiError as error:
            if not error.conflict:
                raise
            return None  # made already, and not yet seen
        self._plane.replicasets.observe(new)
        if replicas:
            self._tell_size(item, new, 0, replicas)
        return new

    def _replica_set(self, item: Json, hashed: str, replicas: int, old: list[Json]) -> Json:
        meta, template = item["metadata"], copy_of(item["spec"]["template"])
        labels = {**(template.setdefault("metadata", {}).get("labels") or {}), HASH_LABEL: hashed}
        template["metadata"]["labels"] = labels
        least = item["spec"].get("minReadySeconds")
        waits = {"minReadySeconds": least} if least else {}
        given = item["spec"].get("selector") or {}
        selector = {**given, "matchLabels": {**(given.get("matchLabels") or {}), HASH_LABEL: hashed}}
        return {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{meta['name']}-{hashed}",
                "namespace": meta["namespace"],
                "labels": labels,
                "annotations": {**annotations_due(item, None, old), **sizes_noted(item)},
                "ownerReferences": [owner_reference(item, "Deployment", "apps/v1")],
            },
            "spec": {"replicas": replicas, "selector": selector, "template": template, **waits},
        }

    async def _scale(self, item: Json, one: Json, replicas: int) -> Json:
        before = one["spec"]["replicas"]
        if before == replicas:
            return one
        body = {"metadata": {"annotations": sizes_noted(item)}, "spec": {"replicas": replicas}}
        fresh = await self._write_set(one, body)
        self._tell_size(item, one, before, replicas)
        return fresh

    async def _write_set(self, one: Json, body: Json) -> Json:
        meta = one["metadata"]
        body.setdefault("metadata", {})["uid"] = meta["uid"]
        fresh = await self._plane.client.patch("replicasets", meta["name"], body, namespace=meta["namespace"])
        self._plane.replicasets.observe(fresh)
        return fresh

    def _tell_size(self, item: Json, one: Json, before: int, after: int) -> None:
        said = f"Scaled {'up' if before < after else 'down'} replica set {one['metadata']['name']} from {before} to {after}"
        self._plane.events.tell(COMPONENT, "Deployment", item, "ScalingReplicaSet", said)

    async def _forget_oldest(self, item: Json, old: list[Json]) -> None:
        idle = [one for one in old if not one["spec"]["replicas"] and not _status(one, "replicas")]
        idle.sort(key=lambda one: (revision_of(one), one["metadata"]["name"]))
        for one in idle[: max(0, len(idle) - item["spec"].get("revisionHistoryLimit", 10))]:
            meta = one["metadata"]
            await self._plane.client.delete("replicasets", meta["name"], namespace=meta["namespace"], uid=meta["uid"])
            self._plane.replicasets.expect_deletion(one)

    async def _tell_status(self, item: Json, new: Json | None, old: list[Json], *, created: bool, moves: bool) -> None:
        """Write the numbers and conditions, and the revision, which belongs to the status as little as to the spec."""
        now, before = self._plane.clock.now(), item.get("status") or {}
        status = judging.counted(item, new, old, leaving=self._plane.shown)
        conditions = judging.Conditions(before.get("conditions") or (), api_time(now))
        judging.judge_pause(item, conditions)
        if new is not None and judging.has_deadline(item):
            judging.judge_found(new["metadata"]["name"], conditions, created=created)
        judging.judge_availability(item, status, conditions)
        if moves:
            judging.judge_progress(item, new, status, conditions, now)
            judging.judge_failure([*old, *([new] if new is not None else [])], conditions)
        status["conditions"] = conditions.all
        number = annotations(new).get(REVISION) if new is not None else None
        due = {REVISION: number} if number is not None and annotations(item).get(REVISION) != number else {}
        await write_status(self._plane, "deployments", item, status, zeros=("terminatingReplicas",), annotations=due)
        self._look_again_when_late(key_of(item), item, conditions.get(judging.PROGRESSING), now)

    def _look_again_when_late(self, key: str, item: Json, progressing: Json | None, now: float) -> None:
        """A rollout that stands still wakes nobody, so its deadline has to."""
        done = progressing is None or progressing["status"] != "True" or progressing["reason"] == judging.DONE
        if progressing is None or done or not judging.has_deadline(item):
            self._looks_again.pop(key, None)
            return
        left = judging.seconds_left(item, progressing, now) + 1.0
        if self._looks_again.get(key, 0.0) <= now:
            self._looks_again[key] = now + left
            self.loop.add_after(key, left)


def _due(item: Json, new: Json, old: list[Json]) -> Json:
    """What the newest ReplicaSet has yet to learn from its Deployment, beside its size."""
    due: Json = {}
    if notes := annotations_due(item, new, old):
        due["metadata"] = {"annotations": notes}
    if (item["spec"].get("minReadySeconds") or 0) != (new["spec"].get("minReadySeconds") or 0):
        due["spec"] = {"minReadySeconds": item["spec"].get("minReadySeconds")}
    return due


def _status(item: Json, name: str) -> int:
    return int((item.get("status") or {}).get(name) or 0)


def _available(item: Json) -> int:
    """Available pods; a count that is older than the last scaling does not count those that are leaving."""
    return min(_status(item, "availableReplicas"), int(item["spec"]["replicas"]))
