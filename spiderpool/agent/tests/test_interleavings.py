"""Interleavings that a review of the protocol found: each broke a rule, leaked, or blocked a pod."""

import asyncio

from spiderpool.agent.release import refresh
from spiderpool.agent.tests.kit import AgentNode, names_of, story
from spiderpool.agent.tombstones import format_request

ALL = "10.9.0.1-10.9.0.9"


def crash_after_the_first_claim(node: AgentNode) -> None:
    def on_call(port: str, method: str, phase: str) -> None:
        if (port, method, phase) == ("kube", "create", "after"):
            node.on_call = None
            node.crash()

    node.on_call = on_call


async def add_that_dies(node: AgentNode, pod: object, container: str) -> None:
    try:
        await node.add(pod, container)  # type: ignore[arg-type]
    except ConnectionError:
        return
    raise AssertionError("the agent should have died")


@story()
async def test_a_late_del_frees_nothing_of_a_newer_add_of_the_same_container(node: AgentNode) -> None:
    await node.cluster.pool("v4", ALL)
    pod = await node.cluster.pod("web")
    await node.add(pod, "c1")
    await node.cluster.clock.sleep(1)
    stamp = node.clock.boot_ns()
    await node.cluster.clock.sleep(1)

    async def overtake(call: object) -> None:
        if (getattr(call, "verb", ""), getattr(call, "resource", "")) == ("delete", "spideripaddresses"):
            node.before_request = None
            await node.attach(pod, "c1")

    node.before_request = overtake
    assert (await node.delete("c1", since=stamp)).ok
    (carried,) = node.carried("c1")
    assert names_of(await node.cluster.claims()) == [carried.partition("/")[0]]


