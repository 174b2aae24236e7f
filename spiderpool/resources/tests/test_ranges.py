"""Ranges as text: read, merged, sorted, written; every refused text says what to write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiderpool.resources.addresses import BITS, Family
from spiderpool.resources.intervals import IntervalSet
from spiderpool.resources.ranges import format_ranges, parse_range, parse_ranges

families: st.SearchStrategy[Family] = st.sampled_from([4, 6])


@given(families, st.data())
def test_a_set_survives_its_text(family: Family, data: st.DataObject) -> None:
    low = 0 if family == 4 else 1 << 64
    ends = st.integers(low, (1 << BITS[family]) - 1)
    spans = data.draw(st.lists(st.tuples(ends, ends).map(lambda pair: (min(pair), max(pair)))))
    wanted = IntervalSet.of(spans)
    texts = format_ranges(family, wanted)
    assert parse_ranges(family, texts) == wanted
    assert format_ranges(family, parse_ranges(family, texts)) == texts


@pytest.mark.parametrize(
    ("family", "texts", "merged"),
    [
        (4, ["10.0.0.9", "10.0.0.1-10.0.0.4", "10.0.0.5"], ["10.0.0.1-10.0.0.5", "10.0.0.9"]),
        (4, ["10.0.0.1-10.0.0.9", "10.0.0.3-10.0.0.4"], ["10.0.0.1-10.0.0.9"]),
        (4, ["10.0.0.1 - 10.0.0.2"], ["10.0.0.1-10.0.0.2"]),
        (4, ["10.0.0.1-10.0.0.1"], ["10.0.0.1"]),
        (4, ["0.0.0.0-255.255.255.255"], ["0.0.0.0-255.255.255.255"]),
        (6, ["FD00::B", "fd00::a"], ["fd00::a-fd00::b"]),
        (6, ["::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], ["::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]),
        (4, [], []),
    ],
)
def test_ranges_are_merged_and_sorted(family: Family, texts: list[str], merged: list[str]) -> None:
    assert format_ranges(family, parse_ranges(family, texts)) == merged


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("", "write one such as 10.0.0.5 or fd00::5"),
        ("10.0.0.1-", "write one such as 10.0.0.5 or fd00::5"),
        ("10.0.0.1-10", "write one such as 10.0.0.5 or fd00::5"),
        ("10.0.0.1-10.0.0.2-10.0.0.3", "write one such as 10.0.0.5 or fd00::5"),
        ("10.0.0.0/30", "write the range 10.0.0.0-10.0.0.3"),
        ("10.0.0.1/30", "write the range 10.0.0.0-10.0.0.3"),
        ("fd00::/127", "write the range fd00::-fd00::1"),
        ("10.0.0.9-10.0.0.1", "write 10.0.0.1-10.0.0.9"),
        ("10.0.0.1-fd00::1", "write two ranges, each in a list of its own family"),
        ("::ffff:10.0.0.1", "write it as the IPv4 address 10.0.0.1"),
    ],
)
def test_a_refused_range_says_what_to_write_instead(text: str, remedy: str) -> None:
    with pytest.raises(ValueError) as refusal:  # noqa: PT011  the text is what is judged
        parse_range(text)
    assert remedy in str(refusal.value)


def test_a_range_of_the_other_family_is_refused() -> None:
    with pytest.raises(ValueError, match="range 'fd00::1' is IPv6, expected IPv4"):
        parse_ranges(4, ["10.0.0.1", "fd00::1"])
