"""A world: N nodes with the product's real agent, controller and plugin, on a simulated cluster, judged all the while.

```
tape ──▶ everything that could go one way or another
loop ──▶ virtual time
API server (store, admission, garbage collection) ◀── links with latency and faults ──┬─ control plane, kubelets
                                                                                       ├─ agents, controllers
node: machine, runtime, kubelet ── /opt/cni/bin/macvlan ──▶ spiderpool ── socket ──────┘
oracles ◀── store, network tables, CNI calls
```

One seed gives one run: the same trace hash in every process.
"""

import asyncio
import copy
from collections.abc import Coroutine
from hashlib import sha256
from typing import Any

from simulator.cluster.agent_slot import AgentSlot
from simulator.cluster.controller_slot import ControllerSlot
from simulator.cluster.installed import conflist, installed_objects
from simulator.cluster.ipam_program import ipam_program
from simulator.cluster.shape import Shape
from simulator.cluster.wiring import Wiring
from simulator.kernel.clock import VirtualClock
from simulator.kernel.disk import SimDisk
from simulator.kernel.entropy import TapeEntropy
from simulator.kernel.loop import SimLoop
from simulator.kernel.tape import Tape
from simulator.kernel.trace import Trace
from simulator.kube.api import ApiRequest, Json
from simulator.kube.controllers.control_plane import control_plane
from simulator.kube.controllers.garbage import run_garbage_collector
from simulator.kube.controllers.namespaces import run_namespace_controller
from simulator.kube.link import Fault, FaultRule
from simulator.kube.node.fault_script import FaultScript
from simulator.kube.node.machine import Call, Machine, Result
from simulator.kube.node.macvlan import macvlan
from simulator.kube.node.netstack import Inodes
from simulator.kube.node.node import Node
from simulator.kube.server.api_server import ApiServer
from simulator.kube.server.registry import Resource
from simulator.kube.server.replica import Replica
from simulator.oracles.rest import leaks
from simulator.oracles.rules import Oracles
from simulator.oracles.violation import Violation

IPAM = "spiderpool"


