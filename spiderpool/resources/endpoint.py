"""SpiderEndpoint: a pod's own view of its addresses. Derived from the ledger; nothing decides by it."""

import msgspec

from spiderpool.resources.meta import ObjectMeta
from spiderpool.resources.pool import Route


class EndpointIP(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One interface of a pod.

    Attributes:
        interface: The interface inside the pod.
        ipv4: Its IPv4 address with prefix length.
        ipv6: Its IPv6 address with prefix length.
        ipv4_pool: The pool of the IPv4 address.
        ipv6_pool: The pool of the IPv6 address.
        vlan: The VLAN of the interface; 0 means none.
        ipv4_gateway: The IPv4 default gateway.
        ipv6_gateway: The IPv6 default gateway.
        clean_gateway: Whether the interface gets no default route.
        routes: Its further routes.
        mac: Its hardware address.
    """

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
    """The pod incarnation that holds the addresses.

    Attributes:
        uid: The pod's uid.
        node: The node that it runs on.
        ips: One entry for each interface.
    """

    uid: str
    node: str
    ips: tuple[EndpointIP, ...]


class EndpointStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The pod's addresses, in upstream's shape; there is no status subresource.

    Attributes:
        current: The pod incarnation that holds the addresses.
        owner_controller_type: The kind of the pod's top controller, Pod where it has none.
        owner_controller_name: Its name.
    """

    current: EndpointCurrent
    owner_controller_type: str
    owner_controller_name: str


class SpiderEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The addresses of one pod. Namespaced, named as the pod, short name ``se``.

    Attributes:
        metadata: Standard object metadata.
        status: The pod's addresses.
    """

    metadata: ObjectMeta
    status: EndpointStatus | None = None
