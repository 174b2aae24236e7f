"""What a Deployment says about itself: how many pods it has, whether they are enough, and how its rollout gets on."""

from collections.abc import Sequence
from datetime import datetime

from simulator.kube.api import Json
from simulator.kube.controllers.rollout_sizes import least_available

AVAILABLE = "Available"
PROGRESSING = "Progressing"
FAILURE = "ReplicaFailure"
DONE = "NewReplicaSetAvailable"
_LATE = "ProgressDeadlineExceeded"
_PAUSED = "DeploymentPaused"


def counted(item: Json, new: Json | None, old: Sequence[Json], *, leaving: bool) -> Json:
    """The numbers of the status; the pods that are ``leaving`` are counted on request."""
    sets = [*old, *([new] if new is not None else [])]
    total = _sum(sets, "replicas")
    available = _sum(sets, "availableReplicas")
    return {
        "replicas": total,
        "updatedReplicas": _sum([new], "replicas") if new is not None else 0,
        "readyReplicas": _sum(sets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, sum(int(one["spec"]["replicas"]) for one in sets) - available),
        "observedGeneration": item["metadata"].get("generation", 1),
        **({"terminatingReplicas": _sum(sets, "terminatingReplicas")} if leaving else {}),
    }


def _sum(sets: Sequence[Json], name: str) -> int:
    return sum(int((one.get("status") or {}).get(name) or 0) for one in sets)


class Conditions:
    """The conditions of a Deployment, while they are written anew.

    Args:
        kept: those it has.
        now: the time, as the API writes it.
    """

    def __init__(self, kept: Sequence[Json], now: str) -> None:
        self.all = list(kept)
        self._now = now

    def get(self, kind: str) -> Json | None:
        """The one of this type."""
        return next((one for one in self.all if one["type"] == kind), None)

    def drop(self, kind: str) -> None:
        """Have none of this type."""
        self.all = [one for one in self.all if one["type"] != kind]

    def say(self, kind: str, word: str, reason: str, message: str, *, again: bool = False) -> None:
        """Have this one. What was said before for the same reason stays as it is, unless it is said ``again``."""
        old = self.get(kind)
        same = old is not None and old["status"] == word
        if old is not None and same and old.get("reason") == reason and not again:
            return
        self.drop(kind)
        said = {
            "type": kind,
            "status": word,
            "lastUpdateTime": self._now,
            "lastTransitionTime": old["lastTransitionTime"] if old is not None and same else self._now,
            "reason": reason,
            "message": message,
        }
        self.all.append(said)


def judge_availability(item: Json, status: Json, conditions: Conditions) -> None:
    """Say whether enough pods are available."""
    if status["availableReplicas"] >= least_available(item):
        said = "True", "MinimumReplicasAvailable", "Deployment has minimum availability."
    else:
        said = "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."
    conditions.say(AVAILABLE, *said)


def judge_pause(item: Json, conditions: Conditions) -> None:
    """Say that a rollout is paused, or goes on."""
    before = conditions.get(PROGRESSING)
    was_paused = before is not None and before.get("reason") == _PAUSED
    if not has_deadline(item) or (before is not None and before.get("reason") == _LATE):
        return
    if item["spec"].get("paused") and not was_paused:
        conditions.say(PROGRESSING, "Unknown", _PAUSED, "Deployment is paused")
    elif was_paused and not item["spec"].get("paused"):
        conditions.say(PROGRESSING, "Unknown", "DeploymentResumed", "Deployment is resumed")


def judge_found(name: str, conditions: Conditions, *, created: bool) -> None:
    """Say which ReplicaSet is the newest: one that was made, or one that was there and nobody has spoken of."""
    if created:
        conditions.say(PROGRESSING, "True", "NewReplicaSetCreated", f'Created new replica set "{name}"')
    elif conditions.get(PROGRESSING) is None:
        conditions.say(PROGRESSING, "True", "FoundNewReplicaSet", f'Found new replica set "{name}"')


def judge_progress(item: Json, new: Json | None, status: Json, conditions: Conditions, now: float) -> None:
    """Say whether a rollout is over, gets on, or is late."""
    if not has_deadline(item):
        conditions.drop(PROGRESSING)
        return
    before = conditions.get(PROGRESSING)
    over = before is not None and before.get("reason") == DONE
    if over and status["replicas"] == status["updatedReplicas"]:
        return
    what = f'ReplicaSet "{new["metadata"]["name"]}"' if new is not None else f'Deployment "{item["metadata"]["name"]}"'
    if is_complete(item, status):
        conditions.say(PROGRESSING, "True", DONE, f"{what} has successfully progressed.")
    elif _gets_on(item.get("status") or {}, status):
        conditions.say(PROGRESSING, "True", "ReplicaSetUpdated", f"{what} is progressing.", again=True)
    elif before is not None and not over and not seconds_left(item, before, now):
        conditions.say(PROGRESSING, "False", _LATE, f"{what} has timed out progressing.")


def judge_failure(sets: Sequence[Json], conditions: Conditions) -> None:
    """Say what a ReplicaSet says of pods that it cannot make."""
    for one in sets:
        for said in (one.get("status") or {}).get("conditions") or ():
            if said["type"] == FAILURE and said["status"] == "True":
                conditions.say(FAILURE, "True", said.get("reason", ""), said.get("message", ""))
                return
    conditions.drop(FAILURE)


def is_complete(item: Json, status: Json) -> bool:
    """Whether all pods are of the newest template and available."""
    wanted = item["spec"]["replicas"]
    counts = (status.get(name) or 0 for name in ("updatedReplicas", "replicas", "availableReplicas"))
    return all(have == wanted for have in counts)


def has_deadline(item: Json) -> bool:
    """Whether anybody wants to know how a rollout gets on; the highest number stands for no deadline."""
    seconds = int(item["spec"].get("progressDeadlineSeconds", 600))
    return seconds != 2**31 - 1


def seconds_left(item: Json, progressing: Json, now: float) -> float:
    """How long a rollout may still stand still; 0 when it is late."""
    if progressing.get("reason") == _LATE:
        return 0.0
    since = datetime.fromisoformat(progressing["lastUpdateTime"]).timestamp()
    return max(0.0, since + float(item["spec"].get("progressDeadlineSeconds", 600)) - now)


def _gets_on(before: Json, status: Json) -> bool:
    def had(name: str) -> int:
        return int(before.get(name) or 0)

    old_pods = status["replicas"] - status["updatedReplicas"]
    more = any(status[name] > had(name) for name in ("updatedReplicas", "readyReplicas", "availableReplicas"))
    return more or old_pods < had("replicas") - had("updatedReplicas")
