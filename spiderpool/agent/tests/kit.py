"""What the agent's tests share: one real agent without kubelet, on the simulated API server, network table and disk.

```
@story()
async def test_…(node: AgentNode) -> None:
    await node.cluster.pool("v4", "10.9.0.10-10.9.0.19")
    pod = await node.cluster.pod("web")
    assert (await node.add(pod)).ok
```
"""

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from simulator.cluster.disk_port import SimDiskPort
from simulator.cluster.host_port import HostFault, SimHost
from simulator.cluster.installed import installed_objects
from simulator.cluster.kube_port import SimKube
from simulator.kernel.clock import VirtualClock
from simulator.kernel.disk import SimDisk
from simulator.kernel.entropy import TapeEntropy
from simulator.kernel.loop import SimLoop
from simulator.kernel.ownership import world_task
from simulator.kernel.process import Phase, Process, guard
from simulator.kernel.running import run
from simulator.kernel.tape import Tape
from simulator.kube.api import ApiRequest, Json
from simulator.kube.calls import Call, Meter, describe
from simulator.kube.link import ApiLink, Fault, FaultRule
from simulator.kube.node.netstack import Inodes, NetStack
from simulator.kube.server.api_server import ApiServer
from simulator.kube.server.watch import Feed
from spiderpool.agent.parts import AgentPorts
from spiderpool.agent.service import Agent
from spiderpool.agent.settings import AgentSettings
from spiderpool.host.port import NodeIdentity
from spiderpool.kube.errors import NotFound
from spiderpool.observe.port import MemoryTelemetry
from spiderpool.ports.http import Request, Response
from spiderpool.resources.claim import SpiderIPAddress
from spiderpool.resources.kinds import CLAIMS, LEDGERS, POOLS, RESERVED_IPS
from spiderpool.resources.meta import ObjectMeta
from spiderpool.resources.pool import PoolSpec, SpiderIPPool
from spiderpool.resources.reserved import ReservedSpec, SpiderReservedIP

