"""PID 1 of a node: builds the node's private view of the machine, then starts and ends its programs on request.

Runs as a script (standard library only) inside new mount, pid, uts, ipc and cgroup namespaces and the node's network
namespace. The file system is the machine's, except for the paths that the node gets its own of: ``/proc``, ``/sys``,
``/run``, what ``binds`` lists, and files with a value of the node's own such as its boot id.

One request per packet on a SOCK_SEQPACKET socket, JSON in and out:

    {"op": "start", "name", "argv", "env", "once"} + descriptors for stdin, stdout, stderr    -> {"pid": 17}
    {"op": "wait", "name"}              -> {"code": 0}, when it has ended
    {"op": "kill", "name", "signal"}    -> {"killed": true}
    {"op": "list"}                      -> {"kubelet": {"pid": 17, "code": null}, ...}

Killing this process from outside is the node's power cut: the kernel ends every process of the pid namespace, and the
private mounts go with them.
"""

import contextlib
import ctypes
import json
import os
import selectors
import signal
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NOSUID, NODEV, NOEXEC, BIND, REC, PRIVATE, SHARED = 2, 4, 8, 0x1000, 0x4000, 1 << 18, 1 << 20
STRICT = NOSUID | NODEV | NOEXEC
DETACH = 2
PACKET_BYTES = 1 << 17

LIBC = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str, kind: str | None = None, flags: int = 0, options: str | None = None) -> None:
    """Mount as the system call does.

    Raises:
        OSError: with a sentence that names both ends.
    """
    texts = [None if text is None else text.encode() for text in (source, target, kind, options)]
    if LIBC.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3]) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount {kind or 'bind'} {source} on {target}: {os.strerror(number)}")


def forget_mounts_below(folder: str) -> None:
    """Let go of the copies of other nodes' namespace mounts: held here, those namespaces would live on without them."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        point = line.split(" ")[4]
        if point.startswith(folder + "/"):
            LIBC.umount2(point.encode(), DETACH)


def mount_cgroups(hierarchies: list[str]) -> None:
    """Mount every hierarchy again: through the cgroup namespace, each shows the node's own cgroup as its root."""
    mount("tmpfs", "/sys/fs/cgroup", "tmpfs", STRICT, "mode=755")
    for controllers in hierarchies:
        name = controllers.removeprefix("name=")
        folder = Path("/sys/fs/cgroup") / name
        folder.mkdir()
        options = f"none,{controllers}" if controllers.startswith("name=") else controllers
        mount("cgroup", str(folder), "cgroup", STRICT, options)
        for alias in name.split(",") if "," in name else ():
            (folder.parent / alias).symlink_to(name)


def build_view(spec: dict[str, Any]) -> None:
    """Give the node its own paths. ``/`` is private from the first step and shared at the last: pods want propagation."""
    mount("none", "/", flags=REC | PRIVATE)
    forget_mounts_below(spec["run_folder"])
    mount("proc", "/proc", "proc", STRICT)
    mount("sysfs", "/sys", "sysfs", STRICT)  # a new one shows the devices of this network namespace
    mount_cgroups(spec["hierarchies"])
    mount("tmpfs", "/run", "tmpfs", NOSUID | NODEV, "mode=755")
    for source, target in spec["binds"]:
        mount(source, target, flags=BIND)
    own = Path("/run/own-files")
    own.mkdir()
    for path, text in spec["files"].items():
        file = own / path.strip("/").replace("/", "_")
        file.write_text(text)
        mount(str(file), path, flags=BIND)
    mount("none", "/", flags=REC | SHARED)
    for path, text in spec["sysctls"].items():
        Path(path).write_text(text)


@dataclass(slots=True, kw_only=True)
class Child:
    """A program that was started under a name, and who waits for its end."""

    pid: int
    once: bool
    code: int | None = None
    waiting: list[socket.socket] = field(default_factory=list)


