"""A process of a simulated node: what runs until it ends or is killed, and who started it.

Killing is SIGKILL: none of its code acts any more, and nobody tells its children, which live on as orphans that can
only notice that their parent is gone. That is what makes an IPAM plugin commit after its sandbox was given up.

This is the node's table of processes. A program under test that runs in one of them has its own rules for a crash
(``simulator/kernel/process.py``); whoever starts it hangs that crash on ``on_exit``.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, Protocol


class ProcessHandle(Protocol):
    """What a child may know of its parent."""

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        ...


class Process:
    """One process: a name, a number, a parent, and the tasks that run its code."""

    def __init__(self, name: str, pid: int, parent: ProcessHandle | None = None) -> None:
        self.name = name
        self.pid = pid
        self.parent = parent
        self._alive = True
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._on_exit: list[Callable[[], None]] = []

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._alive

    def start(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run code of this process; an exception that leaves it reaches the loop's exception handler.

        Raises:
            RuntimeError: the process has ended; the dead start nothing.
        """
        if not self._alive:
            coroutine.close()
            raise RuntimeError(f"{self.name} is dead")
        task = asyncio.get_running_loop().create_task(coroutine, context=Context())  # owned by nobody but us
        self._tasks[task] = None
        task.add_done_callback(self._ended)
        return task

    def on_exit(self, callback: Callable[[], None]) -> None:
        """Call back when this process ends or is killed; at once when it already has."""
        if self._alive:
            self._on_exit.append(callback)
        else:
            callback()

    def kill(self) -> None:
        """End it now: no line of its code runs after this, save what is on the stack at this moment."""
        if not self._alive:
            return
        self._alive = False
        for task in list(self._tasks):
            task.cancel()
        self._tasks.clear()
        callbacks, self._on_exit = self._on_exit, []
        for callback in callbacks:
            callback()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)
        if task.cancelled() or (error := task.exception()) is None:
            return
        task.get_loop().call_exception_handler(
            {"message": f"a task of {self.name} failed", "exception": error, "task": task}
        )
