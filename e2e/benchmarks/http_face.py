"""The simulated API server over HTTPS against a real kube-apiserver with etcd: the same calls by the same client.

The servers and the client are those of ``face_servers.py``. A claim is a custom resource of about 500 bytes.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from e2e.benchmarks.direct_face import CLAIMS, MERGE, claim
from e2e.benchmarks.face_servers import Client, Server, install, simulated, start_seconds
from e2e.benchmarks.face_servers import real as real_one
from e2e.benchmarks.figure import Figure, SkippedError, middle, value_at_most
from e2e.conformance.control_plane import programs

Json = dict[str, Any]
CALLS, LISTS, TOGETHER, STARTS = 300, 20, 8, 5


def run() -> Iterator[Figure]:
    """The simulated API server over HTTPS against a real one: the same calls by the same client."""
    folder = programs()
    if folder is None:
        raise SkippedError("kube-apiserver and etcd are not there: `make tools` builds them")
    started = start_seconds(STARTS)
    with ExitStack() as running:
        ours = running.enter_context(simulated())
        real = running.enter_context(real_one(folder))
        yield Figure(
            name="HTTPS: start to ready",
            value=started * 1000,
            floor=real.start_seconds * 1000,
            unit="ms",
            goal=value_at_most(300),
            note=f"p50 of {STARTS}; floor: etcd and kube-apiserver, once",
        )
        for server in (ours, real):
            install(server)
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
