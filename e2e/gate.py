"""``make test``: every check that this machine can run, one line each, and at the end what could not run and why.

The checks go from cheap to dear: format, lint, types, import contracts, unit tests and simulator scenarios with
coverage, the determinism check, then what needs the real Kubernetes programs or a real cluster. A check that fails shows
its output and does not keep the later ones from running; the exit code is 1 when any failed.
"""

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "build" / "reports"
BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One check. ``report`` is the JUnit file of a pytest run; ``loud`` shows its output also when it passes."""

    name: str
    argv: Sequence[str]
    report: str = ""
    loud: bool = False


def _pytest(name: str, *args: str) -> Step:
    report = str(REPORTS / f"{name.replace(' ', '-')}.xml")
    argv = [sys.executable, "-m", "pytest", f"--junitxml={report}", "--durations=5", "--durations-min=5", *args]
    return Step(name=name, argv=argv, report=report, loud=True)


def steps() -> list[Step]:
    """All checks, in order."""
    return [
        Step(name="format", argv=[str(BIN / "ruff"), "format", "--check", "."]),
        Step(name="lint", argv=[str(BIN / "ruff"), "check", "."]),
        Step(name="types", argv=[str(BIN / "mypy")]),
        Step(name="imports", argv=[str(BIN / "lint-imports")]),
        _pytest(
            "unit tests and simulator",
            "-m",
            "not local",
            "-n",
            "2",
            "--dist",
            "worksteal",
            "--cov",
            "--cov-report=term:skip-covered",
        ),
        Step(name="determinism", argv=[sys.executable, "-m", "simulator.determinism"], loud=True),
        _pytest("real API server and node", "-m", "local"),
        _pytest("scenarios on a real cluster", "e2e/scenarios", "--backend=local"),
    ]


def run(step: Step) -> tuple[bool, float]:
    """Run one check; whether it passed, and how many seconds it took."""
    print(f"── {step.name} ...", flush=True)
    began = time.monotonic()
    done = subprocess.run(
        step.argv, cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ
    )
    passed = done.returncode == 0 or (done.returncode == 5 and bool(step.report))
    if step.loud or not passed:
        print(done.stdout.rstrip(), flush=True)
    return passed, time.monotonic() - began


def not_run(report: str) -> list[str]:
    """The reasons for which tests of a run were skipped, each once, with their number."""
    if not report or not Path(report).exists():
        return []
    reasons: dict[str, int] = {}
    for skipped in ET.parse(report).iter("skipped"):
        text = (skipped.get("message") or "").strip()
        reasons[text] = reasons.get(text, 0) + 1
    return [f"{count} x {text}" for text, count in sorted(reasons.items())]


def main() -> int:
    """Run all checks and print the summary."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    results = [(step, *run(step)) for step in steps()]
    print("\ncheck                           result   seconds")
    for step, passed, seconds in results:
        print(f"{step.name:<32}{'passed' if passed else 'FAILED':<9}{seconds:7.1f}")
    skipped = [f"{step.name}: {reason}" for step, _, _ in results for reason in not_run(step.report)]
    print("\nnot run on this machine:" if skipped else "\neverything could run on this machine")
    for line in skipped:
        print(f"  {line}")
    return 0 if all(passed for _, passed, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
