"""The telemetry of the executables: metrics in a registry of their own, log lines as JSON on a stream.

A service names a metric when it first reports it; kind and labels follow from that call, and the text that people read
beside it stands in ``HELP``. Nothing here raises into the service: a metric that is reported with other labels than
before, or as another kind, is dropped and said once in the log.
"""

from collections.abc import Mapping
from typing import Final, TextIO, TypeVar

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from spiderpool.observe.port import Level
from spiderpool.ports.clock import Clock, rfc3339
from spiderpool.ports.system import SystemClock

M = TypeVar("M", Counter, Gauge, Histogram)

LEVELS: Final[tuple[Level, ...]] = ("debug", "info", "warning", "error")
BUCKETS_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 0.5, 1.0, 3.0, 5.0, 10.0, 15.0, 60.0)
HELP: Final[Mapping[str, str]] = {
    "admission": "Admission requests by kind, operation and verdict",
    "claim_conflicts": "Proposed addresses that somebody else had already claimed",
    "claims_of_another_machine": "Claims under this node's name that a machine holds which is not this one",
    "disk_errors": "CNI calls that failed because the node's disk refused a file",
    "events_lost": "Kubernetes Events that could not be written",
    "ip_gc": "Claims that the controller reclaimed, by verdict and reason",
    "ip_gc_failure": "Attempts to reclaim a claim that failed and are tried again",
    "is_leader": "1 while this replica leads",
    "pool_allocated": "Addresses of a pool that are claimed",
    "pool_out_of_spec": "Claims of a pool outside its ips as they stand",
    "pool_status_writes": "Writes of a pool's status by outcome",
    "pool_total": "Addresses of a pool: ips minus excludeIPs",
    "requests_turned_away": "Requests that the agent did not take because it had too many under way",
    "spool_errors": "Tombstones that could not be read or removed",
    "released": "Claims that the agent gave back, by what became of them",
}


class PrometheusTelemetry:
    """Implements ``observe.port.Telemetry`` for production.

    Args:
        prefix: stands before every metric name, ``spiderpool``.
        stream: where log lines go, usually standard error.
        clock: for the time in log lines.
        level: lines below this level are dropped.
    """

    def __init__(self, prefix: str, stream: TextIO, *, clock: Clock | None = None, level: Level = "info") -> None:
        self._prefix = prefix
        self._stream = stream
        self._clock = clock or SystemClock()
        self._least = LEVELS.index(level)
        self._registry = CollectorRegistry()
        self._metrics: dict[str, tuple[Counter | Gauge | Histogram, tuple[str, ...]]] = {}
        self._misused: dict[str, None] = {}

    def count(self, metric: str, amount: int = 1, **labels: str) -> None:
        """Add to a counter."""
        counter = self._metric(Counter, metric, labels)
        if counter is not None:
            counter.inc(amount)

    def gauge(self, metric: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        gauge = self._metric(Gauge, metric, labels)
        if gauge is not None:
            gauge.set(value)

    def seconds(self, metric: str, value: float, **labels: str) -> None:
        """Observe a duration."""
        histogram = self._metric(Histogram, metric, labels)
        if histogram is not None:
            histogram.observe(value)

    def log(self, level: Level, message: str, **fields: object) -> None:
        """Write one line; a field that JSON does not know is written as its text."""
        if LEVELS.index(level) < self._least:
            return
        line = {"time": rfc3339(self._clock.now()), "level": level, "message": message, **fields}
        try:
            self._stream.write(msgspec.json.encode(line, enc_hook=str).decode() + "\n")
            self._stream.flush()
        except (OSError, ValueError):  # whoever read the stream is gone; the service goes on
            self.count("log_lines_lost")

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry)

    def _metric(self, kind: type[M], name: str, labels: Mapping[str, str]) -> M | None:
        """The metric with these label values; None when the name is already used in another way."""
        label_names = tuple(sorted(labels))
        known = self._metrics.get(name)
        if known is None:
            known = self._metrics[name] = (self._new(kind, name, label_names), label_names)
        found, expected = known
        if isinstance(found, kind) and label_names == expected:
            return found.labels(**labels) if labels else found
        if name not in self._misused:
            self._misused[name] = None
            self.log("error", "a metric is reported in two ways; this one is dropped", metric=name, labels=dict(labels))
        return None

    def _new(self, kind: type[M], name: str, label_names: tuple[str, ...]) -> M:
        full = f"{self._prefix}_{name}" + ("_seconds" if kind is Histogram else "")
        text = HELP.get(name, name.replace("_", " ").capitalize())
        if kind is Histogram:
            return kind(full, text, label_names, registry=self._registry, buckets=BUCKETS_SECONDS)
        return kind(full, text, label_names, registry=self._registry)
