"""Before the agent serves: its node's claims, what lives here, and the DELs that could not be carried out.

1. list this node's claims, consistently: memory is authoritative from now on
2. register again what lives here and has no claim (the store went back in time); an address that somebody else holds by
   now is a conflict for people, and nothing is touched
3. replay tombstones (``service.py``); only then it serves
"""

from spiderpool.agent import journal, writing
from spiderpool.agent.parts import Parts
from spiderpool.agent.release import lives
from spiderpool.host.port import HostError
from spiderpool.ipam.identity import label_value
from spiderpool.kube.errors import KubeError
from spiderpool.resources.claim import LABEL_NODE, SpiderIPAddress
from spiderpool.resources.core import ObjectReference
from spiderpool.resources.kinds import CLAIMS
from spiderpool.resources.meta import ObjectMeta

RETRY_SECONDS = 2.0


async def start(parts: Parts) -> None:
    """Learn the node's state; waits for the API server as long as it takes."""
    for view in parts.views.all():
        await view.synced()
    await _list_claims(parts)
    await _register_again(parts)


async def _list_claims(parts: Parts) -> None:
    node = label_value(parts.ports.node.name)
    while True:
        try:
            listing = await parts.ports.kube.list(CLAIMS, labels=f"{LABEL_NODE}={node}")
        except KubeError as error:
            parts.ports.telemetry.log("warning", "the node's claims cannot be listed yet", error=str(error))
            await parts.ports.clock.sleep(RETRY_SECONDS)
        else:
            parts.memory.replace_all(listing.items)
            return


async def _register_again(parts: Parts) -> None:
    """Claims of live attachments that the ledger does not know."""
    try:
        entries = await journal.entries(parts)
    except OSError as error:
        folder = parts.ports.settings.journal_folder
        parts.ports.telemetry.log("error", "the journal cannot be read", folder=folder, error=str(error))
        return
    for entry in entries:
        owner = entry.claims[0].spec.owner if entry.claims else None
        try:
            alive = owner is not None and await lives(parts, owner)
        except HostError as error:
            parts.ports.telemetry.log(
                "warning", "journal entry not judged", interface=entry.interface, error=str(error)
            )
            continue
        if not alive:
            await journal.remove_entry(parts, entry.container_id, entry.interface)
            continue
        for claim in entry.claims:
            if claim.name not in parts.memory.claims:
                await _register(parts, claim)


async def _register(parts: Parts, claim: SpiderIPAddress) -> None:
    bare = SpiderIPAddress(
        metadata=ObjectMeta(name=claim.name, labels=claim.metadata.labels),
        spec=claim.spec,
    )
    try:
        made = await writing.create(parts, bare)
    except KubeError as error:
        parts.ports.telemetry.log("error", "live address not registered", address=claim.name, error=str(error))
        return
    parts.ports.telemetry.count(
        "registered_again", 1, outcome="conflict" if isinstance(made, writing.Taken) else "done"
    )
    about = ObjectReference(api_version=CLAIMS.api_version, kind=CLAIMS.kind, name=claim.name)
    if isinstance(made, writing.Taken):
        said = f"is on the wire of node {parts.ports.node.name}, but somebody else holds its claim; look at both"
        await parts.events.note(about, "AddressConflict", f"{claim.spec.address} {said}", "Warning")
    else:
        said = "was on the wire without a claim and is registered again"
        await parts.events.note(about, "AddressRegistered", f"{claim.spec.address} {said}")
