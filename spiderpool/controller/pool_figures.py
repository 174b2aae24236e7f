"""A pool's status, derived from its spec and a census of claims. Pure.

``totalIPCount`` is what upstream counts: ``ips`` minus ``excludeIPs``; reserved addresses and the gateway stay in, and
what exceeds 64 bits is shown as the largest number that the API can hold. ``allocatedIPCount`` counts claims by address
inside ``ips``. A claim is *outside* when it came from this pool and its address is not, or no longer, among ``ips``
minus ``excludeIPs`` minus the gateway minus reserved addresses.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from spiderpool.controller.census import Census
from spiderpool.ipam.usage import encode
from spiderpool.resources.addresses import Address, Family
from spiderpool.resources.intervals import IntervalSet
from spiderpool.resources.meta import Condition
from spiderpool.resources.pool import COUNT_LIMIT, PoolStatus, SpiderIPPool
from spiderpool.resources.ranges import parse_ranges
from spiderpool.resources.reserved import SpiderReservedIP, reserved_addresses

OUT_OF_SPEC_SHOWN = 32
SETTLED = "Settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """A pool's texts as numbers, at one generation.

    ``ips`` as declared, ``total`` without exclusions taken out, ``usable`` also without the gateway, ``allowed`` also
    without reserved addresses.
    """

    family: Family
    ips: IntervalSet
    total: IntervalSet
    usable: IntervalSet
    allowed: IntervalSet


def ranges_of(pool: SpiderIPPool, reservations: Iterable[SpiderReservedIP]) -> Ranges:
    """Read a pool.

    Raises:
        ValueError: a field of the pool or of a reservation is not readable; the message names it.
    """
    family = pool.family
    ips = parse_ranges(family, pool.spec.ips)
    return Ranges(
        family=family,
        ips=ips,
        total=ips.minus(parse_ranges(family, pool.spec.exclude_ips)),
        usable=pool.usable,
        allowed=pool.usable.minus(reserved_addresses(family, reservations)),
    )


def outside(pool: SpiderIPPool, ranges: Ranges, census: Census) -> tuple[Address, ...]:
    """The addresses that are claimed from this pool and do not lie in it as it stands, lowest first."""
    inside = frozenset(census.within(ranges.family, ranges.allowed))
    outside = [
        address
        for address in census.of_pool(pool.metadata.name)
        if address.family != ranges.family or address.value not in inside
    ]
    return tuple(sorted(outside))


def holders(pool: SpiderIPPool, ranges: Ranges | None, census: Census) -> int:
    """How many claims keep a pool from going away: by address, or because they came from it."""
    by_name = census.of_pool(pool.metadata.name)
    if ranges is None:
        return len(by_name)
    inside = census.within(ranges.family, ranges.ips)
    elsewhere = [item for item in by_name if item.family != ranges.family or item.value not in ranges.ips]
    return len(inside) + len(elsewhere)


def status_of(
    pool: SpiderIPPool, ranges: Ranges, census: Census, *, revision: str, out_of_spec: Sequence[Address], now: str
) -> PoolStatus:
    """The status to publish.

    Args:
        pool: its spec and the status that it has.
        ranges: of that spec.
        census: the claims.
        revision: the resource version up to which ``census`` is true.
        out_of_spec: what a consistent list, sent after the spec was read, showed outside (ledger rule E4).
        now: Kubernetes time, for a condition that turns.
    """
    generation = pool.metadata.generation
    usage = encode(ranges.usable, census.within(ranges.family, ranges.usable), generation=generation, revision=revision)
    if out_of_spec:
        reason, message = "InUseOutside", f"{len(out_of_spec)} addresses outside the pool as it stands are in use"
    else:
        reason, message = "NobodyOutside", "nobody uses, or will use, an address outside the pool as it stands"
    return PoolStatus(
        total_ip_count=min(COUNT_LIMIT, ranges.total.size),
        allocated_ip_count=len(census.within(ranges.family, ranges.ips)),
        observed_generation=generation,
        out_of_spec=tuple(str(address) for address in out_of_spec[:OUT_OF_SPEC_SHOWN]),
        usage=usage,
        conditions=(_condition(pool, SETTLED, reason, message, settled=not out_of_spec, now=now),),
    )


def unreadable_status(pool: SpiderIPPool, error: str, now: str) -> PoolStatus:
    """The status of a pool whose texts nobody can read: it hands out nothing, and says why."""
    condition = _condition(pool, SETTLED, "Unreadable", error, settled=False, now=now)
    return PoolStatus(observed_generation=pool.metadata.generation, conditions=(condition,))


def says_the_same(one: PoolStatus, other: PoolStatus) -> bool:
    """Whether writing one over the other would tell nobody anything: all equal but the revision of the summary."""
    return _without_revision(one) == _without_revision(other)


def _without_revision(status: PoolStatus) -> PoolStatus:
    return status if status.usage is None else replace(status, usage=replace(status.usage, revision=""))


def _condition(pool: SpiderIPPool, kind: str, reason: str, message: str, *, settled: bool, now: str) -> Condition:
    status = "True" if settled else "False"
    before = next((item for item in pool.status.conditions if item.type == kind), None)
    turned_at = before.last_transition_time if before is not None and before.status == status else now
    return Condition(
        type=kind,
        status=status,
        reason=reason,
        message=message,
        last_transition_time=turned_at,
        observed_generation=pool.metadata.generation,
    )
