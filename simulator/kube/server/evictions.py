"""Evicting a pod: a delete that a budget for disruptions may refuse.

A budget that covers the pod pays for its eviction: one disruption less is allowed until somebody counts again. Pods that
do not run anyway cost nothing.
"""

from typing import Any

from simulator.kube.api_time import api_time
from simulator.kube.server.deletion import DeleteOptions, Deletion, options_of
from simulator.kube.server.kinds.builtins import POD
from simulator.kube.server.kinds.policies import POLICIES
from simulator.kube.server.patching.field_ownership import Writer, put_entries, updated
from simulator.kube.server.refusals import Refusal, bad_request, forbidden, not_found
from simulator.kube.server.routes import Route
from simulator.kube.server.selector_rules import is_empty, matches
from simulator.kube.server.store import Store
from simulator.kube.server.writes import own_copy

Json = dict[str, Any]

BUDGET = next(resource for resource in POLICIES if resource.kind == "PodDisruptionBudget")
BUDGETS = BUDGET.table_id
MOST_DISRUPTED = 2000
_NOT_RUNNING = ("Succeeded", "Failed", "Pending")
_REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."
_SEVERAL = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."


async def evict(store: Store, deletion: Deletion, route: Route, body: Any, *, user: str, dry_run: bool) -> Json:
    """POST /eviction.

    Raises:
        Refusal: 400 another name; 404; 429 a budget refuses; 500 two budgets cover the pod; and as a DELETE.
    """
    given = body if isinstance(body, dict) else {}
    named = (given.get("metadata") or {}).get("name", "")
    if named != route.name:
        raise bad_request("name in URL does not match name in Eviction object")
    options = options_of(given.get("deleteOptions"), {"dryRun": "All"} if dry_run else {})
    pod = store.table(("", "pods")).objects.get((route.namespace, route.name))
    if pod is None:
        raise not_found("", "pods", route.name)
    deletion.check_preconditions(pod, route, options)
    budgets = [] if _costs_nothing(pod) else _covering(store, pod)
    if len(budgets) > 1:
        raise Refusal(500, "", _SEVERAL)
    for budget in budgets:
        _pay(store, deletion, budget, pod, options)
    if not options.dry_run and not pod["metadata"].get("deletionTimestamp"):
        _mark(store, pod, deletion.clock.now())
    await deletion.delete(route, options, user=user)
    return _done()


def _done() -> Json:
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _costs_nothing(pod: Json) -> bool:
    phase = (pod.get("status") or {}).get("phase")
    return phase in _NOT_RUNNING or bool(pod["metadata"].get("deletionTimestamp"))


def _covering(store: Store, pod: Json) -> list[Json]:
    metadata = pod["metadata"]
    labels = metadata.get("labels") or {}
    return [
        budget
        for (namespace, _), budget in sorted(store.table(BUDGETS).objects.items())
        if namespace == metadata["namespace"] and _covers((budget.get("spec") or {}).get("selector"), labels)
    ]


def _covers(selector: Json | None, labels: Json) -> bool:
    return selector is not None and (is_empty(selector) or matches(selector, labels))


def _is_ready(pod: Json) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(have["type"] == "Ready" and have["status"] == "True" for have in conditions)


def _pay(store: Store, deletion: Deletion, budget: Json, pod: Json, options: DeleteOptions) -> None:
    """Take one disruption from the budget.

    Raises:
        Refusal: 429, there is none left, or nobody has counted yet.
    """
    status, metadata = budget.get("status") or {}, budget["metadata"]
    name = metadata["name"]
    always = (budget.get("spec") or {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow"
    healthy, desired = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
    if not _is_ready(pod) and (always or (healthy >= desired > 0)):
        return
    if status.get("observedGeneration", 0) < metadata.get("generation", 0):
        raise _too_many(f"The disruption budget {name} is still being processed by the server.", wait=10)
    allowed = status.get("disruptionsAllowed", 0)
    if allowed < 0:
        raise forbidden(*BUDGETS, name, "pdb disruptions allowed is negative")
    disrupted = status.get("disruptedPods") or {}
    if len(disrupted) > MOST_DISRUPTED:
        raise forbidden(
            *BUDGETS, name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        )
    if not allowed:
        why = f"The disruption budget {name} does not allow evicting pods currently"
        if healthy <= desired:
            why = f"The disruption budget {name} needs {desired} healthy pods and has {healthy} currently"
        raise _too_many(why)
    if options.dry_run:
        return
    when = api_time(deletion.clock.now())
    fresh = own_copy(budget)
    fresh["status"]["disruptionsAllowed"] = allowed - 1
    fresh["status"]["disruptedPods"] = {**disrupted, pod["metadata"]["name"]: when}
    _say_whether_allowed(fresh, when)
    store.put(BUDGETS, budget, _owned(budget, fresh, when))


def _say_whether_allowed(budget: Json, when: str) -> None:
    status = budget["status"]
    allowed = status["disruptionsAllowed"] > 0
    word, reason = ("True", "SufficientPods") if allowed else ("False", "InsufficientPods")
    kept = status.get("conditions") or []
    old = next((have for have in kept if have["type"] == "DisruptionAllowed"), None)
    said = {
        "type": "DisruptionAllowed",
        "status": word,
        "observedGeneration": status.get("observedGeneration", 0),
        "lastTransitionTime": old["lastTransitionTime"] if old is not None and old["status"] == word else when,
        "reason": reason,
        "message": "",
    }
    status["conditions"] = [*(have for have in kept if have is not old), said]


def _owned(old: Json, fresh: Json, when: str) -> Json:
    """The server itself writes the status, and owns what it has written where anybody keeps account."""
    if old["metadata"].get("managedFields"):
        writer = Writer(manager="kube-apiserver", subresource="status")
        put_entries(fresh, updated(old, fresh, None, BUDGET, writer, when))
    return fresh


def _too_many(why: str, wait: int = 0) -> Refusal:
    cause = {"reason": "DisruptionBudget", "message": why}
    return Refusal(429, "TooManyRequests", _REFUSED, details={"causes": [cause]}, retry_after_seconds=wait)


def _mark(store: Store, pod: Json, now: float) -> None:
    """Say in the pod's status why it goes."""
    status, when = pod.get("status") or {}, api_time(now)
    kept = [have for have in status.get("conditions") or () if have["type"] != "DisruptionTarget"]
    target = {
        "type": "DisruptionTarget",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": when,
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }
    fresh = {**pod, "metadata": dict(pod["metadata"]), "status": {**status, "conditions": [*kept, target]}}
    store.put(POD.table_id, pod, fresh)
