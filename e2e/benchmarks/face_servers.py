"""A simulated API server and a real one, each as processes of their own on loopback, and a client of both.

Ours is ``spidersim up`` without nodes, the real one etcd and kube-apiserver without anybody who watches. The client is
``http.client`` on one kept connection, so that what differs is the server.
"""

import http.client
import json
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from e2e.benchmarks.direct_face import CLAIMS, CLAIMS_DEFINITION
from e2e.benchmarks.figure import SkippedError, middle
from e2e.conformance.control_plane import control_plane
from e2e.conformance.faces import ADMIN, token_of

Json = dict[str, Any]
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
START_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where one is, how it is spoken to, how long it took from its first process to ready, and ours as a process."""

    port: int
    headers: Json
    start_seconds: float
    pid: int = 0

    def connect(self) -> http.client.HTTPSConnection:
        """A connection of its own; the certificates are the servers' own, on loopback."""
        context = ssl._create_unverified_context()  # noqa: SLF001
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=60)


class Client:
    """One kept connection."""

    def __init__(self, server: Server) -> None:
        self._headers = server.headers
        self._connection = server.connect()

    def ask(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> bytes:
        """One call, which must succeed."""
        data = None if body is None else json.dumps(body)
        self._connection.request(method, path, data, {**self._headers, "Content-Type": content_type})
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]!r}")
        return text

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def start_seconds(count: int) -> float:
    """Median seconds of so many starts of ``spidersim up``, from its first process to ready."""
    taken = []
    for _ in range(count):
        with simulated() as server:
            taken.append(server.start_seconds)
    return middle(taken)


@contextmanager
def simulated() -> Iterator[Server]:
    """``spidersim up``, ready."""
    with tempfile.TemporaryDirectory(prefix="spidersim-bench-") as folder:
        file = Path(folder) / "kubeconfig"
        program = Path(sys.executable).parent / "spidersim"
        began = time.perf_counter()
        process = subprocess.Popen(
            [str(program), "up", "--nodes", "0", "--port", "0", "--kubeconfig", str(file)],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            url = _ready(process)
            started = time.perf_counter() - began
            yield Server(
                port=urlsplit(url).port or 443, headers=_credentials(file), start_seconds=started, pid=process.pid
            )
        finally:
            process.terminate()
            process.wait(timeout=10)


def _ready(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("ready "):
            return line.split()[1]
    raise SkippedError("spidersim up did not become ready")


def _credentials(kubeconfig: Path) -> Json:
    user = yaml.safe_load(kubeconfig.read_text())["users"][0]["user"]
    return {"Authorization": f"Bearer {user['token']}"}


@contextmanager
def real(folder: Path) -> Iterator[Server]:
    """Etcd and kube-apiserver, ready."""
    began = time.perf_counter()
    with control_plane(folder) as running:
        started = time.perf_counter() - began
        yield Server(port=running.port, headers={"Authorization": f"Bearer {token_of(ADMIN)}"}, start_seconds=started)


def install(server: Server) -> None:
    """Define the claims, and wait until they are served."""
    client = Client(server)
    client.ask("POST", DEFINITIONS, CLAIMS_DEFINITION)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            client.ask("GET", CLAIMS)
            break
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    client.close()
