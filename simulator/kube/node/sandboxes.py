"""What a container runtime remembers of its pod sandboxes, and how it keeps that over its own crash and a power cut.

A record is written before the first CNI call and again when the sandbox is ready, so a runtime that comes back knows
sandboxes whose network was half made. A sandbox is ready only while its network namespace lives; after a reboot none
is. The CNI result stands in the record as well (libcni keeps it in a file of its own): it is there from the end of a
successful ADD to the end of the first successful DEL.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from simulator.kube.ports import Disk

FOLDER = "/var/lib/containerd/sandboxes"


@dataclass(frozen=True, slots=True, kw_only=True)
class PodRef:
    """The pod that a sandbox is for, as the runtime hears of it."""

    namespace: str
    name: str
    uid: str


@dataclass(slots=True, kw_only=True)
class Sandbox:
    """One pod sandbox. ``ready``: its pause process runs and its network stands."""

    id: str
    namespace: str
    name: str
    uid: str
    netns: str
    number: int
    ready: bool = False
    result: Mapping[str, Any] | None = None

    def addresses(self) -> list[str]:
        """The pod's addresses without prefix length, in the order of the CNI result."""
        ips = (self.result or {}).get("ips", [])
        return [ip["address"].partition("/")[0] for ip in ips]


class SandboxStore:
    """Sandboxes by id, in order of creation, with a copy on disk."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._sandboxes: dict[str, Sandbox] = {}
        self._numbers = 0

    async def load(self) -> None:
        """Read back what an earlier incarnation wrote."""
        found = []
        for name in await self._disk.names(FOLDER):
            text = await self._disk.read(f"{FOLDER}/{name}")
            if text is not None:
                found.append(msgspec.json.decode(text, type=Sandbox))
        self._sandboxes = {sandbox.id: sandbox for sandbox in sorted(found, key=lambda one: one.number)}
        self._numbers = max((sandbox.number for sandbox in found), default=0)

    def next_number(self) -> int:
        """Counts the sandboxes of this node, over all incarnations that left a record."""
        self._numbers += 1
        return self._numbers

    def all(self) -> list[Sandbox]:
        """Every sandbox, oldest first."""
        return list(self._sandboxes.values())

    def get(self, sandbox_id: str) -> Sandbox | None:
        """One of them."""
        return self._sandboxes.get(sandbox_id)

    async def save(self, sandbox: Sandbox) -> None:
        """Keep it, durably."""
        self._sandboxes[sandbox.id] = sandbox
        await self._disk.write(f"{FOLDER}/{sandbox.id}", msgspec.json.encode(sandbox))

    async def remove(self, sandbox: Sandbox) -> None:
        """Forget it."""
        self._sandboxes.pop(sandbox.id, None)
        await self._disk.remove(f"{FOLDER}/{sandbox.id}", durable=True)
