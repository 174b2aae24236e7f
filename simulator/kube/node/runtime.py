"""The container runtime of a node, as far as pod networks go: containerd's order of CNI calls, limits and memory.

What matters to an IPAM and is copied from a traced containerd:

- each sandbox has a new container id and a new namespace, and gets exactly one ADD;
- a failed ADD is rolled back by a DEL with the namespace and without prevResult, 0.03 to 0.05 s later;
- a client that goes away, or a sandbox that takes longer than its limit, kills the main plugin and is rolled back at
  once, while the IPAM plugin may live on as an orphan and commit after its own DEL;
- a runtime that is killed leaves its plugins running, and after its restart knows sandboxes that are half made;
- stopping a sandbox calls DEL each time, also when it was stopped before: then with an empty namespace.

Nobody calls ADD again for the same container, and CHECK and GC are never called.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from simulator.kube.node.cni_calls import CniCalls, CniError, Context, container_id
from simulator.kube.node.conflist import Conflist, NoNetwork
from simulator.kube.node.machine import Machine
from simulator.kube.node.process import Process
from simulator.kube.node.sandboxes import PodRef, Sandbox, SandboxStore
from simulator.kube.node.timings import Pace, Timings
from simulator.kube.ports import Choices

T = TypeVar("T")


class RuntimeDown(Exception):
    """The runtime does not answer: it is not running, or died during the request."""


class SandboxFailed(Exception):
    """The runtime could not do it; what it says stands in the text."""


class Connection:
    """A kubelet's connection to its runtime. Closing it ends every request that is under way on it."""

    def __init__(self) -> None:
        self._contexts: dict[Context, None] = {}

    def opened(self, context: Context) -> None:
        """A request begins."""
        self._contexts[context] = None

    def answered(self, context: Context) -> None:
        """A request is over."""
        self._contexts.pop(context, None)

    def close(self) -> None:
        """The kubelet is gone."""
        for context in list(self._contexts):
            context.end()
        self._contexts.clear()


