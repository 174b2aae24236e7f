"""The faces of one API: the simulator's server by direct calls, and servers over HTTPS, simulated or real.

A claim is a plain function over a ``Face``. All faces answer with the HTTP status and the JSON body, so that a claim
compares what a client would see and nothing else.
"""

import asyncio
import contextvars
import http.client
import json
import re
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Protocol, TypedDict, Unpack
from urllib.parse import quote, urlencode, urlsplit

from e2e.conformance.webhook import Handler, WebhookServer
from simulator.kernel.clock import VirtualClock
from simulator.kernel.loop import SimLoop
from simulator.kube.api import ApiRequest
from simulator.kube.controllers.following import ALL_KEPT
from simulator.kube.controllers.garbage import run_garbage_collector
from simulator.kube.controllers.namespaces import run_namespace_controller
from simulator.kube.controllers.role_aggregation import run_role_aggregation
from simulator.kube.server.access.bootstrap_roles import bootstrap_roles
from simulator.kube.server.access.rbac import Rbac
from simulator.kube.server.access.users import AUTHENTICATED, Identity
from simulator.kube.server.api_server import ApiServer
from simulator.kube.server.trusted import Trusted

Json = dict[str, Any]
JSON = "application/json"
ADMIN = "admin"
# Who may be a ``user``: name to groups. The real server knows them by the tokens of ``token_of``.
USERS: Mapping[str, tuple[str, ...]] = {
    ADMIN: ("system:masters",),
    "alice": ("developers",),
    "bob": (),
}

_WEBHOOK_PORTS = 40_000  # of webhooks that are asked without a network: nobody listens there
SHOWN_HEADERS = ("Allow", "Cache-Control", "Content-Type", "Retry-After", "WWW-Authenticate")


def token_of(user: str) -> str:
    """A user's token, for a server on loopback that lives for seconds."""
    return f"conformance-{user}"


def _owner_of(token: str) -> Identity | None:
    """Whose token this is."""
    for user, groups in USERS.items():
        if token == token_of(user):
            return Identity(user=user, uid=user, groups=(*groups, AUTHENTICATED))
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """HTTP status and JSON body."""

    status: int
    body: Json
    warnings: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def refusal(self) -> tuple[int, str]:
        """Status and reason of a refusal."""
        return self.status, str(self.body.get("reason", ""))

    @property
    def causes(self) -> list[tuple[str, str]]:
        """Field and reason of each cause, sorted."""
        causes = (self.body.get("details") or {}).get("causes") or []
        return sorted((cause.get("field", ""), cause.get("reason", "")) for cause in causes)

    @property
    def metadata(self) -> Json:
        """The metadata of the object."""
        return dict(self.body["metadata"])

    @property
    def revision(self) -> str:
        """The resourceVersion of the object or list."""
        return str(self.body["metadata"]["resourceVersion"])


class How(TypedDict, total=False):
    """What may be said about a request beside what it asks for: by default the administrator sends JSON.

    Attributes:
        content_type: of the body.
        accept: the forms of the answer that are taken.
        query: parameters.
        user: who asks.
        agent: the program that asks.
    """

    content_type: str
    accept: str
    query: Mapping[str, str] | None
    user: str
    agent: str


class Face(Protocol):
    """What claims are made about."""

    name: str

    def send(self, method: str, path: str, body: Any = None, **how: Unpack[How]) -> Answer:
        """One request of a user, and its answer."""
        ...

    def watch(
        self, path: str, count: int, *, seconds: int = 5, accept: str = "", query: Mapping[str, str] | None = None
    ) -> list[Json]:
        """The first ``count`` events of a watch; fewer if it ends, or after ``seconds``."""
        ...

    def aside(self, method: str, path: str, body: Any = None, **how: Unpack[How]) -> Answer:
        """As ``send``, from within a webhook: while the server is busy with another request."""
        ...

    def fill_store(self, *, full: bool) -> None:
        """Let the store have no space left, or have some again."""
        ...

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        ...

    def compact(self) -> None:
        """Forget every revision but the current one, as the store does from time to time."""
        ...

    def webhook(self, handler: Handler) -> Json:
        """Serve an admission webhook; gives the ``clientConfig`` to reach it by. It ends with the face. The response
        may have a field ``after``, which is taken out: the seconds until the webhook answers.
        """
        ...


