"""What goes back to the caller: the IPs and routes of an allocation, and a refusal as a CNI error code.

| refusal | CNI code |
| --- | --- |
| try again, closed, overtaken | 11 (spec: try again later) |
| invalid | 7 (spec: invalid network config) |
| pools full | 100 |
| no pool | 101 |
| pod gone | 102 |
| disk | 5 (spec: I/O failure) |
"""

from dataclasses import dataclass

from spiderpool.agent.allocate import Allocation
from spiderpool.cni.errors import CniError
from spiderpool.cni.errors import Code as CniCode
from spiderpool.ipam.refusals import Code, Refusal
from spiderpool.resources.addresses import Family

CNI_CODES: dict[Code, CniCode] = {
    Code.TRY_AGAIN: CniCode.TRY_LATER,
    Code.CLOSED: CniCode.TRY_LATER,
    Code.OVERTAKEN: CniCode.TRY_LATER,
    Code.INVALID: CniCode.INVALID_CONFIGURATION,
    Code.POOLS_FULL: CniCode.NO_ADDRESS,
    Code.NO_POOL: CniCode.NO_POOL,
    Code.POD_GONE: CniCode.POD_REFUSED,
    Code.DISK: CniCode.IO_FAILURE,
}
DEFAULT_ROUTE: dict[Family, str] = {4: "0.0.0.0/0", 6: "::/0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedIP:
    """One address of the answer; ``address`` is CIDR text, ``gateway`` empty where the pool has none."""

    family: Family
    address: str
    gateway: str
    pool: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedRoute:
    """One route of the answer."""

    dst: str
    gw: str


def granted(allocation: Allocation) -> tuple[list[GrantedIP], list[GrantedRoute]]:
    """Addresses in family order, and routes: each pool's default route unless the gateway is to be left out, then the
    pool's own.
    """
    ips: list[GrantedIP] = []
    routes: list[GrantedRoute] = []
    for claim in allocation.claims:
        family = claim.address.family
        pool = allocation.pools.get(claim.spec.pool.name)
        gateway = (pool.spec.gateway or "") if pool else ""
        ips.append(GrantedIP(family=family, address=claim.spec.address, gateway=gateway, pool=claim.spec.pool.name))
        if gateway and not allocation.clean_gateway:
            routes.append(GrantedRoute(dst=DEFAULT_ROUTE[family], gw=gateway))
        routes += [GrantedRoute(dst=route.dst, gw=route.gw) for route in (pool.spec.routes if pool else ())]
    return ips, routes


def cni_error(refusal: Refusal) -> CniError:
    """A refusal in the form in which the runtime hears of it: the sentence, and the pools as details."""
    return CniError(CNI_CODES[refusal.code], refusal.message, "; ".join(map(str, refusal.pools)))
