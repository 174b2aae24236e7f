"""Writes whose answers are lost, late or unclear: the ledger decides, never a belief (rules R1, R5, R9, R13)."""

import asyncio

from simulator.kube.calls import Call
from spiderpool.agent.tests.kit import AgentNode, names_of, story


@story()
async def test_a_409_after_a_lost_answer_is_read_and_found_to_be_mine(node: AgentNode) -> None:
    """Rule R5."""
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    node.fault("lose_answer", "create")
    reply = await node.add(await node.cluster.pod("web"))
    assert reply.ok
    assert len(await node.cluster.claims()) == 1


@story()
async def test_a_409_after_a_lost_request_is_read_and_found_to_be_anothers(node: AgentNode) -> None:
    """Rule R5: the first request never arrived, and another node has claimed the address since."""
    other = await node.cluster.node("n2").start()
    await node.cluster.pool("v4", "10.9.0.1")
    mine, theirs = await node.cluster.pod("mine"), await node.cluster.pod("theirs", "n2")
    node.fault("lose", "create", seconds=0.01)
    adding = asyncio.ensure_future(node.add(mine))
    await node.cluster.seen()
    assert await other.attach(theirs, "c2") == ["10.9.0.1/16"]
    assert (await adding).code == 100
    (claim,) = (await node.cluster.claims()).values()
    assert claim.spec.owner
    assert claim.spec.owner.uid == theirs.uid


@story()
async def test_a_name_that_vanished_behind_a_409_is_tried_again(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1")
    holder = await node.cluster.node("n2").start()
    await holder.attach(await node.cluster.pod("other", "n2"), "c9")
    node.fault("lose", "create")

    async def vanish(call: Call) -> None:
        if call.verb == "get" and call.resource == "spideripaddresses":
            node.before_request = None
            await holder.delete("c9")

    node.before_request = vanish
    assert (await node.add(await node.cluster.pod("web"))).ips == ["10.9.0.1/16"]


@story()
async def test_a_create_that_is_refused_for_a_moment_is_sent_again(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    node.fault("refuse", "create", status=429, retry_after_seconds=2, times=2)
    began = node.cluster.loop.time()
    assert (await node.add(await node.cluster.pod("web"))).ok
    assert node.cluster.loop.time() - began >= 4.0


@story()
async def test_an_unclear_create_is_repeated_under_the_same_name(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.200")
    for status in (500, 504):
        node.fault("commit_and_refuse", "create", status=status)
        before = len(node.sent)
        assert (await node.add(await node.cluster.pod(f"p{status}"), f"c{status}")).ok
        assert [call.verb for call in node.sent[before:] if call.resource == "spideripaddresses"] == [
            "create",
            "create",
            "get",
        ]
    assert len(await node.cluster.claims()) == 2


@story()
async def test_creates_without_any_clear_answer_fail_the_add_and_are_cleaned_up(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    node.fault("commit_and_refuse", "create", status=504, times=1)
    node.fault("lose", "create", times=100)
    node.fault("refuse", "get", status=500, times=4)
    reply = await node.add(await node.cluster.pod("web"))
    assert reply.code == 11
    assert "API server" in reply.words
    assert await node.cluster.claims() == {}


@story()
async def test_an_api_server_that_refuses_every_create_fails_the_add(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    pod = await node.cluster.pod("web")
    for status, words in (
        (409, "Conflict"),
        (429, "TooManyRequests"),
        (500, "UnknownOutcome"),
        (504, "UnknownOutcome"),
    ):
        node.rules.clear()
        node._hits.clear()
        node.fault("refuse", "create", status=status, times=50)
        reply = await node.add(pod, f"c{status}")
        assert (reply.code, words in reply.words) == (11, True), reply.value
    assert await node.cluster.claims() == {}


@story()
async def test_an_api_server_that_does_not_answer_at_all_fails_the_add_in_time(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    pod = await node.cluster.pod("web")
    node.link.set_state("silent")
    began = node.cluster.loop.time()
    reply = await node.add(pod)
    assert reply.code == 11
    assert node.cluster.loop.time() - began < 130


@story()
async def test_an_api_server_that_is_down_fails_the_add(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    pod = await node.cluster.pod("web", "n1")
    node.link.set_state("refusing")
    reply = await node.add(pod)
    assert reply.code == 11
    assert "API server" in reply.words


@story()
async def test_an_adoption_whose_answer_was_lost_is_read_back(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    pod = await node.cluster.pod("web")
    first = (await node.add(pod, "c1")).ips
    node.fault("lose_answer", "update")
    assert (await node.add(pod, "c2")).ips == first


@story()
async def test_an_adoption_that_somebody_else_came_before_is_tried_again_later(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    pod = await node.cluster.pod("web")
    first = (await node.add(pod, "c1")).ips
    name = first[0].partition("/")[0]
    path = f"/apis/spiderpool.spidernet.io/v2beta1/spideripaddresses/{name}"
    from simulator.kube.api import ApiRequest

    touch = {"metadata": {"annotations": {"touched": "by hand"}}}
    await node.cluster.server.request(
        ApiRequest(method="PATCH", path=path, body=touch, content_type="application/merge-patch+json")
    )
    assert (await node.add(pod, "c2")).code == 11
    assert (await node.add(pod, "c3")).ips == first


@story()
async def test_a_kept_claim_that_was_deleted_by_hand_is_not_handed_out(node: AgentNode) -> None:
    from spiderpool.resources.kinds import CLAIMS

    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    request = node.request("ADD", "c1", "eth0", await node.cluster.pod("web"))
    node.netns("c1")
    first = await node.send(request)
    await node.cluster.admin.delete(CLAIMS, first.ips[0].partition("/")[0])
    assert (await node.send(request)).code == 11
    assert (await node.send(request)).ok


@story(reconcile_seconds=60.0)
async def test_a_create_that_commits_after_another_address_was_used_is_freed_by_the_wire(node: AgentNode) -> None:
    """Rule R9."""
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    pod = await node.cluster.pod("web")
    node.fault("commit_late", "create", seconds=30.0, give_up_seconds=0.1)
    node.fault("refuse", "create", status=409)
    assert (await node.add(pod)).code == 11
    node.end("c1")
    held = await node.attach(pod, "c2")
    await node.cluster.clock.sleep(31.0)
    assert len(await node.cluster.claims()) == 2

    async def one_left() -> bool:
        return len(await node.cluster.claims()) == 1

    await node.wait(one_left, 120)
    assert [f"{name}/16" for name in names_of(await node.cluster.claims())] == held
    assert node.carried("c2") == held


@story(reconcile_seconds=60.0)
async def test_a_spare_claim_of_the_same_container_is_freed_by_the_wire(node: AgentNode) -> None:
    """Rule R9, both claims name the namespace that lives."""
    from spiderpool.ipam.claims import new_claim
    from spiderpool.resources.addresses import parse_address
    from spiderpool.resources.kinds import CLAIMS, POOLS

    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    held = await node.attach(await node.cluster.pod("web"))
    (claim,) = (await node.cluster.claims()).values()
    pool = await node.cluster.admin.get(POOLS, "v4")
    free = next(f"10.9.0.{n}" for n in range(1, 9) if f"10.9.0.{n}" != claim.name)
    assert claim.spec.owner
    await node.cluster.admin.create(CLAIMS, new_claim(parse_address(free), pool, claim.spec.owner, ""))

    async def one_left() -> bool:
        return len(await node.cluster.claims()) == 1

    await node.wait(one_left, 120)
    assert [f"{name}/16" for name in names_of(await node.cluster.claims())] == held
    assert node.counted("reclaimed", reason="SpareClaim") == 1
