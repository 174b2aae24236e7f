"""A burst of 1,000 ADDs from 10 nodes at once, against 1,000 bare creates just before and just after.

Ten agents run as ten processes, each asked by ten callers at a time; pods are objects, and each node has a network
namespace of its own. Nothing is retried: an ADD that fails is a failure. The floor is one client with a hundred creates
under way. Agents, API server, etcd and the callers share the machine's cores, so the ratio says how much work an ADD is
beside a create, in whatever process it is done.

Each kind of burst is played without a controller (nobody publishes what is free) and with one, in a pool with room and
in one of exactly 1,000; then through real plugin processes, and dual-stack.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from e2e.benchmarks.agents import controller
from e2e.benchmarks.audit import Window
from e2e.benchmarks.cni import Answer, Attachment, by_process, pool_config
from e2e.benchmarks.figure import Figure, Goal, exactly, load_average, percentile, ratio_at_most, value_at_most
from e2e.benchmarks.objects import each, make_pool
from e2e.benchmarks.stage import AGENT_NAME, LATER, Stage, fresh, on_stage
from spiderpool.plugin import build
from spiderpool.resources.kinds import POOLS

NODES, CALLERS_PER_NODE, PODS = 10, 10, 1000
POOLS_OF_BURSTS = {
    "v4-room": ("10.64.0.0/16", "10.64.16.0-10.64.31.255"),
    "v4-exact": ("10.65.0.0/16", "10.65.16.0-10.65.19.231"),
    "v6-room": ("fd00:64::/64", "fd00:64::1000-fd00:64::1fff"),
    "v4-floor": ("10.66.0.0/16", "10.66.16.0-10.66.31.255"),
}
FLOOR = "v4-floor"
Call = Callable[[str, Attachment], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """One kind of burst: where it asks, and what its seconds and its requests per ADD are meant to be."""

    name: str
    pools: Sequence[str]
    seconds: Goal
    requests: Goal | None = None
    plugin: bool = False
    controlled: bool = False


TWICE, ROOM, EXACT = ratio_at_most(2), value_at_most(1.7), value_at_most(2.5)
BURSTS = (
    Burst(name="room", pools=["v4-room"], seconds=TWICE, requests=ROOM),
    Burst(name="exact fit", pools=["v4-exact"], seconds=TWICE, requests=EXACT),
    Burst(name="room, controller", pools=["v4-room"], seconds=TWICE, requests=ROOM, controlled=True),
    Burst(name="exact fit, controller", pools=["v4-exact"], seconds=TWICE, requests=EXACT, controlled=True),
    Burst(name="plugin, room, controller", pools=["v4-room"], seconds=value_at_most(10), plugin=True, controlled=True),
    Burst(
        name="plugin, dual-stack, controller",
        pools=["v4-room", "v6-room"],
        seconds=value_at_most(13),
        plugin=True,
        controlled=True,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One burst of ADDs, and the DELs that followed."""

    seconds: float
    floor_seconds: float
    answers: Sequence[Answer]
    window: Window
    del_failures: int
    load: float


