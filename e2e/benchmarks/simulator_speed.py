"""How fast the simulator runs a cluster of 5 nodes and 60 pods that is kept busy, with every oracle on.

Two Deployments and a StatefulSet are created; then every virtual minute something is scaled, rolled or deleted, for ten
minutes. Nothing polls: the run sleeps between two acts, and looks once at the end that all pods run. Deterministic, so
that only the clock differs between two runs; the figure is the best of three, which is the one least disturbed. It runs
on one thread, so that its CPU time is the wall time of a machine that has nothing else to do.
"""

import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from e2e import manifests
from e2e.benchmarks.figure import Figure, value_at_least
from simulator.cluster.operator import Operator
from simulator.cluster.shape import Shape
from simulator.cluster.world import World
from simulator.kernel.running import run as run_simulation
from simulator.kernel.tape import Tape

SEED, NODES, PODS, MINUTES, RUNS = 7, 5, 60, 10, 3
Act = Callable[[Operator, int], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One run: virtual, wall and CPU seconds, trace events, callbacks of the loop, events that the oracles judged."""

    simulated: float
    wall: float
    cpu: float
    events: int
    steps: int
    judged: int


def run() -> Iterator[Figure]:
    """5 nodes, 60 pods, all oracles on: simulated seconds and events per wall second."""
    played = min((_play() for _ in range(RUNS)), key=lambda one: one.wall)
    yield Figure(
        name="simulator, simulated seconds per second",
        value=played.simulated / played.wall,
        unit="x",
        goal=value_at_least(1000),
        note=f"{played.simulated:.0f} s of churn, best of {RUNS}; {played.judged:,} events judged",
    )
    yield Figure(
        name="simulator, simulated seconds per CPU second",
        value=played.simulated / played.cpu,
        unit="x",
        goal=value_at_least(1000),
    )
    yield Figure(name="simulator, trace events per CPU second", value=played.events / played.cpu, unit="1/s")
    yield Figure(name="simulator, loop callbacks per CPU second", value=played.steps / played.cpu, unit="1/s")


def _play() -> Played:
    tape, kept = Tape(SEED), list[Played]()

    async def main() -> None:
        world = World(tape, Shape(nodes=NODES), events_kept=100)
        operator = Operator(world)
        await world.start()
        await operator.until(operator.ready, 60)
        await operator.apply(*manifests.pools("10-120"))
        began, cpu, since = time.perf_counter(), time.process_time(), world.wiring.loop.time()
        events, steps = world.trace.count, world.wiring.loop.steps
        await _churn(operator)
        kept.append(
            Played(
                simulated=world.wiring.loop.time() - since,
                wall=time.perf_counter() - began,
                cpu=time.process_time() - cpu,
                events=world.trace.count - events,
                steps=world.wiring.loop.steps - steps,
                judged=world.oracles.judged,
            )
        )
        await world.stop()

    run_simulation(main(), tape, leaks_allowed=True)
    return kept[0]


async def _churn(operator: Operator) -> None:
    """Workloads of 60 pods, and one act a minute."""
    for kind, name, replicas in (("Deployment", "web", 30), ("Deployment", "api", 20), ("StatefulSet", "db", 10)):
        await operator.apply(manifests.workload(kind, name, replicas))
    for minute in range(MINUTES):
        await operator.world.clock.sleep(60)
        await ACTS[minute % len(ACTS)](operator, minute)
    await operator.world.clock.sleep(60)
    await operator.until(lambda: _all_run(operator), 60)


async def _all_run(operator: Operator) -> str | None:
    pods = await operator.items("Pod", "default")
    up = [pod for pod in pods if (pod.get("status") or {}).get("phase") == "Running"]
    return None if len(up) == len(pods) == PODS else f"{len(up)} of {PODS} pods run"


async def _scale_down(operator: Operator, minute: int) -> None:
    await operator.scale("Deployment", "web", 15)


async def _scale_up(operator: Operator, minute: int) -> None:
    await operator.scale("Deployment", "web", 30)


async def _roll(operator: Operator, minute: int) -> None:
    template = {"metadata": {"annotations": {"rolled": str(minute)}}}
    await operator.patch("Deployment", "api", {"spec": {"template": template}})


async def _delete_some(operator: Operator, minute: int) -> None:
    for pod in (await operator.items("Pod", "default"))[minute::12]:
        await operator.delete("Pod", pod["metadata"]["name"])


async def _shrink_and_grow(operator: Operator, minute: int) -> None:
    await operator.scale("StatefulSet", "db", 6)
    await operator.world.clock.sleep(30)
    await operator.scale("StatefulSet", "db", 10)


ACTS: tuple[Act, ...] = (_scale_down, _scale_up, _roll, _delete_some, _shrink_and_grow)
