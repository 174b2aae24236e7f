"""A small cluster for the controller's tests: the simulated API server on virtual time, and objects made by name."""

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from msgspec.structs import replace

from spiderpool.controller.ports import ControllerPorts
from spiderpool.controller.service import Controller
from spiderpool.controller.settings import ControllerSettings
from spiderpool.ipam.claims import new_claim, parked
from spiderpool.kube.errors import NotFound
from spiderpool.kube.rest import JSON, RestKube
from spiderpool.kube.tests.kit import LoopClock, SimTransport, cluster, entropy, run, running
from spiderpool.observe.port import MemoryTelemetry
from spiderpool.ports.clock import rfc3339
from spiderpool.resources.addresses import parse_address
from spiderpool.resources.claim import ControllerRef, Netns, Owner, SpiderIPAddress
from spiderpool.resources.core import TAINT_OUT_OF_SERVICE, Lease, LeaseSpec
from spiderpool.resources.crds import definitions
from spiderpool.resources.kinds import CLAIMS, LEASES, LEDGERS, POOLS, RESERVED_IPS
from spiderpool.resources.ledger import LEDGER_NAME, LedgerSpec, Mode, SpiderLedger
from spiderpool.resources.meta import Condition, ObjectMeta
from spiderpool.resources.pool import PoolSpec, SpiderIPPool
from spiderpool.resources.reserved import ReservedSpec, SpiderReservedIP

T = TypeVar("T")

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NAMESPACE = "spiderpool"


class HookedTransport(SimTransport):
    """Lets a test do something after a request was answered and before its caller hears of it."""

    after: Callable[[str, str], Awaitable[None]] | None = None

    async def _answer(self, method: str, path: str, **rest: Any) -> bytes:
        answer = await super()._answer(method, path, **rest)
        if self.after is not None:
            await self.after(method, path)
        return answer


