"""ADD: own claims first, then an identity's, then a new one; every family or none; verified before it is handed out."""

import asyncio

from simulator.kube.calls import Call
from spiderpool.agent.tests.kit import SECOND_NS, AgentNode, names_of, story
from spiderpool.resources.kinds import POOLS


@story()
async def test_an_interface_gets_one_address_of_each_family(node: AgentNode) -> None:
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    reply = await node.add(pod)
    assert [ip.partition("/")[2] for ip in reply.ips] == ["16", "64"]
    assert reply.value["routes"] == [{"dst": "0.0.0.0/0", "gw": "10.9.255.254"}, {"dst": "::/0", "gw": "fd09::ffff"}]
    owners = [claim.spec.owner for claim in (await node.cluster.claims()).values()]
    assert all(owner and (owner.uid, owner.container_id, owner.node) == (pod.uid, "c1", "n1") for owner in owners)


@story(enable_ipv6=False)
async def test_a_family_that_is_switched_off_is_not_asked_for(node: AgentNode) -> None:
    await node.cluster.pools()
    reply = await node.add(await node.cluster.pod("web"))
    assert [ip.partition("/")[2] for ip in reply.ips] == ["16"]


@story()
async def test_a_repeated_add_of_one_container_keeps_its_addresses(node: AgentNode) -> None:
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    first = await node.attach(pod)
    assert (await node.add(pod)).ips == first
    assert len(await node.cluster.claims()) == 2


@story()
async def test_the_same_attempt_asked_twice_writes_once(node: AgentNode) -> None:
    await node.cluster.pools()
    request = node.request("ADD", "c1", "eth0", await node.cluster.pod("web"))
    node.netns("c1")
    first = await node.send(request)
    with node.counting() as sent:
        again = await node.send(request)
    assert again.ips == first.ips
    assert sent == ["get spideripaddresses", "get spideripaddresses"]


@story()
async def test_a_newer_container_adopts_the_addresses_of_its_pod(node: AgentNode) -> None:
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    first = (await node.add(pod, "c1")).ips
    assert (await node.add(pod, "c2")).ips == first
    owners = [claim.spec.owner for claim in (await node.cluster.claims()).values()]
    assert [owner.container_id for owner in owners if owner] == ["c2", "c2"]


@story()
async def test_an_older_container_is_overtaken(node: AgentNode) -> None:
    """Rule R4: a stalled ADD of a dead container steals nothing back."""
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    stalled = node.request("ADD", "c1", "eth0", pod)
    node.netns("c1")
    held = await node.attach(pod, "c2")
    reply = await node.send(stalled)
    assert (reply.code, "c2" in reply.words) == (11, True)
    claims = (await node.cluster.claims()).values()
    assert [claim.spec.owner.container_id for claim in claims if claim.spec.owner] == ["c2", "c2"]
    assert node.carried("c2") == held


@story()
async def test_two_interfaces_of_a_pod_hold_different_addresses(node: AgentNode) -> None:
    """Rule L3: the interface is part of the key."""
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    first, second = await node.attach(pod), await node.attach(pod, interface="net1")
    assert not [ip for ip in first if ip in second]
    assert len(await node.cluster.claims()) == 4


@story()
async def test_when_one_family_is_full_the_other_is_given_back(node: AgentNode) -> None:
    """Rule L1."""
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    await node.cluster.pool("v6", "fd09::1")
    one, two = await node.cluster.pod("one"), await node.cluster.pod("two")
    held = await node.attach(one)
    reply = await node.add(two, "c2")
    assert (reply.code, "v6: has no free address: all 1 are claimed" in reply.words) == (100, True)
    assert len(await node.cluster.claims()) == len(held) == 2


@story()
async def test_every_pool_that_could_not_serve_is_named_with_its_reason(node: AgentNode) -> None:
    await node.cluster.pool("a-off", "10.9.1.1", disable=True)
    await node.cluster.pool("b-full", "10.9.2.1")
    await node.cluster.pool("c-elsewhere", "10.9.3.1", node_name=("n2",))
    await node.attach(await node.cluster.pod("one"))
    reply = await node.add(await node.cluster.pod("two"), "c2")
    assert reply.code == 100
    for words in ("a-off: is disabled", "b-full: has no free address", "c-elsewhere: serves nodes n2, not n1"):
        assert words in reply.words


