"""A watch on its way from the server to one client: events arrive when they are due, unless they are held back or lost."""

from collections import deque
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Protocol

from simulator.kube.api import Json
from simulator.kube.server.watch import Feed, nobody_waits


class Nap(Protocol):
    """A wait of one task that others end."""

    def __await__(self) -> Generator[Any, None, None]:
        """Wait."""
        ...

    def wake(self) -> None:
        """End it now, if it has not ended."""
        ...

    def wake_in(self, seconds: float) -> None:
        """End it after so many seconds, if nobody has said so before."""
        ...


class LinkClock(Protocol):
    """The world's time."""

    def now(self) -> float:
        """Seconds since 1970."""
        ...

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Wait."""
        ...

    def nap(self) -> Nap:
        """A wait whose end is not known yet."""
        ...


class Stream:
    """One watch on its way: events leave the server as they come, the client gets them when they are due.

    Attributes:
        resource: what is watched.
        held: nothing arrives as long as this is so; who changes it says so by ``wake``.
    """

    def __init__(
        self,
        resource: str,
        clock: LinkClock,
        latency: Callable[[], float],
        gather_seconds: float = 0.0,
    ) -> None:
        """Nothing is on its way yet.

        Args:
            resource: what is watched.
            clock: the world's time.
            latency: seconds of the way, asked for each batch of events.
            gather_seconds: how long a batch is open; zero: for the instant at which its first event happens.
        """
        self.resource = resource
        self.held = False
        self._clock = clock
        self._latency = latency
        self._queue: deque[tuple[float, Json]] = deque()
        self._reader: Nap | None = None
        self._feed: Feed | None = None
        self._gather_seconds = gather_seconds
        self._departs = self._due = 0.0
        self._broken = False
        self._ended = False

    def start(self, feed: Feed) -> None:
        """Take events from the server from now on."""
        self._feed = feed
        feed.on_news = self._hear
        self._hear()

    def _hear(self) -> None:
        """The server has news: they are on their way. A reader who waits is woken when they are there, and not before."""
        feed = self._feed
        assert feed is not None
        now = self._clock.now()
        if feed.queue:
            if now > self._departs:  # what happens until then travels together
                self._departs = now + self._gather_seconds
                due = self._departs + self._latency()
                if due > self._due:  # noqa: PLR1730  a call would cost more
                    self._due = due
            while feed.queue:
                self._queue.append((self._due, feed.queue.popleft()))
        self._ended = feed.closed
        if self._due <= now or self._ended:
            self.wake()
        elif self._reader is not None:
            self._reader.wake_in(self._due - now)

    def wake(self) -> None:
        """Let the reader look again."""
        if self._reader is not None:
            self._reader.wake()

    def cut(self) -> None:
        """Break the stream."""
        self._broken = True
        self._queue.clear()
        self.stop()
        self.wake()

    def forsake(self) -> None:
        """Lose what is on its way and all that would come, without a word to the client."""
        self._queue.clear()
        self.stop()
        self._ended = False

    def stop(self) -> None:
        """The client has gone, or the stream is cut: take no more."""
        if self._feed is None:
            return
        self._feed.leave()
        self._feed.on_news = nobody_waits
        self._feed = None
        self._ended = True

    def arrived(self) -> Json | None:
        """The next event, if it is there."""
        queue = self._queue
        if not queue or self.held or queue[0][0] > self._clock.now():
            return None
        return queue.popleft()[1]

    async def has_more(self) -> bool:
        """Wait until the next event has arrived, perhaps; false when there are no more.

        Raises:
            ConnectionError: the stream was cut.
        """
        while True:
            if self._queue and not self.held:
                early = self._queue[0][0] - self._clock.now()
                if early <= 0:
                    return True
                await self._clock.sleep(early)
                continue
            if self._broken:
                raise ConnectionError("the watch was cut")
            if self._ended and not self._queue:
                return False
            self._reader = self._clock.nap()
            await self._reader
            self._reader = None
