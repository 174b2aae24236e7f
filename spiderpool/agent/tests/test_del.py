"""DEL: the exact container's addresses leave the wire, then the ledger; what cannot be done now is remembered."""

import asyncio

import pytest

from simulator.kube.calls import Call
from spiderpool.agent.tests.kit import AgentNode, names_of, story
from spiderpool.host.port import HostError

SPOOL = "/var/lib/spidernet/spool"


async def tombstones(node: AgentNode) -> list[str]:
    return await node.disk.names(SPOOL)


async def no_claims(node: AgentNode) -> bool:
    return not await node.cluster.claims()


@story()
async def test_del_takes_the_addresses_off_the_wire_before_it_frees_them(node: AgentNode) -> None:
    """Rule R3: main plugins remove the link only after IPAM DEL."""
    await node.cluster.pools()
    held = await node.attach(await node.cluster.pod("web"))
    on_wire: list[list[str]] = []

    async def look(call: Call) -> None:
        if call.verb == "delete":
            on_wire.append(node.carried("c1"))

    node.before_request = look
    assert node.carried("c1") == held
    assert (await node.delete()).ok
    assert on_wire == [[], []]
    assert await node.cluster.claims() == {}


@story()
async def test_del_of_an_older_container_frees_nothing_of_the_newer_one(node: AgentNode) -> None:
    """Rule R2: exactly this container, never the pod."""
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    await node.add(pod, "c1")
    held = await node.attach(pod, "c2")
    with node.counting() as sent:
        assert (await node.delete("c1")).ok
    assert sent == []
    assert len(await node.cluster.claims()) == 2
    assert node.carried("c2") == held


@story()
async def test_del_frees_only_the_interface_that_it_names(node: AgentNode) -> None:
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    await node.attach(pod)
    second = await node.attach(pod, interface="net1")
    await node.delete(interface="eth0")
    assert sorted(claim.spec.address for claim in (await node.cluster.claims()).values()) == sorted(second)


@story()
async def test_a_late_del_of_an_old_stamp_frees_nothing_that_the_same_container_got_later(node: AgentNode) -> None:
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    await node.attach(pod)
    late = node.request("DEL", "c1")
    await node.delete()
    held = await node.attach(pod)
    assert (await node.send(late)).ok
    assert len(await node.cluster.claims()) == 2
    assert node.carried("c1") == held


@story()
async def test_del_of_an_unknown_container_succeeds_without_a_request(node: AgentNode) -> None:
    with node.counting() as sent:
        assert (await node.delete("nobody")).ok
        assert (await node.delete("nobody")).ok
    assert sent == []


@story()
async def test_del_releases_although_the_pod_lives(node: AgentNode) -> None:
    """Rule L2: two interfaces in tight pools would wait for each other for ever."""
    await node.cluster.pool("v4", "10.9.0.1")
    await node.attach(await node.cluster.pod("one"))
    await node.delete()
    assert await node.attach(await node.cluster.pod("two"), "c2") == ["10.9.0.1/16"]


@story()
async def test_del_with_the_api_server_down_is_remembered_and_carried_out_later(node: AgentNode) -> None:
    await node.cluster.pools()
    held = await node.attach(await node.cluster.pod("web"))
    node.link.set_state("refusing")
    assert (await node.delete()).ok
    assert len(await tombstones(node)) == 1
    assert node.carried("c1") == []
    node.end("c1")
    node.link.set_state("up")
    await node.wait(lambda: no_claims(node))
    assert await tombstones(node) == []
    assert len(held) == 2


@story()
async def test_a_remembered_del_outlives_the_agent(node: AgentNode) -> None:
    await node.cluster.pools()
    await node.attach(await node.cluster.pod("web"))
    node.link.set_state("refusing")
    await node.delete()
    node.crash()
    node.end("c1")
    node.link.set_state("up")
    await node.start()
    await node.wait(lambda: no_claims(node))
    assert await tombstones(node) == []


@story()
async def test_del_that_a_plugin_buried_while_no_agent_ran_is_carried_out_at_start(node: AgentNode) -> None:
    await node.cluster.pools()
    await node.attach(await node.cluster.pod("web"))
    node.crash()
    head = "POST /v1/cni/del HTTP/1.1\r\nHost: spiderpool\r\nX-CNI-CONTAINERID: c1\r\nX-CNI-IFNAME: eth0\r\n"
    head += f"X-Spiderpool-Since-Ns: {node.clock.boot_ns()}\r\nX-Spiderpool-Deadline-Ns: 0\r\nContent-Length: 2\r\n"
    await node.disk.write(f"{SPOOL}/c1.eth0.7.req", head.encode() + b"\r\n{}")
    await node.start()
    await node.wait(lambda: no_claims(node))
    assert await tombstones(node) == []


