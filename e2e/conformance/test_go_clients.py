"""client-go and controller-runtime see the same on both servers: the stories of ``go/``, told as JSON lines."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from e2e.conformance.clusters import Cluster

pytestmark = pytest.mark.section("Clients Go")
HERE = Path(__file__).resolve().parent / "go"
PROGRAM = Path(__file__).resolve().parents[2] / "build/conformance/clients"
STORY_SECONDS = 60.0

Lines = list[dict[str, Any]]
Tell = Callable[[str], Lines]


@pytest.fixture(scope="session")
def program() -> Path:
    """The program of ``go/``; built again when its sources are newer."""
    sources = max(path.stat().st_mtime for path in HERE.iterdir())
    if PROGRAM.exists() and PROGRAM.stat().st_mtime > sources:
        return PROGRAM
    if not shutil.which("go"):
        pytest.skip("no `go` on PATH to build e2e/conformance/go with; install Go 1.26 or newer")
    PROGRAM.parent.mkdir(parents=True, exist_ok=True)
    built = subprocess.run(
        ["go", "build", "-trimpath", "-o", str(PROGRAM), "."], cwd=HERE, capture_output=True, text=True, check=False
    )
    if built.returncode and "no such host" in built.stderr:
        pytest.skip("the modules of e2e/conformance/go are not on this machine, and it is offline")
    assert not built.returncode, built.stderr
    return PROGRAM


@pytest.fixture(params=["application/json", "application/vnd.kubernetes.protobuf"], ids=["json", "protobuf"])
def tell(cluster: Cluster, program: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Tell:
    """Have a story told in a namespace of its own, by a client that prefers one form of content for built-in kinds."""

    def told(story: str) -> Lines:
        namespace = cluster.fresh_namespace(f"go-{story}")
        argv = [str(program), str(cluster.kubeconfig(tmp_path)), request.param, namespace, story]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=STORY_SECONDS)
        assert done.returncode == 0, done.stderr + done.stdout
        return [json.loads(line) for line in done.stdout.splitlines()]

    return told


def test_a_shared_informer_sees_objects_come_into_its_selection_and_leave_it(tell: Tell) -> None:
    told = tell("informer")
    assert {line["saw"] for line in told if "done" in line} == {"synced"}
    assert [(line["saw"], line["name"], line["data"]) for line in told if "data" in line] == [
        ("added", "first", {"colour": "red"}),
        ("added", "third", {"colour": "red", "size": "large"}),
        ("added", "second", {"colour": "red"}),
        ("updated", "second", {"colour": "red", "size": "small"}),
        ("deleted", "second", {"colour": "red", "size": "small"}),
        ("deleted", "third", {"colour": "red", "size": "large"}),
    ]
    assert told[-1] == {"saw": "in the cache", "name": "first"}


def test_an_informers_cache_is_whole_and_can_be_indexed(tell: Tell) -> None:
    assert [(line["colour"], line["count"]) for line in tell("index")] == [
        ("red", 10),
        ("green", 10),
        ("blue", 10),
        ("grey", 0),
    ]


def test_a_workqueue_tries_again_until_its_work_is_done(tell: Tell) -> None:
    assert tell("workqueue") == [
        {"saw": "tries", "count": 6},
        {"saw": "copied", "name": "copy-of-one"},
        {"saw": "copied", "name": "copy-of-three"},
        {"saw": "copied", "name": "copy-of-two"},
    ]


def test_a_leader_gives_its_lease_back_and_the_next_one_takes_it(tell: Tell) -> None:
    assert tell("election") == [
        {"saw": "leader", "identity": "first"},
        {"saw": "the lease", "holder": "first", "transitions": 0, "seconds": 3},
        {"saw": "leader", "identity": "second"},
        {"saw": "the lease", "holder": "second", "transitions": 1, "seconds": 3},
        {"saw": "the lease", "holder": "", "transitions": 1, "seconds": 1},
    ]


def test_a_controller_keeps_copies_through_a_cached_client_with_owners_and_finalizers(tell: Tell) -> None:
    assert tell("manager") == [
        {"saw": "a copy", "data": {"colour": "red"}, "owner": "source"},
        {"saw": "a copy", "data": {"colour": "blue"}, "owner": "source"},
        {"saw": "a copy", "data": {"colour": "blue"}, "owner": "source"},
        {"saw": "gone", "name": "source", "missing": True},
        {"saw": "the manager ended", "well": True},
    ]


def test_a_controller_of_a_custom_resource_writes_its_status(tell: Tell) -> None:
    assert tell("widgets") == [
        {"saw": "a status", "phase": "size 3", "generation": 1},
        {"saw": "a status", "phase": "size 5", "generation": 2},
        {"saw": "the manager ended", "well": True},
    ]
