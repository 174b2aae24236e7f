"""Every experiment, run by the ``chaos`` command itself."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from e2e.backends import backend_named

ROOT = Path(__file__).resolve().parents[2]
EXPERIMENTS = sorted((ROOT / "chaos/experiments").glob("*.yaml"))
CHAOS = Path(sys.executable).parent / "chaos"


def run_experiment(file: Path, backend: str, folder: Path) -> dict[str, Any]:
    journal = folder / "journal.json"
    argv = [CHAOS, "--no-version-check", "--log-file", folder / "chaos.log", "run", "--journal-path", journal, file]
    done = subprocess.run(
        [str(each) for each in argv],
        cwd=ROOT,
        env={**os.environ, "SPIDERPOOL_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    outcome: dict[str, Any] = json.loads(journal.read_text())
    return outcome


@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: file.stem)
def test_an_experiment_holds_on_the_simulator(file: Path, tmp_path: Path) -> None:
    journal = run_experiment(file, "simulator", tmp_path)
    assert journal["status"] == "completed"
    assert journal["deviated"] is False
    states = [
        probe["tolerance_met"] for when in ("before", "after") for probe in journal["steady_states"][when]["probes"]
    ]
    assert states == [True] * 4


@pytest.mark.local
@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: file.stem)
def test_an_experiment_holds_on_a_real_cluster(file: Path, tmp_path: Path) -> None:
    if missing := backend_named("local").missing():
        pytest.skip(f"backend local: {'; '.join(missing)}")
    assert run_experiment(file, "local", tmp_path)["deviated"] is False


def test_an_experiment_deviates_when_the_agent_stays_down(tmp_path: Path) -> None:
    text = (
        EXPERIMENTS[0]
        .read_text()
        .replace("func: start_agent, arguments: {node: 0}", "func: kill_agent, arguments: {node: 1}")
    )
    broken = tmp_path / "broken.yaml"
    broken.write_text(text)
    with pytest.raises(AssertionError, match="every-pod-has-one-address-per-family"):
        run_experiment(broken, "simulator", tmp_path)
