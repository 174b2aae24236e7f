"""What the webhook makes of a SpiderIPPool: the form in which it is stored, and the reasons to refuse it.

An administrator learns of every mistake at once, each with the field, the value and what to write instead. The rules
are advice and order, not the lock: the webhook reads before the edit commits, so a claim may slip in between; what
keeps addresses safe is that agents read the pool after they have claimed (docs/architecture.md).
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from spiderpool.resources.addresses import Address, Family, Subnet, parse_address, parse_subnet
from spiderpool.resources.claim import SpiderIPAddress
from spiderpool.resources.intervals import IntervalSet
from spiderpool.resources.meta import LabelSelector
from spiderpool.resources.pool import PoolSpec, Route, SpiderIPPool
from spiderpool.resources.ranges import format_ranges, parse_ranges
from spiderpool.resources.refusal import Refusal, read_ranges
from spiderpool.resources.selector_rules import selector_refusals

NAMED: Final = 3  # how many of many addresses a sentence names


def normalise(pool: SpiderIPPool) -> SpiderIPPool:
    """``ipVersion`` from the subnet where it is left out; ``ips`` and ``excludeIPs`` merged and sorted.

    What cannot be read stays as it is; ``refusals`` says why.
    """
    spec = pool.spec
    try:
        family = parse_subnet(spec.subnet).family
        ips = tuple(format_ranges(family, parse_ranges(family, spec.ips)))
        exclude_ips = tuple(format_ranges(family, parse_ranges(family, spec.exclude_ips)))
    except ValueError:
        return pool
    version = family if spec.ip_version is None else spec.ip_version
    return replace(pool, spec=replace(spec, ip_version=version, ips=ips, exclude_ips=exclude_ips))


def refusals(
    pool: SpiderIPPool,
    *,
    old: SpiderIPPool | None,
    others: Iterable[SpiderIPPool],
    claims: Iterable[SpiderIPAddress],
) -> tuple[Refusal, ...]:
    """Why a pool is not accepted; empty when it is.

    Args:
        pool: what is asked for, normalised or not.
        old: what is stored, for an update. An update that leaves the spec alone is never refused, so that finalizers
            and labels of a pool that was stored without the webhook can still change.
        others: the pools of the cluster; the pool itself may be among them.
        claims: the claims of the cluster, needed for an update only.
    """
    spec = pool.spec
    if old is not None and old.spec == spec:
        return ()
    frozen = tuple(_frozen(spec, old.spec)) if old else ()
    try:
        subnet = parse_subnet(spec.subnet)
    except ValueError as error:
        return (*frozen, Refusal(field="spec.subnet", value=spec.subnet, reason=str(error)))
    ips, bad_ips = _inside("spec.ips", spec.ips, subnet)
    excluded, bad_excluded = _inside("spec.excludeIPs", spec.exclude_ips, subnet)
    near = _readable_others(pool, subnet, others)
    asked = _Asked(subnet=subnet, ips=ips, excluded=excluded, gateway=_gateway_set(spec.gateway, subnet))
    return (
        *frozen,
        *_version(spec, subnet),
        *bad_ips,
        *bad_excluded,
        *(_hop("spec.gateway", spec.gateway, subnet) if spec.gateway is not None else ()),
        *_routes(spec.routes, subnet),
        *_affinities(spec),
        *_subnet_overlaps(pool, subnet, near),
        *(() if bad_ips or bad_excluded else _sets(asked, old, near, claims)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The readable part of a pool, as numbers."""

    subnet: Subnet
    ips: IntervalSet
    excluded: IntervalSet
    gateway: IntervalSet

    @property
    def declared(self) -> IntervalSet:
        return self.ips.minus(self.excluded)


def _frozen(spec: PoolSpec, old: PoolSpec) -> Iterator[Refusal]:
    if spec.subnet != old.subnet:
        reason = f"it was {old.subnet} and never changes; create another pool"
        yield Refusal(field="spec.subnet", value=spec.subnet, reason=reason)
    if spec.ip_version is not None and old.ip_version is not None and spec.ip_version != old.ip_version:
        reason = f"it was {old.ip_version} and never changes; create another pool"
        yield Refusal(field="spec.ipVersion", value=str(spec.ip_version), reason=reason)


