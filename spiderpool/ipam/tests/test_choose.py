import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiderpool.ipam.choose import Policy, propose, propose_by_hint
from spiderpool.ipam.usage import Hint, decode, encode
from spiderpool.resources.intervals import IntervalSet

ANY = IntervalSet.of([(0, 1 << 128)])
NONE: frozenset[int] = frozenset()


@given(
    spans=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8)), max_size=4),
    taken=st.sets(st.integers(0, 70)),
    seed=st.integers(0, 1000),
    policy=st.sampled_from(["random", "lowest"]),
)
def test_a_proposal_is_usable_and_free_and_none_only_when_nothing_is(
    spans: list[tuple[int, int]], taken: set[int], seed: int, policy: Policy
) -> None:
    usable = IntervalSet.of((first, first + width) for first, width in spans)
    free = {value for first, last in usable for value in range(first, last + 1)} - taken
    draw = random.Random(seed).randrange
    got = propose(usable, is_taken=taken.__contains__, taken=lambda: taken, draw=draw, policy=policy)
    assert got in free if free else got is None
    if policy == "lowest" and free:
        assert got == min(free)


def test_random_proposals_reach_every_free_address() -> None:
    usable, taken = IntervalSet.of([(10, 19)]), {10, 11, 12, 13, 14, 15, 16}
    draw = random.Random(1).randrange
    got = {propose(usable, is_taken=taken.__contains__, taken=lambda: taken, draw=draw) for _ in range(100)}
    assert got == {17, 18, 19}


def test_a_sixtyfour_bit_pool_is_never_enumerated() -> None:
    usable = IntervalSet.of([(1 << 100, (1 << 100) + (1 << 64) - 1)])
    got = propose(usable, is_taken=NONE.__contains__, taken=list, draw=random.Random(2).randrange)
    assert got is not None
    assert got in usable


@pytest.mark.parametrize("policy", ["random", "lowest"])
def test_the_summary_leads_to_what_it_leaves_free(policy: Policy) -> None:
    ranked = IntervalSet.of([(10, 19), (30, 39)])
    taken = [value for value in (*range(10, 20), *range(30, 40)) if value not in (17, 35)]
    hint = decode(encode(ranked, taken, generation=1, revision="1"), ranked)
    draw = random.Random(3).randrange
    got = {propose_by_hint(ranked, hint, may_try=ANY.__contains__, draw=draw, policy=policy) for _ in range(40)}
    assert got == ({17, 35} if policy == "random" else {17})


def test_what_may_not_be_tried_is_passed_over_and_a_full_summary_proposes_nothing() -> None:
    ranked = IntervalSet.of([(10, 11)])
    half = decode(encode(ranked, [], generation=1, revision="1"), ranked)
    draw = random.Random(4).randrange
    got = {propose_by_hint(ranked, half, may_try=lambda v: v == 11, draw=draw, policy="lowest") for _ in range(5)}
    assert got == {11}
    full = decode(encode(ranked, [10, 11], generation=1, revision="1"), ranked)
    assert propose_by_hint(ranked, full, may_try=ANY.__contains__, draw=draw) is None
    assert propose_by_hint(ranked, Hint(size=0), may_try=ANY.__contains__, draw=draw) is None
