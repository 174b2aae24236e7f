"""The simulated API server behind real HTTP on loopback, for the contract of the HTTP client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from aiohttp import web

from simulator.kube.api import ApiRequest
from simulator.kube.server.api_server import ApiServer


@asynccontextmanager
async def served(server: ApiServer) -> AsyncIterator[str]:
    """The URL at which the server answers as long as the block lasts."""

    async def handle(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        asked = ApiRequest(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            body=msgspec.json.decode(body) if body else None,
            content_type=request.content_type,
        )
        if asked.query.get("watch"):
            return await _stream(server, asked, request)
        answer = await server.request(asked)
        return web.Response(
            status=answer.status, body=msgspec.json.encode(answer.body), content_type="application/json"
        )

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _stream(server: ApiServer, asked: ApiRequest, request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    async for event in server.watch(asked):
        await response.write(msgspec.json.encode(event) + b"\n")
    return response
