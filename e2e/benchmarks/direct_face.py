"""The simulated API server by direct calls: what a request costs, and how that grows with watchers and with the store.

One thread, virtual time, nothing else in the loop: what is timed is the server's own code. Each figure is the best of
some rounds, which is the one least disturbed. A claim here is a custom resource with a schema and no rules, about as
large as the product's.
"""

import asyncio
import gc
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

from e2e.benchmarks.figure import Figure, ratio_at_most
from simulator.kernel.clock import VirtualClock
from simulator.kernel.loop import SimLoop
from simulator.kernel.tape import Tape
from simulator.kube.api import ApiRequest
from simulator.kube.server.api_server import ApiServer

Json = dict[str, Any]
PODS = "/api/v1/namespaces/default/pods"
CLAIMS = "/apis/bench.test/v1/claims"
MERGE = "application/merge-patch+json"
ROUNDS, CALLS = 5, 1000
WATCHERS = (1, 100, 1000)
HEARERS = 100
SIZES = (1_000, 10_000, 100_000)
PODS_KEPT, CLAIMS_KEPT = 10_000, 20_000


_TEXTS = {name: {"type": "string"} for name in ("address", "pool", "state", "owner", "node")}
_SCHEMA = {"type": "object", "properties": {"spec": {"type": "object", "properties": _TEXTS}}}
CLAIMS_DEFINITION: Json = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "claims.bench.test"},
    "spec": {
        "group": "bench.test",
        "scope": "Cluster",
        "names": {"plural": "claims", "singular": "claim", "kind": "Claim", "listKind": "ClaimList"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": _SCHEMA}}],
    },
}


class _Draws:
    """A server's entropy from a tape."""

    def __init__(self) -> None:
        self._tape = Tape(7, record=False)

    def below(self, bound: int) -> int:
        return self._tape.choose("server/entropy", bound)


class Bench:
    """A server on a loop of its own, and ways to time what is asked of it."""

    def __init__(self) -> None:
        self.loop = SimLoop()
        self.server = ApiServer(VirtualClock(self.loop), _Draws())
        self.do(self._install())

    def do(self, work: Awaitable[Any]) -> Any:
        """Run to the end."""
        return self.loop.run_until_complete(work)

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Json:
        """One request, which must succeed."""
        answer = await self.server.request(ApiRequest(method=method, path=path, body=body, **more))
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.body}")
        return answer.body

    async def _install(self) -> None:
        await self.ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", CLAIMS_DEFINITION)

    async def fill(self, first: int, count: int) -> None:
        """Create claims."""
        for number in range(first, first + count):
            await self.ask("POST", CLAIMS, claim(number))

    def close(self) -> None:
        """End the loop."""
        self.do(self.loop.shutdown_asyncgens())
        self.loop.close()


def claim(number: int) -> Json:
    """A custom resource."""
    spec = {"address": f"10.0.{number // 250}.{number % 250}/16", "pool": "p", "state": "Claimed", "owner": "u" * 36}
    return {
        "apiVersion": "bench.test/v1",
        "kind": "Claim",
        "metadata": {"name": f"claim-{number:06}", "labels": {"pool": "p", "only": str(number)}},
        "spec": spec,
    }


def pod(number: int, node: str) -> Json:
    """A pod that is bound."""
    container = {"name": "main", "image": "busybox:1.36", "command": ["sleep", "infinity"]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"pod-{number:06}", "labels": {"app": "web", "slot": str(number % 1000)}},
        "spec": {"containers": [container], "nodeName": node},
    }


def best_seconds(bench: Bench, work: Callable[[int], Awaitable[object]], calls: int = CALLS) -> float:
    """Seconds of one call: the best of some rounds, each with numbers of its own."""

    async def once(round_number: int) -> float:
        began = time.perf_counter()
        for number in range(round_number * calls, (round_number + 1) * calls):
            await work(number)
        return (time.perf_counter() - began) / calls

    gc.collect()
    seconds: list[float] = [bench.do(once(round_number)) for round_number in range(ROUNDS)]
    return min(seconds)


def run() -> Iterator[Figure]:
    """The simulated API server by direct calls: microseconds a call, growth with watchers and objects, memory."""
    yield from _calls()
    yield from _watchers()
    yield from _sizes()
    yield _memory()


def _calls() -> Iterator[Figure]:
    began = time.perf_counter()
    bench = Bench()
    started = time.perf_counter() - began
    ask, total = bench.ask, CALLS * ROUNDS
    changed = {"spec": {"state": "Cooling"}}

    async def put(number: int) -> None:
        old = await ask("GET", f"{CLAIMS}/claim-{number:06}")
        await ask("PUT", f"{CLAIMS}/claim-{number:06}", {**old, "spec": {**old["spec"], "node": "n1"}})

    rows: list[tuple[str, Callable[[int], Awaitable[object]], int]] = [
        ("create", lambda number: ask("POST", CLAIMS, claim(number)), CALLS),
        ("get", lambda number: ask("GET", f"{CLAIMS}/claim-{number:06}"), CALLS),
        ("get and update", put, CALLS),
        ("merge patch", lambda n: ask("PATCH", f"{CLAIMS}/claim-{n:06}", changed, content_type=MERGE), CALLS),
        (f"list of {CALLS}", lambda _: ask("GET", CLAIMS, query={"limit": str(CALLS)}), 20),
        ("delete", lambda number: ask("DELETE", f"{CLAIMS}/claim-{number:06}"), CALLS),
    ]
    yield Figure(name="direct: server with one definition, start", value=started * 1000, unit="ms")
    for name, work, calls in rows:
        seconds = best_seconds(bench, work, calls)
        yield Figure(
            name=f"direct: {name}", value=seconds * 1e6, unit="us", note=f"{1 / seconds:,.0f}/s, {total:,} claims"
        )
    bench.close()


