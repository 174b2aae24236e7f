"""Where the kinds of manifests live in the API, for the kinds that scenarios use."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from e2e.manifests import GROUP_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind: its API version, the plural of its URL, and whether it lies in namespaces."""

    api_version: str
    plural: str
    namespaced: bool = True

    def path(self, name: str = "", namespace: str = "", *, subresource: str = "", **query: str) -> str:
        """The path of an object or, without a name, of a collection; an empty namespace means all of them."""
        root = "/apis/" if "/" in self.api_version else "/api/"
        parts = [self.api_version]
        parts += ["namespaces", namespace] if self.namespaced and namespace else []
        parts += [quote(part, safe="") for part in (self.plural, name, subresource) if part]
        return root + "/".join(parts) + ("?" + urlencode(query) if query else "")


RESOURCES = {
    "ConfigMap": Resource(api_version="v1", plural="configmaps"),
    "Event": Resource(api_version="v1", plural="events"),
    "Namespace": Resource(api_version="v1", plural="namespaces", namespaced=False),
    "Node": Resource(api_version="v1", plural="nodes", namespaced=False),
    "Pod": Resource(api_version="v1", plural="pods"),
    "DaemonSet": Resource(api_version="apps/v1", plural="daemonsets"),
    "Deployment": Resource(api_version="apps/v1", plural="deployments"),
    "ReplicaSet": Resource(api_version="apps/v1", plural="replicasets"),
    "StatefulSet": Resource(api_version="apps/v1", plural="statefulsets"),
    "Job": Resource(api_version="batch/v1", plural="jobs"),
    "SpiderEndpoint": Resource(api_version=GROUP_VERSION, plural="spiderendpoints"),
    "SpiderIPAddress": Resource(api_version=GROUP_VERSION, plural="spideripaddresses", namespaced=False),
    "SpiderIPPool": Resource(api_version=GROUP_VERSION, plural="spiderippools", namespaced=False),
    "SpiderLedger": Resource(api_version=GROUP_VERSION, plural="spiderledgers", namespaced=False),
    "SpiderReservedIP": Resource(api_version=GROUP_VERSION, plural="spiderreservedips", namespaced=False),
}


def resource(kind: str) -> Resource:
    """The resource of a kind.

    Raises:
        ValueError: no scenario has used this kind yet.
    """
    if kind not in RESOURCES:
        raise ValueError(f"kind {kind}: add it to e2e/backends/local/rest_paths.py; known are {', '.join(RESOURCES)}")
    return RESOURCES[kind]
