"""The IPAM plugin as a process: the effects of ``protocol.py`` as system calls.

It imports built-in modules only (``posix``, ``time``, ``_socket``), because every other import costs more than the call
itself. ``python -m spiderpool.plugin.build`` makes one executable file of this and the modules beside it. Whatever goes
wrong here, stdout carries one JSON object or nothing; the traceback goes to stderr.

The syntax is that of Python 3.9.
"""

from __future__ import annotations

import _socket
import posix
import sys
import time

from spiderpool.plugin.protocol import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

SPOOL_FOLDER = b"/var/lib/spidernet/spool"
CHUNK = 1 << 16
INTERNAL_ERROR = b'{"cniVersion":"1.1.0","code":999,"msg":"defect in the spiderpool plugin","details":"its stderr has the traceback"}\n'
LONG_BYTES = 8 if sys.maxsize > 1 << 32 else 4


class SystemCalls:
    """One method for each effect, under the effect's name."""

    def __init__(self) -> None:
        self.parent = posix.getppid()
        self.socket: Any = None
        self.until = 0.0
        self.printed = False

    def clock(self) -> int:
        """CLOCK_BOOTTIME in nanoseconds."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def stdin(self) -> bytes:
        """All of stdin."""
        chunks = []
        chunk = posix.read(0, CHUNK)
        while chunk:
            chunks.append(chunk)
            chunk = posix.read(0, CHUNK)
        return b"".join(chunks)

    def stdout(self, data: bytes) -> None:
        """Write all of it."""
        self.printed = True
        write_all(1, data)

    def parent_alive(self) -> bool:
        """A process whose parent died has another one."""
        return posix.getppid() == self.parent

    def connect(self, path: bytes, seconds: float) -> None:
        """Connect, waiting while the agent's backlog is full.

        The timeouts are the kernel's: with those of Python the socket would not block, and a connect to a full
        backlog would fail at once.
        """
        self.until = time.monotonic() + seconds  # noqa: TID251  the Clock port is the agent's; the plugin is its own root
        self.socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        self.limit(_socket.SO_SNDTIMEO)
        in_time(lambda: self.socket.connect(path))

    def send(self, data: bytes) -> None:
        """Send all of it."""
        rest = memoryview(data)
        while rest:
            self.limit(_socket.SO_SNDTIMEO)
            rest = rest[in_time(lambda rest=rest: self.socket.send(rest)) :]

    def receive(self) -> bytes:
        """Some bytes; none at the end."""
        self.limit(_socket.SO_RCVTIMEO)
        data: bytes = in_time(lambda: self.socket.recv(CHUNK))
        return data

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def spool(self, name: bytes, data: bytes) -> None:
        """Write a file that outlives a power cut: temporary name, fsync, rename, fsync of the folder."""
        make_folder(SPOOL_FOLDER)
        temporary = SPOOL_FOLDER + b"/." + name + b".tmp"
        file = posix.open(temporary, posix.O_WRONLY | posix.O_CREAT | posix.O_TRUNC | posix.O_CLOEXEC, 0o600)
        try:
            write_all(file, data)
            posix.fsync(file)
        finally:
            posix.close(file)
        posix.rename(temporary, SPOOL_FOLDER + b"/" + name)
        sync_folder(SPOOL_FOLDER)

    def limit(self, option: int) -> None:
        """Give the next call on the socket what is left of the budget."""
        left = int((self.until - time.monotonic()) * 1_000_000)  # noqa: TID251  as above
        if left <= 0:
            raise TimeoutError("timed out")
        seconds, micros = divmod(left, 1_000_000)
        value = seconds.to_bytes(LONG_BYTES, sys.byteorder) + micros.to_bytes(LONG_BYTES, sys.byteorder)
        self.socket.setsockopt(_socket.SOL_SOCKET, option, value)


def in_time(call: Any) -> Any:
    """Do it; that it ran into the kernel's timeout is said in plain words."""
    try:
        return call()
    except BlockingIOError:
        raise TimeoutError("timed out") from None


def write_all(file: int, data: bytes) -> None:
    """Write all bytes; the kernel may take them in parts."""
    rest = memoryview(data)
    while rest:
        rest = rest[posix.write(file, rest) :]


def make_folder(path: bytes) -> None:
    """Make a folder and those above it; each new name is on disk before it is used."""
    try:
        posix.mkdir(path, 0o700)
    except FileExistsError:
        return
    except FileNotFoundError:
        make_folder(path.rpartition(b"/")[0])
        posix.mkdir(path, 0o700)
    sync_folder(path.rpartition(b"/")[0] or b"/")


def sync_folder(path: bytes) -> None:
    """Bring a folder's names to disk."""
    folder = posix.open(path, posix.O_RDONLY | posix.O_DIRECTORY | posix.O_CLOEXEC)
    try:
        posix.fsync(folder)
    finally:
        posix.close(folder)


def occupy_standard_files() -> None:
    """Where 0, 1 or 2 is closed, put something that cannot be written, lest a socket gets that number."""
    while True:
        file = posix.open(b"/dev/null", posix.O_RDONLY | posix.O_CLOEXEC)
        if file > 2:
            posix.close(file)
            return


def drive(effects: Generator[tuple[Any, ...], Any, int], calls: SystemCalls) -> int:
    """Do what the generator asks until it returns the exit code."""
    outcome: Any = None
    failure: OSError | None = None
    while True:
        try:
            effect = effects.send(outcome) if failure is None else effects.throw(failure)
        except StopIteration as end:
            code: int = end.value
            return code
        outcome, failure = None, None
        try:
            outcome = getattr(calls, effect[0])(*effect[1:])
        except OSError as error:
            failure = error


def main() -> int:
    """One call; what nobody foresaw becomes an error object and a traceback."""
    calls = SystemCalls()
    try:
        occupy_standard_files()
        return drive(run(posix.environ), calls)
    except BaseException:  # noqa: BLE001  the last one before the runtime
        sys.excepthook(*sys.exc_info())
        if not calls.printed:
            try:
                write_all(1, INTERNAL_ERROR)
            except OSError:
                return 1
        return 1


if __name__ == "__main__":
    # without the interpreter's clean-up, which takes longer than the call
    posix._exit(main())  # noqa: SLF001  its public name would need the module `os`
