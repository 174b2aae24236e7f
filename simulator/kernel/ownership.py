"""Which simulated program a task belongs to.

A program's tasks carry their owner in the task's context, and so do the tasks that they start: a crash finds them all,
however deep inside libraries they were made. The world itself (servers, networks, people) has no owner.
"""

import asyncio
from collections.abc import Coroutine
from contextvars import Context, ContextVar
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class ProcessGone(BaseException):
    """The simulated program that runs this code has crashed; nothing that it still does reaches the world.

    Not an ``Exception``, so that no handler of the program takes it for an error that it could do something about.
    """


class Owner(Protocol):
    """A program that owns tasks."""

    def refuse(self) -> bool:
        """Whether the program is gone, and starts no tasks any more."""
        ...


OWNER: ContextVar[Owner | None] = ContextVar("OWNER", default=None)


def world_task(work: Coroutine[Any, Any, T], name: str) -> "asyncio.Task[T]":
    """Start work of the world from within a call of a program: it goes on when the program crashes."""
    return asyncio.get_running_loop().create_task(work, name=name, context=Context())
