"""What the machine looks like after a cluster: as before. Compared by what carries the cluster's name or folder."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.backends.local import cgroups, place, requirements
from e2e.backends.local.cluster import LocalCluster

MISSING = requirements.missing()
pytestmark = [pytest.mark.local, pytest.mark.skipif(bool(MISSING), reason="; ".join(map(str, MISSING)))]
BEGIN = """
import pathlib, sys
from e2e.backends.local.cluster import LocalCluster
LocalCluster(pathlib.Path(sys.argv[1]), sys.argv[2], nodes=1, say=lambda line: print(line, flush=True)).up()
"""


def traces(prefix: str, root: Path) -> set[str]:
    """Mounts, processes, cgroups, folders and devices of a cluster on this machine."""
    run = str(place.RUN / prefix)
    mounts = [line for line in Path("/proc/mounts").read_text().splitlines() if run in line or str(root) in line]
    found = {f"mount {line}" for line in mounts}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if int(entry.name) != os.getpid() and (run in command or f"{root}/" in command):
            found.add(f"process {entry.name} {command}")
    for hierarchy in cgroups.hierarchies():
        found |= {f"cgroup {path}" for path in hierarchy.own_folder.rglob(f"{prefix}-*")}
    found |= {f"folder {path}" for path in (run, str(root)) if Path(path).exists()}
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout.splitlines()
    return found | {
        f"device {line.split(': ')[1]}" for line in links if "eth0-n" in line or "up0" in line or "br-" in line
    }


def mount_points() -> set[str]:
    return {path for path in place.MOUNT_POINTS if Path(path).exists()}


def test_down_leaves_the_machine_as_it_was(tmp_path: Path) -> None:
    prefix, root = "t-left", tmp_path / "state"
    others = place.prefixes()
    before = mount_points()

    with LocalCluster(root, prefix, nodes=1, audit=True) as cluster:
        assert cluster.ready_nodes() == ["n1"]
        seen = traces(prefix, root)
        assert {line.split()[0] for line in seen} == {"mount", "process", "cgroup", "folder"}
        cluster.copy_logs(tmp_path / "logs")

    assert traces(prefix, root) == set()
    requests = [json.loads(line) for line in (tmp_path / "logs" / "audit.log").read_text().splitlines()]
    assert ("create", "nodes") in {(seen["verb"], seen.get("objectRef", {}).get("resource")) for seen in requests}
    if not others and not place.prefixes():  # otherwise they belong to those too
        assert mount_points() == before


def begin_and_kill(prefix: str, root: Path, stage: str) -> None:
    """Start a cluster in another process, which is killed at the line of progress that has ``stage`` in it."""
    argv = [sys.executable, "-c", BEGIN, str(root), prefix]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert any(stage in line for line in run.stdout)
        run.kill()
    assert traces(prefix, root)


def test_a_run_that_was_killed_is_removed_by_the_command_line(tmp_path: Path) -> None:
    prefix, root = "t-killed", tmp_path / "state"
    begin_and_kill(prefix, root, "API server ready")

    down = [sys.executable, "-m", "e2e.backends.local", "down", "--prefix", prefix]
    assert "removed" in subprocess.run(down, capture_output=True, text=True, check=True).stdout

    assert traces(prefix, root) == set()


def test_a_run_that_was_killed_half_way_is_removed_by_the_next_one(tmp_path: Path) -> None:
    prefix, killed, root = "t-again", tmp_path / "killed", tmp_path / "state"
    begin_and_kill(prefix, killed, "control plane and nodes are starting")

    said: list[str] = []
    with LocalCluster(root, prefix, nodes=1, say=said.append) as cluster:
        assert "removing what an earlier cluster 't-again' left" in said[0]
        assert cluster.ready_nodes() == ["n1"]
        assert not killed.exists()

    assert traces(prefix, root) == set()


def test_two_clusters_run_at_once_and_one_that_is_in_use_is_not_taken(tmp_path: Path) -> None:
    with (
        LocalCluster(tmp_path / "one", "t-one", nodes=1) as one,
        LocalCluster(tmp_path / "two", "t-two", nodes=1) as two,
    ):
        assert one.ready_nodes() == two.ready_nodes() == ["n1"]
        down = [sys.executable, "-m", "e2e.backends.local", "down", "--prefix", "t-one"]
        refused = subprocess.run(down, capture_output=True, text=True, check=False)
        assert "belongs to a running process" in refused.stderr
        assert one.ready_nodes() == ["n1"]
