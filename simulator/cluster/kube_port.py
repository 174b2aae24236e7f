"""The product's Kube port on the simulated API server.

``SimKube`` is the product's own REST client (``spiderpool.kube.rest``: paths, queries, bodies, pages, events) over a
transport that carries requests as values through a link, which delays, loses and refuses them. So the requests, the
decoding and the errors are those of production; what is left out is sockets.
"""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from simulator.kernel.waits import Silence
from simulator.kube.api import Api, ApiRequest, copy_of
from spiderpool.kube.rest import RestKube
from spiderpool.kube.status import error_of, error_of_silence
from spiderpool.ports.clock import Clock

# The limits of the product's HTTP client.
PAGE_ITEMS = 500
ANSWER_SECONDS = 10.0
WATCH_SECONDS = 300
WATCH_SILENCE_SECONDS = 180.0


class SimTransport:
    """Implements ``spiderpool.kube.rest.Transport``.

    Args:
        api: the server, or a link to it.
        clock: for the time that a client waits.
        user: in whose name requests are made; the server's rules decide what that allows.
        answer_seconds: after which the client gives up on a request.
    """

    def __init__(self, api: Api, clock: Clock, *, user: str = "admin", answer_seconds: float = ANSWER_SECONDS) -> None:
        self._api = api
        self._clock = clock
        self._user = user
        self._answer_seconds = answer_seconds

    def read(self, path: str, query: Mapping[str, str]) -> Coroutine[Any, Any, bytes]:
        """The answer to a GET."""
        request = ApiRequest(method="GET", path=_unquoted(path), query=_present(query), user=self._user)
        return self._answer(request, write=False)

    def write(self, method: str, path: str, body: Mapping[str, Any], content_type: str) -> Coroutine[Any, Any, bytes]:
        """The answer to a request that may change something."""
        if method == "PATCH":  # what is sent shares nothing with the sender; RestKube makes the other bodies itself
            body = copy_of(body)
        request = ApiRequest(method=method, path=_unquoted(path), body=body, content_type=content_type, user=self._user)
        return self._answer(request, write=True)

    async def lines(self, path: str, query: Mapping[str, str]) -> AsyncGenerator[bytes, None]:
        """The events of a watch, each as one line of JSON, until the server or the link ends it."""
        request = ApiRequest(method="GET", path=unquote(path), query=_present(query), user=self._user)
        events = self._api.watch(request)
        silence = Silence(asyncio.get_running_loop(), WATCH_SILENCE_SECONDS)
        try:
            while True:
                with silence:
                    event = await anext(events)
                yield msgspec.json.encode(event)
        except StopAsyncIteration:
            return
        except (ConnectionError, TimeoutError) as error:
            raise error_of_silence(error, write=False) from error
        finally:
            silence.stop()
            hang_up = getattr(events, "aclose", None)
            if hang_up is not None:
                await hang_up()

    async def _answer(self, request: ApiRequest, *, write: bool) -> bytes:
        try:
            async with self._clock.timeout(self._answer_seconds):
                answer = await self._api.request(request)
        except (ConnectionError, TimeoutError) as error:
            raise error_of_silence(error, write=write) from error
        if answer.status >= 300:
            raise error_of(answer.status, answer.body, write=write)
        return msgspec.json.encode(answer.body)


class SimKube(RestKube):
    """Implements ``spiderpool.kube.port.Kube`` over a way to the simulated API server; arguments as above."""

    def __init__(
        self,
        api: Api,
        clock: Clock,
        *,
        user: str = "admin",
        page_items: int = PAGE_ITEMS,
        watch_seconds: int = WATCH_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        transport = SimTransport(api, clock, user=user, answer_seconds=answer_seconds)
        super().__init__(transport, watch_seconds=watch_seconds, page_items=page_items)


def _unquoted(path: str) -> str:
    return unquote(path) if "%" in path else path


def _present(query: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in query.items() if value}