def _watchers() -> Iterator[Figure]:
    """One update of a pod, while each of so many nodes watches its own pods; and one that all watch."""
    costs: list[float] = []
    for count in WATCHERS:
        bench = Bench()
        feeds = [bench.do(_watch(bench, {"fieldSelector": f"spec.nodeName=n{node}"})) for node in range(count)]
        bench.do(bench.ask("POST", PODS, pod(0, "n0")))
        costs.append(best_seconds(bench, partial(_touch, bench)))
        heard = [len(feed.queue) for feed in feeds]
        assert heard[0] > CALLS, heard[:3]
        assert not any(heard[1:]), "others heard of a pod that is not theirs"
        bench.close()
    note = ", ".join(f"{count:,}: {cost * 1e6:.0f} us" for count, cost in zip(WATCHERS, costs, strict=True))
    yield Figure(
        name="direct: update of a pod, 1,000 nodes watching their own / 1 node",
        value=costs[-1] * 1e6,
        floor=costs[0] * 1e6,
        unit="us",
        goal=ratio_at_most(1.25),
        note=note,
    )
    bench = Bench()
    for _ in range(100):
        bench.do(_watch(bench, {}))
    bench.do(bench.ask("POST", PODS, pod(0, "n0")))
    seconds = best_seconds(bench, partial(_touch, bench), 100)
    yield Figure(name="direct: deliveries to 100 watchers of all", value=100 / seconds, unit="1/s")
    bench.close()


async def _watch(bench: Bench, query: Json) -> Any:
    return bench.server.open(ApiRequest(method="GET", path=PODS, query=query))


async def _touch(bench: Bench, number: int) -> None:
    body = {"metadata": {"annotations": {"seen": str(number)}}}
    await bench.ask("PATCH", f"{PODS}/pod-000000", body, content_type=MERGE)


def _sizes() -> Iterator[Figure]:
    """What costs more when there is more."""
    bench, filled = Bench(), 0
    costs: dict[str, list[float]] = {}
    for size in SIZES:
        bench.do(bench.fill(filled, size - filled))
        filled = size
        for name, work, calls in _growing(bench, size):
            costs.setdefault(name, []).append(best_seconds(bench, work, calls))
        feeds = [bench.do(_follow(bench)) for _ in range(HEARERS)]
        heard = best_seconds(bench, partial(_patched, bench, f"heard-{size}"), 50)
        costs.setdefault(f"patch that {HEARERS} watchers hear of", []).append(heard)
        assert all(len(feed.queue) > ROUNDS for feed in feeds), "not everybody has heard"
        for feed in feeds:
            feed.close()
    for name, seconds in costs.items():
        note = ", ".join(f"{size:,}: {cost * 1e6:,.0f} us" for size, cost in zip(SIZES, seconds, strict=True))
        yield Figure(
            name=f"direct: {name}, {SIZES[-1]:,} claims / {SIZES[0]:,}",
            value=seconds[-1] * 1e6,
            floor=seconds[0] * 1e6,
            unit="us",
            goal=ratio_at_most(2),
            note=note,
        )
    bench.close()


async def _follow(bench: Bench) -> Any:
    """A watch of all claims from now on."""
    revision = (await bench.ask("GET", CLAIMS, query={"limit": "1"}))["metadata"]["resourceVersion"]
    return bench.server.open(ApiRequest(method="GET", path=CLAIMS, query={"resourceVersion": revision}))


def _growing(bench: Bench, size: int) -> list[tuple[str, Callable[[int], Awaitable[object]], int]]:
    ask = bench.ask
    page = {"limit": "500"}
    return [
        ("get", lambda number: ask("GET", f"{CLAIMS}/claim-{number % SIZES[0]:06}"), 200),
        ("patch", lambda number: _patched(bench, str(size), number), 200),
        ("list of 1 by a label", lambda _: ask("GET", CLAIMS, query={"labelSelector": "only=1"}), 10),
        ("page of 500", lambda _: ask("GET", CLAIMS, query=page), 10),
    ]


async def _patched(bench: Bench, node: str, number: int) -> None:
    """A change: to a node that the claim has not been on."""
    body = {"spec": {"node": f"{node}-{number}"}}
    await bench.ask("PATCH", f"{CLAIMS}/claim-{number % SIZES[0]:06}", body, content_type=MERGE)


def _memory() -> Figure:
    """Measured in a process of its own."""
    code = "from e2e.benchmarks.direct_face import keep; keep()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    empty, full = (int(word) for word in done.stdout.split())
    return Figure(
        name=f"direct: memory of {PODS_KEPT:,} pods and {CLAIMS_KEPT:,} claims",
        value=(full - empty) / 1024,
        unit="MiB",
        note=f"{full / 1024:.0f} MiB in all, {(full - empty) * 1024 / (PODS_KEPT + CLAIMS_KEPT):,.0f} bytes an object",
    )


def keep() -> None:
    """Print the resident KiB before and after the objects were made."""
    bench = Bench()
    before = _resident_kib()

    async def fill() -> None:
        for number in range(PODS_KEPT):
            await bench.ask("POST", PODS, pod(number, f"n{number % 100}"))
        await bench.fill(0, CLAIMS_KEPT)
        await asyncio.sleep(600)  # the history of the writes is forgotten meanwhile
        await bench.ask("POST", PODS, pod(PODS_KEPT, "n0"))
        await bench.fill(CLAIMS_KEPT, 1)

    bench.do(fill())
    gc.collect()
    print(before, _resident_kib())


def _resident_kib() -> int:
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123  a line of it
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
