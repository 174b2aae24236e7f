"""The changelog grows out of news fragments; a fragment that towncrier would not read is lost without a word."""

import re
import subprocess
import sys
import tomllib

from docs.tests.documents import ROOT, text, tracked

TYPES = ("feature", "bugfix", "doc", "removal", "misc")
FRAGMENT = re.compile(rf"newsfragments/(\d+|\+[\w-]+)\.({'|'.join(TYPES)})(\.\d+)?\.md")


def fragments() -> list[str]:
    return [name for name in tracked(".md") if name.startswith("newsfragments/")]


def test_every_fragment_has_a_name_that_towncrier_knows() -> None:
    assert [name for name in fragments() if not FRAGMENT.fullmatch(name)] == []


def test_the_draft_of_the_next_release_has_every_fragment() -> None:
    version = tomllib.loads(text("pyproject.toml"))["project"]["version"]
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", version]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    flat = " ".join(done.stdout.split())
    lines = [" ".join(text(name).split()) for name in fragments() if ".misc" not in name]
    assert [line for line in lines if line not in flat] == []


def test_the_changelog_has_the_place_where_releases_are_written() -> None:
    assert text("CHANGELOG.md").count("<!-- towncrier release notes start -->") == 1
