"""Subresources through which clients talk to what runs: a pod's output, commands in it, its ports; nodes and services.

The real server hands such a request on to a kubelet or to an address. What it refuses before that is refused here too;
behind the simulated server nobody listens, so the rest ends as where nobody does. What a container has written is empty.
"""

from typing import Any

from simulator.kube.api import ApiRequest
from simulator.kube.server.reads import get
from simulator.kube.server.refusals import Refusal, bad_request, not_found
from simulator.kube.server.routes import CONNECTED, Route
from simulator.kube.server.store import Store

Json = dict[str, Any]
_IN_ONE_CONTAINER = ("attach", "exec", "log")


def connect(store: Store, route: Route, request: ApiRequest) -> tuple[int, Json]:
    """What is answered to a request for a connection.

    Raises:
        Refusal: 400, 404, or 500: nobody listens.
    """
    if route.resource.plural == "services":
        raise Refusal(503, "ServiceUnavailable", f'no endpoints available for service "{route.name.partition(":")[0]}"')
    item = get(store, route)
    if route.resource.plural == "nodes":
        raise _nobody_listens(route.name)
    if route.subresource == "proxy":
        raise bad_request("address not allowed")
    if route.subresource in _IN_ONE_CONTAINER:
        _check_container(item, route.name, request.query.get("container", ""))
    node = item["spec"].get("nodeName")
    if not node:
        if route.subresource == "log":
            return 204, {"text": ""}
        raise bad_request(f"pod {route.name} does not have a host assigned")
    if ("", node) not in store.table(("", "nodes")).objects:
        raise not_found("", "pods", node)
    if route.subresource == "log":
        return 200, {"text": ""}
    raise _nobody_listens(node)


def _nobody_listens(node: str) -> Refusal:
    why = f"error dialing backend: node {node} is simulated: no process runs in its containers, and no port is open"
    return Refusal(500, "", why)


def _check_container(pod: Json, name: str, wanted: str) -> None:
    """Nothing, if the pod has the container, or has only one.

    Raises:
        Refusal: 400.
    """
    spec = pod["spec"]
    lists = (spec.get("initContainers"), spec.get("containers"), spec.get("ephemeralContainers"))
    names = [one["name"] for some in lists for one in some or ()]
    if wanted:
        if wanted not in names:
            raise bad_request(f"container {wanted} is not valid for pod {name}")
    elif len(names) > 1:
        hint = f"choose one of: [{' '.join(names)}]"
        raise bad_request(f"a container name must be specified for pod {name}, {hint}")


__all__ = ["CONNECTED", "connect"]
