"""How many requests each call costs, and that an agent at rest writes nothing."""

import asyncio

from spiderpool.agent.tests.kit import CLAIM_NAMES, AgentNode, story


@story()
async def test_a_lone_add_costs_a_create_and_two_reads(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.200")
    pod = await node.cluster.pod("web")
    with node.counting() as sent:
        assert (await node.add(pod)).ok
    assert sorted(sent) == [f"create {CLAIM_NAMES}", "get spiderippools", "list spiderreservedips"]


@story()
async def test_a_dual_stack_add_costs_two_creates_and_three_reads(node: AgentNode) -> None:
    await node.cluster.pools(200)
    pod = await node.cluster.pod("web")
    with node.counting() as sent:
        assert (await node.add(pod)).ok
    assert sorted(sent) == [
        f"create {CLAIM_NAMES}",
        f"create {CLAIM_NAMES}",
        "get spiderippools",
        "get spiderippools",
        "list spiderreservedips",
    ]


@story()
async def test_del_costs_one_delete_for_each_address(node: AgentNode) -> None:
    await node.cluster.pools(200)
    await node.attach(await node.cluster.pod("web"))
    with node.counting() as sent:
        assert (await node.delete()).ok
        await node.cluster.clock.sleep(5)
    assert sent == [f"delete {CLAIM_NAMES}", f"delete {CLAIM_NAMES}"]


@story()
async def test_the_tenth_add_costs_what_the_first_did(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.60.200")
    for number in range(10):
        pod = await node.cluster.pod(f"p{number}")
        with node.counting() as sent:
            assert (await node.add(pod, f"c{number}")).ok
        assert len(sent) == 3


@story()
async def test_adds_at_the_same_moment_share_their_reads(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.60.200")
    pods = [await node.cluster.pod(f"p{number}") for number in range(20)]
    with node.counting() as sent:
        replies = await asyncio.gather(*[node.add(pod, f"c-{pod.name}") for pod in pods])
    assert all(reply.ok for reply in replies)
    assert sent.count(f"create {CLAIM_NAMES}") == 20
    assert len(sent) <= 20 * 1.7


@story()
async def test_at_rest_an_agent_writes_nothing_for_an_hour(node: AgentNode) -> None:
    await node.cluster.pools()
    for number in range(3):
        await node.attach(await node.cluster.pod(f"p{number}"), f"c{number}")
    await node.cluster.clock.sleep(60)
    before = dict(node.meter.counts)
    await node.cluster.clock.sleep(3600)
    wrote = {key: n - before.get(key, 0) for key, n in node.meter.counts.items() if n != before.get(key, 0)}
    assert [key for key in wrote if key[1] not in ("get", "list", "watch")] == []
    listed = sum(count for (_, verb, resource), count in wrote.items() if (verb, resource) == ("list", CLAIM_NAMES))
    assert 5 <= listed <= 6
