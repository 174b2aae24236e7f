"""The Job controller: pods that run to their end, counted exactly once each.

A finished pod is counted through a finalizer, in three steps that may each be repeated: its uid goes into
``uncountedTerminatedPods``, the finalizer comes off, the uid becomes a number. So neither a crash nor a pod that is
deleted early is counted twice or lost.
"""

from collections.abc import Mapping, Sequence

from simulator.kube.api import Json
from simulator.kube.api_time import api_time
from simulator.kube.client import ApiError
from simulator.kube.controllers.job_conditions import (
    COMPLETE,
    completions,
    conditions_of,
    is_decided,
    is_finished,
    told_by,
    verdict_on,
)
from simulator.kube.controllers.owned_pods import (
    Keeper,
    is_over,
    is_ready,
    owner_reference,
    pod_from,
    write_status,
)
from simulator.kube.controllers.plane import Plane
from simulator.kube.view import key_of, owner_key, uid_of

FINALIZER = "batch.kubernetes.io/job-tracking"
_SHOWN = ("ready", "terminating", "uncountedTerminatedPods")


class Jobs:
    """``loop.run()`` is the controller."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._keeper = Keeper(plane=plane, kind="Job", component="job-controller")
        self.loop = plane.reconciler("jobs", self.reconcile)
        self.loop.follow(plane.jobs, gone=True)
        self.loop.follow_owned(plane.pods, "Job")

    async def reconcile(self, key: str) -> None:
        """Count what has ended, then start or stop pods."""
        job = self._plane.jobs.objects.get(key)
        if job is None or job["metadata"].get("deletionTimestamp"):
            await self._let_go(key, job)
            return
        status = await self._count(job)
        await self._start_or_stop(job, status)

    async def _let_go(self, key: str, job: Json | None) -> None:
        """The job is gone: nobody counts its pods any more."""
        for pod in list(self._plane.pods.objects.values()):
            if owner_key(pod, "Job") == key and (job is None or job["metadata"].get("deletionTimestamp")):
                await self._untrack(pod)

    async def _count(self, job: Json) -> Json:
        """Write the counters; the status as it is then."""
        old = job.get("status") or {}
        pods = self._plane.pods.indexed("controller", uid_of(job))
        uncounted = old.get("uncountedTerminatedPods") or {}
        tracked = {uid_of(pod): pod for pod in pods if FINALIZER in (pod["metadata"].get("finalizers") or ())}
        counts = {}
        pending: dict[str, list[str]] = {}
        for name, phase in (("succeeded", "Succeeded"), ("failed", "Failed")):
            noted = uncounted.get(name) or []
            settled = [uid for uid in noted if uid not in tracked]
            ended = [uid for uid, pod in tracked.items() if _counts_as(pod) == phase]
            pending[name] = [uid for uid in noted if uid in tracked] + [uid for uid in ended if uid not in noted]
            counts[name] = int(old.get(name) or 0) + len(settled)
        living = [pod for pod in pods if not is_over(pod)]
        active = self._plane.pods.active(living)
        now = api_time(self._plane.clock.now())
        status: Json = {
            **counts,
            "active": len(active),
            "ready": sum(1 for pod in active if is_ready(pod)),
            "terminating": len(living) - len(active),
            "startTime": None if job["spec"].get("suspend") else old.get("startTime") or now,
            "uncountedTerminatedPods": {
                name: uids or None for name, uids in pending.items() if uids or uncounted.get(name)
            },
        }
        self._judge(job, status, pending, now)
        await write_status(self._plane, "jobs", job, status, zeros=_SHOWN)
        for uids in pending.values():
            for uid in uids:
                await self._untrack(tracked[uid])
        fresh = self._plane.jobs.objects.get(key_of(job)) or job
        return dict(fresh.get("status") or {})

    def _judge(self, job: Json, status: Json, pending: Mapping[str, Sequence[str]], now: str) -> None:
        """Say in the status what has been decided, and tell it once."""
        old = (job.get("status") or {}).get("conditions") or []
        if is_finished(old):
            return
        failed = status["failed"] + len(pending["failed"])
        verdict = verdict_on(job, status["succeeded"], failed)
        living = status["active"] or status["terminating"]
        ended = verdict is not None and not living and not any(pending.values())
        fresh = conditions_of(job, old, verdict, ended=ended, now=now)
        if fresh == old:
            return
        status["conditions"] = fresh
        if ended and verdict is not None and verdict.word == COMPLETE:
            status["completionTime"] = now
        for event in told_by(old, fresh):
            self._keeper.tell(job, event.reason, event.message, warning=event.warning)

    async def _start_or_stop(self, job: Json, status: Json) -> None:
        pods = self._plane.pods.active(self._plane.pods.indexed("controller", uid_of(job)))
        active = [pod for pod in pods if not is_over(pod)]
        uncounted = (status.get("uncountedTerminatedPods") or {}).get("succeeded") or []
        left = completions(job) - int(status.get("succeeded") or 0) - len(uncounted)
        over = job["spec"].get("suspend") or is_decided(status.get("conditions") or ())
        wanted = 0 if over else min(job["spec"].get("parallelism", 1), max(0, left))
        for _ in range(wanted - len(active)):
            await self._keeper.make(job, self._pod(job))
        for pod in active[: max(0, len(active) - wanted)]:
            await self._keeper.take(job, pod)

    def _pod(self, job: Json) -> Json:
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


def _counts_as(pod: Json) -> str:
    """``Succeeded``, ``Failed``, or nothing yet; a pod that is taken away before its end has failed."""
    phase = str((pod.get("status") or {}).get("phase", ""))
    if phase in ("Succeeded", "Failed"):
        return phase
    return "Failed" if pod["metadata"].get("deletionTimestamp") and not _may_still_run(pod) else ""


def _may_still_run(pod: Json) -> bool:
    return bool((pod.get("spec") or {}).get("nodeName")) and pod["metadata"].get("deletionGracePeriodSeconds") != 0
