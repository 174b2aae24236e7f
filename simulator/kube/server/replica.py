"""One of several API servers over one store: with a delay of its own, and a power switch.

What a client may rely on is what etcd gives to all of them: writes are checked against the newest state, an object that
is read without a revision is the newest one, and so is a list, for which a server that is behind makes the client wait.
Everything else comes from what the server has at hand: reads that allow any age, watches with their bookmarks, and what
the server itself goes by, such as roles, webhooks and which kinds are served. A server that has to catch up with what a
client has seen elsewhere waits for a moment and then says that it cannot.
"""

from collections.abc import AsyncIterator
from typing import Any

from simulator.kube.api import ApiRequest, ApiResponse, Json
from simulator.kube.server.api_server import ApiServer, ServerClock
from simulator.kube.server.metadata import Draws
from simulator.kube.server.store import Store
from simulator.kube.server.watch import Feed
from simulator.kube.server.watch_cache import WatchCache


class Replica:
    """Implements ``simulator.kube.api.Api``; it runs from the start and is not behind.

    Args:
        etcd: what all servers share; one ``ApiServer`` has made it.
        clock: this server machine's time.
        entropy: of this server.
        options: as those of the other servers.
    """

    def __init__(self, etcd: Store, clock: ServerClock, entropy: Draws, **options: Any) -> None:
        self._cache = WatchCache(etcd, clock)
        self.server = ApiServer(clock, entropy, cache=self._cache, **options)
        self.runs = True

    @property
    def revision(self) -> int:
        """How far it has followed the store."""
        return self._cache.revision

    @property
    def lag_seconds(self) -> float:
        """How far behind it is."""
        return self._cache.lag_seconds

    def set_lag(self, seconds: float) -> None:
        """Be so far behind from now on; ``math.inf``: learn nothing new until the next call."""
        self._cache.set_lag(seconds)

    def stop(self) -> None:
        """End every watch and refuse connections; what is being answered is answered."""
        self.runs = False
        self.server.cut_watches()

    def start(self) -> None:
        """Read everything anew and serve again, without any history; nothing if it runs."""
        if not self.runs:
            self._cache.refill()
            self.server.begin_again()
            self.runs = True

    async def request(self, request: ApiRequest) -> ApiResponse:
        """As ``ApiServer.request``.

        Raises:
            ConnectionError: it does not run.
        """
        self._check_running()
        return await self.server.request(request)

    def watch(self, request: ApiRequest) -> AsyncIterator[Json]:
        """As ``ApiServer.watch``.

        Raises:
            ConnectionError: it does not run.
        """
        self._check_running()
        return self.server.watch(request)

    def open(self, request: ApiRequest) -> Feed:
        """As ``ApiServer.open``.

        Raises:
            ConnectionError: it does not run.
        """
        self._check_running()
        return self.server.open(request)

    def _check_running(self) -> None:
        if not self.runs:
            raise ConnectionRefusedError("this API server does not run")
