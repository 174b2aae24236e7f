"""Each key by one worker at a time, none lost, failures later and later."""

import asyncio
from itertools import pairwise

import pytest

from simulator.kernel.running import Unhandled
from spiderpool.kube.errors import Unavailable
from spiderpool.kube.tests.kit import LoopClock, entropy, run, running
from spiderpool.kube.workqueue import WorkQueue


class Work:
    """Takes ten seconds for each key, and notes when it began."""

    def __init__(self) -> None:
        self.begun: list[tuple[float, str]] = []
        self.at_once: dict[str, int] = {}
        self.most_at_once = 0
        self.failures_left = 0

    async def __call__(self, key: str) -> None:
        self.begun.append((asyncio.get_running_loop().time(), key))
        self.at_once[key] = self.at_once.get(key, 0) + 1
        self.most_at_once = max(self.most_at_once, self.at_once[key])
        await asyncio.sleep(10)
        self.at_once[key] -= 1
        if self.failures_left:
            self.failures_left -= 1
            raise Unavailable("no answer")


def queue() -> WorkQueue[str]:
    return WorkQueue(LoopClock(), entropy())


def test_a_key_added_many_times_before_its_turn_is_worked_once() -> None:
    async def story() -> list[tuple[float, str]]:
        line, work = queue(), Work()
        for key in ("a", "b", "a", "a"):
            line.add(key)
        assert len(line) == 2
        async with running(line.run(1, work)):
            await asyncio.sleep(100)
        return work.begun

    assert run(story()) == [(0.0, "a"), (10.0, "b")]


def test_a_key_added_while_it_is_worked_is_worked_once_more_and_never_twice_at_once() -> None:
    async def story() -> tuple[list[tuple[float, str]], int]:
        line, work = queue(), Work()
        line.add("a")
        async with running(line.run(3, work)):
            await asyncio.sleep(5)
            for _ in range(4):
                line.add("a")
            await asyncio.sleep(100)
        return work.begun, work.most_at_once

    assert run(story()) == ([(0.0, "a"), (10.0, "a")], 1)


def test_as_many_keys_are_in_work_as_there_are_workers() -> None:
    async def story() -> list[tuple[float, str]]:
        line, work = queue(), Work()
        for key in "abcd":
            line.add(key)
        async with running(line.run(2, work)):
            await asyncio.sleep(100)
        return work.begun

    assert run(story()) == [(0.0, "a"), (0.0, "b"), (10.0, "c"), (10.0, "d")]


def test_a_failing_key_comes_back_later_and_later_up_to_the_cap_and_starts_over_after_a_success() -> None:
    async def story() -> tuple[list[float], list[tuple[str, str, float]]]:
        told: list[tuple[str, str, float]] = []
        line: WorkQueue[str] = WorkQueue(
            LoopClock(),
            entropy(),
            base_seconds=1,
            cap_seconds=8,
            on_failure=lambda key, error, seconds: told.append((key, str(error), seconds)),
        )
        work = Work()
        work.failures_left = 6
        line.add("a")
        async with running(line.run(2, work)):
            await asyncio.sleep(1000)
            work.failures_left = 1
            line.add("a")
            await asyncio.sleep(1000)
        starts = [moment for moment, _ in work.begun]
        return [later - earlier - 10 for earlier, later in pairwise(starts)], told

    waits, told = run(story())
    for wait, least in zip(waits[:6], (1, 2, 4, 8, 8, 8), strict=True):
        assert least <= wait < 1.5 * least
    assert waits[6] > 100  # until the test adds it again
    assert 1 <= waits[7] < 1.5
    assert len(waits) == 8
    assert [(key, error) for key, error, _ in told] == [("a", "no answer")] * 7
    assert [seconds for _, _, seconds in told] == pytest.approx([*waits[:6], waits[7]])


def test_one_failing_key_does_not_hold_up_the_others() -> None:
    async def story() -> list[str]:
        done = []

        async def work(key: str) -> None:
            if key == "bad":
                raise Unavailable("no answer")
            done.append(key)

        line = queue()
        for key in ("bad", "a", "b"):
            line.add(key)
        async with running(line.run(1, work)):
            await asyncio.sleep(60)
        return done

    assert run(story()) == ["a", "b"]


def test_a_defect_in_the_work_is_heard_even_if_nobody_listens_to_failures() -> None:
    async def story() -> None:
        async def work(key: str) -> None:
            raise KeyError(key)

        line = queue()
        line.add("a")
        async with running(line.run(1, work)):
            await asyncio.sleep(60)

    with pytest.raises(Unhandled, match="work on 'a' failed"):
        run(story())


def test_a_key_put_off_is_worked_at_its_time_and_the_earliest_of_several_counts() -> None:
    async def story() -> list[tuple[float, str]]:
        line, work = queue(), Work()
        line.add_after("a", 50)
        line.add_after("b", 30)
        async with running(line.run(2, work)):
            await asyncio.sleep(5)
            line.add_after("a", 15)
            line.add_after("a", 70)
            line.add_after("c", 0)
            await asyncio.sleep(500)
        return work.begun

    assert run(story()) == [(5.0, "c"), (20.0, "a"), (30.0, "b")]


def test_a_key_may_be_put_off_and_worked_before_that() -> None:
    async def story() -> list[tuple[float, str]]:
        line, work = queue(), Work()
        line.add_after("a", 50)
        line.add("a")
        async with running(line.run(1, work)):
            await asyncio.sleep(500)
        return work.begun

    assert run(story()) == [(0.0, "a"), (50.0, "a")]
