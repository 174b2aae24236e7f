"""Claiming one new address from one pool: propose, create, learn from what is taken, ask the ledger when that fails.

```
hint and experience ──▶ propose ──▶ create ──▶ 201 mine
        ▲                              │
        │   taken: remember it         ▼ 409
        └──────────────◀── after 3 misses, or when nothing seems free: list the pool's claims ──▶ Cooling ──▶ full
```

Claims are listed by the label of their pool. Those that stand in this pool's range under another pool's label (a range
that was moved) show only as misses; when these misses decide, the whole family is listed.

The hint may be missing, old or wrong: no address is handed out or held back for good because of it (rule L4).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from spiderpool.agent import writing
from spiderpool.agent.parts import Parts
from spiderpool.ipam.attach import overtaken_by
from spiderpool.ipam.choose import propose, propose_by_hint
from spiderpool.ipam.claims import adopted, is_of_attachment, new_claim, newest
from spiderpool.ipam.usage import Hint, decode
from spiderpool.resources.addresses import Address, claim_name
from spiderpool.resources.claim import Owner, PoolRef, SpiderIPAddress
from spiderpool.resources.intervals import IntervalSet
from spiderpool.resources.pool import SpiderIPPool
from spiderpool.resources.reserved import SpiderReservedIP, reserved_addresses

MISSES_BEFORE_LIST = 3
LISTS = 4
REMEMBERED_MAX = 4096  # a longer list is not worth its memory: three more tries of the next ADD are cheaper


@dataclass(slots=True)
class _Search:
    """What one ADD knows about one pool while it looks for an address."""

    pool: SpiderIPPool
    ranked: IntervalSet
    usable: IntervalSet
    hint: Hint
    refused: frozenset[int]
    lists: int = 0
    misses: int = 0
    known: set[int] = field(default_factory=set)
    missed: set[int] = field(default_factory=set)
    cooling: list[SpiderIPAddress] = field(default_factory=list)

    def is_exhausted(self, value: int | None) -> bool:
        """Whether no further list can help: the last one left nothing free, or there were enough."""
        return self.lists == LISTS or (value is None and self.lists > 0 and not self.misses and not self.missed)

    def distrusts_label(self, value: int | None) -> bool:
        """Whether to list the whole family: lists by label do not explain what is taken."""
        return bool(self.missed) and self.lists > 0 and (value is None or self.lists >= LISTS - 2)


async def claim_from(
    parts: Parts,
    pool: SpiderIPPool,
    owner: Owner,
    identity: str,
    refused: frozenset[int],
    reservations: Iterable[SpiderReservedIP] | None = None,
) -> SpiderIPAddress | str:
    """A new claim from this pool, or the reason why it has none.

    Args:
        parts: the agent.
        pool: as it is believed to be; what is handed out is verified later.
        owner: who gets it.
        identity: the owner's identity, or empty.
        refused: addresses that verification has already refused to this ADD.
        reservations: as the last verification read them; None: as the view has them.

    Raises:
        KubeError: the API server could not be asked.
    """
    try:
        ranked = pool.usable
        reserved = reserved_addresses(
            pool.family, parts.views.reservations.items() if reservations is None else reservations
        )
    except ValueError as error:
        return f"cannot be read: {error}"
    search = _Search(
        pool=pool,
        ranked=ranked,
        usable=ranked.minus(reserved),
        hint=decode(pool.status.usage, ranked),
        refused=refused,
    )
    while True:
        value = _next(parts, search)
        if value is None or search.misses >= MISSES_BEFORE_LIST:
            if search.is_exhausted(value):
                return await _from_cooling(parts, search, owner, identity)
            listed = await _list(parts, search, whole_family=search.distrusts_label(value))
            if (mine := await _adopt_own(parts, listed, owner, identity)) is not None:
                return mine
            continue
        claim = new_claim(Address(pool.family, value), pool, owner, identity)
        made = await writing.create(parts, claim)
        if isinstance(made, SpiderIPAddress):
            return made
        parts.ports.telemetry.count("claim_conflicts")
        search.missed.add(value)
        search.misses += 1
        parts.memory.note_taken(claim.name, parts.ports.clock.monotonic())


def _next(parts: Parts, search: _Search) -> int | None:
    """The next address to try: by the summary, by experience, or by the list; after a list only that and what was
    learned since count.
    """
    family, now = search.pool.family, parts.ports.clock.monotonic()
    draw, policy = parts.ports.entropy.below, parts.ports.settings.allocation_policy
    listed = search.lists > 0

    def is_taken(value: int) -> bool:
        if value in search.known or value in search.missed or value in search.refused:
            return True
        return not listed and parts.memory.is_taken(claim_name(Address(family, value)), now)

    def taken() -> list[int]:
        found = [*search.known, *search.missed, *search.refused]
        return found if listed else [*found, *parts.memory.taken(family, now)]

    if search.hint.is_known and not listed:
        return propose_by_hint(
            search.ranked,
            search.hint,
            may_try=lambda value: value in search.usable and not is_taken(value),
            draw=draw,
            policy=policy,
        )
    return propose(search.usable, is_taken=is_taken, taken=taken, draw=draw, policy=policy)


async def _list(parts: Parts, search: _Search, *, whole_family: bool) -> Sequence[SpiderIPAddress]:
    """Replace belief by the ledger: every claim that lies in this pool. The next ADDs profit for some seconds: in a
    pool that is nearly full, each of them would otherwise fail three times and list again.
    """
    family = search.pool.family
    if whole_family:
        listing = await parts.reads.family_claims.after_now(str(family))
    else:
        listing = await parts.reads.pool_claims.after_now(search.pool.metadata.name)
    search.lists += 1
    search.misses = 0
    every = ((claim.address, claim) for claim in listing.items)
    values = [(at, claim) for at, claim in every if at.family == family and at.value in search.ranked]
    search.known = {address.value for address, _ in values}
    search.missed = set() if whole_family else search.missed - search.known
    if len(values) <= REMEMBERED_MAX:
        now = parts.ports.clock.monotonic()
        for _, claim in values:
            parts.memory.note_taken(claim.name, now)
    search.cooling = sorted(
        (claim for address, claim in values if claim.spec.state == "Cooling" and address.value in search.usable),
        key=lambda claim: (claim.spec.released_at, claim.name),
    )
    return [claim for _, claim in values]


async def _adopt_own(
    parts: Parts, listed: Sequence[SpiderIPAddress], owner: Owner, identity: str
) -> SpiderIPAddress | None:
    """A claim of the caller's own interface among those of the pool: the trace of a create that was committed after it
    had been given up. In a full pool it may be what fills it (rule R13).
    """
    own = newest(claim for claim in listed if is_of_attachment(claim, owner) and not overtaken_by((claim,), owner))
    return None if own is None else await writing.update(parts, adopted(own, owner, identity))


async def _from_cooling(parts: Parts, search: _Search, owner: Owner, identity: str) -> SpiderIPAddress | str:
    """Nothing is free: take over the address that has cooled longest, in place."""
    pool = search.pool
    for claim in search.cooling:
        if claim.address.value in search.refused:
            continue
        taken_over = adopted(claim, owner, identity, PoolRef(name=pool.metadata.name, uid=pool.metadata.uid))
        mine = await writing.update(parts, taken_over)
        if mine is not None:
            return mine
    return f"has no free address: all {search.usable.size} are claimed"
