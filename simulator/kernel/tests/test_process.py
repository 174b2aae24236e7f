"""A crash looks like SIGKILL from outside: whatever the code would still do, nothing of it reaches the world."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing, suppress
from typing import Any

import pytest

from simulator.kernel.clock import VirtualClock
from simulator.kernel.loop import SimLoop
from simulator.kernel.ownership import ProcessGone, world_task
from simulator.kernel.process import Phase, Process, guard
from simulator.kernel.running import Unhandled, run


class World:
    """What programs act on."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.color = "green"

    async def write(self, text: str) -> str:
        await asyncio.sleep(1)
        self.log.append(text)
        await asyncio.sleep(1)
        return text

    async def refuse(self) -> None:
        raise ValueError("refused")

    def note(self, text: str) -> None:
        self.log.append(text)

    async def events(self) -> AsyncIterator[int]:
        try:
            for number in range(1000):
                await asyncio.sleep(1)
                yield number
        finally:
            self.log.append("stream closed")


def clock() -> VirtualClock:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop)
    return VirtualClock(loop)


def crash_after(seconds: float, program: Callable[[World, Process], Coroutine[Any, Any, None]]) -> list[str]:
    """Run a program on a guarded world, crash it, let a day pass, and return what reached the world."""
    world = World()

    async def main() -> None:
        process = Process("p")
        process.spawn(program(guard(world, process, "world"), process), "main")
        await asyncio.sleep(seconds)
        process.crash()
        await asyncio.sleep(86_400)

    run(main())
    return world.log


def test_a_program_that_is_not_crashed_does_its_work() -> None:
    async def program(world: World, process: Process) -> None:
        world.note(await world.write("a") + world.color)

    assert crash_after(10, program) == ["a", "agreen"]


def test_finally_and_except_blocks_of_crashed_code_reach_nothing() -> None:
    async def program(world: World, process: Process) -> None:
        try:
            await world.write("begun")
            await world.write("never")
        except BaseException:
            with suppress(Exception):
                world.note("caught")
            raise
        finally:
            with suppress(BaseException):
                world.note("finally")
            await world.write("awaited in finally")

    assert crash_after(2.5, program) == ["begun"]


def test_a_crash_reaches_tasks_that_libraries_started_and_ends_them_without_a_word() -> None:
    async def stubborn(world: World, text: str) -> None:
        try:
            while True:
                await world.write(text)
        finally:
            await asyncio.sleep(5)
            world.note(f"{text} cleaned up")

    async def program(world: World, process: Process) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(stubborn(world, "a"))
            group.create_task(asyncio.wait_for(stubborn(world, "b"), 100))
            await asyncio.gather(stubborn(world, "c"), asyncio.sleep(50))

    assert sorted(crash_after(1.5, program)) == ["a", "b", "c"]


def test_crashed_code_cannot_start_tasks() -> None:
    async def program(world: World, process: Process) -> None:
        try:
            await asyncio.sleep(100)
        finally:
            asyncio.create_task(world.write("from beyond"))  # noqa: RUF006  it never runs

    assert crash_after(1, program) == []


def test_a_task_that_has_not_begun_never_begins() -> None:
    async def main() -> list[str]:
        world = World()
        process = Process("p")
        process.spawn(guard(world, process, "world").write("never"), "main")
        process.crash()
        await asyncio.sleep(10)
        return world.log

    assert run(main()) == []


def test_code_that_goes_on_in_spite_of_every_close_fails_the_run() -> None:
    async def program(world: World, process: Process) -> None:
        for _ in range(100_000):
            with suppress(BaseException):
                await asyncio.sleep(1)

    with pytest.raises(Unhandled, match=r"p crashed, but p\.main does not end"):
        crash_after(1, program)


@pytest.mark.parametrize(
    ("phase", "reached"),
    [("before", ["one"]), ("after", ["one", "two"])],
)
def test_a_process_crashes_at_a_named_place(phase: Phase, reached: list[str]) -> None:
    async def main() -> tuple[list[str], list[str]]:
        world, places = World(), list[str]()
        process = Process("agent")
        guarded = guard(world, process, "kube")

        def crash_at_second_write(port: str, method: str, now: Phase) -> None:
            places.append(f"{port}.{method} {now}")
            if places.count(f"kube.write {phase}") == 2:
                process.crash()

        async def program() -> None:
            for text in ("one", "two", "three"):
                try:
                    await guarded.write(text)
                except Exception:  # noqa: BLE001  a crash must not look like an error that can be handled
                    world.note("handled")

        process.on_call = crash_at_second_write
        process.spawn(program(), "main")
        await asyncio.sleep(100)
        return world.log, places

    log, places = run(main())

    assert log == reached
    assert places[:3] == ["kube.write before", "kube.write after", "kube.write before"]
    assert len(places) == (3 if phase == "before" else 4)


def test_the_place_after_a_refused_call_is_told_as_well() -> None:
    async def main() -> list[str]:
        places: list[str] = []
        process = Process("agent", lambda port, method, phase: places.append(f"{port}.{method} {phase}"))

        async def program() -> None:
            with pytest.raises(ValueError, match="refused"):
                await guard(World(), process, "kube").refuse()

        await process.spawn(program(), "main")
        return places

    assert run(main()) == ["kube.refuse before", "kube.refuse after"]


