"""What the commands show: claims and pools as flat rows, one text per column. Pure."""

from collections.abc import Iterable, Sequence

import msgspec

from spiderpool.resources.claim import SpiderIPAddress
from spiderpool.resources.pool import SpiderIPPool

Columns = Sequence[tuple[str, str]]


class ClaimRow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who has an address."""

    address: str
    state: str
    pod: str
    interface: str
    node: str
    pool: str
    identity: str


class PoolRow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How full a pool is; numbers are absent until the controller has counted."""

    name: str
    subnet: str
    total: int | None
    allocated: int | None
    settled: str
    default: bool
    disabled: bool


CLAIM_COLUMNS: Columns = (
    ("ADDRESS", "address"),
    ("STATE", "state"),
    ("POD", "pod"),
    ("INTERFACE", "interface"),
    ("NODE", "node"),
    ("POOL", "pool"),
    ("IDENTITY", "identity"),
)
POOL_COLUMNS: Columns = (
    ("NAME", "name"),
    ("SUBNET", "subnet"),
    ("TOTAL", "total"),
    ("ALLOCATED", "allocated"),
    ("SETTLED", "settled"),
    ("DEFAULT", "default"),
    ("DISABLED", "disabled"),
)


def claim_rows(claims: Iterable[SpiderIPAddress]) -> list[ClaimRow]:
    """One row for each claim, IPv4 before IPv6, by number."""
    ordered = sorted(claims, key=lambda claim: claim.address)
    return [_claim_row(claim) for claim in ordered]


def _claim_row(claim: SpiderIPAddress) -> ClaimRow:
    owner = claim.spec.owner
    return ClaimRow(
        address=claim.spec.address,
        state=claim.spec.state,
        pod=f"{owner.namespace}/{owner.name}" if owner else "",
        interface=owner.interface if owner else "",
        node=owner.node if owner else "",
        pool=claim.spec.pool.name,
        identity=claim.spec.identity,
    )


def pool_rows(pools: Iterable[SpiderIPPool]) -> list[PoolRow]:
    """One row for each pool, by name."""
    return [_pool_row(pool) for pool in sorted(pools, key=lambda pool: pool.metadata.name)]


def _pool_row(pool: SpiderIPPool) -> PoolRow:
    status = pool.status
    settled = next((item.status for item in status.conditions if item.type == "Settled"), "Unknown")
    return PoolRow(
        name=pool.metadata.name,
        subnet=pool.spec.subnet,
        total=status.total_ip_count,
        allocated=status.allocated_ip_count,
        settled=settled if status.observed_generation == pool.metadata.generation else "Unknown",
        default=pool.spec.default,
        disabled=pool.spec.disable,
    )