class World:
    """Everything; make it inside a running ``SimLoop``."""

    def __init__(self, tape: Tape, shape: Shape | None = None, *, events_kept: int | None = None) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimLoop), "a world lives on virtual time"
        self.shape = shape or Shape()
        self.clock = VirtualClock(loop)
        self.trace = Trace(loop.time, events_kept=events_kept)
        self.server = ApiServer(self.clock, TapeEntropy(tape, "server/entropy"), call_webhook=self._call_webhook)
        self.wiring = Wiring(
            loop=loop, clock=self.clock, tape=tape, trace=self.trace, shape=self.shape, server=self.server
        )
        for number in range(1, self.shape.api_replicas + 1 if self.shape.api_replicas > 1 else 1):
            self.wiring.replicas.append(self._replica(tape, number))
        self.oracles = Oracles(seconds=loop.time, on_violation=self._violated)
        self.nodes: dict[str, Node] = {}
        self.agents: dict[str, AgentSlot] = {}
        self.clocks: dict[str, VirtualClock] = {}
        self.faults: dict[str, FaultScript] = {}
        self.controllers = [ControllerSlot(self.wiring, number) for number in range(1, self.shape.controllers + 1)]
        self._loop = loop
        self._inodes = Inodes()
        self.webhooks_down = False
        self.webhooks_late_seconds = 0.0
        self._tasks: list[asyncio.Task[Any]] = []
        self._collector: asyncio.Task[Any] | None = None
        self.server.subscribe(self._note_store)
        if self.shape.judged:
            self.server.subscribe(self.oracles.on_store)

    def _replica(self, tape: Tape, number: int) -> Replica:
        entropy = TapeEntropy(tape, f"replica-{number}/entropy")
        return Replica(self.server.store, self.clock, entropy, call_webhook=self._call_webhook)

    async def start(self) -> None:
        """Install Spiderpool, start the control plane, the controllers and all nodes."""
        for item in installed_objects():
            await self.create(copy.deepcopy(item))
        for work in control_plane(self.wiring.link("control-plane"), self.clock, self.wiring.tape, self.trace):
            self._run(work, "control-plane")
        self.start_collector()
        self._run(run_namespace_controller(self.wiring.link("namespaces"), self.clock), "namespaces")
        for controller in self.controllers:
            controller.start()
        for number in range(1, self.shape.nodes + 1):
            await self._add_node(f"n{number}", number)

    def start_collector(self) -> None:
        """Start the garbage collector; nothing if it runs."""
        if self._collector is None:
            link = self.wiring.link("garbage-collector", gather_seconds=0.1)
            self._collector = self._run(run_garbage_collector(link, self.clock), "garbage collector")

    def stop_collector(self) -> None:
        """End the garbage collector without warning; nothing if it does not run."""
        if self._collector is not None:
            self._collector.cancel()
            self._collector = None

    async def stop(self) -> None:
        """Power off and end everything that runs."""
        self.trace.event("world", "stop")
        for node in self.nodes.values():
            node.power_cut()
        for controller in self.controllers:
            controller.crash()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def create(self, item: Json) -> Json:
        """Create an object as the administrator.

        Raises:
            AssertionError: the server refused.
        """
        answer = await self.server.request(ApiRequest(method="POST", path=self.path_of(item), body=item))
        assert answer.status < 300, f"{item['kind']} {item['metadata']['name']}: {answer.body}"
        return answer.body

    def path_of(self, item: Json, *, named: bool = False) -> str:
        """The URL path of an object's collection, or of the object."""
        return self.path(item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"] if named else "")

    def path(self, kind: str, namespace: str = "", name: str = "") -> str:
        """The URL path of a kind's collection or of one object."""
        resource = self._resource(kind)
        root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
        place = f"/namespaces/{namespace}" if resource.namespaced and namespace else ""
        return f"{root}{place}/{resource.plural}" + (f"/{name}" if name else "")

    def is_namespaced(self, kind: str) -> bool:
        """Whether objects of a kind live in a namespace."""
        return self._resource(kind).namespaced

    def _resource(self, kind: str) -> Resource:
        found = next((each for each in self.server.registry.all() if each.kind == kind), None)
        if found is None:
            raise ValueError(f"kind {kind!r} is not served; apply its CustomResourceDefinition first")
        return found

    def install_plugin(self, node: str) -> None:
        """Put our executable into a node's /opt/cni/bin."""
        machine = self.nodes[node].machine
        machine.binaries[IPAM] = ipam_program(self.wiring, machine, self.agents[node], self.clocks[node])

    def crash_kubelet_during_next_add(self, node: str, *, after_seconds: float = 1.0) -> None:
        """The kubelet is killed a moment after the next IPAM ADD of this node has begun, and starts again."""
        place = self.nodes[node]

        def watch(call: Call, moment: str, result: Result | None) -> None:
            if (call.program, call.verb, moment) == (IPAM, "ADD", "begin"):
                place.machine.watchers.remove(watch)
                self._loop.call_later(after_seconds, place.crash_kubelet)
                self._loop.call_later(after_seconds + 2.0, place.start_kubelet)

        place.machine.watchers.append(watch)

    def stall_next_claim(self, node: str, seconds: float) -> None:
        """The next claim of a node's agent reaches the API server so much later."""
        fault = Fault(effect="delay", seconds=seconds)
        client = self.agents[node].name
        self.wiring.add_rule(FaultRule(fault=fault, client=client, verb="create", resource="spideripaddresses"))

    def leaks(self) -> list[Violation]:
        """What a cluster at rest must not show."""
        sets = self.server.store.table(("apps", "statefulsets")).objects.values()
        return leaks(self.oracles.ledger.claims.values(), self.oracles.wires.carriers, sets, self._loop.time())

    async def _add_node(self, name: str, number: int) -> None:
        clock = self.clocks[name] = VirtualClock(self._loop, boot_offset_seconds=100.0 * number)
        faults = self.faults[name] = FaultScript()
        machine = Machine(
            name=name,
            machine_id=sha256(f"machine {name}".encode()).hexdigest()[:32],
            disk=SimDisk(),
            clock=clock,
            trace=self.trace,
            inodes=self._inodes,
            on_change=self._note_wire,
            faults=faults,
        )
        await machine.disk.write("/etc/cni/net.d/10-macvlan.conflist", conflist())
        machine.watchers.append(self._note_cni)
        node = self.nodes[name] = Node(
            machine,
            self.wiring.link(f"kubelet@{name}"),
            self.wiring.tape,
            timings=self.shape.timings,
            host_ip=f"192.0.2.{number}",
        )
        self.agents[name] = AgentSlot(self.wiring, node, clock)
        machine.binaries["macvlan"] = macvlan(machine, self.wiring.tape)
        self.install_plugin(name)
        node.boot()

    def _run(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[Any]:
        task = self._loop.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        """A controller of the cluster that dies of a defect ends the run instead of leaving a cluster without it."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._loop.abort(error)

    async def _call_webhook(self, client_config: Json, review: Json) -> Json:
        await self.wiring.pause("webhook/latency", self.shape.api_latency)
        if self.webhooks_down:
            raise ConnectionRefusedError("nobody listens where the webhooks are")
        if self.webhooks_late_seconds:
            await self.clock.sleep(self.webhooks_late_seconds)
        running = [each for each in self.controllers if each.process is not None and not each.process.gone]
        if not running:
            raise ConnectionRefusedError("no controller replica runs")
        return await running[0].call_webhook(client_config, review)

    def _violated(self, violation: Violation) -> None:
        self.trace.event("oracle", "violation", rule=violation.rule.name, sentence=violation.sentence)
        self._loop.abort(violation)

    def _note_store(self, revision: int, change: str, old: Json | None, new: Json | None) -> None:
        item = new or old or {}
        kind = item.get("kind", "")
        if kind in ("Lease", "Event"):
            return
        metadata = item["metadata"]
        fields: dict[str, str] = {}
        if kind == "SpiderIPAddress" and new:
            owner = new["spec"].get("owner") or {}
            fields = {"state": new["spec"]["state"], "pod": owner.get("name", ""), "node": owner.get("node", "")}
        elif kind == "Pod" and new:
            fields = {"phase": (new.get("status") or {}).get("phase", ""), "node": new["spec"].get("nodeName", "")}
        name = f"{metadata.get('namespace', '')}/{metadata['name']}".lstrip("/")
        self.trace.event("store", f"{kind}-{change.lower()}", name=name, revision=revision, **fields)

    def _note_wire(self, node: str, path: str, interface: str, address: str, state: Any, container_id: str) -> None:
        self.trace.event(node, f"address-{state}", address=address, interface=interface, container=container_id[:12])
        if self.shape.judged:
            self.oracles.on_wire(node, path, interface, address, state, container_id)

    def _note_cni(self, call: Call, moment: str, result: Result | None) -> None:
        if call.program != IPAM or not self.shape.judged:
            return
        if moment == "begin" and call.verb == "DEL":
            self.oracles.on_cni("DEL", call.uid, call.container_id, call.interface, None)
        elif moment == "end" and call.verb == "ADD" and result is not None and result.exit_code == 0:
            self.oracles.on_cni("ADD", call.uid, call.container_id, call.interface, result.stdout)