def test_a_guarded_stream_ends_with_its_process_and_the_world_closes_it() -> None:
    async def program(world: World, process: Process) -> None:
        async for number in world.events():
            world.note(str(number))

    assert crash_after(3.5, program) == ["0", "1", "2", "stream closed"]


def test_a_stream_that_its_program_stops_reading_is_closed() -> None:
    async def program(world: World, process: Process) -> None:
        async with aclosing(world.events()) as events:  # type: ignore[type-var]
            async for number in events:
                world.note(str(number))
                break
        await world.write("done")

    assert crash_after(50, program) == ["0", "stream closed", "done"]


def test_plain_methods_and_attributes_of_a_port_are_revoked_too() -> None:
    async def main() -> None:
        world, process = World(), Process("p")
        guarded = guard(world, process, "world")
        assert guarded.color == "green"
        process.crash()
        with pytest.raises(ProcessGone):
            guarded.note("late")
        with pytest.raises(ProcessGone):
            _ = guarded.color
        with pytest.raises(ProcessGone):
            await guarded.write("late")
        assert world.log == []

    run(main())


def test_a_guarded_clock_works_and_its_timeouts_do_too() -> None:
    async def main() -> list[float]:
        process = Process("p")
        guarded = guard(clock(), process, "clock")
        seen: list[float] = []

        async def program() -> None:
            with pytest.raises(TimeoutError):
                async with guarded.timeout(3):
                    await guarded.sleep(10)
            seen.append(guarded.monotonic())

        await process.spawn(program(), "main")
        return seen

    assert run(main()) == [3.0]


def test_work_of_the_world_goes_on_when_the_program_that_asked_for_it_crashes() -> None:
    world = World()

    async def program() -> None:
        await asyncio.shield(world_task(world.write("sent"), "request"))

    async def main() -> None:
        process = Process("p")
        process.spawn(program(), "main")
        await asyncio.sleep(0.5)
        process.crash()
        await asyncio.sleep(10)

    run(main())
    assert world.log == ["sent"]


def test_an_error_that_leaves_a_program_fails_the_simulation() -> None:
    async def program(world: World, process: Process) -> None:
        raise ValueError("defect")

    with pytest.raises(Unhandled, match=r"p\.main failed: ValueError\('defect'\)"):
        crash_after(1, program)


def test_a_door_answers_while_the_program_runs_and_refuses_when_it_does_not() -> None:
    async def main() -> list[object]:
        world, process = World(), Process("agent")
        door = process.door(guard(world, process, "world").write, "request")
        seen: list[object] = [await door("hello")]
        process.crash()
        try:
            await door("anybody?")
        except ConnectionRefusedError as error:
            seen.append(str(error))
        return seen + world.log

    assert run(main()) == ["hello", "agent does not run", "hello"]


def test_a_crash_behind_a_door_resets_the_connection() -> None:
    async def main() -> tuple[str, float, list[str]]:
        world, process = World(), Process("agent")
        door = process.door(guard(world, process, "world").write, "request")
        asyncio.get_running_loop().call_later(1.5, process.crash)
        try:
            return await door("hello"), clock().monotonic(), world.log
        except ConnectionResetError:
            return "reset", clock().monotonic(), world.log

    assert run(main()) == ("reset", 1.5, ["hello"])


def test_a_handler_goes_on_when_its_caller_gives_up() -> None:
    async def main() -> list[str]:
        world, process = World(), Process("agent")
        door = process.door(guard(world, process, "world").write, "request")
        with pytest.raises(TimeoutError):
            async with clock().timeout(0.5):
                await door("hello")
        await asyncio.sleep(10)
        return world.log

    assert run(main()) == ["hello"]


def test_a_paused_program_has_no_effect_until_it_is_resumed() -> None:
    async def main() -> list[object]:
        world, process = World(), Process("p")
        guarded = guard(world, process, "world")

        async def program() -> None:
            for text in ("a", "b"):
                await guarded.write(text)

        task = process.spawn(program(), "main")
        await asyncio.sleep(1.5)
        process.pause()
        await asyncio.sleep(100)
        seen: list[object] = [list(world.log)]
        process.resume()
        await task
        return [*seen, world.log, clock().monotonic()]

    assert run(main()) == [["a"], ["a", "b"], 103.5]


def test_a_paused_program_can_be_crashed() -> None:
    async def program(world: World, process: Process) -> None:
        process.pause()
        await world.write("a")

    assert crash_after(5, program) == []


def test_termination_lets_the_program_clean_up_and_then_it_is_gone() -> None:
    gone: list[str] = []

    async def main() -> list[str]:
        world, process = World(), Process("p")
        guarded = guard(world, process, "world")

        async def program() -> None:
            try:
                await asyncio.sleep(1e6)
            finally:
                await guarded.write("goodbye")

        process.spawn(program(), "main")
        process.on_gone(lambda: gone.append("gone"))
        await asyncio.sleep(1)
        await process.terminate()
        assert process.gone
        process.on_gone(lambda: gone.append("told at once"))
        return world.log

    assert run(main()) == ["goodbye"]
    assert gone == ["gone", "told at once"]