@story(started=False)
async def test_del_while_the_agent_starts_is_remembered(node: AgentNode) -> None:
    await node.start()
    await node.cluster.pools()
    await node.attach(await node.cluster.pod("web"))
    node.crash()
    node.fault("refuse", "list", status=500, times=3)
    node.launch()
    await node.cluster.clock.sleep(0.1)
    assert not node.running.is_ready
    assert (await node.delete()).ok
    assert len(await tombstones(node)) == 1
    await node.wait(lambda: no_claims(node))


@story()
async def test_an_address_that_cannot_be_taken_off_the_wire_is_not_freed(node: AgentNode) -> None:
    await node.cluster.pools()
    held = await node.attach(await node.cluster.pod("web"))

    def stuck(operation: str, path: str) -> None:
        if operation == "flush":
            raise HostError("device busy")

    node.host_fault = stuck
    assert (await node.delete()).ok
    await node.cluster.clock.sleep(60)
    assert len(await node.cluster.claims()) == 2
    assert node.carried("c1") == held
    node.end("c1")
    await node.wait(lambda: no_claims(node))


@story()
async def test_an_address_that_was_handed_out_and_is_not_up_yet_is_freed_when_its_namespace_is_gone(
    node: AgentNode,
) -> None:
    """Rule 2: the runtime died after the answer, its main plugin goes on, and the next runtime sends DEL meanwhile."""
    await node.cluster.pools()
    reply = await node.add(await node.cluster.pod("web"))
    node.up("c1")
    assert (await node.delete()).ok
    await node.cluster.clock.sleep(15)
    assert len(await node.cluster.claims()) == 2
    node.up("c1", *reply.ips)
    await node.cluster.clock.sleep(15)
    assert node.carried("c1") == []
    node.end("c1")
    await node.wait(lambda: no_claims(node))
    assert await tombstones(node) == []


@story()
async def test_tombstones_that_nobody_can_read_are_reported_and_removed(node: AgentNode) -> None:
    await node.disk.write(f"{SPOOL}/garbage.req", b"\x00not a request")
    missing = b"POST /v1/cni/del HTTP/1.1\r\nX-CNI-IFNAME: eth0\r\nX-Spiderpool-Since-Ns: 1\r\n"
    missing += b"X-Spiderpool-Deadline-Ns: 2\r\nContent-Length: 0\r\n\r\n"
    await node.disk.write(f"{SPOOL}/half.req", missing)
    await node.disk.write(f"{SPOOL}/notes.txt", b"left alone")

    async def cleaned() -> bool:
        return await tombstones(node) == ["notes.txt"]

    await node.wait(cleaned)
    assert node.said("tombstone cannot be read; removed")
    assert node.said("a buried DEL cannot be understood; dropped")


@story()
async def test_del_whose_answers_are_lost_frees_once_and_nobody_elses(node: AgentNode) -> None:
    """Rule R1: the address is another pod's by the time the delete is repeated."""
    other = await node.cluster.node("n2").start()
    await node.cluster.pool("v4", "10.9.0.1")
    await node.attach(await node.cluster.pod("mine"))
    theirs = await node.cluster.pod("theirs", "n2")
    node.fault("lose_answer", "delete")
    deleting = asyncio.ensure_future(node.delete())
    await node.cluster.seen()
    held = await other.attach(theirs, "c2")
    assert (await deleting).ok
    assert [claim.spec.address for claim in (await node.cluster.claims()).values()] == held


