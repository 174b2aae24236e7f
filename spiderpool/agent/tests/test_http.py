"""The handlers on real sockets: a unix socket for plugins, TCP ports for health and metrics."""

import asyncio
import stat
from pathlib import Path

from spiderpool.agent.http import health_and_metrics, served, served_on_port
from spiderpool.ports.http import Request, Response, json_response


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes) -> bytes:
    writer.write(data)
    await writer.drain()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def echo(request: Request) -> Response:
    told = {"method": request.method, "path": request.path, "query": dict(request.query)}
    return json_response({**told, "verb": request.headers.get("x-cni-ifname"), "body": request.body.decode()}, 201)


def test_a_request_reaches_the_handler_whole_and_its_answer_comes_back(tmp_path: Path) -> None:
    socket = tmp_path / "deep" / "agent.sock"

    async def story() -> bytes:
        async with served(echo, socket_path=str(socket)):
            assert stat.S_IMODE(socket.stat().st_mode) == 0o600
            reader, writer = await asyncio.open_unix_connection(str(socket))
            head = b"POST /v1/cni/add?a=1 HTTP/1.1\r\nHost: x\r\nX-CNI-IFNAME: eth0\r\nContent-Length: 2\r\n"
            return await exchange(reader, writer, head + b"Connection: close\r\n\r\n{}")

    answer = asyncio.run(story())
    assert answer.startswith(b"HTTP/1.1 201")
    assert answer.endswith(b'{"method":"POST","path":"/v1/cni/add","query":{"a":"1"},"verb":"eth0","body":"{}"}')


def test_a_socket_that_a_crash_left_behind_is_replaced(tmp_path: Path) -> None:
    socket = tmp_path / "agent.sock"
    socket.write_bytes(b"left behind")

    async def story() -> bytes:
        async with served(echo, socket_path=str(socket)):
            reader, writer = await asyncio.open_unix_connection(str(socket))
            return await exchange(reader, writer, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert asyncio.run(story()).startswith(b"HTTP/1.1 201")


def test_health_and_metrics_are_served_on_tcp_and_nothing_else_is() -> None:
    async def story() -> list[bytes]:
        handler = health_and_metrics(echo, lambda: b"spiderpool_up 1\n")
        answers = []
        probe = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = probe.sockets[0].getsockname()[1]
        probe.close()
        await probe.wait_closed()
        async with served_on_port(handler, port):
            for path in ("/metrics", "/v1/runtime/liveness", "/v1/ipam/ip"):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
                answers.append(await exchange(reader, writer, request))
        return answers

    metrics, health, other = asyncio.run(story())
    assert metrics.endswith(b"spiderpool_up 1\n")
    assert health.startswith(b"HTTP/1.1 201")
    assert other.startswith(b"HTTP/1.1 404")
