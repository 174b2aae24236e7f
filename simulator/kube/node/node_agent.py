"""The kubelet's own presence: the Node object, its Ready condition, its Lease.

The Lease is the heartbeat (every 10 s); the Node object is written when something changes, and every five minutes. A
kubelet creates its Node when it starts and never again: one that an administrator deletes stays deleted until the
kubelet is restarted.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from simulator.kube.api import Json
from simulator.kube.api_time import api_time
from simulator.kube.client import API_FAILURES, ApiError, Client
from simulator.kube.node.machine import Machine
from simulator.kube.node.timings import Pace
from simulator.kube.recorder import Events

LEASE_NAMESPACE = "kube-node-lease"
PODS_MAX = 250
# What typed clients insist on: they do not read a Node that leaves one of these out.
_SOFTWARE = {
    "architecture": "amd64",
    "kernelVersion": "6.1.0-simulated",
    "kubeProxyVersion": "",
    "operatingSystem": "linux",
    "osImage": "Simulated Linux",
}
_PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure")


class NodeAgent:
    """Keeps Node and Lease of one node up to date."""

    def __init__(
        self,
        machine: Machine,
        client: Client,
        pace: Pace,
        *,
        host_ip: str,
        labels: Mapping[str, str],
        events: Events,
    ) -> None:
        self._events = events
        self._node: Json = {}
        self._machine = machine
        self._client = client
        self._pace = pace
        self._host_ip = host_ip
        self._labels = labels
        self._ready_since = api_time(pace.clock.now())
        self._changed = asyncio.Event()
        self._why_not_ready = "kubelet is starting"

    def network(self, why_not_ready: str) -> None:
        """The runtime's word on the pod network; empty: it is ready."""
        if why_not_ready != self._why_not_ready:
            if bool(why_not_ready) != bool(self._why_not_ready):
                self._ready_since = api_time(self._pace.clock.now())
            self._why_not_ready = why_not_ready
            self._changed.set()

    async def run(self) -> None:
        """Register, then write the Node whenever it changes."""
        await self._insist(self._register)
        self._tell("Starting", "Starting kubelet.")
        while True:
            try:
                async with self._pace.clock.timeout(self._pace.timings.node_status_seconds):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            before = self._ready()
            await self._insist(self._write_status)
            if self._ready() != before:
                word = "NodeReady" if self._ready() == "True" else "NodeNotReady"
                self._tell(word, f"Node {self._machine.name} status is now: {word}")

    async def heartbeat(self) -> None:
        """Renew the Lease for ever. After a gap the Node is written too: others may have called it silent."""
        clock = self._pace.clock
        heard = clock.monotonic()
        while True:
            await self._insist(self._renew)
            if clock.monotonic() - heard > 2 * self._pace.timings.lease_seconds:
                self._changed.set()
            heard = clock.monotonic()
            await clock.sleep(self._pace.timings.lease_seconds)

    async def _insist(self, work: Any) -> None:
        while True:
            try:
                await work()
                return
            except API_FAILURES as error:
                if isinstance(error, ApiError) and error.gone:
                    return  # the Node, or the namespace of Leases, was deleted
                await self._pace.wait("api_retry")

    async def _register(self) -> None:
        body = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": self._machine.name, "labels": self._all_labels()},
            "spec": {},
            "status": self._status(),
        }
        try:
            self._node = await self._client.create("nodes", body)
        except ApiError as error:
            if not error.conflict:
                raise
            await self._write_status()

    async def _write_status(self) -> None:
        body = {"status": self._status()}
        self._node = await self._client.patch("nodes", self._machine.name, body, subresource="status")

    def _ready(self) -> str:
        """What the Node says of itself, as it was last written."""
        conditions = (self._node.get("status") or {}).get("conditions") or ()
        return next((str(one["status"]) for one in conditions if one["type"] == "Ready"), "")

    def _tell(self, reason: str, message: str) -> None:
        if self._node:
            self._events.tell("kubelet", "Node", self._node, reason, message)

    async def _renew(self) -> None:
        spec: Json = {
            "holderIdentity": self._machine.name,
            "leaseDurationSeconds": 40,
            "renewTime": f"{api_time(self._pace.clock.now())[:-1]}.000000Z",
        }
        try:
            await self._client.patch("leases", self._machine.name, {"spec": spec}, namespace=LEASE_NAMESPACE)
        except ApiError as error:
            if not error.gone:
                raise
            meta = {"name": self._machine.name, "namespace": LEASE_NAMESPACE}
            body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": spec}
            await self._client.create("leases", body, LEASE_NAMESPACE)

    def _all_labels(self) -> dict[str, str]:
        own = {
            "kubernetes.io/hostname": self._machine.name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
        }
        return {**own, **self._labels}

    def _status(self) -> Json:
        now = api_time(self._pace.clock.now())
        ready: Json = {
            "type": "Ready",
            "status": "False" if self._why_not_ready else "True",
            "reason": "KubeletNotReady" if self._why_not_ready else "KubeletReady",
            "message": self._why_not_ready or "kubelet is posting ready status",
            "lastHeartbeatTime": now,
            "lastTransitionTime": self._ready_since,
        }
        rest = [
            {"type": kind, "status": "False", "lastHeartbeatTime": now, "lastTransitionTime": self._ready_since}
            for kind in _PRESSURES
        ]
        size = {"cpu": "2", "memory": "8Gi", "pods": str(PODS_MAX)}
        return {
            "capacity": size,
            "allocatable": size,
            "conditions": [*rest, ready],
            "addresses": [
                {"type": "InternalIP", "address": self._host_ip},
                {"type": "Hostname", "address": self._machine.name},
            ],
            "nodeInfo": {
                "machineID": self._machine.machine_id,
                "bootID": self._machine.boot_id,
                "kubeletVersion": "v1.37.2",
                "containerRuntimeVersion": "containerd://1.6.20",
                **_SOFTWARE,
                "systemUUID": self._machine.machine_id,
            },
        }
