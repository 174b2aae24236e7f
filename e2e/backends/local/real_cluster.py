"""A running local cluster as scenarios see it: their verbs, carried out on real programs.

Verbs block the loop while they work; what a scenario waits for goes on in other processes.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from e2e.backends.local.api import ApiError
from e2e.backends.local.cluster import LocalCluster
from e2e.backends.local.node import AGENT, Node
from e2e.backends.local.node_wires import wires_of
from e2e.backends.local.plugin_faults import PluginFaults
from e2e.backends.local.rest_paths import resource
from e2e.checks import pod_ips
from e2e.cluster import Check, Json, RefusedError, Wire

LOOK_SECONDS = 0.2
PINGS = 3
APPLY = {"fieldManager": "e2e", "force": "true"}


class NotThereError(RefusedError):
    """There is no such object."""


class RealCluster:
    """``e2e.cluster.Cluster`` on a local cluster with Spiderpool; made for one scenario by ``opened``. ``local`` is what
    it is made of.
    """

    def __init__(self, cluster: LocalCluster) -> None:
        self.local = cluster
        self._api = cluster.api
        self._faults = {name: PluginFaults(node) for name, node in cluster.nodes.items()}
        self._watching: list[asyncio.Task[None]] = []

    @classmethod
    @asynccontextmanager
    async def opened(cls, cluster: LocalCluster) -> "AsyncIterator[RealCluster]":
        """One scenario's view; nothing that it started in this process goes on afterwards."""
        seen = cls(cluster)
        try:
            yield seen
        finally:
            for task in seen._watching:
                task.cancel()
            await asyncio.gather(*seen._watching, return_exceptions=True)

    @property
    def nodes(self) -> Sequence[str]:
        """Names of the worker nodes."""
        return list(self.local.nodes)

    def _node(self, name: str) -> Node:
        return self.local.nodes[name]

    def _has_power(self, name: str) -> bool:
        return self.local.processes.alive(name)

    # Objects

    async def apply(self, *objects: Json) -> None:
        """Create or replace objects by server-side apply."""
        for each in objects:
            metadata = each["metadata"]
            path = resource(each["kind"]).path(metadata["name"], metadata.get("namespace", "default"), **APPLY)
            self._change("PATCH", path, each, content_type="application/apply-patch+yaml")

    def _change(self, method: str, path: str, body: Json, *, content_type: str = "application/json") -> None:
        try:
            self._api.request(method, path, body, content_type=content_type)
        except ApiError as error:
            if error.status >= 500:
                raise
            refused = NotThereError if error.status == 404 else RefusedError
            raise refused(str(error)) from error

    async def get(self, kind: str, name: str, namespace: str = "default") -> Json | None:
        """One object, or None."""
        found: Json | None = self._api.get(resource(kind).path(name, namespace))
        return found

    async def items(self, kind: str, namespace: str = "", labels: str = "") -> list[Json]:
        """Objects of a kind, sorted by namespace and name; an empty namespace means all."""
        query = {"labelSelector": labels} if labels else {}
        listed: list[Json] = self._api.request("GET", resource(kind).path("", namespace, **query))["items"]
        return sorted(listed, key=lambda each: (each["metadata"].get("namespace", ""), each["metadata"]["name"]))

    async def delete(self, kind: str, name: str, namespace: str = "default", grace_seconds: int | None = None) -> None:
        """Delete as kubectl does, without waiting."""
        options: Json = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        with contextlib.suppress(NotThereError):
            self._change("DELETE", resource(kind).path(name, namespace), options)

    async def scale(self, kind: str, name: str, replicas: int, namespace: str = "default") -> None:
        """Set the number of replicas."""
        path = resource(kind).path(name, namespace, subresource="scale")
        self._change("PATCH", path, {"spec": {"replicas": replicas}}, content_type="application/merge-patch+json")

    # The wire

    async def wires(self) -> list[Wire]:
        """Every pod address on every node that has power."""
        nodes = [node for name, node in self.local.nodes.items() if self._has_power(name)]
        return sorted(wire for node in nodes for wire in wires_of(node))

    async def ping(self, pod: str, address: str, namespace: str = "default") -> bool:
        """Whether a pod reaches an address, from inside its network namespace."""
        seen = await self.get("Pod", pod, namespace) or {}
        own = pod_ips(seen)
        places = [wire for wire in await self.wires() if wire.address.partition("/")[0] in own]
        if not places:
            raise AssertionError(f"pod {namespace}/{pod} has no interface with one of its addresses {own}")
        place = places[0]
        argv = ["nsenter", f"--net={place.netns}", "busybox", "ping", "-c1", "-W2", address]
        return any(self._node(place.node).run(argv, check=False).code == 0 for _ in range(PINGS))

    # Faults

    async def crash_agent(self, node: str) -> None:
        """SIGKILL; the agent stays down."""
        self._node(node).kill(AGENT)

    async def start_agent(self, node: str) -> None:
        """Start it again."""
        self._node(node).restart(AGENT)

    async def crash_agent_at(self, node: str, point: str) -> None:
        """Not offered: a real process cannot be ended between two named steps."""
        raise NotImplementedError(
            "the local backend lacks Capability.CRASH_POINT; say in the scenario that it needs it"
        )

    async def lose_next_del(self, node: str) -> None:
        """The next container taken down on this node goes without any IPAM DEL."""
        self._faults[node].lose_next_del()

    async def slow_next_add(self, node: str) -> None:
        """The next ADD on this node is held back, and as soon as it is under way its kubelet dies and starts again."""
        faults = self._faults[node]
        faults.slow_next_add()

        async def give_up() -> None:
            while not faults.slow_add_has_begun():  # noqa: ASYNC110  the word comes from a process on the node
                await asyncio.sleep(LOOK_SECONDS)
            faults.give_up_add()

        self._watching.append(asyncio.create_task(give_up()))

    async def remove_plugin(self, node: str) -> None:
        """The IPAM executable is missing on a node."""
        self._faults[node].remove()

    async def restore_plugin(self, node: str) -> None:
        """It is there again."""
        self._faults[node].restore()

    async def power_cut(self, node: str) -> None:
        """The node is off at once."""
        self._node(node).power_cut()

    async def power_on(self, node: str) -> None:
        """The node boots; kubelet and agent start with it."""
        self._node(node).power_on()

    async def mend(self) -> None:
        """Undo every fault: nodes have power, agents run, plugins are there."""
        for name, node in self.local.nodes.items():
            self._faults[name].restore()
            if not self._has_power(name):
                node.power_on()
            elif not node.programs()[AGENT]:
                node.restart(AGENT)

    # Waiting

    async def eventually(self, check: Check, within_seconds: float) -> None:
        """Look until it holds."""
        end = time.monotonic() + within_seconds
        while (reason := await check(self)) is not None:
            if time.monotonic() >= end:
                raise AssertionError(f"not within {within_seconds:g} s: {reason}")
            await asyncio.sleep(LOOK_SECONDS)

    async def always(self, check: Check, for_seconds: float) -> None:
        """Look until the time is over."""
        end = time.monotonic() + for_seconds
        while time.monotonic() < end:
            if (reason := await check(self)) is not None:
                raise AssertionError(f"it did not hold for {for_seconds:g} s: {reason}")
            await asyncio.sleep(LOOK_SECONDS)
