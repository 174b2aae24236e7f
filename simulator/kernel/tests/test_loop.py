"""The virtual-time loop: its order, its jumps in time, what it refuses, and how it ends."""

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from simulator.kernel.loop import Deadlock, Escape, SimLoop, StepsExhausted
from simulator.kernel.running import Leaked, Unhandled, run
from simulator.kernel.tape import Tape


def now() -> float:
    return asyncio.get_running_loop().time()


def test_a_day_of_sleep_takes_no_time_and_arrives_on_the_second() -> None:
    async def main() -> float:
        await asyncio.sleep(86_400)
        return now()

    assert run(main()) == 86_400


def test_callbacks_run_first_in_first_out_and_timers_of_one_instant_in_the_order_they_were_set() -> None:
    order: list[str] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for name in "abc":
            loop.call_later(1, order.append, f"timer {name}")
        for name in "abc":
            loop.call_soon(order.append, f"soon {name}")
        for number in range(50):
            loop.call_later(2, order.append, f"many {number}")
        await asyncio.sleep(3)

    run(main())

    assert order[:6] == ["soon a", "soon b", "soon c", "timer a", "timer b", "timer c"]
    assert order[6:] == [f"many {number}" for number in range(50)]


def test_time_stands_still_while_anything_is_ready() -> None:
    async def main() -> tuple[float, float]:
        timer = asyncio.ensure_future(asyncio.sleep(0.000001))
        for _ in range(1000):
            await asyncio.sleep(0)
        before = now()
        await timer
        return before, now()

    assert run(main()) == (0.0, 0.000001)


def test_timers_that_are_cancelled_in_great_number_do_not_pile_up_and_do_not_fire() -> None:
    fired: list[int] = []

    async def main() -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimLoop)
        for number in range(5000):
            timer = loop.call_later(1000 + number, fired.append, number)
            if number != 4321:
                timer.cancel()
        await asyncio.sleep(1)
        left = len(loop._timers)
        await asyncio.sleep(10_000)
        return left

    assert run(main()) <= 2
    assert fired == [4321]


def test_timeouts_task_groups_queues_and_runner_work_on_virtual_time() -> None:
    async def main() -> list[object]:
        seen: list[object] = []
        try:
            async with asyncio.timeout(5):
                await asyncio.sleep(10)
        except TimeoutError:
            seen.append(now())
        async with asyncio.TaskGroup() as group:
            slow = group.create_task(asyncio.sleep(2, "slow"))
            group.create_task(asyncio.sleep(1))
        seen += [slow.result(), now()]
        queue: asyncio.Queue[int] = asyncio.Queue()
        putting = asyncio.get_running_loop().call_later(1, queue.put_nowait, 42)
        seen += [await queue.get(), putting.when()]
        return seen

    assert run(main()) == [5.0, "slow", 7.0, 42, 8.0]
    with asyncio.Runner(loop_factory=SimLoop) as runner:
        assert runner.run(main()) == [5.0, "slow", 7.0, 42, 8.0]


def test_a_deadlock_names_who_waits_and_where() -> None:
    async def waits_for_godot() -> None:
        await asyncio.get_running_loop().create_future()

    async def main() -> None:
        await asyncio.create_task(waits_for_godot(), name="estragon")

    with pytest.raises(Deadlock, match=r"2 tasks wait: .* estragon at waits_for_godot:\d+"):
        run(main())


def test_a_run_that_takes_more_steps_than_allowed_is_ended() -> None:
    async def main() -> None:
        for _ in range(10_000):
            await asyncio.sleep(0)

    with pytest.raises(StepsExhausted, match=r"virtual second 0\.000000; 1 tasks wait: task-1 at"):
        run(main(), steps_max=1000)


def test_a_failure_says_seed_and_virtual_time() -> None:
    async def main() -> None:
        await asyncio.sleep(12)
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken") as caught:
        run(main(), Tape(7))

    assert [note.rpartition(", step")[0] for note in caught.value.__notes__] == ["at virtual second 12.000000"]
    assert caught.value.__notes__[0].endswith("seed 7")


def test_a_task_that_outlives_the_simulation_is_a_leak_and_is_ended() -> None:
    ended: list[str] = []

    async def forever(name: str) -> None:
        try:
            await asyncio.sleep(1e9)
        finally:
            ended.append(name)

    async def main() -> None:
        main_tasks.extend(asyncio.create_task(forever(name), name=name) for name in ("a", "b"))
        await asyncio.sleep(1)

    main_tasks: list[asyncio.Task[None]] = []
    with pytest.raises(Leaked, match=r"2 tasks outlived the simulation: a at sleep:\d+, b at sleep:\d+"):
        run(main())
    assert ended == ["a", "b"]
    run(main(), leaks_allowed=True)