def run() -> Iterator[Figure]:
    """1,000 ADDs from 10 nodes at once, against 1,000 bare creates: time, failures, requests."""
    yield from on_stage(_measure, nodes=NODES, pods_per_node=PODS // NODES)


async def _measure(stage: Stage) -> AsyncIterator[Figure]:
    for name, ranges in POOLS_OF_BURSTS.items():
        await make_pool(stage.admin, name, *ranges)
    await _play(stage, _through_socket(stage, "v4-room"))  # not counted: connections, caches
    for burst in BURSTS:
        with ExitStack() as stack:
            if burst.controlled:
                stack.enter_context(controller(stage.server))
            threads = stack.enter_context(ThreadPoolExecutor(NODES * CALLERS_PER_NODE))
            through_plugin = _through_plugin(stage, threads, *burst.pools)
            played = await _play(stage, through_plugin if burst.plugin else _through_socket(stage, *burst.pools))
        for figure in _figures(burst, played):
            yield figure
    for figure in _memory(stage):
        yield figure


def _through_socket(stage: Stage, *pools: str) -> Call:
    stdin = pool_config(*pools)
    return lambda verb, attachment: stage.call(verb, attachment, stdin)


def _through_plugin(stage: Stage, threads: ThreadPoolExecutor, *pools: str) -> Call:
    """Every call is a process of the plugin that ``make plugin`` builds, only with another socket in it."""
    folder = stage.server.folder
    config = folder / "burst-stdin.json"
    config.write_bytes(pool_config(*pools))
    plugins: dict[str, Path] = {}
    for node, agent in stage.agents.items():
        plugins[node] = folder / f"spiderpool-{node}"
        build.write(plugins[node], constants={"SOCKET": str(agent.socket).encode()})

    async def call(verb: str, attachment: Attachment) -> Answer:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(threads, by_process, plugins[attachment.node], verb, attachment, config)

    return call


async def _play(stage: Stage, call: Call) -> Played:
    """The floor, a burst, its DELs, and the floor again."""
    attachments, load = [fresh(one) for one in stage.attachments], load_average()
    floor = await stage.admin.get(POOLS, FLOOR)
    floors = [await stage.creates(PODS, floor)]
    with stage.server.audit.window() as window:
        began = time.perf_counter()
        answers = await _from_all_nodes(attachments, lambda one: call("ADD", one))
        seconds = time.perf_counter() - began
    await stage.quiet(endpoints=sum(answer.code == 0 for answer in answers))
    deleted = await _from_all_nodes(attachments, lambda one: call("DEL", one))
    await stage.quiet(endpoints=0)
    floors.append(await stage.creates(PODS, floor))
    return Played(
        seconds=seconds,
        floor_seconds=sum(floors) / len(floors),
        answers=answers,
        window=window,
        del_failures=sum(answer.code != 0 for answer in deleted),
        load=load,
    )


async def _from_all_nodes(
    attachments: Sequence[Attachment], call: Callable[[Attachment], Awaitable[Answer]]
) -> list[Answer]:
    """Every attachment once; each node's in its own queue with its own callers."""
    answers: list[Answer] = []

    async def one(attachment: Attachment) -> None:
        answers.append(await call(attachment))

    queues = [[each for each in attachments if each.node == node] for node in {one.node: None for one in attachments}]
    await asyncio.gather(*(each(queue, one, at_once=CALLERS_PER_NODE) for queue in queues))
    return answers


def _figures(burst: Burst, played: Played) -> Iterator[Figure]:
    name, failed = burst.name, [answer for answer in played.answers if answer.code != 0]
    addresses = [address for answer in played.answers for address in answer.addresses]
    took = [answer.seconds for answer in played.answers]
    sent = {what: number for what, number in played.window.by_verb(AGENT_NAME).items() if LATER not in what}
    later = played.window.total(client=AGENT_NAME) - sum(sent.values())
    yield Figure(
        name=f"burst, {name}: {len(played.answers):,} ADDs",
        value=played.seconds,
        unit="s",
        floor=played.floor_seconds,
        goal=burst.seconds,
        note=f"p50 {percentile(took, 0.5):.2f} s, p99 {percentile(took, 0.99):.2f} s; floor: 1,000 bare creates",
        load=played.load,
    )
    why = failed[0].stdout.decode(errors="replace").strip() if failed else ""
    yield Figure(name=f"burst, {name}: failures", value=len(failed), unit="ADDs", goal=exactly(0), note=why)
    yield Figure(
        name=f"burst, {name}: addresses given twice",
        value=len(addresses) - len(dict.fromkeys(addresses)),
        unit="addresses",
        goal=exactly(0),
        note=f"{len(addresses):,} addresses given; {played.del_failures} DELs failed",
    )
    conflicts = played.window.total(client=AGENT_NAME, verb="create", resource="spideripaddresses", code=409)
    yield Figure(
        name=f"burst, {name}: requests per ADD",
        value=sum(sent.values()) / len(played.answers),
        unit="requests",
        goal=burst.requests,
        note=f"{', '.join(f'{n} {what}' for what, n in sent.items())}; {conflicts} creates met a taken name; "
        f"and {later} for endpoints meanwhile",
    )


def _memory(stage: Stage) -> Iterator[Figure]:
    sizes = sorted(agent.rss_mib() for agent in stage.agents.values())
    yield Figure(
        name="agent RSS after the bursts, largest of 10",
        value=sizes[-1],
        unit="MiB",
        goal=value_at_most(80),
        note=f"smallest {sizes[0]:.0f}; each served about 700 ADDs and DELs",
    )