CONFIG: Json = {"cniVersion": "1.1.0", "name": "underlay", "type": "macvlan", "ipam": {"type": "spiderpool"}}
CLAIM_NAMES = "spideripaddresses"
READS = ("get", "list")
SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PodRef:
    """A pod object."""

    name: str
    uid: str
    namespace: str = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the agent answered to a plugin."""

    exit_code: int
    value: Json

    @property
    def ok(self) -> bool:
        return self.exit_code == 0

    @property
    def ips(self) -> list[str]:
        return [each["address"] for each in self.value["ips"]]

    @property
    def code(self) -> int:
        return int(self.value["code"])

    @property
    def words(self) -> str:
        return f"{self.value['msg']}; {self.value.get('details', '')}"


@dataclass(slots=True)
class Cluster:
    """The API server and its administrator."""

    loop: SimLoop
    tape: Tape
    clock: VirtualClock
    server: ApiServer
    admin: SimKube
    inodes: Inodes = field(default_factory=Inodes)
    nodes: dict[str, "AgentNode"] = field(default_factory=dict)

    def node(self, name: str) -> "AgentNode":
        """A node by name; a new one has no agent yet."""
        if name not in self.nodes:
            self.nodes[name] = AgentNode(self, name)
        return self.nodes[name]

    async def post(self, path: str, item: Json) -> Json:
        answer = await self.server.request(ApiRequest(method="POST", path=path, body=item))
        assert answer.status < 300, answer.body
        return answer.body

    async def pool(self, name: str, *ips: str, **spec: Any) -> SpiderIPPool:
        subnet, gateway = ("fd09::/64", "fd09::ffff") if ":" in ips[0] else ("10.9.0.0/16", "10.9.255.254")
        wanted = {"subnet": subnet, "gateway": gateway, "ips": ips, "default": True, **spec}
        item = SpiderIPPool(metadata=ObjectMeta(name=name), spec=PoolSpec(**wanted))
        made = await self.admin.create(POOLS, item)
        await self.seen()
        return made

    async def pools(self, count: int = 10) -> None:
        """A dual-stack pair with so many addresses each."""
        await self.pool("v4", f"10.9.0.1-10.9.0.{count}")
        await self.pool("v6", f"fd09::1-fd09::{count:x}")

    async def edit(self, name: str, **spec: Any) -> None:
        pool = await self.admin.get(POOLS, name)
        await self.admin.update(POOLS, replace(pool, spec=replace(pool.spec, **spec)))

    async def reserve(self, name: str, *ips: str) -> None:
        item = SpiderReservedIP(metadata=ObjectMeta(name=name), spec=ReservedSpec(ips=ips))
        await self.admin.create(RESERVED_IPS, item)

    async def ledger(self, mode: str) -> None:
        await self.admin.patch(LEDGERS, "default", {"spec": {"mode": mode}})
        await self.seen()

    async def pod(
        self, name: str, node: str = "n1", *, namespace: str = "default", owner: Json | None = None, **annotations: str
    ) -> PodRef:
        metadata: Json = {"name": name, "annotations": {f"ipam.spidernet.io/{k}": v for k, v in annotations.items()}}
        if owner:
            metadata["ownerReferences"] = [{**owner, "controller": True, "blockOwnerDeletion": False}]
        spec = {"nodeName": node, "containers": [{"name": "box", "image": "box"}]}
        item = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        made = await self.post(f"/api/v1/namespaces/{namespace}/pods", item)
        await self.seen()
        return PodRef(name=name, uid=made["metadata"]["uid"], namespace=namespace)

    async def remove_pod(self, name: str, namespace: str = "default") -> None:
        path = f"/api/v1/namespaces/{namespace}/pods/{name}"
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0}
        await self.server.request(ApiRequest(method="DELETE", path=path, body=options))
        await self.seen()

    async def stateful_set(self, name: str, replicas: int = 3) -> Json:
        """A StatefulSet without a controller: the test makes its pods."""
        labels = {"app": name}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "box", "image": "box"}]}}
        spec = {"replicas": replicas, "serviceName": name, "selector": {"matchLabels": labels}, "template": template}
        item = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name}, "spec": spec}
        made = await self.post("/apis/apps/v1/namespaces/default/statefulsets", item)
        return {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name, "uid": made["metadata"]["uid"]}

    async def claims(self) -> dict[str, SpiderIPAddress]:
        return {claim.name: claim for claim in (await self.admin.list(CLAIMS)).items}

    async def claim(self, name: str) -> SpiderIPAddress | None:
        try:
            return await self.admin.get(CLAIMS, name)
        except NotFound:
            return None

    async def seen(self) -> None:
        """Let every view see what was written."""
        await self.clock.sleep(0.05)


class AgentNode:
    """One node with its agent, its network table and its disk."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster = cluster
        self.name = name
        self.clock = VirtualClock(cluster.loop, boot_offset_seconds=1000.0)
        self.netstack = NetStack(name, cluster.inodes)
        self.disk = SimDisk()
        self.telemetry = MemoryTelemetry()
        self.meter = Meter()
        self.rules: list[FaultRule] = []
        self.boot_id = f"boot-1-of-{name}"
        self.process: Process | None = None
        self.agent: Agent | None = None
        self.host_fault: HostFault | None = None
        self.on_call: Callable[[str, str, Phase], None] | None = None
        self.before_request: Callable[[Call], Awaitable[None]] | None = None
        self.after_request: Callable[[Call], Awaitable[None]] | None = None
        self.sent: list[Call] = []
        self._hits: dict[int, int] = {}
        self.link = ApiLink(
            _Gate(self, cluster.server),
            clock=cluster.clock,
            client=f"agent@{name}",
            latency=lambda: 0.001,
            decide=self._decide,
            meter=self.meter,
            spawn=lambda rest: world_task(rest, "on the wire"),
        )

    @property
    def running(self) -> Agent:
        assert self.agent is not None
        return self.agent

    @property
    def memory(self) -> Any:
        return self.running._parts.memory

    async def start(self, **settings: Any) -> "AgentNode":
        """Start the agent and wait until it serves."""
        self.launch(**settings)
        while not self.running.is_ready:
            await self.cluster.clock.sleep(0.01)
        await self.cluster.seen()
        return self

    def launch(self, **settings: Any) -> None:
        """Start the agent."""
        process = self.process = Process(f"agent@{self.name}", self._on_call)
        ports = AgentPorts(
            kube=guard(SimKube(self.link, self.clock), process, "kube"),
            clock=guard(self.clock, process, "clock"),
            entropy=TapeEntropy(self.cluster.tape, f"{self.name}/entropy"),
            host=guard(SimHost(self, self._host_fault), process, "host"),
            disk=guard(SimDiskPort(self.disk), process, "disk"),
            node=NodeIdentity(name=self.name, machine_id=f"machine-{self.name}", boot_id=self.boot_id),
            telemetry=self.telemetry,
            settings=AgentSettings(node_name=self.name, **settings),
        )
        self.agent = Agent(ports)
        process.spawn(self.agent.run(), "run")

    def crash(self) -> None:
        assert self.process is not None
        self.process.crash()

    def fault(self, effect: Any, verb: str, resource: str = CLAIM_NAMES, *, times: int = 1, **numbers: Any) -> None:
        """The next requests of this kind meet a fault."""
        skip = numbers.pop("skip", 0)
        rule = FaultRule(fault=Fault(effect=effect, **numbers), verb=verb, resource=resource, times=times, skip=skip)
        self.rules.append(rule)

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """``verb resource`` of every request that is sent in the block, without watches, events and endpoints."""
        found: list[str] = []
        before = len(self.sent)
        yield found
        quiet = ("events", "spiderendpoints")
        found += [
            f"{call.verb} {call.resource}"
            for call in self.sent[before:]
            if call.verb != "watch" and call.resource not in quiet
        ]

    # --- what a container runtime does ---

    def netns(self, container: str) -> str:
        """The namespace of a container; made when it is not there."""
        path = f"/var/run/netns/{container}"
        if self.netstack.inode(path) is None:
            self.netstack.create(path, container)
        return path

    def up(self, container: str, *addresses: str, interface: str = "eth0") -> None:
        """Put addresses on the wire, as a main plugin does after ADD."""
        path = self.netns(container)
        if interface not in (self.netstack.addresses(path) or {}):
            self.netstack.add_interface(path, interface, mac="02:00:00:00:00:01", underlay="up0")
        for address in addresses:
            self.netstack.add_address(path, interface, address)

    def carried(self, container: str, interface: str = "eth0") -> list[str]:
        return list((self.netstack.addresses(f"/var/run/netns/{container}") or {}).get(interface, ()))

    def end(self, container: str) -> None:
        """The namespace is gone."""
        self.netstack.destroy(f"/var/run/netns/{container}")

    async def attach(self, pod: PodRef, container: str = "c1", **more: Any) -> list[str]:
        """ADD that must succeed, and its addresses on the wire."""
        reply = await self.add(pod, container, **more)
        assert reply.ok, reply.value
        self.up(container, *reply.ips, interface=more.get("interface", "eth0"))
        return reply.ips

    async def add(self, pod: PodRef, container: str = "c1", *, interface: str = "eth0", **more: Any) -> Reply:
        self.netns(container)
        return await self.call("ADD", container, interface, pod, **more)

    async def delete(self, container: str = "c1", *, interface: str = "eth0", **more: Any) -> Reply:
        return await self.call("DEL", container, interface, None, **more)

    async def call(
        self, verb: str, container: str, interface: str = "eth0", pod: PodRef | None = None, **more: Any
    ) -> Reply:
        return await self.send(self.request(verb, container, interface, pod, **more))

    def request(
        self,
        verb: str,
        container: str,
        interface: str = "eth0",
        pod: PodRef | None = None,
        *,
        since: int | None = None,
        deadline: int | None = None,
        config: Json | None = None,
        stdin: bytes | None = None,
        **variables: str,
    ) -> Request:
        """The request that the plugin would send. ``variables`` replace CNI_*; an empty one is left out."""
        stamp = self.clock.boot_ns() if since is None else since
        names = {
            "CONTAINERID": container,
            "NETNS": f"/var/run/netns/{container}",
            "IFNAME": interface,
            "PATH": "/opt/cni/bin",
        }
        if pod is not None:
            names["ARGS"] = f"IgnoreUnknown=1;K8S_POD_NAMESPACE={pod.namespace};K8S_POD_NAME={pod.name};"
            names["ARGS"] += f"K8S_POD_UID={pod.uid};K8S_POD_INFRA_CONTAINER_ID={container}"
        headers = {f"x-cni-{name.lower()}": value for name, value in (names | variables).items() if value}
        headers["x-spiderpool-since-ns"] = str(stamp)
        headers["x-spiderpool-deadline-ns"] = str(stamp + 75 * SECOND_NS if deadline is None else deadline)
        body = json.dumps(CONFIG if config is None else config).encode() if stdin is None else stdin
        return Request(method="POST", path=f"/v1/cni/{verb.lower()}", headers=headers, body=body)

    async def send(self, request: Request) -> Reply:
        answer = await self.ask(request)
        assert answer.status == 200, answer
        return Reply(exit_code=int(answer.headers["x-spiderpool-exit"]), value=json.loads(answer.body or b"{}"))

    async def ask(self, request: Request) -> Response:
        """As over the socket: the request runs as code of the agent."""
        assert self.process is not None
        return await self.process.door(self.running.handle, "request")(request)

    async def wait(self, check: Callable[[], Awaitable[bool]], seconds: float = 60.0) -> None:
        """Let virtual time pass until a check holds."""
        end = self.cluster.loop.time() + seconds
        while not await check():
            assert self.cluster.loop.time() < end, f"not within {seconds} s"
            await self.cluster.clock.sleep(0.1)

    def counted(self, metric: str, **labels: str) -> int:
        return self.telemetry.counters.get((metric, tuple(sorted(labels.items()))), 0)

    def said(self, message: str) -> list[dict[str, object]]:
        return [fields for _, line, fields in self.telemetry.lines if line == message]

    def _on_call(self, port: str, method: str, phase: Phase) -> None:
        if self.on_call is not None:
            self.on_call(port, method, phase)

    def _host_fault(self, operation: Any, path: str) -> None:
        if self.host_fault is not None:
            self.host_fault(operation, path)

    def _decide(self, client: str, call: Call) -> Fault | None:
        self.sent.append(call)
        for position, rule in enumerate(self.rules):
            if rule.matches(client, call):
                seen = self._hits[position] = self._hits.get(position, 0) + 1
                if rule.skip < seen <= rule.skip + rule.times:
                    return rule.fault
        return None


