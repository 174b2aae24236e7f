"""The choice tape: the same seed draws the same, streams are independent, recordings replay and shrink."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.kernel.entropy import TapeEntropy
from simulator.kernel.shrink import loudness, shrink
from simulator.kernel.tape import Draw, Recording, Tape, TapeMismatch, from_json, to_json


def draw_some(tape: Tape) -> list[object]:
    return [
        [tape.choose("agent/pick", 1000) for _ in range(5)],
        [tape.uniform("network/latency", 0.5, 2.0) for _ in range(5)],
        [tape.chance("faults/crash", 0.5) for _ in range(20)],
        tape.choose("agent/address", 1 << 128),
    ]


def test_the_same_seed_draws_the_same_and_another_seed_something_else() -> None:
    assert draw_some(Tape(7)) == draw_some(Tape(7))
    assert draw_some(Tape(7)) != draw_some(Tape(8))


def test_the_draws_of_a_seed_are_fixed_for_good() -> None:
    tape = Tape(7)
    assert [tape.choose("a/x", 100) for _ in range(5)] == [82, 35, 80, 23, 34]
    assert tape.choose("b/x", 1 << 100) == 834220172358266111224002014152


def test_what_one_component_draws_does_not_shift_another() -> None:
    quiet, busy = Tape(7), Tape(7)
    for _ in range(100):
        busy.choose("agent/pick", 10)

    assert [quiet.choose("network/a", 99) for _ in range(9)] == [busy.choose("network/a", 99) for _ in range(9)]


@given(st.integers(1, 1 << 128))
@settings(max_examples=100)
def test_a_choice_lies_below_its_bound(bound: int) -> None:
    assert 0 <= Tape(bound).choose("a/b", bound) < bound


def test_nothing_can_be_chosen_from_nothing() -> None:
    with pytest.raises(ValueError, match="a/b: nothing to choose from"):
        Tape(7).choose("a/b", 0)


def test_a_certain_thing_happens_and_an_impossible_one_does_not() -> None:
    tape = Tape(7)
    assert all(tape.chance("a/b", 1.0) for _ in range(50))
    assert not any(tape.chance("a/b", 0.0) for _ in range(50))


def test_a_recording_replays_to_the_same_draws_through_json() -> None:
    tape = Tape(7)
    drawn = draw_some(tape)

    replayed = Tape.replay(from_json(to_json(tape.recording)), strict=True)

    assert draw_some(replayed) == drawn
    assert replayed.recording == tape.recording


def test_a_strict_replay_names_the_first_question_that_differs() -> None:
    tape = Tape(7)
    tape.choose("agent/pick", 10)
    replayed = Tape.replay(tape.recording, strict=True)

    with pytest.raises(TapeMismatch, match="asked for agent/pick below 11"):
        replayed.choose("agent/pick", 11)


def test_a_loose_replay_folds_values_into_the_bound_and_ends_in_quiet_choices() -> None:
    tape = Tape.replay({"a": (Draw("a/b", 100, 57),)})

    assert [tape.choose("a/b", 10), tape.choose("a/b", 10)] == [7, 0]
    assert tape.uniform("c/d", 3.0, 9.0) == 3.0
    assert tape.chance("e/f", 0.99) is False


def test_a_tape_that_does_not_record_draws_the_same() -> None:
    silent = Tape(7, record=False)
    assert draw_some(silent) == draw_some(Tape(7))
    assert all(not draws for draws in silent.recording.values())


def test_a_failure_that_needs_two_faults_is_shrunk_to_these_two() -> None:
    def fails(recording: Recording) -> bool:
        tape = Tape.replay(recording)
        [tape.uniform("network/latency", 0, 1) for _ in range(30)]
        crashes = [tape.chance("faults/crash", 0.5) for _ in range(40)]
        return crashes[11] and crashes[23] and tape.choose("workload/pods", 100) >= 10

    seed = next(seed for seed in range(1000) if fails(recording_of(seed)))

    smallest = shrink(recording_of(seed), fails, runs_max=300)

    assert fails(smallest)
    assert loudness(smallest) == 3
    assert 10 <= smallest["workload"][0].value < 20


def recording_of(seed: int) -> Recording:
    tape = Tape(seed)
    for _ in range(30):
        tape.uniform("network/latency", 0, 1)
    for _ in range(40):
        tape.chance("faults/crash", 0.5)
    tape.choose("workload/pods", 100)
    return tape.recording


def test_shrinking_stops_after_the_runs_that_it_was_given() -> None:
    runs = 0

    def fails(recording: Recording) -> bool:
        nonlocal runs
        runs += 1
        return False

    shrink(recording_of(1), fails, runs_max=17)

    assert runs == 17


def test_the_entropy_of_a_program_is_drawn_from_the_tape_under_its_label() -> None:
    tape = Tape(7)
    value = TapeEntropy(tape, "agent@n1/entropy").below(100)

    assert tape.recording == {"agent@n1": (Draw("agent@n1/entropy", 100, value),)}
