"""A pod's endpoint says what its claims say: written once for all families, and found missing by the next incarnation."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from simulator.cluster.operator import Operator
from simulator.cluster.world import World
from simulator.kernel.running import run
from simulator.kernel.tape import Tape
from simulator.kube.calls import Call
from spiderpool.agent.tests.kit import AgentNode, story

POOLS = [
    {
        "apiVersion": "spiderpool.spidernet.io/v2beta1",
        "kind": "SpiderIPPool",
        "metadata": {"name": name},
        "spec": {"subnet": subnet, "ips": [ips], "default": True},
    }
    for name, subnet, ips in (
        ("v4", "10.98.0.0/16", "10.98.1.1-10.98.1.9"),
        ("v6", "fd00:98::/64", "fd00:98::1:1-fd00:98::1:9"),
    )
]
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "one"},
    "spec": {"nodeName": "n1", "containers": [{"name": "box", "image": "box"}]},
}
Writes = list[str]


def on_a_cluster(story: Callable[[World, Operator, Writes], Awaitable[None]]) -> None:
    """Run a story on a world in which pod ``one`` has its addresses; ``Writes`` lists every write of an endpoint."""

    async def whole() -> None:
        world, writes = World(Tape(7)), Writes()
        operator = Operator(world)

        def note(_revision: int, kind: str, old: Any, new: Any) -> None:
            if (new or old).get("kind") == "SpiderEndpoint":
                writes.append(kind)

        try:
            await world.start()
            world.server.subscribe(note)
            await operator.until(operator.ready, 30)
            await operator.apply(*POOLS, POD)
            await operator.until(lambda: two_families(operator), 30)
            await story(world, operator, writes)
        finally:
            await world.stop()

    run(whole(), Tape(7), leaks_allowed=True)


async def two_families(operator: Operator) -> str | None:
    """None when the endpoint of pod ``one`` names both addresses that are claimed."""
    claims = sorted(claim["spec"]["address"] for claim in await operator.items("SpiderIPAddress"))
    endpoint = await operator.get("SpiderEndpoint", "one") or {}
    listed = endpoint.get("status", {}).get("current", {}).get("ips") or [{}]
    said = sorted(listed[0].get(family, "") for family in ("ipv4", "ipv6"))
    return None if len(claims) == 2 and said == claims else f"the endpoint says {said}, the ledger {claims}"


def test_the_families_of_an_interface_are_written_together() -> None:
    async def story(world: World, operator: Operator, writes: Writes) -> None:
        await world.clock.sleep(10.0)
        assert writes == ["ADDED"]

        await operator.delete("Pod", "one")
        await world.clock.sleep(60.0)
        assert writes == ["ADDED", "DELETED"]

    on_a_cluster(story)


def test_the_endpoint_of_a_new_pod_costs_one_request() -> None:
    async def story(world: World, operator: Operator, writes: Writes) -> None:
        meter = world.wiring.meter
        asked = {verb: meter.total(verb=verb, resource="spiderendpoints") for verb in ("create", "get", "update")}
        assert asked == {"create": 1, "get": 0, "update": 0}

    on_a_cluster(story)


def test_an_endpoint_that_says_it_already_is_not_written_again() -> None:
    async def story(world: World, operator: Operator, writes: Writes) -> None:
        world.agents["n1"].crash()
        world.agents["n1"].start()
        await world.clock.sleep(10.0)
        assert writes == ["ADDED"]
        assert world.wiring.meter.total(verb="get", resource="spiderendpoints") == 1

    on_a_cluster(story)


def test_an_endpoint_that_a_crash_left_unwritten_is_written_by_the_next_incarnation() -> None:
    async def story(world: World, operator: Operator, writes: Writes) -> None:
        world.agents["n1"].crash()
        await operator.delete("SpiderEndpoint", "one")
        world.agents["n1"].start()

        await operator.until(lambda: two_families(operator), 30)
        assert writes == ["ADDED", "DELETED", "ADDED"]

    on_a_cluster(story)


@pytest.mark.parametrize(("busy_seconds", "written_after_seconds"), [(0.1, 0.3), (0.9, 0.9), (5.0, 1.3)])
def test_an_endpoint_lets_adds_go_first_but_not_for_ever(busy_seconds: float, written_after_seconds: float) -> None:
    @story()
    async def told(node: AgentNode) -> None:
        await node.cluster.pools()
        first, second = await node.cluster.pod("first"), await node.cluster.pod("second")
        written: list[float] = []

        async def note(call: Call) -> None:
            if (call.verb, call.resource) == ("create", "spiderendpoints"):
                written.append(node.clock.monotonic())

        node.before_request = note
        await node.attach(first, "c1")
        began = node.clock.monotonic()
        node.fault("delay", "create", seconds=busy_seconds)
        assert (await node.add(second, "c2")).ok
        await node.wait(lambda: asyncio.sleep(0, bool(written)))
        assert written_after_seconds - 0.01 < written[0] - began < written_after_seconds + 0.05

    told()


@pytest.mark.parametrize("restarted", [False, True])
def test_an_endpoint_is_deleted_without_a_look_by_an_agent_that_has_seen_it(*, restarted: bool) -> None:
    @story()
    async def told(node: AgentNode) -> None:
        await node.cluster.pools()
        await node.attach(await node.cluster.pod("web"), "c1")
        await node.cluster.clock.sleep(2)
        if restarted:
            node.crash()
            await node.start()
            await node.cluster.clock.sleep(2)
        before = len(node.sent)
        await node.delete("c1")
        await node.cluster.clock.sleep(2)
        verbs = [call.verb for call in node.sent[before:] if call.resource == "spiderendpoints"]
        assert verbs == ["delete"]
        assert node.memory.endpoints == {}

    told()
