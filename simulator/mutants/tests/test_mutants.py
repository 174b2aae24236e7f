"""Every mutant is caught: by a directed story of the agent's tests, or by seeds of a small campaign and its oracles."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from simulator.campaign import Scale, play_seed
from simulator.faults.catalogue import FAULTS
from simulator.faults.fault import Fault
from simulator.mutants.table import MUTANTS
from spiderpool.agent.tests import (
    test_add,
    test_del,
    test_gate,
    test_identity,
    test_late_main_plugin,
    test_reclaim,
    test_writing,
)

Story = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunt:
    """Seeds of one campaign; ``says`` stands in the verdict of the one that catches the mutant."""

    first: int
    count: int
    faults: tuple[Fault, ...]
    says: str
    pods: int = 6

    @property
    def scale(self) -> Scale:
        return Scale(nodes=2, pods=self.pods, minutes=2.0, strikes_per_minute=10.0, faults=self.faults, share=1.0)


def faults(*names: str, **numbers: tuple[float, float]) -> tuple[Fault, ...]:
    found = {fault.name: fault for fault in FAULTS}
    return tuple(
        Fault(
            name=name,
            weight=found[name].weight,
            where=found[name].where,
            numbers={key: numbers.get(key, span) for key, span in found[name].numbers.items()},
        )
        for name in names
    )


DELETES = (3.0, 4.999)  # positions in ``VERBS``
HUNTS: dict[str, Hunt] = {
    "delete-without-preconditions": Hunt(
        first=0, count=12, faults=faults("commit-late", verb=DELETES), says="2: nothing is released", pods=4
    ),
    "del-matches-the-pod": Hunt(
        first=0, count=12, faults=faults("del-late", "sandbox-killed", "add-fails-after"), says="no interface carries"
    ),
    "no-flush": Hunt(first=0, count=2, faults=faults("watch-cut"), says="2: nothing is released"),
    "no-attestation": Hunt(first=0, count=6, faults=faults("pod-force-deleted"), says="2: nothing is released"),
    "hand-over-when-the-pod-is-gone": Hunt(
        first=0, count=6, faults=faults("pod-force-deleted"), says="2: nothing is released"
    ),
    "no-reclaim": Hunt(first=0, count=4, faults=faults("del-lost"), says="not settled"),
    "identities-are-not-parked": Hunt(first=0, count=4, faults=faults("watch-cut"), says="6: an identity keeps"),
    "no-verifying-read": Hunt(
        first=0, count=12, faults=faults("pool-edited", "watch-held"), says="3: a claim made after an edit"
    ),
}

# The same rules once more, by another fault. Only one of two API servers is behind, and only an agent that is its client
# believes an old pool; with the lags of ordinary campaigns that meets an edit of the very address too rarely to be seen.
LONG = (30.0, 60.0)
HUNTS_TOO: dict[str, Hunt] = {
    "no-verifying-read": Hunt(
        first=0,
        count=40,
        faults=faults("pool-edited", "replica-behind", lag_seconds=LONG),
        says="3: a claim made after an edit",
    ),
}

STORIES: dict[str, Story] = {
    "del-frees-what-is-not-up-yet": (
        test_del.test_an_address_that_was_handed_out_and_is_not_up_yet_is_freed_when_its_namespace_is_gone
    ),
    "late-main-plugins-are-forgotten": (
        test_late_main_plugin.test_an_address_that_an_older_container_may_still_bring_up_is_waited_for
    ),
    "no-order-of-containers": test_add.test_an_older_container_is_overtaken,
    "409-believed": test_writing.test_a_409_after_a_lost_request_is_read_and_found_to_be_anothers,
    "reconcile-without-lock": test_reclaim.test_an_add_under_way_owns_its_claims,
    "judged-by-address": (test_reclaim.test_a_namespace_that_lives_keeps_its_address_whatever_the_api_says_of_the_pod),
    "spare-claims-stay": test_writing.test_a_spare_claim_of_the_same_container_is_freed_by_the_wire,
    "own-claims-are-not-looked-for": test_add.test_a_newer_container_adopts_the_addresses_of_its_pod,
    "verified-by-a-read-of-before": (
        test_add.test_a_verifying_read_serves_only_claims_that_were_answered_before_it_was_sent
    ),
    "verified-without-reservations": test_add.test_a_reservation_that_the_view_has_not_seen_is_honoured,
    "no-undo": test_add.test_when_one_family_is_full_the_other_is_given_back,
    "interface-not-in-the-key": test_add.test_two_interfaces_of_a_pod_hold_different_addresses,
    "no-list-behind-the-hint": test_add.test_a_hint_that_calls_every_address_taken_is_checked_against_the_ledger,
    "ledger-gate-left-open": test_gate.test_a_recovering_ledger_hands_out_nothing_until_it_is_open_again,
}

# The same rules once more, where a story shows it without chance.
STORIES_TOO: dict[str, Story] = {
    "del-matches-the-pod": test_del.test_del_of_an_older_container_frees_nothing_of_the_newer_one,
    "hand-over-when-the-pod-is-gone": (
        test_identity.test_an_address_that_may_be_on_the_wire_of_another_node_is_waited_for
    ),
    "no-flush": test_del.test_del_takes_the_addresses_off_the_wire_before_it_frees_them,
}

BY_NAME = {mutant.name: mutant for mutant in MUTANTS}


@pytest.mark.parametrize("name", sorted(HUNTS))
def test_a_mutant_is_caught_by_seeds_that_the_product_survives(name: str) -> None:
    _is_hunted_down(name, HUNTS[name])


@pytest.mark.parametrize("name", sorted(HUNTS_TOO))
def test_a_mutant_is_caught_where_an_api_server_is_behind(name: str) -> None:
    _is_hunted_down(name, HUNTS_TOO[name])


def _is_hunted_down(name: str, hunt: Hunt) -> None:
    with BY_NAME[name].applied():
        caught = next(
            (
                seed
                for seed in range(hunt.first, hunt.first + hunt.count)
                if hunt.says in play_seed(seed, hunt.scale).why
            ),
            None,
        )
    assert caught is not None, f"no seed of {hunt} catches {name}"
    assert play_seed(caught, hunt.scale).why == ""


@pytest.mark.parametrize("name", sorted(STORIES))
def test_a_mutant_is_caught_by_the_story_of_its_rule(name: str) -> None:
    _is_caught_by(name, STORIES[name])


@pytest.mark.parametrize("name", sorted(STORIES_TOO))
def test_a_mutant_that_seeds_find_is_caught_by_a_story_too(name: str) -> None:
    _is_caught_by(name, STORIES_TOO[name])


def _is_caught_by(name: str, story: Story) -> None:
    with BY_NAME[name].applied(), pytest.raises((AssertionError, KeyError)):
        story()
    story()


def test_every_mutant_has_somebody_who_catches_it() -> None:
    assert sorted([*HUNTS, *STORIES]) == sorted(BY_NAME)