@story()
async def test_a_claim_that_changed_under_del_is_read_again_and_then_freed(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1")
    await node.attach(await node.cluster.pod("web"))
    node.fault("refuse", "delete", status=409)
    assert (await node.delete()).ok
    assert await node.cluster.claims() == {}
    assert node.counted("released", fate="delete") == 1


@story()
async def test_check_agrees_only_while_the_container_holds_what_its_result_lists(node: AgentNode) -> None:
    from spiderpool.agent.tests.kit import CONFIG

    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    reply = await node.add(pod)
    config = {**CONFIG, "prevResult": reply.value}
    assert (await node.call("CHECK", "c1", "eth0", pod, config=config)).ok
    foreign = {**CONFIG, "prevResult": {"cniVersion": "1.1.0", "ips": [{"address": "10.9.0.99/16"}]}}
    lost = await node.call("CHECK", "c1", "eth0", pod, config=foreign)
    assert (lost.code, "10.9.0.99/16" in lost.words) == (103, True)
    await node.delete()
    gone = await node.call("CHECK", "c1", "eth0", pod, config=config)
    assert gone.code == 103


@story()
async def test_gc_frees_what_its_network_no_longer_knows_and_nothing_of_others(node: AgentNode) -> None:
    from spiderpool.agent.tests.kit import CONFIG

    await node.cluster.pools()
    kept, lost, foreign = [await node.cluster.pod(name) for name in ("kept", "lost", "foreign")]
    await node.attach(kept, "c1")
    await node.attach(lost, "c2")
    await node.attach(foreign, "c3", config={**CONFIG, "name": "storage"})
    valid = {"cni.dev/valid-attachments": [{"containerID": "c1", "ifname": "eth0"}]}
    assert (await node.call("GC", "", "", config={**CONFIG, **valid})).ok
    owners = [claim.spec.owner for claim in (await node.cluster.claims()).values()]
    assert sorted({owner.container_id for owner in owners if owner}) == ["c1", "c3"]


@story()
async def test_gc_while_the_agent_starts_changes_nothing(node: AgentNode) -> None:
    """Its journal is all that could register live addresses again after the ledger went back in time."""
    from spiderpool.agent.tests.kit import CONFIG

    await node.cluster.pools()
    await node.attach(await node.cluster.pod("web"))
    node.crash()
    node.fault("refuse", "list", status=500, times=3)
    node.launch()
    await node.cluster.clock.sleep(0.1)
    assert not node.running.is_ready
    journal = await node.disk.names("/run/spidernet/journal")
    answer = await node.call("GC", "", "", config={**CONFIG, "cni.dev/valid-attachments": []})
    assert (answer.code, await node.disk.names("/run/spidernet/journal")) == (11, journal)
    assert len(await node.cluster.claims()) == 2


@story()
async def test_gc_that_cannot_take_an_address_off_the_wire_says_so(node: AgentNode) -> None:
    from spiderpool.agent.tests.kit import CONFIG

    await node.cluster.pools()
    await node.attach(await node.cluster.pod("web"))

    def stuck(operation: str, path: str) -> None:
        if operation == "flush":
            raise HostError("device busy")

    node.host_fault = stuck
    answer = await node.call("GC", "", "", config={**CONFIG, "cni.dev/valid-attachments": []})
    assert (answer.code, "device busy" in answer.words) == (11, True)
    assert len(await node.cluster.claims()) == 2


@story()
async def test_an_add_that_gc_overtakes_hands_nothing_out(node: AgentNode) -> None:
    from spiderpool.agent.tests.kit import CONFIG

    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    held = asyncio.Event()

    async def hold(call: Call) -> None:
        if call.resource == "spiderreservedips":
            await held.wait()

    node.before_request = hold
    adding = asyncio.ensure_future(node.add(pod))
    await node.cluster.seen()
    assert (await node.call("GC", "", "", config={**CONFIG, "cni.dev/valid-attachments": []})).ok
    held.set()
    assert (await adding).code == 11
    assert await node.cluster.claims() == {}


@pytest.mark.parametrize("seconds", [30.0, 61.0])
def test_status_fails_only_when_starting_lasts(seconds: float) -> None:
    @story(started=False)
    async def play(node: AgentNode) -> None:
        node.link.set_state("refusing")
        node.launch()
        await node.cluster.clock.sleep(seconds)
        answer = await node.call("STATUS", "", "")
        assert answer.ok is (seconds < 60)
        if not answer.ok:
            assert answer.code == 50

    play()


@story(request_seconds=5.0)
async def test_undo_that_cannot_reach_the_api_server_leaves_the_claim_to_the_next_look(node: AgentNode) -> None:
    await node.cluster.pools()
    pod = await node.cluster.pod("web")

    async def cut(call: Call) -> None:
        if call.verb == "create" and len(await node.cluster.claims()) == 2:
            node.link.set_state("refusing")

    node.after_request = cut
    assert (await node.add(pod)).code == 11
    assert len(await node.cluster.claims()) == 2
    assert node.said("a failed ADD could not give back")
    node.after_request = None
    node.link.set_state("up")
    node.end("c1")
    first = names_of(await node.cluster.claims())
    assert (await node.add(pod, "c2")).ok
    assert names_of(await node.cluster.claims()) == first


@story()
async def test_a_second_add_of_a_live_container_that_fails_frees_nothing_that_is_on_the_wire(node: AgentNode) -> None:
    """Rule 2: undo takes off the wire what it gives back."""
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.3")
    pod = await node.cluster.pod("web")
    await node.attach(pod)
    await node.cluster.pool("v6", "fd09::1")
    await node.attach(await node.cluster.pod("other"), "c2", config=None)
    on_wire: list[list[str]] = []

    async def look(call: Call) -> None:
        if call.verb == "delete":
            on_wire.append(node.carried("c1"))

    node.before_request = look
    assert (await node.add(pod)).code == 100
    assert on_wire in ([], [[]])
