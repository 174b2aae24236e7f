"""ADD, decided: keep the claim that is there, adopt one, wait for one, or claim a new address.

The order is the ledger's (docs/ledger.md, ADD steps 3 to 6): a claim of this pod and interface comes first, whoever
made it; an identity's address comes second; only then a new one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from spiderpool.ipam.claims import is_of_attachment, newest
from spiderpool.resources.addresses import Family
from spiderpool.resources.claim import Owner, SpiderIPAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """The claim already says what it should."""

    claim: SpiderIPAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """Update the claim to the new owner, with its resource version."""

    claim: SpiderIPAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class AskHolder:
    """An identity's address is still claimed by another incarnation: adopt it only on evidence that it is off the
    wire, else wait.
    """

    claim: SpiderIPAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """Choose a new address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overtaken:
    """A newer container of this pod holds the interface; this ADD is a ghost (rule R4)."""

    by: str


Step = Keep | Adopt | AskHolder | Fresh | Overtaken


def overtaken_by(own: Iterable[SpiderIPAddress], caller: Owner) -> Overtaken | None:
    """The newer container that holds a claim of this pod and interface, if there is one."""
    for claim in own:
        owner = claim.spec.owner
        if owner and owner.boot_id == caller.boot_id and owner.since > caller.since:
            return Overtaken(by=owner.container_id)
    return None


def decide(
    family: Family,
    caller: Owner,
    own: Sequence[SpiderIPAddress],
    of_identity: Sequence[SpiderIPAddress],
) -> Step:
    """What to do for one family.

    Args:
        family: 4 or 6.
        caller: the attachment that asks.
        own: every claim of this pod uid and interface on this node.
        of_identity: every claim of the pod's identity (empty for a pod without one).
    """
    known = {claim.name for claim in own}  # the others are creates that committed after the node's claims were read
    own = [*own, *(claim for claim in of_identity if claim.name not in known and is_of_attachment(claim, caller))]
    if overtaken := overtaken_by(own, caller):
        return overtaken
    mine = newest(claim for claim in own if claim.address.family == family and claim.spec.state == "Claimed")
    if mine is not None:
        if (used := _used_later(mine, [claim for claim in of_identity if claim.address.family == family])) is not None:
            return Adopt(claim=used)
        owner = mine.spec.owner
        unchanged = owner is not None and (owner.container_id, owner.netns) == (caller.container_id, caller.netns)
        return Keep(claim=mine) if unchanged and owner and owner.since == caller.since else Adopt(claim=mine)
    held = newest(claim for claim in of_identity if claim.address.family == family)
    if held is None:
        return Fresh()
    return Adopt(claim=held) if held.spec.state == "Parked" else AskHolder(claim=held)


def _used_later(mine: SpiderIPAddress, of_identity: Sequence[SpiderIPAddress]) -> SpiderIPAddress | None:
    """The parked claim of this pod whose container is newer than that of ``mine``: then ``mine`` is the late echo of a
    create that was given up, nobody ever used it, and the identity's address is the parked one (rule 6). Node reclaim
    frees the spare.
    """
    parked = newest(claim for claim in of_identity if claim.spec.state == "Parked")
    if parked is None or parked.spec.owner is None or mine.spec.owner is None:
        return None
    theirs, ours = parked.spec.owner, mine.spec.owner
    same = (theirs.uid, theirs.interface, theirs.boot_id) == (ours.uid, ours.interface, ours.boot_id)
    return parked if same and theirs.since > ours.since else None


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderFacts:
    """What is known, by live reads and this node's own look, about who holds an identity's address.

    ``netns_gone`` is this node's word and counts only when ``same_machine``.
    """

    same_machine: bool
    netns_gone: bool
    pod_gone: bool


def may_take_over(facts: HolderFacts) -> bool:
    """Whether the address is certainly off the wire (rule R7): its own node saw the namespace go. Fences are the
    controller's to judge, which then parks the address.
    """
    return facts.pod_gone and facts.same_machine and facts.netns_gone
