"""What stays behind and nobody else looks after: journal entries without a claim, and claims of a machine that was replaced.

A new machine under an old node's name may not attest for the old one, which may run on without its kubelet; and the
controller keeps the claims of a node whose object is there. So people have to say that the old machine is gone, and are
asked to, once for each claim.
"""

from spiderpool.agent import journal
from spiderpool.agent.parts import Parts
from spiderpool.host.port import HostError
from spiderpool.resources.claim import Owner, SpiderIPAddress
from spiderpool.resources.core import ObjectReference
from spiderpool.resources.kinds import CLAIMS


async def sweep_journal(parts: Parts) -> None:
    """Remove the entries of attachments whose namespace is gone and that hold no claim: a DEL that was lost, or an
    address that a newer container adopted.
    """
    try:
        entries = await journal.entries(parts)
        for entry in entries:
            async with parts.locks.of(entry.uid, entry.interface):
                if not await _is_needed(parts, entry):
                    await journal.remove_entry(parts, entry.container_id, entry.interface)
    except (HostError, OSError) as error:
        parts.ports.telemetry.log("warning", "the journal was not swept", error=str(error))


async def _is_needed(parts: Parts, entry: journal.Entry) -> bool:
    held = parts.memory.of_container(entry.container_id, entry.interface)
    if any(claim.spec.state == "Claimed" for claim in held):
        return True
    return await parts.ports.host.netns_inode(entry.netns.path) == entry.netns.inode


async def tell_replaced(parts: Parts) -> None:
    """Say which claims of this node's name another machine holds, and what to do about it."""
    found = [claim for claim in parts.memory.claims.values() if _is_of_another_machine(parts, claim)]
    parts.ports.telemetry.gauge("claims_of_another_machine", len(found))
    for name in [name for name in parts.told if name not in parts.memory.claims]:
        del parts.told[name]
    for claim in sorted(found, key=lambda claim: claim.name):
        if claim.spec.owner is not None and claim.name not in parts.told:
            parts.told[claim.name] = None
            await _tell(parts, claim, claim.spec.owner)


def _is_of_another_machine(parts: Parts, claim: SpiderIPAddress) -> bool:
    owner = claim.spec.owner
    return claim.spec.state == "Claimed" and owner is not None and owner.machine_id != parts.ports.node.machine_id


async def _tell(parts: Parts, claim: SpiderIPAddress, owner: Owner) -> None:
    node = parts.ports.node
    said = (
        f"{claim.spec.address} of pod {owner.namespace}/{owner.name} is held by another machine of the name {node.name} "
        f"(machine ID {owner.machine_id}, this one is {node.machine_id}). If that machine is off for good: kubectl "
        f"annotate sip {claim.name} ipam.spidernet.io/force-release=true, and kubectl delete sip {claim.name}"
    )
    parts.ports.telemetry.log(
        "warning", "claim of another machine of this node's name", address=claim.name, remedy=said
    )
    about = ObjectReference(api_version=CLAIMS.api_version, kind=CLAIMS.kind, name=claim.name)
    await parts.events.note(about, "MachineReplaced", said, "Warning")
