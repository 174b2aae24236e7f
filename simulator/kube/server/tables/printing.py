"""What a printer of rows is, and how the server writes times, counts and selectors into cells.

A printer has columns and a function from an object to its cells. Descriptions of columns are not kept: they are prose
for people, and ``kubectl`` does not show them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

Json = dict[str, Any]
Cells = Callable[[Json, float], list[Any]]
"""The cells of an object; the second argument is the time, in seconds since 1970."""

NONE = "<none>"
UNKNOWN = "<unknown>"


class Column(msgspec.Struct, frozen=True):
    """One column; those with a ``priority`` above 0 are for wide output."""

    name: str
    type: str = "string"
    priority: int = 0
    format: str = ""
    description: str = ""

    def json(self) -> Json:
        """As it stands in a Table."""
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        }


class Printer(msgspec.Struct, frozen=True, kw_only=True):
    """Columns, cells, and the conditions of a row (a pod that has ended is shown apart)."""

    columns: tuple[Column, ...]
    cells: Cells
    conditions: Callable[[Json], list[Json]] | None = None


NAME = Column("Name", format="name")
AGE = Column("Age")


def columns(*texts: str) -> tuple[Column, ...]:
    """Columns of text, name first: ``"Ready"``, or ``"IP/wide"`` for wide output, or ``"Ready:integer"``."""
    return (NAME, *(_column(text) for text in texts))


def _column(text: str) -> Column:
    text, _, wide = text.partition("/")
    name, _, kind = text.partition(":")
    return Column(name, kind or "string", 1 if wide else 0)


def at(item: Json, path: str) -> Any:
    """The value at ``spec.replicas``; ``None`` where there is none."""
    value: Any = item
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def count(item: Json, path: str) -> int:
    """The number at a path; 0 where there is none."""
    return int(at(item, path) or 0)


def seconds_of(text: str) -> float:
    """Seconds since 1970 of a time of the API."""
    return datetime.fromisoformat(text).timestamp()


def since(text: Any, now: float) -> str:
    """How long ago a time is: ``5m15s``."""
    return duration(now - seconds_of(text)) if text else UNKNOWN


def age(item: Json, now: float) -> str:
    """How old an object is."""
    return since(item["metadata"].get("creationTimestamp"), now)


def duration(seconds: float) -> str:
    """A duration for people: the longer, the coarser."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    minutes, hours = whole // 60, whole // 3600
    days, years = hours // 24, hours // 24 // 365
    if whole < 120:
        return f"{max(whole, 0)}s"
    if minutes < 10:
        return _both(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _both(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return _both(days, "d", hours % 24, "h")
    if years < 2:
        return f"{days}d"
    return _both(years, "y", days % 365, "d") if years < 8 else f"{years}y"


def _both(large: int, unit: str, small: int, smaller: str) -> str:
    return f"{large}{unit}{small}{smaller}" if small else f"{large}{unit}"


def labels_text(labels: Mapping[str, str] | None) -> str:
    """``a=b,c=d``."""
    return ",".join(f"{key}={labels[key]}" for key in sorted(labels)) if labels else NONE


_OPERATORS = {"Exists": "{key}", "DoesNotExist": "!{key}", "In": "{key} in ({all})", "NotIn": "{key} notin ({all})"}


def selector_text(selector: Json | None) -> str:
    """A LabelSelector as text."""
    terms = [f"{key}={value}" for key, value in ((selector or {}).get("matchLabels") or {}).items()]
    for expression in (selector or {}).get("matchExpressions") or ():
        values = ",".join(sorted(expression.get("values") or ()))
        terms.append(_OPERATORS[expression["operator"]].format(key=expression["key"], all=values))
    return ",".join(sorted(terms)) or NONE


def containers(spec: Json | None) -> list[str]:
    """Names and images of the containers of a pod's spec."""
    found = (spec or {}).get("containers") or []
    return [",".join(one["name"] for one in found), ",".join(one.get("image", "") for one in found)]


def joined(parts: Iterable[str], between: str = ",") -> str:
    """The parts, or ``<none>``."""
    return between.join(parts) or NONE


def rows(item: Json, cells: Sequence[Any], now: float) -> list[Any]:
    """Name, cells, age: how most kinds print."""
    return [item["metadata"]["name"], *cells, age(item, now)]