@story()
async def test_the_next_candidate_pool_serves_when_the_first_is_full(node: AgentNode) -> None:
    await node.cluster.pool("a", "10.9.1.1")
    await node.cluster.pool("b", "10.9.2.1")
    assert await node.attach(await node.cluster.pod("one")) == ["10.9.1.1/16"]
    assert await node.attach(await node.cluster.pod("two"), "c2") == ["10.9.2.1/16"]


@story()
async def test_a_pool_of_exactly_enough_addresses_serves_every_pod(node: AgentNode) -> None:
    await node.cluster.pools(6)
    got = [await node.attach(await node.cluster.pod(f"p{i}"), f"c{i}") for i in range(6)]
    assert len({ip for ips in got for ip in ips}) == 12


@story()
async def test_two_nodes_that_want_the_same_last_addresses_share_them_out(node: AgentNode) -> None:
    other = await node.cluster.node("n2").start()
    await node.cluster.pools(8)
    pods = [await node.cluster.pod(f"p{i}", f"n{1 + i % 2}") for i in range(8)]
    adds = [(node, other)[i % 2].add(pod, f"c{i}") for i, pod in enumerate(pods)]
    replies = await asyncio.gather(*adds)
    assert all(reply.ok for reply in replies)
    assert len({ip for reply in replies for ip in reply.ips}) == 16


@story()
async def test_a_hint_that_calls_every_address_taken_is_checked_against_the_ledger(node: AgentNode) -> None:
    """Rule L4."""
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.4")
    await _hint(node, "v4", [0, 1, 2, 3])
    assert (await node.add(await node.cluster.pod("web"))).ok