def test_a_task_that_ignores_its_cancellation_cannot_keep_the_run_alive() -> None:
    async def stubborn() -> None:
        while True:
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                continue

    async def main() -> None:
        tasks.append(asyncio.create_task(stubborn(), name="stubborn"))
        await asyncio.sleep(0)

    tasks: list[asyncio.Task[None]] = []
    with pytest.raises(Leaked, match="stubborn"):
        run(main())
    assert tasks[0].done()


def test_an_error_that_nobody_saw_fails_the_run() -> None:
    async def fails() -> None:
        raise ValueError("unseen")

    async def main() -> None:
        asyncio.create_task(fails())  # noqa: RUF006  nobody keeps it: that is the point
        await asyncio.sleep(1)

    with pytest.raises(Unhandled, match="unseen"):
        run(main())


def test_a_violated_rule_ends_the_run_whatever_the_code_around_it_catches() -> None:
    async def careless() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimLoop)
        for _ in range(10):
            try:
                loop.abort(AssertionError("two owners"))
                loop.abort(AssertionError("a later one"))
                await asyncio.sleep(1)
            except BaseException:  # noqa: BLE001  the carelessness under test
                continue

    with pytest.raises(AssertionError, match="two owners") as caught:
        run(careless())
    assert caught.value.__notes__[0].startswith("at virtual second 0.0")


@pytest.mark.parametrize(
    "way_out",
    [
        pytest.param(lambda _loop: asyncio.to_thread(print), id="to_thread"),
        pytest.param(lambda loop: loop.getaddrinfo("localhost", 80), id="getaddrinfo"),
        pytest.param(lambda _loop: asyncio.open_connection("127.0.0.1", 1), id="open_connection"),
        pytest.param(lambda _loop: asyncio.start_server(print, "127.0.0.1", 1), id="start_server"),
        pytest.param(lambda _loop: asyncio.create_subprocess_exec("true"), id="subprocess"),
    ],
)
def test_a_way_out_of_the_simulation_is_refused(way_out: Callable[[Any], Coroutine[Any, Any, Any]]) -> None:
    async def main() -> None:
        await way_out(asyncio.get_running_loop())

    with pytest.raises(Escape, match="leads out of the simulation"):
        run(main())


def test_signals_and_other_threads_are_refused() -> None:
    refused: list[BaseException] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()

        def intrude() -> None:
            try:
                loop.call_soon_threadsafe(print)
            except Escape as error:
                refused.append(error)

        thread = threading.Thread(target=intrude)
        thread.start()
        thread.join()
        with pytest.raises(Escape):
            loop.add_signal_handler(15, print)

    run(main())
    assert len(refused) == 1


def test_abandoned_generators_are_finalized_in_the_order_in_which_they_were_made() -> None:
    ended: list[int] = []

    async def counts(number: int) -> AsyncIterator[int]:
        try:
            yield number
        finally:
            await asyncio.sleep(0)
            ended.append(number)

    async def main() -> None:
        kept.extend(counts(number) for number in range(20))
        for generator in kept:
            await anext(generator)

    kept: list[AsyncIterator[int]] = []
    run(main())
    assert ended == list(range(20))


def test_a_generator_that_is_dropped_at_the_very_end_is_still_closed_and_no_leak() -> None:
    ended: list[float] = []

    async def counts() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await asyncio.sleep(5)
            ended.append(now())

    async def main() -> int:
        async for number in counts():
            return number
        return 0

    assert run(main()) == 1
    assert ended == [5.0]


def test_the_collector_keeps_its_own_time_again_after_a_run() -> None:
    during: list[bool] = []

    async def main() -> None:
        during.append(gc.isenabled())

    assert gc.isenabled()
    run(main())
    assert during == [False]
    assert gc.isenabled()


def test_garbage_in_cycles_is_collected_at_fixed_steps() -> None:
    class Cycle:
        def __init__(self, loop: SimLoop) -> None:
            self.me = self
            self.loop = loop

        def __del__(self) -> None:
            died.append(self.loop.steps)

    async def main(loop: SimLoop) -> None:
        Cycle(loop)
        for _ in range(100_010):
            await asyncio.sleep(0)

    died: list[int] = []
    for _ in range(2):
        loop = SimLoop()
        loop.run_until_complete(main(loop))
        loop.close()

    assert died == [50_000, 50_000]
