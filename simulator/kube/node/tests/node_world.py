"""A world for the tests of this folder: an API server, nodes, and the smallest IPAM plugin that can leak an address."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from simulator.kernel.clock import VirtualClock
from simulator.kernel.disk import SimDisk
from simulator.kernel.entropy import TapeEntropy
from simulator.kernel.loop import SimLoop
from simulator.kernel.running import run
from simulator.kernel.tape import Tape
from simulator.kernel.trace import Trace
from simulator.kube.api import Api, Json
from simulator.kube.client import Client
from simulator.kube.node.fault_script import FaultScript
from simulator.kube.node.machine import Call, Exec, Machine, Result
from simulator.kube.node.macvlan import macvlan
from simulator.kube.node.netstack import Inodes
from simulator.kube.node.node import Node
from simulator.kube.server.api_server import ApiServer

CONFLIST = {
    "cniVersion": "1.0.0",
    "name": "underlay",
    "plugins": [{"type": "macvlan", "master": "up0", "mode": "bridge", "ipam": {"type": "host-local"}}],
}

CONFIG_FILE = "/etc/cni/net.d/10-underlay.conflist"


@dataclass
class HostLocal:
    """An IPAM plugin that gives the next address and holds it until a DEL of that container: no more than that."""

    first: str = "10.98.0.1"
    held: dict[str, str] = field(default_factory=dict)
    given: int = 0

    async def main(self, request: Exec) -> Result:
        verb, container = request.environ[b"CNI_COMMAND"], request.environ.get(b"CNI_CONTAINERID", b"").decode()
        if verb == b"DEL":
            self.held.pop(container, None)
        if verb != b"ADD":
            return Result()
        address = f"{ip_address(self.first) + self.given}/16"
        self.given += 1
        self.held[container] = address
        answer = {"cniVersion": "1.0.0", "ips": [{"address": address, "gateway": "10.98.255.254"}]}
        return Result(stdout=json.dumps(answer).encode())


@dataclass
class Line:
    """One call as the trace of a real node shows it: ``C1``, ``N`` or ``-``, with ``p`` for prevResult."""

    begin: float
    verb: str
    container: str
    how: str
    pod: str
    uid: str
    end: float | None = None
    exit_code: int | None = None

    @property
    def text(self) -> str:
        return f"{self.verb} {self.container}" + (f" {self.how}" if self.verb == "DEL" else "")


class World:
    """What a test moves and looks at. Times are virtual seconds since ``mark``."""

    def __init__(self, seed: int, conflist: Json | None = None) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimLoop)
        self.loop = loop
        self.clock = VirtualClock(loop)
        self.tape = Tape(seed)
        self.trace = Trace(loop.time)
        self.api = ApiServer(self.clock, TapeEntropy(self.tape, "server/entropy"))
        self.client = Client(api=self.api, user="admin")
        self.faults = FaultScript()
        self.nodes: dict[str, Node] = {}
        self.ipam = HostLocal()
        self.lines: list[Line] = []
        self.wire: list[tuple[float, str, str]] = []
        self._inodes = Inodes()
        self._conflist = conflist or CONFLIST
        self._started: dict[tuple[str, int], Line] = {}
        self._names: dict[str, str] = {}
        self._zero = 0.0
        self._tasks: list[asyncio.Task[Any]] = []

    @property
    def now(self) -> float:
        return self.loop.time() - self._zero

    def mark(self) -> None:
        """Time zero is now, and the calls so far are forgotten."""
        self._zero = self.loop.time()
        self.lines.clear()

    def node(self, name: str, *, api: Api | None = None, **options: Any) -> Node:
        """A node that is off; its way to the server is ``api``."""
        disk = SimDisk()
        self._tasks.append(self.loop.create_task(disk.write(CONFIG_FILE, json.dumps(self._conflist).encode())))
        machine = Machine(
            name=name,
            machine_id=f"{len(self.nodes) + 1:032x}",
            disk=disk,
            clock=VirtualClock(self.loop),
            trace=self.trace,
            inodes=self._inodes,
            faults=self.faults,
            on_change=lambda _node, _path, _link, address, state, _id: self.wire.append((self.now, address, state)),
        )
        machine.binaries |= {"macvlan": macvlan(machine, self.tape), "host-local": self.ipam.main}
        machine.watchers.append(self._watch)
        self.nodes[name] = Node(
            machine, api or self.api, self.tape, host_ip=f"192.0.2.{len(self.nodes) + 1}", **options
        )
        return self.nodes[name]

    async def booted(self, name: str = "n1", **options: Any) -> Node:
        """A node that is Ready and has done its first sync."""
        node = self.node(name, **options)
        node.boot()
        await self.sleep(3)
        return node

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it beside the test; its failure ends the run."""

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                self.loop.abort(error)

        task = self.loop.create_task(work)
        task.add_done_callback(ended)
        self._tasks.append(task)

    def stop(self) -> None:
        for node in self.nodes.values():
            node.power_cut()
        for task in self._tasks:
            task.cancel()

    async def sleep(self, seconds: float) -> None:
        await self.clock.sleep(seconds)

    async def until(self, check: Callable[[], Awaitable[Any]], within_seconds: float, every: float = 0.02) -> float:
        """Wait for it and give the time at which it was true."""
        end = self.loop.time() + within_seconds
        while not await check():
            assert self.loop.time() < end, f"not within {within_seconds} s; calls: {self.text()}"
            await self.sleep(every)
        return self.now

    # --- pods ---

    async def create(self, name: str, *, node: str = "n1", grace: int = 1, **spec: Any) -> str:
        """A pod on a node; its uid."""
        body = {
            "metadata": {"name": name, "annotations": spec.pop("annotations", {})},
            "spec": {
                "nodeName": node,
                "terminationGracePeriodSeconds": grace,
                "containers": [{"name": "c", "image": "localhost/box:1"}],
                **spec,
            },
        }
        return str((await self.client.create("pods", body, "default"))["metadata"]["uid"])

    async def pod(self, name: str) -> Json | None:
        return await self.client.get("pods", name, "default")

    async def phase(self, name: str) -> str:
        return str(((await self.pod(name)) or {}).get("status", {}).get("phase", ""))

    async def running(self, name: str, within_seconds: float = 60) -> float:
        async def check() -> bool:
            return (await self.phase(name)) == "Running"

        return await self.until(check, within_seconds)

    async def gone(self, name: str, within_seconds: float = 60) -> float:
        async def check() -> bool:
            return (await self.pod(name)) is None

        return await self.until(check, within_seconds)

    async def called(self, verb: str, count: int = 1, within_seconds: float = 60) -> Line:
        """The ``count``-th call of this verb that has begun since the mark."""
        found: list[Line] = []

        async def check() -> bool:
            found[:] = [line for line in self.lines if line.verb == verb]
            return len(found) >= count

        await self.until(check, within_seconds)
        return found[count - 1]

    async def delete(self, name: str, *, force: bool = False) -> None:
        await self.client.delete("pods", name, namespace="default", grace_seconds=0 if force else None)

    # --- what was called ---

    def text(self) -> list[str]:
        """The calls of the main plugin, in order of their begin."""
        return [line.text for line in self.lines]

    def _watch(self, call: Call, moment: str, result: Result | None) -> None:
        if call.program != "macvlan":
            return
        if moment == "begin":
            short = self._names.setdefault(call.container_id, f"C{len(self._names) + 1}") if call.container_id else ""
            how = ("N" if call.netns else "-") + ("p" if call.has_prev_result else "")
            line = Line(begin=self.now, verb=call.verb, container=short, how=how, pod=call.pod, uid=call.uid)
            self._started[call.node, call.number] = line
            self.lines.append(line)
            return
        line = self._started[call.node, call.number]
        line.end, line.exit_code = self.now, None if result is None else result.exit_code


def simulate(body: Callable[[World], Awaitable[None]], seed: int = 1, conflist: Json | None = None) -> World:
    """Run a test body in a world of its own; the world, for a look afterwards."""

    async def main() -> World:
        world = World(seed, conflist)
        try:
            await body(world)
        finally:
            world.stop()
        await world.sleep(1)  # what was cancelled ends
        return world

    return run(main())
