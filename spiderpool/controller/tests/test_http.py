"""The binding to real sockets, on loopback."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from io import BytesIO

import aiohttp

from spiderpool.controller.certificates import issue, new_authority
from spiderpool.controller.http import BODY_BYTES_MAX, HttpServer, tls_context
from spiderpool.observe.port import MemoryTelemetry
from spiderpool.ports.http import Request, Response, json_response
from spiderpool.ports.system import SystemClock

NOW = SystemClock().now()


async def echo(request: Request) -> Response:
    if request.path == "/broken":
        raise RuntimeError("a defect")
    return json_response(
        {"method": request.method, "path": request.path, "query": request.query, "size": len(request.body)}
    )


def served(story: Callable[[HttpServer], Awaitable[None]], telemetry: MemoryTelemetry | None = None) -> None:
    async def whole() -> None:
        server = HttpServer(echo, telemetry or MemoryTelemetry())
        try:
            await story(server)
        finally:
            await server.close()

    asyncio.run(whole())


def test_a_request_reaches_the_handler_over_ipv4() -> None:
    async def tell(server: HttpServer) -> None:
        (port,) = await server.listen(0, hosts=["127.0.0.1"])
        url = f"http://127.0.0.1:{port}/a/b?c=d&c=e"
        async with aiohttp.ClientSession() as session, session.post(url, data=BytesIO(bytes(2_000_000))) as answer:
            assert await answer.json() == {"method": "POST", "path": "/a/b", "query": {"c": "d"}, "size": 2_000_000}

    served(tell)


def test_a_host_that_this_machine_does_not_have_is_left_out_and_said() -> None:
    telemetry = MemoryTelemetry()

    async def tell(server: HttpServer) -> None:
        ports = await server.listen(0, hosts=["203.0.113.7", "127.0.0.1"])
        assert len(ports) == 1
        assert [fields["host"] for _, _, fields in telemetry.lines] == ["203.0.113.7"]

    served(tell, telemetry)


def test_tls_is_accepted_by_a_client_that_trusts_the_authority_and_by_no_other() -> None:
    authority = new_authority(NOW)

    async def tell(server: HttpServer) -> None:
        (port,) = await server.listen(0, hosts=["127.0.0.1"], tls=tls_context(issue(authority, ["127.0.0.1"], NOW)))
        trusting = ssl.create_default_context(cadata=authority.certificate.decode())
        async with aiohttp.ClientSession() as session:
            async with session.get(f"https://127.0.0.1:{port}/", ssl=trusting) as answer:
                assert answer.status == 200
            strange = ssl.create_default_context(cadata=new_authority(NOW).certificate.decode())
            try:
                await session.get(f"https://127.0.0.1:{port}/", ssl=strange)
            except aiohttp.ClientConnectorCertificateError:
                pass
            else:
                raise AssertionError("a foreign authority was trusted")

    served(tell)


def test_a_defect_of_the_handler_is_answered_and_logged() -> None:
    telemetry = MemoryTelemetry()

    async def tell(server: HttpServer) -> None:
        (port,) = await server.listen(0, hosts=["127.0.0.1"])
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/broken") as answer:
            assert answer.status == 500
        assert [(level, fields["path"]) for level, _, fields in telemetry.lines] == [("error", "/broken")]

    served(tell, telemetry)


def test_a_body_that_is_too_large_is_refused() -> None:
    async def tell(server: HttpServer) -> None:
        (port,) = await server.listen(0, hosts=["127.0.0.1"])
        body = BytesIO(bytes(BODY_BYTES_MAX + 1))
        async with aiohttp.ClientSession() as session, session.post(f"http://127.0.0.1:{port}/", data=body) as answer:
            assert answer.status == 413

    served(tell)
