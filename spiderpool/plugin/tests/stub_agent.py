"""A stand-in for the agent on a real unix socket, and the built plugin as a real process beside it."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spiderpool.cni.forwarded import Forwarded, parse_request
from spiderpool.plugin.build import Constant, write
from spiderpool.plugin.tests.script import ENVIRON, STDIN

Answer = Callable[[Forwarded, asyncio.StreamWriter], Awaitable[None]]


def answers(*wanted: bytes) -> Answer:
    """Answer each request with the next of these, the last one for ever."""
    left = list(wanted)

    async def answer(_: Forwarded, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])

    return answer


@dataclass(slots=True, kw_only=True)
class Outcome:
    """How a process ended."""

    exit_code: int
    stdout: bytes
    stderr: bytes

    def error(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        value = json.loads(self.stdout)
        assert isinstance(value, dict)
        return value


@dataclass(slots=True)
class Node:
    """A folder with the built plugin, its socket and its spool."""

    folder: Path
    received: list[Forwarded] = field(default_factory=list)

    @property
    def plugin(self) -> Path:
        """The built file."""
        return self.folder / "spiderpool"

    @property
    def socket(self) -> Path:
        """Where the plugin looks for the agent."""
        return self.folder / "agent.sock"

    @property
    def spool(self) -> Path:
        """Where tombstones go; nobody makes it beforehand."""
        return self.folder / "var" / "lib" / "spool"

    def build(self, **constants: Constant) -> None:
        """Write the plugin with this node's places in it."""
        places = {"SOCKET": os.fsencode(self.socket), "SPOOL_FOLDER": os.fsencode(self.spool)}
        write(self.plugin, constants={**places, **constants})

    async def serve(self, answer: Answer) -> asyncio.Server:
        """Listen and answer each request; close the returned server in the end."""

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            request = parse_request(head + await reader.readexactly(length))
            self.received.append(request)
            await answer(request, writer)
            writer.close()
            await writer.wait_closed()

        return await asyncio.start_unix_server(connected, self.socket, limit=1 << 24)

    async def call(self, *, stdin: bytes = STDIN, environ: Mapping[bytes, bytes] | None = None) -> Outcome:
        """Start the plugin and wait for its end."""
        process = await asyncio.create_subprocess_exec(
            self.plugin,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=dict(ENVIRON if environ is None else environ),
        )
        stdout, stderr = await process.communicate(stdin)
        assert process.returncode is not None
        return Outcome(exit_code=process.returncode, stdout=stdout, stderr=stderr)

    def remembered(self) -> dict[str, Forwarded]:
        """The tombstones by file name; any other file there is an error."""
        names = sorted(file.name for file in self.spool.iterdir()) if self.spool.exists() else []
        assert [name for name in names if not name.endswith(".req")] == []
        return {name: parse_request((self.spool / name).read_bytes()) for name in names}


async def scene(node: Node, answer: Answer | None, **call: Any) -> Outcome:
    """One call against an agent that answers so, or against none."""
    if answer is None:
        return await node.call(**call)
    server = await node.serve(answer)
    try:
        return await node.call(**call)
    finally:
        server.close()
