"""One node with one pool and one workload, for tests of what a fault does to a world."""

from collections.abc import Awaitable, Callable

from simulator.cluster.operator import Operator
from simulator.cluster.shape import Shape
from simulator.cluster.world import World
from simulator.faults.catalogue import CRASH_POINTS, FAULTS
from simulator.faults.fault import Fault, Strike
from simulator.faults.scene import Scene
from simulator.kernel.running import run
from simulator.kernel.tape import Tape
from simulator.kube.api import Json

BY_NAME = {fault.name: fault for fault in FAULTS}


def strike(fault: Fault, at_seconds: float = 0.0, **chosen: float) -> Strike:
    """In the middle of every span that is not chosen, but on creates, and at the point after a create."""
    numbers = {name: (low + high) / 2 for name, (low, high) in fault.numbers.items()}
    numbers |= {"verb": 0.0} if "verb" in numbers else {}
    numbers |= {"point": float(CRASH_POINTS.index("kube.create after"))} if "point" in numbers else {}
    return Strike(at_seconds=at_seconds, fault=fault, place=0, numbers=numbers | chosen)


def in_a_world(
    body: Callable[[World, Operator, Scene], Awaitable[None]], seed: int = 3, api_replicas: int = 1
) -> list[str]:
    """Play on one node with one pool and one workload; gives the trace's events from the first strike on."""
    tape, worlds = Tape(seed, record=False), list[World]()

    async def main() -> None:
        world = World(tape, Shape(nodes=1, api_replicas=api_replicas))
        worlds.append(world)
        operator = Operator(world)
        try:
            await world.start()
            await operator.until(operator.ready, 60)
            pool = pool_of_twenty()
            await operator.apply(pool, replicas(2))
            await body(world, operator, Scene(world=world, operator=operator, pools={"v4": pool}))
        finally:
            await world.stop()

    run(main(), tape, leaks_allowed=True)
    whats = [event.what for event in worlds[0].trace.events]
    return whats[: whats.index("healed") + 1]


def running(operator: Operator, count: int) -> Callable[[], Awaitable[str | None]]:
    async def check() -> str | None:
        pods = await operator.items("Pod", "default", "app=box")
        up = [pod for pod in pods if (pod.get("status") or {}).get("phase") == "Running"]
        return None if len(up) == len(pods) == count else f"{len(up)} of {count} pods run"

    return check


def pool_of_twenty() -> Json:
    spec = {"subnet": "10.98.0.0/16", "ips": ["10.98.10.1-10.98.10.20"], "default": True}
    metadata = {"name": "v4"}
    return {"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool", "metadata": metadata, "spec": spec}


def replicas(count: int) -> Json:
    labels = {"app": "box"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "box", "image": "box"}]},
    }
    spec = {"replicas": count, "selector": {"matchLabels": labels}, "template": template}
    metadata = {"name": "box", "namespace": "default"}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec}
