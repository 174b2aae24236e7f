"""Figures, goals and the table that people and programs read."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from e2e.benchmarks.__main__ import main
from e2e.benchmarks.audit import AuditLog, Sent, parse_line
from e2e.benchmarks.catalogue import BENCHMARKS
from e2e.benchmarks.figure import Figure, exactly, percentile, ratio_at_most, value_at_least
from e2e.benchmarks.table import lines, number, write_json


def figure(value: float, **fields: Any) -> Figure:
    return Figure(name="ADD", value=value, unit="ms", load=1.0, **fields)


def test_a_goal_on_the_ratio_looks_at_value_by_floor() -> None:
    assert figure(5.0, floor=2.0, goal=ratio_at_most(2.5)).verdict == "reached"
    assert figure(5.1, floor=2.0, goal=ratio_at_most(2.5)).verdict == "missed"


def test_a_goal_on_the_value_does_not_look_at_the_floor() -> None:
    assert figure(999, goal=value_at_least(1000)).verdict == "missed"
    assert figure(3, floor=1.0, goal=exactly(3)).verdict == "reached"


def test_without_a_goal_or_a_floor_there_is_no_verdict() -> None:
    assert figure(5.0).verdict == ""
    assert figure(5.0, goal=ratio_at_most(2)).verdict == ""


@pytest.mark.parametrize(("share", "expected"), [(0.5, 2), (0.99, 4), (0.25, 1), (0.0, 1)])
def test_a_percentile_is_a_sample_that_was_seen(share: float, expected: int) -> None:
    assert percentile([4, 1, 3, 2], share) == expected


def test_the_table_is_aligned_and_numbers_have_three_digits() -> None:
    head, row = lines([figure(12.3456, floor=4.0, goal=ratio_at_most(7), note="p50")])
    assert row.split() == ["ADD", "12.3", "ms", "4", "3.09", "ratio", "≤", "7", "reached", "1.0", "p50"]
    assert head.index("goal") == row.index("ratio ≤ 7")
    assert [number(each) for each in (None, 1000.4, 0.01234, 12)] == ["", "1,000", "0.0123", "12"]


def test_the_file_keeps_figures_that_were_not_taken_again(tmp_path: Path) -> None:
    file = tmp_path / "build/bench.json"
    write_json(file, [figure(1.0), Figure(name="RSS", value=75, unit="MiB")])
    write_json(file, [figure(2.0, floor=1.0)])
    found = {each["name"]: each for each in json.loads(file.read_text())}
    assert (found["ADD"]["value"], found["ADD"]["ratio"], found["RSS"]["value"]) == (2.0, 2.0, 75)


def test_every_benchmark_says_what_it_measures() -> None:
    listed = CliRunner().invoke(main, ["--list"]).output
    assert all(name in listed and benchmark.__doc__ for name, benchmark in BENCHMARKS.items())


def audit_line(name: str, agent: str, verb: str, resource: str, code: int, subresource: str = "") -> str:
    reference = {"resource": resource, "name": name, "subresource": subresource}
    event = {"stage": "ResponseComplete", "userAgent": agent, "verb": verb, "objectRef": reference}
    return json.dumps({**event, "responseStatus": {"code": code}}, separators=(",", ":")) + "\n"


def test_a_window_counts_what_was_answered_between_its_marks(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    log.write_text(audit_line("early", "agent/1 n1", "create", "pods", 201))

    def write(*texts: str) -> None:
        with log.open("a") as file:
            file.writelines(texts)

    audit = AuditLog(log, lambda name: write(audit_line(name, "bench", "get", "namespaces", 404)))
    with audit.window() as window:
        write(
            audit_line("a", "agent/1 n1", "create", "spideripaddresses", 409),
            audit_line("a", "agent/1 n2", "create", "spideripaddresses", 201),
            audit_line("a", "other", "update", "spiderippools", 200, "status"),
        )
    write(audit_line("late", "agent/1 n1", "create", "pods", 201))
    assert window.by_verb("agent/1") == {"create spideripaddresses": 2}
    assert window.total(code=409) == 1
    assert window.total(verb="update", resource="spiderippools/status") == 1


def test_a_line_about_no_resource_is_no_request_of_anybody() -> None:
    assert parse_line(b'{"stage":"ResponseComplete","verb":"get","requestURI":"/readyz"}\n') is None
    assert parse_line(audit_line("a", "x", "get", "pods", 200).encode()) == Sent(
        client="x", verb="get", resource="pods", code=200
    )
