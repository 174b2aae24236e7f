"""What an ADD gives back: what a failed one has claimed, what a dead one left half done, what its interface no longer gets.

A claim that was given to a pod (the journal names it, or an interface carries it) is an address in use. One that was
not is the trace of an ADD that died before its verifying read: nobody misses it, and nobody has checked it.
"""

from collections.abc import Collection, Sequence

from spiderpool.agent import journal, writing
from spiderpool.agent.attachment import AddCall
from spiderpool.agent.parts import Parts
from spiderpool.agent.release import is_carried, may_come_up, refresh, settle
from spiderpool.host.port import HostError
from spiderpool.ipam.claims import same_attempt
from spiderpool.kube.errors import KubeError
from spiderpool.resources.addresses import Family
from spiderpool.resources.claim import Owner, SpiderIPAddress


async def answered(parts: Parts, call: AddCall, own: Sequence[SpiderIPAddress]) -> frozenset[str]:
    """Names of those claims of a pod's interface that were given to it."""
    if not own:
        return frozenset()
    known = await journal.answered(parts, call.uid, call.interface)
    return frozenset([claim.name for claim in own if claim.name in known or await is_carried(parts, claim)])


async def give_back(parts: Parts, claims: Sequence[SpiderIPAddress], *, why: str) -> None:
    """Release claims that no interface needs; what cannot be released now, node reclaim finds."""
    for claim in claims:
        try:
            if await may_come_up(parts, claim):
                parts.ports.telemetry.log("info", "claim kept until its namespace is gone", address=claim.name)
                continue
            await settle(parts, claim)
        except (KubeError, HostError, OSError) as error:
            parts.memory.doubt(claim.spec.owner.uid if claim.spec.owner else "")
            parts.ports.telemetry.log("warning", "claim not given back", address=claim.name, error=str(error))
        else:
            parts.ports.telemetry.log("info", "claim given back", address=claim.name, reason=why)


def unwanted(parts: Parts, owner: Owner, families: Collection[Family]) -> list[SpiderIPAddress]:
    """Claims that older containers of this interface left in families that it no longer gets."""
    return [
        claim
        for claim in parts.memory.of_attachment(owner.uid, owner.interface)
        if claim.spec.state == "Claimed"
        and claim.address.family not in families
        and claim.spec.owner is not None
        and claim.spec.owner.container_id != owner.container_id
    ]


async def undo(parts: Parts, owner: Owner, in_use: Collection[str]) -> list[str]:
    """Give back what a failed ADD claimed or adopted, and say what. An earlier ADD of the same container may have brought
    an address up, so it is taken off the wire first; one that it may still bring up stays until its namespace is gone.
    What cannot be given back now, node reclaim finds: the pod is marked uncertain.

    Args:
        parts: the agent.
        owner: the failed ADD.
        in_use: names of claims that were in use before it: an identity's are parked, the others are nobody's.
    """
    given_back: list[str] = []
    kept: list[str] = []
    try:
        if owner.uid in parts.memory.uncertain:
            await refresh(parts)
        for claim in parts.memory.of_attachment(owner.uid, owner.interface):
            if not same_attempt(claim.spec.owner, owner) or claim.spec.state != "Claimed":
                continue
            if await may_come_up(parts, claim):
                kept.append(claim.spec.address)
                continue
            await (settle(parts, claim) if claim.name in in_use else writing.delete(parts, claim))
            given_back.append(claim.spec.address)
        if not kept:
            await journal.remove_entry(parts, owner.container_id, owner.interface)
    except (KubeError, HostError, OSError) as error:
        parts.memory.doubt(owner.uid)
        parts.ports.telemetry.log("warning", "a failed ADD could not give back", pod=owner.name, error=str(error))
    return given_back
