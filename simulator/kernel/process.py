"""A simulated program: one incarnation, which may crash at any moment without a word.

A crash is SIGKILL. It must look so from outside: nothing that the program's code does afterwards may reach the world,
although Python runs ``finally`` and ``except`` blocks when a coroutine is closed. So the world is behind ports, each
wrapped by ``guard``, and a crash

1. revokes the ports: every call raises ``ProcessGone``, which no handler for errors catches;
2. closes the program's coroutines in the order in which their tasks were made, those of libraries included;
3. closes again what suspended itself once more meanwhile, and refuses new tasks.

Every awaited call on a guarded port is a named place: ``on_call(port, method, phase)`` is told before the call has had
any effect and after it has had all, and may crash the process there.

What outlives the caller (a request that is on its way) is work of the world: it belongs into a ``world_task``.
"""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine
from contextvars import Context
from typing import Any, Literal, TypeVar, cast

from simulator.kernel.loop import SimLoop, SimTask
from simulator.kernel.ownership import OWNER, ProcessGone
from simulator.kernel.running import close_coroutine

P = TypeVar("P")
T = TypeVar("T")
Question = TypeVar("Question")
Answer = TypeVar("Answer")

Phase = Literal["before", "after"]
Hook = Callable[[str, str, Phase], None]
"""``on_call(port, method, phase)``: a place at which the process may be crashed."""

_ROUNDS_MAX = 100
_VALUES = frozenset((int, float, str, bytes, bool, type(None)))


class Process:
    """One incarnation; a restarted program is another one.

    Attributes:
        name: such as ``agent@n1``.
        on_call: told at each named place; None: nobody listens.
        gone: whether it has crashed or ended; it never comes back.
        paused: whether it is stopped.
    """

    def __init__(self, name: str, on_call: Hook | None = None) -> None:
        self.name = name
        self.on_call = on_call
        self.gone = self.paused = False
        self._roots: dict[asyncio.Task[Any], None] = {}
        self._on_gone: list[Callable[[], None]] = []
        self._resumed: asyncio.Event | None = None

    def spawn(self, work: Coroutine[Any, Any, T], name: str) -> SimTask[T]:
        """Run code of this program. An error that leaves it fails the simulation.

        Raises:
            ProcessGone: the program has crashed.
        """
        context = Context()
        context.run(OWNER.set, self)
        task = cast(
            SimTask[T], asyncio.get_running_loop().create_task(work, name=f"{self.name}.{name}", context=context)
        )
        self._roots[task] = None
        task.add_done_callback(self._root_ended)
        return task

    def door(
        self, handler: Callable[[Question], Coroutine[Any, Any, Answer]], name: str
    ) -> Callable[[Question], Coroutine[Any, Any, Answer]]:
        """What others call to reach ``handler``, as over a connection: it runs as code of this program, each call in
        its own task, and goes on when the caller gives up.

        The door raises ``ConnectionRefusedError`` when the program does not run, ``ConnectionResetError`` when it ends
        before it has answered.
        """

        async def enter(question: Question) -> Answer:
            if self.gone:
                raise ConnectionRefusedError(f"{self.name} does not run")
            task = self.spawn(handler(question), name)
            await _end_of(task)
            if self.gone or task.cancelled() or task.exception() is not None:
                raise ConnectionResetError(f"{self.name} closed the connection without an answer")
            return task.result()

        return enter

    def on_gone(self, callback: Callable[[], None]) -> None:
        """Call back when the program has crashed or was terminated; at once when it already has."""
        if self.gone:
            callback()
        else:
            self._on_gone.append(callback)

    def crash(self) -> None:
        """Kill it now; see the module. A second crash does nothing."""
        if self.gone:
            return
        self.gone = True
        for task in self._tasks():
            _close(task)
        self._sweep(_ROUNDS_MAX)
        callbacks, self._on_gone = self._on_gone, []
        for callback in callbacks:
            callback()

    async def terminate(self) -> None:
        """Ask it to end (SIGTERM), wait until it has, and make sure. Whoever wants a limit waits under a timeout and
        crashes it then.
        """
        for task in list(self._roots):
            task.cancel()
        while self._roots:
            await asyncio.wait(tuple(self._roots))
        self.crash()

    def pause(self) -> None:
        """Stop it (SIGSTOP): calls on its ports do not return, and new ones have no effect, until it is resumed."""
        if self._resumed is None:
            self._resumed = asyncio.Event()
            self.paused = True

    def resume(self) -> None:
        """Let it go on (SIGCONT)."""
        if self._resumed is not None:
            self._resumed.set()
            self._resumed = None
            self.paused = False

    # --- what the loop and the guards ask ---

    def refuse(self) -> bool:
        """Whether it is gone and starts nothing any more."""
        return self.gone

    def check(self) -> None:
        """Raise ``ProcessGone`` when it is gone."""
        if self.gone:
            raise ProcessGone(self.name)

    async def until_resumed(self) -> None:
        """Wait while it is stopped."""
        while self._resumed is not None:
            await self._resumed.wait()

    def pass_by(self, port: str, method: str, phase: Phase) -> None:
        """A named place: tell who listens, and go no further when that was a crash."""
        if self.on_call is not None and not self.gone:
            self.on_call(port, method, phase)
        if self.gone:
            raise ProcessGone(f"{self.name} at {port}.{method}, {phase}")

    def _sweep(self, rounds_left: int) -> None:
        """End what still runs: the tasks that were closed, and whatever the closing code has begun to wait for."""
        tasks = self._tasks()
        if not tasks:
            return
        if not rounds_left:
            raise RuntimeError(
                f"{self.name} crashed, but {tasks[0].get_name()} does not end however often it is closed"
            )
        for task in tasks:
            _close(task)
            task.cancel()  # wakes it; a closed coroutine then ends at once
        asyncio.get_running_loop().call_soon(self._sweep, rounds_left - 1, context=Context())

    def _tasks(self) -> list[SimTask[Any]]:
        """Those that run code of this program, in the order in which they were made. Nobody keeps a list of them: a
        crash is rare, and a task is not.
        """
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimLoop)
        return [task for task in loop.pending() if task.owner is self]

    def _root_ended(self, task: "asyncio.Task[Any]") -> None:
        self._roots.pop(task, None)
        if self.gone or task.cancelled():
            return
        error = task.exception()
        if error is not None:
            task.get_loop().call_exception_handler({"message": f"{task.get_name()} failed", "exception": error})


