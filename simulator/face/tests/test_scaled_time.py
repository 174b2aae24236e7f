import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from simulator.face.scaled_time import LoopClock, ScaledLoop


def run(speed: float, main: Callable[[ScaledLoop, LoopClock], Awaitable[Any]]) -> Any:
    loop = ScaledLoop(speed)
    try:
        return loop.run_until_complete(main(loop, LoopClock(loop, wall_start=1000.0)))
    finally:
        loop.close()


def test_a_minute_of_the_loop_takes_a_sixtieth_of_its_time() -> None:
    async def main(loop: ScaledLoop, clock: LoopClock) -> float:
        began = clock.now()
        await clock.sleep(60.0)
        return clock.now() - began

    began = time.monotonic()
    passed = run(600.0, main)
    assert 60.0 <= passed < 120.0
    assert 0.1 <= time.monotonic() - began < 1.0


def test_a_timeout_is_in_seconds_of_the_loop() -> None:
    async def main(loop: ScaledLoop, clock: LoopClock) -> None:
        async with clock.timeout(100.0):
            await asyncio.Event().wait()

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        run(1000.0, main)
    assert time.monotonic() - began < 2.0


def test_a_nap_ends_when_somebody_says_so_or_after_its_time() -> None:
    async def main(loop: ScaledLoop, clock: LoopClock) -> list[float]:
        ended = []
        for wake in ("at once", "later"):
            nap = clock.nap()
            if wake == "at once":
                loop.call_soon(nap.wake)
            else:
                nap.wake_in(50.0)
            began = loop.time()
            await nap
            ended.append(loop.time() - began)
        return ended

    at_once, later = run(1000.0, main)
    assert at_once < 50.0 <= later


def test_sockets_work_on_scaled_time() -> None:
    async def main(loop: ScaledLoop, clock: LoopClock) -> bytes:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readline())
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"hello\n")
        heard = await reader.read()
        writer.close()
        server.close()
        await server.wait_closed()
        return heard

    assert run(60.0, main) == b"hello\n"


def test_a_speed_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        ScaledLoop(0.0)
