"""Between scenarios: what the last one left is deleted as an administrator would, and must then really be gone.

That nothing is left on the wire or in the ledger is itself a promise of the product, so a cluster that does not become
clean fails the scenario that used it.
"""

from e2e.backends.local.real_cluster import RealCluster
from e2e.cluster import Cluster, Json

WORKLOADS = ("Job", "DaemonSet", "StatefulSet", "Deployment", "ReplicaSet")
SYSTEM_NAMESPACES = frozenset({"default", "kube-node-lease", "kube-public", "kube-system", "spiderpool"})
OURS = ("SpiderIPPool", "SpiderReservedIP")
# A node that lost its power reports its pods after some seconds; a DEL that failed is tried again after twenty.
EMPTY_SECONDS = 120.0
POOLS_SECONDS = 30.0


async def tidy(cluster: RealCluster) -> None:
    """Mend the cluster and delete everything that scenarios make.

    Raises:
        AssertionError: something stays; the message says what.
    """
    await cluster.mend()
    for kind in (*WORKLOADS, "Pod"):
        await _delete_all(cluster, kind, "default")
    await _delete_all(cluster, "Namespace")
    await cluster.eventually(nothing_runs, EMPTY_SECONDS)
    for kind in OURS:
        await _delete_all(cluster, kind)
    await cluster.eventually(nothing_is_configured, POOLS_SECONDS)


async def _delete_all(cluster: RealCluster, kind: str, namespace: str = "") -> None:
    for each in await _left(cluster, kind, namespace):
        await cluster.delete(kind, each["metadata"]["name"], namespace)


async def _left(cluster: Cluster, kind: str, namespace: str = "") -> list[Json]:
    """Objects of a kind that scenarios made."""
    found = await cluster.items(kind, namespace)
    system = SYSTEM_NAMESPACES if kind == "Namespace" else ()
    return [each for each in found if each["metadata"]["name"] not in system]


async def nothing_runs(cluster: Cluster) -> str | None:
    """No workload, pod, namespace, address on a wire, claim or endpoint is left."""
    for kind in (*WORKLOADS, "Pod", "Namespace", "SpiderIPAddress", "SpiderEndpoint"):
        if left := await _left(cluster, kind):
            return _sentence(kind, left)
    if wires := await cluster.wires():
        return f"{len(wires)} addresses are left on interfaces: {wires[:3]}"
    return None


async def nothing_is_configured(cluster: Cluster) -> str | None:
    """No pool and no reservation is left."""
    for kind in OURS:
        if left := await _left(cluster, kind):
            return _sentence(kind, left)
    return None


def _sentence(kind: str, left: list[Json]) -> str:
    names = ", ".join(each["metadata"]["name"] for each in left[:4])
    return f"{len(left)} objects of kind {kind} are left: {names}"
