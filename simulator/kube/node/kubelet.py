"""One incarnation of a kubelet: follows the pods of its node, gives each a worker, collects dead sandboxes.

Everything here is lost in a crash; what a new kubelet knows comes from the API and from the runtime's list of
sandboxes. A sandbox that is still ready keeps its pod without any CNI call; dead ones (after a reboot) are stopped and
replaced; ready ones whose pod is gone are stopped.
"""

from collections.abc import Mapping

from simulator.kube.api import Json
from simulator.kube.client import Client
from simulator.kube.node.machine import Machine
from simulator.kube.node.node_agent import NodeAgent
from simulator.kube.node.pod_worker import PodServices, PodWorker
from simulator.kube.node.process import Process
from simulator.kube.node.runtime import Connection, RuntimeDown, SandboxFailed
from simulator.kube.node.runtime_slot import RuntimeSlot
from simulator.kube.node.sandboxes import PodRef, Sandbox
from simulator.kube.node.timings import Pace, Timings
from simulator.kube.ports import Choices
from simulator.kube.recorder import Recorder, Unrecorded
from simulator.kube.view import View, uid_of

_POLLS_AT_START = 3  # STATUS is asked so often when a kubelet starts


class Kubelet:
    """``start`` begins; ``process.kill()`` is its crash."""

    def __init__(
        self,
        machine: Machine,
        client: Client,
        runtime: RuntimeSlot,
        *,
        tape: Choices,
        timings: Timings,
        host_ip: str,
        labels: Mapping[str, str],
        shown: bool = False,
    ) -> None:
        recorder = Recorder(client, machine.clock, tape, host=machine.name) if shown else None
        self._recorders = [] if recorder is None else [recorder]
        events = recorder or Unrecorded()
        self.process: Process = machine.start("kubelet")
        self._connection = Connection()
        self.process.on_exit(self._connection.close)
        self._runtime = runtime
        self._pace = Pace(actor=f"kubelet@{machine.name}", timings=timings, clock=machine.clock, tape=tape)
        self._agent = NodeAgent(machine, client, self._pace, host_ip=host_ip, labels=labels, events=events)
        self._pods = View(client, "pods", machine.clock, tape, fields=f"spec.nodeName={machine.name}")
        self._workers: dict[str, PodWorker] = {}
        self._ended: dict[str, None] = {}  # pods whose last work is done, until their objects are gone
        self._why_no_network = "the runtime was not asked yet"
        self._synced = False
        self._services = PodServices(
            node=machine.name,
            host_ip=host_ip,
            client=client,
            runtime=runtime,
            connection=self._connection,
            pace=self._pace,
            trace=machine.trace,
            network_ready=lambda: self._why_no_network,
            events=events,
            shown=shown,
        )

    def start(self) -> None:
        """Run all its loops."""
        self._pods.subscribe(self._pod_changed)
        for loop in (
            self._agent.heartbeat(),
            self._agent.run(),
            self._pods.run(),
            self._poll_runtime(),
            self._collect(),
            self._first_sync(),
            *[recorder.run() for recorder in self._recorders],
        ):
            self.process.start(loop)

    # --- pods ---

    async def _first_sync(self) -> None:
        await self._pace.wait("first_sync")
        while not self._pods.synced:
            await self._pace.wait("api_retry")
        self._synced = True
        for pod in list(self._pods.objects.values()):
            self._pod_changed(None, pod)
        await self._end_orphans()

    def _pod_changed(self, before: Json | None, after: Json | None) -> None:
        if not self._synced:
            return
        uid = uid_of(after or before or {})
        if after is None:
            self._ended.pop(uid, None)
        if uid in self._workers:
            self._workers[uid].told(after)
        elif after is not None and uid not in self._ended:
            self._employ_for(after)

    def _employ_for(self, pod: Json) -> None:
        meta = pod["metadata"]
        self._employ(PodRef(namespace=meta["namespace"], name=meta["name"], uid=meta["uid"]), pod)

    def _employ(self, ref: PodRef, pod: Json | None) -> None:
        worker = PodWorker(self._services, ref, pod)
        self._workers[ref.uid] = worker
        self.process.start(self._work(ref.uid, worker))

    async def _work(self, uid: str, worker: PodWorker) -> None:
        await worker.run()
        del self._workers[uid]
        if not worker.object_gone:
            self._ended[uid] = None

    async def _end_orphans(self) -> None:
        """Sandboxes that run for pods which nobody wants any more; dead ones are left to the collector."""
        while True:
            try:
                sandboxes = self._runtime.get().sandboxes()
                break
            except RuntimeDown:
                await self._runtime.wait_up()
        for sandbox in sandboxes:
            if sandbox.ready and sandbox.uid not in self._workers:
                self._employ(PodRef(namespace=sandbox.namespace, name=sandbox.name, uid=sandbox.uid), None)

    def _sandbox_died(self, sandbox: Sandbox) -> None:
        worker = self._workers.get(sandbox.uid)
        if worker is not None:
            worker.poke()

    # --- the runtime ---

    async def _poll_runtime(self) -> None:
        await self._pace.wait("node_ready")
        polls = 0
        while True:
            why = await self._ask_network()
            self._agent.network(why)
            if why != self._why_no_network:
                self._why_no_network = why
                self._poke_all()
            polls += 1
            seconds = 0.3 if polls < _POLLS_AT_START else self._pace.timings.runtime_poll_seconds
            await self._pace.clock.sleep(seconds)

    def _poke_all(self) -> None:
        for worker in list(self._workers.values()):
            worker.poke()

    async def _ask_network(self) -> str:
        try:
            runtime = self._runtime.get()
            if self._sandbox_died not in runtime.on_sandbox_dead:
                runtime.on_sandbox_dead.append(self._sandbox_died)
                self._poke_all()
            why = await runtime.network_status(self._connection)
        except RuntimeDown:
            return "container runtime is down"
        return f"container runtime network not ready: NetworkPluginNotReady: {why}" if why else ""

    # --- garbage collection ---

    async def _collect(self) -> None:
        while True:
            await self._pace.clock.sleep(self._pace.timings.collect_seconds)
            try:
                for sandbox in self._garbage():
                    await self._pace.wait("collect_gap")
                    await self._collect_one(sandbox)
            except RuntimeDown:
                continue

    def _garbage(self) -> list[Sandbox]:
        """Dead sandboxes: all of pods that are over, and all but the newest of pods that still live."""
        newest: dict[str, str] = {}
        sandboxes = self._runtime.get().sandboxes()
        for sandbox in sandboxes:
            newest[sandbox.uid] = sandbox.id
        return [
            sandbox
            for sandbox in sandboxes
            if not sandbox.ready and (sandbox.uid not in self._workers or newest[sandbox.uid] != sandbox.id)
        ]

    async def _collect_one(self, sandbox: Sandbox) -> None:
        runtime = self._runtime.get()
        try:
            await runtime.stop_pod_sandbox(self._connection, sandbox.id)
            await runtime.remove_pod_sandbox(self._connection, sandbox.id)
        except SandboxFailed as error:
            self._services.trace.event(self._pace.actor, "collect-failed", container=sandbox.id, why=str(error))