@story()
async def test_a_claim_that_was_never_verified_is_verified_before_the_next_container_gets_it(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.2")
    pod = await node.cluster.pod("web")
    node.link.hold_watches("spiderreservedips")
    await node.cluster.reserve("all", "10.9.0.1-10.9.0.2")
    crash_after_the_first_claim(node)
    await add_that_dies(node, pod, "c1")
    node.end("c1")
    await node.start()
    assert (await node.add(pod, "c2")).code == 100
    assert await node.cluster.claims() == {}


@story()
async def test_an_address_in_use_is_kept_by_the_next_container_though_its_pool_was_edited(node: AgentNode) -> None:
    await node.cluster.pool("v4", ALL)
    pod = await node.cluster.pod("web")
    held = await node.attach(pod, "c1")
    await node.cluster.edit("v4", disable=True)
    node.end("c1")
    await node.cluster.seen()
    assert (await node.add(pod, "c2")).ips == held


@story()
async def test_an_identity_is_not_blocked_by_its_own_claim_that_committed_late(node: AgentNode) -> None:
    await node.cluster.pool("v4", ALL)
    owner = await node.cluster.stateful_set("web")
    pod = await node.cluster.pod("web-0", owner=owner)
    node.fault("delay", "create", seconds=8.0)
    dying = asyncio.ensure_future(add_that_dies(node, pod, "c1"))
    await node.cluster.clock.sleep(1.0)
    node.crash()
    await dying
    await node.start()
    await node.delete("c1")
    node.end("c1")
    await node.cluster.clock.sleep(10.0)
    (late,) = names_of(await node.cluster.claims())
    assert (await node.add(pod, "c2")).ips == [f"{late}/16"]


@story(request_seconds=5.0)
async def test_a_del_frees_what_an_adoption_of_unknown_outcome_has_taken(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1")
    pod = await node.cluster.pod("web")
    await node.add(pod, "c1")
    node.end("c1")
    node.fault("lose_answer", "update", times=1, seconds=9.0)
    assert (await node.add(pod, "c2")).code == 11
    assert (await node.delete("c2")).ok
    assert await node.cluster.claims() == {}


@story()
async def test_a_half_done_interface_is_undone_and_never_handed_out_with_one_family(node: AgentNode) -> None:
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    crash_after_the_first_claim(node)
    await add_that_dies(node, pod, "c1")
    node.end("c1")
    await node.start()
    for name in ("v4", "v6"):
        await node.cluster.edit(name, disable=True)
    await node.cluster.seen()
    assert (await node.add(pod, "c2")).code == 101
    assert await node.cluster.claims() == {}


@story()
async def test_a_family_that_the_interface_no_longer_gets_is_given_back(node: AgentNode) -> None:
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    await node.attach(pod, "c1")
    await node.cluster.edit("v6", default=False)
    await node.cluster.seen()
    node.end("c1")
    reply = await node.add(pod, "c2")
    assert names_of(await node.cluster.claims()) == [address.partition("/")[0] for address in reply.ips]


@story(request_seconds=5.0)
async def test_a_spare_claim_of_an_identity_is_freed_and_not_parked(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.2")
    owner = await node.cluster.stateful_set("web")
    pod = await node.cluster.pod("web-0", owner=owner)
    node.fault("delay", "create", seconds=12.0)
    assert (await node.add(pod, "c1")).code == 11
    await node.delete("c1")
    node.end("c1")
    held = await node.attach(pod, "c2")
    await node.cluster.clock.sleep(20)
    assert len(await node.cluster.claims()) == 2
    await node.cluster.clock.sleep(3600)
    assert names_of(await node.cluster.claims()) == [address.partition("/")[0] for address in held]


@story()
async def test_nothing_is_reclaimed_while_the_ledger_recovers(node: AgentNode) -> None:
    await node.cluster.pool("v4", ALL)
    pod = await node.cluster.pod("web")
    await node.attach(pod, "c1")
    await node.cluster.ledger("Recovering")
    node.end("c1")
    await node.cluster.remove_pod("web")
    await node.cluster.clock.sleep(1000)
    assert len(await node.cluster.claims()) == 1
    await node.cluster.ledger("Open")
    await node.cluster.clock.sleep(1000)
    assert await node.cluster.claims() == {}


@story()
async def test_an_address_is_off_the_old_container_before_the_new_one_gets_it(node: AgentNode) -> None:
    await node.cluster.pool("v4", ALL)
    pod = await node.cluster.pod("web")
    held = await node.attach(pod, "c1")
    assert (await node.add(pod, "c2")).ips == held
    assert node.carried("c1") == []


@story()
async def test_a_doubt_is_not_cleared_by_a_list_that_was_sent_before_it(node: AgentNode) -> None:
    memory = node.memory
    memory.doubt("u")
    first = asyncio.ensure_future(refresh(node.running._parts))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(refresh(node.running._parts))
    await first
    for _ in range(2):
        await asyncio.sleep(0)
    memory.doubt("u")
    await second
    assert "u" in memory.uncertain


@story()
async def test_a_tombstone_of_the_boot_before_frees_nothing_of_this_one(node: AgentNode) -> None:
    """Runtimes with stable container ids: the stamp is of a boot that had lasted longer than this one has."""
    await node.cluster.pool("v4", ALL)
    pod = await node.cluster.pod("web")
    held = await node.attach(pod, "cnitool-77")
    stamp = 10 * 86400 * 10**9
    request = node.request("DEL", "cnitool-77", since=stamp)
    await node.disk.write(f"/var/lib/spidernet/spool/cnitool-77.eth0.{stamp}.req", format_request(request))
    await node.cluster.clock.sleep(30)
    assert node.carried("cnitool-77") == held
    assert (await node.add(pod, "cnitool-77")).ips == held
    assert await node.disk.names("/var/lib/spidernet/spool") == []


@story()
async def test_tombstones_are_carried_out_before_the_agent_serves(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1")
    await node.attach(await node.cluster.pod("web"), "c1")
    node.crash()
    stamp = node.clock.boot_ns()
    request = node.request("DEL", "c1", since=stamp)
    await node.disk.write(f"/var/lib/spidernet/spool/c1.eth0.{stamp}.req", format_request(request))
    await node.start()
    assert (await node.add(await node.cluster.pod("next"), "c2")).ips == ["10.9.0.1/16"]
