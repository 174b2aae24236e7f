"""The simulated API server behind the same face as the real one. Nothing else is alive: no time passes, nobody watches."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any

from simulator.kube.api import ApiRequest
from simulator.kube.server.api_server import ApiServer

Json = dict[str, Any]


class FixedClock:
    """It is always the same second."""

    def now(self) -> float:
        """Seconds since 1970."""
        return 1_795_431_877.0

    async def sleep(self, seconds: float) -> None:
        """Give others a turn."""
        await asyncio.sleep(0)

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[object]:
        """Never."""
        return asyncio.timeout(None)


class Counting:
    """Draws one number after the other, so that no two uids are alike."""

    def __init__(self) -> None:
        self._drawn = 0

    def below(self, bound: int) -> int:
        """The next number."""
        self._drawn += 1
        return self._drawn % bound


class SimulatedApiserver:
    """A face of one simulated server."""

    def __init__(self) -> None:
        self._server = ApiServer(FixedClock(), Counting())

    def request(self, method: str, path: str, body: Json | None = None) -> tuple[int, Json]:
        """One request; HTTP status and JSON body."""
        answer = asyncio.run(self._server.request(ApiRequest(method=method, path=path, body=body)))
        return answer.status, answer.body
