"""The Kube port over HTTP(S), on configuration, TLS and transport of ``kubernetes.aio``.

Of that library the parts below its API classes are used: they find the server, load certificates and keep connections.
Its models are not (they cost ten times what ``codec`` costs), nor its retries: an error goes up at once, as what it
means for the caller. Two habits of the layers below are switched off for the same reasons:

- ``trust_env`` looks for proxies in the environment at each request, in a thread, and halves the request rate. A proxy
  is taken from the kubeconfig.
- aiohttp sends a PUT or DELETE again, without a word, when the connection is lost. The first one may have been
  committed, and the answer to the second would then say "conflict" or "not found" about our own write.

| what happened | read | write |
| --- | --- | --- |
| no connection could be made, none was free in time | Unavailable | Unavailable: nothing was sent |
| connection lost, answer late, cut or not decodable | Unavailable | UnknownOutcome |
| the server answered | ``status.py`` | ``status.py`` |
| the caller was cancelled | CancelledError | CancelledError, and the outcome is unknown |

``kubernetes`` takes half a second to import; ``connect`` does that, not this module.
"""

import os
import socket
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from spiderpool.kube.auth import Credential, FixedCredential, NotConfigured, TokenFile, read_kubeconfig, token_file_of
from spiderpool.kube.errors import KubeError, Unavailable
from spiderpool.kube.lines import Lines
from spiderpool.kube.rest import JSON, RestKube
from spiderpool.kube.status import error_of, error_of_silence

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
_SILENCE = (aiohttp.ClientError, TimeoutError, OSError)
_KEEPALIVE = (  # a peer that vanished without a word is noticed after 20 + 3 * 5 seconds
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 20),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how much.

    Attributes:
        read_seconds: a read (of a list: one page) may take this long in all.
        write_seconds: a write may take this long in all.
        connect_seconds: of that, to get a connection.
        watch_seconds: the server is asked to end a watch after this.
        watch_silence_seconds: a watch that says nothing for so long is given up; servers send a bookmark every minute
            or so.
        connections: at most so many at once; each watch holds one.
        page_items: objects in one page of a list.
    """

    read_seconds: float = 10.0
    write_seconds: float = 10.0
    connect_seconds: float = 5.0
    watch_seconds: int = 300
    watch_silence_seconds: float = 180.0
    connections: int = 100
    page_items: int = 500


class HttpKube(RestKube):
    """The Kube port to a real API server; made by ``connect``, ended by ``close``."""

    def __init__(self, transport: "HttpTransport", limits: Limits) -> None:
        """Speak over an open transport."""
        super().__init__(transport, watch_seconds=limits.watch_seconds, page_items=limits.page_items)
        self._http = transport

    async def close(self) -> None:
        """Close all connections; whatever is on its way loses its answer, and later calls are ``Unavailable``."""
        await self._http.close()


async def connect(
    kubeconfig: str | None,
    *,
    user_agent: str,
    limits: Limits = Limits(),
    service_account: Path = SERVICE_ACCOUNT,
) -> HttpKube:
    """Find the API server and prepare to speak with it; nothing is sent yet.

    Args:
        kubeconfig: a kubeconfig file, whose current context is used; None inside a cluster, where the environment
            names the server and a service account is mounted.
        user_agent: how we are called in the server's audit log.
        limits: time-outs and sizes.
        service_account: the folder with ``token`` and ``ca.crt``, inside a cluster.

    Raises:
        NotConfigured: it is not known where the server is, or who we are to it.
    """
    configuration, rest, user = await _configured(kubeconfig, limits, service_account)
    connector = aiohttp.TCPConnector(ssl=rest.ssl_context, limit=limits.connections, socket_factory=_socket)
    configuration.client_session_kwargs = {
        "connector": connector,
        "cookie_jar": aiohttp.DummyCookieJar(),
        "middlewares": (_write_at_most_once,),
        "skip_auto_headers": ("Accept-Encoding",),  # packing costs the server more than the network costs anyone
        "trust_env": False,
    }
    transport = HttpTransport(rest, connector, host=configuration.host, user=user, agent=user_agent, limits=limits)
    return HttpKube(transport, limits)


class HttpTransport:
    """Carries requests over the connections of ``kubernetes.aio`` (``rest.Transport``)."""

    def __init__(
        self, rest: Any, connector: aiohttp.TCPConnector, *, host: str, user: Credential, agent: str, limits: Limits
    ) -> None:
        """Use a client and its connector; ``connect`` prepares both."""
        self._rest = rest
        self._connector = connector
        self._host = host
        self._user = user
        self._headers = {"Accept": JSON, "User-Agent": agent}
        connecting = limits.connect_seconds
        self._read_limit = aiohttp.ClientTimeout(total=limits.read_seconds, connect=connecting)
        self._write_limit = aiohttp.ClientTimeout(total=limits.write_seconds, connect=connecting)
        self._watch_limit = aiohttp.ClientTimeout(
            total=None, connect=connecting, sock_read=limits.watch_silence_seconds
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._rest.close()
        await self._connector.close()

    async def read(self, path: str, query: Mapping[str, str]) -> bytes:
        """The answer to a GET."""
        try:
            response = await self._send("GET", self._url(path, query), self._read_limit)
            answer = await response.read()
        except _SILENCE as error:
            raise error_of_silence(error, write=False) from error
        if response.status != 200:
            raise _refusal(response, answer, write=False)
        return answer

    async def write(self, method: str, path: str, body: Mapping[str, Any], content_type: str) -> bytes:
        """The answer to a request that may change something."""
        try:
            response = await self._send(method, self._url(path, {}), self._write_limit, body, content_type)
            answer = await response.read()
        except _SILENCE as error:
            raise error_of_silence(error, write=True) from error
        if not 200 <= response.status < 300:
            raise _refusal(response, answer, write=True)
        return answer

    async def lines(self, path: str, query: Mapping[str, str]) -> AsyncGenerator[bytes, None]:
        """The lines of a long answer to a GET."""
        response: aiohttp.ClientResponse | None = None
        try:
            response = await self._send("GET", self._url(path, query), self._watch_limit)
            if response.status != 200:
                raise _refusal(response, await response.read(), write=False)
            splitter = Lines()
            async for piece in response.content.iter_any():
                for line in splitter.feed(piece):
                    yield line
            if splitter.unfinished:
                raise Unavailable("a watch was cut within a line")
        except _SILENCE as error:
            raise error_of_silence(error, write=False) from error
        finally:
            if response is not None:
                _hang_up(response)

    def _url(self, path: str, query: Mapping[str, str]) -> URL:
        text = urlencode({key: value for key, value in query.items() if value}, quote_via=quote)
        return URL(f"{self._host}{path}?{text}" if text else f"{self._host}{path}", encoded=True)

    async def _send(
        self,
        method: str,
        url: URL,
        limit: aiohttp.ClientTimeout,
        body: Mapping[str, Any] | None = None,
        content_type: str = JSON,
    ) -> aiohttp.ClientResponse:
        """Send a request and read the head of the answer."""
        if self._connector.closed:
            raise Unavailable(f"the connections to {self._host} have been closed")
        headers = {**self._headers, "Content-Type": content_type}
        if authorization := self._user.header():
            headers["Authorization"] = authorization
        try:
            answer = await self._rest.request(method, url, headers=headers, body=body, _request_timeout=limit)
        except _NOT_SENT as error:
            raise Unavailable(f"no connection to {self._host}: {error}") from error
        response: aiohttp.ClientResponse = answer.response
        return response


class _AnswerLost(aiohttp.ClientError):
    """A write went out and its connection broke; of a class that aiohttp does not answer by sending again."""


async def _write_at_most_once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating a write; a read it may repeat, once."""
    try:
        return await send(request)
    except _NOT_SENT:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.method == "GET":
            raise
        raise _AnswerLost(f"{type(error).__name__}: {error}") from error


