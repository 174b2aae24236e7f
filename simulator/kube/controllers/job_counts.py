"""How the pods of a Job are counted: each exactly once, in three steps that may be repeated (see ``jobs.py``)."""

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.kube.api import Json
from simulator.kube.controllers import job_indexes
from simulator.kube.controllers.owned_pods import is_over, is_ready
from simulator.kube.view import uid_of

FINALIZER = "batch.kubernetes.io/job-tracking"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a look at the pods of a Job gives.

    Attributes:
        status: the numbers as its status tells them; what is not yet settled stands there by uid.
        succeeded: how many succeeded, settled or not.
        failed: how many failed, likewise.
        fresh: the pods that succeeded, and those that failed, that nobody has counted before.
        ended: the pods whose finalizer may go.
    """

    status: Json
    succeeded: int
    failed: int
    fresh: tuple[Sequence[Json], Sequence[Json]]
    ended: Sequence[Json]

    @property
    def is_settled(self) -> bool:
        """Whether no pod is left that is to be counted."""
        return not self.ended


def counted(job: Json, pods: Sequence[Json], active: Sequence[Json]) -> Counts:
    """Count. ``active`` are those of the pods that are to go on."""
    old = job.get("status") or {}
    tracked = {uid_of(pod): pod for pod in pods if FINALIZER in (pod["metadata"].get("finalizers") or ())}
    noted = old.get("uncountedTerminatedPods") or {}
    living = sum(1 for pod in pods if not is_over(pod))
    status: Json = {
        "active": len(active),
        "ready": sum(1 for pod in active if is_ready(pod)),
        "terminating": living - len(active),
    }
    words = {uid: _counts_as(job, pod) for uid, pod in tracked.items()}
    fresh: dict[str, list[Json]] = {}
    pending: dict[str, list[str]] = {}
    for name in ("succeeded", "failed"):
        known = noted.get(name) or []
        new = [uid for uid, word in words.items() if word == name and uid not in known]
        fresh[name] = [tracked[uid] for uid in new]
        pending[name] = [uid for uid in known if uid in tracked] + new
        status[name] = int(old.get(name) or 0) + sum(1 for uid in known if uid not in tracked)
    ended = [tracked[uid] for uids in pending.values() for uid in uids]
    if job_indexes.is_indexed(job):
        _count_indexes(job, status, fresh, pending)
    status["uncountedTerminatedPods"] = {
        name: uids or None for name, uids in pending.items() if uids or noted.get(name)
    }
    return Counts(
        status=status,
        succeeded=status["succeeded"] + len(pending["succeeded"]),
        failed=status["failed"] + len(pending["failed"]),
        fresh=(fresh["succeeded"], fresh["failed"]),
        ended=ended,
    )


def _count_indexes(job: Json, status: Json, fresh: dict[str, list[Json]], pending: dict[str, list[str]]) -> None:
    """A number that is done is counted at once: it cannot be counted twice, so nobody has to note uids."""
    wanted = int(job["spec"]["completions"])
    before = job_indexes.numbers((job.get("status") or {}).get("completedIndexes") or "")
    done = {number for number in before if number < wanted}
    new = {uid_of(pod): job_indexes.index_of(pod) for pod in fresh["succeeded"]}
    fresh["succeeded"] = [pod for pod in fresh["succeeded"] if new[uid_of(pod)] not in before]
    done |= {number for number in new.values() if number is not None and number < wanted}
    pending["succeeded"] = []
    status["succeeded"] = len(done)
    status["completedIndexes"] = job_indexes.text_of(done)


def _counts_as(job: Json, pod: Json) -> str:
    """Where a pod is counted, if it is; one that is told to go has failed, unless the Job waits for its end."""
    phase = (pod.get("status") or {}).get("phase")
    if phase == "Succeeded":
        return "succeeded"
    waits = job["spec"].get("podReplacementPolicy") == "Failed"
    return "failed" if phase == "Failed" or (pod["metadata"].get("deletionTimestamp") and not waits) else ""
