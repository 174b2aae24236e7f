"""What the API server holds before a measurement: pools, pods as objects, and the bare claims of the floor."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import msgspec

from e2e.benchmarks.cni import Attachment
from spiderpool.ipam.claims import new_claim
from spiderpool.kube.port import Kube
from spiderpool.resources.addresses import Address
from spiderpool.resources.claim import Netns, Owner, SpiderIPAddress
from spiderpool.resources.kinds import POOLS, Kind
from spiderpool.resources.meta import ObjectMeta
from spiderpool.resources.pool import PoolSpec, SpiderIPPool

T = TypeVar("T")
CALLERS = 100
POD_BODY = {"containers": [{"name": "box", "image": "localhost/box:1"}], "terminationGracePeriodSeconds": 0}


class PlainObject(msgspec.Struct, frozen=True, kw_only=True):
    """An object whose body the product has no model of."""

    metadata: ObjectMeta
    spec: dict[str, Any] = {}


PLAIN_PODS = Kind(group="", version="v1", kind="Pod", plural="pods", namespaced=True, model=PlainObject)
PLAIN_NODES = Kind(group="", version="v1", kind="Node", plural="nodes", namespaced=False, model=PlainObject)


async def each(items: Iterable[T], act: Callable[[T], Awaitable[object]], *, at_once: int = CALLERS) -> None:
    """Do it for every item, so many at once."""
    left = iter(items)

    async def caller() -> None:
        for item in left:
            await act(item)

    await asyncio.gather(*(caller() for _ in range(at_once)))


async def make_pool(kube: Kube, name: str, subnet: str, *ips: str) -> SpiderIPPool:
    """A pool that pods must name."""
    family = 6 if ":" in subnet else 4
    spec = PoolSpec(subnet=subnet, ips=ips, ip_version=family)
    return await kube.create(POOLS, SpiderIPPool(metadata=ObjectMeta(name=name), spec=spec))


async def make_pods(kube: Kube, nodes: Sequence[str], per_node: int, netns: Sequence[Path]) -> list[Attachment]:
    """Nodes with pods, as objects only; nobody runs them. One attachment for each pod, node after node in turn."""
    for node in nodes:
        await kube.create(PLAIN_NODES, PlainObject(metadata=ObjectMeta(name=node)))
    made: dict[str, Attachment] = {}
    places = {node: netns[index % len(netns)] for index, node in enumerate(nodes)}

    async def make(place: tuple[str, str]) -> None:
        node, name = place
        spec = {**POD_BODY, "nodeName": node}
        pod = await kube.create(PLAIN_PODS, PlainObject(metadata=ObjectMeta(name=name, namespace="default"), spec=spec))
        made[name] = Attachment(
            node=node,
            namespace="default",
            pod=name,
            uid=pod.metadata.uid,
            container_id=uuid4().hex * 2,
            netns=places[node],
        )

    wanted = [(node, f"{node}-pod-{number}") for number in range(per_node) for node in nodes]
    await each(wanted, make)
    return [made[name] for _, name in wanted]


def bare_claim(address: Address, pool: SpiderIPPool, attachment: Attachment) -> SpiderIPAddress:
    """The claim that an agent would create for this attachment, made up without an agent."""
    owner = Owner(
        namespace=attachment.namespace,
        name=attachment.pod,
        uid=attachment.uid,
        node=attachment.node,
        machine_id="0" * 32,
        boot_id="00000000-0000-0000-0000-000000000000",
        interface="eth0",
        container_id=attachment.container_id,
        netns=Netns(path=str(attachment.netns), inode=4026532000),
        since=1,
        pod_created="2026-01-01T00:00:00Z",
    )
    return new_claim(address, pool, owner, "")
