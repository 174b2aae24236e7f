"""A driver of ``run`` that is data: what each effect is answered with, and what was done."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from spiderpool.cni.forwarded import Forwarded, parse_request
from spiderpool.plugin.protocol import run

SECOND = 1_000_000_000
ENVIRON = {
    b"CNI_COMMAND": b"ADD",
    b"CNI_CONTAINERID": b"4f1c",
    b"CNI_NETNS": b"/run/netns/a",
    b"CNI_IFNAME": b"eth0",
    b"CNI_ARGS": b"IgnoreUnknown=1;K8S_POD_NAME=web-0",
    b"CNI_PATH": b"/opt/cni/bin",
    b"HOME": b"/root",
}
STDIN = b'{"cniVersion":"1.0.0","name":"lan","type":"macvlan","ipam":{"type":"spiderpool"}}'
RESULT = b'{"cniVersion":"1.0.0","ips":[]}\n'


def format_answer(exit_code: int, stdout: bytes) -> bytes:
    """The whole answer that tells the plugin its exit code and what to print, as the agent's HTTP server sends it."""
    head = f"HTTP/1.1 200 OK\r\nX-Spiderpool-Exit: {exit_code}\r\nContent-Length: {len(stdout)}\r\n\r\n"
    return head.encode("ascii") + stdout


GRANTED = format_answer(0, RESULT)
NOTHING = format_answer(0, b"")
DOWN = ConnectionRefusedError(111, "Connection refused")

Connection = OSError | Sequence[bytes | OSError]
"""One connection to the agent: it fails, or it hands over these pieces; after the last piece it is closed."""


@dataclass(slots=True)
class Script:
    """The world around one call.

    ``clock`` is answered one by one, the last value for ever. ``connections`` are used up in order.
    """

    connections: Sequence[Connection] = ()
    environ: dict[bytes, bytes] = field(default_factory=lambda: dict(ENVIRON))
    stdin: bytes | OSError = STDIN
    clock: Sequence[int] = (1000 * SECOND,)
    parent_alive: bool = True
    stdout: OSError | None = None
    spool: OSError | None = None

    printed: bytes = b""
    sent: list[Forwarded] = field(default_factory=list)
    connected: list[tuple[bytes, float]] = field(default_factory=list)
    closed: int = 0
    tombstones: dict[bytes, bytes] = field(default_factory=dict)
    effects: list[str] = field(default_factory=list)
    _pieces: list[bytes | OSError] = field(default_factory=list)

    def run(self) -> int:
        """Drive the call to its end; the exit code."""
        effects = run(self.environ)
        step = effects.send(None)
        while True:
            try:
                step = self._do(effects, step)
            except StopIteration as end:
                return int(end.value)

    def error(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        value = json.loads(self.printed)
        assert isinstance(value, dict)
        return value

    def remembered(self) -> list[Forwarded]:
        """The calls in the spool folder."""
        return [parse_request(self.tombstones[name]) for name in sorted(self.tombstones)]

    def _do(self, effects: Any, step: tuple[Any, ...]) -> tuple[Any, ...]:
        self.effects.append(step[0])
        outcome = getattr(self, f"_do_{step[0]}")(*step[1:])
        answer = effects.throw(outcome) if isinstance(outcome, OSError) else effects.send(outcome)
        assert isinstance(answer, tuple)
        return answer

    def _do_clock(self) -> int:
        now, *rest = self.clock
        self.clock = rest or [now]
        return now

    def _do_stdin(self) -> bytes | OSError:
        return self.stdin

    def _do_connect(self, path: bytes, seconds: float) -> OSError | None:
        self.connected.append((path, seconds))
        first, *self.connections = self.connections
        if isinstance(first, OSError):
            return first
        self._pieces = list(first)
        return None

    def _do_send(self, data: bytes) -> None:
        self.sent.append(parse_request(data))

    def _do_receive(self) -> bytes | OSError:
        return self._pieces.pop(0) if self._pieces else b""

    def _do_close(self) -> None:
        self.closed += 1

    def _do_parent_alive(self) -> bool:
        return self.parent_alive

    def _do_spool(self, name: bytes, data: bytes) -> OSError | None:
        if self.spool is None:
            self.tombstones[name] = data
        return self.spool

    def _do_stdout(self, data: bytes) -> OSError | None:
        if self.stdout is None:
            self.printed += data
        return self.stdout
