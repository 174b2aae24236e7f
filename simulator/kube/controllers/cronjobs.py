"""The CronJob controller: a Job for each time that the schedule names, at most one for each, and not too many kept.

The Job is named after the minute for which it is made, so that neither a crash nor a lost answer makes it twice. Times
that were missed are made up for by one Job for the last of them, if ``startingDeadlineSeconds`` still lets it begin.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from email.utils import format_datetime

from simulator.kube.api import Json, copy_of
from simulator.kube.api_time import api_time
from simulator.kube.client import ApiError
from simulator.kube.controllers.job_conditions import COMPLETE, holds, is_finished
from simulator.kube.controllers.owned_pods import owner_reference, write_status
from simulator.kube.controllers.plane import Plane
from simulator.kube.cron_schedule import Every, Schedule, parse, zone_of
from simulator.kube.view import uid_of

COMPONENT = "cronjob-controller"
SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"
_MANY = 100
_DELAY_SECONDS = 0.1  # clocks may differ; nobody minds a Job that comes so much later


class CronJobs:
    """``loop.run()`` is the controller."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self.loop = plane.reconciler("cronjobs", self.reconcile)
        self.loop.follow(plane.cronjobs)
        self.loop.follow_owned(plane.jobs, "CronJob")

    async def reconcile(self, key: str) -> None:
        """Forget what is old, note what has ended, and start what is due."""
        cron = self._plane.cronjobs.objects.get(key)
        if cron is None:
            return
        jobs = self._plane.jobs.active(self._plane.jobs.indexed("controller", uid_of(cron)))
        active = list((cron.get("status") or {}).get("active") or ())
        for job in _too_old(cron, jobs):
            active = await self._delete(cron, job, active)
        active = await self._still_active(cron, jobs, active)
        status: Json = {"active": active, "lastSuccessfulTime": _last_success(cron, jobs)}
        if not cron["metadata"].get("deletionTimestamp") and not cron["spec"].get("suspend"):
            await self._start(key, cron, status)
        await write_status(self._plane, "cronjobs", cron, status)

    async def _still_active(self, cron: Json, jobs: list[Json], active: list[Json]) -> list[Json]:
        by_uid = {uid_of(job): job for job in jobs}
        left = []
        for one in active:
            job = by_uid.get(one["uid"]) or await self._plane.client.get("jobs", one["name"], one["namespace"])
            conditions = ((job or {}).get("status") or {}).get("conditions") or ()
            if job is None:
                self._tell(cron, "MissingJob", f"Active job went missing: {one['name']}")
            elif is_finished(conditions):
                word = next(said["type"] for said in conditions if is_finished([said]))
                self._tell(cron, "SawCompletedJob", f"Saw completed job: {one['name']}, condition: {word}")
            else:
                left.append(one)
        listed = {one["uid"] for one in active}
        for job in jobs:
            if uid_of(job) not in listed and not is_finished((job.get("status") or {}).get("conditions") or ()):
                said = f"Saw a job that the controller did not create or forgot: {job['metadata']['name']}"
                self._tell(cron, "UnexpectedJob", said, warning=True)
        return left

    async def _start(self, key: str, cron: Json, status: Json) -> None:
        """Make the Job that is due, and come back for the next one."""
        spec, now = cron["spec"], self._plane.clock.now()
        try:
            zone = zone_of(spec.get("timeZone"))
        except ValueError as error:
            told = f'invalid timeZone: "{spec["timeZone"]}": {error}'
            self._tell(cron, "UnknownTimeZone", told, warning=True)
            return
        schedule = parse(spec["schedule"], zone)
        begin = _since(cron)
        if (deadline := spec.get("startingDeadlineSeconds")) is not None:
            begin = max(begin, now - deadline)
        missed = list(_last_times(schedule, begin, now))
        if missed:
            if len(missed) > _MANY:
                hint = "Set or decrease .spec.startingDeadlineSeconds or check clock skew"
                self._tell(cron, "TooManyMissedTimes", f"too many missed start times. {hint}", warning=True)
            await self._make(cron, missed[-1], zone, status)
        following = schedule.after(missed[-1] if missed else begin)
        if following is not None:
            self.loop.add_after(key, max(0.0, following - now) + _DELAY_SECONDS)

    async def _make(self, cron: Json, due: float, zone: tzinfo, status: Json) -> None:
        spec, now = cron["spec"], self._plane.clock.now()
        name = f"{cron['metadata']['name']}-{int(due) // 60}"
        deadline = spec.get("startingDeadlineSeconds")
        if deadline is not None and due + deadline < now:
            when = format_datetime(datetime.fromtimestamp(due, UTC))
            self._tell(cron, "MissSchedule", f"Missed scheduled time to start a job: {when}", warning=True)
            return
        made_for = (cron.get("status") or {}).get("lastScheduleTime")
        if made_for == api_time(due) or any(one["name"] == name for one in status["active"]):
            return
        if spec["concurrencyPolicy"] == "Forbid" and status["active"]:
            told = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self._tell(cron, "JobAlreadyActive", told)
            return
        if spec["concurrencyPolicy"] == "Replace":
            for one in list(status["active"]):
                body = {"metadata": {"name": one["name"], "namespace": one["namespace"], "uid": one["uid"]}}
                status["active"] = await self._delete(cron, body, status["active"])
        job = await self._created(cron, _job(cron, name, due, zone))
        if job is not None:
            status["active"] = [*status["active"], _reference(job)]
            status["lastScheduleTime"] = api_time(due)

    async def _created(self, cron: Json, job: Json) -> Json | None:
        """The Job, also one that an earlier look has made; None when the name is somebody else's."""
        namespace, name = job["metadata"]["namespace"], job["metadata"]["name"]
        try:
            made = await self._plane.client.create("jobs", job, namespace)
        except ApiError as error:
            if error.conflict:
                known = await self._plane.client.get("jobs", name, namespace)
                owners = ((known or {}).get("metadata") or {}).get("ownerReferences") or ()
                return known if any(owner["uid"] == uid_of(cron) for owner in owners) else None
            self._tell(cron, "FailedCreate", f"Error creating job: {error.message}", warning=True)
            raise
        self._tell(cron, "SuccessfulCreate", f"Created job {name}")
        self._plane.jobs.observe(made)
        return made

    async def _delete(self, cron: Json, job: Json, active: list[Json]) -> list[Json]:
        """Delete a Job with its pods; what is active without it."""
        meta = job["metadata"]
        await self._plane.client.delete(
            "jobs", meta["name"], namespace=meta["namespace"], uid=meta["uid"], propagation="Background"
        )
        self._plane.jobs.expect_deletion(job)
        self._tell(cron, "SuccessfulDelete", f"Deleted job {meta['name']}")
        return [one for one in active if one["uid"] != meta["uid"]]

    def _tell(self, cron: Json, reason: str, message: str, *, warning: bool = False) -> None:
        self._plane.events.tell(COMPONENT, "CronJob", cron, reason, message, warning=warning)


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def _since(cron: Json) -> float:
    """The last time that a Job was made for; before the first one, when the CronJob was made."""
    last = (cron.get("status") or {}).get("lastScheduleTime")
    return _seconds(last or cron["metadata"]["creationTimestamp"])


