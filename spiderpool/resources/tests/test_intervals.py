"""IntervalSet against a naive set: by properties on random sets, and by enumeration of every set of a small universe."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiderpool.resources.intervals import IntervalSet

UNIVERSE = range(6)
SETS = [
    frozenset(value for value, inside in zip(UNIVERSE, bits, strict=True) if inside)
    for bits in product([False, True], repeat=len(UNIVERSE))
]
spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)).map(lambda pair: (pair[0], pair[0] + pair[1])))


def naive(intervals: list[tuple[int, int]]) -> set[int]:
    return {value for first, last in intervals for value in range(first, last + 1)}


def members(intervals: IntervalSet) -> set[int]:
    return naive(list(intervals))


def is_canonical(intervals: IntervalSet) -> bool:
    ordered = all(first <= last for first, last in intervals)
    return ordered and all(
        before[1] + 1 < after[0] for before, after in zip(intervals.spans, intervals.spans[1:], strict=False)
    )


@given(spans)
def test_a_union_of_spans_has_the_members_of_the_naive_set(intervals: list[tuple[int, int]]) -> None:
    built = IntervalSet.of(intervals)
    assert members(built) == naive(intervals)
    assert is_canonical(built)
    assert built.size == len(naive(intervals))
    assert bool(built) == bool(naive(intervals))


@given(spans, spans)
def test_the_operations_are_those_of_the_naive_set(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    left, right = IntervalSet.of(one), IntervalSet.of(other)
    for built, expected in (
        (left.union(right), naive(one) | naive(other)),
        (left.minus(right), naive(one) - naive(other)),
        (left.intersect(right), naive(one) & naive(other)),
    ):
        assert members(built) == expected
        assert is_canonical(built)


def test_the_operations_hold_for_every_pair_of_sets_of_a_small_universe() -> None:
    built = {values: IntervalSet.points(values) for values in SETS}
    for one, other in product(SETS, SETS):
        left, right = built[one], built[other]
        assert left.union(right) == built[one | other]
        assert left.minus(right) == built[one - other]
        assert left.intersect(right) == built[one & other]


def test_positions_and_membership_hold_for_every_set_of_a_small_universe() -> None:
    for values in SETS:
        intervals = IntervalSet.points(values)
        ordered = sorted(values)
        assert [intervals.at(index) for index in range(intervals.size)] == ordered
        assert [intervals.rank(value) for value in ordered] == list(range(len(ordered)))
        for value in (-1, *UNIVERSE, len(UNIVERSE)):
            assert (value in intervals) == (value in values)
            if value not in values:
                with pytest.raises(ValueError, match="not in the set"):
                    intervals.rank(value)
        for index in (-1, len(ordered)):
            with pytest.raises(IndexError, match=f"position {index} of a set of {len(ordered)}"):
                intervals.at(index)


def test_an_interval_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="ends at 3, before its start 4"):
        IntervalSet.of([(4, 3)])


@pytest.mark.parametrize("bits", [2, 24, 64, 128])
def test_a_subnet_of_any_width_takes_one_code_path(bits: int) -> None:
    whole = IntervalSet.of([(0, (1 << bits) - 1)])
    ends = IntervalSet.points([0, (1 << bits) - 1])
    middle = whole.minus(ends)
    assert whole.size == 1 << bits
    assert middle.spans == ((1, (1 << bits) - 2),)
    assert middle.union(ends) == whole
    assert whole.at((1 << bits) - 1) == (1 << bits) - 1
    assert middle.rank((1 << bits) - 2) == (1 << bits) - 3
    assert whole.intersect(middle) == middle


def test_positions_of_a_huge_set_with_many_holes_are_exact() -> None:
    holes = IntervalSet.points(range(0, 20_000, 2))
    free = IntervalSet.of([(0, (1 << 128) - 1)]).minus(holes)
    assert len(free.spans) == 10_000
    assert free.size == (1 << 128) - 10_000
    for index in (0, 9_999, 10_000, free.size - 1):
        assert free.rank(free.at(index)) == index
    assert free.at(9_999) == 19_999
    assert free.at(10_000) == 20_000


class Counting(tuple[tuple[int, int], ...]):
    """Spans that count how often one of them is looked at."""

    __slots__ = ()
    looks = 0

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        type(self).looks += 1
        return super().__getitem__(index)

    def __iter__(self):  # type: ignore[no-untyped-def]
        for index in range(len(self)):
            yield self[index]


@pytest.mark.parametrize("operation", ["minus", "intersect"])
@pytest.mark.parametrize("shape", ["interleaved", "one wide hole", "one wide set"])
def test_the_work_of_an_operation_is_linear_in_the_number_of_spans(operation: str, shape: str) -> None:
    count = 2_000
    combs = {
        "interleaved": ([(4 * n, 4 * n + 1) for n in range(count)], [(4 * n + 1, 4 * n + 2) for n in range(count)]),
        "one wide hole": ([(4 * n, 4 * n + 1) for n in range(count)], [(0, 4 * count)]),
        "one wide set": ([(0, 4 * count)], [(4 * n + 1, 4 * n + 2) for n in range(count)]),
    }
    one, other = combs[shape]
    Counting.looks = 0
    result = getattr(IntervalSet(Counting(one)), operation)(IntervalSet(Counting(other)))
    assert members(result) == getattr(naive(one), {"minus": "difference", "intersect": "intersection"}[operation])(
        naive(other)
    )
    assert Counting.looks <= 10 * (len(one) + len(other))
