"""Waiting in virtual time: for a moment, for somebody who says when, and no longer than allowed."""

import asyncio

import pytest

from simulator.kernel.clock import VirtualClock
from simulator.kernel.loop import Deadlock, SimLoop
from simulator.kernel.running import run
from simulator.kernel.waits import Nap, Silence


def sim_loop() -> SimLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop)
    return loop


def test_a_sleep_costs_one_step() -> None:
    async def main() -> None:
        loop = sim_loop()
        clock, before = VirtualClock(loop), loop.steps
        for _ in range(10):
            await clock.sleep(1)
        assert (loop.steps - before, loop.now) == (10, 10.0)

    run(main())


def test_sleepers_of_one_instant_wake_in_the_order_in_which_they_lay_down() -> None:
    async def main() -> None:
        clock, woken = VirtualClock(sim_loop()), list[int]()

        async def sleeper(number: int) -> None:
            await clock.sleep(5)
            woken.append(number)

        await asyncio.gather(*(sleeper(number) for number in range(5)))
        assert woken == [0, 1, 2, 3, 4]

    run(main())


async def sleeping(clock: VirtualClock, seconds: float) -> None:
    await clock.sleep(seconds)


def test_a_sleeper_who_is_cancelled_wakes_at_once_and_hears_why() -> None:
    async def main() -> None:
        loop = sim_loop()
        task = loop.create_task(sleeping(VirtualClock(loop), 100))
        await asyncio.sleep(0)
        task.cancel("enough")
        with pytest.raises(asyncio.CancelledError, match="enough"):
            await task
        assert loop.now == 0

    run(main())


def test_one_who_is_cancelled_while_his_time_comes_is_cancelled() -> None:
    async def main() -> None:
        loop = sim_loop()
        clock = VirtualClock(loop)
        task = loop.create_task(sleeping(clock, 5))
        loop.call_at(5.0, task.cancel)  # set before the sleeper lies down, so it comes first
        with pytest.raises(asyncio.CancelledError):
            await task
        assert loop.now == 5

    run(main())


def test_cancelled_sleeps_do_not_fill_the_queue() -> None:
    async def main() -> None:
        loop = sim_loop()
        for _ in range(1000):
            task = loop.create_task(sleeping(VirtualClock(loop), 1000))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait((task,))
            await VirtualClock(loop).sleep(0.001)
        assert len(loop._timers) < 300

    run(main())


def test_a_nap_ends_when_somebody_says_so() -> None:
    async def main() -> None:
        loop = sim_loop()
        clock, ends = VirtualClock(loop), list[float]()

        async def sleeper(nap: Nap) -> None:
            await nap
            ends.append(loop.now)

        for early in (None, 2.0):
            nap = clock.nap()
            nap.wake()  # nobody sleeps yet
            task = loop.create_task(sleeper(nap))
            await clock.sleep(1)
            nap.wake_in(4)
            nap.wake_in(1)  # the end is known already
            if early is not None:
                await clock.sleep(early)
                nap.wake()
                nap.wake()
            await task
        assert ends == [5.0, 8.0]

    run(main())


def test_a_nap_that_nobody_can_end_is_a_deadlock() -> None:
    async def main() -> None:
        await VirtualClock(sim_loop()).nap()

    with pytest.raises(Deadlock, match="1 tasks wait: task-1 at main:"):
        run(main(), leaks_allowed=True)


async def sleep_within(clock: VirtualClock, allowed: float, seconds: float) -> None:
    async with clock.timeout(allowed):
        while True:
            await clock.sleep(seconds)


def test_a_deadline_ends_the_block_the_inner_one_first() -> None:
    async def main() -> None:
        loop = sim_loop()
        clock = VirtualClock(loop)

        async def outer() -> None:
            async with clock.timeout(10):
                with pytest.raises(TimeoutError):
                    await sleep_within(clock, 3, 60)
                assert loop.now == 3
                await clock.sleep(60)

        with pytest.raises(TimeoutError):
            await outer()
        assert loop.now == 10

    run(main())


def test_what_others_cancel_is_no_matter_of_the_deadline() -> None:
    async def main() -> None:
        loop = sim_loop()
        clock = VirtualClock(loop)
        task = loop.create_task(sleep_within(clock, 100, 50))
        await clock.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())


def test_a_deadline_that_has_passed_ends_the_block_at_its_first_wait() -> None:
    async def main() -> None:
        clock = VirtualClock(sim_loop())
        for allowed in (0, -1):
            with pytest.raises(TimeoutError):
                await sleep_within(clock, allowed, 0)
        async with clock.timeout(0):
            pass  # it waits for nothing

    run(main())


def test_silence_ends_the_wait_that_lasted_too_long_and_no_other() -> None:
    async def main() -> None:
        loop = sim_loop()
        clock, silence = VirtualClock(loop), Silence(loop, 10)
        for seconds in (4, 9, 9.5):
            with silence:
                await clock.sleep(seconds)
            await clock.sleep(30)  # nobody waits for news meanwhile
        began = loop.now
        with pytest.raises(TimeoutError), silence:
            await clock.sleep(60)
        assert loop.now == began + 10
        with silence:
            await clock.sleep(9)
        silence.stop()

    run(main())


def test_what_others_cancel_is_no_matter_of_silence() -> None:
    async def main() -> None:
        loop = sim_loop()
        clock, silence = VirtualClock(loop), Silence(loop, 10)

        async def listen() -> None:
            with silence:
                await clock.sleep(50)

        task = loop.create_task(listen())
        await clock.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await clock.sleep(20)  # the timer fires, and finds nobody

    run(main())
