"""A cluster whose nodes, kubelets and runtimes crash at random: what must be true once they are left alone."""

import pytest

from simulator.kube.controllers.tests.test_workloads import has, in_a_cluster, pods, workload, world_ready
from simulator.kube.node.machine import Upset
from simulator.kube.node.tests.node_world import World


async def stir(world: World) -> None:
    """One thing goes wrong, or somebody deletes a pod."""
    node = world.nodes[f"n{world.tape.choose('test/node', 3) + 1}"]
    choice = world.tape.choose("test/what", 8)
    if choice == 0:
        node.crash_kubelet()
    elif choice == 1:
        node.crash_runtime()
    elif choice == 2 and node.machine.powered:
        node.power_cut()
    elif choice == 3:
        world.faults.next(Upset(fail_after=True), verb="ADD", program="host-local")
    elif choice == 4:
        world.faults.next(Upset(fail_before=True), verb="DEL", program="host-local")
    elif choice == 5:
        world.faults.next(Upset(sleep_before_seconds=5), verb="ADD", program="host-local")
    else:
        found = await pods(world)
        if found:
            victim = found[world.tape.choose("test/pod", len(found))]
            await world.delete(victim["metadata"]["name"], force=choice == 6)
    await world.sleep(world.tape.uniform("test/pause", 0.1, 6))
    repair(world)


def repair(world: World) -> None:
    """What fell down is started again."""
    for node in world.nodes.values():
        if not node.machine.powered:
            node.boot()
        node.start_runtime()
        node.start_kubelet()


@pytest.mark.parametrize("seed", range(1, 26))
def test_in_the_end_every_pod_runs_and_the_wire_carries_exactly_their_addresses(seed: int) -> None:
    async def body(world: World) -> None:
        await world.client.create("deployments", workload("web", replicas=5), "default")
        await world.client.create("statefulsets", workload("db", replicas=2), "default")
        for _ in range(40):
            await stir(world)
        world.faults.forget()
        await world.sleep(150)
        await world.until(has(world, "deployments", "web", readyReplicas=5, replicas=5), 60)
        await world.until(has(world, "statefulsets", "db", readyReplicas=2, replicas=2), 60)

        living = await pods(world)
        assert all(world_ready(pod) for pod in living)
        claimed = sorted(pod["status"]["podIP"] for pod in living)
        stacks = [node.machine.netstack for node in world.nodes.values()]
        carried = [
            address.partition("/")[0]
            for stack in stacks
            for path in stack.paths()
            for addresses in (stack.addresses(path) or {}).values()
            for address in addresses
        ]
        assert sorted(carried) == claimed
        assert {address.partition("/")[0] for address in world.ipam.held.values()} >= set(claimed)
        assert sum(len(stack.paths()) for stack in stacks) == len(living), "no namespace is left over"

    in_a_cluster(body, seed)
