"""How many seeds of the standard campaign one hour of this machine's cores can play.

A seed is a world of its own: churn and a drawn subset of the faults for some virtual minutes, then healing, rest, and
everybody leaves, judged all the while. Seeds share nothing, so that each core plays its own; a seed costs one core's
CPU seconds, and those are measured, one seed after the other.
"""

import os
import time
from collections.abc import Iterator

from e2e.benchmarks.figure import Figure, exactly, value_at_least
from simulator.campaign import Scale, campaign

FIRST, SEEDS, HOUR_SECONDS = 1, 10, 3600


def run() -> Iterator[Figure]:
    """Seeds of the standard campaign per hour, on all cores."""
    began, cores = time.process_time(), os.cpu_count() or 1
    outcomes = list(campaign(FIRST, SEEDS, Scale()))
    each_seconds = (time.process_time() - began) / SEEDS
    simulated = sum(outcome.simulated_seconds for outcome in outcomes) / SEEDS
    yield Figure(
        name="campaign, seeds per hour of all cores",
        value=HOUR_SECONDS * cores / each_seconds,
        unit="seeds",
        goal=value_at_least(10_000),
        note=f"{each_seconds:.2f} CPU seconds a seed, {simulated:.0f} simulated seconds; {cores} cores",
    )
    failed = [outcome for outcome in outcomes if outcome.failed]
    yield Figure(
        name="campaign, seeds that broke a rule",
        value=len(failed),
        unit="seeds",
        goal=exactly(0),
        note=f"of {SEEDS}" + (f"; seed {failed[0].seed}: {failed[0].why.splitlines()[0]}" if failed else ""),
    )
