"""What an experiment does to a cluster. Nodes are given by position, so that one file fits every backend."""

from chaos.control import session
from e2e.cluster import Cluster


def kill_agent(node: int = 0) -> str:
    """End the agent of a node without warning; it stays down. Gives the node's name."""

    async def step(cluster: Cluster) -> str:
        name = cluster.nodes[node]
        await cluster.crash_agent(name)
        return name

    return session().do(step)


def start_agent(node: int = 0) -> str:
    """Start the agent of a node again. Gives the node's name."""

    async def step(cluster: Cluster) -> str:
        name = cluster.nodes[node]
        await cluster.start_agent(name)
        return name

    return session().do(step)


def scale_deployment(name: str, replicas: int, namespace: str = "default") -> int:
    """Set the number of replicas of a Deployment. Gives that number."""

    async def step(cluster: Cluster) -> int:
        await cluster.scale("Deployment", name, replicas, namespace)
        return replicas

    return session().do(step)


def let_time_pass(seconds: float) -> float:
    """Let cluster time pass: virtual on the simulator, real elsewhere (chaostoolkit's own pauses are always real)."""

    async def step(cluster: Cluster) -> float:
        async def fine(_: Cluster) -> str | None:
            return None

        await cluster.always(fine, seconds)
        return seconds

    return session().do(step)


def cut_power(node: int = 0) -> str:
    """Switch a node off at once. Gives its name."""

    async def step(cluster: Cluster) -> str:
        name = cluster.nodes[node]
        await cluster.power_cut(name)
        return name

    return session().do(step)


def restore_power(node: int = 0) -> str:
    """Switch it on again. Gives its name."""

    async def step(cluster: Cluster) -> str:
        name = cluster.nodes[node]
        await cluster.power_on(name)
        return name

    return session().do(step)
