"""The product's IPAM plugin as a process of a simulated node: its effects on virtual time.

``spiderpool.plugin.protocol.run`` yields what it wants done; here that is done on the simulated machine, as
``spiderpool/plugin/__main__.py`` does it by system calls. The bytes on the agent's socket are the same in both worlds:
what the plugin sends is parsed into the ``Request`` that the agent's handler takes, and its ``Response`` is written as
the bytes that the plugin reads.

Ways to end it early: cancel the task, or crash the kernel ``Process`` that it runs in (SIGKILL). What was sent before
reaches the agent all the same; nothing is sent, spooled or printed after.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from simulator.kernel.ownership import world_task
from spiderpool.plugin.protocol import run
from spiderpool.ports.clock import Clock
from spiderpool.ports.http import Request, Response

Agent = Callable[[Request], Awaitable[Response]]
Spool = Callable[[bytes, bytes], Awaitable[None]]
OnEffect = Callable[[str, Literal["before", "after"]], None]
"""``on_effect("spool", "before")``: a place at which the process may be killed."""

_HEADER = re.compile(r"([^:]*):[ \t]*(.*?)[ \t]*(?:\r\n|\Z)", re.DOTALL)
_AWAITED = ("receive", "spool")  # the effects that take time
_REASONS = {200: "OK", 404: "Not Found"}


async def execute(
    environ: Mapping[bytes, bytes],
    stdin: bytes,
    *,
    clock: Clock,
    connect: Agent,
    spool: Spool,
    parent_alive: Callable[[], bool],
    listens: Callable[[], bool] = lambda: True,
    on_effect: OnEffect | None = None,
) -> tuple[int, bytes]:
    """Run the plugin once.

    Args:
        environ: its environment.
        stdin: what it reads there.
        clock: the machine's.
        connect: asks the agent, over the node's unix socket; an ``OSError`` from it is the connection's.
        spool: writes a durable file of this name into the spool folder, or raises ``OSError``.
        parent_alive: whether the process that started this one still lives. Nobody reads what is printed after it died.
        listens: whether somebody accepts connections on the socket now; if not, connecting is refused.
        on_effect: told before and after each effect; a kill of the process there takes effect there.

    Returns:
        Exit code and what was printed to stdout.
    """
    process = _PluginProcess(
        stdin=stdin, clock=clock, agent=connect, spool=spool, parent_alive=parent_alive, listens=listens
    )
    exit_code = await _drive(process, dict(environ), on_effect)
    return exit_code, bytes(process.stdout)


async def _drive(process: "_PluginProcess", environ: dict[bytes, bytes], on_effect: OnEffect | None) -> int:
    effects = run(environ)
    outcome: Any = None
    failure: OSError | None = None
    while True:
        try:
            effect = effects.send(outcome) if failure is None else effects.throw(failure)
        except StopIteration as end:
            code: int = end.value
            return code
        outcome, failure = None, None
        if on_effect is not None:
            on_effect(effect[0], "before")
            await process.clock.sleep(0)  # where a cancellation arrives
        try:
            outcome = process.perform(effect)
            if effect[0] in _AWAITED:
                outcome = await outcome
        except OSError as error:
            failure = error
        if on_effect is not None:
            on_effect(effect[0], "after")
            await process.clock.sleep(0)


class _Exchange:
    """One question to the agent and what came of it. It goes on when the process that asked is gone; a defect of the
    agent's end is not to get lost by that.
    """

    def __init__(self) -> None:
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._response: Response | None = None
        self._failure: OSError = ConnectionResetError("the connection was closed")

    async def run(self, agent: Agent, request: Request) -> None:
        """Ask."""
        try:
            self._response = await agent(request)
        except OSError as error:
            self._failure = error
        except Exception as error:  # noqa: BLE001  it belongs to the loop: whoever waits gets to see a closed connection
            message = {"message": "the agent's end failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(message)
        finally:
            if not self._ended.done():  # the process is gone, and nobody waits
                self._ended.set_result(None)

    async def response(self) -> Response:
        """The answer; raises what came instead of one."""
        await self._ended
        if self._response is None:
            raise self._failure
        return self._response


class _PluginProcess:
    """The effects, each as a method under its name, with one connection and what was printed."""

    def __init__(
        self,
        *,
        stdin: bytes,
        clock: Clock,
        agent: Agent,
        spool: Spool,
        parent_alive: Callable[[], bool],
        listens: Callable[[], bool],
    ) -> None:
        self.clock = clock
        self.stdout = bytearray()
        self._stdin = stdin
        self._agent = agent
        self._spool = spool
        self._parent_alive = parent_alive
        self._listens = listens
        self._until = 0.0
        self._exchange: _Exchange | None = None
        self._effects: dict[str, Callable[..., Any]] = {
            "stdin": self._read_stdin,
            "clock": self.clock.boot_ns,
            "connect": self._connect,
            "send": self._send,
            "receive": self._receive,
            "close": self._close,
            "parent_alive": self._parent_alive,
            "spool": self._spool,
            "stdout": self._print,
        }

    def perform(self, effect: tuple[Any, ...]) -> Any:
        """Do what the plugin wants, or give what is to be awaited; an ``OSError`` is what it gets instead."""
        return self._effects[effect[0]](*effect[1:])

    def _read_stdin(self) -> bytes:
        return self._stdin

    def _connect(self, path: bytes, seconds: float) -> None:
        if not self._listens():
            raise ConnectionRefusedError(f"nobody listens on {path.decode(errors='replace')}")
        self._until = self.clock.monotonic() + seconds

    def _send(self, data: bytes) -> None:
        """From here on the request is on its way, whatever becomes of this process."""
        self._exchange = _Exchange()
        world_task(self._exchange.run(self._agent, parse_request(data)), "plugin to agent")

    async def _receive(self) -> bytes:
        if self._exchange is None:
            return b""
        async with self.clock.timeout(max(self._until - self.clock.monotonic(), 0.0)):
            response = await self._exchange.response()
        self._exchange = None
        return response_bytes(response)

    def _close(self) -> None:
        self._exchange = None

    def _print(self, data: bytes) -> None:
        if not self._parent_alive():
            raise BrokenPipeError("nobody reads stdout")
        self.stdout += data


def parse_request(data: bytes) -> Request:
    """One HTTP request as the agent's server hands it to the handler.

    Raises:
        ValueError: not one whole request; the plugin wrote what no server would accept.
    """
    head, end, body = data.partition(b"\r\n\r\n")
    start, _, lines = head.decode("utf-8", "surrogateescape").partition("\r\n")
    method, _, target = start.rpartition(" ")[0].partition(" ")
    found = _HEADER.findall(lines)
    headers = {_header_key(name): value for name, value in found}
    if "" in headers or len(found) != lines.count("\r\n") + 1:
        raise ValueError(f"not a header line in {lines!r}")
    if not end or not target or headers.get("content-length", "") != str(len(body)):
        raise ValueError(f"not one whole request: {data[:200]!r}")
    url = urlsplit(target)
    query = dict(reversed(parse_qsl(url.query, keep_blank_values=True)))  # the first of each name counts
    return Request(method=method, path=url.path, query=query, headers=headers, body=body)


@lru_cache(maxsize=256)  # each call has the same headers
def _header_key(name: str) -> str:
    """The name as handlers look it up; empty for one that no header has."""
    return name.lower() if name.isascii() and name == name.strip() else ""


def response_bytes(response: Response) -> bytes:
    """An answer as the agent's server writes it to the socket."""
    headers = {**response.headers, "content-length": str(len(response.body)), "connection": "close"}
    lines = [f"HTTP/1.1 {response.status} {_REASONS.get(response.status, 'Other')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + response.body