def _hang_up(response: aiohttp.ClientResponse) -> None:
    """End a stream now: the farewell of TLS would wait for a peer that may not even be there."""
    if response.connection is not None and response.connection.transport is not None:
        response.connection.transport.abort()
    response.close()


def _refusal(response: aiohttp.ClientResponse, body: bytes, *, write: bool) -> KubeError:
    """The error for an answer that is no success."""
    after = response.headers.get("Retry-After", "")
    seconds = float(after) if after.isdecimal() else None  # the API server writes seconds, never a date
    return error_of(response.status, body, write=write, retry_after_seconds=seconds)


def _socket(address: aiohttp.AddrInfoType) -> socket.socket:
    family, kind, protocol, _, _ = address
    made = socket.socket(family=family, type=kind, proto=protocol)
    for level, option, value in _KEEPALIVE:
        made.setsockopt(level, option, value)
    return made


def _configure_in_cluster(configuration: Any, service_account: Path) -> Credential:
    from kubernetes.aio.config.incluster_config import InClusterConfigLoader  # noqa: PLC0415  slow, see connect

    token, authority = service_account / "token", service_account / "ca.crt"
    make: Any = InClusterConfigLoader  # untyped
    loader = make(token_filename=str(token), cert_filename=str(authority), try_refresh_token=False, environ=os.environ)
    loader.load_and_set(configuration)
    return TokenFile(token)


async def _configured(kubeconfig: str | None, limits: Limits, service_account: Path) -> tuple[Any, Any, Credential]:
    """Configuration, transport and credential; the configuration is read again when the transport opens its session."""
    from kubernetes.aio.client.configuration import Configuration  # noqa: PLC0415  half a second
    from kubernetes.aio.client.rest import RESTClientObject  # noqa: PLC0415  as above
    from kubernetes.aio.config import ConfigException  # noqa: PLC0415  as above

    configuration = Configuration()
    configuration.connection_pool_maxsize = limits.connections
    # Certificates are verified; what is not demanded are extensions that kubeadm and others leave out of theirs.
    configuration.disable_strict_ssl_verification = True
    source = kubeconfig or "the environment of a pod"
    try:
        if kubeconfig is None:
            user = _configure_in_cluster(configuration, service_account)
        else:
            user = await _configure_from_file(configuration, Path(kubeconfig))
        rest = RESTClientObject(configuration)
    except (ConfigException, OSError, ValueError, TypeError) as error:
        raise NotConfigured(f"no API server is known from {source}: {error}") from error
    return configuration, rest, user


async def _configure_from_file(configuration: Any, kubeconfig: Path) -> Credential:
    from kubernetes.aio.config import load_kube_config  # noqa: PLC0415  slow, see connect

    config = read_kubeconfig(kubeconfig)
    load: Any = load_kube_config  # untyped
    await load(config_file=str(kubeconfig), client_configuration=configuration, persist_config=False)
    if token_file := token_file_of(config, kubeconfig.parent):
        return TokenFile(token_file)
    return FixedCredential(await configuration.get_api_key_with_prefix("BearerToken") or "")
