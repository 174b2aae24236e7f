"""ADD and DEL in pools of 2^4 to 2^96 addresses, interleaved: the cost follows what is claimed, never the size.

Each pool holds nothing but what the round claims. Every round asks each pool once, in an order that turns, so that
the machine's moods meet all sizes alike. Latency is mostly waiting for the API server; the agent's own CPU time shows
what the size costs. A pause before each ADD keeps the API server's own waiting (``stage.PAUSE_SECONDS``), which would
hide every difference, out of the latency.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator

from e2e.benchmarks.cni import pool_config
from e2e.benchmarks.figure import Figure, middle, ratio_at_most
from e2e.benchmarks.objects import make_pool
from e2e.benchmarks.stage import PAUSE_SECONDS, Stage, fresh, on_stage

ROUNDS = 30
RANGES = {
    4: ("10.64.0.0/16", "10.64.1.0-10.64.1.15"),
    16: ("10.66.0.0/15", "10.66.0.0-10.66.255.255"),
    24: ("11.0.0.0/8", "11.0.0.0-11.255.255.255"),
    64: ("fd00:64::/64", "fd00:64::-fd00:64::ffff:ffff:ffff:ffff"),
    96: ("fd01::/32", "fd01::-fd01:0:ffff:ffff:ffff:ffff:ffff:ffff"),
}


def run() -> Iterator[Figure]:
    """ADD in pools of 2^4 to 2^96 addresses: the same cost."""
    yield from on_stage(_measure, nodes=1, pods_per_node=1)


async def _measure(stage: Stage) -> AsyncIterator[Figure]:
    configs: dict[int, bytes] = {}
    for bits, ranges in RANGES.items():
        name = f"v{6 if ':' in ranges[0] else 4}-{bits}"
        await make_pool(stage.admin, name, *ranges)
        configs[bits] = pool_config(name)
    seconds: dict[int, list[float]] = {bits: [] for bits in RANGES}
    cpu: dict[int, list[float]] = {bits: [] for bits in RANGES}
    agent = stage.agents["n1"]
    sizes = list(RANGES)
    for number in range(ROUNDS + 1):
        turn = number % len(sizes)
        for bits in sizes[turn:] + sizes[:turn]:
            attachment = fresh(stage.attachments[0])
            await asyncio.sleep(PAUSE_SECONDS)
            cpu_before = agent.cpu_seconds()
            answer = await stage.call("ADD", attachment, configs[bits])
            cpu_seconds = agent.cpu_seconds() - cpu_before
            if answer.code != 0 or (await stage.call("DEL", attachment, configs[bits])).code != 0:
                raise RuntimeError(f"2^{bits}: {answer.stdout.decode(errors='replace')}")
            if number:  # the first round opens connections
                seconds[bits].append(answer.seconds)
                cpu[bits].append(cpu_seconds)
    for what, samples in (("latency", seconds), ("agent's CPU", cpu)):
        medians = {bits: middle(each) * 1e3 for bits, each in samples.items()}
        yield Figure(
            name=f"ADD in the dearest pool size / the cheapest, {what}",
            value=max(medians.values()),
            unit="ms",
            floor=min(medians.values()),
            goal=ratio_at_most(1.25),
            note=f"p50 of {ROUNDS} each: " + ", ".join(f"2^{bits} {each:.2f}" for bits, each in medians.items()),
        )
