"""Waiting for a moment of virtual time: what a task waits for stands in the loop's queue of timers itself.

asyncio would make a future and a timer for each, and take two steps: one that sets the future, one that wakes the
task. Simulated clusters do little else than wait, so here the queue wakes the task at once.
"""

import asyncio
from collections.abc import Callable, Generator
from contextvars import Context
from types import TracebackType
from typing import Any

from simulator.kernel.loop import SimLoop


class Nap:
    """Sleep until a moment, or until somebody says when: awaited by one task, once. It is to the task what a future is.

    Args:
        loop: whose time it is.
        when: the moment; None: only ``wake`` and ``wake_in`` end it.
    """

    __slots__ = (
        *("_asyncio_future_blocking", "_awake", "_cancelled", "_context", "_error", "_loop", "_scheduled", "_wake"),
        "_when",
    )
    _context: Context
    _wake: Callable[["Nap"], object]

    def __init__(self, loop: SimLoop, when: float | None) -> None:
        self._loop = loop
        self._when = when
        self._error: asyncio.CancelledError | None = None
        self._asyncio_future_blocking = False
        self._scheduled = self._cancelled = False
        self._awake = True  # until a task sleeps

    def __await__(self) -> Generator[Any, None, None]:
        """All that the task gets to see is the nap itself: it asks to be woken, below."""
        self._asyncio_future_blocking = True
        return iter((self,))  # type: ignore[return-value]  # nobody sends anything into it

    def wake(self) -> None:
        """End it now; a task that is not asleep, or about to wake at this instant, stays as it is."""
        if self._awake or not (self._scheduled or self._when is None):
            return
        self._awake = True
        if self._scheduled:
            self._cancelled = True
            self._loop.note_cancelled()
        self._loop.call_soon(self._wake, self, context=self._context)

    def wake_in(self, seconds: float) -> None:
        """End it after so many seconds, unless its end is known already or nobody is asleep."""
        if not self._awake and self._when is None:
            self._when = self._loop.now + seconds
            self._loop.schedule(self._when, self)

    # --- what a task asks of a future, beside its ``_loop`` ---

    def add_done_callback(self, wake: Callable[["Nap"], object], *, context: Context) -> None:
        """The task waits from now on."""
        self._wake = wake
        self._context = context
        self._awake = False
        when = self._when
        if when is not None:
            self._loop.schedule(when, self)

    def cancel(self, msg: object = None) -> bool:
        """Wake the task with a ``CancelledError``, unless it is awake."""
        if self._awake or not (self._scheduled or self._when is None):
            return False
        self._error = asyncio.CancelledError() if msg is None else asyncio.CancelledError(msg)
        self.wake()
        return True

    def result(self) -> None:
        """What the task gets when it is woken."""
        if self._error is not None:
            raise self._error

    # --- what the loop does with a timer that is due ---

    def _run(self) -> None:
        self._awake = True
        self._context.run(self._wake, self)


class Silence:
    """Limits each of many waits of a stream by one timer, which looks when it fires how long the wait has lasted. Used
    as ``with silence:`` around each wait; raises ``TimeoutError`` out of one that took too long.

    Args:
        loop: whose time it is; any loop will do.
        seconds: how long one wait may last.
    """

    __slots__ = ("_cancelling", "_expired", "_loop", "_seconds", "_task", "_timer", "_until")

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._seconds = seconds
        self._until = 0.0
        self._expired = False
        self._task: asyncio.Task[Any] | None = None  # who waits now
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        task = self._task = asyncio.current_task(self._loop)
        assert task is not None
        self._cancelling = task.cancelling()
        self._until = self._loop.time() + self._seconds
        if self._timer is None:
            self._timer = self._loop.call_at(self._until, self._look)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        if not self._expired:
            return
        self._expired = False
        if task is not None and task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def stop(self) -> None:
        """There are no more waits."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        self._timer = None
        if self._task is None:
            return  # the next wait sets the timer again
        if self._until > self._loop.time():
            self._timer = self._loop.call_at(self._until, self._look)
        else:
            self._expired = True
            self._task.cancel()


class Deadline:
    """Cancel the block at a moment, and raise ``TimeoutError`` then: ``asyncio.Timeout``, but that cannot be moved."""

    __slots__ = ("_cancelled", "_cancelling", "_expired", "_loop", "_scheduled", "_task", "_when")

    def __init__(self, loop: SimLoop, when: float | None) -> None:
        self._loop = loop
        self._when = when
        self._expired = self._scheduled = self._cancelled = False

    async def __aenter__(self) -> None:
        task = asyncio.current_task(self._loop)
        assert task is not None
        self._task = task
        self._cancelling = task.cancelling()
        if self._when is None:
            return
        if self._when > self._loop.now:
            self._loop.schedule(self._when, self)
        else:
            self._loop.call_soon(self._run)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error
        self._cancelled = True
        if self._scheduled:
            self._loop.note_cancelled()

    def _run(self) -> None:
        if not self._cancelled:
            self._expired = True
            self._task.cancel()
