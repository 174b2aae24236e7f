"""A node of the simulated cluster: a machine with its runtime and kubelet, and the things that happen to nodes.

The agent of an IPAM, like everything else that a world puts on a node, starts and ends beside these two: subscribe with
``on_boot`` and hang what must die on ``machine.start(...)``.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from simulator.kube.api import Api
from simulator.kube.client import Client
from simulator.kube.node.kubelet import Kubelet
from simulator.kube.node.machine import Machine
from simulator.kube.node.runtime import Runtime
from simulator.kube.node.runtime_slot import RuntimeSlot
from simulator.kube.node.timings import Timings
from simulator.kube.ports import Choices


class Node:
    """One node. All verbs act at once; what follows from them takes its time."""

    def __init__(
        self,
        machine: Machine,
        api: Api,
        tape: Choices,
        *,
        timings: Timings | None = None,
        host_ip: str = "192.0.2.1",
        labels: Mapping[str, str] | None = None,
        shown: bool = False,
    ) -> None:
        """A node that is off. ``shown``: people look at this cluster, so the kubelet writes Events."""
        self._shown = shown
        self.machine = machine
        self.timings = timings or Timings()
        self.kubelet: Kubelet | None = None
        self.on_boot: list[Callable[[], None]] = []
        self.runtime = RuntimeSlot()
        self._client = Client(api=api, user=f"system:node:{machine.name}", program="kubelet")
        self._tape = tape
        self._host_ip = host_ip
        self._labels = labels or {}

    @property
    def name(self) -> str:
        """The node's name."""
        return self.machine.name

    def boot(self) -> None:
        """Power on: the runtime, then the kubelet, then whatever ``on_boot`` starts."""
        self.machine.boot()
        self.start_runtime()
        self.start_kubelet()
        for start in self.on_boot:
            start()

    def power_cut(self) -> None:
        """Everything that runs ends at this instant; ``boot`` comes back with the same disk."""
        self.machine.power_cut()
        self.kubelet = None

    def start_runtime(self) -> None:
        """Start containerd; nothing if it runs."""
        if self.runtime.current() is None:
            runtime = Runtime(self.machine, self._tape, self.timings, self.runtime.came_up)
            self.runtime.put(runtime)
            runtime.start()

    def crash_runtime(self) -> None:
        """Kill -9: plugins under way live on, requests under way have no outcome."""
        runtime = self.runtime.current()
        if runtime is not None:
            self.machine.trace.event(self.name, "crash-runtime")
            runtime.process.kill()

    def start_kubelet(self) -> None:
        """Start the kubelet; nothing if it runs."""
        if self.kubelet is None or not self.kubelet.process.alive:
            self.kubelet = Kubelet(
                self.machine,
                self._client,
                self.runtime,
                tape=self._tape,
                timings=self.timings,
                host_ip=self._host_ip,
                labels=self._labels,
                shown=self._shown,
            )
            self.kubelet.start()

    def crash_kubelet(self) -> None:
        """Kill -9: its connection to the runtime breaks, so ADDs under way are given up."""
        if self.kubelet is not None:
            self.machine.trace.event(self.name, "crash-kubelet")
            self.kubelet.process.kill()

    def kill_pause(self, uid: str) -> bool:
        """Kill the pause process of a pod; False when the pod has no sandbox that lives."""
        runtime = self.runtime.current()
        for sandbox in runtime.sandboxes() if runtime is not None else ():
            pause = runtime.pause(sandbox.id) if runtime is not None and sandbox.uid == uid else None
            if pause is not None:
                pause.kill()
                return True
        return False

    def change_timings(self, **seconds: object) -> None:
        """Other timings for runtimes and kubelets that start from now on, by field name."""
        self.timings = replace(self.timings, **seconds)  # type: ignore[arg-type]
