"""Reads the project's documents, so that tests can hold them against the code."""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@cache
def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def tracked(ending: str) -> tuple[str, ...]:
    """Files of the project by the end of their names, those that are not committed yet included."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = f"the tree is not a git clone, so nobody can say which files belong to it: {error}"
        pytest.skip(reason, allow_module_level=True)
    return tuple(name for name in listed.stdout.split("\0") if name.endswith(ending) and (ROOT / name).is_file())


def tables(name: str) -> Iterator[list[dict[str, str]]]:
    """The tables of a document: one mapping from column to cell for each row."""
    rows: list[list[str]] = []
    for line in [*text(name).splitlines(), ""]:
        if line.startswith("|"):
            rows.append([cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        elif rows:
            head, _, *body = rows
            assert all(len(row) == len(head) for row in body), f"{name}: a row of table {head} has another width"
            yield [dict(zip(head, row, strict=True)) for row in body]
            rows = []


def table(name: str, *columns: str) -> list[dict[str, str]]:
    """All rows of the tables that have these columns."""
    found = [row for rows in tables(name) if rows and set(columns) <= rows[0].keys() for row in rows]
    assert found, f"{name} has no table with the columns {columns}"
    return found


def code(cell: str) -> str:
    """What stands between the first pair of backticks; the cell where there are none."""
    matched = re.search(r"`([^`]*)`", cell)
    return matched[1] if matched else cell


def codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]*)`", cell)
