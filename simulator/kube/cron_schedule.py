"""The schedules of CronJobs: five fields (or ``@daily`` and its like, or ``@every 90m``), and the next time that they name.

The words of a refusal are those of the library that the real API server and its controller use, because both show them.
A day matches when day of month and day of week do, if one of them is a star; if both are restricted, one is enough.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_YEARS_AHEAD = 5
_SHORTHANDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_EVERY = "@every "
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|m|s|us|µs|ns)")
_MINUTE_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bounds:
    least: int
    most: int
    names: Mapping[str, int]


_FIELDS = (
    _Bounds(least=0, most=59, names={}),
    _Bounds(least=0, most=23, names={}),
    _Bounds(least=1, most=31, names={}),
    _Bounds(least=1, most=12, names={name: number for number, name in enumerate(_MONTHS, 1)}),
    _Bounds(least=0, most=6, names={name: number for number, name in enumerate(_DAYS)}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    numbers: frozenset[int]
    star: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """A schedule that comes again after a while, counted from the last time."""

    seconds: int

    def after(self, moment: float) -> float | None:
        """The first time after ``moment``."""
        return math.floor(moment) + self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """A schedule of five fields in a time zone."""

    minutes: _Field
    hours: _Field
    days: _Field
    months: _Field
    weekdays: _Field
    zone: tzinfo

    def after(self, moment: float) -> float | None:
        """The first time after ``moment``, in seconds since 1970; None: there is none in the years to come."""
        at = (math.floor(moment) // _MINUTE_SECONDS + 1) * _MINUTE_SECONDS
        last_year = self._local(moment).year + _YEARS_AHEAD
        while (local := self._local(at)).year <= last_year:
            if local.month not in self.months.numbers:
                first = local.replace(day=1, hour=0, minute=0, fold=0)
                at = self._later(at, (first + timedelta(days=32)).replace(day=1))
            elif not self._is_on(local):
                at = self._later(at, local.replace(hour=0, minute=0, fold=0) + timedelta(days=1))
            elif local.hour not in self.hours.numbers:
                at += _MINUTE_SECONDS * (60 - local.minute)
            elif local.minute not in self.minutes.numbers:
                at += _MINUTE_SECONDS
            else:
                return at
        return None

    def _local(self, moment: float) -> datetime:
        return datetime.fromtimestamp(moment, self.zone)

    def _later(self, at: int, local: datetime) -> int:
        """A local time as seconds since 1970; never back, whatever a clock that is put back makes of it."""
        return max(at + _MINUTE_SECONDS, int(local.timestamp()))

    def _is_on(self, local: datetime) -> bool:
        by_date = local.day in self.days.numbers
        by_week = (local.weekday() + 1) % 7 in self.weekdays.numbers
        return (by_date and by_week) if self.days.star or self.weekdays.star else (by_date or by_week)


Schedule = Every | Calendar


def zone_of(name: str | None) -> tzinfo:
    """The time zone that a CronJob names; without one, UTC.

    Raises:
        ValueError: nobody knows it.
    """
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"unknown time zone {name}") from None


def parse(text: str, zone: tzinfo = UTC) -> Schedule:
    """A schedule.

    Raises:
        ValueError: it is none; in the words of the real server.
    """
    if not text:
        raise ValueError("empty spec string")
    if text.startswith(("TZ=", "CRON_TZ=")):
        text, zone = _zoned(text)
    if text.startswith(_EVERY):
        return Every(seconds=_seconds(text))
    if text.startswith("@") and text not in _SHORTHANDS:
        raise ValueError(f"unrecognized descriptor: {text}")
    parts = _SHORTHANDS.get(text, text).split()
    if len(parts) != len(_FIELDS):
        raise ValueError(f"expected exactly 5 fields, found {len(parts)}: [{' '.join(parts)}]")
    minutes, hours, days, months, weekdays = map(_field, parts, _FIELDS)
    return Calendar(minutes=minutes, hours=hours, days=days, months=months, weekdays=weekdays, zone=zone)


def _zoned(text: str) -> tuple[str, tzinfo]:
    """A schedule with a zone before it, as old objects may have; without a space after the zone the real parser dies."""
    zone, _, rest = text.partition(" ")
    name = zone.partition("=")[2]
    try:
        return rest.strip(), zone_of(name or None)
    except ValueError as error:
        raise ValueError(f"provided bad location {name}: {error}") from None


def _seconds(text: str) -> int:
    told = text.removeprefix(_EVERY)
    if "".join(found.group() for found in _DURATION.finditer(told)) != told or not told:
        raise ValueError(f'failed to parse duration {text}: time: invalid duration "{told}"')
    total = sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(told))
    return max(1, math.floor(total))


def _field(text: str, bounds: _Bounds) -> _Field:
    terms = [_term(term, bounds) for term in text.split(",") if term]
    return _Field(
        numbers=frozenset().union(*(term.numbers for term in terms)),
        star=any(term.star for term in terms),
    )


def _term(text: str, bounds: _Bounds) -> _Field:
    span, *steps = text.split("/")
    ends = span.split("-")
    star = ends[0] in ("*", "?")
    if star:
        first, last = bounds.least, bounds.most
    elif len(ends) > 2:
        _number(ends[0], bounds)
        raise ValueError(f"too many hyphens: {text}")
    else:
        first = _number(ends[0], bounds)
        last = _number(ends[1], bounds) if len(ends) == 2 else first
    if len(steps) > 1:
        raise ValueError(f"too many slashes: {text}")
    step = _whole(steps[0]) if steps else 1
    if steps and len(ends) == 1:
        last = bounds.most
    _check(text, first, last, step, bounds)
    return _Field(numbers=frozenset(range(first, last + 1, step)), star=star and step == 1)


def _check(text: str, first: int, last: int, step: int, bounds: _Bounds) -> None:
    if first < bounds.least:
        raise ValueError(f"beginning of range ({first}) below minimum ({bounds.least}): {text}")
    if last > bounds.most:
        raise ValueError(f"end of range ({last}) above maximum ({bounds.most}): {text}")
    if first > last:
        raise ValueError(f"beginning of range ({first}) beyond end of range ({last}): {text}")
    if step == 0:
        raise ValueError(f"step of range should be a positive number: {text}")


def _number(text: str, bounds: _Bounds) -> int:
    named = bounds.names.get(text.lower())
    return _whole(text) if named is None else named


def _whole(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise ValueError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
    if int(text) < 0:
        raise ValueError(f"negative number ({int(text)}) not allowed: {text}")
    return int(text)
