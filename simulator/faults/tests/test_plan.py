"""Fault plans: drawn whole from the tape, each seed its own subset, all over at a known time."""

from simulator.faults.acts import ACTS
from simulator.faults.catalogue import FAULTS
from simulator.faults.fault import draw_plan
from simulator.kernel.tape import Tape


def test_one_seed_gives_one_plan_and_another_seed_another() -> None:
    plans = [draw_plan(Tape(seed), FAULTS, seconds=300.0, strikes_max=30) for seed in (1, 1, 2)]
    assert plans[0] == plans[1] != plans[2]


def test_every_strike_is_of_a_kind_of_the_plan_in_order_and_in_time() -> None:
    for seed in range(50):
        plan = draw_plan(Tape(seed), FAULTS, seconds=60.0, strikes_max=20)
        times = [strike.at_seconds for strike in plan.strikes]
        assert times == sorted(times)
        assert all(0 <= at < 60 for at in times)
        assert len(times) <= 20
        assert plan.kinds
        for strike in plan.strikes:
            assert strike.fault.name in plan.kinds
            for name, (low, high) in strike.fault.numbers.items():
                assert low <= strike.numbers[name] <= high


def test_seeds_have_different_subsets_and_together_every_fault_strikes() -> None:
    plans = [draw_plan(Tape(seed), FAULTS, seconds=60.0, strikes_max=40) for seed in range(60)]
    assert len({plan.kinds for plan in plans}) > 50
    assert {strike.fault.name for plan in plans for strike in plan.strikes} == {fault.name for fault in FAULTS}


def test_a_quiet_tape_gives_no_strike() -> None:
    plan = draw_plan(Tape.replay({}), FAULTS, seconds=60.0, strikes_max=40)
    assert plan.strikes == ()


def test_every_fault_of_the_catalogue_has_an_act_and_every_act_a_fault() -> None:
    assert sorted(ACTS) == sorted(fault.name for fault in FAULTS)


def test_a_strike_says_what_it_does() -> None:
    strike = next(
        strike
        for seed in range(50)
        for strike in draw_plan(Tape(seed), FAULTS, seconds=60.0, strikes_max=40).strikes
        if strike.fault.name == "power-cut"
    )
    down = strike.numbers["down_seconds"]
    assert str(strike) == f"at {strike.at_seconds:.1f} s power-cut (down_seconds={down:.2f})"
