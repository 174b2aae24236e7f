"""A range that was moved to another pool while claims of the old one stay in it: they carry the old pool's label."""

from msgspec.structs import replace

from spiderpool.agent.tests.kit import CONFIG, AgentNode, story
from spiderpool.ipam.claims import new_claim
from spiderpool.resources.addresses import Address, parse_address
from spiderpool.resources.kinds import CLAIMS

FROM_A = {**CONFIG, "ipam": {"type": "spiderpool", "default_ipv4_ippool": ["a"]}}
FIRST = parse_address("10.9.0.1").value


async def moved(node: AgentNode, claimed: int, size: int) -> None:
    """Pool b has a's former range of so many addresses, of which so many are claimed under a's label."""
    pool = await node.cluster.pool("a", f"10.9.0.1-10.9.0.{size}", default=False)
    assert (await node.add(await node.cluster.pod("seed"), "c-seed", config=FROM_A)).ok
    (seed,) = (await node.cluster.claims()).values()
    assert seed.spec.owner
    owner = replace(seed.spec.owner, node="n7", uid="somebody")
    others = [value for value in range(FIRST, FIRST + claimed) if value != seed.address.value]
    for value in others[: claimed - 1]:
        await node.cluster.admin.create(CLAIMS, new_claim(Address(4, value), pool, owner, ""))
    await node.cluster.edit("a", ips=())
    await node.cluster.pool("b", f"10.9.0.1-10.9.0.{size}")


@story()
async def test_every_free_address_of_a_moved_range_is_found_and_full_is_said_only_when_it_is(node: AgentNode) -> None:
    await moved(node, claimed=120, size=128)
    free = 128 - len(await node.cluster.claims())
    for number in range(free):
        with node.counting() as sent:
            reply = await node.add(await node.cluster.pod(f"p{number}"), f"c{number}")
        assert reply.ok, (number, reply.words)
        assert sent.count("list spideripaddresses") <= 4
    reply = await node.add(await node.cluster.pod("late"), "c-late")
    assert (reply.code, "all 128 are claimed" in reply.words) == (100, True)
    assert len(await node.cluster.claims()) == 128


@story()
async def test_a_full_pool_is_recognised_by_the_list_of_its_own_claims(node: AgentNode) -> None:
    """The list of a whole family is long, and is asked for only where lists by label do not explain the misses."""
    await node.cluster.pool("a", "10.9.0.1-10.9.0.2")
    for name in ("one", "two"):
        assert (await node.add(await node.cluster.pod(name), f"c-{name}")).ok
    with node.counting() as sent:
        reply = await node.add(await node.cluster.pod("three"), "c-three")
    assert (reply.code, sent.count("list spideripaddresses")) == (100, 1)
    assert node.running._parts.reads.family_claims.reads == 0
