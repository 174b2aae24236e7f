"""The same seed gives the same run: in this process, in another one, under another hash seed, and from its recording."""

import os
import subprocess
import sys
from pathlib import Path

import simulator
from simulator.kernel.running import run
from simulator.kernel.tape import Tape
from simulator.kernel.tests.storm import storm

REPOSITORY = Path(simulator.__file__).parent.parent


def in_another_process(seed: int, hash_seed: str) -> str:
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-m", "simulator.kernel.tests.storm", str(seed)]
    return subprocess.run(
        command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_the_same_seed_gives_the_same_trace_in_other_processes_with_other_hash_seeds() -> None:
    here = run(storm(Tape(7)))

    assert [in_another_process(7, hash_seed) for hash_seed in ("0", "1", "4242")] == [here] * 3


def test_the_same_seed_gives_the_same_trace_twice_in_one_process_and_another_seed_another() -> None:
    assert run(storm(Tape(7))) == run(storm(Tape(7)))
    assert run(storm(Tape(8))) != run(storm(Tape(7)))


def test_a_recording_repeats_the_trace_without_the_seed() -> None:
    tape = Tape(7)
    original = run(storm(tape))

    assert run(storm(Tape.replay(tape.recording, strict=True))) == original