def guard(port: P, process: Process, name: str) -> P:
    """The port as ``process`` may use it: until it crashes, and with named places before and after awaited calls.

    Args:
        port: any object; coroutine methods, plain methods and methods that return async iterators are guarded.
        process: whose port it becomes.
        name: how hooks call it, such as ``kube``.
    """
    return cast(P, _Guard(port, process, name))


class _Guard:
    def __init__(self, port: object, process: Process, name: str) -> None:
        self._port = port
        self._process = process
        self._name = name

    def __repr__(self) -> str:
        return f"{self._process.name}.{self._name}"

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self._port, attribute)
        if not callable(value):
            self._process.check()
            return value
        wrap = _awaited_call if inspect.iscoroutinefunction(value) else _plain_call
        wrapped = wrap(value, self._process, self._name, attribute)
        self.__dict__[attribute] = wrapped  # found without this method the next time
        return wrapped


def _awaited_call(method: Callable[..., Any], process: Process, port: str, name: str) -> Callable[..., Any]:
    async def call(*args: Any, **options: Any) -> Any:
        if process.paused:
            await process.until_resumed()
        if process.on_call is not None or process.gone:
            process.pass_by(port, name, "before")
        try:
            result = await method(*args, **options)
        except Exception:
            await process.until_resumed()
            process.pass_by(port, name, "after")
            raise
        if process.paused:
            await process.until_resumed()
        if process.on_call is not None or process.gone:
            process.pass_by(port, name, "after")
        return result

    return call


def _plain_call(method: Callable[..., Any], process: Process, port: str, name: str) -> Callable[..., Any]:
    def call(*args: Any, **options: Any) -> Any:
        if process.gone:
            process.check()
        result = method(*args, **options)
        if type(result) in _VALUES:
            return result
        if hasattr(result, "__anext__"):
            return _GuardedIterator(result, process, port, name)
        return _awaited_call(lambda: result, process, port, name)() if hasattr(result, "__await__") else result

    return call


class _GuardedIterator:
    """An async iterator of a port; each step is a call."""

    def __init__(self, steps: AsyncIterator[Any], process: Process, port: str, name: str) -> None:
        self._steps = steps
        self._step = _awaited_call(steps.__anext__, process, port, name)
        self._process = process

    def __aiter__(self) -> "_GuardedIterator":
        return self

    def __anext__(self) -> Any:
        return self._step()

    async def aclose(self) -> None:
        """Stop iterating; a crashed program's iterator is closed by the world instead."""
        self._process.check()
        close = getattr(self._steps, "aclose", None)
        if close is not None:
            await close()


def _close(task: SimTask[Any]) -> None:
    """Close the task's coroutine as code of its program, which therefore can start nothing."""
    coroutine = cast(Coroutine[Any, Any, Any], task.get_coro())
    task.own_context.copy().run(close_coroutine, coroutine)


async def _end_of(task: SimTask[Any]) -> None:
    """Wait until it is done; it goes on when who waits gives up."""
    ended = task.get_loop().create_future()
    task.add_done_callback(lambda _: None if ended.done() else ended.set_result(None))
    await ended
