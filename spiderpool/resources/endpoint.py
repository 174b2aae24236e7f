"""SpiderEndpoint: a pod's own view of its addresses. Derived from the ledger; nothing decides by it."""

import msgspec

from spiderpool.resources.meta import ObjectMeta
from spiderpool.resources.pool import Route


class EndpointIP(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One interface."""

    interface: str
    ipv4: str | None = None
    ipv6: str | None = None
    ipv4_pool: str | None = msgspec.field(name="ipv4Pool", default=None)
    ipv6_pool: str | None = msgspec.field(name="ipv6Pool", default=None)
    vlan: int = 0
    ipv4_gateway: str | None = msgspec.field(name="ipv4Gateway", default=None)
    ipv6_gateway: str | None = msgspec.field(name="ipv6Gateway", default=None)
    clean_gateway: bool | None = None
    routes: tuple[Route, ...] = ()
    mac: str | None = None


class EndpointCurrent(msgspec.Struct, frozen=True, kw_only=True):
    """The pod incarnation that holds the addresses."""

    uid: str
    node: str
    ips: tuple[EndpointIP, ...]


class EndpointStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Upstream's shape; there is no status subresource."""

    current: EndpointCurrent
    owner_controller_type: str
    owner_controller_name: str


class SpiderEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One pod; namespaced, named as the pod, short name ``se``."""

    metadata: ObjectMeta
    status: EndpointStatus | None = None