def _version(spec: PoolSpec, subnet: Subnet) -> Iterator[Refusal]:
    if spec.ip_version not in (None, subnet.family):
        reason = f"the subnet {subnet} is IPv{subnet.family}; write {subnet.family}, or leave it out"
        yield Refusal(field="spec.ipVersion", value=str(spec.ip_version), reason=reason)


def _inside(field: str, texts: tuple[str, ...], subnet: Subnet) -> tuple[IntervalSet, list[Refusal]]:
    """The set of a list of ranges, and a refusal for each that cannot be read or leaves the subnet."""
    read, refused = read_ranges(field, texts, subnet.family)
    outside = [one for one in read if not all(map(subnet.contains, one.span))]
    reason = f"outside the subnet {subnet}; {_bounds(subnet)}"
    refused += [Refusal(field=one.field, value=one.text, reason=reason) for one in outside]
    return IntervalSet.of(one.span for one in read), refused


def _bounds(subnet: Subnet) -> str:
    first, last = Address(subnet.family, subnet.first), Address(subnet.family, subnet.last)
    return f"write addresses from {first} to {last}"


def _gateway_set(text: str | None, subnet: Subnet) -> IntervalSet:
    with suppress(ValueError):
        address = parse_address(text or "")
        return IntervalSet.points([address.value] if address.family == subnet.family else [])
    return IntervalSet()


def _hop(field: str, text: str, subnet: Subnet) -> Iterator[Refusal]:
    """A gateway must be an address of the pool's own subnet."""
    try:
        address = parse_address(text)
    except ValueError as error:
        yield Refusal(field=field, value=text, reason=str(error))
        return
    if address.family != subnet.family or not subnet.contains(address.value):
        yield Refusal(field=field, value=text, reason=f"outside the subnet {subnet}; {_bounds(subnet)}")


def _routes(routes: tuple[Route, ...], subnet: Subnet) -> Iterator[Refusal]:
    seen: dict[str, int] = {}
    for index, route in enumerate(routes):
        field = f"spec.routes[{index}]"
        yield from _destination(f"{field}.dst", route.dst, subnet)
        if route.dst in seen:
            reason = f"the same destination as routes[{seen[route.dst]}]; leave one of them out"
            yield Refusal(field=f"{field}.dst", value=route.dst, reason=reason)
        seen.setdefault(route.dst, index)
        yield from _hop(f"{field}.gw", route.gw, subnet)


def _destination(field: str, text: str, subnet: Subnet) -> Iterator[Refusal]:
    try:
        destination = parse_subnet(text)
    except ValueError as error:
        yield Refusal(field=field, value=text, reason=str(error))
        return
    if destination.family != subnet.family:
        reason = f"IPv{destination.family} in a pool of IPv{subnet.family}; move it to a pool of its family"
        yield Refusal(field=field, value=text, reason=reason)
    elif destination.prefix == 0:
        yield Refusal(field=field, value=text, reason="the default route; write its next hop as spec.gateway")


def _affinities(spec: PoolSpec) -> Iterator[Refusal]:
    if spec.pod_affinity == LabelSelector():
        reason = "empty, which matches every pod; name a label, or leave podAffinity out"
        yield Refusal(field="spec.podAffinity", value="{}", reason=reason)
    for name, selector in (
        ("podAffinity", spec.pod_affinity),
        ("namespaceAffinity", spec.namespace_affinity),
        ("nodeAffinity", spec.node_affinity),
    ):
        if selector is not None:
            yield from selector_refusals(f"spec.{name}", selector)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Other:
    """Another pool of the family, as numbers."""

    name: str
    subnet: Subnet
    declared: IntervalSet


