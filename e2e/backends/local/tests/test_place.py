"""The run folder: one owner at a time, state for a later run, mount points that last as long as clusters do."""

import subprocess
import sys
from pathlib import Path

import pytest

from e2e.backends.local.cleanup import mark_root
from e2e.backends.local.place import (
    ClusterInUseError,
    Place,
    State,
    make_mount_points,
    prefixes,
    remove_mount_points,
)

HOLD = """
import pathlib, sys
from e2e.backends.local.place import Place
Place("mine", pathlib.Path(sys.argv[1])).claim()
print("claimed", flush=True)
sys.stdin.read()
"""


def test_a_cluster_of_a_running_process_cannot_be_taken_and_one_of_a_killed_process_can(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"claimed\n"
        with pytest.raises(ClusterInUseError, match="'mine' belongs to a running process"):
            Place("mine", run).claim()
        owner.kill()
    place = Place("mine", run)
    place.claim()
    place.remove()
    assert prefixes(run) == []


def test_state_comes_back_as_it_was_written(tmp_path: Path) -> None:
    place = Place("mine", tmp_path)
    place.claim()
    assert place.read() is None
    state = State(root="somewhere", nodes=2, boot_id="b", cgroups=["x", "y"])
    place.write(state)
    assert Place("mine", tmp_path).read() == state
    place.release()


@pytest.mark.parametrize("prefix", ["", "Upper", "1st", "a/b", "..", "a" * 17])
def test_a_prefix_that_is_no_short_name_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        Place(prefix)


def test_mount_points_that_were_missing_go_with_the_last_cluster(tmp_path: Path) -> None:
    run, there, fresh = tmp_path / "run", tmp_path / "var", tmp_path / "opt" / "cni" / "bin"
    there.mkdir()
    one, two = Place("one", run), Place("two", run)
    one.claim()
    two.claim()
    make_mount_points([str(there), str(fresh)], run)
    make_mount_points([str(there), str(fresh)], run)

    one.remove()
    remove_mount_points(run)
    assert fresh.is_dir()

    two.remove()
    remove_mount_points(run)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["var"]


def test_a_mount_point_that_something_else_has_filled_since_stays(tmp_path: Path) -> None:
    run, fresh = tmp_path / "run", tmp_path / "etc"
    place = Place("one", run)
    place.claim()
    make_mount_points([str(fresh)], run)
    (fresh / "mine.conf").touch()
    place.remove()

    remove_mount_points(run)

    assert (fresh / "mine.conf").exists()
    assert not run.exists()


def test_a_folder_with_content_of_others_is_not_taken_as_root(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(FileExistsError, match="was not made by this backend"):
        mark_root(tmp_path)
    mark_root(tmp_path / "new")
    mark_root(tmp_path / "new")
