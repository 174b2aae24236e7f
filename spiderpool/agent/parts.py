"""What the agent's functions work on: the ports, handed in as one frozen value, and the node's state built on them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from spiderpool.agent.memory import Memory
from spiderpool.agent.settings import AgentSettings
from spiderpool.agent.views import Views
from spiderpool.host.port import Disk, Host, NodeIdentity
from spiderpool.kube.batched import Batched, BatchedByKey
from spiderpool.kube.port import Kube, Listing
from spiderpool.observe.events import Events
from spiderpool.observe.port import Telemetry
from spiderpool.ports.clock import Clock
from spiderpool.ports.entropy import Entropy
from spiderpool.resources.claim import SpiderIPAddress
from spiderpool.resources.pool import SpiderIPPool
from spiderpool.resources.reserved import SpiderReservedIP


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPorts:
    """Everything the agent reaches the world through. The composition root makes one; the services get it."""

    kube: Kube
    clock: Clock
    entropy: Entropy
    host: Host
    disk: Disk
    node: NodeIdentity
    telemetry: Telemetry
    settings: AgentSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedReads:
    """Consistent reads that several ADDs share: each is sent after every caller that it serves has asked."""

    pool: BatchedByKey[SpiderIPPool | None]
    reservations: Batched[Listing[SpiderReservedIP]]
    pool_claims: BatchedByKey[Listing[SpiderIPAddress]]
    family_claims: BatchedByKey[Listing[SpiderIPAddress]]
    node_claims: Batched[Listing[SpiderIPAddress]]


class Locks:
    """One lock per (pod uid, interface), kept only while somebody wants it."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def of(self, uid: str, interface: str) -> AsyncIterator[None]:
        """Hold the lock of an attachment: its ADDs and its reclaim exclude each other (a DEL needs no lock)."""
        key = (uid, interface)
        lock, users = self._held.get(key, (asyncio.Lock(), 0))
        self._held[key] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._held.pop(key)
            if users > 1:
                self._held[key] = (lock, users - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The agent of one node: its ports and what it keeps in memory."""

    ports: AgentPorts
    views: Views
    memory: Memory
    reads: SharedReads
    events: Events
    locks: Locks = field(default_factory=Locks)
    told: dict[str, None] = field(default_factory=dict)
    """Names of claims about which people have been told something that is to be said once."""
