"""A server on loopback that answers byte for byte what a test tells it, and keeps what it was asked.

It is no API server: it exists for the answers that a healthy one does not give.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from spiderpool.kube.http import HttpKube, Limits, connect


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]
"""Writes an answer, whole or in part; the connection is closed after it."""


def answer(status: int, body: object = b"", **headers: str) -> Reply:
    """A whole answer; a body that is not bytes is written as JSON."""
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)

    async def write(writer: asyncio.StreamWriter) -> None:
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        head = "\r\n".join([f"HTTP/1.1 {status} X", f"Content-Length: {len(raw)}", "Connection: close", *lines, "", ""])
        writer.write(head.encode() + raw)
        await writer.drain()

    return write


def status(code: int, reason: str, **details: Any) -> dict[str, Any]:
    """The body of a refusal."""
    return {"kind": "Status", "apiVersion": "v1", "code": code, "reason": reason, "message": "why", "details": details}


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """No answer at all."""


async def half_an_answer(writer: asyncio.StreamWriter) -> None:
    """The head of a success, and a part of the body."""
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"metadata"')
    await writer.drain()


async def silence(writer: asyncio.StreamWriter) -> None:
    """An answer that never comes."""
    await asyncio.Event().wait()


def stream(*pieces: bytes, whole: bool = True) -> Reply:
    """A chunked answer in these pieces; not ``whole``: the connection breaks after the last one."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
        for piece in pieces:
            writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            await writer.drain()
        if whole:
            writer.write(b"0\r\n\r\n")
            await writer.drain()

    return write


def endless(*pieces: bytes) -> Reply:
    """A chunked answer that goes silent after its pieces and does not end."""

    async def write(writer: asyncio.StreamWriter) -> None:
        await stream(*pieces, whole=False)(writer)
        await asyncio.Event().wait()

    return write


@dataclass
class Stub:
    """Answers the requests in the order in which they come; ``asked`` has them all."""

    replies: list[Reply]
    asked: list[Asked] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    connections: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        self.connections.append(writer)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            method, target, _ = head[0].split(" ")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.asked.append(Asked(method=method, target=target, headers=headers, body=body))
            self.came.set()
            await self.replies.pop(0)(writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            return  # the client has gone, or the test is over
        finally:
            writer.close()


def kubeconfig(folder: Path, server: str, user: str = "{}", cluster: str = "") -> str:
    """Write a kubeconfig file and give its path."""
    path = folder / "kubeconfig"
    path.write_text(
        f"""\
apiVersion: v1
kind: Config
current-context: test
contexts: [{{name: test, context: {{cluster: test, user: test}}}}]
clusters: [{{name: test, cluster: {{server: "{server}"{cluster}}}}}]
users: [{{name: test, user: {user}}}]
"""
    )
    return str(path)


@asynccontextmanager
async def stub(
    folder: Path, *replies: Reply, user: str = "{}", limits: Limits | None = None
) -> AsyncIterator[tuple[Stub, HttpKube]]:
    """A stub and a client to it; both live as long as the block."""
    script = Stub(list(replies))
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    path = kubeconfig(folder, f"http://127.0.0.1:{port}", user)
    kube = await connect(path, user_agent="spiderpool-test/1", limits=limits or Limits())
    try:
        yield script, kube
    finally:
        await kube.close()
        server.close()
        await end_of_tasks()


async def end_of_tasks() -> None:
    """Cancel what still runs on this loop beside the caller, and wait for its end."""
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
