"""What nobody else looks after: entries of the journal without a claim, and claims of a machine that was replaced."""

from msgspec.structs import replace

from spiderpool.agent.tests.kit import AgentNode, PodRef, names_of, story
from spiderpool.resources.kinds import CLAIMS, EVENTS

JOURNAL = "/run/spidernet/journal"


async def lose(node: AgentNode, pod: PodRef, container: str) -> None:
    """The container is gone and its DEL is lost."""
    node.end(container)
    await node.cluster.remove_pod(pod.name)


@story(reconcile_seconds=30.0)
async def test_the_journal_of_attachments_whose_dels_were_lost_is_removed(node: AgentNode) -> None:
    await node.cluster.pools()
    for number in range(5):
        pod = await node.cluster.pod(f"p{number}")
        await node.attach(pod, f"c{number}")
        await lose(node, pod, f"c{number}")
    await node.cluster.clock.sleep(120)
    assert await node.cluster.claims() == {}
    assert await node.disk.names(JOURNAL) == []


@story(reconcile_seconds=30.0)
async def test_the_journal_keeps_what_lives_and_forgets_the_container_whose_address_was_adopted(
    node: AgentNode,
) -> None:
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    await node.attach(pod)
    node.end("c1")
    await node.attach(pod, "c2")
    await node.cluster.clock.sleep(120)
    assert await node.disk.names(JOURNAL) == ["c2.eth0.json"]


@story(reconcile_seconds=30.0)
async def test_the_journal_of_a_namespace_that_lives_stays_without_a_claim(node: AgentNode) -> None:
    """It registers the address again when a store is restored from before the claim."""
    await node.cluster.pool("v4", "10.9.0.1")
    await node.attach(await node.cluster.pod("web"))
    await node.cluster.admin.delete(CLAIMS, "10.9.0.1")
    await node.cluster.clock.sleep(120)
    assert await node.disk.names(JOURNAL) == ["c1.eth0.json"]


@story(reconcile_seconds=30.0)
async def test_claims_of_a_machine_that_was_replaced_are_said_once_with_the_remedy(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.1-10.9.0.9")
    await node.attach(await node.cluster.pod("web"))
    (claim,) = (await node.cluster.claims()).values()
    assert claim.spec.owner
    owner = replace(claim.spec.owner, machine_id="another")
    await node.cluster.admin.update(CLAIMS, replace(claim, spec=replace(claim.spec, owner=owner)))
    await node.cluster.clock.sleep(2000)
    assert names_of(await node.cluster.claims()) == [claim.name]
    told = [event for event in (await node.cluster.admin.list(EVENTS)).items if event.reason == "MachineReplaced"]
    assert [(event.type, event.involved_object.name) for event in told] == [("Warning", claim.name)]
    remedy = f"kubectl annotate sip {claim.name} ipam.spidernet.io/force-release=true"
    assert [words for words in ("default/web", "another", "machine-n1", remedy) if words not in told[0].message] == []
    assert len(node.said("claim of another machine of this node's name")) == 1
    assert node.telemetry.gauges["claims_of_another_machine", ()] == 1
