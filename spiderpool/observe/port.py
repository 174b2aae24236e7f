"""What a service says about itself: counters, durations and log lines, in one small port.

prometheus-client and logging read clocks and take locks; both stay behind this port, so that the services run on
virtual time and their metrics never change what they do.
"""

from dataclasses import dataclass, field
from typing import Literal, Protocol

Level = Literal["debug", "info", "warning", "error"]


class Telemetry(Protocol):
    """Where a service reports to. Nothing here waits and nothing here fails."""

    def count(self, metric: str, amount: int = 1, **labels: str) -> None:
        """Add to a counter (name without prefix and ``_total``)."""
        ...

    def gauge(self, metric: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        ...

    def seconds(self, metric: str, value: float, **labels: str) -> None:
        """Observe a duration in a histogram."""
        ...

    def log(self, level: Level, message: str, **fields: object) -> None:
        """One line, with fields as data."""
        ...


@dataclass(slots=True)
class MemoryTelemetry:
    """Keeps everything in memory: for tests, and for the simulator, which shows it in its reports."""

    counters: dict[tuple[str, tuple[tuple[str, str], ...]], int] = field(default_factory=dict)
    gauges: dict[tuple[str, tuple[tuple[str, str], ...]], float] = field(default_factory=dict)
    lines: list[tuple[Level, str, dict[str, object]]] = field(default_factory=list)

    def count(self, metric: str, amount: int = 1, **labels: str) -> None:
        """Add to a counter."""
        key = (metric, tuple(sorted(labels.items())))
        self.counters[key] = self.counters.get(key, 0) + amount

    def gauge(self, metric: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        self.gauges[metric, tuple(sorted(labels.items()))] = value

    def seconds(self, metric: str, value: float, **labels: str) -> None:
        """Durations are counted by number only: their values are virtual."""
        self.count(metric, 1, **labels)

    def log(self, level: Level, message: str, **fields: object) -> None:
        """Keep the line."""
        self.lines.append((level, message, fields))
