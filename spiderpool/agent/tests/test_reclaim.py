"""Reclaim by the node: judged by namespaces, under the attachment's lock, by live reads (R6b, R8, R8b, R10)."""

import asyncio

from simulator.kube.calls import Call
from spiderpool.agent.tests.kit import AgentNode, PodRef, names_of, story
from spiderpool.host.port import HostError


async def no_claims(node: AgentNode) -> bool:
    return not await node.cluster.claims()


@story()
async def test_the_address_of_a_pod_that_went_without_a_del_is_freed_when_its_namespace_is_gone(
    node: AgentNode,
) -> None:
    """Rule R10."""
    await node.cluster.pools()
    await node.attach(await node.cluster.pod("web"))
    node.end("c1")
    await node.cluster.remove_pod("web")
    await node.wait(lambda: no_claims(node))
    assert node.counted("reclaimed", reason="PodGone") == 2
    assert [fields["address"] for fields in node.said("leaked address reclaimed")]


@story()
async def test_a_namespace_that_lives_keeps_its_address_whatever_the_api_says_of_the_pod(node: AgentNode) -> None:
    """Rule R6b, and R8b: the interface is bare between reply and configuration."""
    await node.cluster.pools()
    await node.add(await node.cluster.pod("web"))
    await node.cluster.remove_pod("web")
    await node.cluster.clock.sleep(1500)
    assert len(await node.cluster.claims()) == 2


@story(reconcile_seconds=30.0)
async def test_a_living_pod_keeps_the_addresses_of_its_dead_container(node: AgentNode) -> None:
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    held = await node.attach(pod)
    node.end("c1")
    await node.cluster.clock.sleep(200)
    assert (await node.add(pod, "c2")).ips == held


@story(reconcile_seconds=30.0)
async def test_another_boot_of_the_same_machine_carries_nothing(node: AgentNode) -> None:
    await node.cluster.pools()
    await node.attach(await node.cluster.pod("web"))
    node.crash()
    await node.cluster.remove_pod("web")
    node.boot_id = "boot-2-of-n1"
    await node.start(reconcile_seconds=30.0)
    await node.wait(lambda: no_claims(node))


@story(reconcile_seconds=30.0)
async def test_claims_of_another_machine_with_this_nodes_name_are_left_alone(node: AgentNode) -> None:
    from msgspec.structs import replace

    from spiderpool.resources.kinds import CLAIMS

    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    await node.add(await node.cluster.pod("web"))
    (claim,) = (await node.cluster.claims()).values()
    assert claim.spec.owner
    owner = replace(claim.spec.owner, machine_id="another", container_id="c7")
    await node.cluster.admin.update(CLAIMS, replace(claim, spec=replace(claim.spec, owner=owner)))
    node.crash()
    await node.start(reconcile_seconds=30.0)
    node.end("c1")
    await node.cluster.remove_pod("web")
    await node.cluster.clock.sleep(200)
    assert names_of(await node.cluster.claims()) == [claim.name]


@story(reconcile_seconds=30.0)
async def test_nothing_is_freed_while_the_api_server_cannot_be_asked(node: AgentNode) -> None:
    await node.cluster.pools()
    await node.attach(await node.cluster.pod("web"))
    node.end("c1")
    node.link.set_state("refusing")
    await node.cluster.remove_pod("web")
    await node.cluster.clock.sleep(200)
    assert len(await node.cluster.claims()) == 2
    node.link.set_state("up")
    await node.wait(lambda: no_claims(node), 120)


@story(reconcile_seconds=30.0)
async def test_a_verdict_that_the_api_server_did_not_answer_frees_nothing(node: AgentNode) -> None:
    await node.cluster.pools()
    await node.attach(await node.cluster.pod("web"))
    node.fault("refuse", "get", "pods", status=500, times=4)
    node.end("c1")
    await node.cluster.remove_pod("web")
    await node.wait(lambda: no_claims(node), 200)
    assert node.said("claim not judged")


