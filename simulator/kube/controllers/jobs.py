"""The Job controller: pods that run to their end, counted exactly once each.

A finished pod is counted through a finalizer, in three steps that may each be repeated: its uid goes into
``uncountedTerminatedPods``, the finalizer comes off, the uid becomes a number. So neither a crash nor a pod that is
deleted early is counted twice or lost.
"""

from simulator.kube.api import Json
from simulator.kube.api_time import api_time
from simulator.kube.client import ApiError
from simulator.kube.controllers import job_indexes
from simulator.kube.controllers.job_conditions import (
    COMPLETE,
    completions,
    conditions_of,
    is_decided,
    is_finished,
    told_by,
    verdict_on,
)
from simulator.kube.controllers.job_counts import FINALIZER, Counts, counted
from simulator.kube.controllers.job_pace import Failures, deadline_left
from simulator.kube.controllers.owned_pods import Keeper, is_over, owner_reference, pod_from, write_status
from simulator.kube.controllers.plane import Plane
from simulator.kube.view import owner_key, uid_of

_SHOWN = ("ready", "terminating", "uncountedTerminatedPods")


class Jobs:
    """``loop.run()`` is the controller."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._keeper = Keeper(plane=plane, kind="Job", component="job-controller")
        self._failures = Failures()
        self.loop = plane.reconciler("jobs", self.reconcile)
        self.loop.follow(plane.jobs, gone=True)
        self.loop.follow_owned(plane.pods, "Job")
        plane.jobs.subscribe(self._job_changed)

    def _job_changed(self, before: Json | None, after: Json | None) -> None:
        if after is None and before is not None:
            self._failures.forget(uid_of(before))

    async def reconcile(self, key: str) -> None:
        """Count what has ended, then start or stop pods."""
        job = self._plane.jobs.objects.get(key)
        if job is None or job["metadata"].get("deletionTimestamp"):
            await self._let_go(key, job)
            return
        counts = counted(job, self._plane.pods.indexed("controller", uid_of(job)), self._active(job))
        status = await self._tell_status(key, job, counts)
        for pod in counts.ended:
            await self._untrack(pod)
        if not is_finished(status.get("conditions") or ()):
            await self._start_or_stop(key, job, status)

    async def _let_go(self, key: str, job: Json | None) -> None:
        """The job is gone: nobody counts its pods any more."""
        for pod in list(self._plane.pods.objects.values()):
            if owner_key(pod, "Job") == key and (job is None or job["metadata"].get("deletionTimestamp")):
                await self._untrack(pod)

    def _active(self, job: Json) -> list[Json]:
        pods = self._plane.pods.active(self._plane.pods.indexed("controller", uid_of(job)))
        return [pod for pod in pods if not is_over(pod)]

    async def _tell_status(self, key: str, job: Json, counts: Counts) -> Json:
        """Write the counters and what follows from them; the status as it is then."""
        old, now = job.get("status") or {}, self._plane.clock.now()
        started = None if job["spec"].get("suspend") else old.get("startTime") or api_time(now)
        status = {**counts.status, "startTime": started}
        left = deadline_left(job, started, now)
        if not is_finished(conditions := old.get("conditions") or []):
            self._judge(job, status, counts, late=left == 0)
            if left and not is_decided(conditions):
                self.loop.add_after(key, left)
        await write_status(self._plane, "jobs", job, status, zeros=_SHOWN)
        self._failures.note(uid_of(job), *counts.fresh)
        fresh = self._plane.jobs.objects.get(key) or job
        return dict(fresh.get("status") or {})

    def _judge(self, job: Json, status: Json, counts: Counts, *, late: bool) -> None:
        """Say in the status what has been decided, and tell it once."""
        old = (job.get("status") or {}).get("conditions") or []
        now = api_time(self._plane.clock.now())
        verdict = verdict_on(job, counts.succeeded, counts.failed, active=status["active"], late=late)
        living = status["active"] or status["terminating"]
        ended = verdict is not None and not living and counts.is_settled
        fresh = conditions_of(job, old, verdict, ended=ended, now=now)
        if fresh == old:
            return
        status["conditions"] = fresh
        if ended and verdict is not None and verdict.word == COMPLETE:
            status["completionTime"] = now
        for event in told_by(old, fresh):
            self._keeper.tell(job, event.reason, event.message, warning=event.warning)

    async def _start_or_stop(self, key: str, job: Json, status: Json) -> None:
        active = self._active(job)
        if is_decided(status.get("conditions") or ()):
            for pod in active:
                await self._keeper.take(job, pod)
            return
        wanted = 0 if job["spec"].get("suspend") else _wanted(job, status, len(active))
        if surplus := _surplus(job, active, len(active) - wanted):
            for pod in surplus:  # nobody has failed here, so it is not counted
                await self._untrack(pod)
                await self._keeper.take(job, pod)
            return
        leaving = status["terminating"] if job["spec"].get("podReplacementPolicy") == "Failed" else 0
        missing = wanted - len(active) - leaving
        if missing > 0 and (left := self._failures.left(uid_of(job), self._plane.clock.now())):
            self.loop.add_after(key, left)
            return
        for pod in _new_pods(job, status, active, missing):
            await self._keeper.make(job, pod)

    async def _untrack(self, pod: Json) -> None:
        meta = pod["metadata"]
        left = [name for name in meta.get("finalizers") or () if name != FINALIZER]
        if left == (meta.get("finalizers") or []):
            return
        body = {"metadata": {"uid": meta["uid"], "finalizers": left or None}}
        try:
            await self._plane.client.patch("pods", meta["name"], body, namespace=meta["namespace"])
        except ApiError as error:
            if not (error.gone or error.conflict):
                raise


def _wanted(job: Json, status: Json, active: int) -> int:
    """How many pods are to run."""
    parallel, total = int(job["spec"].get("parallelism", 1)), completions(job)
    uncounted = (status.get("uncountedTerminatedPods") or {}).get("succeeded") or ()
    succeeded = int(status.get("succeeded") or 0) + len(uncounted)
    if total is None:
        return active if succeeded else parallel
    return min(parallel, max(0, total - succeeded))


def _surplus(job: Json, active: list[Json], count: int) -> list[Json]:
    """The pods that are to go: ``count`` at least."""
    wrong = job_indexes.surplus(job, active) if job_indexes.is_indexed(job) else []
    rest = [pod for pod in active if pod not in wrong]
    return wrong + rest[: max(0, count - len(wrong))]


def _new_pods(job: Json, status: Json, active: list[Json], count: int) -> list[Json]:
    if not job_indexes.is_indexed(job):
        return [_pod(job) for _ in range(count)]
    taken = job_indexes.numbers(status.get("completedIndexes") or "")
    taken |= {number for pod in active if (number := job_indexes.index_of(pod)) is not None}
    found = []
    for number in job_indexes.pending(job, taken, max(0, count)):
        pod = _pod(job)
        job_indexes.give(pod, job, number)
        found.append(pod)
    return found


def _pod(job: Json) -> Json:
    meta = job["metadata"]
    labels = {
        "job-name": meta["name"],
        "controller-uid": meta["uid"],
        "batch.kubernetes.io/job-name": meta["name"],
        "batch.kubernetes.io/controller-uid": meta["uid"],
    }
    pod = pod_from(job["spec"]["template"], job, owner_reference(job, "Job", "batch/v1"), labels=labels)
    pod["metadata"]["finalizers"] = [FINALIZER]
    return pod