@story()
async def test_a_stale_hint_that_calls_taken_addresses_free_costs_tries_and_no_more(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.6")
    other = await node.cluster.node("n2").start()
    for number in range(5):
        await other.attach(await node.cluster.pod(f"p{number}", "n2"), f"c{number}")
    await _hint(node, "v4", [])
    assert (await node.add(await node.cluster.pod("web"))).ok
    assert len(await node.cluster.claims()) == 6


@story(allocation_policy="lowest")
async def test_what_one_add_learned_from_a_list_spares_the_next_its_tries(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.12")
    other = await node.cluster.node("n2").start(allocation_policy="lowest")
    for number in range(9):
        await other.attach(await node.cluster.pod(f"p{number}", "n2"), f"c{number}")
    pods = [await node.cluster.pod(f"web{number}") for number in range(2)]
    with node.counting() as first:
        assert (await node.add(pods[0], "w0")).ok
    assert first.count("list spideripaddresses") == 1
    with node.counting() as second:
        assert (await node.add(pods[1], "w1")).ok
    assert second.count("create spideripaddresses") == 1
    assert "list spideripaddresses" not in second


@story()
async def test_an_address_that_was_freed_after_a_list_is_found_all_the_same(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.10")
    other = await node.cluster.node("n2").start()
    for number in range(9):
        await other.attach(await node.cluster.pod(f"p{number}", "n2"), f"c{number}")
    assert (await node.add(await node.cluster.pod("last"), "w0")).ok
    assert (await other.delete("c0")).ok
    assert (await node.add(await node.cluster.pod("next"), "w1")).ok


@story()
async def test_a_hint_in_an_unknown_encoding_is_ignored(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.4")
    pool = await node.cluster.admin.get(POOLS, "v4")
    usage = {"generation": 1, "revision": "1", "encoding": "runes", "data": "?"}
    await node.cluster.admin.patch(POOLS, "v4", {"metadata": {"resourceVersion": pool.metadata.resource_version}})
    await _status(node, "v4", usage)
    assert (await node.add(await node.cluster.pod("web"))).ok


async def _hint(node: AgentNode, name: str, taken: list[int]) -> None:
    from msgspec.structs import replace

    from spiderpool.ipam.usage import encode

    pool = await node.cluster.admin.get(POOLS, name)
    values = [pool.usable.at(position) for position in taken]
    usage = encode(pool.usable, values, generation=pool.metadata.generation, revision="1")
    status = replace(pool.status, usage=usage)
    await node.cluster.admin.update_status(POOLS, replace(pool, status=status))
    await node.cluster.seen()


async def _status(node: AgentNode, name: str, usage: dict[str, object]) -> None:
    from msgspec import convert
    from msgspec.structs import replace

    from spiderpool.resources.pool import Usage

    pool = await node.cluster.admin.get(POOLS, name)
    status = replace(pool.status, usage=convert(usage, Usage))
    await node.cluster.admin.update_status(POOLS, replace(pool, status=status))
    await node.cluster.seen()


@story()
async def test_a_claim_of_which_the_pool_knows_nothing_any_more_is_given_back(node: AgentNode) -> None:
    """Rule E1: the edit is acknowledged while the agent's view is old."""
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.2")
    pod = await node.cluster.pod("web")
    node.link.hold_watches("spiderippools")
    await node.cluster.edit("v4", ips=("10.9.0.2",))
    for _ in range(2):
        assert (await node.add(pod)).ips == ["10.9.0.2/16"]
        await node.delete()
    assert await node.cluster.claims() == {}


@story()
async def test_an_edit_between_claim_and_verifying_read_is_honoured(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.2")
    pod = await node.cluster.pod("web")
    claimed: list[str] = []

    async def edit(call: Call) -> None:
        if call.resource == "spiderreservedips":
            node.before_request = None
            claimed.extend(await node.cluster.claims())
            await node.cluster.edit("v4", exclude_ips=(claimed[0],))

    node.before_request = edit
    reply = await node.add(pod)
    assert reply.ok
    assert reply.ips != [f"{claimed[0]}/16"]
    assert names_of(await node.cluster.claims()) != claimed


@story()
async def test_a_reservation_that_the_view_has_not_seen_is_honoured(node: AgentNode) -> None:
    """Rule E2."""
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.2")
    pod = await node.cluster.pod("web")
    node.link.hold_watches("spiderreservedips")
    await node.cluster.reserve("kept", "10.9.0.1")
    assert (await node.add(pod)).ips == ["10.9.0.2/16"]
    assert names_of(await node.cluster.claims()) == ["10.9.0.2"]


@story()
async def test_a_pool_that_is_deleted_or_disabled_during_add_serves_nobody(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.2")
    await node.cluster.pool("v4b", "10.9.1.1-10.9.1.2")
    pod = await node.cluster.pod("web")
    node.link.hold_watches("spiderippools")
    await node.cluster.edit("v4", disable=True)
    await node.cluster.admin.delete(POOLS, "v4b")
    reply = await node.add(pod)
    assert reply.code == 100
    assert "v4" in reply.words
    assert await node.cluster.claims() == {}


@story()
async def test_a_verifying_read_serves_only_claims_that_were_answered_before_it_was_sent(node: AgentNode) -> None:
    """Rule E3: the second ADD claims while the read of the first is on its way, and the edit comes between."""
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.2")
    one, two = await node.cluster.pod("one"), await node.cluster.pod("two")
    held = asyncio.Event()

    async def hold(call: Call) -> None:
        if call.resource in ("spiderippools", "spiderreservedips"):
            await held.wait()

    node.after_request = hold
    first = asyncio.ensure_future(node.add(one, "c1"))
    await node.cluster.seen()
    (taken,) = await node.cluster.claims()
    second = asyncio.ensure_future(node.add(two, "c2"))
    await node.cluster.seen()
    assert len(await node.cluster.claims()) == 2
    await node.cluster.edit("v4", ips=(taken,))
    held.set()
    assert (await first).ips == [f"{taken}/16"]
    assert (await second).code == 100
    assert names_of(await node.cluster.claims()) == [taken]


@story()
async def test_an_adopted_address_that_was_taken_out_of_the_pool_is_kept(node: AgentNode) -> None:
    """Rule 3 speaks of new claims."""
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.2")
    pod = await node.cluster.pod("web")
    held = await node.attach(pod)
    await node.cluster.edit("v4", disable=True)
    await node.cluster.seen()
    node.end("c1")
    assert (await node.add(pod, "c2")).ips == held


@story()
async def test_when_nothing_else_is_free_a_cooling_address_is_taken_over_in_place(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.2", cooldown_seconds=600)
    one, two, three = [await node.cluster.pod(name) for name in ("one", "two", "three")]
    held = await node.attach(one, "c1")
    await node.delete("c1")
    cooling = (await node.cluster.claims())[held[0].partition("/")[0]]
    assert (cooling.spec.state, cooling.spec.owner) == ("Cooling", None)
    other = await node.attach(two, "c2")
    assert other != held
    assert await node.attach(three, "c3") == held
    taken = (await node.cluster.claims())[cooling.name]
    assert taken.metadata.uid == cooling.metadata.uid
    assert taken.spec.owner
    assert taken.spec.owner.uid == three.uid


@story()
async def test_a_cooling_address_that_left_the_pool_is_not_taken_over(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1", cooldown_seconds=600)
    await node.attach(await node.cluster.pod("one"), "c1")
    await node.delete("c1")
    node.link.hold_watches("spiderreservedips")
    await node.cluster.reserve("kept", "10.9.0.1")
    assert (await node.add(await node.cluster.pod("two"), "c2")).code == 100


@story()
async def test_an_add_past_its_deadline_claims_nothing(node: AgentNode) -> None:
    await node.cluster.pools()
    reply = await node.add(await node.cluster.pod("web"), since=SECOND_NS, deadline=2 * SECOND_NS)
    assert reply.code == 11
    assert await node.cluster.claims() == {}


@story(request_seconds=5.0)
async def test_an_add_that_runs_out_of_time_gives_back_what_it_claimed(node: AgentNode) -> None:
    await node.cluster.pools()
    node.fault("delay", "list", "spiderreservedips", seconds=9.0)
    reply = await node.add(await node.cluster.pod("web"))
    assert (reply.code, "5 s" in reply.words) == (11, True)
    assert await node.cluster.claims() == {}


@story(request_seconds=5.0)
async def test_a_claim_whose_answer_comes_too_late_is_given_back(node: AgentNode) -> None:
    """A cancelled create has an unknown outcome: the ledger is asked before the ADD is answered."""
    await node.cluster.pool("v4", "10.9.0.1")
    pod = await node.cluster.pod("web")

    async def stall(call: Call) -> None:
        if call.verb == "create":
            await node.cluster.clock.sleep(8.0)

    node.after_request = stall
    assert (await node.add(pod)).code == 11
    assert await node.cluster.claims() == {}


@story(request_seconds=5.0)
async def test_a_claim_that_commits_when_its_add_has_run_out_of_time_is_found_by_the_next_add(node: AgentNode) -> None:
    """Rule R13: the only address of the pool must not be lost to its own pod."""
    await node.cluster.pool("v4", "10.9.0.1")
    pod = await node.cluster.pod("web")
    node.fault("delay", "create", seconds=8.0)
    assert (await node.add(pod)).code == 11
    await node.cluster.clock.sleep(10.0)
    assert names_of(await node.cluster.claims()) == ["10.9.0.1"]
    assert (await node.add(pod, "c2")).ips == ["10.9.0.1/16"]


@story(allocation_policy="lowest")
async def test_the_lowest_free_address_is_given_by_policy(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    got = [await node.attach(await node.cluster.pod(f"p{i}"), f"c{i}") for i in range(3)]
    assert got == [["10.9.0.1/16"], ["10.9.0.2/16"], ["10.9.0.3/16"]]


@story()
async def test_the_pod_annotation_chooses_the_pool(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    await node.cluster.pool("own", "10.9.5.1", default=False, routes=())
    pod = await node.cluster.pod("web", ippool='{"ipv4": ["own"]}')
    assert (await node.add(pod)).ips == ["10.9.5.1/16"]


@story()
async def test_a_pod_that_the_view_has_not_seen_costs_one_live_read(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    node.link.hold_watches("pods")
    pod = await node.cluster.pod("web")
    with node.counting() as sent:
        assert (await node.add(pod)).ok
    assert sent.count("get pods") == 1


@story()
async def test_a_static_pod_is_known_by_its_config_hash(node: AgentNode) -> None:
    from dataclasses import replace

    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    pod = await node.cluster.pod("static")
    path = "/api/v1/namespaces/default/pods/static"
    from simulator.kube.api import ApiRequest

    await node.cluster.server.request(
        ApiRequest(
            method="PATCH",
            path=path,
            body={"metadata": {"annotations": {"kubernetes.io/config.hash": "abcdef"}}},
            content_type="application/merge-patch+json",
        )
    )
    reply = await node.add(replace(pod, uid="abcdef"))
    assert reply.ok
    (claim,) = (await node.cluster.claims()).values()
    assert claim.spec.owner
    assert claim.spec.owner.uid == "abcdef"
