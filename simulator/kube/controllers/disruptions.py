"""The disruption controller: counts for each PodDisruptionBudget how many of its pods may be evicted now.

An eviction takes one disruption from the budget and notes the pod (``server/evictions.py``); this controller counts
again. A noted pod is not healthy any more, until it is gone, or two minutes have passed in which nobody deleted it.
"""

import math
from datetime import datetime

from simulator.kube.api import Json
from simulator.kube.api_time import api_time
from simulator.kube.controllers.owned_pods import is_ready, write_status
from simulator.kube.controllers.plane import Plane
from simulator.kube.server.selector_rules import is_empty, matches
from simulator.kube.view import uid_of

COMPONENT = "controllermanager"
PATIENCE_SECONDS = 120.0
ALLOWED = "DisruptionAllowed"
_SHOWN = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
_SCALED = ("deployments", "replicasets", "statefulsets")
_UNMANAGED = (
    "Pods selected by this PodDisruptionBudget (selector: {selector}) were found to be unmanaged. As a result, the "
    "status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these "
    'pods please set ".spec.minAvailable" field of the PDB to an integer value.'
)


class Disruptions:
    """``loop.run()`` is the controller."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self.loop = plane.reconciler("disruptions", self.reconcile)
        self.loop.follow(plane.poddisruptionbudgets)
        plane.pods.subscribe(self._pod_changed)

    def _pod_changed(self, before: Json | None, after: Json | None) -> None:
        for key, budget in self._plane.poddisruptionbudgets.objects.items():
            if any(pod is not None and _covers(budget, pod) for pod in (before, after)):
                self.loop.add(key)

    async def reconcile(self, key: str) -> None:
        """Count, and write what has changed."""
        budget = self._plane.poddisruptionbudgets.objects.get(key)
        if budget is None or budget["metadata"].get("deletionTimestamp"):
            return
        pods = [pod for pod in self._plane.pods.objects.values() if _covers(budget, pod)]
        if not pods:
            self._tell(budget, "NoPods", "No matching pods found")
        expected, desired = self._expected(budget, pods)
        noted = self._still_noted(budget, pods)
        healthy = sum(1 for pod in self._plane.pods.active(pods) if is_ready(pod) and _name(pod) not in noted)
        allowed = max(0, healthy - desired) if expected > 0 else 0
        status: Json = {
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "expectedPods": expected,
            "disruptionsAllowed": allowed,
            "observedGeneration": budget["metadata"].get("generation", 1),
        }
        status["conditions"] = self._conditions(budget, status)
        before = (budget.get("status") or {}).get("disruptedPods") or {}
        status["disruptedPods"] = {**dict.fromkeys(before), **noted} if before.keys() != noted.keys() else before
        await write_status(self._plane, "poddisruptionbudgets", budget, status, zeros=_SHOWN)
        for when in noted.values():
            left = datetime.fromisoformat(when).timestamp() + PATIENCE_SECONDS - self._plane.clock.now()
            self.loop.add_after(key, max(left, 0.0) + 1.0)

    def _expected(self, budget: Json, pods: list[Json]) -> tuple[int, int]:
        """How many pods there should be, and how many of them healthy."""
        spec = budget["spec"]
        if (most := spec.get("maxUnavailable")) is not None:
            expected = self._wanted(budget, pods)
            return expected, max(0, expected - _share(most, expected))
        least = spec.get("minAvailable", 0)
        if isinstance(least, str):
            expected = self._wanted(budget, pods)
            return expected, _share(least, expected)
        return len(pods), int(least)

    def _wanted(self, budget: Json, pods: list[Json]) -> int:
        """How many pods the owners of these want, all together."""
        sizes: dict[str, int] = {}
        unmanaged = False
        for pod in pods:
            owner = self._scaled_owner(pod)
            if owner is None:
                unmanaged = True
            else:
                sizes[uid_of(owner)] = int(owner["spec"]["replicas"])
        if unmanaged:
            told = _UNMANAGED.format(selector=_go_text(budget["spec"]["selector"]))
            self._tell(budget, "UnmanagedPods", told, warning=True)
        return sum(sizes.values())

    def _scaled_owner(self, pod: Json) -> Json | None:
        """The outermost workload with a size to which a pod belongs."""
        found: Json | None = None
        item: Json | None = pod
        while item is not None:
            owners = item["metadata"].get("ownerReferences") or ()
            owner = next((one for one in owners if one.get("controller")), None)
            plural = f"{owner['kind'].lower()}s" if owner is not None else ""
            item = None
            if owner is not None and plural in _SCALED:
                item = getattr(self._plane, plural).get(pod["metadata"]["namespace"], owner["name"])
            found = item or found
        return found

    def _still_noted(self, budget: Json, pods: list[Json]) -> dict[str, str]:
        """The evicted pods that have yet to go, with the time of their eviction."""
        noted = (budget.get("status") or {}).get("disruptedPods") or {}
        staying = {_name(pod) for pod in self._plane.pods.active(pods)}
        oldest = self._plane.clock.now() - PATIENCE_SECONDS
        return {
            name: when
            for name, when in noted.items()
            if name in staying and datetime.fromisoformat(when).timestamp() > oldest
        }

    def _conditions(self, budget: Json, status: Json) -> list[Json]:
        kept: list[Json] = (budget.get("status") or {}).get("conditions") or []
        word, reason = ("True", "SufficientPods") if status["disruptionsAllowed"] else ("False", "InsufficientPods")
        old = next((one for one in kept if one["type"] == ALLOWED), None)
        same = old is not None and old["status"] == word
        said = {
            "type": ALLOWED,
            "status": word,
            "observedGeneration": status["observedGeneration"],
            "lastTransitionTime": old["lastTransitionTime"] if old and same else api_time(self._plane.clock.now()),
            "reason": reason,
            "message": "",
        }
        return [*(one for one in kept if one is not old), said]

    def _tell(self, budget: Json, reason: str, message: str, *, warning: bool = False) -> None:
        self._plane.events.tell(COMPONENT, "PodDisruptionBudget", budget, reason, message, warning=warning)


def _name(pod: Json) -> str:
    return str(pod["metadata"]["name"])


def _go_text(selector: Json) -> str:
    """A selector as the real controller, a Go program, prints it."""
    labels = "".join(f"{name}: {text}," for name, text in sorted((selector.get("matchLabels") or {}).items()))
    rules = "".join(
        f"LabelSelectorRequirement{{Key:{one['key']},Operator:{one['operator']},"
        f"Values:[{' '.join(one.get('values') or ())}],}},"
        for one in selector.get("matchExpressions") or ()
    )
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{rules}}},}}"
    )


def _covers(budget: Json, pod: Json) -> bool:
    selector = (budget.get("spec") or {}).get("selector")
    if selector is None or budget["metadata"]["namespace"] != pod["metadata"]["namespace"]:
        return False
    return is_empty(selector) or matches(selector, pod["metadata"].get("labels") or {})


def _share(value: int | str, whole: int) -> int:
    return value if isinstance(value, int) else math.ceil(whole * int(value.rstrip("%")) / 100)
