"""The place of the agent on one node: it starts at boot, may crash anywhere, and is started again.

What runs here is the product's own ``Agent``, on ports that reach the simulated API server, network table and disk.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from simulator.cluster.disk_port import SimDiskPort
from simulator.cluster.host_port import SimHost
from simulator.cluster.kube_port import SimKube
from simulator.cluster.wiring import Wiring
from simulator.kernel.clock import VirtualClock
from simulator.kernel.entropy import TapeEntropy
from simulator.kernel.process import Phase, Process, guard
from simulator.kube.node.node import Node
from spiderpool.agent.parts import AgentPorts
from spiderpool.agent.service import Agent
from spiderpool.agent.settings import AgentSettings
from spiderpool.host.port import NodeIdentity
from spiderpool.observe.port import MemoryTelemetry
from spiderpool.ports.http import Request, Response

USER = "system:serviceaccount:spiderpool:spiderpool-agent"


class AgentSlot:
    """The agent of one node, over all its incarnations."""

    def __init__(self, wiring: Wiring, node: Node, clock: VirtualClock) -> None:
        self.telemetry = MemoryTelemetry()
        self.wanted = True
        self.incarnations = 0
        self.process: Process | None = None
        self._wiring = wiring
        self._node = node
        self._clock = clock
        self._ask: Callable[[Request], Coroutine[Any, Any, Response]] | None = None
        self._agent: Agent | None = None
        self._crash_at: str = ""
        node.on_boot.append(self.start)

    @property
    def name(self) -> str:
        """``agent@n1``, as the trace and the links call it."""
        return f"agent@{self._node.name}"

    @property
    def is_ready(self) -> bool:
        """Whether it runs and knows its node's claims."""
        return self.process is not None and not self.process.gone and self._agent is not None and self._agent.is_ready

    @property
    def listens(self) -> bool:
        """Whether somebody accepts connections on the node's socket."""
        return self.process is not None and not self.process.gone

    def start(self) -> None:
        """Start it; nothing if it runs or the node has no power."""
        machine = self._node.machine
        if not machine.powered or not self.wanted or (self.process is not None and not self.process.gone):
            return
        self.incarnations += 1
        process = self.process = Process(self.name, self._on_call if self._crash_at else None)
        machine.start("spiderpool-agent").on_exit(process.crash)
        clock, entropy = self._clock, TapeEntropy(self._wiring.tape, f"{self.name}/entropy")
        link = self._wiring.link(self.name)
        agent = self._agent = Agent(
            AgentPorts(
                kube=guard(SimKube(link, clock, user=USER), process, "kube"),
                clock=guard(clock, process, "clock"),
                entropy=entropy,
                host=guard(SimHost(machine), process, "host"),
                disk=guard(SimDiskPort(machine.disk), process, "disk"),
                node=NodeIdentity(name=self._node.name, machine_id=machine.machine_id, boot_id=machine.boot_id),
                telemetry=self.telemetry,
                settings=AgentSettings(node_name=self._node.name, **self._wiring.shape.agent_settings),
            )
        )
        self._wiring.trace.event(self.name, "start", incarnation=self.incarnations)
        process.spawn(agent.run(), "run")
        self._ask = process.door(agent.handle, "request")

    async def ask(self, request: Request) -> Response:
        """One request over the node's unix socket.

        Raises:
            ConnectionError: no agent is there, or it ended before it answered.
        """
        await self._wiring.pause(f"{self.name}/socket", self._wiring.shape.socket_latency)
        if self._ask is None or self.process is None or self.process.gone:
            raise ConnectionRefusedError("no agent listens on the socket")
        answer = await self._ask(request)
        await self._wiring.pause(f"{self.name}/socket", self._wiring.shape.socket_latency)
        return answer

    def crash(self) -> None:
        """End it without warning."""
        if self.process is not None and not self.process.gone:
            self._wiring.trace.event(self.name, "crash")
            self.process.crash()

    def crash_at(self, point: str) -> None:
        """End it at a named point, ``kube.create after``; it starts again some seconds later."""
        self._crash_at = point
        if self.process is not None:
            self.process.on_call = self._on_call

    def _on_call(self, port: str, method: str, phase: Phase) -> None:
        if self._crash_at == f"{port}.{method} {phase}":
            self._crash_at = ""
            self._wiring.trace.event(self.name, "crash-point", point=f"{port}.{method} {phase}")
            self._wiring.later(f"{self.name}/restart", self._wiring.shape.agent_restart, self.start)
            self.crash()
