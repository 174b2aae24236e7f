"""A whole cluster on time that passes by itself: API server, controllers, nodes with kubelets and a generic network.

It is made of the same parts as a cluster on virtual time; only the loop, the clocks and the way in differ.
"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from simulator.face.identity import Identities
from simulator.face.scaled_time import LoopClock
from simulator.face.webhook_calls import WebhookCalls
from simulator.kernel.disk import SimDisk
from simulator.kernel.entropy import TapeEntropy
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
from simulator.kube.server.access.bootstrap_roles import bootstrap_roles
from simulator.kube.server.access.rbac import Rbac
from simulator.kube.server.api_server import ApiServer
from simulator.kube.server.trusted import Trusted

Json = dict[str, Any]
LOG = logging.getLogger(__name__)
_EVENTS_KEPT = 1_000
_CONFLIST = msgspec.json.encode(
    {
        "cniVersion": "1.0.0",
        "name": "underlay",
        "plugins": [{"type": "macvlan", "master": "up0", "mode": "bridge", "ipam": {"type": "host-local"}}],
    }
)


class ServedCluster:
    """Make it inside a running ``ScaledLoop``; ``start`` and ``stop`` it once.

    Args:
        wall_start: wall time of the loop's time zero, in seconds since 1970 UTC.
        seed: of everything that is drawn.
        identities: whose tokens the server knows.
    """

    def __init__(self, *, wall_start: float, seed: int, identities: Identities) -> None:
        self._loop = asyncio.get_running_loop()
        self._wall_start = wall_start
        self._clock = LoopClock(self._loop, wall_start=wall_start)
        self._tape = Tape(seed, record=False)
        self._trace = Trace(self._loop.time, events_kept=_EVENTS_KEPT)
        self._webhooks = WebhookCalls()
        self._inodes = Inodes()
        self._tasks: list[asyncio.Task[None]] = []
        self._nodes: list[Node] = []
        self.server = ApiServer(
            self._clock,
            TapeEntropy(self._tape, "server/entropy"),
            call_webhook=self._webhooks.call,
            managed_fields=True,
            field_validation=True,
            authorizer=Rbac,
            identify=identities.of_token,
        )
        self._api = Trusted(self.server)

    def load(self, image: Json) -> None:
        """Begin with what ``save`` gave instead of an empty cluster; before ``start``."""
        self.server.restore(image)

    async def start(self, *, nodes: int) -> None:
        """Start the controllers and so many nodes. The server answers without that, too."""
        await bootstrap_roles(self.server)
        self._run(control_plane(self._api, self._clock, self._tape, self._trace, shown=True))
        self._run([run_garbage_collector(self._api, self._clock, ALL_KEPT)])
        self._run([run_namespace_controller(self._api, self._clock, ALL_KEPT)])
        self._run([run_role_aggregation(self._api, self._clock)])
        for number in range(1, nodes + 1):
            await self._add_node(f"node-{number}", number)

    def save(self) -> Json:
        """Everything that the API server holds; pods start anew on their nodes when it is loaded."""
        return self.server.store.image()

    async def stop(self) -> None:
        """Power off, and end everything that runs."""
        for node in self._nodes:
            node.power_cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.server.cut_watches()
        await self._webhooks.close()

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
