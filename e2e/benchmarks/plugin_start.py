"""Plugin start to exit as a process (VERSION, which asks nobody), against /bin/true, interleaved.

Every ADD and DEL pays it before anything is sent. The goal was set for the one file that ``make plugin`` builds, on the
host's Python.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from e2e.benchmarks.cni import spawn
from e2e.benchmarks.figure import Figure, middle, value_at_most
from spiderpool.plugin import build

ROUNDS = 40


def run() -> Iterator[Figure]:
    """Plugin start to exit as a process, against /bin/true."""
    with tempfile.TemporaryDirectory(prefix="spiderpool-bench-") as folder:
        plugin, nothing = Path(folder, "spiderpool"), Path("/dev/null")
        build.write(plugin)
        programs = {"plugin": str(plugin), "true": "/bin/true"}
        seconds: dict[str, list[float]] = {name: [] for name in programs}
        for _ in range(ROUNDS):
            for name, program in programs.items():
                began = time.perf_counter()
                spawn([program], {b"CNI_COMMAND": b"VERSION"}, nothing)
                seconds[name].append(time.perf_counter() - began)
        yield Figure(
            name="plugin process, start to exit",
            value=middle(seconds["plugin"]) * 1e3,
            unit="ms",
            floor=middle(seconds["true"]) * 1e3,
            goal=value_at_most(25),
            note=f"p50 of {ROUNDS}; floor: /bin/true; {plugin.read_text().splitlines()[0]}",
        )
