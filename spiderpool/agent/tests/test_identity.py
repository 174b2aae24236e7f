"""An identity's address goes to nobody else while the identity lives, and moves only when it is off the wire (R7, R11, R12)."""

from simulator.kube.api import ApiRequest
from spiderpool.agent.tests.kit import AgentNode, PodRef, names_of, story
from spiderpool.ipam.claims import adopted, parked
from spiderpool.resources.core import TAINT_OUT_OF_SERVICE
from spiderpool.resources.kinds import CLAIMS


async def incarnation(node: AgentNode, name: str, owner: dict[str, str], on: str = "n1") -> PodRef:
    """The pod of an ordinal, made again: a second later, so that it is the newer one."""
    await node.cluster.remove_pod(name)
    await node.cluster.clock.sleep(1.1)
    return await node.cluster.pod(name, on, owner=owner)


async def scale(node: AgentNode, name: str, replicas: int) -> None:
    path = f"/apis/apps/v1/namespaces/default/statefulsets/{name}"
    body = {"spec": {"replicas": replicas}}
    content_type = "application/merge-patch+json"
    await node.cluster.server.request(ApiRequest(method="PATCH", path=path, body=body, content_type=content_type))


@story()
async def test_del_of_a_wanted_ordinal_parks_its_addresses_and_the_next_incarnation_gets_them(node: AgentNode) -> None:
    await node.cluster.pools()
    owner = await node.cluster.stateful_set("web")
    held = await node.attach(await incarnation(node, "web-0", owner))
    await node.delete()
    assert [claim.spec.state for claim in (await node.cluster.claims()).values()] == ["Parked", "Parked"]
    assert await node.attach(await incarnation(node, "web-0", owner), "c2") == held
    assert [claim.spec.state for claim in (await node.cluster.claims()).values()] == ["Claimed", "Claimed"]


@story()
async def test_a_parked_address_goes_to_nobody_else(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1")
    owner = await node.cluster.stateful_set("web")
    await node.attach(await incarnation(node, "web-0", owner))
    await node.delete()
    assert (await node.add(await node.cluster.pod("other"), "c2")).code == 100


@story()
async def test_a_parked_address_moves_to_another_node(node: AgentNode) -> None:
    other = await node.cluster.node("n2").start()
    await node.cluster.pools()
    owner = await node.cluster.stateful_set("web")
    held = await node.attach(await incarnation(node, "web-0", owner))
    await node.delete()
    assert await other.attach(await incarnation(node, "web-0", owner, "n2"), "c2") == held
    claims = (await node.cluster.claims()).values()
    assert [claim.spec.owner.node for claim in claims if claim.spec.owner] == ["n2", "n2"]


@story()
async def test_an_address_that_may_be_on_the_wire_of_another_node_is_waited_for(node: AgentNode) -> None:
    """Rule R7: a pod object that is gone is no evidence."""
    other = await node.cluster.node("n2").start()
    await node.cluster.pools()
    owner = await node.cluster.stateful_set("web")
    held = await node.attach(await incarnation(node, "web-0", owner))
    moved = await incarnation(node, "web-0", owner, "n2")
    reply = await other.add(moved, "c2")
    assert (reply.code, "still on node n1" in reply.words) == (11, True)
    assert len(await node.cluster.claims()) == 2
    node.end("c1")

    async def parked() -> bool:
        return [claim.spec.state for claim in (await node.cluster.claims()).values()] == ["Parked", "Parked"]

    await node.wait(parked, 120)
    assert await other.attach(moved, "c3") == held


@story()
async def test_an_address_of_a_node_that_is_out_of_service_waits_for_the_controller_to_park_it(node: AgentNode) -> None:
    """A taint may be the act of a wrong hand; the controller asks the node's Lease too, the agent does not decide."""
    other = await node.cluster.node("n2").start()
    await node.cluster.pools()
    taint = {"key": TAINT_OUT_OF_SERVICE, "effect": "NoExecute", "value": "off"}
    item = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "spec": {"taints": [taint]}}
    owner = await node.cluster.stateful_set("web")
    held = await node.attach(await incarnation(node, "web-0", owner))
    node.crash()
    moved = await incarnation(node, "web-0", owner, "n2")
    await node.cluster.post("/api/v1/nodes", item)
    assert (await other.add(moved, "c2")).code == 11
    for claim in (await node.cluster.claims()).values():
        await node.cluster.admin.update(CLAIMS, parked(claim, "2026-01-01T00:00:00Z"))
    assert (await other.add(moved, "c3")).ips == held


@story()
async def test_on_the_same_node_an_address_moves_when_the_old_namespace_is_gone(node: AgentNode) -> None:
    await node.cluster.pools()
    owner = await node.cluster.stateful_set("web")
    held = await node.attach(await incarnation(node, "web-0", owner))
    again = await incarnation(node, "web-0", owner)
    assert (await node.add(again, "c2")).code == 11
    node.end("c1")
    assert (await node.add(again, "c3")).ips == held


