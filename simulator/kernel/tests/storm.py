"""A run that touches everything whose order could differ between processes; ``python -m`` prints its hash.

Usage: python -m simulator.kernel.tests.storm SEED
"""

import asyncio
import sys
from collections.abc import AsyncIterator

from simulator.kernel.clock import VirtualClock
from simulator.kernel.loop import SimLoop
from simulator.kernel.network import RESET, Fate, Network, Passage
from simulator.kernel.process import Process, guard
from simulator.kernel.running import run
from simulator.kernel.tape import Tape
from simulator.kernel.trace import Trace


class Storm:
    def __init__(self, loop: SimLoop, tape: Tape) -> None:
        self.tape = tape
        self.clock = VirtualClock(loop)
        self.trace = Trace(loop.time)
        self.network = Network(self.clock, tape)

    async def work(self, actor: str) -> None:
        try:
            for step in range(3):
                await self.clock.sleep(self.tape.uniform(f"{actor}/sleep", 0, 1))
                self.trace.event(actor, "step", number=step)
        except asyncio.CancelledError:
            self.trace.event(actor, "cancelled")
            raise

    async def task_group_aborts(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(100):
                    group.create_task(self.work(f"group{number}"))
                await self.clock.sleep(0.7)
                raise ValueError("abort")
        except* ValueError:
            self.trace.event("group", "aborted")

    async def sets_of_tasks(self) -> None:
        tasks = [asyncio.create_task(self.work(f"waited{number}"), name=f"waited{number}") for number in range(100)]
        done, pending = await asyncio.wait(tasks, timeout=1.2)
        self.trace.event("wait", "done", tasks=[task.get_name() for task in done])
        self.trace.event("wait", "pending", tasks=[task.get_name() for task in pending])
        everybody = asyncio.all_tasks()
        self.trace.event("wait", "all", count=len(everybody), tasks=[task.get_name() for task in everybody])
        await asyncio.gather(*tasks)

    async def ticks(self, actor: str) -> AsyncIterator[int]:
        try:
            for number in range(1000):
                await self.clock.sleep(0.1)
                yield number
        finally:
            self.trace.event(actor, "stream closed")

    async def crashes(self) -> None:
        async def program(actor: str, storm: Storm) -> None:
            async with asyncio.TaskGroup() as group:
                for number in range(10):
                    group.create_task(storm.work(f"{actor}.{number}"))
                async for number in storm.ticks(actor):
                    await self.network.call(actor, "server", self.serve, f"{actor}:{number}")

        processes = [Process(f"program{number}") for number in range(10)]
        for process in processes:
            process.spawn(program(process.name, guard(self, process, "storm")), "main")
        for process in processes:
            await self.clock.sleep(self.tape.uniform("storm/crash", 0, 0.5))
            process.crash()
            self.trace.event(process.name, "crashed")

    async def serve(self, question: str) -> str:
        self.trace.event("server", "asked", question=question)
        return question

    def lose_some(self, passage: Passage) -> Fate | None:
        return RESET if self.tape.chance("storm/loss", 0.01) else None


async def storm(tape: Tape) -> str:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop)
    all_of_it = Storm(loop, tape)
    await all_of_it.task_group_aborts()
    await all_of_it.sets_of_tasks()
    await all_of_it.crashes()
    await all_of_it.clock.sleep(10)
    return f"{all_of_it.trace.hash} {all_of_it.trace.count} events {loop.steps} steps"


if __name__ == "__main__":
    seeded = Tape(int(sys.argv[1]))
    sys.stdout.write(run(storm(seeded), seeded) + "\n")
