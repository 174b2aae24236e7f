"""What stands in the queues of the loop: callbacks, timers, and whatever else can wait for its moment."""

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import Any, Protocol


class SimHandle(asyncio.Handle):
    """A callback, without what asyncio notes of it for debugging."""

    __slots__ = ()

    def __init__(
        self, loop: asyncio.AbstractEventLoop, callback: Callable[..., object], args: tuple[Any, ...], context: Context
    ) -> None:
        self._loop = loop
        self._callback = callback
        self._args = args
        self._context = context
        self._cancelled = False
        self._repr = None
        self._source_traceback = None


class SimTimer(SimHandle, asyncio.TimerHandle):
    """A callback at a moment."""

    __slots__ = ()

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        when: float,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        context: Context,
    ) -> None:
        SimHandle.__init__(self, loop, callback, args, context)
        self._when = when


class Due(Protocol):
    """What waits in the queue of timers for its moment."""

    _cancelled: bool  # it is passed over
    _scheduled: bool  # it is in the queue, so that a cancelled one is counted there

    def _run(self) -> None:
        """Its moment has come."""
        ...
