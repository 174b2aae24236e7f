"""The machine's side of the socket that PID 1 of a node listens on (``init.py`` has the requests)."""

import contextlib
import itertools
import json
import os
import signal
import socket
import struct
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from e2e.backends.local.init import PACKET_BYTES
from e2e.backends.local.waiting import until

END_OF_KILLED_SECONDS = 30


class NodeError(Exception):
    """The node's PID 1 refused, or is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a command did."""

    code: int
    output: str
    error: str


class Control:
    """Starts, ends and runs programs inside all namespaces of one node."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._numbers = itertools.count()

    @contextlib.contextmanager
    def _connected(self, timeout_seconds: float = 60) -> Iterator[socket.socket]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.settimeout(timeout_seconds)
            try:
                connection.connect(str(self._path))
            except OSError as error:
                raise NodeError(f"{self._path.stem} is off: {error}") from None
            yield connection

    def _ask(self, connection: socket.socket, request: Mapping[str, Any], descriptors: Sequence[int] = ()) -> Any:
        packet = json.dumps(request).encode()
        socket.send_fds(connection, [packet], list(descriptors))
        try:
            answer = connection.recv(PACKET_BYTES)
        except ConnectionResetError:
            answer = b""
        if not answer:
            raise NodeError(f"{self._path.stem} went down during {request['op']}")
        value = json.loads(answer)
        if "error" in value:
            raise NodeError(f"{self._path.stem}: {request['op']} {request.get('name', '')}: {value['error']}")
        return value

    def ready(self, within_seconds: float = 20) -> None:
        """Wait until PID 1 has built the node's view.

        Raises:
            NodeError: it ended while it tried.
            TimeoutError: it did not even begin.
        """
        until(f"{self._path.stem} listens", self._path.exists, within_seconds=within_seconds, every_seconds=0.01)
        until(f"{self._path.stem} answers", self._answers, within_seconds=within_seconds, every_seconds=0.01)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.settimeout(20)
            connection.connect(str(self._path))  # refused between bind and listen: not yet
            self._ask(connection, {"op": "list"})
        return True

    def pid1(self) -> int:
        """PID 1 of the node as the machine numbers it."""
        with self._connected() as connection:
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", credentials)[0])

    def start(self, name: str, argv: Sequence[str], env: Mapping[str, str], log: Path) -> int:
        """Start a program that goes on; returns its pid as the node numbers it."""
        request = {"op": "start", "name": name, "argv": list(argv), "env": dict(env), "once": False}
        with self._connected() as connection, Path(os.devnull).open("rb") as empty, log.open("ab") as out:
            answer = self._ask(connection, request, [empty.fileno(), out.fileno(), out.fileno()])
        return int(answer["pid"])

    def kill(self, name: str, how: signal.Signals) -> bool:
        """Signal a program; False when it does not run."""
        with self._connected() as connection:
            return bool(self._ask(connection, {"op": "kill", "name": name, "signal": int(how)})["killed"])

    def wait(self, name: str, timeout_seconds: float) -> int:
        """Wait for a program's end; its exit code, negative for a signal.

        Raises:
            TimeoutError: it still runs.
        """
        with self._connected(timeout_seconds) as connection:
            return int(self._ask(connection, {"op": "wait", "name": name})["code"])

    def programs(self) -> dict[str, bool]:
        """Every program that was started since boot, and whether it runs."""
        with self._connected() as connection:
            listed = self._ask(connection, {"op": "list"})
        return {name: child["code"] is None for name, child in listed.items()}

    def run(self, argv: Sequence[str], env: Mapping[str, str], *, stdin: str, timeout_seconds: float) -> Finished:
        """Run a command to its end.

        Raises:
            NodeError: it could not be started, or the node went down meanwhile.
            TimeoutError: it took too long, and was killed.
        """
        name = f"run-{os.getpid()}-{time.monotonic_ns()}-{next(self._numbers)}"
        request = {"op": "start", "name": name, "argv": list(argv), "env": dict(env), "once": True}
        with contextlib.ExitStack() as stack:
            given, output, error = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(3))
            given.write(stdin.encode())
            given.seek(0)
            connection = stack.enter_context(self._connected(timeout_seconds))
            self._ask(connection, request, [file.fileno() for file in (given, output, error)])
            try:
                code = self._ask(connection, {"op": "wait", "name": name})["code"]
            except TimeoutError:
                self.kill(name, signal.SIGKILL)
                connection.settimeout(END_OF_KILLED_SECONDS)
                connection.recv(PACKET_BYTES)  # the answer to the wait above: the program has ended and is forgotten
                raise TimeoutError(f"{' '.join(argv)}: still ran after {timeout_seconds:g} s") from None
            return Finished(code=code, output=_text(output), error=_text(error))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