@dataclass(slots=True)
class World:
    """The cluster; ``kube`` is the controller's way to it, ``admin`` everybody else's."""

    transport: HookedTransport
    kube: RestKube
    admin: RestKube
    clock: LoopClock = field(default_factory=LoopClock)
    telemetry: MemoryTelemetry = field(default_factory=MemoryTelemetry)

    def ports(self, identity: str = "one", **settings: Any) -> ControllerPorts:
        return ControllerPorts(
            kube=self.kube,
            clock=self.clock,
            entropy=entropy(),
            telemetry=self.telemetry,
            settings=ControllerSettings(**settings),
            identity=identity,
        )

    async def pool(self, name: str = "v4", ips: str = "10.0.0.10-10.0.0.19", **spec: Any) -> SpiderIPPool:
        given: dict[str, Any] = {"subnet": "10.0.0.0/24", "ips": (ips,), **spec}
        return await self.admin.create(POOLS, SpiderIPPool(metadata=ObjectMeta(name=name), spec=PoolSpec(**given)))

    async def edit_pool(self, name: str = "v4", **spec: Any) -> SpiderIPPool:
        pool = await self.admin.get(POOLS, name)
        return await self.admin.update(POOLS, replace(pool, spec=replace(pool.spec, **spec)))

    async def reserve(self, *ips: str) -> None:
        item = SpiderReservedIP(metadata=ObjectMeta(name="kept"), spec=ReservedSpec(ip_version=4, ips=ips))
        await self.admin.create(RESERVED_IPS, item)

    async def claim(self, text: str, pool: str = "v4", **owner: Any) -> SpiderIPAddress:
        identity = owner.pop("identity", "")
        of_pool = await self.admin.get(POOLS, pool)
        item = new_claim(parse_address(text), of_pool, owner_of(**owner), identity)
        return await self.admin.create(CLAIMS, item)

    async def park(self, claim: SpiderIPAddress) -> SpiderIPAddress:
        return await self.admin.update(CLAIMS, parked(claim, rfc3339(self.clock.now())))

    async def node(self, name: str) -> None:
        await self.post("/api/v1/nodes", {"kind": "Node", "apiVersion": "v1", "metadata": {"name": name}})

    async def taint(self, name: str) -> None:
        taint = {"key": TAINT_OUT_OF_SERVICE, "effect": "NoExecute", "value": "nodeshutdown"}
        await self.merge(f"/api/v1/nodes/{name}", {"spec": {"taints": [taint]}})

    async def node_lease(self, name: str, renewed: str) -> None:
        lease = Lease(metadata=ObjectMeta(name=name, namespace="kube-node-lease"), spec=LeaseSpec(renew_time=renewed))
        try:
            present = await self.admin.get(LEASES, name, namespace="kube-node-lease")
        except NotFound:
            await self.admin.create(LEASES, lease)
        else:
            await self.admin.update(LEASES, replace(present, spec=lease.spec))

    async def pod(self, name: str, node: str = "n1") -> str:
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name},
            "spec": {"nodeName": node, "containers": [{"name": "main", "image": "main"}]},
        }
        await self.post("/api/v1/namespaces/default/pods", body)
        return str(self.transport.server.store.table(("", "pods")).objects["default", name]["metadata"]["uid"])

    async def stateful_set(self, name: str, replicas: int) -> None:
        labels = {"app": name}
        body = {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": name},
            "spec": {
                "replicas": replicas,
                "serviceName": name,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "main", "image": "main"}]},
                },
            },
        }
        await self.post("/apis/apps/v1/namespaces/default/statefulsets", body)

    async def scale(self, name: str, replicas: int) -> None:
        await self.merge(f"/apis/apps/v1/namespaces/default/statefulsets/{name}", {"spec": {"replicas": replicas}})

    async def ledger(self, mode: Mode) -> None:
        await self.admin.patch(LEDGERS, LEDGER_NAME, {"spec": {"mode": mode}})

    async def post(self, path: str, body: dict[str, Any]) -> None:
        await self.admin._transport.write("POST", path, body, JSON)

    async def merge(self, path: str, body: dict[str, Any]) -> None:
        await self.admin._transport.write("PATCH", path, body, "application/merge-patch+json")

    async def drop(self, path: str) -> None:
        await self.admin._transport.write("DELETE", path, {"gracePeriodSeconds": 0}, JSON)

    def claims(self) -> dict[str, str]:
        """Claim name to state, as the store has them."""
        table = self.transport.server.store.table((CLAIMS.group, CLAIMS.plural))
        return {name: item["spec"]["state"] for (_, name), item in sorted(table.objects.items())}

    async def settled(self, name: str = "v4") -> Condition:
        pool = await self.admin.get(POOLS, name)
        return next(item for item in pool.status.conditions if item.type == "Settled")

    def writes(self) -> list[tuple[str, str]]:
        """What the controller has written, without its Lease."""
        return [(method, path) for method, path in self.transport.sent if method in WRITES and "/leases" not in path]

    async def seconds(self, seconds: float) -> None:
        await self.clock.sleep(seconds)


WRITES = ("POST", "PUT", "PATCH", "DELETE")


def owner_of(
    name: str = "p0",
    *,
    uid: str = "uid-0",
    node: str = "n1",
    created: float = 1_800_000_000.0,
    since: int = 1,
    controller: ControllerRef | None = None,
) -> Owner:
    return Owner(
        namespace="default",
        name=name,
        uid=uid,
        node=node,
        machine_id="m1",
        boot_id="b1",
        interface="eth0",
        container_id="c" * 64,
        netns=Netns(path="/run/netns/x", inode=1),
        since=since,
        pod_created=rfc3339(created),
        controller=controller,
    )


async def new_world(*, is_open: bool = True) -> World:
    plain, admin = cluster()
    transport = HookedTransport(plain.server)
    world = World(transport, RestKube(transport, watch_seconds=300, page_items=500), admin)
    for document in definitions().values():
        await world.post(DEFINITIONS, document)
    await world.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    if is_open:
        await world.admin.create(
            LEDGERS, SpiderLedger(metadata=ObjectMeta(name=LEDGER_NAME), spec=LedgerSpec(mode="Open"))
        )
    return world


@asynccontextmanager
async def leading(world: World, identity: str = "one", **settings: Any) -> AsyncIterator[Controller]:
    """A controller that leads beside the block."""
    controller = Controller(world.ports(identity, **settings))
    async with running(controller.run()):
        await world.seconds(0)
        yield controller


def story(tell: Callable[[World], Coroutine[Any, Any, T]], *, is_open: bool = True) -> T:
    """Tell a story in a new world on virtual time."""

    async def whole() -> T:
        return await tell(await new_world(is_open=is_open))

    return run(whole())
