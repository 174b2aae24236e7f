"""Running a simulation from its first coroutine to a loop with nothing left in it."""

import asyncio
import contextlib
import gc
from collections.abc import Coroutine
from typing import Any, TypeVar

from simulator.kernel.loop import SimLoop, SimTask, where_waits
from simulator.kernel.ownership import ProcessGone
from simulator.kernel.tape import Tape

T = TypeVar("T")

_CLEANUP_STEPS = 10_000
_CLEANUP_STEPS_FOR_A_TASK = 100
_CLOSES_MAX = 100  # a coroutine may await in its ``finally`` this often before it counts as one that never ends


class Leaked(AssertionError):
    """Tasks were still running when the simulation had ended."""


class _Closed(ProcessGone, asyncio.CancelledError):
    """Ends a coroutine from outside. Code of the world further in, such as a network that has taken over a request,
    sees a client that has gone away, as when a call is cancelled.
    """


class Unhandled(AssertionError):
    """An error happened where nobody was there to see it."""


def run(
    main: Coroutine[Any, Any, T],
    tape: Tape | None = None,
    *,
    steps_max: int | None = None,
    leaks_allowed: bool = False,
) -> T:
    """Run ``main`` on a virtual-time loop of its own, then end what it left behind.

    Args:
        main: the simulation.
        tape: the tape that it draws from; a failure then says which seed repeats it.
        steps_max: a bound on callbacks, ``StepsExhausted`` beyond it.
        leaks_allowed: leave out the check that ``main`` ended its own tasks.

    Raises:
        Leaked: tasks outlived ``main``.
        Unhandled: an exception in a task or callback reached nobody.
        Deadlock, StepsExhausted: see ``loop``.
    """
    loop = SimLoop(steps_max=steps_max)
    end = "before its first step"
    try:
        try:
            result = loop.run_until_complete(main)
        finally:
            end = f"at virtual second {loop.time():.6f}, step {loop.steps}"
            leaked = _leaked(loop)
            _end_all(loop)
        gc.collect(1)  # a task that died with its error unseen reports it when it is finalized
        _raise_unhandled(loop)
        if leaked and not leaks_allowed:
            raise Leaked(f"{len(leaked)} tasks outlived the simulation: {', '.join(leaked)}")
    except BaseException as error:
        error.add_note(f"{end}, seed {tape.seed}" if tape is not None else end)
        raise
    finally:
        loop.close()
    return result


def close_coroutine(coro: Coroutine[Any, Any, Any]) -> bool:
    """End a suspended coroutine from outside: its ``finally`` blocks run, whatever they raise is dropped.

    An exception is thrown into it instead of calling ``close()``: closing does not reach into asynchronous generators
    that the coroutine iterates (CPython then calls them running for ever). A ``finally`` that awaits, as a
    TaskGroup does, suspends the coroutine again; it is then ended at that place.

    Returns:
        False when it runs right now, or does not end however often it is tried.
    """
    for _ in range(_CLOSES_MAX):
        if not _is_suspended(coro):
            break
        try:
            coro.throw(_Closed)
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001, S110  the last words of dead code; nobody is there to hear them
            pass
    return getattr(coro, "cr_frame", None) is None


def _is_suspended(coro: Any) -> bool:
    return getattr(coro, "cr_frame", None) is not None and not coro.cr_running


def _leaked(loop: SimLoop) -> list[str]:
    tasks = (task for task in loop.pending() if task not in loop.finishing)
    return [f"{task.get_name()} at {where_waits(task)}" for task in tasks]


def _end_all(loop: SimLoop) -> None:
    """Cancel what is left, in order of creation; close what does not end by that."""
    tasks = loop.pending()
    steps = _CLEANUP_STEPS + _CLEANUP_STEPS_FOR_A_TASK * len(tasks)
    loop.begin_cleanup(steps)
    for task in tasks:
        if task not in loop.finishing:
            task.cancel()
    with contextlib.suppress(Exception, ProcessGone):
        loop.run_until_complete(_until_done(tasks))
    loop.begin_cleanup(steps)  # more, if those that do not end by being cancelled have used up all
    for task in loop.pending():
        close_coroutine(task.get_coro())  # type: ignore[arg-type]
        task.cancel()
    with contextlib.suppress(Exception, ProcessGone):
        loop.run_until_complete(loop.shutdown_asyncgens())
    with contextlib.suppress(Exception, ProcessGone):
        loop.run_until_complete(_until_done(loop.pending()))


async def _until_done(tasks: list[SimTask[Any]]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)


def _raise_unhandled(loop: SimLoop) -> None:
    if not loop.unhandled:
        return
    message, cause = loop.unhandled[0]
    more = f" (and {len(loop.unhandled) - 1} more)" if len(loop.unhandled) > 1 else ""
    raise Unhandled(f"{message}: {cause!r}{more}") from cause
