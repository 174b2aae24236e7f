"""What an experiment asks of a cluster. Each probe waits for the answer for some cluster time, then gives it."""

from chaos.control import session
from e2e.checks import ledger_matches_wires, running
from e2e.cluster import Check, Cluster


def every_wanted_pod_has_one_address_per_family(app: str, within_seconds: float = 120.0) -> bool:
    """Whether as many pods of a Deployment run as it wants, each with one IPv4 and one IPv6 address."""
    return _holds(running(app, replicas_of(app)), within_seconds)


def nothing_leaks(within_seconds: float = 120.0) -> bool:
    """Whether every claimed address is on the interface that claims it, and every address on an interface is claimed."""
    return _holds(ledger_matches_wires, within_seconds)


def replicas_of(name: str, namespace: str = "default") -> int:
    """How many replicas a Deployment wants."""

    async def step(cluster: Cluster) -> int:
        found = await cluster.get("Deployment", name, namespace)
        return int((found or {}).get("spec", {}).get("replicas", 0))

    return session().do(step)


def _holds(check: Check, within_seconds: float) -> bool:
    async def step(cluster: Cluster) -> bool:
        try:
            await cluster.eventually(check, within_seconds)
        except AssertionError:
            return False
        return True

    return session().do(step)
