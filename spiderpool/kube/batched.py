"""One read for many askers, none of whom is told anything older than its question.

A claim may be handed out only after a read of the pool that was sent after the claim was answered (ledger rule E3). In
a burst, one such read can serve every claim that was answered before it was sent. That is all the sharing there is: who
asks while a read is on its way waits for the next one, because the one on its way may have been served already.

So there is at most one read on its way and one group that waits for the next. With a read of 2 ms, a burst of 1,000
claims in a second costs 500 reads at most, and a lone claim waits for nobody.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Batched(Generic[T]):
    """Shares a read between callers; ``reads`` counts how often it was sent."""

    def __init__(self, read: Callable[[], Awaitable[T]]) -> None:
        """Share ``read``; it is called without overlap, and should end by itself (the port's calls have time-outs)."""
        self._read = read
        self._waiting: list[asyncio.Future[T]] = []
        self._server: asyncio.Task[None] | None = None
        self.reads = 0

    @property
    def idle(self) -> bool:
        """Nobody waits and no read is on its way."""
        return self._server is None and not self._waiting

    async def after_now(self) -> T:
        """The result of a read that was sent after this call.

        Raises:
            Exception: what that read raised; callers who wait for another read do not see it.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._waiting.append(answer)
        if self._server is None:
            self._server = loop.create_task(self._serve())
        return await answer

    async def _serve(self) -> None:
        """Read for those who wait, again and again, until nobody does."""
        try:
            while group := self._take():
                await self._answer(group)
        finally:
            self._server = None
            # Only when this task is cancelled is somebody left: the loop is going down.
            for answer in self._take():
                answer.cancel()

    def _take(self) -> list[asyncio.Future[T]]:
        """Everybody who waits now; who has been cancelled meanwhile needs no read."""
        group = [answer for answer in self._waiting if not answer.done()]
        self._waiting = []
        return group

    async def _answer(self, group: list[asyncio.Future[T]]) -> None:
        self.reads += 1
        try:
            value = await self._read()
        except Exception as error:  # noqa: BLE001  whatever it is, it belongs to those who wait for this read
            for answer in group:
                if not answer.done():
                    answer.set_exception(error)
                    answer.exception()  # seen: a caller cancelled at this moment leaves no "never retrieved" behind
        except BaseException:
            for answer in group:
                answer.cancel()
            raise
        else:
            for answer in group:
                if not answer.done():
                    answer.set_result(value)


class BatchedByKey(Generic[T]):
    """The same for reads of many things, such as one read per pool; a thing that nobody asks for costs nothing."""

    def __init__(self, read: Callable[[str], Awaitable[T]]) -> None:
        """Share ``read`` between the callers of each key."""
        self._read = read
        self._batches: dict[str, Batched[T]] = {}
        self._reads_before = 0

    @property
    def reads(self) -> int:
        """How often a read was sent, over all keys."""
        return self._reads_before + sum(batch.reads for batch in self._batches.values())

    async def after_now(self, key: str) -> T:
        """The result of a read of ``key`` that was sent after this call.

        Raises:
            Exception: what that read raised; callers who wait for another read do not see it.
        """
        batch = self._batches.get(key)
        if batch is None:
            batch = self._batches[key] = Batched(lambda: self._read(key))
        try:
            return await batch.after_now()
        finally:
            if batch.idle and self._batches.get(key) is batch:
                self._reads_before += self._batches.pop(key).reads
