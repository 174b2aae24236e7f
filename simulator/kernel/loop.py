"""An asyncio loop on virtual time: nothing waits, and two runs take the same steps in the same order.

What it promises:

- Time stands still while anything is ready, and jumps to the next timer when nothing is. It starts at zero.
- Ready callbacks run first in, first out, as asyncio promises its libraries; timers of one instant run in the order in
  which they were set. Chance enters through the choice tape (latencies, faults), never here.
- Tasks hash by a creation counter. Sets of tasks (TaskGroup, ``asyncio.wait``, ``all_tasks``) so have one order in
  every process.
- Garbage is collected at fixed steps, so that finalizers run at fixed steps.
- A way out to the real machine (threads, sockets, signals, subprocesses) is an ``Escape`` error at once.
- When nothing can ever happen again, ``Deadlock`` names who waits where.

It leans on ``BaseEventLoop`` for the rules of callbacks, futures and ``run_until_complete``, and replaces its clock,
its queue of timers, and ``_run_once``.
"""

# ruff: noqa: SLF001  a loop works on the private parts of asyncio's handles

import asyncio
import gc
import heapq
import threading
import weakref
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any, NoReturn, TypeVar, TypeVarTuple

from simulator.kernel.handles import Due, SimHandle, SimTimer
from simulator.kernel.ownership import OWNER, Owner, ProcessGone

T = TypeVar("T")
_Ts = TypeVarTuple("_Ts")

_YOUNG_GARBAGE_STEPS = 50_000  # the younger generations are collected this often
_ALL_GARBAGE_ROUNDS = 40  # and every so many of those, all of them
_CANCELLED_TIMERS_MIN = 100  # below this, cancelled timers wait for their turn
_NAMED_TASKS_MAX = 20


class Deadlock(RuntimeError):
    """Nothing is ready and no timer is set, but somebody still waits."""


class StepsExhausted(RuntimeError):
    """The run took more steps than it was allowed: a livelock, or too small a bound."""


class Escape(RuntimeError):
    """Simulated code tried to leave the simulation."""


class SimTask(asyncio.Task[T]):
    """A task that hashes by the order of creation within its loop, and knows whose it is."""

    def __init__(
        self,
        coro: Coroutine[Any, Any, T],
        *,
        loop: "SimLoop",
        name: str | None,
        context: Context,
        owner: Owner | None,
    ) -> None:
        self.order = loop.next_task_order()
        self.owner = owner
        self.own_context = context
        super().__init__(coro, loop=loop, name=name or f"task-{self.order}", context=context)

    def __hash__(self) -> int:
        return self.order


