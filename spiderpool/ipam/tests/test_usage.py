"""The usage summary against a plain set of positions."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spiderpool.ipam.usage import BITMAP_POSITIONS, BUCKETS, Hint, decode, encode
from spiderpool.resources.intervals import IntervalSet
from spiderpool.resources.pool import Usage

SMALL = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 30)), min_size=1, max_size=6).map(
    lambda spans: IntervalSet.of((first, first + length) for first, length in spans)
)
VALUES = st.sets(st.integers(0, 450), max_size=120)
LARGE = IntervalSet.of([(1 << 100, (1 << 100) + (1 << 64) - 1), (5, 40_000)])


def summary(usable: IntervalSet, taken: set[int]) -> Hint:
    return decode(encode(usable, taken, generation=1, revision="7"), usable)


def taken_by_position(usable: IntervalSet, taken: set[int]) -> list[bool]:
    return [usable.at(position) in taken for position in range(usable.size)]


@settings(max_examples=100, deadline=None)
@given(SMALL, VALUES)
def test_a_small_pool_is_told_exactly(usable: IntervalSet, taken: set[int]) -> None:
    hint, truth = summary(usable, taken), taken_by_position(usable, taken)
    assert [hint.is_taken(position) for position in range(usable.size)] == truth
    assert hint.free == truth.count(False) == hint.weight(0)


@settings(max_examples=100, deadline=None)
@given(SMALL, VALUES)
def test_every_draw_picks_another_free_position_in_order(usable: IntervalSet, taken: set[int]) -> None:
    hint = summary(usable, taken)
    free = [position for position, is_taken in enumerate(taken_by_position(usable, taken)) if not is_taken]
    assert [hint.pick(draw) for draw in range(hint.free)] == free
    with pytest.raises(IndexError, match="free positions"):
        hint.pick(hint.free)


@settings(max_examples=100, deadline=None)
@given(SMALL, VALUES, st.integers(0, 500))
def test_the_next_free_position_skips_what_is_taken(usable: IntervalSet, taken: set[int], start: int) -> None:
    truth = taken_by_position(usable, taken)
    wanted = next((position for position in range(start, usable.size) if not truth[position]), None)
    assert summary(usable, taken).next_free(start) == wanted


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(5, 40_000), max_size=50), st.sets(st.integers(1 << 100, (1 << 100) + 1000), max_size=50))
def test_a_large_pool_is_told_by_bucket(low: set[int], high: set[int]) -> None:
    hint = summary(LARGE, low | high)
    counts = [0] * hint.buckets
    for value in low | high:
        position = LARGE.rank(value)
        bucket = next(index for index in range(hint.buckets) if position in hint.bounds(index))
        counts[bucket] += 1
    assert [
        hint.bounds(bucket).stop - hint.bounds(bucket).start - hint.weight(bucket) for bucket in range(hint.buckets)
    ] == counts
    assert hint.free == LARGE.size - len(low | high)
    assert hint.buckets <= BUCKETS
    assert hint.bounds(hint.buckets - 1).stop == LARGE.size


def test_a_full_bucket_is_avoided_and_an_open_one_says_nothing_about_its_positions() -> None:
    usable = IntervalSet.of([(0, BITMAP_POSITIONS)])
    width = summary(usable, set()).bounds(0).stop
    hint = summary(usable, {*range(width), width + 3})
    assert hint.is_taken(0) is True
    assert hint.is_taken(width + 3) is None
    assert hint.next_free(0) == width
    assert hint.next_free(width + 7) == width + 7
    assert hint.pick(0) == width
    assert hint.pick(hint.free - 1) == BITMAP_POSITIONS
    assert [position for position in range(usable.size) if hint.is_taken(position)] == list(range(width))


def test_a_large_pool_that_is_full_has_nothing_to_pick() -> None:
    usable = IntervalSet.of([(0, BITMAP_POSITIONS)])
    hint = summary(usable, set(range(BITMAP_POSITIONS + 1)))
    assert hint.free == 0
    assert hint.next_free(0) is None


@pytest.mark.parametrize(
    "usable",
    [
        IntervalSet.of([(0, BITMAP_POSITIONS - 1)]),
        IntervalSet.of([(0, BITMAP_POSITIONS)]),
        IntervalSet.of([(0, (1 << 128) - 1)]),
    ],
    ids=["largest bitmap", "smallest buckets", "every IPv6 address"],
)
def test_a_summary_never_exceeds_six_kilobytes(usable: IntervalSet) -> None:
    usage = encode(usable, range(0, 60_000, 3), generation=10**9, revision="9" * 20)
    assert len(usage.data) + len(usage.encoding) + len(usage.revision) < 6000


def test_an_empty_pool_has_an_empty_summary() -> None:
    hint = summary(IntervalSet(), {1, 2})
    assert hint.is_known
    assert (hint.size, hint.free, hint.next_free(0)) == (0, 0, None)


def test_without_a_summary_everything_may_be_free() -> None:
    hint = decode(None, LARGE)
    assert not hint.is_known
    assert hint.free == LARGE.size
    assert hint.is_taken(0) is None
    assert hint.next_free(17) == 17
    assert hint.next_free(LARGE.size) is None
    assert hint.pick(LARGE.size - 1) == LARGE.size - 1


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["bitmap", "buckets", "riddle"]),
    st.one_of(st.text(max_size=40), st.binary(max_size=40).map(lambda data: base64.b64encode(data).decode())),
)
def test_broken_data_is_no_error_and_no_knowledge(encoding: str, data: str) -> None:
    usage = Usage(generation=1, revision="1", encoding=encoding, data=data)
    assert decode(usage, IntervalSet.of([(0, 99)])) == Hint(size=100)
    assert decode(usage, LARGE) == Hint(size=LARGE.size)


def test_a_summary_of_other_addresses_is_no_knowledge() -> None:
    usage = encode(IntervalSet.of([(10, 19)]), {12}, generation=1, revision="1")
    assert not decode(usage, IntervalSet.of([(11, 20)])).is_known


def test_a_summary_outlives_an_edit_that_leaves_the_addresses_alone() -> None:
    usable = IntervalSet.of([(10, 19)])
    usage = encode(usable, {12}, generation=1, revision="1")
    assert decode(Usage(generation=2, revision="1", encoding=usage.encoding, data=usage.data), usable).is_taken(2)
