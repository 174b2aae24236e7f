"""What scrapers and log readers get."""

import io
import json

from spiderpool.observe.port import Level, Telemetry
from spiderpool.observe.prometheus import PrometheusTelemetry


class FixedClock:
    def now(self) -> float:
        return 1_000_000_000.0

    def monotonic(self) -> float:
        raise AssertionError("log lines carry wall time")

    def boot_ns(self) -> int:
        raise AssertionError("log lines carry wall time")

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("telemetry never waits")

    def timeout(self, seconds: float | None) -> None:
        raise AssertionError("telemetry never waits")


class ClosedStream(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError("broken pipe")


def telemetry(stream: io.StringIO, level: Level = "info") -> PrometheusTelemetry:
    return PrometheusTelemetry("spiderpool", stream, clock=FixedClock(), level=level)  # type: ignore[arg-type]


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_counters_gauges_and_durations_are_exposed_with_their_help() -> None:
    metrics: Telemetry = telemetry(io.StringIO())
    metrics.count("ip_gc", reason="PodGone", verdict="release")
    metrics.count("ip_gc", 2, verdict="release", reason="PodGone")
    metrics.gauge("is_leader", 1)
    metrics.seconds("add", 0.02)
    assert isinstance(metrics, PrometheusTelemetry)
    text = metrics.exposition().decode()
    assert 'spiderpool_ip_gc_total{reason="PodGone",verdict="release"} 3.0' in text
    assert "# HELP spiderpool_ip_gc_total Claims that the controller reclaimed, by verdict and reason" in text
    assert "spiderpool_is_leader 1.0" in text
    assert 'spiderpool_add_seconds_bucket{le="0.025"} 1.0' in text


def test_two_telemetries_share_nothing() -> None:
    one, other = telemetry(io.StringIO()), telemetry(io.StringIO())
    one.count("released")
    assert b"released" not in other.exposition()


def test_a_metric_reported_in_two_ways_keeps_its_first_and_is_said_once() -> None:
    stream = io.StringIO()
    metrics = telemetry(stream)
    metrics.count("released", fate="delete")
    metrics.count("released")
    metrics.gauge("released", 7, fate="delete")
    assert 'spiderpool_released_total{fate="delete"} 1.0' in metrics.exposition().decode()
    assert [line["metric"] for line in lines(stream)] == ["released"]


def test_a_log_line_is_one_json_object_with_time_level_message_and_fields() -> None:
    stream = io.StringIO()
    telemetry(stream).log("warning", "two\nlines", pod="shop/web-0", error=ValueError("bad"))
    assert lines(stream) == [
        {
            "time": "2001-09-09T01:46:40Z",
            "level": "warning",
            "message": "two\nlines",
            "pod": "shop/web-0",
            "error": "bad",
        }
    ]


def test_lines_below_the_level_are_dropped() -> None:
    stream = io.StringIO()
    metrics = telemetry(stream, "warning")
    metrics.log("info", "quiet")
    metrics.log("error", "loud")
    assert [line["message"] for line in lines(stream)] == ["loud"]


def test_a_broken_stream_does_not_reach_the_service() -> None:
    metrics = telemetry(ClosedStream())
    metrics.log("error", "nobody reads this")
    assert b"spiderpool_log_lines_lost_total 1.0" in metrics.exposition()
