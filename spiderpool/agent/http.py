"""The agent's handlers on real sockets: the unix socket for plugins, health and metrics on IPv4 and IPv6.

aiohttp does the wire; what is answered is decided by the handlers, which know nothing of it.
"""

import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from aiohttp import web

from spiderpool.ports.http import Handler, Request, Response

BODY_BYTES_MAX = 4 << 20
HEADER_BYTES_MAX = 64 << 10  # CNI_ARGS and CNI_PATH travel as headers
BACKLOG = 1024


def application(handler: Handler) -> web.Application:
    """An aiohttp application that hands every request to one handler."""

    async def serve(request: web.Request) -> web.Response:
        answer = await handler(
            Request(
                method=request.method,
                path=request.path,
                query=dict(request.query),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=await request.read(),
            )
        )
        return web.Response(status=answer.status, headers=dict(answer.headers), body=answer.body)

    app = web.Application(client_max_size=BODY_BYTES_MAX)
    app.router.add_route("*", "/{path:.*}", serve)
    return app


@contextlib.asynccontextmanager
async def served(handler: Handler, *, socket_path: str) -> AsyncIterator[None]:
    """Serve on a unix socket that only root may use, until the block ends. A socket file that a crash left behind is
    replaced.
    """
    folder = Path(socket_path).parent
    folder.mkdir(parents=True, exist_ok=True)
    runner = web.AppRunner(
        application(handler),
        access_log=None,
        handle_signals=False,
        max_line_size=HEADER_BYTES_MAX,
        max_field_size=HEADER_BYTES_MAX,
    )
    await runner.setup()
    before = os.umask(0o177)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(socket_path)  # noqa: PTH108  one call, no path object kept
        await web.UnixSite(runner, socket_path, backlog=BACKLOG).start()
    finally:
        os.umask(before)
    try:
        yield
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def served_on_port(handler: Handler, port: int) -> AsyncIterator[None]:
    """Serve on a TCP port of every address, IPv6 where the machine has it."""
    runner = web.AppRunner(application(handler), access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, "0.0.0.0", port).start()  # noqa: S104  the kubelet asks on the node's address
        with contextlib.suppress(OSError):  # a machine without IPv6
            await web.TCPSite(runner, "::", port).start()
        yield
    finally:
        await runner.cleanup()


def health_and_metrics(handler: Handler, exposition: Callable[[], bytes]) -> Handler:
    """The handler of the TCP ports: health paths go to the agent, ``/metrics`` to its registry; nothing else."""

    async def handle(request: Request) -> Response:
        if request.method == "GET" and request.path == "/metrics":
            return Response(headers={"content-type": "text/plain; version=0.0.4"}, body=exposition())
        if request.path.startswith("/v1/runtime/"):
            return await handler(request)
        return Response(status=404)

    return handle
