"""DEL: addresses off the wire, then released, parked or cooled. It never fails because something is missing.

Main plugins such as macvlan call IPAM DEL *before* they remove the link, so the agent takes the address off the
interface itself before it gives it back (rule R3). What cannot be done now is kept as a tombstone by the caller.
"""

from collections.abc import Sequence

from spiderpool.agent import journal, writing
from spiderpool.agent.attachment import DelCall
from spiderpool.agent.parts import Parts
from spiderpool.host.port import HostError
from spiderpool.ipam.claims import cooled, parked, same_attempt
from spiderpool.ipam.detach import Fate, fate
from spiderpool.ipam.identity import label_value
from spiderpool.ipam.reclaim import Identity
from spiderpool.kube import identities
from spiderpool.ports.clock import rfc3339
from spiderpool.resources.claim import LABEL_IDENTITY, Owner, SpiderIPAddress
from spiderpool.resources.kinds import CLAIMS


async def release_container(parts: Parts, call: DelCall) -> Sequence[SpiderIPAddress]:
    """Release what exactly this container and interface holds; returns the claims that it held.

    Raises:
        HostError: an address may still be on the wire.
        KubeError: the API server could not be asked.
    """
    if parts.memory.uncertain:
        await refresh(parts)
    claims = [
        claim for claim in parts.memory.of_container(call.container_id, call.interface) if _is_meant(parts, call, claim)
    ]
    bare = [claim for claim in claims if await take_off_wire(parts, claim)]
    for claim in claims:
        if claim not in bare:
            await settle(parts, claim)
    if bare:
        addresses = ", ".join(claim.spec.address for claim in bare)
        raise HostError(f"{addresses} may still come up on {call.interface}: it was handed out, and is not there yet")
    await journal.remove_entry(parts, call.container_id, call.interface)
    return claims


def _is_meant(parts: Parts, call: DelCall, claim: SpiderIPAddress) -> bool:
    """A DEL undoes the ADDs that began before it, and none that the same container made later in this boot."""
    owner = claim.spec.owner
    return owner is None or owner.boot_id != parts.ports.node.boot_id or owner.since <= call.stamp_ns


async def refresh(parts: Parts) -> None:
    """Read this node's claims again, because a write of unknown outcome is pending."""
    doubts, before = dict(parts.memory.uncertain), dict(parts.memory.claims)
    listing = await parts.reads.node_claims.after_now()
    parts.memory.merge(listing.items, before, parts.ports.node.name)
    parts.memory.trust(doubts)


async def lives(parts: Parts, owner: Owner) -> bool:
    """Whether the network namespace of an attachment of this machine still exists."""
    if owner.boot_id != parts.ports.node.boot_id:
        return False
    return await parts.ports.host.netns_inode(owner.netns.path) == owner.netns.inode


async def is_carried(parts: Parts, claim: SpiderIPAddress) -> bool:
    """Whether the claim's own network namespace lives and carries its address.

    Raises:
        HostError: the node cannot look.
    """
    owner = claim.spec.owner
    if owner is None or not await lives(parts, owner):
        return False
    carried = await parts.ports.host.addresses(owner.netns.path) or {}
    return claim.spec.address in carried.get(owner.interface, ())


async def take_off_wire(parts: Parts, claim: SpiderIPAddress) -> bool:
    """Remove the claim's address from its interface; a namespace that is gone carries nothing.

    Returns:
        Whether the interface is there without the address. A main plugin that was answered before its runtime gave up
        may then be about to add it: what was handed out must go to nobody before the namespace is gone.

    Raises:
        HostError: it may still be there.
    """
    owner = claim.spec.owner
    if owner is None or not await lives(parts, owner):
        return False
    missing = await parts.ports.host.flush(owner.netns.path, owner.interface, [claim.spec.address])
    if missing:
        return not parts.memory.was_taken_off_wire(claim)
    parts.memory.note_off_wire(claim)
    return False


async def may_come_up(parts: Parts, claim: SpiderIPAddress) -> bool:
    """Remove the claim's address from its interface; whether its container was answered and may bring it up yet.

    Raises:
        HostError: it may still be there.
        OSError: the journal, which tells who was answered, cannot be read.
    """
    owner = claim.spec.owner
    if owner is None or not await take_off_wire(parts, claim):
        return False
    return await journal.was_answered(parts, owner.container_id, owner.interface, claim.name)


async def settle(parts: Parts, claim: SpiderIPAddress) -> Fate | None:
    """Park, cool or delete a claim that no interface carries; None when it is another incarnation's by now.

    Raises:
        KubeError: the API server could not be asked.
    """
    current: SpiderIPAddress | None = claim
    while current is not None and _same_claim(current, claim):
        outcome = await _settle_once(parts, current)
        if outcome is not None:
            parts.ports.telemetry.count("released", 1, fate=outcome)
            return outcome
        current = await writing.read(parts, claim.name)
    return None


async def _settle_once(parts: Parts, claim: SpiderIPAddress) -> Fate | None:
    """One attempt; None when the claim has changed since it was read."""
    wanted, others = await _identity_facts(parts, claim)
    pool = parts.views.pools.get(claim.spec.pool.name)
    cooldown_seconds = pool.spec.cooldown_seconds if pool else 0
    decided = fate(claim, identity_wanted=wanted, of_identity=others, cooldown_seconds=cooldown_seconds)
    at = rfc3339(parts.ports.clock.now())
    match decided:
        case "delete":
            done = await writing.delete(parts, claim)
        case "park":
            done = await writing.update(parts, parked(claim, at)) is not None
        case "cool":
            done = await writing.update(parts, cooled(claim, at)) is not None
    return decided if done else None


async def _identity_facts(parts: Parts, claim: SpiderIPAddress) -> tuple[bool, Sequence[SpiderIPAddress]]:
    """Whether the claim's identity is wanted, by a live read, and every claim of it."""
    if await identities.ask(parts.ports.kube, claim.spec.identity) is not Identity.WANTED:
        return False, ()
    return True, await claims_of_identity(parts, claim.spec.identity)


async def claims_of_identity(parts: Parts, identity: str) -> list[SpiderIPAddress]:
    """Every claim of an identity, by a consistent list."""
    listing = await parts.ports.kube.list(CLAIMS, labels=f"{LABEL_IDENTITY}={label_value(identity)}")
    return [claim for claim in listing.items if claim.spec.identity == identity]


def _same_claim(one: SpiderIPAddress, other: SpiderIPAddress) -> bool:
    """Whether a claim still stems from the same ADD. One of the same container that began later is not meant: what it
    was given may be on the wire by now.
    """
    owner = other.spec.owner
    return one.spec.state == "Claimed" and owner is not None and same_attempt(one.spec.owner, owner)
