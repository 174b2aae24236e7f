"""ADD: every family of one interface is claimed, verified and handed out, or nothing is.

The steps are the ledger's (docs/ledger.md): gate, lock, own claims, the identity's claims, a new claim, one shared
verifying read sent after every create was answered, and undo on every way out that is not success.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from spiderpool.agent import giving_back, journal, writing
from spiderpool.agent.attachment import AddCall
from spiderpool.agent.claiming import claim_from
from spiderpool.agent.holder import may_adopt_held
from spiderpool.agent.nomination import Nominated, nominate
from spiderpool.agent.parts import Parts
from spiderpool.agent.release import may_come_up, refresh
from spiderpool.agent.verifying import verifying_read
from spiderpool.host.port import HostError
from spiderpool.ipam.attach import Adopt, AskHolder, Keep, Overtaken, decide, overtaken_by
from spiderpool.ipam.claims import adopted, same_attempt
from spiderpool.ipam.refusals import Code, PoolRefusal, Refusal
from spiderpool.ipam.verify import why_not, why_shut
from spiderpool.kube.errors import KubeError
from spiderpool.resources.addresses import FAMILIES, Family
from spiderpool.resources.claim import Owner, SpiderIPAddress
from spiderpool.resources.pool import SpiderIPPool
from spiderpool.resources.reserved import SpiderReservedIP

ROUNDS_PER_POOL = 8  # that verification refuses before an ADD leaves a pool: each costs a create, a delete, two reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """What an interface got: one claim per family, the pools as they were last read, and how to route."""

    claims: tuple[SpiderIPAddress, ...]
    pools: dict[str, SpiderIPPool]
    clean_gateway: bool


@dataclass(slots=True)
class _Add:
    """One ADD under way: what it holds so far and what it has learned."""

    call: AddCall
    owner: Owner
    nominated: Nominated
    held: dict[Family, SpiderIPAddress] = field(default_factory=dict)
    unverified: dict[Family, None] = field(default_factory=dict)
    refused: dict[Family, set[int]] = field(default_factory=lambda: {4: set(), 6: set()})
    pools: dict[str, SpiderIPPool | None] = field(default_factory=dict)
    reservations: Sequence[SpiderReservedIP] | None = None
    rounds: dict[str, int] = field(default_factory=dict)
    in_use: set[str] = field(default_factory=set)

    @property
    def claims(self) -> tuple[SpiderIPAddress, ...]:
        """What it holds, in family order."""
        return tuple(self.held[family] for family in FAMILIES if family in self.held)


async def allocate(parts: Parts, call: AddCall) -> Allocation | Refusal:
    """Addresses for one interface of a pod, or why there are none. What a failed ADD claimed, it has given back.

    Raises:
        KubeError: the API server could not be asked before anything was claimed.
    """
    if refusal := gate(parts, call):
        return refusal
    inode = await parts.ports.host.netns_inode(call.netns)
    if inode is None:
        return Refusal(code=Code.TRY_AGAIN, message=f"network namespace {call.netns!r} does not exist (any more)")
    async with parts.locks.of(call.uid, call.interface):
        own = await _own_claims(parts, call)
        answered = await giving_back.answered(parts, call, own)
        nominated = await nominate(parts, call, [claim for claim in own if claim.name in answered])
        if isinstance(nominated, Refusal):
            half_done = [claim for claim in own if claim.name not in answered]
            await giving_back.give_back(parts, half_done, why=nominated.message)
            return nominated
        add = _Add(
            call=call,
            owner=call.owner(nominated.pod, parts.ports.node, inode),
            nominated=nominated,
            in_use=set(answered),
        )
        if overtaken := overtaken_by(own, add.owner):
            return _overtaken(overtaken)
        given_here = [
            claim
            for claim in own
            if claim.name in answered and claim.spec.owner and claim.spec.owner.container_id == call.container_id
        ]
        await journal.write_entry(parts, call, inode, tuple(given_here))
        return await _within_deadline(parts, add, own)


def gate(parts: Parts, call: AddCall) -> Refusal | None:
    """Why nothing at all may be handed out to this call now."""
    if not parts.memory.started:
        return Refusal(code=Code.TRY_AGAIN, message="the agent is starting and does not know its node's claims yet")
    if not parts.views.is_open():
        return Refusal(
            code=Code.CLOSED,
            message="the ledger is recovering: SpiderLedger/default is absent or not Open, so no address is handed out",
        )
    if parts.memory.was_deleted(call.container_id, call.interface, call.since_ns):
        return Refusal(code=Code.OVERTAKEN, message=f"container {call.container_id} was deleted after this ADD began")
    return None


def _overtaken(overtaken: Overtaken) -> Refusal:
    return Refusal(code=Code.OVERTAKEN, message=f"a newer container of this pod, {overtaken.by}, holds the interface")


async def _own_claims(parts: Parts, call: AddCall) -> Sequence[SpiderIPAddress]:
    """Claims of this pod and interface: from memory, or from the ledger after a write of unknown outcome."""
    if call.uid in parts.memory.uncertain:
        await refresh(parts)
    return parts.memory.of_attachment(call.uid, call.interface)


async def _within_deadline(parts: Parts, add: _Add, own: Sequence[SpiderIPAddress]) -> Allocation | Refusal:
    """Claim and verify in the time that is left; undo on every way out but success."""
    clock = parts.ports.clock
    left_seconds = min(parts.ports.settings.request_seconds, (add.call.deadline_ns - clock.boot_ns()) / 1e9)
    outcome: Refusal | None
    try:
        async with clock.timeout(max(left_seconds, 0.0)):
            outcome = await _claim_and_verify(parts, add, own)
            if outcome is None:
                await journal.write_entry(parts, add.call, add.owner.netns.inode, add.claims)
    except TimeoutError:
        outcome = Refusal(code=Code.TRY_AGAIN, message=_too_late(left_seconds))
    except KubeError as error:
        outcome = Refusal(
            code=Code.TRY_AGAIN,
            message=f"the API server did not do its part ({type(error).__name__}: {error}); the runtime comes again; "
            "if it stays, see whether this node reaches the API server",
        )
    except HostError as error:
        outcome = Refusal(code=Code.TRY_AGAIN, message=f"an older container may still carry the address: {error}")
    except OSError as error:
        folder = parts.ports.settings.journal_folder
        outcome = Refusal(
            code=Code.DISK, message=f"the journal in {folder} cannot be written: {error}; make room there"
        )
    outcome = outcome or gate(parts, add.call)
    if outcome is not None:
        given_back = await giving_back.undo(parts, add.owner, add.in_use)
        parts.ports.telemetry.log(
            "info", "ADD refused", pod=add.owner.name, why=outcome.message, given_back=", ".join(given_back)
        )
        return outcome
    unwanted = giving_back.unwanted(parts, add.owner, add.nominated.families)
    await giving_back.give_back(parts, unwanted, why="the interface no longer gets this family")
    return Allocation(
        claims=add.claims,
        pools=_pools_of(parts, add, add.claims),
        clean_gateway=add.nominated.clean_gateway,
    )


def _too_late(left_seconds: float) -> str:
    """Why the time was not enough, and what to do."""
    if left_seconds <= 0:
        return "the runtime's time for this ADD was over before it began; the node is busy, and the runtime comes again"
    return (
        f"no address within {left_seconds:.0f} s; the runtime comes again; if it stays, the API server is too slow "
        "or SPIDERPOOL_REQUEST_SECONDS too small"
    )


def _pools_of(parts: Parts, add: _Add, claims: Sequence[SpiderIPAddress]) -> dict[str, SpiderIPPool]:
    """The pools of the claims: as verified for new ones, as seen for those that were kept or adopted."""
    names = [claim.spec.pool.name for claim in claims]
    found = {name: add.pools.get(name) or parts.views.pools.get(name) for name in names}
    return {name: pool for name, pool in found.items() if pool is not None}


async def _claim_and_verify(parts: Parts, add: _Add, own: Sequence[SpiderIPAddress]) -> Refusal | None:
    """Claim every family, then verify all new claims by one read; what fails is given back and chosen anew."""
    while True:
        for family in add.nominated.families:
            if family not in add.held and (refusal := await _claim_family(parts, add, family, own)):
                return refusal
        if not add.unverified:
            return None
        await _verify(parts, add)


async def _claim_family(
    parts: Parts,
    add: _Add,
    family: Family,
    own: Sequence[SpiderIPAddress],
) -> Refusal | None:
    """One family: keep, adopt, or claim a new address; why not, otherwise."""
    if add.refused[family]:  # verification has taken away what there was
        return await _claim_new(parts, add, family)
    step = decide(family, add.owner, own, add.nominated.of_identity)
    if isinstance(step, AskHolder):
        if refusal := await may_adopt_held(parts, step.claim):
            return refusal
        step = Adopt(claim=step.claim)
    match step:
        case Overtaken():
            return _overtaken(step)
        case Keep(claim=claim):
            return _hold(add, family, await writing.read(parts, claim.name))
        case Adopt(claim=claim):
            return await _adopt(parts, add, family, claim)
    return await _claim_new(parts, add, family)


async def _adopt(parts: Parts, add: _Add, family: Family, claim: SpiderIPAddress) -> Refusal | None:
    """Take over a claim of an earlier container, once no interface carries its address any more."""
    owner = claim.spec.owner
    if owner is not None and owner.container_id != add.owner.container_id and await may_come_up(parts, claim):
        return _may_come_up_there(claim, owner)
    given = owner is not None and claim.name in await journal.answered(parts, owner.uid, owner.interface)
    if given or claim.spec.state == "Parked":  # it was in use: the edit rule speaks of new claims
        add.in_use.add(claim.name)
    mine = await writing.update(parts, adopted(claim, add.owner, add.nominated.identity))
    return _hold(add, family, mine)


def _may_come_up_there(claim: SpiderIPAddress, owner: Owner) -> Refusal:
    said = f"{claim.name} was handed to container {owner.container_id}, which lives and may still bring it up"
    remedy = f"the runtime comes again; if this stays, remove what was left over: network namespace {owner.netns.path}"
    return Refusal(code=Code.TRY_AGAIN, message=f"{said}; {remedy}")


def _hold(add: _Add, family: Family, claim: SpiderIPAddress | None) -> Refusal | None:
    """Hold a claim that was kept or adopted, if it is still what it was believed to be."""
    if claim is None or not same_attempt(claim.spec.owner, add.owner):
        said = f"somebody changed or deleted the pod's IPv{family} claim while this ADD ran; the runtime comes again"
        return Refusal(code=Code.TRY_AGAIN, message=said)
    add.held[family] = claim
    if claim.name not in add.in_use:
        add.unverified[family] = None
    return None


async def _claim_new(parts: Parts, add: _Add, family: Family) -> Refusal | None:
    """A new address from the first candidate pool that has one."""
    reasons: list[PoolRefusal] = []
    for candidate in add.nominated.pools.get(family, ()):
        name = candidate.metadata.name
        pool = add.pools.get(name, candidate)
        passed_over = _why_passed_over(add, pool)
        if pool is None or passed_over:
            reasons.append(PoolRefusal(pool=name, reason=passed_over))
            continue
        refused = frozenset(add.refused[family])
        made = await claim_from(parts, pool, add.owner, add.nominated.identity, refused, add.reservations)
        if isinstance(made, SpiderIPAddress):
            add.held[family] = made
            add.unverified[family] = None
            return None
        reasons.append(PoolRefusal(pool=name, reason=made))
    return Refusal(
        code=Code.POOLS_FULL,
        message=f"no IPv{family} pool of {add.nominated.source} has a free address; add ips or another pool",
        pools=(*add.nominated.passed_over, *reasons),
    )


def _why_passed_over(add: _Add, pool: SpiderIPPool | None) -> str:
    """Why a pool is not asked (again), as it was last read or because verification refused so many of its addresses;
    empty when it is asked.
    """
    if pool is None or (shut := why_shut(pool)):
        return "is gone" if pool is None else shut
    rounds = add.rounds.get(pool.metadata.name, 0)
    return f"changed under this ADD {rounds} times; try again" if rounds >= ROUNDS_PER_POOL else ""


async def _verify(parts: Parts, add: _Add) -> None:
    """Read pools and reserved addresses after every claim was answered; give back what may not be handed out."""
    unverified = [family for family in FAMILIES if family in add.unverified]
    names = [add.held[family].spec.pool.name for family in unverified]
    read = await verifying_read(parts, names)
    add.pools |= read.pools
    add.reservations = read.reservations
    for family in unverified:
        claim = add.held[family]
        reason = why_not(claim.address, read.pools[claim.spec.pool.name], read.reservations)
        del add.unverified[family]
        if reason is not None:
            parts.ports.telemetry.log("info", "claim given back", address=claim.name, reason=reason)
            add.refused[family].add(claim.address.value)
            add.rounds[claim.spec.pool.name] = add.rounds.get(claim.spec.pool.name, 0) + 1
            del add.held[family]
            await writing.delete(parts, claim)
