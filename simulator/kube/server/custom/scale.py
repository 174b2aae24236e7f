"""/scale of custom resources: the replica counts and the selector stand where the definition says."""

from collections.abc import Mapping
from typing import Any

from simulator.kube.server import subresources
from simulator.kube.server.custom.checks import value_at
from simulator.kube.server.refusals import bad_request
from simulator.kube.server.registry import Resource
from simulator.kube.server.routes import Route
from simulator.kube.server.writes import Make, own_copy

Json = dict[str, Any]


def scale_of(item: Json, resource: Resource) -> Json:
    """GET /scale."""
    paths = resource.scale
    if paths is None:
        return subresources.scale_of(item)
    metadata = item["metadata"]
    names = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    status: Json = {"replicas": value_at(item, paths["statusReplicasPath"]) or 0}
    selector = value_at(item, paths["labelSelectorPath"]) if paths.get("labelSelectorPath") else ""
    if selector:
        status["selector"] = selector
    spec = {"replicas": replicas} if (replicas := value_at(item, paths["specReplicasPath"])) else {}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: metadata[name] for name in names if name in metadata},
        "spec": spec,
        "status": status,
    }


def rescaling(make_scale: Make, route: Route) -> Make:
    """PUT or PATCH of /scale, as a change of the object.

    Args:
        make_scale: from the current Scale to the next.
        route: whose /scale it is.
    """
    resource = route.resource
    paths = resource.scale
    if paths is None:
        return subresources.rescaling(make_scale, route)
    way = _way(paths)
    return lambda old: _rescaled(old, make_scale(subresources.with_owners(scale_of(old, resource), old, way)), paths)


def _way(paths: Mapping[str, str]) -> list[str]:
    return paths["specReplicasPath"].removeprefix(".").split(".")


def _rescaled(old: Json, scale: Json, paths: Mapping[str, str]) -> Json:
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if replicas is None:
        raise bad_request(f'the spec replicas field "{paths["specReplicasPath"]}" cannot be empty')
    fresh: Json = own_copy(old)
    *way, last = _way(paths)
    place = fresh
    for step in way:
        place = place.setdefault(step, {})
    place[last] = replicas
    revision = (scale.get("metadata") or {}).get("resourceVersion")
    if revision:
        fresh["metadata"]["resourceVersion"] = revision
    return fresh