class SimLoop(asyncio.BaseEventLoop):
    """See the module.

    Args:
        steps_max: how many callbacks may run before ``StepsExhausted``; None: any number.

    Attributes:
        steps: callbacks run so far.
        now: virtual seconds since the loop was made.
        unhandled: errors that nobody was there to see, such as an exception in a task that nobody awaits.
        finishing: the loop's own tasks, which close generators that somebody stopped iterating.
    """

    # What BaseEventLoop has and typeshed does not tell of.
    _ready: "deque[asyncio.Handle | Due]"
    _stopping: bool
    _thread_id: int | None
    _timer_cancelled_count: int

    def __init__(self, *, steps_max: int | None = None) -> None:
        super().__init__()
        self.steps = 0
        self.unhandled: list[tuple[str, BaseException | None]] = []
        self.now = 0.0
        self._timers: list[tuple[float, int, Due]] = []
        self._timers_set = 0
        self._cancelled_timers_max = _CANCELLED_TIMERS_MIN
        self._tasks_made = 0
        self._steps_max = steps_max
        self._failure: BaseException | None = None
        self._ending = False
        self._garbage_at_step = _YOUNG_GARBAGE_STEPS
        self._garbage_rounds = 0
        self._set_look()
        self.finishing: dict[asyncio.Task[None], None] = {}
        self._generators: dict[int, weakref.ref[AsyncGenerator[Any, Any]]] = {}
        self._generators_seen = 0
        self.set_exception_handler(_note_unhandled)

    # --- time and order ---

    def time(self) -> float:
        """As ``now``."""
        return self.now

    def call_soon(
        self, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Run after what is ready by now."""
        handle = SimHandle(self, callback, args, copy_context() if context is None else context)
        self._ready.append(handle)
        return handle

    def call_later(
        self, delay: float, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run after ``delay`` virtual seconds."""
        return self.call_at(self.now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run at a virtual time; one that has passed means: as soon as nothing is ready."""
        timer = SimTimer(self, when, callback, args, copy_context() if context is None else context)
        self.schedule(when, timer)  # type: ignore[arg-type]  # typeshed does not tell what a handle has
        return timer

    def schedule(self, when: float, due: Due) -> None:
        """Put something into the queue of timers, to run once at this moment."""
        due._scheduled = True
        self._timers_set += 1
        heapq.heappush(self._timers, (when, self._timers_set, due))

    def note_cancelled(self) -> None:
        """Something in the queue of timers was cancelled; many such are thrown out together."""
        self._timer_cancelled_count += 1

    def call_soon_threadsafe(
        self, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """As ``call_soon``; there is no other thread to be safe from."""
        if self._thread_id is not None and self._thread_id != threading.get_ident():
            raise Escape("another thread called into the simulation")
        return self.call_soon(callback, *args, context=context)

    def _run_once(self) -> None:
        """Step after step, until the loop is to stop: what is ready, and when nothing is, the next timer."""
        ready, timers, next_timer = self._ready, self._timers, heapq.heappop
        while True:
            if ready:
                due = ready.popleft()
            elif self._stopping:
                return
            elif timers:
                if self._timer_cancelled_count > self._cancelled_timers_max:
                    self._throw_out()
                    continue
                when, _, due = next_timer(timers)
                due._scheduled = False
                if due._cancelled:
                    self._timer_cancelled_count -= 1
                    continue
                if when > self.now:  # noqa: PLR1730  a call would cost more
                    self.now = when
                if timers and timers[0][0] <= self.now:
                    self._make_ready()
            else:
                raise Deadlock(f"nothing will ever happen after virtual second {self.now:.6f}; {self._who_waits()}")
            if not due._cancelled:
                due._run()
            self.steps += 1
            if self.steps >= self._look_at_step and self._look_after_itself():
                return

    def _make_ready(self) -> None:
        """All other timers of this instant stand before whatever the first one makes ready."""
        timers, now = self._timers, self.now
        while timers and timers[0][0] <= now:
            _, _, timer = heapq.heappop(timers)
            timer._scheduled = False
            if timer._cancelled:
                self._timer_cancelled_count -= 1
            else:
                self._ready.append(timer)

    def _throw_out(self) -> None:
        """Drop the timers that were cancelled, and look again when they are as many as those that are left."""
        timers = self._timers
        timers[:] = [entry for entry in timers if not entry[2]._cancelled]
        heapq.heapify(timers)
        self._timer_cancelled_count = 0
        self._cancelled_timers_max = max(_CANCELLED_TIMERS_MIN, len(timers))

    def _look_after_itself(self) -> bool:
        """What is not looked at after every step: failures, garbage, too many steps, and whether the loop is to stop."""
        if self._failure is not None:
            raise self._failure
        if self.steps >= self._garbage_at_step:
            self._garbage_at_step += _YOUNG_GARBAGE_STEPS
            self._garbage_rounds += 1
            gc.collect(2 if self._garbage_rounds % _ALL_GARBAGE_ROUNDS == 0 else 1)
        if self._steps_max is not None and self.steps > self._steps_max:
            raise StepsExhausted(f"{self.steps} steps until virtual second {self.now:.6f}; {self._who_waits()}")
        self._set_look()
        return self._stopping

    def _set_look(self) -> None:
        bound = self._garbage_at_step if self._steps_max is None else self._steps_max + 1
        self._look_at_step = min(self._garbage_at_step, bound)

    def stop(self) -> None:
        """End the run after the current step."""
        super().stop()
        self._look_at_step = 0

    def run_forever(self) -> None:
        """As ``BaseEventLoop``, with the collector's own timing switched off meanwhile."""
        automatic = gc.isenabled()
        gc.disable()
        try:
            super().run_forever()
        finally:
            if automatic:
                gc.enable()

    def abort(self, failure: BaseException) -> None:
        """End the run with this error after the current callback: for a violated rule, wherever it was noticed.

        No code of the programs under test can catch it.
        """
        if not self._ending:
            self._failure = self._failure or failure
            self._look_at_step = 0

    def begin_cleanup(self, steps: int) -> None:
        """The simulation is over: ``steps`` more are granted to end what it left, and nothing aborts that."""
        self._ending = True
        self._failure = None
        self._steps_max = self.steps + steps
        self._set_look()

    def close(self) -> None:
        """Drop everything that is still queued."""
        self._timers.clear()
        super().close()

    # --- tasks ---

    def next_task_order(self) -> int:
        """The creation number of one more task."""
        self._tasks_made += 1
        return self._tasks_made

    def create_task(  # type: ignore[override]  # typeshed has the return type of one exact class
        self, coro: Coroutine[Any, Any, T], *, name: str | None = None, context: Context | None = None
    ) -> "SimTask[T]":
        """Start a task; one that a simulated program starts belongs to the program.

        Raises:
            ProcessGone: the program has crashed.
        """
        owner: Owner | None = OWNER.get() if context is None else context.get(OWNER)
        if owner is not None and owner.refuse():
            coro.close()
            raise ProcessGone("a crashed program starts no task")
        if context is None:
            context = copy_context()
        return SimTask(coro, loop=self, name=name, context=context, owner=owner)

    def pending(self) -> "list[SimTask[Any]]":
        """Tasks that are not done, in the order in which they were made."""
        tasks = [task for task in asyncio.all_tasks(self) if isinstance(task, SimTask)]
        return sorted(tasks, key=lambda task: task.order)

    def _who_waits(self) -> str:
        tasks = self.pending()
        named = ", ".join(f"{task.get_name()} at {where_waits(task)}" for task in tasks[:_NAMED_TASKS_MAX])
        more = f" and {len(tasks) - _NAMED_TASKS_MAX} more" if len(tasks) > _NAMED_TASKS_MAX else ""
        return f"{len(tasks)} tasks wait: {named}{more}" if tasks else "no task waits"

    # --- asynchronous generators: finalized by tasks of the world, in order of creation ---

    def _asyncgen_firstiter_hook(self, agen: AsyncGenerator[Any, Any]) -> None:
        self._generators_seen += 1
        self._generators[self._generators_seen] = weakref.ref(agen)
        if self._generators_seen % 1000 == 0:
            self._generators = {number: ref for number, ref in self._generators.items() if ref() is not None}

    def _asyncgen_finalizer_hook(self, agen: AsyncGenerator[Any, Any]) -> None:
        if not self.is_closed() and getattr(agen, "ag_frame", None) is not None:
            task = self.create_task(_finish(agen), name="finish generator", context=Context())
            self.finishing[task] = None
            task.add_done_callback(self._finished)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self.finishing.pop(task, None)

    async def shutdown_asyncgens(self) -> None:
        """Close the generators that somebody stopped iterating."""
        for ref in list(self._generators.values()):
            agen = ref()
            if agen is not None:
                await _finish(agen)
        self._generators.clear()

    def _process_events(self, event_list: object) -> None:
        """There is no selector."""

    def _write_to_self(self) -> None:
        """There is no selector to wake."""


def where_waits(task: asyncio.Task[Any]) -> str:
    """The innermost place at which a task is suspended, as ``function:line``."""
    place = "its start"
    awaited: Any = task.get_coro()
    while awaited is not None:
        frame = next((found for name in _FRAMES if (found := getattr(awaited, name, None)) is not None), None)
        if frame is not None and frame.f_code.co_name != "__await__":  # who awaits says more
            place = f"{frame.f_code.co_name}:{frame.f_lineno}"
        awaited = next((found for name in _AWAITED if (found := getattr(awaited, name, None)) is not None), None)
    return place


_FRAMES = ("cr_frame", "gi_frame", "ag_frame")
_AWAITED = ("cr_await", "gi_yieldfrom", "ag_await")


async def _finish(agen: AsyncGenerator[Any, Any]) -> None:
    try:
        await agen.aclose()
    except ProcessGone:
        return  # its program has crashed; what it did last reached nothing


def _note_unhandled(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    assert isinstance(loop, SimLoop)
    owner = _owner_of(context)
    if owner is None or not owner.refuse():  # what a crashed program still says reaches nobody
        loop.unhandled.append((str(context.get("message", "")), context.get("exception")))


def _owner_of(context: dict[str, Any]) -> Owner | None:
    """Whose error it is: that of a task, or of a callback that the program's code has set."""
    task = context.get("task", context.get("future"))
    if isinstance(task, SimTask):
        return task.owner
    handle = context.get("handle")
    return handle._context.get(OWNER) if handle is not None else None


_WAYS_OUT = (
    *("run_in_executor", "set_default_executor", "getaddrinfo", "getnameinfo", "add_signal_handler"),
    *("create_connection", "create_server", "create_datagram_endpoint", "create_unix_connection"),
    *("create_unix_server", "connect_accepted_socket", "start_tls", "sendfile", "sock_sendfile"),
    *("sock_recv", "sock_recv_into", "sock_recvfrom", "sock_recvfrom_into", "sock_sendall", "sock_sendto"),
    *("sock_connect", "sock_accept", "add_reader", "add_writer", "remove_reader", "remove_writer"),
    *("connect_read_pipe", "connect_write_pipe", "subprocess_exec", "subprocess_shell"),
)


def _closed_way(name: str) -> Callable[..., NoReturn]:
    def refuse(_loop: SimLoop, *_args: object, **_options: object) -> NoReturn:
        raise Escape(f"loop.{name} leads out of the simulation: use a port")

    refuse.__name__ = name
    return refuse


for _name in _WAYS_OUT:
    setattr(SimLoop, _name, _closed_way(_name))