class Init:
    """One loop over requests and ended children."""

    def __init__(self, listener: socket.socket) -> None:
        self._children: dict[str, Child] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ, self._accept)
        ended, wake = socket.socketpair()
        wake.setblocking(False)
        ended.setblocking(False)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._wake = wake
        self._selector.register(ended, selectors.EVENT_READ, self._reap)

    def serve(self) -> None:
        """Answer until the power is cut."""
        while True:
            for key, _ in self._selector.select():
                key.data(key.fileobj)

    def _accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        self._selector.register(connection, selectors.EVENT_READ, self._request)

    def _request(self, connection: socket.socket) -> None:
        descriptors: list[int] = []
        try:
            packet, descriptors, _, _ = socket.recv_fds(connection, PACKET_BYTES, 3)
            answer = self._handle(json.loads(packet), descriptors, connection) if packet else None
        except Exception as error:  # noqa: BLE001  a bad request must not end PID 1
            answer, packet = {"error": f"{type(error).__name__}: {error}"}, b"?"
        for descriptor in descriptors:
            os.close(descriptor)
        if not packet:
            self._selector.unregister(connection)
            for child in self._children.values():
                child.waiting = [waiting for waiting in child.waiting if waiting is not connection]
            connection.close()
        elif answer is not None:
            self._send(connection, answer)

    def _send(self, connection: socket.socket, answer: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # who asked may have gone
            connection.send(json.dumps(answer).encode())

    def _handle(
        self, request: dict[str, Any], descriptors: list[int], connection: socket.socket
    ) -> dict[str, Any] | None:
        match request["op"]:
            case "start":
                return {"pid": self._start(request, descriptors)}
            case "wait":
                self._children[request["name"]].waiting.append(connection)
                self._answer_waiting(request["name"])
                return None
            case "kill":
                child = self._children.get(request["name"])
                if child is None or child.code is not None:
                    return {"killed": False}
                os.kill(child.pid, request["signal"])
                return {"killed": True}
            case "list":
                return {name: {"pid": child.pid, "code": child.code} for name, child in self._children.items()}
            case other:
                return {"error": f"unknown op {other!r}"}

    def _start(self, request: dict[str, Any], descriptors: list[int]) -> int:
        name = request["name"]
        if name in self._children and self._children[name].code is None:
            raise ValueError(f"{name} already runs")
        placed: list[Any] = [(os.POSIX_SPAWN_DUP2, held, wanted) for wanted, held in enumerate(descriptors)]
        placed += [(os.POSIX_SPAWN_CLOSE, held) for held in descriptors]
        argv = request["argv"]
        pid = os.posix_spawnp(
            argv[0],
            argv,
            request["env"],
            file_actions=placed,
            setsid=True,
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],  # Python ignores them; programs expect the default
        )
        self._children[name] = Child(pid=pid, once=request["once"])
        return pid

    def _reap(self, ended: socket.socket) -> None:
        """Collect every ended child, orphans of containers included: they are all handed to PID 1."""
        with contextlib.suppress(BlockingIOError):
            while ended.recv(64):
                pass
        names = {child.pid: name for name, child in self._children.items() if child.code is None}
        with contextlib.suppress(ChildProcessError):
            while (outcome := os.waitpid(-1, os.WNOHANG))[0]:
                name = names.get(outcome[0])
                if name is not None:
                    self._children[name].code = os.waitstatus_to_exitcode(outcome[1])
                    self._answer_waiting(name)

    def _answer_waiting(self, name: str) -> None:
        child = self._children[name]
        if child.code is None or not child.waiting:
            return
        for connection in child.waiting:
            self._send(connection, {"code": child.code})
        child.waiting.clear()
        if child.once:
            del self._children[name]


def main() -> None:
    """Become PID 1 of the node that the first argument describes."""
    spec = json.loads(sys.argv[1])
    os.chdir("/")
    socket.sethostname(spec["hostname"])
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(spec["socket"])  # before /run is hidden, so that the machine sees it
    listener.listen(64)
    build_view(spec)
    Init(listener).serve()


if __name__ == "__main__":
    main()
