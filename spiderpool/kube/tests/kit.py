"""What the tests of this room share: virtual time, seeded choices, and a way to the simulated API server.

``SimTransport`` carries the requests of ``RestKube`` to the simulated server as values, so that what is tested above it
is what production runs; ``before`` is where a test breaks things.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

import msgspec

from simulator.kernel.entropy import TapeEntropy
from simulator.kernel.running import run as run_on_virtual_time
from simulator.kernel.tape import Tape
from simulator.kube.api import ApiRequest
from simulator.kube.server.api_server import ApiServer
from spiderpool.kube.rest import JSON, RestKube
from spiderpool.kube.status import error_of

T = TypeVar("T")

EPOCH = 1_800_000_000.0


class LoopClock:
    """The time of the running loop."""

    def now(self) -> float:
        return EPOCH + self.monotonic()

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def boot_ns(self) -> int:
        return int(self.monotonic() * 1e9)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[object]:
        return asyncio.timeout(seconds)


def entropy(seed: int = 7) -> TapeEntropy:
    return TapeEntropy(Tape(seed), "test")


def run(story: Coroutine[Any, Any, T], steps_max: int = 1_000_000) -> T:
    """Run on virtual time; fails when tasks are left over or an error reached nobody."""
    return run_on_virtual_time(story, steps_max=steps_max)


class SimTransport:
    """Implements ``spiderpool.kube.rest.Transport`` on the simulated server; ``sent`` has (method, path) of requests."""

    def __init__(self, server: ApiServer) -> None:
        self.server = server
        self.sent: list[tuple[str, str]] = []
        self.before: Callable[[str, str], Awaitable[None]] | None = None

    async def read(self, path: str, query: Mapping[str, str]) -> bytes:
        return await self._answer("GET", path, query=_present(query))

    async def write(self, method: str, path: str, body: Mapping[str, Any], content_type: str) -> bytes:
        return await self._answer(method, path, body=msgspec.to_builtins(body), content_type=content_type)

    async def lines(self, path: str, query: Mapping[str, str]) -> AsyncGenerator[bytes, None]:
        await self._sending("WATCH", path)
        events = self.server.watch(ApiRequest(method="GET", path=path, query=_present(query)))
        try:
            async for event in events:
                yield msgspec.json.encode(event)
        finally:
            await events.aclose()  # type: ignore[attr-defined]

    async def _sending(self, method: str, path: str) -> None:
        self.sent.append((method, path))
        if self.before is not None:
            await self.before(method, path)

    async def _answer(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = JSON,
    ) -> bytes:
        await self._sending(method, path)
        request = ApiRequest(method=method, path=path, query=query or {}, body=body, content_type=content_type)
        answer = await self.server.request(request)
        if answer.status >= 300:
            raise error_of(answer.status, answer.body, write=method != "GET")
        return msgspec.json.encode(answer.body)


def _present(query: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in query.items() if value}


def cluster(*, page_items: int = 500, watch_seconds: int = 300) -> tuple[SimTransport, RestKube]:
    """An empty simulated API server, and the product's client to it."""
    transport = SimTransport(ApiServer(LoopClock(), entropy(1)))
    return transport, RestKube(transport, watch_seconds=watch_seconds, page_items=page_items)


async def create_pod(transport: SimTransport, name: str, *, node: str = "n1", **labels: str) -> None:
    """A pod, with the fields that the API demands and the product does not read."""
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {"nodeName": node, "containers": [{"name": "main", "image": "registry/main"}]},
    }
    await transport.write("POST", "/api/v1/namespaces/default/pods", body, JSON)


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Run beside the block, and cancel at its end; an error of the work fails the test."""
    task = asyncio.get_running_loop().create_task(work)
    try:
        yield task
    finally:
        if not task.done():
            task.cancel()
        results = await asyncio.gather(task, return_exceptions=True)
    if isinstance(results[0], Exception):
        raise results[0]
