"""How a Job stands: that it waits, that it is decided, that it is over; and what is told about it once.

A Job is decided before it is over: ``SuccessCriteriaMet`` or ``FailureTarget`` says that no pod is needed any more, and
``Complete`` or ``Failed`` follows when the last one has gone and is counted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simulator.kube.api import Json

COMPLETE = "Complete"
FAILED = "Failed"
SUSPENDED = "Suspended"
_FIRST = {COMPLETE: "SuccessCriteriaMet", FAILED: "FailureTarget"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of a Job (``Complete`` or ``Failed``), and why."""

    word: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """What is told of a change."""

    reason: str
    message: str
    warning: bool = False


def completions(job: Json) -> int | None:
    """How many pods have to succeed; None: one, and then those that run are waited for."""
    total = job["spec"].get("completions")
    return None if total is None else int(total)


def verdict_on(job: Json, succeeded: int, failed: int, *, active: int, late: bool) -> Verdict | None:
    """Decide by what was decided before, by the numbers and by the time; nothing as long as they decide nothing."""
    if before := _decided((job.get("status") or {}).get("conditions") or ()):
        return before
    if failed > job["spec"].get("backoffLimit", 6):
        why = "Job has reached the specified backoff limit"
        return Verdict(word=FAILED, reason="BackoffLimitExceeded", message=why)
    if late:
        return Verdict(word=FAILED, reason="DeadlineExceeded", message="Job was active longer than specified deadline")
    total = completions(job)
    if not active and (succeeded > 0 if total is None else succeeded >= total):
        why = "Reached expected number of succeeded pods"
        return Verdict(word=COMPLETE, reason="CompletionsReached", message=why)
    return None


def _decided(conditions: Sequence[Json]) -> Verdict | None:
    for word, first in _FIRST.items():
        for one in conditions:
            if one["type"] == first and one["status"] == "True":
                return Verdict(word=word, reason=one["reason"], message=one["message"])
    return None


def holds(conditions: Sequence[Json], *kinds: str) -> bool:
    """Whether one of these is true."""
    return any(one["type"] in kinds and one["status"] == "True" for one in conditions)


def is_finished(conditions: Sequence[Json]) -> bool:
    """Whether nothing more is to be said."""
    return holds(conditions, COMPLETE, FAILED)


def is_decided(conditions: Sequence[Json]) -> bool:
    """Whether no pod is needed any more."""
    return holds(conditions, *_FIRST, *_FIRST.values())


def conditions_of(job: Json, old: Sequence[Json], verdict: Verdict | None, *, ended: bool, now: str) -> list[Json]:
    """The conditions that a Job has now.

    Args:
        job: it.
        old: those that it had.
        verdict: what was decided.
        ended: whether the last pod is gone and counted.
        now: as the API writes it.
    """
    if verdict is not None:
        words = [_FIRST[verdict.word], *([verdict.word] if ended else [])]
        new = [_condition(word, "True", verdict.reason, verdict.message, now) for word in words]
        return [*old, *(one for one in new if not holds(old, one["type"]))]
    waits = bool(job["spec"].get("suspend"))
    if waits == holds(old, SUSPENDED):
        return list(old)
    said = ("True", "JobSuspended", "Job suspended") if waits else ("False", "JobResumed", "Job resumed")
    return [*(one for one in old if one["type"] != SUSPENDED), _condition(SUSPENDED, *said, now)]


def _condition(kind: str, word: str, reason: str, message: str, now: str) -> Json:
    times = {"lastProbeTime": now, "lastTransitionTime": now}
    return {"type": kind, "status": word, **times, "reason": reason, "message": message}


def told_by(old: Sequence[Json], fresh: Sequence[Json]) -> Iterator[JobEvent]:
    """What is worth telling about new conditions."""
    for one in fresh:
        if one in old:
            continue
        if one["type"] == COMPLETE:
            yield JobEvent(reason="Completed", message="Job completed")
        elif one["type"] == FAILED:
            yield JobEvent(reason=one["reason"], message=one["message"], warning=True)
        elif one["type"] == SUSPENDED:
            yield JobEvent(reason="Suspended" if one["status"] == "True" else "Resumed", message=one["message"])
