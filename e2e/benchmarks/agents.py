"""Real agents, and a real controller, as processes of their own beside a real API server.

Ten agents in one process would share its memory and one core; as processes they cost what they cost on ten nodes, only
that here they share two cores with the API server and with whoever calls them.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from e2e.backends.local.waiting import until
from e2e.benchmarks.api_server import ApiServer

READY_SECONDS = 60.0
TMPFS = Path("/dev/shm")
ASK = b"GET /v1/runtime/readiness HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentProcess:
    """One running agent; ``start_seconds`` is the time from exec to ready."""

    node: str
    pid: int
    socket: Path
    log: Path
    start_seconds: float

    def rss_mib(self) -> float:
        """Its resident memory."""
        return _status_kib(self.pid, "VmRSS") / 1024

    def cpu_seconds(self) -> float:
        """Time on a core so far, of its main thread, to the nanosecond."""
        return int(Path(f"/proc/{self.pid}/schedstat").read_text().split()[0]) / 1e9


def _status_kib(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise LookupError(name)


@contextmanager
def agents(server: ApiServer, nodes: Sequence[str]) -> Iterator[list[AgentProcess]]:
    """One agent for each node, ready; all are ended after the block."""
    with ExitStack() as stack:
        base = TMPFS if TMPFS.is_dir() else None
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="spiderpool-bench-agents-", dir=base)))
        yield [stack.enter_context(_agent(server, folder / node, node)) for node in nodes]


@contextmanager
def _agent(server: ApiServer, folder: Path, node: str) -> Iterator[AgentProcess]:
    folder.mkdir()
    path = folder / "spiderpool.sock"
    settings = {
        "NODE_NAME": node,
        "IPAM_UNIX_SOCKET_PATH": str(path),
        "HEALTH_PORT": str(_free_port()),
        "ENABLED_METRIC": "false",
        "SPOOL_FOLDER": str(folder / "spool"),
        "JOURNAL_FOLDER": str(folder / "journal"),
    }
    log, began = folder / "agent.log", time.monotonic()
    kubeconfig = server.kubeconfigs["agent"]
    with _process("spiderpool.agent", [f"--kubeconfig={kubeconfig}"], settings, log) as pid:
        until(f"agent {node} ready", lambda: _is_ready(path), within_seconds=READY_SECONDS, every_seconds=0.01)
        yield AgentProcess(node=node, pid=pid, socket=path, log=log, start_seconds=time.monotonic() - began)


@contextmanager
def controller(server: ApiServer) -> Iterator[int]:
    """A controller that leads and keeps the pools' status; gives its pid."""
    health, metrics, webhook = (str(_free_port()) for _ in range(3))
    settings = {"HEALTH_PORT": health, "METRIC_HTTP_PORT": metrics, "WEBHOOK_PORT": webhook}
    arguments = [f"--kubeconfig={server.kubeconfigs['controller']}", f"--webhook-url=https://127.0.0.1:{webhook}"]
    log = server.folder / "controller.log"
    with _process("spiderpool.controller", arguments, settings, log) as pid:
        until("the controller publishes", lambda: _publishes(server), within_seconds=READY_SECONDS)
        yield pid


def _publishes(server: ApiServer) -> bool:
    """Whether every pool has a usage summary."""
    _, answer = server.admin.request("GET", "/apis/spiderpool.spidernet.io/v2beta1/spiderippools")
    return all((pool.get("status") or {}).get("usage") for pool in answer["items"])


@contextmanager
def _process(module: str, arguments: Sequence[str], settings: Mapping[str, str], log: Path) -> Iterator[int]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SPIDERPOOL_")}
    env = {**kept, **{f"SPIDERPOOL_{name}": value for name, value in settings.items()}}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _is_ready(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(str(path))
        client.sendall(ASK)
        return client.recv(64).startswith(b"HTTP/1.1 200")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
