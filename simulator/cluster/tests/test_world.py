"""Worlds under churn and faults: one seed gives one run, rules hold, and everything heals."""

import pytest
from click.testing import CliRunner

from simulator.campaign import Outcome, Scale, campaign, play_seed
from simulator.cli import main
from simulator.mutants.table import MUTANTS

SMALL = Scale(nodes=2, pods=6, minutes=2.0)


@pytest.mark.parametrize("seed", range(10))
def test_a_seed_keeps_all_rules_and_heals(seed: int) -> None:
    outcome = play_seed(seed, SMALL)
    assert outcome.why == ""
    assert outcome.judged > 10


def test_one_seed_gives_one_trace() -> None:
    first, second, other = (play_seed(seed, SMALL) for seed in (4, 4, 5))
    assert first.trace == second.trace
    assert first.simulated_seconds == second.simulated_seconds
    assert first.trace != other.trace


def test_a_campaign_plays_its_seeds_in_order() -> None:
    played: list[Outcome] = list(campaign(3, 2, Scale(nodes=1, pods=2, minutes=0.2)))
    assert [outcome.seed for outcome in played] == [3, 4]


def test_a_failure_says_how_to_see_it_again_and_what_happened_to_the_address() -> None:
    no_flush = next(mutant for mutant in MUTANTS if mutant.name == "no-flush")
    arguments = ["seeds", "--from", "0", "--count", "1", "--nodes", "1", "--pods", "4", "--minutes", "2"]
    with no_flush.applied():
        result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert "replay: spidersim seeds --from 0 --count 1 --nodes 1 --pods 4 --minutes 2" in result.output
    assert "rule 2: nothing is released while an interface carries it" in result.output
    assert "address-up address=" in result.output
    assert "verdict=failed seeds=1 failed=1" in result.output


def test_seeds_without_a_failure_end_with_a_verdict_for_machines() -> None:
    arguments = ["seeds", "--count", "1", "--nodes", "1", "--pods", "2", "--minutes", "0.2"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0
    assert result.output.startswith("verdict=ok seeds=1 failed=0 ")
