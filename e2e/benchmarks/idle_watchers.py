"""What 1,000 watchers cost who hear nothing: memory of the server, and time of those who do hear something.

Each watcher has a connection of its own over HTTPS and waits for a claim of another name. The one that is measured
waits for the claims that are written; how long it takes from the write to the word is compared with the same server
before the others came.
"""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPResponse, HTTPSConnection
from pathlib import Path

from e2e.benchmarks.direct_face import CLAIMS, claim
from e2e.benchmarks.face_servers import Client, Server, install, real, simulated
from e2e.benchmarks.figure import Figure, middle
from e2e.conformance.control_plane import programs

WATCHERS, WRITES, WATCH_SECONDS = 1000, 100, 300


def run() -> Iterator[Figure]:
    """1,000 idle watchers over HTTPS: memory of each, and what they take from those who hear something."""
    folder = programs()
    with ExitStack() as running:
        ours = running.enter_context(simulated())
        theirs = running.enter_context(real(folder)) if folder else None
        install(ours)
        alone, idle_kib, among = _measured(ours)
        yield Figure(
            name="HTTPS: resident memory of an idle watcher",
            value=idle_kib / WATCHERS,
            unit="KiB",
            note=f"of {WATCHERS:,}, TLS included",
        )
        yield Figure(
            name="HTTPS: write to word, 1,000 idle watchers / none",
            value=among * 1000,
            floor=alone * 1000,
            unit="ms",
            note=f"p50 of {WRITES}; floor: before they came",
        )
        if theirs is not None:
            install(theirs)
            alone, _, among = _measured(theirs)
            yield Figure(
                name="HTTPS: the same of the real server",
                value=among * 1000,
                floor=alone * 1000,
                unit="ms",
                note=f"p50 of {WRITES}; floor: before they came",
            )


def _measured(server: Server) -> tuple[float, float, float]:
    """Seconds from a write to its word, KiB of all idle watchers, and the seconds beside them."""
    client = Client(server)
    hearing, heard = _watch(server, "")
    alone = _heard_after(client, heard, 0)
    before = _resident_kib(server)
    idle = [_watch(server, f"metadata.name=none-{number}") for number in range(WATCHERS)]
    grown = _resident_kib(server) - before
    among = _heard_after(client, heard, WRITES)
    for connection, _ in (*idle, (hearing, heard)):
        connection.close()
    client.close()
    return alone, grown, among


def _watch(server: Server, selector: str) -> tuple[HTTPSConnection, HTTPResponse]:
    """A watch from now on, whose head has come."""
    connection = server.connect()
    path = f"{CLAIMS}?watch=true&resourceVersion=0&timeoutSeconds={WATCH_SECONDS}&fieldSelector={selector}"
    connection.request("GET", path, headers=server.headers)
    return connection, connection.getresponse()


def _heard_after(client: Client, heard: HTTPResponse, first: int) -> float:
    """Median seconds from a write to its word."""
    took = []
    for number in range(first, first + WRITES):
        began = time.perf_counter()
        client.ask("POST", CLAIMS, claim(number))
        name = claim(number)["metadata"]["name"]
        while json.loads(heard.readline())["object"]["metadata"]["name"] != name:
            pass
        took.append(time.perf_counter() - began)
    return middle(took)


def _resident_kib(server: Server) -> int:
    """Of ours; the real one is several processes with a garbage collector, and not asked."""
    if not server.pid:
        return 0
    lines = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])
