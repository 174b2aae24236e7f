"""What runs in a cluster on time that passes by itself: controllers, and nodes with kubelets and a generic network.

It is loaded when it is started: who asks for a server is not kept waiting for it.
"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from simulator.face.scaled_time import LoopClock
from simulator.kernel.disk import SimDisk
from simulator.kernel.tape import Tape
from simulator.kernel.trace import Trace
from simulator.kube.controllers.control_plane import control_plane
from simulator.kube.controllers.following import ALL_KEPT
from simulator.kube.controllers.garbage import run_garbage_collector
from simulator.kube.controllers.namespaces import run_namespace_controller
from simulator.kube.controllers.role_aggregation import run_role_aggregation
from simulator.kube.node.host_local import host_local, pod_range
from simulator.kube.node.machine import Machine
from simulator.kube.node.macvlan import macvlan
from simulator.kube.node.netstack import Inodes
from simulator.kube.node.node import Node
from simulator.kube.server.trusted import Trusted

LOG = logging.getLogger(__name__)
_EVENTS_KEPT = 1_000
_CONFLIST = msgspec.json.encode(
    {
        "cniVersion": "1.0.0",
        "name": "underlay",
        "plugins": [{"type": "macvlan", "master": "up0", "mode": "bridge", "ipam": {"type": "host-local"}}],
    }
)


class Workers:
    """Make it inside a running loop; ``start`` and ``stop`` it once.

    Args:
        api: the server, trusted.
        wall_start: wall time of the loop's time zero, in seconds since 1970 UTC.
        tape: of everything that is drawn.
    """

    def __init__(self, api: Trusted, *, wall_start: float, tape: Tape) -> None:
        self._api = api
        self._wall_start = wall_start
        self._tape = tape
        self._loop = asyncio.get_running_loop()
        self._clock = LoopClock(self._loop, wall_start=wall_start)
        self._trace = Trace(self._loop.time, events_kept=_EVENTS_KEPT)
        self._inodes = Inodes()
        self._tasks: list[asyncio.Task[None]] = []
        self._nodes: list[Node] = []

    async def start(self, *, nodes: int) -> None:
        """Start the controllers and so many nodes."""
        self._run(control_plane(self._api, self._clock, self._tape, self._trace, shown=True))
        self._run([run_garbage_collector(self._api, self._clock, ALL_KEPT)])
        self._run([run_namespace_controller(self._api, self._clock, ALL_KEPT)])
        self._run([run_role_aggregation(self._api, self._clock)])
        for number in range(1, nodes + 1):
            await self._add_node(f"node-{number}", number)

    async def stop(self) -> None:
        """Power off, and end everything that runs."""
        for node in self._nodes:
            node.power_cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _run(self, works: Sequence[Coroutine[Any, Any, None]]) -> None:
        for work in works:
            task = self._loop.create_task(work)
            task.add_done_callback(_tell_of_failure)
            self._tasks.append(task)

    async def _add_node(self, name: str, number: int) -> None:
        machine = Machine(
            name=name,
            machine_id=sha256(f"machine {name}".encode()).hexdigest()[:32],
            disk=SimDisk(),
            clock=LoopClock(self._loop, wall_start=self._wall_start, boot_offset_seconds=100.0 * number),
            trace=self._trace,
            inodes=self._inodes,
        )
        await machine.disk.write("/etc/cni/net.d/10-underlay.conflist", _CONFLIST)
        machine.binaries["macvlan"] = macvlan(machine, self._tape)
        machine.binaries["host-local"] = host_local(machine, pod_range(number))
        host_ip = f"172.{16 + (number >> 16)}.{(number >> 8) & 255}.{number & 255}"
        node = Node(machine, self._api, self._tape, host_ip=host_ip, shown=True)
        self._nodes.append(node)
        node.boot()


def _tell_of_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        LOG.error("a controller died of a defect: %r", error, exc_info=error)
