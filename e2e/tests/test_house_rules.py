"""The house rules of CONTRIBUTING.md that a machine can check, over every file that git tracks.

An exception stands in ``EXCEPTIONS`` with its reason, and one that is no longer needed fails the test: the list can only
get shorter.
"""

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

Check = Callable[[str], Iterator[str]]

ROOT = Path(__file__).resolve().parents[2]
MODULE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
NAMES_THAT_SAY_NOTHING = ("utils", "util", "helpers", "helper", "common", "manager", "managers", "misc")

# Put together here, so that this file does not break its own rules.
MACHINE_PATHS = tuple(f"/{folder}/" for folder in ("work", "root", "home", "tmp"))
REGISTRY_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("proxy", "golang", "org"),
        ("sum", "golang", "org"),
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs"),
        ("deb", "debian", "org"),
        ("crates", "io"),
    )
)
UNFINISHED = ("TO" + "DO", "FIX" + "ME")

EXCEPTIONS: dict[tuple[str, str], str] = {}
"""(rule, file): the reason why this file may break this rule for now."""


def long_functions(source: str) -> Iterator[str]:
    """Functions that are longer than allowed, from ``def`` to the last line, docstring included."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield f"{node.name} has {lines} lines, at most {FUNCTION_LINES_MAX} are allowed"


def long_module(source: str) -> Iterator[str]:
    """The module, if it is longer than allowed."""
    lines = len(source.splitlines())
    if lines > MODULE_LINES_MAX:
        yield f"{lines} lines, at most {MODULE_LINES_MAX} are allowed"


def missing_docstring(source: str) -> Iterator[str]:
    """A module that does not say what it is for."""
    if ast.parse(source).body and not ast.get_docstring(ast.parse(source)):
        yield "the module does not say what it is for"


def forbidden_texts(text: str) -> Iterator[str]:
    """Words that tie the repository to one machine or network, or that say that something is unfinished."""
    for number, line in enumerate(text.splitlines(), 1):
        for found in (*MACHINE_PATHS, *REGISTRY_HOSTS):
            if re.search(rf"(?<![\w.]){re.escape(found)}", line):
                yield f"line {number} names {found}"
        for found in UNFINISHED:
            if re.search(rf"\b{found}\b", line):
                yield f"line {number} says {found}"


def empty_names(path: str) -> Iterator[str]:
    """Folders and files that are named after nothing that they do."""
    for part in Path(path).with_suffix("").parts:
        for word in part.lower().split("_"):
            if word in NAMES_THAT_SAY_NOTHING:
                yield f"{part} is named after nothing that it does"


RULES: dict[str, tuple[Check, str]] = {
    "module length": (long_module, "*.py"),
    "function length": (long_functions, "*.py"),
    "docstring": (missing_docstring, "*.py"),
    "text": (forbidden_texts, "*"),
}


@cache
def tracked() -> tuple[str, ...]:
    """Every file that git tracks and that is there; nothing where this is no clone."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"the tree is not a git clone, so nobody can say which files are tracked: {error}")
    return tuple(name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())


@cache
def text_of(name: str) -> str | None:
    """The text of a file; None for one that is not text."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def concerned(rule: str, pattern: str) -> Iterator[tuple[str, str]]:
    """Files that a rule is about, with their text."""
    for name in tracked():
        is_test = "tests" in Path(name).parts or Path(name).name.startswith("test_")
        text = text_of(name) if Path(name).match(pattern) else None
        if text is not None and not (rule == "docstring" and is_test):
            yield name, text


@pytest.mark.parametrize("rule", RULES)
def test_every_tracked_file_keeps_the_rule(rule: str) -> None:
    check, pattern = RULES[rule]
    broken = {name: list(check(text)) for name, text in concerned(rule, pattern)}
    new = [f"{name}: {why}" for name, found in broken.items() for why in found if (rule, name) not in EXCEPTIONS]
    over = [
        f"{name}: keeps the rule now; take it off EXCEPTIONS"
        for r, name in EXCEPTIONS
        if r == rule and not broken.get(name)
    ]
    assert not new + over, "\n".join(new + over)


def test_every_file_is_named_after_what_it_does() -> None:
    assert not [f"{name}: {why}" for name in tracked() for why in empty_names(name)]


@pytest.mark.parametrize(
    ("check", "text"),
    [
        pytest.param(long_module, "x = 1\n" * (MODULE_LINES_MAX + 1), id="long module"),
        pytest.param(long_functions, "def f():\n" + "    x = 1\n" * FUNCTION_LINES_MAX, id="long function"),
        pytest.param(long_functions, "class C:\n  async def f():\n" + "    x = 1\n" * FUNCTION_LINES_MAX, id="method"),
        pytest.param(missing_docstring, "x = 1\n", id="no docstring"),
        pytest.param(forbidden_texts, f"see {MACHINE_PATHS[0]}x", id="machine path"),
        pytest.param(forbidden_texts, f"https://{REGISTRY_HOSTS[0]}/x", id="registry"),
        pytest.param(forbidden_texts, f"# {UNFINISHED[0]}: later", id="unfinished"),
        pytest.param(empty_names, "spiderpool/kube/http_utils.py", id="empty name"),
    ],
)
def test_a_planted_fault_is_found(check: Check, text: str) -> None:
    assert list(check(text))


@pytest.mark.parametrize(
    ("check", "text"),
    [
        pytest.param(long_module, "x = 1\n" * MODULE_LINES_MAX, id="module"),
        pytest.param(long_functions, "def f():\n" + "    x = 1\n" * (FUNCTION_LINES_MAX - 1), id="function"),
        pytest.param(missing_docstring, "", id="an empty module needs no docstring"),
        pytest.param(forbidden_texts, "e2e" + MACHINE_PATHS[0], id="a folder of the repository of the same name"),
        pytest.param(empty_names, "simulator/cluster/operator.py", id="name"),
    ],
)
def test_what_is_allowed_passes(check: Check, text: str) -> None:
    assert not list(check(text))
