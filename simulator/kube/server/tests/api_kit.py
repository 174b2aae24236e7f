"""What the tests of the API server share: a loop with virtual time, a clock, a seeded source, short requests."""

import asyncio
import random
import selectors
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar

from simulator.kube.api import Api, ApiRequest, ApiResponse, Json
from simulator.kube.server.api_server import ApiServer

T = TypeVar("T")
EPOCH = 1_800_000_000.0


class _NoWait(selectors.SelectSelector):
    """Instead of waiting, moves the loop's time."""

    def __init__(self) -> None:
        super().__init__()
        self.elapsed = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("everybody waits and nothing will happen")
        self.elapsed += max(timeout, 0.0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.no_wait = _NoWait()
        super().__init__(self.no_wait)

    def time(self) -> float:
        return self.no_wait.elapsed


class VirtualClock:
    def now(self) -> float:
        return EPOCH + asyncio.get_running_loop().time() if _running() else EPOCH

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def nap(self) -> "_Nap":
        return _Nap()

    def timeout(self, seconds: float | None) -> asyncio.Timeout:
        return asyncio.timeout(seconds)


class _Nap:
    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._end: asyncio.Future[None] = self._loop.create_future()

    def __await__(self) -> Generator[Any, None, None]:
        return self._end.__await__()

    def wake(self) -> None:
        if not self._end.done():
            self._end.set_result(None)

    def wake_in(self, seconds: float) -> None:
        self._loop.call_later(seconds, self.wake)


def _running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class Seeded:
    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)

    def below(self, bound: int) -> int:
        return self._random.randrange(bound)


def server(**options: Any) -> ApiServer:
    return ApiServer(VirtualClock(), Seeded(), **options)


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run on virtual time; a task that is left over is cancelled."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main())
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


class Client:
    """Short forms of requests."""

    def __init__(self, api: Api, user: str = "admin") -> None:
        self.api = api
        self.user = user

    async def send(self, method: str, path: str, body: Any = None, **query: Any) -> ApiResponse:
        content_type = query.pop("content_type", "application/json")
        parameters = {name.rstrip("_"): str(value) for name, value in query.items()}
        return await self.api.request(
            ApiRequest(method=method, path=path, body=body, query=parameters, content_type=content_type, user=self.user)
        )

    async def ok(self, method: str, path: str, body: Any = None, **query: Any) -> Json:
        response = await self.send(method, path, body, **query)
        assert response.status < 300, response.body
        return response.body

    async def refused(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, str]:
        response = await self.send(method, path, body, **query)
        assert response.status >= 300, response.body
        assert response.body["code"] == response.status
        return response.status, response.body["reason"]

    async def events(self, path: str, count: int, **query: Any) -> list[Json]:
        """The first ``count`` events of a watch."""
        found: list[Json] = []
        if count == 0:
            return found
        parameters = {name.rstrip("_"): str(value) for name, value in query.items()}
        stream = self.api.watch(ApiRequest(method="GET", path=path, query=parameters, user=self.user))
        async for event in stream:
            found.append(event)
            if len(found) == count:
                break
        await stream.aclose()  # type: ignore[attr-defined]
        return found


def configmap(name: str, **more: Any) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **more.pop("metadata", {})}, **more}


def pod(name: str, **more: Any) -> Json:
    spec = {"containers": [{"name": "main", "image": "busybox:1"}], **more.pop("spec", {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **more.pop("metadata", {})}, "spec": spec}


CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
