"""The controller of finished Jobs: one with ``ttlSecondsAfterFinished`` is deleted, with its pods, when that is over."""

from simulator.kube.api import Json
from simulator.kube.controllers.job_conditions import is_finished
from simulator.kube.controllers.job_pace import seconds_since_end
from simulator.kube.controllers.plane import Plane
from simulator.kube.view import key_of


class FinishedJobs:
    """``loop.run()`` is the controller."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self.loop = plane.reconciler("finished-jobs", self.reconcile)
        plane.jobs.subscribe(self._job_changed)

    def _job_changed(self, before: Json | None, after: Json | None) -> None:
        if after is not None and _may_go(after):
            self.loop.add(key_of(after))

    async def reconcile(self, key: str) -> None:
        """Delete it, or come back when its time is over."""
        job = self._plane.jobs.objects.get(key)
        if job is None or not _may_go(job):
            return
        spent = seconds_since_end(job["status"]["conditions"], self._plane.clock.now())
        left = job["spec"]["ttlSecondsAfterFinished"] - spent
        if left > 0:
            self.loop.add_after(key, left)
            return
        meta = job["metadata"]
        await self._plane.client.delete(
            "jobs", meta["name"], namespace=meta["namespace"], uid=meta["uid"], propagation="Foreground"
        )


def _may_go(job: Json) -> bool:
    if job["spec"].get("ttlSecondsAfterFinished") is None or job["metadata"].get("deletionTimestamp"):
        return False
    return is_finished((job.get("status") or {}).get("conditions") or ())
