"""The simulated API server over HTTPS against a real kube-apiserver with etcd: the same calls by the same client.

The client is ``http.client`` on one kept connection, so that what differs is the server. Both run as processes of
their own on loopback: ours is ``spidersim up`` without nodes, the real one etcd and kube-apiserver without anybody who
watches. A claim is a custom resource of about 500 bytes.
"""

import http.client
import json
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from e2e.benchmarks.direct_face import CLAIMS, CLAIMS_DEFINITION, MERGE, claim
from e2e.benchmarks.figure import Figure, SkippedError, middle, value_at_most
from e2e.conformance.control_plane import control_plane, programs
from e2e.conformance.faces import ADMIN, token_of

Json = dict[str, Any]
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
CALLS, LISTS, TOGETHER = 300, 20, 8
START_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where one is, how it is spoken to, and how long it took from its first process to ready."""

    port: int
    headers: Json
    start_seconds: float

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


def run() -> Iterator[Figure]:
    """The simulated API server over HTTPS against a real one: the same calls by the same client."""
    folder = programs()
    if folder is None:
        raise SkippedError("kube-apiserver and etcd are not there: `make tools` builds them")
    with ExitStack() as running:
        ours = running.enter_context(_simulated())
        real = running.enter_context(_real(folder))
        yield Figure(
            name="HTTPS: start to ready",
            value=ours.start_seconds * 1000,
            floor=real.start_seconds * 1000,
            unit="ms",
            goal=value_at_most(300),
            note="floor: etcd and kube-apiserver",
        )
        for server in (ours, real):
            _install(server)
        for name, make in _calls().items():
            mine, theirs = _in_turn(ours, real, make)
            yield Figure(
                name=f"HTTPS: {name}",
                value=mine * 1000,
                floor=theirs * 1000,
                unit="ms",
                note=f"p50 of {CALLS if 'list' not in name else LISTS}; floor: the real server",
            )
        for name, work in (("create", _created), ("get", _read)):
            mine, theirs = _together(ours, work), _together(real, work)
            yield Figure(
                name=f"HTTPS: {name}s by {TOGETHER} clients",
                value=mine,
                floor=theirs,
                unit="1/s",
                note="floor: the real server; the clients share one process",
            )
        yield Figure(
            name="HTTPS: watch deliveries",
            value=_deliveries(ours),
            floor=_deliveries(real),
            unit="1/s",
            note="of 1,000 past",
        )


@contextmanager
def _simulated() -> Iterator[Server]:
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
            yield Server(port=urlsplit(url).port or 443, headers=_credentials(file), start_seconds=started)
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
def _real(folder: Path) -> Iterator[Server]:
    began = time.perf_counter()
    with control_plane(folder) as running:
        started = time.perf_counter() - began
        yield Server(port=running.port, headers={"Authorization": f"Bearer {token_of(ADMIN)}"}, start_seconds=started)


def _install(server: Server) -> None:
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


Call = Callable[[Client, int], object]


def _calls() -> dict[str, Call]:
    """In order: what is created first is read, changed, listed and deleted later."""

    def update(client: Client, number: int) -> None:
        old = json.loads(client.ask("GET", f"{CLAIMS}/claim-{number:06}"))
        client.ask("PUT", f"{CLAIMS}/claim-{number:06}", {**old, "spec": {**old["spec"], "node": "n1"}})

    changed = {"spec": {"state": "Cooling"}}
    return {
        "create": _created,
        "get": _read,
        "get and update": update,
        "merge patch": lambda client, n: client.ask("PATCH", f"{CLAIMS}/claim-{n:06}", changed, MERGE),
        "list of 300": lambda client, _: client.ask("GET", CLAIMS),
        "delete": lambda client, number: client.ask("DELETE", f"{CLAIMS}/claim-{number:06}"),
    }


def _created(client: Client, number: int) -> object:
    return client.ask("POST", CLAIMS, claim(number))


def _read(client: Client, number: int) -> object:
    return client.ask("GET", f"{CLAIMS}/claim-{number:06}")


def _in_turn(ours: Server, real: Server, call: Call) -> tuple[float, float]:
    """Median seconds of one call at each, asked one after the other."""
    clients = [Client(server) for server in (ours, real)]
    took: list[list[float]] = [[], []]
    for number in range(CALLS):
        for samples, client in zip(took, clients, strict=True):
            began = time.perf_counter()
            call(client, number)
            samples.append(time.perf_counter() - began)
    for client in clients:
        client.close()
    return middle(took[0]), middle(took[1])


def _together(server: Server, call: Call) -> float:
    """Calls a second by some clients at once."""
    clients = [Client(server) for _ in range(TOGETHER)]

    def work(position: int) -> None:
        for number in range(CALLS):
            call(clients[position], 100_000 + position * CALLS + number)

    threads = [threading.Thread(target=work, args=(position,)) for position in range(TOGETHER)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    for client in clients:
        client.close()
    return TOGETHER * CALLS / seconds


def _deliveries(server: Server) -> float:
    """Events a second of a watch that begins 1,000 writes ago."""
    client = Client(server)
    revision = json.loads(client.ask("GET", CLAIMS + "?limit=1"))["metadata"]["resourceVersion"]
    for number in range(1000):
        client.ask("POST", CLAIMS, claim(200_000 + number))
    client.close()
    connection = server.connect()
    began = time.perf_counter()
    connection.request(
        "GET", f"{CLAIMS}?watch=true&timeoutSeconds=20&resourceVersion={revision}", headers=server.headers
    )
    answer = connection.getresponse()
    for _ in range(1000):
        assert answer.readline()
    seconds = time.perf_counter() - began
    connection.close()
    return 1000 / seconds
