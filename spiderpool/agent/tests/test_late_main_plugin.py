"""Rule 2 for main plugins that outlive their runtime: they were answered, and bring the addresses up a little later.

The interface is there (macvlan makes it before it asks for addresses) and the address is not on it yet. DEL's part of
this is in ``test_del.py``.
"""

from spiderpool.agent.tests.kit import AgentNode, PodRef, Reply, names_of, story

ALL = "10.9.0.1-10.9.0.9"
JOURNAL = "/run/spidernet/journal"


async def no_claims(node: AgentNode) -> bool:
    return await node.cluster.claims() == {}


async def answered_and_bare(node: AgentNode) -> tuple[PodRef, Reply]:
    """A pod whose first container was answered, and whose interface is there without the address."""
    await node.cluster.pool("v4", ALL)
    pod = await node.cluster.pod("web")
    first = await node.add(pod, "c1")
    node.up("c1")
    return pod, first


@story()
async def test_an_address_that_an_older_container_may_still_bring_up_is_waited_for(node: AgentNode) -> None:
    pod, first = await answered_and_bare(node)

    refused = await node.add(pod, "c2")
    assert refused.code == 11
    assert "c1" in refused.words
    node.up("c1", *first.ips)

    assert (await node.add(pod, "c2")).ips == first.ips
    assert node.carried("c1") == []


@story()
async def test_a_container_whose_journal_entry_is_broken_counts_as_answered(node: AgentNode) -> None:
    pod, _ = await answered_and_bare(node)
    await node.disk.write(f"{JOURNAL}/c1.eth0.json", b"{")

    assert (await node.add(pod, "c2")).code == 11


@story()
async def test_a_container_gets_its_pods_address_once_the_older_namespace_is_gone(node: AgentNode) -> None:
    pod, first = await answered_and_bare(node)
    assert (await node.add(pod, "c2")).code == 11
    node.end("c1")

    assert (await node.add(pod, "c2")).ips == first.ips


@story()
async def test_a_family_that_is_no_longer_wanted_is_kept_while_an_older_container_may_bring_it_up(
    node: AgentNode,
) -> None:
    await node.cluster.pools()
    pod = await node.cluster.pod("web")
    v4, v6 = (await node.add(pod, "c1")).ips
    node.up("c1", v4)
    await node.cluster.edit("v6", default=False)
    await node.cluster.seen()

    assert (await node.add(pod, "c2")).ips == [v4]
    node.up("c2", v4)
    assert len(await node.cluster.claims()) == 2
    node.up("c1", v6)
    await node.cluster.clock.sleep(1000)
    assert len(await node.cluster.claims()) == 2

    node.end("c1")
    await node.cluster.clock.sleep(1000)
    assert names_of(await node.cluster.claims()) == [v4.partition("/")[0]]


@story()
async def test_a_second_add_of_a_container_that_fails_frees_nothing_that_the_first_may_bring_up(
    node: AgentNode,
) -> None:
    pod, first = await answered_and_bare(node)
    (held,) = first.ips
    await node.cluster.pool("v6", "fd09::1")
    await node.attach(await node.cluster.pod("other"), "c2")

    assert (await node.add(pod)).code == 100
    node.up("c1", held)
    assert held.partition("/")[0] in await node.cluster.claims()

    node.end("c1")
    node.end("c2")
    for name in ("web", "other"):
        await node.cluster.remove_pod(name)
    await node.wait(lambda: no_claims(node), 1000)
