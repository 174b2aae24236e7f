"""What the agent remembers between calls. Everything here can be lost: a restart rebuilds it from the ledger.

- the claims of this node, as last written or read; authoritative after start, except for pods with a write of unknown
  outcome (``uncertain``), for which the ledger is asked again;
- addresses that turned out to be taken, for a few seconds, so that the next proposal avoids them;
- the endpoints that were written: uid of the pod to uid of the object;
- containers that were given up by the runtime, for ten minutes, so that an ADD that outlives its DEL hands nothing out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from spiderpool.resources.addresses import Family, address_of_claim
from spiderpool.resources.claim import SpiderIPAddress

TAKEN_SECONDS = 5.0
DEL_SECONDS = 600.0


@dataclass(slots=True)
class Memory:
    """The node's state. Times are of the monotonic clock, stamps of the boot clock."""

    started: bool = False
    on_change: Callable[[tuple[str, str, str]], None] | None = None
    claims: dict[str, SpiderIPAddress] = field(default_factory=dict)
    uncertain: dict[str, int] = field(default_factory=dict)
    endpoints: dict[str, str] = field(default_factory=dict)
    _doubts: int = 0
    _off_wire: dict[str, tuple[str, int]] = field(default_factory=dict)
    _taken: dict[str, float] = field(default_factory=dict)
    _deleted: dict[tuple[str, str], tuple[int, float]] = field(default_factory=dict)

    def replace_all(self, claims: Iterable[SpiderIPAddress]) -> None:
        """Start over from a consistent list of this node's claims; whoever listens hears of all of them."""
        self.claims = {claim.name: claim for claim in claims}
        self._tell(*self.claims.values())

    def merge(self, claims: Iterable[SpiderIPAddress], before: Mapping[str, SpiderIPAddress], node: str) -> None:
        """Take in a consistent list of this node's claims.

        Args:
            claims: the list.
            before: ``claims`` of this memory as they were when the list was asked for. What has been written since is
                newer than the list and stays; the rest becomes what the list says.
            node: this node.
        """
        listed = {claim.name: claim for claim in claims}
        for name, claim in listed.items():
            known = self.claims.get(name)
            if (known is before.get(name)) and known != claim:
                self.put(claim, node)
        for name, known in before.items():
            if name not in listed and self.claims.get(name) is known:
                self.drop(name)

    def put(self, claim: SpiderIPAddress, node: str) -> None:
        """Remember a claim as the server answered it; one that has left the node is forgotten."""
        owner = claim.spec.owner
        before = self.claims.pop(claim.name, None)
        if owner is not None and owner.node == node:
            self.claims[claim.name] = claim
        self._tell(before, claim)

    def drop(self, name: str) -> None:
        """Forget a claim that is gone."""
        self._off_wire.pop(name, None)
        self._tell(self.claims.pop(name, None))

    def of_attachment(self, uid: str, interface: str) -> list[SpiderIPAddress]:
        """Claims of a pod's interface."""
        return [
            claim
            for claim in self.claims.values()
            if (owner := claim.spec.owner) and owner.uid == uid and owner.interface == interface
        ]

    def of_container(self, container_id: str, interface: str) -> list[SpiderIPAddress]:
        """Claims of exactly this container and interface; never by pod (rule R2)."""
        return [
            claim
            for claim in self.claims.values()
            if claim.spec.state == "Claimed"
            and (owner := claim.spec.owner)
            and owner.container_id == container_id
            and owner.interface == interface
        ]

    def of_pod(self, uid: str) -> list[SpiderIPAddress]:
        """Claims of all interfaces of a pod."""
        return [claim for claim in self.claims.values() if claim.spec.owner and claim.spec.owner.uid == uid]

    def doubt(self, uid: str) -> None:
        """A write for this pod has an unknown outcome: read the ledger before it gets anything else."""
        self._doubts += 1
        self.uncertain[uid] = self._doubts

    def trust(self, doubts: Mapping[str, int]) -> None:
        """The ledger was read after these doubts arose; newer doubts stay."""
        for uid, count in doubts.items():
            if self.uncertain.get(uid) == count:
                del self.uncertain[uid]

    def note_off_wire(self, claim: SpiderIPAddress) -> None:
        """A claim's address was on its interface and has been taken off: nobody is about to configure it any more."""
        if claim.spec.owner is not None:
            self._off_wire[claim.name] = (claim.spec.owner.container_id, claim.spec.owner.since)

    def was_taken_off_wire(self, claim: SpiderIPAddress) -> bool:
        """Whether that was noted of this claim, container and ADD."""
        owner = claim.spec.owner
        return owner is not None and self._off_wire.get(claim.name) == (owner.container_id, owner.since)

    def note_taken(self, name: str, now: float) -> None:
        """Somebody else has this address."""
        self._taken[name] = now + TAKEN_SECONDS

    def is_taken(self, name: str, now: float) -> bool:
        """Whether an address is this node's own or was seen taken in the last seconds."""
        return name in self.claims or self._taken.get(name, 0.0) > now

    def taken(self, family: Family, now: float) -> list[int]:
        """All addresses of a family for which ``is_taken`` holds, as numbers; forgets what has expired."""
        self._taken = {name: until for name, until in self._taken.items() if until > now}
        names: Sequence[str] = [*self.claims, *self._taken]
        return [address.value for address in map(address_of_claim, names) if address.family == family]

    def note_del(self, container_id: str, interface: str, stamp_ns: int, now: float) -> None:
        """The runtime gave this container up at ``stamp_ns`` of the boot clock."""
        self._deleted = {key: entry for key, entry in self._deleted.items() if entry[1] > now}
        earlier = self._deleted.get((container_id, interface), (0, 0.0))[0]
        self._deleted[container_id, interface] = (max(earlier, stamp_ns), now + DEL_SECONDS)

    def was_deleted(self, container_id: str, interface: str, since_ns: int) -> bool:
        """Whether a DEL of this container came after the ADD that started at ``since_ns``."""
        return self._deleted.get((container_id, interface), (0, 0.0))[0] > since_ns

    def _tell(self, *claims: SpiderIPAddress | None) -> None:
        """Say whose claims have changed, as (namespace, name, uid)."""
        for claim in claims:
            if self.on_change and claim is not None and (owner := claim.spec.owner):
                self.on_change((owner.namespace, owner.name, owner.uid))
