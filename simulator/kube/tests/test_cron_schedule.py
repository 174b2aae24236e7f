"""When the schedules of CronJobs come due."""

from datetime import datetime

import pytest

from simulator.kube.cron_schedule import parse, zone_of


def _times(schedule: str, start: str, count: int, zone: str | None = None) -> list[str]:
    where = zone_of(zone)
    known, moment = parse(schedule, where), datetime.fromisoformat(start).timestamp()
    found = []
    for _ in range(count):
        following = known.after(moment)
        assert following is not None
        moment = following
        found.append(datetime.fromtimestamp(moment, where).strftime("%m-%d %H:%M"))
    return found


@pytest.mark.parametrize(
    ("schedule", "start", "due"),
    [
        ("* * * * *", "2026-03-01T10:00:00Z", ["03-01 10:01", "03-01 10:02"]),
        ("*/20 8-9 * * *", "2026-03-01T09:30:00Z", ["03-01 09:40", "03-02 08:00", "03-02 08:20"]),
        ("50/5 * * * ?", "2026-03-01T09:30:00Z", ["03-01 09:50", "03-01 09:55", "03-01 10:50"]),
        ("0 0 29 feb *", "2026-03-01T00:00:00Z", ["02-29 00:00"]),
        ("0 12 * * MON,fri", "2026-03-01T00:00:00Z", ["03-02 12:00", "03-06 12:00", "03-09 12:00"]),
        ("0 0 13 * 5", "2026-03-01T00:00:00Z", ["03-06 00:00", "03-13 00:00", "03-20 00:00"]),
        ("0 0 */2 * 5", "2026-03-01T00:00:00Z", ["03-03 00:00", "03-05 00:00", "03-06 00:00"]),
        ("@weekly", "2026-03-01T00:00:00Z", ["03-08 00:00"]),
        ("@every 90m", "2026-03-01T00:00:30Z", ["03-01 01:30", "03-01 03:00"]),
    ],
)
def test_a_schedule_comes_due(schedule: str, start: str, due: list[str]) -> None:
    assert _times(schedule, start, len(due)) == due


def test_a_schedule_keeps_the_clocks_of_its_time_zone() -> None:
    begin = "2026-03-28T00:00:00Z"
    assert _times("30 8 * * *", begin, 2, "Europe/Berlin") == ["03-28 08:30", "03-29 08:30"]
    first = parse("30 8 * * *", zone_of("Europe/Berlin")).after(datetime.fromisoformat(begin).timestamp())
    assert first == datetime.fromisoformat("2026-03-28T07:30:00Z").timestamp()


def test_an_hour_that_a_clock_leaves_out_has_no_jobs_and_one_that_comes_twice_has_them_twice() -> None:
    assert _times("30 2 * * *", "2026-03-28T12:00:00Z", 1, "Europe/Berlin") == ["03-30 02:30"]
    twice = _times("30 2 * * *", "2026-10-24T12:00:00Z", 3, "Europe/Berlin")
    assert twice == ["10-25 02:30", "10-25 02:30", "10-26 02:30"]


def test_a_day_that_never_comes_is_none() -> None:
    assert parse("59 23 31 2 *").after(0.0) is None


def test_a_time_zone_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown time zone Atlantis/Harbour"):
        zone_of("Atlantis/Harbour")
