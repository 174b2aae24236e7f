"""When a Job may do what: how long it may be active, and how long it waits with a new pod after others have failed.

After the first failure it waits ten seconds, then twice as long each time, ten minutes at most; a pod that succeeds
ends that.
"""

from collections.abc import Sequence
from datetime import datetime

from simulator.kube.api import Json

_FIRST_SECONDS = 10.0
_MOST_SECONDS = 600.0
_MOST_DOUBLINGS = 10


def deadline_left(job: Json, started: str | None, now: float) -> float | None:
    """How many seconds a Job may still be active, 0 when its time is over; None when nothing limits it."""
    seconds = job["spec"].get("activeDeadlineSeconds")
    if seconds is None or started is None or job["spec"].get("suspend"):
        return None
    return max(0.0, _time(started) + float(seconds) - now)


def seconds_since_end(conditions: Sequence[Json], now: float) -> float:
    """How long a Job with these conditions, one of which says that it is finished, has been so."""
    ends = [one["lastTransitionTime"] for one in conditions if one["type"] in ("Complete", "Failed")]
    return now - _time(ends[-1])


class Failures:
    """The failures of each Job since its last success, by its uid."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, float]] = {}

    def note(self, uid: str, succeeded: Sequence[Json], failed: Sequence[Json]) -> None:
        """These pods have ended, and nobody has heard of it before."""
        last_success = max(map(_ended_at, succeeded), default=None)
        if last_success is not None:
            self._known.pop(uid, None)
        later = [end for end in map(_ended_at, failed) if last_success is None or end > last_success]
        if later:
            count, _ = self._known.get(uid, (0, 0.0))
            self._known[uid] = count + len(later), max(later)

    def left(self, uid: str, now: float) -> float:
        """How many seconds to wait with another pod."""
        count, last = self._known.get(uid, (0, 0.0))
        if not count:
            return 0.0
        pause = min(_FIRST_SECONDS * 2.0 ** min(count - 1, _MOST_DOUBLINGS), _MOST_SECONDS)
        return max(0.0, last + pause - now)

    def forget(self, uid: str) -> None:
        """The Job is gone."""
        self._known.pop(uid, None)


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _ended_at(pod: Json) -> float:
    """When a pod ended: its last container, else when it was not ready any more, else when it was told to go."""
    status = pod.get("status") or {}
    ends = [(one.get("state") or {}).get("terminated") or {} for one in status.get("containerStatuses") or ()]
    if ends and all(end.get("finishedAt") for end in ends):
        return max(_time(end["finishedAt"]) for end in ends)
    for one in status.get("conditions") or ():
        if one["type"] == "Ready" and one["status"] == "False" and one.get("lastTransitionTime"):
            return _time(one["lastTransitionTime"])
    meta = pod["metadata"]
    if meta.get("deletionTimestamp"):
        return _time(meta["deletionTimestamp"]) - float(meta.get("deletionGracePeriodSeconds") or 0)
    return _time(meta["creationTimestamp"])
