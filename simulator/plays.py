"""Worlds that are played to their end on virtual time: ``spidersim demo``, ``run`` and ``seeds``.

``demo`` plays the main job with its faults; ``run`` plays one end-to-end scenario; ``seeds`` plays worlds under churn.
The last line of each is for machines.
"""

import importlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from simulator.campaign import Scale, campaign
from simulator.cluster.world import World
from simulator.demo import Demo, Outcome, Row
from simulator.kernel.running import run as run_simulation
from simulator.kernel.tape import Tape
from simulator.oracles.violation import Violation
from simulator.report.page import page
from simulator.report.timeline import timeline


@click.command()
@click.option("--seed", type=int, default=7, show_default=True, help="The run; the same seed gives the same trace.")
@click.option("--html", type=click.Path(path_type=Path), help="Also write the run as one HTML page: a timeline.")
def demo(seed: int, html: Path | None) -> None:
    """Addresses for a Deployment and a StatefulSet, then faults, leaks found, and the oracles' verdict."""
    console, began = _console(), time.monotonic()  # noqa: TID251  how long people waited
    tape = Tape(seed)
    seen: list[World] = []

    async def story() -> Outcome:
        world = World(tape)
        seen.append(world)
        teller = Demo(world, lambda seconds, sentence: console.print(f"[dim]{seconds:8.2f} s[/]  {sentence}"))
        try:
            return await teller.run(lambda rows: console.print(_table(rows)))
        finally:
            await world.stop()

    try:
        outcome = run_simulation(story(), tape, leaks_allowed=True)
    except (AssertionError, Violation) as error:
        _write_page(html, seen, seed)
        _tell_failure(console, error, seen)
        _last_line("failed", seed, seen, began)
        sys.exit(1)
    _write_page(html, seen, seed)
    _tell_outcome(console, outcome)
    _last_line("ok" if not outcome.leaks else "leaked", seed, seen, began)
    sys.exit(1 if outcome.leaks else 0)


def _console() -> Console:
    """Wide where nobody looks, so that lines stay whole in files and pipes."""
    plain = Console(highlight=False, emoji=False)
    return plain if plain.is_terminal else Console(highlight=False, emoji=False, width=200)


def _table(rows: Sequence[Row]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("POD", "NODE", "INTERFACE", "IPV4", "IPV6", "POOLS"):
        table.add_column(column, no_wrap=column.startswith("IPV"), overflow="fold")
    for row in rows:
        table.add_row(row.pod, row.node, row.interface, *row.addresses, " ".join(row.pools))
    return table


def _tell_outcome(console: Console, outcome: Outcome) -> None:
    table = Table(
        box=None, header_style="bold", pad_edge=False, title="leaks found and reclaimed", title_justify="left"
    )
    for column in ("NODE", "ADDRESS", "VERDICT"):
        table.add_column(column)
    for leak in outcome.reclaimed:
        table.add_row(leak.node, leak.address, leak.verdict)
    console.print(table)
    for pod, (before, after) in outcome.kept.items():
        console.print(f"{pod}: {', '.join(before)} before, {', '.join(after)} after")
    console.print(f"oracles: {outcome.judged} events judged, no rule broken, {len(outcome.leaks)} addresses leaked")


def _tell_failure(console: Console, error: BaseException, worlds: Sequence[World]) -> None:
    console.print(f"[bold red]{type(error).__name__}[/]: {error}", markup=True)
    for world in worlds:
        console.print("last events:")
        for line in world.trace.lines[-20:]:
            console.print(f"  {line}", markup=False)


def _write_page(html: Path | None, worlds: Sequence[World], seed: int) -> None:
    """The run as a page, if somebody wants one."""
    if html is not None and worlds:
        trace = worlds[0].trace
        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(page(timeline(trace.events), title=f"demo, seed {seed}", trace=trace.hash), encoding="utf-8")


def _last_line(verdict: str, seed: int, worlds: Sequence[World], began: float) -> None:
    """For machines."""
    trace = worlds[0].trace.hash if worlds else "-"
    simulated = worlds[0].wiring.loop.time() if worlds else 0.0
    wall = time.monotonic() - began  # noqa: TID251  as above
    click.echo(f"verdict={verdict} seed={seed} trace={trace} simulated={simulated:.1f} wall={wall:.1f}")


@click.command("run")
@click.argument("scenario")
@click.option("--seed", type=int, default=7, show_default=True, help="The run.")
def run_scenario(scenario: str, seed: int) -> None:
    """Play one scenario, given as MODULE:FUNCTION, such as e2e.scenarios.test_addresses:test_a_daemonset_gets..."""
    module_name, _, name = scenario.partition(":")
    try:
        play = getattr(importlib.import_module(module_name), name)
        backend = importlib.import_module("e2e.backends.simulator").SimulatorBackend()
    except (ImportError, AttributeError) as error:
        raise click.BadParameter(f"{scenario!r}: {error}; give MODULE:FUNCTION", param_hint="SCENARIO") from None
    began = time.monotonic()  # noqa: TID251  as above
    play(backend, seed)
    wall = time.monotonic() - began  # noqa: TID251  as above
    click.echo(f"verdict=ok scenario={name} seed={seed} wall={wall:.1f}")


@click.command()
@click.option("--from", "first", type=int, default=0, show_default=True, help="The first seed.")
@click.option("--count", type=int, default=50, show_default=True, help="How many seeds.")
@click.option("--nodes", type=int, default=3, show_default=True, help="Nodes of each world.")
@click.option("--pods", type=int, default=12, show_default=True, help="Pods at most.")
@click.option("--minutes", type=float, default=5.0, show_default=True, help="Virtual minutes under faults.")
def seeds(first: int, count: int, nodes: int, pods: int, minutes: float) -> None:
    """Worlds under churn and faults, one for each seed; each must keep all rules and heal."""
    scale, failed, began = Scale(nodes=nodes, pods=pods, minutes=minutes), 0, time.monotonic()  # noqa: TID251  as above
    for played in campaign(first, count, scale):
        if played.failed:
            failed += 1
            click.echo(
                f"replay: spidersim seeds --from {played.seed} --count 1 --nodes {nodes} --pods {pods} "
                f"--minutes {minutes:g}\n  {played.why}"
            )
            for line in (*map(str, played.plan.strikes if played.plan else ()), *played.events):
                click.echo(f"    {line}")
    wall = time.monotonic() - began  # noqa: TID251  as above
    verdict = "failed" if failed else "ok"
    click.echo(f"verdict={verdict} seeds={count} failed={failed} wall={wall:.1f} per_hour={count * 3600 / wall:.0f}")
    sys.exit(1 if failed else 0)
