"""A socket in front of an ``HttpFace``: listen on loopback, with TLS, and let go cleanly."""

import asyncio
import re
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMethod

from simulator.face.bodies import JSON
from simulator.face.certificates import Certificate
from simulator.face.http_face import HttpFace
from simulator.kube.server.refusals import method_not_allowed

ADDRESS = "127.0.0.1"
_HEADER_BYTES_MAX = 1 << 20
_HANDSHAKE_SECONDS = 10.0
_KEEP_ALIVE_SECONDS = 3600.0
_LINGER_SECONDS = 5.0
_BACKLOG = 4096
_REQUEST_LINE = re.compile(r"b'[\w!#$%&*+.^`|~-]+ \S+ HTTP/1[.][01]'")
"""Of a request with a method that HTTP does not know, as the parser complains of it; other bytes are no HTTP at all."""


class _Server(web.Server):
    """One that answers methods which HTTP does not know as the real server does, and not as broken requests."""

    def __call__(self) -> web.RequestHandler:
        """Whoever speaks on one connection."""
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Connection(web.RequestHandler):
    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what could not be read. The parser ends at the method, so nobody knows the path."""
        if not isinstance(exc, BadHttpMethod) or not _REQUEST_LINE.search(exc.message):
            return super().handle_error(request, status, exc, message)
        refusal = method_not_allowed()
        headers = {"Cache-Control": "no-cache, private"}
        response = web.json_response(refusal.status, status=refusal.code, headers=headers)
        response.content_type = JSON
        response.charset = None
        response.force_close()
        return response


def tls_of(certificate: Certificate) -> ssl.SSLContext:
    """The server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "both.pem"
        file.touch(mode=0o600)
        file.write_bytes(certificate.key + certificate.certificate)
        context.load_cert_chain(file)
    return context


@asynccontextmanager
async def serve(
    face: HttpFace, *, port: int = 0, certificate: Certificate | None = None, speed: float = 1.0
) -> AsyncIterator[str]:
    """Serve for as long as the block lasts; gives the URL.

    Args:
        face: who answers.
        port: of loopback; 0 picks a free one.
        certificate: for HTTPS; without one it is plain HTTP.
        speed: of the loop: what guards real things is multiplied by it.

    Raises:
        OSError: the port is taken.
    """
    loop = asyncio.get_running_loop()
    web_server = _Server(
        face.handle,
        handler_cancellation=True,
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=_KEEP_ALIVE_SECONDS * speed,
        lingering_time=_LINGER_SECONDS * speed,
        max_line_size=_HEADER_BYTES_MAX,
        max_field_size=_HEADER_BYTES_MAX,
    )
    context = tls_of(certificate) if certificate is not None else None
    guard = _HANDSHAKE_SECONDS * speed if context is not None else None
    listening = await loop.create_server(
        web_server,
        ADDRESS,
        port,
        ssl=context,
        backlog=_BACKLOG,
        ssl_handshake_timeout=guard,
        ssl_shutdown_timeout=guard,
    )
    number = listening.sockets[0].getsockname()[1]
    try:
        yield f"{'https' if context is not None else 'http'}://{ADDRESS}:{number}"
    finally:
        listening.close()
        await web_server.shutdown(timeout=0.5 * speed)
