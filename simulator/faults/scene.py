"""What strikes work on: the world, and everything that must be undone when faults stop."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from simulator.cluster.operator import Operator, Refused
from simulator.cluster.world import IPAM, World
from simulator.faults.fault import Strike
from simulator.kernel.ownership import world_task
from simulator.kube.api import Json
from simulator.kube.link import FaultRule
from simulator.kube.node.machine import Call, Machine, Result, Watcher
from simulator.kube.node.node import Node


@dataclass(slots=True)
class Scene:
    """A world under faults; ``heal`` ends them all."""

    world: World
    operator: Operator
    pools: dict[str, Json] = field(default_factory=dict)
    _watchers: list[tuple[Machine, Watcher]] = field(default_factory=list)
    _paused: list[Callable[[], None]] = field(default_factory=list)
    _tasks: dict[asyncio.Task[Any], None] = field(default_factory=dict)
    _healed: bool = False

    def node(self, strike: Strike) -> Node:
        """The node that is hit."""
        nodes = list(self.world.nodes.values())
        return nodes[strike.place % len(nodes)]

    def pod(self, strike: Strike) -> Json | None:
        """The pod that is hit, if there is one."""
        table = self.world.server.store.table(("", "pods")).objects
        pods = [table[key] for key in sorted(table)]
        return pods[strike.place % len(pods)] if pods else None

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something after a while, unless everything has been healed by then."""
        self.world.wiring.loop.call_later(seconds, lambda: None if self._healed else act())

    def during(self, seconds: float, rule: FaultRule) -> None:
        """Let requests meet a fault for a while."""
        self.world.wiring.add_rule(rule)
        self.later(seconds, lambda: self.world.wiring.end_rule(rule))

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Start work of the world; a refusal by the API server is an outcome like any other."""

        async def attempt() -> None:
            try:
                await work
            except Refused as error:
                self.world.trace.event("faults", "refused", why=str(error)[:120])

        task = world_task(attempt(), "fault")
        self._tasks[task] = None
        task.add_done_callback(lambda _: self._tasks.pop(task, None))

    def paused(self, resume: Callable[[], None]) -> None:
        """Something stands still until ``resume``."""
        self._paused.append(resume)

    def on_next_add(self, node: Node, act: Callable[[Call], None]) -> None:
        """Do something when the next ADD of the IPAM plugin begins on a node."""

        def watch(call: Call, moment: str, result: Result | None) -> None:
            if (call.program, call.verb, moment) == (IPAM, "ADD", "begin"):
                self._unwatch(node.machine, watch)
                act(call)

        node.machine.watchers.append(watch)
        self._watchers.append((node.machine, watch))

    def _unwatch(self, machine: Machine, watch: Watcher) -> None:
        if watch in machine.watchers:
            machine.watchers.remove(watch)
        self._watchers = [(each, seen) for each, seen in self._watchers if seen is not watch]

    async def heal(self) -> None:
        """Faults stop now: what is down starts, what is held goes on, what was changed is as before."""
        self._healed = True
        for machine, watch in list(self._watchers):
            self._unwatch(machine, watch)
        for task in list(self._tasks):
            await asyncio.wait((task,))
        self.world.wiring.forget_rules()
        for link in self.world.wiring.links.values():
            link.release_watches()
            link.set_state("up")
        for replica in self.world.wiring.replicas:
            replica.start()
            replica.set_lag(0.0)
        for resume in self._paused:
            resume()
        self.world.server.store.full = False
        self.world.webhooks_down, self.world.webhooks_late_seconds = False, 0.0
        self.world.start_collector()
        for controller in self.world.controllers:
            controller.start()
        for name, node in self.world.nodes.items():
            self.world.faults[name].forget()
            self._start(node)
            self.world.agents[name].crash_at("")
            self.world.agents[name].start()
        await self._restore()
        self.world.trace.event("faults", "healed")

    def _start(self, node: Node) -> None:
        if not node.machine.powered:
            node.boot()
        node.start_runtime()
        node.start_kubelet()

    async def _restore(self) -> None:
        """Pools, reservations and the ledger's switch as they were declared; webhooks may need a moment."""
        operator = self.operator

        async def attempt() -> str | None:
            try:
                for pool in self.pools.values():
                    await operator.apply(pool)
                for item in await operator.items("SpiderReservedIP"):
                    await operator.delete("SpiderReservedIP", item["metadata"]["name"])
                await operator.patch("SpiderLedger", "default", {"spec": {"mode": "Open"}}, "")
            except Refused as error:
                return str(error)
            return None

        await operator.until(attempt, 120)