class _Gate:
    """The server, with a test's hooks before and after each request of a node."""

    def __init__(self, node: AgentNode, server: ApiServer) -> None:
        self._node = node
        self._server = server

    async def request(self, request: ApiRequest) -> Any:
        if self._node.before_request is not None:
            await self._node.before_request(describe(request))
        answer = await self._server.request(request)
        if self._node.after_request is not None:
            await self._node.after_request(describe(request))
        return answer

    def watch(self, request: ApiRequest) -> AsyncIterator[Json]:
        return self._server.watch(request)

    def open(self, request: ApiRequest) -> Feed:
        return self._server.open(request)


Story = Callable[[AgentNode], Awaitable[None]]


def story(*, seed: int = 7, started: bool = True, **settings: Any) -> Callable[[Story], Callable[[], None]]:
    """Make a test of an async function over node n1, whose agent serves unless ``started`` is False."""

    def make(body: Story) -> Callable[[], None]:
        def test() -> None:
            tape = Tape(seed, record=False)

            async def main() -> None:
                async with cluster(tape) as made:
                    node = made.node("n1")
                    if started:
                        await node.start(**settings)
                    await body(node)

            run(main(), tape, leaks_allowed=True)

        test.__name__ = getattr(body, "__name__", "test")
        test.__module__ = body.__module__
        return test

    return make


@asynccontextmanager
async def cluster(tape: Tape) -> AsyncIterator[Cluster]:
    """An API server with Spiderpool's objects installed."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop)
    clock = VirtualClock(loop)
    server = ApiServer(clock, TapeEntropy(tape, "server/entropy"))
    made = Cluster(loop=loop, tape=tape, clock=clock, server=server, admin=SimKube(server, clock))
    for item in installed_objects():
        await made.post(_path(server, item), copy.deepcopy(item))
    try:
        yield made
    finally:
        for node in made.nodes.values():
            if node.process is not None:
                node.process.crash()


def _path(server: ApiServer, item: Json) -> str:
    resource = next(each for each in server.registry.all() if each.kind == item["kind"])
    root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    return f"{root}/{resource.plural}"


def names_of(claims: Sequence[SpiderIPAddress] | dict[str, SpiderIPAddress]) -> list[str]:
    return sorted(claims) if isinstance(claims, dict) else sorted(claim.name for claim in claims)
