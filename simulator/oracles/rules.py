"""The rules of the ledger, held after every event against three truths: store, wires, callers.

The moment that breaks a rule ends the run (``on_violation``), so that the last line of the trace is the culprit.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from simulator.oracles.callers import Callers
from simulator.oracles.identities import Identities
from simulator.oracles.ledger import Claim, Ledger
from simulator.oracles.offers import Grounds
from simulator.oracles.violation import Rule, Violation
from simulator.oracles.wire import Carrier, Wires


@dataclass(slots=True, kw_only=True)
class Oracles:
    """Listens to a world and judges. ``judged`` counts the events that were looked at.

    Args:
        seconds: virtual time.
        on_violation: what to do with a broken rule; a world ends its run.
    """

    seconds: Callable[[], float]
    on_violation: Callable[[Violation], None]
    ledger: Ledger = field(default_factory=Ledger)
    wires: Wires = field(default_factory=Wires)
    callers: Callers = field(default_factory=Callers)
    grounds: Grounds = field(default_factory=Grounds)
    identities: Identities = field(default_factory=Identities)
    violations: list[Violation] = field(default_factory=list)
    judged: int = 0

    def on_store(self, revision: int, change: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
        """One committed write of any kind."""
        item = new or old or {}
        match item.get("kind"):
            case "SpiderIPAddress":
                self._claim_changed(old, new)
            case "SpiderIPPool" | "SpiderReservedIP":
                self.grounds.change(item, gone=new is None)
            case "StatefulSet":
                self.identities.set_changed(item, gone=new is None)
            case "Pod" if new is not None:
                self.identities.pod_made(new)

    def _claim_changed(self, old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
        self.judged += 1
        before, after = self.ledger.change(old, new)
        if after is None and before is not None:
            self.grounds.gone(before.name)
        elif after is not None and after.state == "Claimed" and (before is None or before.state == "Cooling"):
            self.grounds.claimed(after.name, after.pool, after.address)
        if before is not None and before.state == "Claimed" and not _same_holder(before, after):
            self._released(before, after)

    def on_wire(
        self, node: str, netns: str, interface: str, address: str, state: Literal["up", "down"], container_id: str
    ) -> None:
        """One address of one interface came or went."""
        self.judged += 1
        carrier = Carrier(node=node, netns=netns, interface=interface, container_id=container_id)
        if state == "down":
            self.wires.down(address, carrier)
            return
        carriers = self.wires.up(address, carrier)
        if len(carriers) > 1:
            self._broken(Rule.ONE_INTERFACE, f"{address} is on {' and on '.join(map(str, carriers))}")
        claim = self.ledger.claims.get(address)
        if claim is None or claim.holder is None or not _names(claim, carrier):
            who = f"claimed by {claim.holder} ({claim.state})" if claim else "claimed by nobody"
            self._broken(Rule.CLAIMED_BY_CARRIER, f"{address} came up on {carrier}, but it is {who}")

    def on_cni(self, verb: str, uid: str, container_id: str, interface: str, stdout: bytes | None) -> None:
        """A call of the IPAM plugin: DEL when it begins, ADD when it has succeeded (``stdout``)."""
        self.judged += 1
        if verb == "DEL":
            self.callers.del_began(container_id, uid, interface)
        elif verb == "ADD" and stdout and not self.callers.is_given_up(container_id, interface):
            addresses, before = self.callers.add_answered(uid, interface, stdout)
            self._told(uid, container_id, interface, addresses, before)

    def _told(
        self, uid: str, container_id: str, interface: str, addresses: tuple[str, ...], before: tuple[str, ...] | None
    ) -> None:
        claims = self.ledger.held_by(container_id, interface)
        claimed = sorted(claim.address for claim in claims)
        for claim in claims:
            self._judge_claim(claim, uid, addresses)
        if list(addresses) != claimed:
            said = f"ADD of {interface} of container {container_id[:12]} was told {list(addresses)}"
            self._broken(Rule.TOGETHER, f"{said}, but it claims {claimed}")
        if before is not None and before != addresses:
            said = f"pod {uid} {interface} had {list(before)} and was told {list(addresses)}"
            self._broken(Rule.SAME_ADDRESS, f"{said}, without a DEL in between")

    def _judge_claim(self, claim: Claim, uid: str, addresses: tuple[str, ...]) -> None:
        """One claim that was handed out."""
        if not self.grounds.handed_out(claim.name):
            said = f"{claim.address} of pool {claim.pool} was handed out to pod {uid}"
            self._broken(Rule.ON_OFFER, f"{said}, but was not on offer at any time since it was claimed")
        if claim.identity:
            before = self.identities.given(claim.identity, uid, addresses)
            if before is not None and before != addresses:
                said = f"{claim.identity} had {list(before)} and was given {list(addresses)}"
                self._broken(Rule.IDENTITY, f"{said}, though it was wanted all the time")

    def _released(self, before: Claim, after: Claim | None) -> None:
        carriers = self.wires.carriers.get(before.address, [])
        held = [carrier for carrier in carriers if _names(before, carrier)]
        if held:
            now = f"{after.state} by {after.holder}" if after else "deleted"
            self._broken(Rule.RELEASED_OFF_WIRE, f"claim {before.name} was {now} while {held[0]} carries it")

    def _broken(self, rule: Rule, sentence: str) -> None:
        violation = Violation(rule=rule, sentence=sentence, seconds=self.seconds())
        self.violations.append(violation)
        self.on_violation(violation)


def _names(claim: Claim, carrier: Carrier) -> bool:
    """Whether a claim's owner is exactly this interface of this container."""
    holder = claim.holder
    return (
        claim.state == "Claimed"
        and holder is not None
        and (holder.node, holder.container_id, holder.interface)
        == (carrier.node, carrier.container_id, carrier.interface)
    )


def _same_holder(before: Claim, after: Claim | None) -> bool:
    return after is not None and after.state == "Claimed" and after.holder == before.holder
