"""The determinism check: one seed gives one trace hash in different processes with different hash seeds.

``python -m simulator.determinism`` plays the demo in three processes and compares their last lines.
"""

import os
import re
import subprocess
import sys

import click

HASH_SEEDS = ("0", "77", "4711")


def trace_of(hash_seed: str, seed: int) -> str:
    """The trace hash of a demo in a process of its own.

    Raises:
        RuntimeError: the demo failed.
    """
    done = subprocess.run(
        [sys.executable, "-m", "simulator.cli", "demo", "--seed", str(seed)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"^verdict=ok .*trace=([0-9a-f]+)", done.stdout, re.MULTILINE)
    if done.returncode or not found:
        raise RuntimeError(f"the demo failed under PYTHONHASHSEED={hash_seed}:\n{done.stdout}{done.stderr}")
    return found[1]


def main(seed: int = 7) -> int:
    """Compare; exit code 1 when two processes disagree."""
    traces = {hash_seed: trace_of(hash_seed, seed) for hash_seed in HASH_SEEDS}
    for hash_seed, trace in traces.items():
        click.echo(f"PYTHONHASHSEED={hash_seed:<5} seed={seed} trace={trace}")
    same = len(set(traces.values())) == 1
    click.echo("determinism: the same trace in every process" if same else "determinism: THE TRACES DIFFER")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