def _last_times(schedule: Schedule, begin: float, now: float) -> Iterator[float]:
    """The times after ``begin`` until now; of very many, enough to see that they are, and the last one."""
    if isinstance(schedule, Every):
        begin += max(0, int((now - begin) // schedule.seconds) - _MANY - 1) * schedule.seconds
    count, due = 0, schedule.after(begin)
    while due is not None and due <= now:
        yield due
        count += 1
        following = schedule.after(due)
        if count > _MANY and following is not None:
            step = following - due
            following = max(following, schedule.after(now - 2 * step) or following)
        due = following


def _too_old(cron: Json, jobs: list[Json]) -> list[Json]:
    """Finished Jobs above the limits of the history, the oldest first."""
    found = []
    for name, good in (("successfulJobsHistoryLimit", True), ("failedJobsHistoryLimit", False)):
        ended = [
            job
            for job in jobs
            if is_finished(conditions := (job.get("status") or {}).get("conditions") or ())
            and holds(conditions, COMPLETE) == good
        ]
        ended.sort(key=lambda job: (job["status"].get("startTime") or "~", job["metadata"]["name"]))
        if (limit := cron["spec"].get(name)) is not None:
            found += ended[: max(0, len(ended) - limit)]
    return found


def _last_success(cron: Json, jobs: list[Json]) -> str | None:
    ends = [(cron.get("status") or {}).get("lastSuccessfulTime")]
    ends += [(job.get("status") or {}).get("completionTime") for job in jobs]
    return max((end for end in ends if end), default=None)


def _job(cron: Json, name: str, due: float, zone: tzinfo) -> Json:
    template = cron["spec"]["jobTemplate"]
    given = template.get("metadata") or {}
    when = datetime.fromtimestamp(due, zone).isoformat(timespec="seconds").replace("+00:00", "Z")
    metadata = {
        "name": name,
        "namespace": cron["metadata"]["namespace"],
        "annotations": {**(given.get("annotations") or {}), SCHEDULED: when},
        "ownerReferences": [owner_reference(cron, "CronJob", "batch/v1")],
    }
    if given.get("labels"):
        metadata["labels"] = dict(given["labels"])
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": copy_of(template["spec"])}


def _reference(job: Json) -> Json:
    meta = job["metadata"]
    named = {name: meta[name] for name in ("name", "namespace", "uid", "resourceVersion")}
    return {"kind": "Job", "apiVersion": "batch/v1", **named}
