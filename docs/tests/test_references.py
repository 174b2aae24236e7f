"""What documents point at is there: links, files, tests, make targets; and the documents that code points at."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from docs.tests.documents import ROOT, code, codes, table, text, tracked

ROOMS = ("spiderpool", "simulator", "e2e", "chaos", "docs", "charts", "kind-configs", "requirements", ".github", ".ci")
FILE = re.compile(rf"(?:{'|'.join(map(re.escape, ROOMS))})/[\w./-]*")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
MAKE = re.compile(r"(?:^|[`\s;&])make (?:[A-Z]+=\S+ )?([a-z][a-z-]*)\b", re.MULTILINE)
PROSE = ("CHANGELOG.md",)


def documents() -> list[str]:
    return [name for name in tracked(".md") if name not in PROSE and not name.startswith("newsfragments/")]


@cache
def anchors(name: str) -> frozenset[str]:
    """The anchors that headings make."""
    headings = re.findall(r"^#+ (.*)$", text(name), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


def dead_links(name: str) -> Iterator[str]:
    for target in LINK.findall(text(name)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        place = (ROOT / name).parent / path if path else ROOT / name
        if not place.exists():
            yield f"{name} links to {target}"
        elif anchor and place.suffix == ".md" and anchor not in anchors(place.resolve().relative_to(ROOT).as_posix()):
            yield f"{name} links to {target}, which has no such heading"


def dead_names(name: str) -> Iterator[str]:
    """Files of the repository, and tests in them, that stand in backticks."""
    for each in codes(text(name).replace("```", "")):
        path, _, test = each.partition("::")
        if not FILE.fullmatch(path):
            continue
        if not (ROOT / path).exists():
            yield f"{name} names {path}"
        elif test and f"def {test.partition('[')[0]}(" not in (ROOT / path).read_text(encoding="utf-8"):
            yield f"{name} names {each}, and the file has no such test"


@pytest.mark.parametrize("name", documents())
def test_every_link_leads_somewhere(name: str) -> None:
    assert list(dead_links(name)) == []


@pytest.mark.parametrize("name", documents())
def test_every_file_and_test_that_is_named_exists(name: str) -> None:
    assert list(dead_names(name)) == []


def test_every_document_that_code_names_exists() -> None:
    named = {
        (name, found)
        for name in tracked(".py")
        for found in re.findall(r"\bdocs/[\w/-]+\.md\b", (ROOT / name).read_text(encoding="utf-8"))
    }
    assert sorted((name, found) for name, found in named if not (ROOT / found).exists()) == []


def test_every_make_target_that_is_named_exists() -> None:
    known = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    names = [*documents(), *tracked(".yml"), ".ci/run", ".pre-commit-config.yaml"]
    assert [(name, target) for name in names for target in MAKE.findall(commands(name)) if target not in known] == []


def commands(name: str) -> str:
    """The parts of a file in which `make` is a command: everything but the prose of documents."""
    if not name.endswith(".md"):
        return "\n".join(line for line in text(name).splitlines() if not line.lstrip().startswith("#"))
    blocks = re.findall(r"```.*?```", text(name), re.DOTALL)
    return "\n".join([*blocks, *(f"`{each}`" for each in codes(re.sub(r"```.*?```", "", text(name), flags=re.DOTALL)))])


def test_the_readme_is_short() -> None:
    """Apart from the demo's output, which is a picture and not prose."""
    prose = re.sub(r"<!-- demo output: begin -->.*<!-- demo output: end -->", "", text("README.md"), flags=re.DOTALL)
    assert len(prose.splitlines()) <= 120


def test_every_rule_of_the_ledger_says_who_checks_it_or_that_nobody_does() -> None:
    rows = table("docs/ledger.md", "Rule", "Without it", "In the code", "Checked by")
    assert [row["Rule"] for row in rows if not row["Without it"] or not row["Checked by"]] == []
    ids = [code(row["Rule"]).split()[0] for row in rows]
    assert len(ids) == len(dict.fromkeys(ids))


def test_every_mutant_stands_beside_the_rule_that_it_takes_away() -> None:
    rows = table("docs/ledger.md", "Rule", "Checked by")
    found = re.findall(r'name="([\w-]+)",\s+rule="(\w+)"', text("simulator/mutants/table.py"))
    assert len(found) == text("simulator/mutants/table.py").count("Mutant(")
    told = [(name, code(row["Rule"]).split()[0]) for row in rows for name in mutants(row["Checked by"])]
    assert sorted(told) == sorted(found)


def mutants(cell: str) -> list[str]:
    """The mutants that a cell begins with."""
    return codes(cell.partition(";")[0]) if cell.startswith("mutant") else []


def test_the_track_record_has_whole_rows_and_names_commits() -> None:
    rows = table("docs/track-record.md", "Bug", "Found by", "Reproduce", "Fixed in")
    assert [row for row in rows if not all(row.values())] == []
    assert [
        row["Fixed in"] for row in rows if not re.fullmatch(r"[0-9a-f]{7}|the commit of this row", row["Fixed in"])
    ] == []


def test_every_module_that_the_ledger_names_speaks_of_existing_code() -> None:
    rows = table("docs/ledger.md", "Rule", "In the code")
    named = [each.partition(":")[0] for row in rows for each in codes(row["In the code"])]
    assert [name for name in named if not Path(ROOT, "spiderpool", name).is_file()] == []