class Runtime:
    """One incarnation of the runtime. ``start`` before use; ``process.kill()`` is its crash."""

    def __init__(
        self, machine: Machine, tape: Choices, timings: Timings, on_up: Callable[[], None] = lambda: None
    ) -> None:
        self._machine = machine
        self._clock = machine.clock
        self._tape = tape
        self._timings = timings
        self._pace = Pace(actor=f"runtime@{machine.name}", timings=timings, clock=machine.clock, tape=tape)
        self.process: Process = machine.start("containerd")
        self._calls = CniCalls(machine, tape, self.process)
        self._store = SandboxStore(machine.disk)
        self._pending: dict[asyncio.Future[Any], None] = {}
        self._pauses: dict[str, Process] = {}
        self.on_sandbox_dead: list[Callable[[Sandbox], None]] = []
        self._on_up = on_up
        self._up = False
        self.process.on_exit(self._died)

    def start(self) -> None:
        """Begin; ``on_up`` is called when it answers."""
        self.process.start(self._start())

    def sandboxes(self) -> list[Sandbox]:
        """All sandboxes, oldest first.

        Raises:
            RuntimeDown: it does not answer.
        """
        self._must_answer()
        return self._store.all()

    def sandbox(self, sandbox_id: str) -> Sandbox | None:
        """One sandbox.

        Raises:
            RuntimeDown: it does not answer.
        """
        self._must_answer()
        return self._store.get(sandbox_id)

    async def run_pod_sandbox(self, connection: Connection, pod: PodRef) -> Sandbox:
        """A new sandbox with its network.

        Raises:
            SandboxFailed: it was rolled back, or is left for garbage collection where even that failed.
            RuntimeDown: unknown outcome.
        """
        limit = self._timings.sandbox_limit_seconds
        return await self._serve(connection, limit, lambda context: self._run(context, pod))

    async def stop_pod_sandbox(self, connection: Connection, sandbox_id: str) -> None:
        """Take the sandbox's network away; again, when it was stopped before.

        Raises:
            SandboxFailed: DEL failed; the namespace stands.
            RuntimeDown: unknown outcome.
        """
        limit = self._timings.stop_limit_seconds
        await self._serve(connection, limit, lambda context: self._stop(context, sandbox_id))

    async def remove_pod_sandbox(self, connection: Connection, sandbox_id: str) -> None:
        """Stop it once more, then forget it.

        Raises:
            SandboxFailed: DEL failed; the sandbox stays.
            RuntimeDown: unknown outcome.
        """
        limit = self._timings.stop_limit_seconds
        await self._serve(connection, limit, lambda context: self._remove(context, sandbox_id))

    async def network_status(self, connection: Connection) -> str:
        """Empty when pods can get a network, else why not.

        Raises:
            RuntimeDown: it does not answer.
        """
        self._must_answer()
        try:
            network = await self._calls.network()  # takes no time; so the runtime needs no task of its own for it
        except NoNetwork as error:
            return str(error)
        if not network.has_status:
            return ""
        limit = self._timings.stop_limit_seconds
        return await self._serve(connection, limit, lambda context: self._status(context, network))

    def pause(self, sandbox_id: str) -> Process | None:
        """The process that keeps a sandbox alive, for somebody who wants to kill it."""
        return self._pauses.get(sandbox_id)

    async def _start(self) -> None:
        await self._store.load()
        running = {process.name: process for process in self._machine.processes()}
        for sandbox in self._store.all():
            pause = running.get(_pause_name(sandbox.id))
            sandbox.ready = sandbox.ready and pause is not None
            if pause is not None:
                self._adopt(sandbox, pause)
        self._up = True
        self._on_up()

    def _adopt(self, sandbox: Sandbox, pause: Process) -> None:
        self._pauses[sandbox.id] = pause
        pause.on_exit(lambda: self._pause_ended(sandbox))

    def _pause_ended(self, sandbox: Sandbox) -> None:
        expected = self._pauses.pop(sandbox.id, None) is None
        if not expected and self.process.alive and self._machine.powered:
            sandbox.ready = False
            for tell in self.on_sandbox_dead:
                tell(sandbox)

    def _end_pause(self, sandbox: Sandbox) -> None:
        pause = self._pauses.pop(sandbox.id, None)
        if pause is not None:
            pause.kill()

    def _died(self) -> None:
        self._up = False
        for answer in list(self._pending):
            if not answer.done():
                answer.set_exception(RuntimeDown("connection reset"))
                answer.exception()  # a kubelet that died with it asks no more; that is no error of the program
        self._pending.clear()

    def _must_answer(self) -> None:
        if not self._up:
            raise RuntimeDown("connection refused")

    async def _serve(self, connection: Connection, limit: float, body: Callable[[Context], Awaitable[T]]) -> T:
        """Do one request in the runtime's own process, so that it goes on when the kubelet dies."""
        self._must_answer()
        context = Context(self._clock.monotonic() + limit)
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._pending[answer] = None
        connection.opened(context)
        self.process.start(self._work(context, answer, body))
        try:
            return await answer
        finally:
            connection.answered(context)
            self._pending.pop(answer, None)

    async def _work(
        self, context: Context, answer: "asyncio.Future[T]", body: Callable[[Context], Awaitable[T]]
    ) -> None:
        try:
            result = await body(context)
        except SandboxFailed as error:
            if not answer.done():
                answer.set_exception(error)
                answer.exception()
        else:
            if not answer.done():
                answer.set_result(result)

    async def _run(self, context: Context, pod: PodRef) -> Sandbox:
        await self._pace.wait("sandbox_prepare")
        number = self._store.next_number()
        new_id, path = container_id(
            self._machine, number, self._tape.choose(f"{self._pace.actor}/container-id", 1 << 32)
        )
        sandbox = Sandbox(id=new_id, namespace=pod.namespace, name=pod.name, uid=pod.uid, netns=path, number=number)
        try:
            network = await self._calls.network()
        except NoNetwork as error:
            raise SandboxFailed(str(error)) from error
        if context.ended:
            raise SandboxFailed("context canceled")
        self._machine.netstack.create(path, new_id)
        self._adopt(sandbox, self._machine.start(_pause_name(new_id)))
        await self._store.save(sandbox)
        try:
            sandbox.result = await self._calls.add(network, sandbox, context)
            if context.ended:
                raise CniError("context canceled")
        except CniError as error:
            await self._roll_back(context, sandbox)
            raise SandboxFailed(f'failed to setup network for sandbox "{new_id}": {error}') from error
        sandbox.ready = True
        await self._store.save(sandbox)
        return sandbox

    async def _roll_back(self, context: Context, sandbox: Sandbox) -> None:
        await self._pace.wait("give_up" if context.ended else "rollback")
        own = Context(self._clock.monotonic() + self._timings.rollback_limit_seconds)
        try:
            await self._take_down(own, sandbox)
        except SandboxFailed as error:
            self._machine.trace.event(self._machine.name, "rollback-failed", container=sandbox.id, why=str(error))
            return  # kept: garbage collection stops and removes it later
        await self._store.remove(sandbox)

    async def _stop(self, context: Context, sandbox_id: str) -> None:
        sandbox = self._store.get(sandbox_id)
        if sandbox is None:
            return
        sandbox.ready = False
        await self._take_down(context, sandbox)
        await self._store.save(sandbox)

    async def _remove(self, context: Context, sandbox_id: str) -> None:
        sandbox = self._store.get(sandbox_id)
        if sandbox is None:
            return
        await self._take_down(context, sandbox)
        await self._store.remove(sandbox)

    async def _take_down(self, context: Context, sandbox: Sandbox) -> None:
        self._end_pause(sandbox)
        try:
            await self._calls.delete(await self._calls.network(), sandbox, context)
        except (CniError, NoNetwork) as error:
            raise SandboxFailed(f'failed to destroy network for sandbox "{sandbox.id}": {error}') from error
        sandbox.result = None
        self._machine.netstack.destroy(sandbox.netns)

    async def _status(self, context: Context, network: Conflist) -> str:
        try:
            await self._calls.status(network, context)
        except CniError as error:
            return str(error)
        return ""


def _pause_name(sandbox_id: str) -> str:
    return f"pause {sandbox_id}"
