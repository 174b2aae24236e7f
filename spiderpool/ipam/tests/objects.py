"""Objects that the tests of this room begin with."""

from typing import Any

from msgspec.structs import replace

from spiderpool.ipam.claims import new_claim
from spiderpool.resources.addresses import parse_address
from spiderpool.resources.claim import Netns, Owner, SpiderIPAddress
from spiderpool.resources.meta import ObjectMeta
from spiderpool.resources.pool import PoolSpec, SpiderIPPool


def a_pool(name: str = "v4", *ips: str, subnet: str = "10.0.0.0/24", **spec: Any) -> SpiderIPPool:
    return SpiderIPPool(
        metadata=ObjectMeta(name=name, uid=f"uid-of-{name}"),
        spec=PoolSpec(subnet=subnet, ips=ips or ("10.0.0.10-10.0.0.19",), **spec),
    )


def an_owner(**fields: Any) -> Owner:
    given = {
        "namespace": "default",
        "name": "web-0",
        "uid": "u1",
        "node": "n1",
        "machine_id": "m1",
        "boot_id": "b1",
        "interface": "eth0",
        "container_id": "c1",
        "netns": Netns(path="/var/run/netns/a", inode=7),
        "since": 100,
        "pod_created": "2026-01-01T00:00:00Z",
    }
    return Owner(**{**given, **fields})


def a_claim(address: str = "10.0.0.10", identity: str = "", **owner: Any) -> SpiderIPAddress:
    made = new_claim(parse_address(address), a_pool(), an_owner(**owner), identity)
    return replace(made, metadata=replace(made.metadata, uid=f"uid-of-{address}", resource_version="5"))
