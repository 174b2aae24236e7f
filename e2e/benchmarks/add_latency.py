"""One ADD and one DEL at a time, against bare creates and deletes of a claim, interleaved on the same API server.

An agent runs as a process with real netlink; pods are objects, the network namespace is real. Each round makes one bare
create with the product's own client, one ADD at the agent's socket and one through a plugin process, and undoes all of
it, so that whatever else the machine does meets all of them. A second floor is what no agent can undercut that keeps the
promise about edits: the create, then both verifying reads, sent bare by one client. It is done with few claims in the
pool and again with many: the ledger must cost the same.

An API server that was asked for a consistent LIST less than 100 ms ago lets the next one wait for the rest of them
(docs/benchmarks.md says why). So everything is measured twice: alone, after a pause of more than that, as when a pod
starts on a quiet cluster; and one call right after the other, where each waits. Requests are counted by the API server's audit log; those about the SpiderEndpoint, which
the agent writes later and off the critical path, are counted apart.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from pathlib import Path
from typing import TypeVar

from e2e.benchmarks.cni import Answer, by_process, pool_config
from e2e.benchmarks.figure import Figure, Goal, exactly, middle, percentile, ratio_at_most
from e2e.benchmarks.objects import each, make_pool
from e2e.benchmarks.stage import AGENT_NAME, LATER, PAUSE_SECONDS, Stage, fresh, on_stage
from spiderpool.plugin import build
from spiderpool.resources.claim import SpiderIPAddress
from spiderpool.resources.kinds import CLAIMS, POOLS, RESERVED_IPS
from spiderpool.resources.pool import SpiderIPPool

T = TypeVar("T")
ROUNDS = 40
FEW, MANY = 10, 10_000
Compared = tuple[tuple[str, str, Goal | None], ...]
COMPARED: Compared = (
    ("socket ADD", "create", ratio_at_most(2.5)),
    ("socket ADD", "three requests", None),
    ("plugin ADD", "create", ratio_at_most(7)),
    ("three requests", "create", None),
    ("socket DEL", "delete", None),
    ("plugin DEL", "delete", None),
)
UNPAUSED: Compared = tuple((name, floor, None) for name, floor, _ in COMPARED if name.endswith(("ADD", "requests")))
STDIN = pool_config("v4")


def run() -> Iterator[Figure]:
    """ADD and DEL at the agent and through the plugin, against a bare create: latency and requests."""
    yield from on_stage(_measure, nodes=1, pods_per_node=1)


async def _measure(stage: Stage) -> AsyncIterator[Figure]:
    pool = await make_pool(stage.admin, "v4", "10.64.0.0/14", "10.64.0.1-10.67.255.254")
    claims = stage.claims(MANY + 1, pool)[1:]  # the first address is that of the floor
    plugin, config = stage.server.folder / "spiderpool", stage.server.folder / "stdin.json"
    build.write(plugin, constants={"SOCKET": str(stage.agents["n1"].socket).encode()})
    config.write_bytes(STDIN)
    await _latencies(stage, pool, plugin, config, rounds=5, pause_seconds=0)
    for figure in await _requests(stage):
        yield figure
    for first, last in ((0, FEW), (FEW, MANY)):
        await each(claims[first:last], lambda claim: stage.bare.create(CLAIMS, claim))
        for figure in _figures(COMPARED, await _latencies(stage, pool, plugin, config), f"{last:,} claims in the pool"):
            yield figure
    for figure in _figures(UNPAUSED, await _latencies(stage, pool, plugin, config, pause_seconds=0), "without a pause"):
        yield figure


async def _requests(stage: Stage) -> list[Figure]:
    """How many requests one uncontended ADD, and its DEL, send."""
    attachment, figures = fresh(stage.attachments[0]), []
    await stage.quiet(endpoints=0)
    for verb, endpoints, goal in (("ADD", 1, exactly(3)), ("DEL", 0, exactly(1))):
        with stage.server.audit.window() as window:
            _succeeded(await stage.call(verb, attachment, STDIN))
            await stage.quiet(endpoints)
        sent = window.by_verb(AGENT_NAME)
        now = {what: number for what, number in sent.items() if LATER not in what}
        figures.append(_count(f"requests of one {verb}", sum(now.values()), goal, _listed(now)))
        later = {what: number for what, number in sent.items() if LATER in what}
        figures.append(_count(f"requests after one {verb}", sum(later.values()), None, _listed(later)))
    return figures


def _count(name: str, value: float, goal: Goal | None, note: str) -> Figure:
    return Figure(name=name, value=value, unit="requests", goal=goal, note=note)


def _listed(requests: dict[str, int]) -> str:
    return ", ".join(f"{number} {what}" for what, number in requests.items())


async def _latencies(
    stage: Stage,
    pool: SpiderIPPool,
    plugin: Path,
    config: Path,
    *,
    rounds: int = ROUNDS,
    pause_seconds: float = PAUSE_SECONDS,
) -> dict[str, list[float]]:
    """Seconds of each operation, one of each per round, each after a pause."""
    floor, seconds = stage.claims(1, pool)[0], dict[str, list[float]]()

    async def timed(name: str, call: Awaitable[T]) -> T:
        await asyncio.sleep(pause_seconds)
        began = time.perf_counter()
        result = await call
        seconds.setdefault(name, []).append(time.perf_counter() - began)
        return result

    async def through_plugin(verb: str) -> Answer:
        return await asyncio.to_thread(by_process, plugin, verb, second, config)

    for _ in range(rounds):
        first, second = fresh(stage.attachments[0]), fresh(stage.attachments[0])
        await timed("create", stage.bare.create(CLAIMS, floor))
        _succeeded(await timed("socket ADD", stage.call("ADD", first, STDIN)))
        await timed("delete", stage.bare.delete(CLAIMS, floor.name))
        await timed("three requests", _three_requests(stage, floor))
        await stage.bare.delete(CLAIMS, floor.name)
        _succeeded(await timed("socket DEL", stage.call("DEL", first, STDIN)))
        _succeeded(await timed("plugin ADD", through_plugin("ADD")))
        _succeeded(await timed("plugin DEL", through_plugin("DEL")))
    return seconds


async def _three_requests(stage: Stage, claim: SpiderIPAddress) -> None:
    """What an ADD must send, without an agent."""
    await stage.bare.create(CLAIMS, claim)
    await asyncio.gather(stage.bare.get(POOLS, "v4"), stage.bare.list(RESERVED_IPS))


def _succeeded(answer: Answer) -> None:
    if answer.code != 0:
        raise RuntimeError(f"a call failed: {answer.stdout.decode(errors='replace')}")


def _figures(compared: Compared, seconds: dict[str, list[float]], where: str) -> Iterator[Figure]:
    for name, floor, goal in compared:
        yield Figure(
            name=f"{name} / {floor}, {where}",
            value=middle(seconds[name]) * 1e3,
            unit="ms",
            floor=middle(seconds[floor]) * 1e3,
            goal=goal,
            note=f"p50 of {len(seconds[name])}, p99 {percentile(seconds[name], 0.99) * 1e3:.0f}",
        )
