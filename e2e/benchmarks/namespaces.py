"""Network namespaces for attachments that have no container: mounted on files of our own, removed at the end."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from e2e.benchmarks.figure import SkippedError


@contextmanager
def network_namespaces(count: int) -> Iterator[list[Path]]:
    """So many namespaces, as the paths on which they are mounted.

    Raises:
        SkippedError: this needs root.
    """
    if os.geteuid() != 0:
        raise SkippedError("network namespaces need root: run as root")
    with tempfile.TemporaryDirectory(prefix="spiderpool-bench-netns-") as folder:
        made: list[Path] = []
        try:
            for number in range(count):
                file = Path(folder, f"cni-{number}")
                file.touch()
                done = subprocess.run(["unshare", f"--net={file}", "true"], capture_output=True, text=True, check=False)
                if done.returncode != 0:
                    raise SkippedError(f"no network namespace can be made here: {done.stderr.strip()}")
                made.append(file)
            yield made
        finally:
            for file in made:
                subprocess.run(["umount", str(file)], check=True)