class Seeded:
    """Draws that are the same in each run."""

    def __init__(self) -> None:
        self._state = 1

    def below(self, bound: int) -> int:
        """A number from 0 to ``bound - 1``."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        return (self._state * (self._state >> 7)) % bound


class SimulatedFace:
    """The simulator's server; its time is virtual."""

    name = "simulator"

    def __init__(self) -> None:
        self._loop = SimLoop()
        self._handlers: dict[str, Handler] = {}
        clock = VirtualClock(self._loop)
        self.server = ApiServer(
            clock,
            Seeded(),
            call_webhook=self._call,
            managed_fields=True,
            field_validation=True,
            authorizer=Rbac,
            identify=_owner_of,
        )
        self._loop.run_until_complete(bootstrap_roles(self.server))
        trusted = Trusted(self.server)
        self._actors = [
            self._loop.create_task(run_garbage_collector(trusted, clock, ALL_KEPT)),
            self._loop.create_task(run_namespace_controller(trusted, clock, ALL_KEPT)),
            self._loop.create_task(run_role_aggregation(trusted, clock)),
        ]

    def send(self, method: str, path: str, body: Any = None, **how: Unpack[How]) -> Answer:
        """See ``Face``."""
        response = self._loop.run_until_complete(self.server.request(self._request(method, path, body, how)))
        return Answer(status=response.status, body=deepcopy(response.body), warnings=response.warnings)

    def aside(self, method: str, path: str, body: Any = None, **how: Unpack[How]) -> Answer:
        """See ``Face``. What waits for nothing is answered at once, without the loop."""
        answering = self.server.request(self._request(method, path, body, how))
        try:
            contextvars.copy_context().run(answering.send, None)
        except StopIteration as done:
            return Answer(status=done.value.status, body=deepcopy(done.value.body))
        answering.close()
        raise AssertionError(f"{method} {path} waits for something, and cannot be asked aside")

    def _request(self, method: str, path: str, body: Any, how: How) -> ApiRequest:
        user = how.get("user", ADMIN)
        return ApiRequest(
            method=method,
            path=path,
            body=body,
            content_type=how.get("content_type", JSON),
            accept=how.get("accept", ""),
            query=how.get("query") or {},
            user=user,
            groups=(*USERS[user], AUTHENTICATED),
            user_uid=user,
            user_agent=how.get("agent", ""),
        )

    def watch(
        self, path: str, count: int, *, seconds: int = 5, accept: str = "", query: Mapping[str, str] | None = None
    ) -> list[Json]:
        """See ``Face``."""
        wanted = {"timeoutSeconds": str(seconds), **(query or {})}
        groups = USERS[ADMIN]
        request = ApiRequest(method="GET", path=path, query=wanted, accept=accept, groups=groups)
        return self._loop.run_until_complete(self._watch(request, count))

    async def _watch(self, request: ApiRequest, count: int) -> list[Json]:
        found: list[Json] = []
        stream = self.server.watch(request)
        async for event in stream:
            found.append(deepcopy(event))
            if len(found) == count:
                break
        await stream.aclose()  # type: ignore[attr-defined]
        return found

    def compact(self) -> None:
        """See ``Face``."""
        self.server.store.compact()

    def fill_store(self, *, full: bool) -> None:
        """See ``Face``."""
        self.server.store.full = full

    def webhook(self, handler: Handler) -> Json:
        """See ``Face``."""
        url = f"https://127.0.0.1:{_WEBHOOK_PORTS + len(self._handlers)}/"
        self._handlers[url] = handler
        return {"url": url, "caBundle": "bm9uZQ=="}

    async def _call(self, client_config: Json, review: Json) -> Json:
        handler = self._handlers.get(client_config["url"])
        if handler is None:
            raise ConnectionError(f"dial tcp {urlsplit(client_config['url']).netloc}: connect: connection refused")
        request = review["request"]
        response = {"uid": request["uid"], **handler(request)}
        await asyncio.sleep(response.pop("after", 0.0))
        return {**review, "response": response}

    def wait(self, seconds: float) -> None:
        """See ``Face``."""
        self._loop.run_until_complete(asyncio.sleep(seconds))

    def close(self) -> None:
        """End the virtual world."""
        for actor in self._actors:
            actor.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._actors, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()


# What the real server says for a moment of a kind whose definition has just been written; clients come back, as asked.
_STORAGE, _STORAGE_SECONDS, _STORAGE_ROUNDS = "storage is (re)initializing", 0.1, 50


