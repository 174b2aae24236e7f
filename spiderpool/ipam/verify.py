"""Whether an address may be handed out from its pool as the pool stands now.

Asked after the claim was created, of a pool and reserved addresses that were read after that (rules E1 to E3): then an
administrator's edit that was acknowledged before the read is never missed.
"""

from collections.abc import Iterable

from spiderpool.resources.addresses import Address
from spiderpool.resources.pool import SpiderIPPool
from spiderpool.resources.reserved import SpiderReservedIP, reserved_addresses


def why_not(address: Address, pool: SpiderIPPool | None, reservations: Iterable[SpiderReservedIP]) -> str | None:
    """The reason why a new claim of this address must be given back; None when it may be handed out."""
    if pool is None or (shut := why_shut(pool)):
        return "the pool is gone" if pool is None else f"the pool {shut}"
    try:
        if pool.family != address.family or address.value not in pool.usable:
            return f"{address} is outside the pool's ips, excluded, or the gateway"
        if address.value in reserved_addresses(address.family, reservations):
            return f"{address} is reserved by a SpiderReservedIP"
    except ValueError as error:
        return f"the pool or a reservation cannot be read: {error}"
    return None


def why_shut(pool: SpiderIPPool) -> str:
    """Why a pool hands out no new address at all, as the end of a sentence about it; empty when it may."""
    if pool.metadata.deletion_timestamp:
        return "is being deleted"
    return "is disabled" if pool.spec.disable else ""
