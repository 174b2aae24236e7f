"""Pools and reservations that change under an ADD whose views have not heard of it: it asks little and goes on."""

import asyncio

from simulator.kube.calls import Call
from spiderpool.agent.allocate import ROUNDS_PER_POOL
from spiderpool.agent.tests.kit import AgentNode, story
from spiderpool.resources.kinds import POOLS, RESERVED_IPS

CREATE = "create spideripaddresses"
LARGE = "10.9.0.1-10.9.15.250"


def at_the_first_claim(node: AgentNode, **spec: object) -> None:
    """Edit pool a between nomination and the first claim."""

    async def edit(call: Call) -> None:
        if f"{call.verb} {call.resource}" == CREATE:
            node.before_request = None
            await node.cluster.edit("a", **spec)

    node.before_request = edit


@story()
async def test_a_pool_that_is_disabled_under_an_add_costs_one_claim_and_the_next_pool_serves(node: AgentNode) -> None:
    await node.cluster.pool("a", LARGE)
    await node.cluster.pool("b", "10.9.100.1-10.9.100.9")
    pod = await node.cluster.pod("web")
    at_the_first_claim(node, disable=True)
    with node.counting() as sent:
        reply = await node.add(pod)
    assert reply.ips[0].startswith("10.9.100.")
    assert sent.count(CREATE) == 2
    assert len(await node.cluster.claims()) == 1


@story()
async def test_a_pool_that_is_deleted_under_an_add_costs_one_claim_too(node: AgentNode) -> None:
    await node.cluster.pool("a", LARGE)
    pod = await node.cluster.pod("web")
    node.link.hold_watches("spiderippools")
    pool = await node.cluster.admin.get(POOLS, "a")
    await node.cluster.admin.patch(POOLS, "a", {"metadata": {"finalizers": ["test/hold"]}})
    await node.cluster.admin.delete(POOLS, pool.metadata.name)
    with node.counting() as sent:
        reply = await node.add(pod)
    assert (reply.code, "a: is being deleted" in reply.words) == (100, True)
    assert sent.count(CREATE) == 1
    assert await node.cluster.claims() == {}


@story()
async def test_twenty_adds_of_a_pool_that_is_being_disabled_cost_one_claim_each(node: AgentNode) -> None:
    await node.cluster.pool("a", LARGE)
    await node.cluster.pool("b", "10.9.100.1-10.9.100.250")
    pods = [await node.cluster.pod(f"p{number}") for number in range(20)]
    at_the_first_claim(node, disable=True)
    with node.counting() as sent:
        replies = await asyncio.gather(*[node.add(pod, f"c{number}") for number, pod in enumerate(pods)])
    assert all(reply.ok for reply in replies)
    assert sent.count(CREATE) <= 3 * len(pods)


@story()
async def test_reservations_that_the_view_has_not_seen_cost_one_claim_and_not_one_for_each_address(
    node: AgentNode,
) -> None:
    await node.cluster.pool("a", LARGE)
    pod = await node.cluster.pod("web")
    node.link.hold_watches("spiderreservedips")
    await node.cluster.reserve("most", "10.9.0.0-10.9.15.249")
    with node.counting() as sent:
        reply = await node.add(pod)
    assert reply.ips == ["10.9.15.250/16"]
    assert sent.count(CREATE) <= 2


@story()
async def test_a_pool_whose_addresses_are_taken_away_again_and_again_is_left_after_some_rounds(
    node: AgentNode,
) -> None:
    """Each claim is reserved before it is verified."""
    await node.cluster.pool("a", LARGE)
    pod = await node.cluster.pod("web")

    async def reserve(call: Call) -> None:
        if f"{call.verb} {call.resource}" == CREATE:
            for name in await node.cluster.claims():
                await node.cluster.reserve(f"r-{name}", name)

    node.after_request = reserve
    with node.counting() as sent:
        reply = await node.add(pod)
    assert (reply.code, "a: changed under this ADD" in reply.words) == (100, True)
    assert sent.count(CREATE) == ROUNDS_PER_POOL == len((await node.cluster.admin.list(RESERVED_IPS)).items)
    assert await node.cluster.claims() == {}
