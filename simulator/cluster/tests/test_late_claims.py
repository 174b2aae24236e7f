"""Claims that commit after everybody who asked for them is gone: they must be found and given back."""

from simulator.cluster.operator import Operator
from simulator.cluster.world import World
from simulator.kernel.running import run
from simulator.kernel.tape import Tape

POOL = {
    "apiVersion": "spiderpool.spidernet.io/v2beta1",
    "kind": "SpiderIPPool",
    "metadata": {"name": "v4"},
    "spec": {"subnet": "10.98.0.0/16", "ips": ["10.98.1.1-10.98.1.9"], "default": True},
}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "stalled"},
    "spec": {"nodeName": "n1", "containers": [{"name": "box", "image": "box"}]},
}


def test_a_claim_of_a_dead_container_is_freed_though_its_pod_runs_with_another_address() -> None:
    """The runtime gives up an ADD, the agent dies, and then the claim commits: no incarnation of the agent knows it."""

    async def story() -> None:
        world = World(Tape(7))
        operator = Operator(world)
        try:
            await world.start()
            await operator.until(operator.ready, 30)
            await operator.apply(POOL)
            world.stall_next_claim("n1", 8.0)
            world.crash_kubelet_during_next_add("n1")
            await operator.apply(POD)
            await world.clock.sleep(3.0)
            world.agents["n1"].crash()
            world.agents["n1"].start()

            async def two_claims() -> str | None:
                claims = await operator.items("SpiderIPAddress")
                return None if len(claims) == 2 else f"{len(claims)} claims"

            async def no_leak() -> str | None:
                found = world.leaks()
                return found[0].sentence if found else None

            await operator.until(two_claims, 60)
            await operator.until(no_leak, 900)
            assert len(await operator.items("SpiderIPAddress")) == 1
        finally:
            await world.stop()

    tape = Tape(7)
    run(story(), tape, leaks_allowed=True)
