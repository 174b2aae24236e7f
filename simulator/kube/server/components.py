"""How the parts of the control plane are: computed when somebody asks, never kept."""

from typing import Any

from simulator.kube.server.advice import advise
from simulator.kube.server.refusals import not_found
from simulator.kube.server.routes import Route

Json = dict[str, Any]
_WELL = {"type": "Healthy", "status": "True", "message": "ok"}
_PARTS = ("controller-manager", "scheduler", "etcd-0")


def component_statuses(route: Route) -> Json:
    """One part, or all of them; in the simulated control plane all are well, and one is told to ask elsewhere.

    Raises:
        Refusal: 404, there is no such part.
    """
    advise("v1 ComponentStatus is deprecated in v1.19+")
    if not route.name:
        items = [{"metadata": {"name": name}, "conditions": [dict(_WELL)]} for name in _PARTS]
        return {"kind": "ComponentStatusList", "apiVersion": "v1", "metadata": {}, "items": items}
    if route.name not in _PARTS:
        raise not_found("", "componentstatus", route.name)
    return {
        "kind": "ComponentStatus",
        "apiVersion": "v1",
        "metadata": {"name": route.name},
        "conditions": [dict(_WELL)],
    }
