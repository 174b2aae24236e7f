"""The workflows run the project's own commands, with few rights and pinned actions."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs.tests.documents import ROOT, text, tracked

ACTION = re.compile(r"actions/[\w-]+@v\d+")
WORKFLOWS = tracked(".yml")


def jobs(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text(name))["jobs"]
    return found


def steps(name: str) -> list[dict[str, Any]]:
    return [step for job in jobs(name).values() for step in job["steps"]]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_only_read(name: str) -> None:
    assert yaml.safe_load(text(name))["permissions"] == {"contents": "read"}
    assert [job for job, content in jobs(name).items() if "permissions" in content] == []


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_action_is_pinned_to_a_major_version(name: str) -> None:
    assert [step["uses"] for step in steps(name) if "uses" in step and not ACTION.fullmatch(step["uses"])] == []


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_job_ends(name: str) -> None:
    assert [job for job, content in jobs(name).items() if "timeout-minutes" not in content] == []


def test_pull_requests_run_what_ci_runs_on_the_oldest_and_a_newer_python() -> None:
    job = jobs(".github/workflows/pull-request.yml")["checks"]
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.13"]
    assert ".ci/run" in [step.get("run") for step in job["steps"]]


def test_the_cache_of_the_programs_is_keyed_by_everything_that_decides_them() -> None:
    keys = [
        step["with"]["key"] for step in steps(".github/workflows/pull-request.yml") if "cache@" in step.get("uses", "")
    ]
    assert len(keys) == 1
    named = re.findall(r"'([^']+)'", keys[0])
    assert all((ROOT / name).is_file() for name in named)
    assert {Path(name).name for name in named} == {"go.mod", "go.sum", "build.py"}


def test_pre_commit_needs_no_network() -> None:
    config = yaml.safe_load(text(".pre-commit-config.yaml"))
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    hooks = config["repos"][0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    assert [hook["id"] for hook in hooks] == ["format", "lint", "types", "imports", "documents"]
