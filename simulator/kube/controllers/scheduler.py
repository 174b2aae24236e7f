"""The scheduler: each pending pod goes to the node with the fewest pods among those that may take it.

Ties are broken by the tape, so that seeds differ in topology. A pod that fits nowhere says so in its status once, and
is tried again when a node changes in something that matters.
"""

from simulator.kube.api import Json
from simulator.kube.api_time import api_time
from simulator.kube.client import ApiError
from simulator.kube.controllers.owned_pods import is_over, write_conditions
from simulator.kube.controllers.placement import condition, refusal
from simulator.kube.controllers.plane import Plane, node_of
from simulator.kube.view import key_of

COMPONENT = "default-scheduler"


class Scheduler:
    """``loop.run()`` is the scheduler."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._waiting: dict[str, None] = {}
        self.loop = plane.reconciler("scheduler", self.reconcile)
        plane.pods.subscribe(self._pod_changed)
        plane.nodes.subscribe(self._node_changed)

    def _pod_changed(self, before: Json | None, after: Json | None) -> None:
        if after is not None and before is None and not node_of(after):
            self.loop.add(key_of(after))

    def _node_changed(self, before: Json | None, after: Json | None) -> None:
        if after is not None and (before is None or _facts(before) != _facts(after)):
            for key in self._waiting:
                self.loop.add(key)

    async def reconcile(self, key: str) -> None:
        """Bind one pod, or note why not."""
        self._waiting.pop(key, None)
        pod = self._plane.pods.objects.get(key)
        if pod is None or node_of(pod) or is_over(pod) or pod["metadata"].get("deletionTimestamp"):
            return
        meta = pod["metadata"]
        node = self._choose(pod)
        if not node:
            self._waiting[key] = None
            await self._explain(pod)
            return
        try:
            await self._plane.client.bind(meta["namespace"], meta["name"], meta["uid"], node)
        except ApiError as error:
            if not (error.gone or error.conflict):
                raise
            return
        said = f"Successfully assigned {meta['namespace']}/{meta['name']} to {node}"
        self._plane.events.tell(COMPONENT, "Pod", pod, "Scheduled", said, action="Binding")
        bound = {**pod, "spec": {**pod["spec"], "nodeName": node}}
        self._plane.pods.assume(pod, bound)

    def _choose(self, pod: Json) -> str:
        fitting = [node for node in self._plane.nodes.objects.values() if not refusal(pod, node)]
        names = [str(node["metadata"]["name"]) for node in fitting]
        loads = {name: self._plane.pods.count("node", name) for name in names}
        least = min(loads.values(), default=0)
        best = sorted(name for name, load in loads.items() if load == least)
        if not best:
            return ""
        return best[self._plane.tape.choose("scheduler/tie", len(best)) if len(best) > 1 else 0]

    async def _explain(self, pod: Json) -> None:
        reasons: dict[str, int] = {}
        for node in self._plane.nodes.objects.values():
            why = refusal(pod, node)
            reasons[why] = reasons.get(why, 0) + 1
        told = ", ".join(f"{count} node(s) {why}" for why, count in sorted(reasons.items()))
        message = f"0/{len(self._plane.nodes.objects)} nodes are available: {told or 'there are none'}."
        old = (pod.get("status") or {}).get("conditions") or []
        if any(one["type"] == "PodScheduled" and one.get("message") == message for one in old):
            return
        tell = self._plane.events.tell
        tell(COMPONENT, "Pod", pod, "FailedScheduling", message, warning=True, action="Scheduling")
        said = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": message,
            "lastTransitionTime": api_time(self._plane.clock.now()),
        }
        await write_conditions(self._plane, pod, [*(one for one in old if one["type"] != "PodScheduled"), said])


def _facts(node: Json) -> tuple[object, ...]:
    spec = node.get("spec") or {}
    return (
        condition(node, "Ready"),
        bool(spec.get("unschedulable")),
        spec.get("taints") or [],
        node["metadata"].get("labels") or {},
    )
