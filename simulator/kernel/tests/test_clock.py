"""The clocks of a simulated machine."""

import asyncio

import pytest

from simulator.kernel.clock import VirtualClock
from simulator.kernel.loop import SimLoop
from simulator.kernel.running import run


def sim_loop() -> SimLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop)
    return loop


def test_all_clocks_follow_virtual_time_each_from_its_own_zero() -> None:
    async def main() -> None:
        clock = VirtualClock(sim_loop(), wall_start=1000.0, skew_seconds=-5.0, boot_offset_seconds=300.0)
        await clock.sleep(60)
        assert clock.now() == 1055.0
        assert clock.monotonic() == 360.0
        assert clock.boot_ns() == 360_000_000_000

    run(main())


def test_no_two_processes_of_a_boot_share_a_start_stamp() -> None:
    async def main() -> None:
        clock = VirtualClock(sim_loop())
        stamps = [clock.boot_ns() for _ in range(1000)]
        await clock.sleep(1e-7)
        stamps.append(clock.boot_ns())
        assert stamps == sorted(set(stamps))

    run(main())


def test_a_reboot_starts_the_boot_clock_again_and_leaves_the_wall_clock() -> None:
    async def main() -> None:
        clock = VirtualClock(sim_loop(), wall_start=1000.0)
        await clock.sleep(500)
        clock.boot_again()
        await clock.sleep(2)
        assert (clock.now(), clock.monotonic(), clock.boot_ns()) == (1502.0, 2.0, 2_000_000_000)

    run(main())


def test_the_wall_clock_can_be_set_while_durations_stay_true() -> None:
    async def main() -> None:
        clock = VirtualClock(sim_loop(), wall_start=1000.0)
        clock.skew_seconds = -3600.0
        with pytest.raises(TimeoutError):
            async with clock.timeout(7):
                await clock.sleep(8)
        assert (clock.now(), clock.monotonic()) == (1007.0 - 3600.0, 7.0)

    run(main())


def test_no_timeout_means_waiting_as_long_as_it_takes() -> None:
    async def main() -> None:
        clock = VirtualClock(sim_loop())
        async with clock.timeout(None):
            await clock.sleep(1e6)
        assert clock.monotonic() == 1e6

    run(main())


def test_who_waits_for_the_rest_of_a_deadline_gets_there_however_small_the_rest_is() -> None:
    """After a boot a machine's clock is finer than the loop's time: a rest may be less than the loop can add."""

    async def main() -> None:
        clock = VirtualClock(sim_loop())
        await clock.sleep(2.611264)
        clock.boot_again()
        deadline = clock.monotonic() + 0.3
        await clock.sleep(0.3 - 5e-17)
        looks = 0
        while (rest := deadline - clock.monotonic()) > 0 or looks == 0:
            looks += 1
            assert looks < 100, "virtual time stands still"
            with pytest.raises(TimeoutError):
                async with clock.timeout(max(rest, 5e-17)):
                    await asyncio.get_running_loop().create_future()

    run(main())
