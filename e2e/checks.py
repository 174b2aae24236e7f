"""What scenarios wait for, as checks: None when it holds, else the sentence that says why not yet."""

from collections import Counter
from collections.abc import Callable

from e2e.cluster import Check, Cluster, Json
from spiderpool.resources.addresses import FAMILIES, parse_address


def pod_ips(pod: Json) -> list[str]:
    """The addresses that a pod's status reports."""
    return [each["ip"] for each in pod.get("status", {}).get("podIPs", [])]


def running(app: str, count: int, *, families: int = 2, namespace: str = "default") -> Check:
    """Exactly ``count`` pods of an app run, each with one address per family."""

    async def check(cluster: Cluster) -> str | None:
        pods = await cluster.items("Pod", namespace, f"app={app}")
        up = [pod for pod in pods if pod.get("status", {}).get("phase") == "Running" and _is_live(pod)]
        if len(up) != count or len(pods) != count:
            phases = dict(Counter(pod.get("status", {}).get("phase", "?") for pod in pods))
            return f"{len(up)} of {count} pods of {app} run ({phases})"
        for pod in up:
            seen = [parse_address(ip).family for ip in pod_ips(pod)]
            if len(seen) != families or len(dict.fromkeys(seen)) != families:
                return f"pod {pod['metadata']['name']} has addresses {pod_ips(pod)}, expected {families} families"
        return None

    return check


def _is_live(pod: Json) -> bool:
    return "deletionTimestamp" not in pod["metadata"]


def no_pods(app: str, namespace: str = "default") -> Check:
    """No pod of an app is left."""

    async def check(cluster: Cluster) -> str | None:
        pods = await cluster.items("Pod", namespace, f"app={app}")
        return f"{len(pods)} pods of {app} are left" if pods else None

    return check


async def ledger_matches_wires(cluster: Cluster) -> str | None:
    """Every claim is carried by the interface that it names, and every address on an interface is claimed: nothing
    leaks, nothing is unclaimed. Parked and cooling claims are on no interface.
    """
    claims = await cluster.items("SpiderIPAddress")
    claimed: dict[str, str] = {}
    for claim in claims:
        spec = claim["spec"]
        if spec["state"] == "Claimed":
            owner = spec["owner"]
            claimed[spec["address"]] = f"{owner['node']} {owner['netns']['path']} {owner['interface']}"
    carried = {wire.address: f"{wire.node} {wire.netns} {wire.interface}" for wire in await cluster.wires()}
    for address, place in sorted(claimed.items()):
        if carried.get(address) != place:
            return f"{address} is claimed for {place}, but it is on {carried.get(address, 'no interface')}"
    for address, place in sorted(carried.items()):
        if address not in claimed:
            return f"{address} is on {place}, but nobody claims it"
    return None


async def ledger_is_empty(cluster: Cluster) -> str | None:
    """No address is claimed, parked or cooling."""
    claims = await cluster.items("SpiderIPAddress")
    return f"{len(claims)} claims are left: {_first(claims)}" if claims else None


def _first(claims: list[Json]) -> str:
    return ", ".join(f"{claim['metadata']['name']} ({claim['spec']['state']})" for claim in claims[:4])


def counted(pool: str, allocated: int) -> Check:
    """A pool's status counts this many allocated addresses."""

    async def check(cluster: Cluster) -> str | None:
        found = await cluster.get("SpiderIPPool", pool)
        count = (found or {}).get("status", {}).get("allocatedIPCount")
        return None if count == allocated else f"pool {pool} counts {count} allocated addresses, expected {allocated}"

    return check


def unique(addresses: Callable[[Json], list[str]] = pod_ips) -> Check:
    """No two live pods report one address."""

    async def check(cluster: Cluster) -> str | None:
        pods = [pod for pod in await cluster.items("Pod") if pod.get("status", {}).get("phase") == "Running"]
        seen = Counter(address for pod in pods for address in addresses(pod))
        double = [address for address, count in sorted(seen.items()) if count > 1]
        return f"two pods report {double}" if double else None

    return check


async def addresses_of(cluster: Cluster, app: str, namespace: str = "default") -> dict[str, list[str]]:
    """Pod name to addresses, IPv4 first, of the running pods of an app."""
    pods = await cluster.items("Pod", namespace, f"app={app}")
    return {
        pod["metadata"]["name"]: sorted(pod_ips(pod), key=lambda ip: FAMILIES.index(parse_address(ip).family))
        for pod in pods
    }