@story()
async def test_an_address_that_an_older_incarnation_was_given_stays_though_it_was_reserved_since(
    node: AgentNode,
) -> None:
    """Rule 6, before anybody had time to park it: an edit concerns new claims only."""
    await node.cluster.pools()
    owner = await node.cluster.stateful_set("web")
    held = await node.attach(await incarnation(node, "web-0", owner))
    await node.cluster.reserve("kept", held[0].partition("/")[0])
    node.end("c1")
    again = await incarnation(node, "web-0", owner)
    assert (await node.add(again, "c2")).ips == held


@story()
async def test_an_ordinal_that_is_no_longer_wanted_is_freed_by_del(node: AgentNode) -> None:
    await node.cluster.pools()
    owner = await node.cluster.stateful_set("web", 2)
    await node.attach(await incarnation(node, "web-1", owner))
    await scale(node, "web", 1)
    await node.delete()
    assert await node.cluster.claims() == {}


@story()
async def test_a_set_that_is_gone_wants_nothing(node: AgentNode) -> None:
    await node.cluster.pools()
    owner = await node.cluster.stateful_set("web", 2)
    await node.attach(await incarnation(node, "web-1", owner))
    path = "/apis/apps/v1/namespaces/default/statefulsets/web"
    await node.cluster.server.request(ApiRequest(method="DELETE", path=path))
    await node.delete()
    assert await node.cluster.claims() == {}


@story()
async def test_a_failed_add_of_an_identity_parks_what_it_had_adopted(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.2")
    owner = await node.cluster.stateful_set("web")
    held = await node.attach(await incarnation(node, "web-0", owner))
    await node.delete()
    await node.cluster.pool("v6", "fd09::1")
    await node.attach(await node.cluster.pod("other"), "c9")
    assert (await node.add(await incarnation(node, "web-0", owner), "c2")).code == 100
    claim = (await node.cluster.claims())[held[0].partition("/")[0]]
    assert claim.spec.state == "Parked"


@story()
async def test_of_two_claims_of_an_identity_the_older_incarnations_is_freed(node: AgentNode) -> None:
    """Rule R12: s0 is force-deleted while its node cannot be asked; s1 has an address of its own by then."""
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    owner = await node.cluster.stateful_set("web")
    ghost = await incarnation(node, "web-0", owner)
    stalled = node.request("ADD", "c1", "eth0", ghost)
    node.netns("c1")
    node.link.hold_watches("pods")
    newer = await incarnation(node, "web-0", owner)
    held = await node.attach(newer, "c2")
    reply = await node.send(stalled)
    assert not reply.ok
    assert names_of(await node.cluster.claims()) == [held[0].partition("/")[0]]


@story(reconcile_seconds=60.0)
async def test_reclaim_parks_a_wanted_identitys_address_and_frees_an_unwanted_ones(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    owner = await node.cluster.stateful_set("web", 2)
    kept = await node.attach(await incarnation(node, "web-0", owner), "c1")
    await node.attach(await incarnation(node, "web-1", owner), "c2")
    await scale(node, "web", 1)
    for name, container in (("web-0", "c1"), ("web-1", "c2")):
        await node.cluster.remove_pod(name)
        node.end(container)

    async def settled() -> bool:
        claims = (await node.cluster.claims()).values()
        return [(f"{claim.name}/16", claim.spec.state) for claim in claims] == [(kept[0], "Parked")]

    await node.wait(settled, 120)


@story(reconcile_seconds=60.0)
async def test_reclaim_of_a_set_that_is_gone_frees_the_address(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    owner = await node.cluster.stateful_set("web", 2)
    await node.attach(await incarnation(node, "web-0", owner), "c1")
    path = "/apis/apps/v1/namespaces/default/statefulsets/web"
    await node.cluster.server.request(ApiRequest(method="DELETE", path=path))
    await node.cluster.remove_pod("web-0")
    node.end("c1")

    async def freed() -> bool:
        return not await node.cluster.claims()

    await node.wait(freed, 120)


@story()
async def test_an_interface_of_an_identity_has_an_identity_of_its_own(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    owner = await node.cluster.stateful_set("web")
    pod = await incarnation(node, "web-0", owner)
    first, second = await node.attach(pod), await node.attach(pod, interface="net1")
    await node.delete()
    await node.delete(interface="net1")
    again = await incarnation(node, "web-0", owner)
    assert await node.attach(again, "c2", interface="net1") == second
    assert await node.attach(again, "c2") == first


@story()
async def test_an_identity_of_a_kind_that_only_a_newer_version_knows_keeps_its_address(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    await node.attach(await node.cluster.pod("vm"), "c1")
    await node.attach(await node.cluster.pod("vm-too"), "c2")
    for claim in (await node.cluster.claims()).values():
        assert claim.spec.owner is not None
        identity = f"VirtualMachine/default/{claim.spec.owner.name}/eth0"
        await node.cluster.admin.update(CLAIMS, adopted(claim, claim.spec.owner, identity))
    await node.cluster.clock.sleep(1000)
    await node.delete("c1")
    node.end("c2")
    await node.cluster.remove_pod("vm-too")
    await node.cluster.clock.sleep(1000)
    assert [claim.spec.state for claim in (await node.cluster.claims()).values()] == ["Parked", "Parked"]
