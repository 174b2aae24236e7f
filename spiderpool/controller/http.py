"""Binds a handler to sockets with aiohttp: TLS for webhooks, plain HTTP for probes and metrics, on IPv4 and IPv6."""

import ssl
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from aiohttp import web

from spiderpool.controller.certificates import KeyPair
from spiderpool.observe.port import Telemetry
from spiderpool.ports.http import Handler, Request, json_response

BODY_BYTES_MAX: Final = 8 << 20  # an AdmissionReview carries an object twice, and an object may have 1.5 MB
EVERY_ADDRESS: Final = ("0.0.0.0", "::")  # noqa: S104  the API server and the kubelet come from outside


class HttpServer:
    """One handler on some ports; ``close`` ends it."""

    def __init__(self, handler: Handler, telemetry: Telemetry) -> None:
        self._handler = handler
        self._telemetry = telemetry
        application = web.Application(client_max_size=BODY_BYTES_MAX)
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, access_log=None)

    async def listen(
        self, port: int, *, hosts: Sequence[str] = EVERY_ADDRESS, tls: ssl.SSLContext | None = None
    ) -> list[int]:
        """Serve on a port of every host that this machine has; returns the ports, which differ where 0 was asked for.

        Raises:
            OSError: the port could be had on none of the hosts.
        """
        if self._runner.server is None:
            await self._runner.setup()
        bound: list[int] = []
        errors: list[OSError] = []
        for host in hosts:
            try:
                site = web.TCPSite(self._runner, host, port, ssl_context=tls)
                await site.start()
                bound.append(self._runner.addresses[-1][1])
            except OSError as error:  # a machine without IPv6 serves IPv4
                errors.append(error)
                self._telemetry.log("warning", "not listening on an address", host=host, port=port, error=str(error))
        if not bound:
            raise errors[0]
        return bound

    async def close(self) -> None:
        """Stop listening, and end what is under way."""
        await self._runner.cleanup()

    async def _answer(self, received: web.Request) -> web.Response:
        request = Request(
            method=received.method,
            path=received.path,
            query={name: received.query[name] for name in received.query},
            headers={name.lower(): value for name, value in received.headers.items()},
            body=await received.read(),
        )
        try:
            response = await self._handler(request)
        except Exception as error:  # noqa: BLE001  one request that fails is no reason to stop serving
            self._telemetry.log("error", "a request failed", path=request.path, error=repr(error))
            response = json_response({"error": "the request failed; the log says why"}, 500)
        return web.Response(status=response.status, headers=dict(response.headers), body=response.body)


def tls_context(serving: KeyPair) -> ssl.SSLContext:
    """A server's TLS context; the files that the ssl module insists on exist only meanwhile."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "serving.pem"
        file.touch(mode=0o600)
        file.write_bytes(serving.certificate + serving.key)
        context.load_cert_chain(file)
    return context