class HttpFace:
    """A server on loopback that is spoken to over HTTPS: the real one, or the simulated one behind its HTTP face.

    Args:
        name: of the arm.
        port: of loopback.
        speed: how fast its time passes.
        compact: makes it forget its history.
        fill_store: lets its store have no space left, or some again.
    """

    def __init__(
        self,
        name: str,
        port: int,
        *,
        speed: float = 1.0,
        compact: Callable[[], None] = lambda: None,
        fill_store: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self.name = name
        self._port = port
        self._speed = speed
        self._compact = compact
        self._fill_store = fill_store
        self._headers = {"Authorization": f"Bearer {token_of(ADMIN)}"}
        self._connection = self._connect(60.0)
        self._webhooks: list[WebhookServer] = []

    def _connect(self, timeout_seconds: float) -> http.client.HTTPSConnection:
        # The server makes its own certificate and listens on loopback only.
        context = ssl._create_unverified_context()  # noqa: SLF001
        return http.client.HTTPSConnection("127.0.0.1", self._port, context=context, timeout=timeout_seconds)

    def send(self, method: str, path: str, body: Any = None, **how: Unpack[How]) -> Answer:
        """See ``Face``."""
        headers = {"Authorization": f"Bearer {token_of(how.get('user', ADMIN))}"}
        headers["Content-Type"] = how.get("content_type", JSON)
        if how.get("accept"):
            headers["Accept"] = how["accept"]
        if how.get("agent"):
            headers["User-Agent"] = how["agent"]
        data = None if body is None else json.dumps(body)
        answer = self._exchange(method, _url(path, how.get("query")), data, headers)
        for _ in range(_STORAGE_ROUNDS):
            if answer.status != 429 or answer.body.get("message") != _STORAGE:
                break
            self.wait(_STORAGE_SECONDS)
            answer = self._exchange(method, _url(path, how.get("query")), data, headers)
        return answer

    def raw(self, method: str, path: str, data: bytes, headers: Mapping[str, str]) -> Answer:
        """One request as it stands, whose body may be anything; the answer has its headers."""
        return self._exchange(method, path, data or None, headers)

    def _exchange(self, method: str, url: str, data: str | bytes | None, headers: Mapping[str, str]) -> Answer:
        try:
            self._connection.request(method, url, body=data, headers=headers)
            response = self._connection.getresponse()
        except (ConnectionError, ssl.SSLError, http.client.HTTPException):  # the server has closed the idle connection
            self._connection.close()
            self._connection.request(method, url, body=data, headers=headers)
            response = self._connection.getresponse()
        text = response.read()
        if response.will_close:
            self._connection.close()
        content = json.loads(text) if text.lstrip().startswith(b"{") else {"text": text.decode(errors="replace")}
        said = {name: value for name, value in response.getheaders() if name in SHOWN_HEADERS}
        return Answer(status=response.status, body=content, warnings=_warnings(response), headers=said)

    def watch(
        self, path: str, count: int, *, seconds: int = 5, accept: str = "", query: Mapping[str, str] | None = None
    ) -> list[Json]:
        """See ``Face``."""
        wanted = {"timeoutSeconds": str(seconds), **(query or {}), "watch": "true"}
        connection = self._connect(seconds / self._speed + 5.0)
        found: list[Json] = []
        try:
            headers = {**self._headers, "Accept": accept} if accept else self._headers
            connection.request("GET", _url(path, wanted), headers=headers)
            response = connection.getresponse()
            if response.status != 200:
                return [{"type": "ERROR", "object": json.loads(response.read())}]
            with suppress(TimeoutError):
                while len(found) < count and (line := response.readline()):
                    found.append(json.loads(line))
        finally:
            connection.close()
        return found

    def compact(self) -> None:
        """See ``Face``."""
        self._compact()

    def fill_store(self, *, full: bool) -> None:
        """See ``Face``."""
        self._fill_store(full)

    def aside(self, method: str, path: str, body: Any = None, **how: Unpack[How]) -> Answer:
        """See ``Face``. It goes over a connection of its own."""
        other = HttpFace(self.name, self._port, speed=self._speed)
        try:
            return other.send(method, path, body, **how)
        finally:
            other.close()

    def webhook(self, handler: Handler) -> Json:
        """See ``Face``."""
        self._webhooks.append(WebhookServer(handler, speed=self._speed))
        return dict(self._webhooks[-1].client_config)

    def wait(self, seconds: float) -> None:
        """See ``Face``."""
        time.sleep(seconds / self._speed)

    def close(self) -> None:
        """Close the connection and end the webhooks."""
        self._connection.close()
        for webhook in self._webhooks:
            webhook.close()


def _warnings(response: http.client.HTTPResponse) -> tuple[str, ...]:
    """The sentences of the ``Warning`` headers: ``299 - "text"``."""
    quoted = [header.split(" ", 2)[2] for header in response.headers.get_all("Warning") or []]
    return tuple(re.sub(r"\\(.)", r"\1", text[1:-1]).encode("latin-1").decode() for text in quoted)


def _url(path: str, query: Mapping[str, str] | None) -> str:
    return quote(path) + ("?" + urlencode(query) if query else "")
