"""The leader's copies of what it watches, and what a change in them gives reason to look at.

Copies may be stale: they nominate, live reads decide. A change of a pool, reservation or claim asks for a look at the
pools. A claim is nominated for reclaim when it is parked or cools, when its node's object is missing or out of service,
when the StatefulSet of its identity changed, or when another claim of its identity came.
"""

import asyncio
from collections.abc import Iterable

from spiderpool.controller.census import Census
from spiderpool.controller.fences import Fences
from spiderpool.controller.ports import ControllerPorts
from spiderpool.ipam.identity import statefulset_of
from spiderpool.kube.informer import Change, Informer
from spiderpool.kube.workqueue import WorkQueue
from spiderpool.resources.claim import SpiderIPAddress
from spiderpool.resources.core import TAINT_OUT_OF_SERVICE, Node, StatefulSet
from spiderpool.resources.kinds import CLAIMS, NODES, POOLS, RESERVED_IPS, STATEFUL_SETS
from spiderpool.resources.pool import SpiderIPPool
from spiderpool.resources.reserved import SpiderReservedIP

Group = tuple[str, ...]


class Views:
    """Five copies, the census of the claims, and the two outlets ``pools_changed`` and ``nominations``."""

    def __init__(self, ports: ControllerPorts, nominations: WorkQueue[str], fences: Fences) -> None:
        kube, clock, entropy = ports.kube, ports.clock, ports.entropy
        self.nominations = nominations
        self._fences = fences
        self.pools_changed = asyncio.Event()
        self.census = Census()
        self._telemetry = ports.telemetry
        self._groups: dict[Group, dict[str, None]] = {}
        error = self._failed
        self.nodes: Informer[Node] = Informer(kube, NODES, clock, entropy, on_change=self._node_changed, on_error=error)
        self.stateful_sets: Informer[StatefulSet] = Informer(
            kube, STATEFUL_SETS, clock, entropy, on_change=self._set_changed, on_error=error
        )
        self.pools: Informer[SpiderIPPool] = Informer(
            kube, POOLS, clock, entropy, on_change=self._pools_changed, on_error=error
        )
        self.reservations: Informer[SpiderReservedIP] = Informer(
            kube, RESERVED_IPS, clock, entropy, on_change=self._pools_changed, on_error=error
        )
        self.claims: Informer[SpiderIPAddress] = Informer(
            kube, CLAIMS, clock, entropy, on_change=self._claim_changed, on_error=error
        )

    async def open(self, group: asyncio.TaskGroup) -> None:
        """Start the copies in a task group and wait until each has its first list.

        Claims come last: before the nodes are known, every claim would look as if its node were missing.
        """
        for informer in (self.nodes, self.stateful_sets, self.pools, self.reservations):
            group.create_task(informer.run())
        for informer in (self.nodes, self.stateful_sets, self.pools, self.reservations):
            await informer.synced()
        group.create_task(self.claims.run())
        await self.claims.synced()

    def nominate_all(self) -> None:
        """Nominate every claim that the copies give reason to look at."""
        self._nominate(claim.name for claim in self.claims.items() if self._is_candidate(claim))

    def of_identity(self, identity: str) -> list[SpiderIPAddress]:
        """The claims of one identity in the copy."""
        found = (self.claims.get(name) for name in self._groups.get(("identity", identity), {}))
        return [claim for claim in found if claim is not None]

    def _is_candidate(self, claim: SpiderIPAddress) -> bool:
        if claim.spec.state != "Claimed" or claim.spec.owner is None:
            return True
        return _carries_nothing(self.nodes.get(claim.spec.owner.node))

    def _claim_changed(self, change: Change, old: SpiderIPAddress | None, new: SpiderIPAddress | None) -> None:
        self.pools_changed.set()
        if old is not None:
            self.census.drop(old.name)
            for group in _groups_of(old):
                self._leave(group, old.name)
        if new is None:
            return
        self.census.put(new)
        for group in _groups_of(new):
            self._groups.setdefault(group, {})[new.name] = None
        if self._is_candidate(new):
            self.nominations.add(new.name)
        if new.spec.identity:
            self._nominate(claim.name for claim in self.of_identity(new.spec.identity) if claim.spec.state == "Parked")

    def _node_changed(self, change: Change, old: Node | None, new: Node | None) -> None:
        node = new or old
        if node is not None and _carries_nothing(new):
            self._nominate(self._groups.get(("node", node.metadata.name), {}))
        elif node is not None:
            self._fences.forget(node.metadata.name)

    def _set_changed(self, change: Change, old: StatefulSet | None, new: StatefulSet | None) -> None:
        seen = new or old
        if seen is not None:
            self._nominate(self._groups.get(("parked", seen.metadata.namespace, seen.metadata.name), {}))

    def _pools_changed(self, change: Change, old: object, new: object) -> None:
        self.pools_changed.set()

    def _nominate(self, names: Iterable[str]) -> None:
        for name in sorted(names):
            self.nominations.add(name)

    def _leave(self, group: Group, name: str) -> None:
        members = self._groups.get(group, {})
        members.pop(name, None)
        if not members:
            self._groups.pop(group, None)

    def _failed(self, error: Exception) -> None:
        self._telemetry.log("warning", "a list or watch failed; trying again", error=str(error))


def _carries_nothing(node: Node | None) -> bool:
    """Whether a node, as the copy shows it, may be fenced."""
    return node is None or any(taint.key == TAINT_OUT_OF_SERVICE for taint in node.spec.taints)


def _groups_of(claim: SpiderIPAddress) -> list[Group]:
    """The groups by which a claim is found when something else changes."""
    groups: list[Group] = []
    if claim.spec.owner is not None:
        groups.append(("node", claim.spec.owner.node))
    if claim.spec.identity:
        groups.append(("identity", claim.spec.identity))
        place = statefulset_of(claim.spec.identity)
        if claim.spec.state == "Parked" and place is not None:
            groups.append(("parked", place[0], place[1]))
    return groups
