"""Before the agent serves: its claims, what lives here without one, and DELs that were missed."""

from spiderpool.agent.tests.kit import AgentNode, names_of, story
from spiderpool.host.port import HostError
from spiderpool.resources.kinds import CLAIMS, EVENTS

JOURNAL = "/run/spidernet/journal"


@story()
async def test_an_agent_that_starts_again_serves_from_the_ledger(node: AgentNode) -> None:
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    held = await node.attach(pod)
    node.crash()
    await node.start()
    assert (await node.add(pod)).ips == held
    assert (await node.delete()).ok
    assert await node.cluster.claims() == {}


@story(started=False)
async def test_the_agent_waits_for_the_api_server_as_long_as_it_takes(node: AgentNode) -> None:
    node.fault("refuse", "list", status=500, times=5)
    node.launch()
    ready: list[bool] = []
    for seconds in (1.0, 60.0):
        await node.cluster.clock.sleep(seconds)
        ready.append(node.running.is_ready)
    assert ready == [False, True]
    assert node.said("the node's claims cannot be listed yet")


@story()
async def test_live_addresses_that_the_ledger_lost_are_registered_again(node: AgentNode) -> None:
    await node.cluster.pools()
    held = await node.attach(await node.cluster.pod("web"))
    before = names_of(await node.cluster.claims())
    node.crash()
    for name in before:
        await node.cluster.admin.delete(CLAIMS, name)
    await node.start()
    assert names_of(await node.cluster.claims()) == before
    assert node.counted("registered_again", outcome="done") == 2
    assert (await node.delete()).ok
    assert await node.cluster.claims() == {}
    assert len(held) == 2


@story()
async def test_a_live_address_that_somebody_else_holds_by_now_is_a_conflict_and_nothing_is_touched(
    node: AgentNode,
) -> None:
    other = await node.cluster.node("n2").start()
    await node.cluster.pool("v4", "10.9.0.1")
    held = await node.attach(await node.cluster.pod("web"))
    node.crash()
    await node.cluster.admin.delete(CLAIMS, "10.9.0.1")
    await other.attach(await node.cluster.pod("thief", "n2"), "c9")
    await node.start()
    await node.cluster.clock.sleep(5)
    claim = await node.cluster.claim("10.9.0.1")
    assert claim
    assert claim.spec.owner
    assert claim.spec.owner.node == "n2"
    assert node.carried("c1") == held
    assert node.counted("registered_again", outcome="conflict") == 1
    events = (await node.cluster.admin.list(EVENTS)).items
    assert [event.reason for event in events if event.reason == "AddressConflict"] == ["AddressConflict"]


@story()
async def test_a_journal_of_what_no_longer_lives_is_cleared(node: AgentNode) -> None:
    await node.cluster.pools()
    await node.attach(await node.cluster.pod("web"))
    await node.disk.write(f"{JOURNAL}/broken.eth0.json", b"{")
    node.crash()
    node.end("c1")
    await node.start()
    assert await node.disk.names(JOURNAL) == ["broken.eth0.json"]
    assert node.said("journal entry cannot be read")


@story()
async def test_an_address_that_cannot_be_registered_now_is_reported(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1")
    await node.attach(await node.cluster.pod("web"))
    node.crash()
    await node.cluster.admin.delete(CLAIMS, "10.9.0.1")
    node.fault("refuse", "create", status=403, times=10)
    await node.start()
    assert node.said("live address not registered")


@story()
async def test_a_node_that_cannot_look_at_its_namespaces_starts_all_the_same_and_forgets_nothing(
    node: AgentNode,
) -> None:
    await node.cluster.pool("v4", "10.9.0.1")
    await node.attach(await node.cluster.pod("web"))
    node.crash()

    def blind(operation: str, path: str) -> None:
        raise HostError("too many open files")

    node.host_fault = blind
    await node.start()
    assert await node.disk.names(JOURNAL) == ["c1.eth0.json"]


@story()
async def test_an_agent_that_dies_between_claim_and_reply_leaves_a_claim_that_the_next_container_adopts(
    node: AgentNode,
) -> None:
    await node.cluster.pool("v4", "10.9.0.1")
    pod = await node.cluster.pod("web")

    def die(port: str, method: str, phase: str) -> None:
        if (port, method, phase) == ("kube", "create", "after"):
            node.crash()

    node.on_call = die
    answer = node.request("ADD", "c1", "eth0", pod)
    node.netns("c1")
    try:
        await node.ask(answer)
    except ConnectionResetError:
        node.on_call = None
    assert names_of(await node.cluster.claims()) == ["10.9.0.1"]
    await node.start()
    assert (await node.add(pod, "c2")).ips == ["10.9.0.1/16"]


@story()
async def test_an_agent_that_dies_between_claim_and_reply_of_a_pod_that_goes_leaves_nothing_for_long(
    node: AgentNode,
) -> None:
    await node.cluster.pool("v4", "10.9.0.1")
    pod = await node.cluster.pod("web")

    def die(port: str, method: str, phase: str) -> None:
        if (port, method, phase) == ("kube", "create", "after"):
            node.crash()

    node.on_call = die
    node.netns("c1")
    try:
        await node.ask(node.request("ADD", "c1", "eth0", pod))
    except ConnectionResetError:
        node.on_call = None
    node.end("c1")
    await node.cluster.remove_pod("web")
    await node.start()

    async def freed() -> bool:
        return not await node.cluster.claims()

    await node.wait(freed, 30)
