"""Campaigns: many seeds, each a world under churn and faults, judged all the while; then faults stop, and it must heal.

```
install ─▶ churn ∥ faults, some minutes ─▶ heal ─▶ settle: everybody runs, nothing leaks ─▶ rest: nobody writes
        ─▶ everybody leaves ─▶ the ledger is empty
```

One seed is one run; a failure is replayed by its number.
"""

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from simulator.churn import Churn
from simulator.cluster.operator import Operator
from simulator.cluster.shape import Shape
from simulator.cluster.world import World
from simulator.faults.acts import play
from simulator.faults.catalogue import FAULTS
from simulator.faults.fault import Fault, FaultPlan, draw_plan
from simulator.faults.scene import Scene
from simulator.kernel.running import Unhandled
from simulator.kernel.running import run as run_simulation
from simulator.kernel.tape import Tape
from simulator.oracles.rest import lacks
from simulator.oracles.violation import Rule, Violation

READY_SECONDS = 60.0
SETTLE_SECONDS = 1500.0
REST_SECONDS = 300.0
REST_WINDOWS = 3
LOOK_SECONDS = 1.0
EVENTS_SHOWN = 40
QUIET_RESOURCES = ("leases", "events")  # the cluster's own heartbeat and its diary
_ADDRESS = re.compile(r"\b\d+\.\d+\.\d+\.\d+\b|\b[0-9a-f]+:[0-9a-f:]+\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How big a campaign's worlds are and how long they suffer.

    Attributes:
        nodes: of each world.
        pods: at most.
        minutes: of churn and faults, virtual.
        strikes_per_minute: at most; how many it really are is drawn.
        faults: the kinds to choose from.
        api_replicas: API servers of a world in whose plan something happens to one of them; other worlds have one.
        share: how likely each kind is in a seed's plan.
        leave: whether everybody leaves in the end.
    """

    nodes: int = 3
    pods: int = 12
    minutes: float = 5.0
    strikes_per_minute: float = 12.0
    faults: tuple[Fault, ...] = FAULTS
    api_replicas: int = 2
    share: float = 0.4
    leave: bool = True


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What one seed came to. ``why`` is empty when all rules held."""

    seed: int
    why: str = ""
    rule: Rule | None = None
    trace: str = ""
    simulated_seconds: float = 0.0
    wall_seconds: float = 0.0
    judged: int = 0
    plan: FaultPlan | None = None
    events: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether a rule was broken or the cluster did not heal."""
        return bool(self.why)


def play_seed(seed: int, scale: Scale) -> Outcome:
    """Run one seed to its verdict."""
    began = time.monotonic()  # noqa: TID251  how long people waited
    tape, outcome, worlds = Tape(seed, record=False), Outcome(seed=seed), list[World]()
    try:
        run_simulation(_story(tape, scale, outcome, worlds), tape, leaks_allowed=True)
    except (AssertionError, Unhandled) as error:
        outcome.why = f"{type(error).__name__}: {error}"
        outcome.rule = error.rule if isinstance(error, Violation) else None
    for world in worlds:
        outcome.trace = world.trace.hash
        outcome.simulated_seconds = world.wiring.loop.time()
        outcome.judged = world.oracles.judged
        if outcome.failed:
            outcome.events = _events_about(outcome.why, world.trace.lines)
    outcome.wall_seconds = time.monotonic() - began  # noqa: TID251  as above
    return outcome


def campaign(first: int, count: int, scale: Scale) -> Iterator[Outcome]:
    """Seeds one after the other."""
    for seed in range(first, first + count):
        yield play_seed(seed, scale)


async def _story(tape: Tape, scale: Scale, outcome: Outcome, worlds: list[World]) -> None:
    reconcile_seconds = (600.0, 60.0)[tape.choose("campaign/reconcile", 2)]
    seconds = scale.minutes * 60
    strikes_max = round(scale.strikes_per_minute * scale.minutes)
    plan = outcome.plan = draw_plan(tape, scale.faults, seconds=seconds, strikes_max=strikes_max, share=scale.share)
    concerned = any(fault.where == "replica" for fault in scale.faults if fault.name in plan.kinds)
    shape = Shape(
        nodes=scale.nodes,
        api_replicas=scale.api_replicas if concerned else 1,
        agent_settings={"reconcile_seconds": reconcile_seconds},
    )
    world = World(tape, shape, events_kept=20_000)
    worlds.append(world)
    operator = Operator(world)
    churn = Churn(operator=operator, tape=tape, pods_max=scale.pods)
    try:
        await world.start()
        await operator.until(operator.ready, READY_SECONDS)
        await churn.install()
        scene = Scene(world=world, operator=operator, pools=churn.pools)
        await asyncio.gather(churn.run(seconds), play(scene, plan))
        await scene.heal()
        await _settle(world, churn)
        await _rest(world)
        if scale.leave:
            await churn.remove_all()
            await _settle(world, churn, empty=True)
    finally:
        await world.stop()


async def _settle(world: World, churn: Churn, *, empty: bool = False) -> None:
    """Liveness: everybody who can have an address has one, and the ledger says what the wires say."""
    end = world.clock.monotonic() + SETTLE_SECONDS
    while (why := _unsettled(world, churn, empty=empty)) is not None:
        assert world.clock.monotonic() < end, f"not settled {SETTLE_SECONDS:.0f} s after faults stopped: {why}"
        await world.clock.sleep(LOOK_SECONDS)


def _unsettled(world: World, churn: Churn, *, empty: bool) -> str | None:
    if (why := churn.settled()) is not None:
        return why
    pods = world.server.store.table(("", "pods")).objects.values()
    for found in (*world.leaks(), *lacks(pods, world.oracles.wires.carriers, world.wiring.loop.time())):
        return found.sentence
    left = [claim.name for claim in world.oracles.ledger.claims.values()]
    return f"everybody has left, but {', '.join(left[:4])} are not free" if empty and left else None


async def _rest(world: World) -> None:
    """At rest nobody of ours writes: counters and cooldowns get a few windows to end."""
    told = ""
    for _ in range(REST_WINDOWS):
        before = _writes(world)
        await world.clock.sleep(REST_SECONDS)
        wrote = {key: count - before.get(key, 0) for key, count in _writes(world).items() if count != before.get(key)}
        if not wrote:
            return
        told = ", ".join(f"{client} {verb} {resource} x{count}" for (client, verb, resource), count in wrote.items())
    raise AssertionError(f"at rest somebody writes: {told}")


def _writes(world: World) -> dict[tuple[str, str, str], int]:
    return {
        (client, verb, resource): count
        for (client, verb, resource), count in world.wiring.meter.counts.items()
        if client.startswith(("agent@", "controller-"))
        and verb in ("create", "update", "patch", "delete")
        and resource not in QUIET_RESOURCES
    }


def _events_about(why: str, lines: list[str]) -> list[str]:
    """The last events that touch an address of the verdict; the last of all when it names none."""
    found = list(dict.fromkeys(_ADDRESS.findall(why)))
    marks = [mark for mark in found if any(mark in line for line in lines)]
    about = [line for line in lines if any(mark in line for mark in marks)] if marks else lines
    return about[-EVENTS_SHOWN:]
