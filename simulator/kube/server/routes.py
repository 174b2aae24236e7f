"""From a path to what it names: resource, namespace, object, subresource."""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from simulator.kube.server.refusals import Refusal, not_found, unknown_path, unknown_resource
from simulator.kube.server.registry import Registry, Resource


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """What a path names. ``name`` is empty for collections, ``subresource`` for the object itself."""

    resource: Resource
    namespace: str
    name: str
    subresource: str
    path: str


@lru_cache(maxsize=4096)
def _split(path: str) -> tuple[str, str, Sequence[str]]:
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) >= 3:
        return "", parts[1], parts[2:]
    if parts[0] == "apis" and len(parts) >= 4:
        return parts[1], parts[2], parts[3:]
    if parts[0] == "api" or (parts[0] == "apis" and len(parts) == 3):
        return parts[1] if parts[0] == "apis" else "", "", ()
    raise unknown_path()


def resolve(registry: Registry, path: str) -> Route:
    """Find what ``path`` names.

    Raises:
        Refusal: 404, nothing is served there.
    """
    group, version, rest = _split(path)
    if not rest:
        raise _unknown(registry, group)
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 3 and not (group == "" and rest[2] in _NAMESPACE_SUBRESOURCES):
        namespace, rest = rest[1], rest[2:]
    if rest[0] == "bindings" and group == "" and len(rest) == 1:
        rest = ("pods", "", "binding")
    resource, steps = registry.find(group, version, rest[0]), len(rest)
    if resource is None or (steps > 3 and rest[2] != "proxy"):
        raise _unknown(registry, group)
    name = rest[1] if steps > 1 else ""
    subresource = rest[2] if steps > 2 else ""
    if subresource and subresource not in resource.subresources:
        raise not_found(group, resource.plural, name) if resource.custom else unknown_resource()
    if resource.namespaced != bool(namespace) and (namespace or name):
        raise unknown_resource() if not resource.custom else unknown_path()
    return Route(resource=resource, namespace=namespace, name=name, subresource=subresource, path=path)


def _unknown(registry: Registry, group: str) -> Refusal:
    """A group of built-in kinds answers with a Status, what belongs to nobody or to a definition with a text."""
    built_in = any(resource.group == group and not resource.custom for resource in registry.all())
    return unknown_resource() if built_in else unknown_path()


@lru_cache(maxsize=4096)
def watched_path(path: str) -> str:
    """What a watch watches: the old form ``/api/v1/watch/pods`` means ``/api/v1/pods``."""
    parts = path.strip("/").split("/")
    at = 2 if parts[0] == "api" else 3
    return "/" + "/".join((*parts[:at], *parts[at + 1 :])) if parts[at : at + 1] == ["watch"] else path


CONNECTED = frozenset(["attach", "exec", "log", "portforward", "proxy"])
"""Subresources behind which somebody else answers."""
_NAMESPACE_SUBRESOURCES = ("status", "finalize")


def collection_path(resource: Resource, namespace: str = "") -> str:
    """The path of a collection; empty namespace: of all namespaces."""
    root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    return f"{root}/namespaces/{namespace}/{resource.plural}" if namespace else f"{root}/{resource.plural}"


def object_path(resource: Resource, namespace: str, name: str) -> str:
    """The path of one object."""
    return f"{collection_path(resource, namespace)}/{name}"


__all__ = ["CONNECTED", "Refusal", "Route", "collection_path", "object_path", "resolve", "watched_path"]
