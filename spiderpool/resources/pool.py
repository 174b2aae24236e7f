"""SpiderIPPool: a range of addresses that pods may get, with upstream's field names and defaults."""

from functools import lru_cache

import msgspec

from spiderpool.resources.addresses import MAPPED_SPAN, Family, Subnet, parse_address, parse_subnet
from spiderpool.resources.intervals import IntervalSet
from spiderpool.resources.meta import Condition, LabelSelector, ObjectMeta
from spiderpool.resources.ranges import parse_ranges

COUNT_LIMIT = (1 << 63) - 1  # the API's integers end here, a pool of IPv6 addresses does not


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A route that a pod gets with an address of the pool.

    Attributes:
        dst: The destination as a CIDR, never the default route.
        gw: The next hop, inside the pool's subnet.
    """

    dst: str
    gw: str


class PoolSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What the administrator declares.

    Text fields stay text here; ``SpiderIPPool.usable`` and friends give numbers.

    Attributes:
        subnet: The subnet in canonical CIDR form. It never changes.
        ip_version: 4 or 6; follows from the subnet where it is left out.
        ips: Addresses that may be handed out: single ones, or ranges such as 10.0.0.10-10.0.0.20.
        exclude_ips: Addresses that are taken out of ips, in the same form.
        gateway: The default gateway of pods, an address of the subnet that is not handed out.
        routes: Further routes of pods.
        pod_affinity: Only pods with these labels get addresses of this pool.
        namespace_affinity: Only pods in namespaces with these labels.
        node_affinity: Only pods on nodes with these labels.
        namespace_name: Only pods in these namespaces; overrides namespaceAffinity.
        node_name: Only pods on these nodes; overrides nodeAffinity.
        multus_name: Only interfaces of these Multus networks, each name or namespace/name.
        default: Whether pods that name no pool may use this one.
        disable: Whether the pool hands out nothing new; addresses in use stay.
        cooldown_seconds: How long a released address rests before it is used again while others are free.
    """

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
    """Which addresses of a pool were taken, summarised as a hint for agents.

    ``ipam/usage.py`` reads and writes it.

    Attributes:
        generation: The pool's generation whose address set the positions count in.
        revision: The resource version of the list of claims that the summary was made from.
        encoding: How data is to be read.
        data: The summary itself.
    """

    generation: int
    revision: str
    encoding: str
    data: str


class PoolStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What the controller derives from the claims.

    Attributes:
        total_ip_count: How many addresses the pool has; 2^63 - 1 stands for any greater number.
        allocated_ip_count: How many of them are claimed.
        observed_generation: The generation of the pool that this status was derived from.
        out_of_spec: Addresses that are claimed but no longer in the pool's ranges, the first few of them.
        usage: Which addresses were taken, as a hint for agents.
        conditions: Among them Settled: nobody uses, or ever will use, addresses that left the pool.
    """

    total_ip_count: int | None = msgspec.field(name="totalIPCount", default=None)
    allocated_ip_count: int | None = msgspec.field(name="allocatedIPCount", default=None)
    observed_generation: int = 0
    out_of_spec: tuple[str, ...] = ()
    usage: Usage | None = None
    conditions: tuple[Condition, ...] = ()


class SpiderIPPool(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A pool of addresses that pods may get. Cluster-scoped, short name ``sp``.

    Attributes:
        metadata: Standard object metadata.
        spec: What the administrator declares.
        status: What the controller derives from the claims.
    """

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
        return parse_subnet(self.spec.subnet).family

    @property
    def usable(self) -> IntervalSet:
        """``ips`` minus ``excludeIPs`` minus the gateway: what may be handed out, before reserved addresses.

        IPv4-mapped IPv6 addresses are left out, because they have no claim name.

        Raises:
            ValueError: a field is not readable.
        """
        return _usable(self.family, self.spec.ips, self.spec.exclude_ips, self.spec.gateway)


@lru_cache(maxsize=256)  # a pool is asked for every ADD and changes once in a while
def _usable(family: Family, ips: tuple[str, ...], excluded: tuple[str, ...], gateway: str | None) -> IntervalSet:
    usable = parse_ranges(family, ips).minus(parse_ranges(family, excluded))
    if family == 6:
        usable = usable.minus(IntervalSet((MAPPED_SPAN,)))
    if gateway is None:
        return usable
    address = parse_address(gateway)
    return usable.minus(IntervalSet.points([address.value])) if address.family == family else usable
