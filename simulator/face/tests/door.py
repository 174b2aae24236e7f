"""A server behind its HTTP face, and raw connections to it."""

import asyncio
import gc
import json
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from simulator.face.http_face import HttpFace
from simulator.face.identity import Identities, read_tokens
from simulator.face.scaled_time import LoopClock, ScaledLoop
from simulator.face.serving import serve
from simulator.kube.server.api_server import WATCH_BUFFER, ApiServer

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
TOKENS = 'secret,jane,1,"system:masters"\nplain,joe,2\n'


class Draws:
    def __init__(self) -> None:
        self._last = 0

    def below(self, bound: int) -> int:
        self._last += 1
        return self._last % bound


class Door:
    """A server behind its face, and raw connections to it."""

    def __init__(self, url: str, server: ApiServer) -> None:
        self.server = server
        self._port = int(url.rpartition(":")[2])

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self._port)

    async def connect_narrow(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection that holds little of what its client does not read."""
        way = socket.socket()
        way.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        way.setblocking(False)
        await asyncio.get_running_loop().sock_connect(way, ("127.0.0.1", self._port))
        return await asyncio.open_connection(sock=way, limit=4096)

    async def send(self, data: bytes) -> bytes:
        """Everything that is said to these bytes, until the server closes."""
        reader, writer = await self.connect()
        writer.write(data)
        try:
            return await reader.read()
        finally:
            writer.close()

    async def ask(self, method: str, path: str, body: bytes = b"", *headers: str) -> tuple[int, dict[str, str], Any]:
        lines = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: close", f"Content-Length: {len(body)}", *headers]
        said = await self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        head, _, rest = said.partition(b"\r\n\r\n")
        first, *others = head.decode().split("\r\n")
        named = dict(line.split(": ", 1) for line in others)
        return int(first.split()[1]), named, json.loads(rest) if rest.startswith(b"{") else rest

    def watches(self) -> int:
        return self.server.watches_open


def at_the_door(
    story: Callable[[Door], Awaitable[None]], speed: float = 1.0, watch_buffer: int = WATCH_BUFFER, **options: Any
) -> None:
    loop = ScaledLoop(speed)

    async def main() -> None:
        server = ApiServer(LoopClock(loop, wall_start=1_800_000_000.0), Draws(), watch_buffer=watch_buffer)
        face = HttpFace(server, Identities(read_tokens(TOKENS)), Draws(), **options)
        async with serve(face, speed=speed) as url:
            await story(Door(url, server))

    try:
        loop.run_until_complete(asyncio.wait_for(main(), 60.0 * speed))
    finally:
        loop.close()


async def until(holds: Callable[[], bool]) -> None:
    """Give others their turns; the whole story has an end by the clock."""
    while not holds():  # noqa: ASYNC110  what is waited for belongs to the server
        await asyncio.sleep(0)


@contextmanager
def no_growth(objects_max: int) -> Iterator[None]:
    gc.collect()
    before = len(gc.get_objects())
    yield
    gc.collect()
    assert len(gc.get_objects()) - before < objects_max
