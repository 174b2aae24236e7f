"""Shared reads never tell anybody anything older than the question."""

import asyncio

from spiderpool.kube.batched import Batched, BatchedByKey
from spiderpool.kube.errors import Unavailable
from spiderpool.kube.tests.kit import run


class Source:
    """A value that changes, and a read of it that takes a second; a read tells the value at which it was sent."""

    def __init__(self) -> None:
        self.value = 0
        self.broken = False
        self.on_their_way = 0
        self.most_on_their_way = 0

    async def read(self) -> int:
        value, broken = self.value, self.broken
        self.on_their_way += 1
        self.most_on_their_way = max(self.most_on_their_way, self.on_their_way)
        await asyncio.sleep(1)
        self.on_their_way -= 1
        if broken:
            raise Unavailable("no answer")
        return value


async def ask(batch: Batched[int], callers: int) -> list[asyncio.Task[int]]:
    """Callers who have asked at one moment."""
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(batch.after_now()) for _ in range(callers)]
    await asyncio.sleep(0.25)
    return tasks


def test_a_lone_caller_waits_for_one_read_only() -> None:
    async def story() -> tuple[int, int, float]:
        source = Source()
        batch = Batched(source.read)
        value = await batch.after_now()
        return value, batch.reads, asyncio.get_running_loop().time()

    assert run(story()) == (0, 1, 1.0)


def test_callers_of_one_moment_share_one_read() -> None:
    async def story() -> tuple[list[int], int]:
        batch = Batched(Source().read)
        return await asyncio.gather(*(batch.after_now() for _ in range(100))), batch.reads

    assert run(story()) == ([0] * 100, 1)


def test_who_asks_while_a_read_is_on_its_way_gets_the_next_one() -> None:
    async def story() -> tuple[list[int], int, int]:
        source = Source()
        batch = Batched(source.read)
        early = await ask(batch, 1)
        source.value = 1
        loop = asyncio.get_running_loop()
        late = []
        for _ in range(10):
            late.append(loop.create_task(batch.after_now()))
            await asyncio.sleep(0.01)
        return await asyncio.gather(*early, *late), batch.reads, source.most_on_their_way

    assert run(story()) == ([0, *[1] * 10], 2, 1)


def test_an_error_reaches_exactly_the_callers_of_that_read() -> None:
    async def story() -> list[object]:
        source = Source()
        batch = Batched(source.read)
        source.broken = True
        first = await ask(batch, 2)
        source.broken = False
        second = await ask(batch, 2)
        return [type(result) for result in await asyncio.gather(*first, *second, return_exceptions=True)]

    assert run(story()) == [Unavailable, Unavailable, int, int]


def test_a_cancelled_caller_hurts_no_other() -> None:
    async def story() -> tuple[list[int], int]:
        batch = Batched(Source().read)
        first, second = await ask(batch, 2)
        third, fourth = await ask(batch, 2)
        first.cancel()
        third.cancel()
        return [await second, await fourth], batch.reads

    assert run(story()) == ([0, 0], 2)


def test_when_all_who_wait_for_the_next_read_are_cancelled_it_is_not_sent() -> None:
    async def story() -> tuple[int, bool]:
        batch = Batched(Source().read)
        (first,) = await ask(batch, 1)
        for waiting in await ask(batch, 2):
            waiting.cancel()
        await first
        await asyncio.sleep(5)
        return batch.reads, batch.idle

    assert run(story()) == (1, True)


def test_a_caller_cancelled_at_the_moment_of_the_error_leaves_nothing_unhandled() -> None:
    async def story() -> bool:
        source = Source()
        source.broken = True
        batch = Batched(source.read)
        first, second = await ask(batch, 2)
        first.add_done_callback(lambda _: second.cancel())
        results = await asyncio.gather(first, second, return_exceptions=True)
        return isinstance(results[0], Unavailable)

    assert run(story())


def test_callers_end_when_the_loop_goes_down() -> None:
    async def story() -> bool:
        batch = Batched(Source().read)
        (caller,) = await ask(batch, 1)
        (waiting,) = await ask(batch, 1)
        server = batch._server
        assert server is not None
        server.cancel()
        await asyncio.gather(caller, waiting, server, return_exceptions=True)
        return caller.cancelled() and waiting.cancelled() and batch.idle

    assert run(story())


def test_reads_of_different_keys_do_not_wait_for_each_other() -> None:
    async def read(key: str) -> str:
        await asyncio.sleep(1)
        return key.upper()

    async def story() -> tuple[list[str], int, float]:
        pools = BatchedByKey(read)
        values = await asyncio.gather(*(pools.after_now(key) for key in ("a", "b", "a")))
        return values, pools.reads, asyncio.get_running_loop().time()

    assert run(story()) == (["A", "B", "A"], 2, 1.0)


def test_a_key_that_nobody_asks_for_any_more_is_forgotten_but_its_reads_stay_counted() -> None:
    async def read(key: str) -> None:
        await asyncio.sleep(1)

    async def story() -> tuple[int, int]:
        pools = BatchedByKey(read)
        for number in range(100):
            await pools.after_now(f"pool-{number}")
        return len(pools._batches), pools.reads

    assert run(story()) == (0, 100)
