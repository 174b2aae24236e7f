"""The journal: one small file per attachment on tmpfs, written before its first claim.

It goes with a reboot, as the network namespaces do. The ledger alone is enough to release; the journal makes it
possible to register what lives here again after the store went back in time, and to answer CNI GC, which knows
networks.
"""

import msgspec

from spiderpool.agent.attachment import AddCall
from spiderpool.agent.parts import Parts
from spiderpool.resources.claim import Netns, SpiderIPAddress


class Entry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One attachment; ``claims`` is empty while its ADD is under way."""

    container_id: str
    interface: str
    network: str
    uid: str
    netns: Netns
    since: int
    claims: tuple[SpiderIPAddress, ...] = ()


def _path(parts: Parts, container_id: str, interface: str) -> str:
    return f"{parts.ports.settings.journal_folder}/{container_id}.{interface}.json"


async def write_entry(parts: Parts, call: AddCall, inode: int, claims: tuple[SpiderIPAddress, ...] = ()) -> None:
    """Write or replace the entry of an attachment."""
    entry = Entry(
        container_id=call.container_id,
        interface=call.interface,
        network=call.network,
        uid=call.uid,
        netns=Netns(path=call.netns, inode=inode),
        since=call.since_ns,
        claims=claims,
    )
    path = _path(parts, call.container_id, call.interface)
    await parts.ports.disk.write(path, msgspec.json.encode(entry), durable=False)


async def remove_entry(parts: Parts, container_id: str, interface: str) -> None:
    """The attachment is gone. An entry that cannot be removed is reported and left: the next start judges it again."""
    path = _path(parts, container_id, interface)
    try:
        await parts.ports.disk.remove(path)
    except OSError as error:
        parts.ports.telemetry.log("warning", "journal entry cannot be removed", file=path, error=str(error))


async def answered(parts: Parts, uid: str, interface: str) -> set[str]:
    """Names of the claims that an ADD of this pod's interface was answered with, as far as this boot's journal knows."""
    found = await entries(parts)
    return {claim.name for entry in found if (entry.uid, entry.interface) == (uid, interface) for claim in entry.claims}


async def was_answered(parts: Parts, container_id: str, interface: str, claim: str) -> bool:
    """Whether an ADD of this very container was answered with a claim; one whose entry is broken may have been.

    Raises:
        OSError: the file cannot be read.
    """
    data = await parts.ports.disk.read(_path(parts, container_id, interface))
    if data is None:
        return False
    try:
        return claim in {one.name for one in msgspec.json.decode(data, type=Entry).claims}
    except msgspec.DecodeError:
        return True


async def entries(parts: Parts) -> list[Entry]:
    """All entries; a file that cannot be read is reported and left out.

    Raises:
        OSError: the folder cannot be read.
    """
    folder, found = parts.ports.settings.journal_folder, []
    for name in await parts.ports.disk.names(folder):
        try:
            data = await parts.ports.disk.read(f"{folder}/{name}")
            found.append(msgspec.json.decode(data or b"", type=Entry))
        except (msgspec.DecodeError, OSError) as error:
            parts.ports.telemetry.log("warning", "journal entry cannot be read", file=name, error=str(error))
    return found