def _readable_others(pool: SpiderIPPool, subnet: Subnet, others: Iterable[SpiderIPPool]) -> list[_Other]:
    """The other pools of the family, by name. One that cannot be read hands out nothing and is passed over."""
    readable: list[_Other] = []
    for other in sorted(others, key=lambda other: other.metadata.name):
        with suppress(ValueError):
            theirs, spec = other.subnet, other.spec
            declared = parse_ranges(theirs.family, spec.ips).minus(parse_ranges(theirs.family, spec.exclude_ips))
            if theirs.family == subnet.family and other.metadata.name != pool.metadata.name:
                readable.append(_Other(name=other.metadata.name, subnet=theirs, declared=declared))
    return readable


def _subnet_overlaps(pool: SpiderIPPool, subnet: Subnet, others: list[_Other]) -> Iterator[Refusal]:
    """Two pools share a subnet whole or not at all."""
    for other in others:
        theirs = other.subnet
        if theirs != subnet and theirs.first <= subnet.last and subnet.first <= theirs.last:
            reason = f"overlaps in part with {theirs} of pool {other.name}; use that subnet, or one apart from it"
            yield Refusal(field="spec.subnet", value=pool.spec.subnet, reason=reason)


def _sets(
    asked: _Asked, old: SpiderIPPool | None, others: list[_Other], claims: Iterable[SpiderIPAddress]
) -> Iterator[Refusal]:
    """What only makes sense once every range could be read."""
    family = asked.subnet.family
    if handed_out := asked.declared.intersect(asked.gateway):
        reason = "pods would get it as their own address; add it to excludeIPs, or take it out of ips"
        yield Refusal(field="spec.gateway", value=_few(format_ranges(family, handed_out)), reason=reason)
    for other in others:
        if shared := asked.declared.intersect(other.declared):
            reason = f"pool {other.name} has {_count(shared.size)} of them too; take out of ips, or add to excludeIPs"
            yield Refusal(field="spec.ips", value=_few(format_ranges(family, shared)), reason=reason)
    if old is not None:
        yield from _taken_away(asked, old, claims)


def _taken_away(asked: _Asked, old: SpiderIPPool, claims: Iterable[SpiderIPAddress]) -> Iterator[Refusal]:
    """Addresses that leave the pool while a pod holds them, or a lasting identity counts on them.

    A cooling address is held by nobody.
    """
    family = asked.subnet.family
    try:
        lost = old.usable.minus(asked.declared.minus(asked.gateway)) if old.family == family else IntervalSet()
    except ValueError:
        return
    held = sorted(
        ((value, claim) for claim in claims if (value := _held(claim, family)) is not None and value in lost),
        key=lambda pair: pair[0],
    )
    for field, taken in (
        ("spec.gateway", asked.gateway),
        ("spec.excludeIPs", asked.excluded.minus(asked.gateway)),
        ("spec.ips", lost.minus(asked.excluded).minus(asked.gateway)),
    ):
        if users := [claim for value, claim in held if value in taken]:
            addresses = [str(Address(family, value)) for value, _ in held if value in taken]
            holders = _few([_holder(claim) for claim in users])
            reason = f"in use, {_count(len(users))}, by {holders}; leave them in the pool until those are gone"
            yield Refusal(field=field, value=_few(addresses), reason=reason)


def _held(claim: SpiderIPAddress, family: Family) -> int | None:
    if claim.spec.state == "Cooling":
        return None
    try:
        address = claim.address
    except ValueError:
        return None
    return address.value if address.family == family else None


def _holder(claim: SpiderIPAddress) -> str:
    owner = claim.spec.owner
    if claim.spec.state == "Parked" or owner is None:
        return claim.spec.identity
    return f"pod {owner.namespace}/{owner.name}"


def _count(number: int) -> str:
    return "1 address" if number == 1 else f"{number} addresses"


def _few(texts: list[str]) -> str:
    more = len(texts) - NAMED
    return ", ".join(texts[:NAMED]) + (f" and {more} more" if more > 0 else "")
