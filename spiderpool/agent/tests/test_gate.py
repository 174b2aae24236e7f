"""Step 0 of ADD: nothing is handed out before the agent knows its node, while the ledger is closed, or to the dead."""

from spiderpool.agent.tests.kit import SECOND_NS, AgentNode, story
from spiderpool.resources.kinds import LEDGERS


@story(started=False)
async def test_an_agent_that_is_starting_hands_out_nothing(node: AgentNode) -> None:
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    node.fault("lose", "list", times=1000)
    node.launch()
    await node.cluster.seen()
    reply = await node.add(pod)
    assert reply.code == 11
    assert "starting" in reply.words
    assert await node.cluster.claims() == {}


@story()
async def test_without_a_ledger_no_address_is_handed_out(node: AgentNode) -> None:
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    await node.cluster.admin.delete(LEDGERS, "default")
    await node.cluster.seen()
    reply = await node.add(pod)
    assert (reply.code, "SpiderLedger/default" in reply.words) == (11, True)
    assert await node.cluster.claims() == {}


@story()
async def test_a_recovering_ledger_hands_out_nothing_until_it_is_open_again(node: AgentNode) -> None:
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    await node.cluster.ledger("Recovering")
    assert (await node.add(pod)).code == 11
    await node.cluster.ledger("Open")
    assert (await node.add(pod, "c2")).ok


@story()
async def test_a_ledger_that_closes_during_add_drains_the_claim(node: AgentNode) -> None:
    """Rule B3: no claim that was not replied crosses the barrier."""
    await node.cluster.pools()
    pod = await node.cluster.pod("web")

    async def close(call: object) -> None:
        if getattr(call, "resource", "") == "spiderreservedips":
            node.before_request = None
            await node.cluster.ledger("Recovering")

    node.before_request = close
    reply = await node.add(pod)
    assert reply.code == 11
    assert await node.cluster.claims() == {}


@story()
async def test_an_add_whose_container_was_deleted_meanwhile_gets_nothing(node: AgentNode) -> None:
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    stalled = node.request("ADD", "c1", "eth0", pod)
    node.netns("c1")
    await node.delete("c1")
    reply = await node.send(stalled)
    assert (reply.code, "deleted" in reply.words) == (11, True)
    assert await node.cluster.claims() == {}


@story()
async def test_an_add_without_its_network_namespace_gets_nothing(node: AgentNode) -> None:
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    reply = await node.call("ADD", "c1", "eth0", pod)
    assert (reply.code, "/var/run/netns/c1" in reply.words) == (11, True)
    assert await node.cluster.claims() == {}


@story()
async def test_an_add_whose_time_was_over_before_it_began_says_so(node: AgentNode) -> None:
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    now = node.clock.boot_ns()
    reply = await node.add(pod, since=now - 100 * SECOND_NS, deadline=now - 25 * SECOND_NS)
    assert (reply.code, "was over before it began" in reply.words, "-" in reply.words) == (11, True, False)
    assert await node.cluster.claims() == {}
