"""Workload churn in tight pools: what users do to a cluster while faults strike.

A Deployment, a StatefulSet and bare pods share dual-stack pools that have room for little more than all their pods, so
that every address that is kept too long is missed by somebody.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from simulator.cluster.operator import Operator, Refused
from simulator.faults.fault import Choices
from simulator.kube.api import Json

GROUP_VERSION = "spiderpool.spidernet.io/v2beta1"
PAUSE_SECONDS = (2.0, 30.0)
AGAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One controller's pods; ``app`` labels them, ``replicas_max`` is how far it is scaled."""

    kind: str
    app: str
    replicas_max: int


@dataclass(slots=True)
class Churn:
    """The users. ``wanted`` is how many pods each app should have once everything has settled."""

    operator: Operator
    tape: Choices
    pods_max: int
    pools: dict[str, Json] = field(default_factory=dict)
    workloads: tuple[Workload, ...] = ()
    wanted: dict[str, int] = field(default_factory=dict)

    async def install(self) -> None:
        """Pools with room for all pods and little more, and the workloads at some size."""
        deployed = max(1, self.pods_max // 2)
        ordinals = max(1, self.pods_max - deployed)
        self.workloads = (
            Workload(kind="Deployment", app="deployed", replicas_max=deployed),
            Workload(kind="StatefulSet", app="stateful", replicas_max=ordinals),
        )
        spare = self.tape.choose("churn/spare-addresses", 3)
        cooldown_seconds = (0, 0, 20)[self.tape.choose("churn/cooldown", 3)]
        for pool in _pools(self.pods_max + spare, split=self.tape.chance("churn/split", 0.3)):
            if cooldown_seconds:
                pool["spec"]["cooldownSeconds"] = cooldown_seconds
            self.pools[pool["metadata"]["name"]] = pool
            await self.operator.apply(pool)
        for workload in self.workloads:
            await self._scale(workload)

    async def run(self, seconds: float) -> None:
        """Scale, delete and make again, until the time is over; then everything is there at some size."""
        clock = self.operator.world.clock
        end = clock.monotonic() + seconds
        while True:
            pause_seconds = self.tape.uniform("churn/pause", *PAUSE_SECONDS)
            if clock.monotonic() + pause_seconds > end:
                break
            await clock.sleep(pause_seconds)
            workload = self.workloads[self.tape.choose("churn/workload", len(self.workloads))]
            act = self._acts()[self.tape.choose("churn/act", len(self._acts()))]
            await self._insist(act, workload)
        await clock.sleep(end - clock.monotonic())
        for workload in self.workloads:
            await self._insist(self._scale, workload)

    async def _insist(self, act: Callable[[Workload], Awaitable[None]], workload: Workload) -> None:
        """Do something; whom the server refuses it, tries again, until faults have stopped."""
        while True:
            try:
                return await act(workload)
            except Refused:
                await self.operator.world.clock.sleep(AGAIN_SECONDS)

    def settled(self) -> str | None:
        """None when every pod that should run does, with one address per family."""
        table = self.operator.world.server.store.table(("", "pods")).objects
        for workload in self.workloads:
            app, wanted = workload.app, self.wanted[workload.app]
            pods = [pod for pod in table.values() if (pod["metadata"].get("labels") or {}).get("app") == app]
            up = [pod for pod in pods if _is_up(pod)]
            if len(up) != wanted or len(pods) != wanted:
                return f"{len(up)} of {wanted} pods of {app} run, {len(pods)} exist"
        return None

    async def remove_all(self) -> None:
        """Everybody leaves."""
        for workload in self.workloads:
            await self.operator.delete(workload.kind, workload.app)
            self.wanted[workload.app] = 0

    def _acts(self) -> tuple[Callable[[Workload], Awaitable[None]], ...]:
        return (self._scale, self._scale, self._delete_pods, self._delete_pods, self._make_again)

    async def _scale(self, workload: Workload) -> None:
        replicas = self.tape.choose("churn/replicas", workload.replicas_max + 1)
        if await self.operator.get(workload.kind, workload.app) is None:
            await self.operator.apply(_workload(workload, replicas))
        else:
            await self.operator.scale(workload.kind, workload.app, replicas)
        self.wanted[workload.app] = replicas

    async def _delete_pods(self, workload: Workload) -> None:
        """Some of its pods; their controller makes others."""
        pods = await self.operator.items("Pod", "default", f"app={workload.app}")
        for pod in pods:
            if self.tape.chance("churn/delete-pod", 0.4):
                await self.operator.delete("Pod", pod["metadata"]["name"])

    async def _make_again(self, workload: Workload) -> None:
        """Delete the controller; its pods go with it. Then apply it anew."""
        await self.operator.delete(workload.kind, workload.app)
        await self.operator.world.clock.sleep(self.tape.uniform("churn/gone", 0.1, 10.0))
        await self._scale(workload)


def _pools(size: int, *, split: bool) -> list[Json]:
    """Default pools of both families with ``size`` addresses each; split, the second pool of a family is the next
    candidate.
    """
    halves = [(1, size // 2), (size // 2 + 1, size)] if split and size > 1 else [(1, size)]
    made: list[Json] = []
    for number, (first, last) in enumerate(halves, 1):
        made.append(_pool(f"v4-{number}", "10.98.0.0/16", "10.98.255.254", f"10.98.10.{first}-10.98.10.{last}"))
        made.append(_pool(f"v6-{number}", "fd00:98::/64", "fd00:98::ffff", f"fd00:98::{first:x}-fd00:98::{last:x}"))
    return made


def _pool(name: str, subnet: str, gateway: str, ips: str) -> Json:
    spec = {"subnet": subnet, "gateway": gateway, "ips": [ips], "default": True}
    return {"apiVersion": GROUP_VERSION, "kind": "SpiderIPPool", "metadata": {"name": name}, "spec": spec}


def _workload(workload: Workload, replicas: int) -> Json:
    container = {"name": "box", "image": "localhost/box:1", "command": ["sleep", "86400"]}
    spec: Json = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": workload.app}},
        "template": {
            "metadata": {"labels": {"app": workload.app}},
            "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]},
        },
    }
    if workload.kind == "StatefulSet":
        spec |= {"serviceName": workload.app, "podManagementPolicy": "Parallel"}
    metadata = {"name": workload.app, "namespace": "default"}
    return {"apiVersion": "apps/v1", "kind": workload.kind, "metadata": metadata, "spec": spec}


def _is_up(pod: Json) -> bool:
    status = pod.get("status") or {}
    return (
        status.get("phase") == "Running"
        and len(status.get("podIPs") or ()) == 2
        and "deletionTimestamp" not in pod["metadata"]
    )
