"""Times as the Kubernetes API writes them, and the real clock and randomness behind the ports."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiderpool.ports.clock import from_rfc3339, rfc3339
from spiderpool.ports.entropy import jitter, token
from spiderpool.ports.system import SystemClock, SystemEntropy

YEAR_9999 = 253_402_300_799


@given(st.integers(0, YEAR_9999))
def test_a_whole_second_survives_its_text(seconds: int) -> None:
    assert from_rfc3339(rfc3339(seconds)) == seconds


@given(st.floats(0, YEAR_9999))
def test_the_text_is_the_second_that_has_begun(seconds: float) -> None:
    assert 0 <= seconds - from_rfc3339(rfc3339(seconds)) < 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-23T11:04:37Z", 1_795_431_877),
        ("2026-11-23T11:04:37.250000Z", 1_795_431_877.25),
        ("2026-11-23T12:04:37+01:00", 1_795_431_877),
    ],
)
def test_the_forms_that_kubernetes_writes_are_read(text: str, seconds: float) -> None:
    assert from_rfc3339(text) == seconds


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-23", "2026-11-23T11:04:37", "2026-13-01T00:00:00Z"])
def test_a_text_that_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="2026-11-23T11:04:37Z") as refusal:
        from_rfc3339(text)
    assert repr(text) in str(refusal.value)


class Fixed:
    """Gives the share of the bound that it was told, and remembers the bounds."""

    def __init__(self, share: float) -> None:
        self.share = share

    def below(self, bound: int) -> int:
        return min(bound - 1, int(bound * self.share))


@pytest.mark.parametrize(("share", "seconds"), [(0.0, 600.0), (0.5, 630.0)])
def test_jitter_lengthens_by_a_share_and_never_shortens(share: float, seconds: float) -> None:
    assert jitter(Fixed(share), 600, 0.1) == seconds


def test_jitter_stays_below_its_bound() -> None:
    assert 659 < jitter(Fixed(1.0), 600, 0.1) < 660


def test_a_token_is_a_name_part_of_the_wanted_length() -> None:
    assert token(Fixed(0.0)) == "b" * 8
    assert token(Fixed(1.0), 3) == "999"


def test_the_machines_clocks_do_not_go_back() -> None:
    clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()
    assert 0 < clock.boot_ns() <= clock.boot_ns()
    assert clock.now() > from_rfc3339("2026-01-01T00:00:00Z")


def test_the_machines_timeout_ends_what_waits() -> None:
    async def wait_for_nothing() -> None:
        clock = SystemClock()
        await clock.sleep(0)
        async with clock.timeout(0):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        asyncio.run(wait_for_nothing())


def test_the_machines_randomness_stays_below_any_bound() -> None:
    entropy = SystemEntropy()
    assert entropy.below(1) == 0
    assert 0 <= entropy.below(1 << 128) < 1 << 128