@story(reconcile_seconds=30.0)
async def test_an_add_under_way_owns_its_claims(node: AgentNode) -> None:
    """Rule R8: the verdict 'namespace gone' waits for the lock, and is made anew under it."""
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    pod = await node.cluster.pod("web")
    await node.attach(pod)
    node.end("c1")
    node.netns("c2")
    held = asyncio.Event()

    async def hold(call: Call) -> None:
        if call.verb == "update":
            await held.wait()

    node.before_request = hold
    adding = asyncio.ensure_future(node.add(pod, "c2", deadline=1 << 60))
    await node.cluster.seen()
    await node.cluster.remove_pod("web")
    await node.cluster.clock.sleep(5.0)
    held.set()
    reply = await adding
    assert reply.ok
    await node.cluster.clock.sleep(100)
    assert len(await node.cluster.claims()) == 1


@story(reconcile_seconds=30.0)
async def test_a_node_that_cannot_look_at_a_namespace_frees_nothing_and_goes_on(node: AgentNode) -> None:
    """A look that fails is no evidence, and no reason for the agent to end."""
    await node.cluster.pools()
    await node.attach(await node.cluster.pod("web"))
    node.end("c1")

    def blind(operation: str, path: str) -> None:
        raise HostError("too many open files")

    node.host_fault = blind
    await node.cluster.remove_pod("web")
    await node.cluster.clock.sleep(200)
    assert len(await node.cluster.claims()) == 2
    node.host_fault = None
    await node.wait(lambda: no_claims(node), 120)


@story()
async def test_finished_pods_lose_their_addresses_when_their_namespace_is_gone(node: AgentNode) -> None:
    from simulator.kube.api import ApiRequest

    await node.cluster.pools()
    await node.attach(await node.cluster.pod("once"))
    node.end("c1")
    path = "/api/v1/namespaces/default/pods/once/status"
    body = {"status": {"phase": "Succeeded"}}
    content_type = "application/merge-patch+json"
    await node.cluster.server.request(ApiRequest(method="PATCH", path=path, body=body, content_type=content_type))
    await node.wait(lambda: no_claims(node))


@story(reconcile_seconds=60.0)
async def test_the_memory_of_a_claim_that_was_deleted_by_hand_fades(node: AgentNode) -> None:
    from spiderpool.agent.tests.kit import CONFIG
    from spiderpool.resources.kinds import CLAIMS

    await node.cluster.pool("v4", "10.9.0.1")
    pod = await node.cluster.pod("web")
    reply = await node.add(pod)
    await node.cluster.admin.delete(CLAIMS, "10.9.0.1")
    await node.cluster.clock.sleep(100)
    config = {**CONFIG, "prevResult": reply.value}
    assert (await node.call("CHECK", "c1", "eth0", pod, config=config)).code == 103


@story(reconcile_seconds=60.0)
async def test_a_claim_that_has_left_the_node_is_forgotten(node: AgentNode) -> None:
    other = await node.cluster.node("n2").start()
    await node.cluster.pool("v4", "10.9.0.1")
    owner = await node.cluster.stateful_set("web")
    await node.attach(await node.cluster.pod("web-0", owner=owner))
    await node.delete()
    await node.cluster.remove_pod("web-0")
    await other.attach(await node.cluster.pod("web-0", "n2", owner=owner), "c2")
    await node.cluster.clock.sleep(100)
    assert node.memory.claims == {}


@story()
async def test_the_address_of_a_static_pod_is_freed_as_soon_as_that_of_any_other(node: AgentNode) -> None:
    """The runtime and the claim name it by its config hash, the event of its mirror object by another uid."""
    await node.cluster.pools()
    metadata = {"name": "static-n1", "annotations": {"kubernetes.io/config.hash": "h1"}}
    spec = {"nodeName": "n1", "containers": [{"name": "box", "image": "box"}]}
    item = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    await node.cluster.post("/api/v1/namespaces/default/pods", item)
    await node.cluster.seen()
    await node.attach(PodRef(name="static-n1", uid="h1"))
    node.end("c1")
    await node.cluster.remove_pod("static-n1")
    await node.wait(lambda: no_claims(node), 10)
