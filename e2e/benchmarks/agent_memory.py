"""The agent's memory and start: idle, and after 1,000 ADDs whose claims it holds."""

from collections.abc import AsyncIterator, Iterator

from e2e.benchmarks.cni import Attachment, pool_config
from e2e.benchmarks.figure import Figure, middle, value_at_most
from e2e.benchmarks.objects import each, make_pool
from e2e.benchmarks.stage import Stage, on_stage

PODS, CALLERS = 1000, 20


def run() -> Iterator[Figure]:
    """Resident memory of one agent, idle and with 1,000 claims; seconds from exec to ready; CPU per ADD."""
    yield from on_stage(_measure, nodes=1, pods_per_node=PODS)


async def _measure(stage: Stage) -> AsyncIterator[Figure]:
    await make_pool(stage.admin, "v4", "10.64.0.0/16", "10.64.0.1-10.64.255.254")
    agent, stdin, took = stage.agents["n1"], pool_config("v4"), list[float]()
    yield Figure(name="agent, exec to ready", value=agent.start_seconds, unit="s", note="1,000 pods on its node")
    yield Figure(name="agent RSS, idle", value=agent.rss_mib(), unit="MiB", goal=value_at_most(80))
    cpu_before = agent.cpu_seconds()

    async def add(attachment: Attachment) -> None:
        answer = await stage.call("ADD", attachment, stdin)
        if answer.code != 0:
            raise RuntimeError(answer.stdout.decode(errors="replace"))
        took.append(answer.seconds)

    await each(stage.attachments, add, at_once=CALLERS)
    await stage.quiet(endpoints=PODS)
    yield Figure(
        name="agent RSS, after 1,000 ADDs", value=agent.rss_mib(), unit="MiB", goal=value_at_most(80), note="all held"
    )
    yield Figure(
        name="agent CPU per ADD",
        value=(agent.cpu_seconds() - cpu_before) / PODS * 1e3,
        unit="ms",
        note=f"with its SpiderEndpoint; {CALLERS} callers, p50 of a call {middle(took) * 1e3:.0f} ms",
    )
