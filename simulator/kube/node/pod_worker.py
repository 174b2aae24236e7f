r"""The life of one pod on its node, as a kubelet leads it: sandbox, containers, end, network down, object gone.

```
 start --> sandbox --ADD ok--> containers --> running --ends by itself--> DEL --> Succeeded / Failed
             ^  |                                |  \
   13-15 s   |  ADD failed                       |   pause process died: DEL old, ADD new
             +--+                                |
   deleted at any time ---> containers stop ---> DEL until it succeeds (1 s, then 16 s apart) ---> final DELETE
   object gone (forced) --> 2 s ----------------> DEL until it succeeds
```

An ADD under way is never cancelled by a deletion. All sandboxes of the pod are stopped each time, also those that were
stopped before; so old container ids see DEL again and again. One worker is one pod uid; a pod of the same name with
another uid has a worker of its own and waits for nobody.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from simulator.kube.api import Json
from simulator.kube.client import Client
from simulator.kube.node.pod_events import PodEvents
from simulator.kube.node.pod_record import PodRecord
from simulator.kube.node.runtime import Connection, RuntimeDown, SandboxFailed
from simulator.kube.node.runtime_slot import RuntimeSlot
from simulator.kube.node.sandboxes import PodRef, Sandbox
from simulator.kube.node.timings import Pace
from simulator.kube.ports import SHORTEST_SECONDS, Trace
from simulator.kube.recorder import Events

End = Literal["deleted", "gone", "finished"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PodServices:
    """What every pod worker of one kubelet needs."""

    node: str
    host_ip: str
    client: Client
    runtime: RuntimeSlot
    connection: Connection
    pace: Pace
    trace: Trace
    network_ready: Callable[[], str]
    events: Events
    shown: bool


class PodWorker:
    """One pod. ``told`` brings news; ``run`` lives its life and returns when nothing is left to do."""

    def __init__(self, services: PodServices, ref: PodRef, pod: Json | None) -> None:
        self._services = services
        self._pace = services.pace
        self._clock = services.pace.clock
        self._ref = ref
        self._record = PodRecord(services.client, services.pace, ref, pod)
        self._wake = asyncio.Event()
        self._sandbox: Sandbox | None = None
        self._ended_during_add = False
        self._told = PodEvents(services.events, self._record)

    def told(self, pod: Json | None) -> None:
        """The object changed; None: it is gone."""
        self._record.told(pod)
        self._wake.set()

    def poke(self) -> None:
        """Something else changed that may matter: the runtime, the network, the sandbox."""
        self._wake.set()

    @property
    def object_gone(self) -> bool:
        """Whether the API has no such object any more."""
        return self._record.gone

    async def run(self) -> None:
        """From the first look at the pod to its last trace on this node."""
        end = await self._live()
        self._services.trace.event(self._pace.actor, "pod-ends", pod=self._ref.name, uid=self._ref.uid, why=end)
        if end == "finished":
            await self._end_by_itself()
            await self._until_deleted()
        else:
            await self._stop_containers(end)
            await self._take_network_down()
        if not self._record.gone:
            await self._pace.wait("del_to_gone")
            await self._record.end()

    # --- while it lives ---

    async def _live(self) -> End:
        if self._record.has_ended:
            return "finished"
        await self._pace.wait("sync")
        if self._services.shown and self._end() is None and not self._record.is_begun:
            await self._record.publish_waiting("")  # for those who look; nobody else needs to know
        while (end := self._end()) is None:
            addresses = await self._connect()
            if addresses is None:
                continue
            self._ended_during_add = self._end() is not None
            if not self._ended_during_add:
                await self._pace.wait("container_start")
                self._told.started(self._sandbox_id())
                await self._watch_over(addresses)
            if self._ended_by_itself():
                return "finished"
        return end

    def _end(self) -> End | None:
        if self._record.gone:
            return "gone"
        return "deleted" if self._record.is_leaving else None

    async def _connect(self) -> list[str] | None:
        """The pod's addresses; None: not yet, look again."""
        if self._record.on_host_network:
            return [self._services.host_ip]
        if why := self._services.network_ready():
            self._told.failed("NetworkNotReady", f"network is not ready: {why}")
            await self._record.publish_waiting(f"network is not ready: {why}")
            await self._nap(None)
            return None
        try:
            return await self._sandboxed()
        except RuntimeDown:
            await self._services.runtime.wait_up()
            await self._pace.wait("runtime_back" if self._end() is None else "runtime_back_deleted")
        except SandboxFailed as error:
            self._services.trace.event(self._pace.actor, "sandbox-failed", pod=self._ref.name, why=str(error))
            retry_at = self._clock.monotonic() + self._pace.seconds("sandbox_retry")
            self._told.failed("FailedCreatePodSandBox", f"Failed to create pod sandbox: {error}")
            await self._record.publish_waiting(f"Failed to create pod sandbox: {error}")
            while self._end() is None and self._clock.monotonic() < retry_at:
                await self._nap(retry_at - self._clock.monotonic())
        return None

    async def _sandboxed(self) -> list[str]:
        mine = self._own_sandboxes()
        ready = [sandbox for sandbox in mine if sandbox.ready]
        if ready:
            self._sandbox = ready[-1]
            return self._sandbox.addresses()
        if mine:
            self._told.sandbox_changed()
            await self._stop_all(mine)
            await self._pace.wait("new_after_old")
        runtime = self._services.runtime.get()
        self._sandbox = await runtime.run_pod_sandbox(self._services.connection, self._ref)
        return self._sandbox.addresses()

    def _own_sandboxes(self) -> list[Sandbox]:
        return [one for one in self._services.runtime.get().sandboxes() if one.uid == self._ref.uid]

    async def _stop_all(self, sandboxes: list[Sandbox]) -> None:
        for sandbox in sandboxes:
            await self._services.runtime.get().stop_pod_sandbox(self._services.connection, sandbox.id)

    async def _watch_over(self, addresses: list[str]) -> None:
        """Return when the pod ends, in whatever way, or its sandbox has died. Until then the pod is shown as running,
        again if somebody else (node lifecycle) says otherwise.
        """
        sandbox_id = self._sandbox_id()
        while self._end() is None:
            if self._sandbox_died():
                await self._pace.wait("pause_killed_to_del")
                return
            await self._record.publish_running(addresses, self._services.host_ip, sandbox_id)
            left = self._seconds_left()
            if left is not None and left <= 0:
                return
            await self._nap(left)

    def _sandbox_id(self) -> str:
        return self._sandbox.id if self._sandbox is not None else ""

    def _sandbox_died(self) -> bool:
        """Whether the pause process has ended; a runtime that does not answer is no evidence."""
        if self._sandbox is None:
            return False
        try:
            sandbox = self._services.runtime.get().sandbox(self._sandbox.id)
        except RuntimeDown:
            return False
        return sandbox is None or not sandbox.ready

    def _seconds_left(self) -> float | None:
        """How long the containers still run; None: for ever."""
        plan = self._record.plan
        if plan.runs_for_seconds is None:
            return None
        started = self._record.started_at
        since = self._clock.now() if started is None else started
        return since + plan.runs_for_seconds - self._clock.now()

    def _ended_by_itself(self) -> bool:
        if self._end() is not None or self._sandbox_died():
            return False
        left = self._seconds_left()
        return left is not None and left <= 0

    # --- the end ---

    async def _stop_containers(self, end: End) -> None:
        self._told.stopping()
        if end == "gone" and not self._ended_during_add:
            await self._pace.wait("forced_to_del")
            return
        await self._clock.sleep(min(self._record.grace_seconds, self._pace.seconds("container_stop")))
        await self._pace.wait("stopped_to_del")

    async def _take_network_down(self) -> None:
        retry = "del_retry_first"
        while True:
            try:
                await self._stop_all(self._own_sandboxes())
                return
            except SandboxFailed as error:
                self._services.trace.event(self._pace.actor, "del-failed", pod=self._ref.name, why=str(error))
                await self._pace.wait(retry)
                retry = "del_retry"
            except RuntimeDown:
                await self._services.runtime.wait_up()
                await self._pace.wait("runtime_back_deleted")

    async def _end_by_itself(self) -> None:
        """First the network goes, then everybody may know that the pod has ended."""
        known = self._record.has_ended
        if known and not await self._network_stands():
            return
        await self._pace.wait("exit_to_del")
        await self._take_network_down()
        if not known:
            await self._pace.wait("del_to_gone")
            await self._record.publish_end()

    async def _network_stands(self) -> bool:
        """Whether an earlier kubelet left the sandbox of a pod that has ended."""
        while True:
            try:
                return any(sandbox.ready for sandbox in self._own_sandboxes())
            except RuntimeDown:
                await self._services.runtime.wait_up()

    async def _until_deleted(self) -> None:
        while self._end() is None:
            await self._nap(None)

    async def _nap(self, seconds: float | None) -> None:
        """Wait for news, at most so long."""
        try:
            async with self._clock.timeout(None if seconds is None else max(seconds, SHORTEST_SECONDS)):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()
