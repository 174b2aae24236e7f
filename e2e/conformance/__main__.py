"""``make conformance``: every claim on every arm that the machine has, and the table of what came of it.

The last line is for machines: ``claims=<n> arms=<names> differences=<n> known=<n>``. A difference is a claim that does
not hold on an arm, or in which an arm says something else than the real server said; ``known`` are those that
``known.py`` lists with their consequence. With ``--record`` the recordings are made anew from the real server, and what
changed in them is shown.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from e2e.conformance.known import KNOWN

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TABLE = ROOT / "docs" / "conformance.md"
ARMS = ("direct", "http", "real")
MARKS = {"passed": "✓", "known": "differs", "failed": "FAILS", "error": "FAILS", "skipped": "-"}

Results = Mapping[str, Mapping[str, str]]
"""Claim to arm to what became of it."""


def main() -> int:
    """Run, write the table, say the totals."""
    options = argparse.ArgumentParser(prog="python -m e2e.conformance", description=__doc__)
    options.add_argument("--record", action="store_true", help="make the recordings anew from the real API server")
    options.add_argument("claims", nargs="*", help="what pytest is to select; all by default")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "claims.json"
        argv = [sys.executable, "-m", "pytest", *(given.claims or [str(HERE)]), f"--claims-to={file}", "-q"]
        code = subprocess.run(
            [*argv, "--record", "-k", "real"] if given.record else argv, cwd=ROOT, check=False
        ).returncode
        rows = json.loads(file.read_text()) if file.exists() else []
    if given.record:
        subprocess.run(["git", "diff", "--stat", "--", str(HERE / "recordings")], cwd=ROOT, check=False)
        return code
    results, sections = _by_claim(rows)
    if not given.claims:
        TABLE.write_text(table(results, sections))
    print(summary(results))
    return code


def _by_claim(rows: Sequence[Mapping[str, str]]) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    results: dict[str, dict[str, str]] = {}
    sections: dict[str, str] = {}
    for row in rows:
        results.setdefault(row["claim"], {})[row["arm"]] = row["result"]
        sections[row["claim"]] = row["section"]
    return results, sections


def summary(results: Results) -> str:
    """The line for machines."""
    arms = [arm for arm in ARMS if any(by_arm.get(arm, "skipped") != "skipped" for by_arm in results.values())]
    bad = sum(any(result in ("failed", "error") for result in by_arm.values()) for by_arm in results.values())
    known = sum("known" in by_arm.values() for by_arm in results.values())
    return f"claims={len(results)} arms={','.join(arms)} differences={bad} known={known}"


def table(results: Results, sections: Mapping[str, str]) -> str:
    """``docs/conformance.md``."""
    lines = [
        "# What the simulated API server claims",
        "",
        "Written by `make conformance`. Each claim is one test under `e2e/conformance/`, asked of the simulated server by",
        "direct calls and over HTTP, and of a real kube-apiserver. What an arm says is compared, answer by answer, with what",
        "the real server said (`e2e/conformance/recordings/`): ✓ the claim holds and every answer is the same; *differs*:",
        "a known difference, listed at the end; - the arm was not there.",
        "",
        f"`{summary(results)}`",
        "",
    ]
    for section in sorted(set(sections.values())):
        lines += [
            f"## {section or 'Others'}",
            "",
            "| Claim | " + " | ".join(ARMS) + " |",
            "| --- |" + " --- |" * len(ARMS),
        ]
        for claim in sorted(claim for claim, where in sections.items() if where == section):
            marks = " | ".join(MARKS[results[claim].get(arm, "skipped")] for arm in ARMS)
            lines.append(f"| {claim.partition('.')[2].replace('_', ' ').replace('|', '/')} | {marks} |")
        lines.append("")
    lines += ["## Known differences", "", "| Claim | Consequence |", "| --- | --- |"]
    lines += [f"| {claim.replace('_', ' ')} | {consequence} |" for claim, consequence in sorted(KNOWN.items())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
