"""What the containers of a simulated pod do: run for ever, or end by themselves after a while, well or badly.

Two ways to say it, so that a manifest works on a real cluster as well: the annotations below, or a command made of
``sleep N`` and ``exit N``, such as ``["/bin/sh", "-c", "sleep 2; exit 1"]``. Everything else runs for ever.
"""

import re
from dataclasses import dataclass

from simulator.kube.api import Json

RUNS_FOR = "simulator/runs-for-seconds"
EXIT_CODE = "simulator/exit-code"

_SLEEP = re.compile(r"\bsleep\s+(\d+(?:\.\d+)?)")
_EXIT = re.compile(r"\bexit\s+(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PodPlan:
    """``runs_for_seconds`` is None for a pod that never ends by itself."""

    runs_for_seconds: float | None = None
    exit_code: int = 0


def plan_of(pod: Json) -> PodPlan:
    """What this pod will do; a pod that is restarted whatever happens never ends."""
    spec = pod.get("spec") or {}
    policy = spec.get("restartPolicy", "Always")
    plan = _annotated(pod) or _commanded(spec)
    if policy == "Always" or (policy == "OnFailure" and plan.exit_code):
        return PodPlan()
    return plan


def _annotated(pod: Json) -> PodPlan | None:
    notes = pod["metadata"].get("annotations") or {}
    if RUNS_FOR not in notes:
        return None
    return PodPlan(runs_for_seconds=float(notes[RUNS_FOR]), exit_code=int(notes.get(EXIT_CODE, "0")))


def _commanded(spec: Json) -> PodPlan:
    longest: float | None = None
    exit_code = 0
    for container in spec.get("containers") or ():
        command = " ".join([*(container.get("command") or ()), *(container.get("args") or ())])
        ends = _EXIT.search(command)
        sleeps = [float(seconds) for seconds in _SLEEP.findall(command)]
        if not sleeps and ends is None:
            return PodPlan()
        longest = max(longest or 0.0, sum(sleeps))
        exit_code = exit_code or (int(ends.group(1)) if ends else 0)
    return PodPlan(runs_for_seconds=longest, exit_code=exit_code)
