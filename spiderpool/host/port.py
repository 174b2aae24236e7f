"""What the agent asks of its node, in two small ports: the wire (``Host``) and the files (``Disk``).

The simulator implements both on the tables of its simulated nodes; the same contract tests run on both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeIdentity:
    """Who this node is. Only the same machine may attest to what happened on it; a new boot id means that every
    network namespace of the boots before is gone.
    """

    name: str
    machine_id: str
    boot_id: str


class HostError(Exception):
    """The node could not do it, though the namespace exists; ask again later."""


class Host(Protocol):
    """Network namespaces and what they carry."""

    async def netns_inode(self, path: str) -> int | None:
        """The inode of the namespace that is mounted at ``path``; None when nothing, or no namespace, is there."""
        ...

    async def addresses(self, path: str) -> Mapping[str, Sequence[str]] | None:
        """Interface name to addresses with prefix length, without loopback and link-local ones; None when the
        namespace is gone.
        """
        ...

    async def flush(self, path: str, interface: str, addresses: Sequence[str]) -> Sequence[str]:
        """Take addresses off an interface, whichever of them it carries. A namespace, interface or address that is
        not there is success.

        Returns:
            Those of the addresses that the interface did not carry although it is there: whoever configures it may be
            about to add them. Nothing where there is no such namespace or interface.

        Raises:
            HostError: an address may still be on the wire.
        """
        ...


class Disk(Protocol):
    """Files of the agent: journal, tombstones, the highest revision seen."""

    async def names(self, folder: str) -> Sequence[str]:
        """File names in a folder, sorted; empty when there is no folder. Temporary names are left out."""
        ...

    async def read(self, path: str) -> bytes | None:
        """The content, or None when there is no such file."""
        ...

    async def write(self, path: str, data: bytes, *, durable: bool = True) -> None:
        """Write whole or not at all; ``durable`` survives a power cut once this returned."""
        ...

    async def remove(self, path: str) -> None:
        """Remove; a file that is not there is success."""
        ...
