"""SpiderIPPool: a range of addresses that pods may get, with upstream's field names and defaults."""

import msgspec

from spiderpool.resources.addresses import MAPPED_SPAN, Family, Subnet, parse_address, parse_subnet
from spiderpool.resources.intervals import IntervalSet
from spiderpool.resources.meta import Condition, LabelSelector, ObjectMeta
from spiderpool.resources.ranges import parse_ranges


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A route that a pod gets with an address of the pool."""

    dst: str
    gw: str


class PoolSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What the administrator declares. Text fields stay text here; ``usable`` and friends give numbers."""

    subnet: str
    ip_version: int | None = None
    ips: tuple[str, ...] = ()
    exclude_ips: tuple[str, ...] = msgspec.field(name="excludeIPs", default=())
    gateway: str | None = None
    routes: tuple[Route, ...] = ()
    pod_affinity: LabelSelector | None = None
    namespace_affinity: LabelSelector | None = None
    node_affinity: LabelSelector | None = None
    namespace_name: tuple[str, ...] = ()
    node_name: tuple[str, ...] = ()
    multus_name: tuple[str, ...] = ()
    default: bool = False
    disable: bool = False
    cooldown_seconds: int = 0


class Usage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A compact summary of which addresses of a pool were taken, a hint for agents (``ipam/usage.py`` reads it).

    ``generation`` is the pool's generation whose address set the positions count in; ``revision`` the resource
    version of the list of claims that it was made from.
    """

    generation: int
    revision: str
    encoding: str
    data: str


class PoolStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What the controller derives from the ledger."""

    total_ip_count: int | None = msgspec.field(name="totalIPCount", default=None)
    allocated_ip_count: int | None = msgspec.field(name="allocatedIPCount", default=None)
    observed_generation: int = 0
    out_of_spec: tuple[str, ...] = ()
    usage: Usage | None = None
    conditions: tuple[Condition, ...] = ()


class SpiderIPPool(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One pool; cluster-scoped, short name ``sp``."""

    metadata: ObjectMeta
    spec: PoolSpec
    status: PoolStatus = PoolStatus()

    @property
    def subnet(self) -> Subnet:
        """The subnet as numbers; ValueError where the text is wrong."""
        return parse_subnet(self.spec.subnet)

    @property
    def family(self) -> Family:
        """4 or 6, from the subnet."""
        return self.subnet.family

    @property
    def usable(self) -> IntervalSet:
        """``ips`` minus ``excludeIPs`` minus the gateway: what may be handed out, before reserved addresses.

        IPv4-mapped IPv6 addresses are left out, because they have no claim name.

        Raises:
            ValueError: a field is not readable.
        """
        family = self.family
        usable = parse_ranges(family, self.spec.ips).minus(parse_ranges(family, self.spec.exclude_ips))
        if family == 6:
            usable = usable.minus(IntervalSet((MAPPED_SPAN,)))
        if self.spec.gateway is None:
            return usable
        gateway = parse_address(self.spec.gateway)
        return usable.minus(IntervalSet.points([gateway.value])) if gateway.family == family else usable
