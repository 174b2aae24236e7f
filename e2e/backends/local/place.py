"""Where a cluster keeps what must be found again after a killed run, and who may touch it.

``/run/spiderpool-e2e/<prefix>`` holds small things of one cluster: the state file, process records, network namespaces
and control sockets (a unix socket's path is limited to 107 bytes, a state folder's is not). Everything large lies in the
cluster's root folder. One lock per prefix keeps two runs from sharing a cluster; it is let go when its owner dies.
"""

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

RUN = Path("/run/spiderpool-e2e")
# Paths that a node binds its own folders over; where the machine has none, they exist while a cluster does.
MOUNT_POINTS = (
    "/etc/cni/net.d",
    "/opt/cni/bin",
    "/var/lib/cni",
    "/var/lib/containerd",
    "/var/lib/kubelet",
    "/var/lib/spidernet",
    "/var/log/containers",
    "/var/log/pods",
)
PREFIX = re.compile(r"[a-z][a-z0-9-]{0,15}")


class ClusterInUseError(Exception):
    """Another running process owns the cluster of this prefix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a later run needs to clean up: written before anything else is made."""

    root: str
    nodes: int
    boot_id: str
    cgroups: Sequence[str]


def machine_boot_id() -> str:
    """The boot of the machine itself; records of an earlier boot are about processes that are gone."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


class Place:
    """The run folder of one prefix."""

    def __init__(self, prefix: str, run: Path = RUN) -> None:
        """Name the place; nothing is made yet.

        Raises:
            ValueError: the prefix is not a short lower-case name.
        """
        if not PREFIX.fullmatch(prefix):
            raise ValueError(f"prefix {prefix!r}: a lower-case letter, then at most 15 of a-z, 0-9 and -")
        self.prefix = prefix
        self.folder = run / prefix
        self._run = run
        self._lock: int | None = None

    def netns(self, name: str) -> Path:
        """The file that a network namespace is mounted on."""
        return self.folder / f"{name}.net"

    def socket(self, node: str) -> Path:
        """Where PID 1 of a node listens."""
        return self.folder / f"{node}.sock"

    def claim(self) -> None:
        """Make the folder and own it until ``release`` or the end of this process.

        Raises:
            ClusterInUseError: another process owns it.
        """
        if self._lock is not None:
            return
        with _all_clusters_locked(self._run):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                raise ClusterInUseError(
                    f"cluster {self.prefix!r} belongs to a running process; use another prefix"
                ) from None
        self._lock = lock

    def release(self) -> None:
        """Give up the ownership; what exists stays."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def remove(self) -> None:
        """Remove the folder with everything in it."""
        with _all_clusters_locked(self._run):
            shutil.rmtree(self.folder, ignore_errors=True)
            self.release()

    def read(self) -> State | None:
        """The state that the last owner wrote, if any."""
        try:
            return State(**json.loads((self.folder / "cluster.json").read_text()))
        except FileNotFoundError:
            return None

    def write(self, state: State) -> None:
        """Write the state, whole or not at all."""
        part = self.folder / "cluster.part"
        part.write_text(json.dumps({name: getattr(state, name) for name in State.__slots__}))
        part.replace(self.folder / "cluster.json")


def prefixes(run: Path = RUN) -> list[str]:
    """Every cluster that exists or was left behind."""
    return sorted(entry.name for entry in run.iterdir() if entry.is_dir()) if run.is_dir() else []


@contextmanager
def _all_clusters_locked(run: Path) -> Iterator[None]:
    """One at a time among all clusters: the lock is on the parent folder, so that no lock file is left."""
    lock = os.open(run.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def make_mount_points(paths: Sequence[str] = MOUNT_POINTS, run: Path = RUN) -> None:
    """Make the mount points that the machine lacks, and remember which."""
    with _all_clusters_locked(run):
        list_file = run / "made"
        made = list_file.read_text().splitlines() if list_file.exists() else []
        for path in map(Path, paths):
            missing = [folder for folder in (path, *path.parents) if not folder.exists()]
            made += [str(folder) for folder in reversed(missing)]
            list_file.write_text("".join(f"{line}\n" for line in made))  # before: a killed run must know them too
            path.mkdir(parents=True, exist_ok=True)


def remove_mount_points(run: Path = RUN) -> None:
    """Remove what ``make_mount_points`` made, once no cluster is left: removing a folder unmounts it in every namespace.

    A folder that something else has filled since stays.
    """
    with _all_clusters_locked(run):
        list_file = run / "made"
        if prefixes(run) or not run.is_dir():
            return
        for line in reversed(list_file.read_text().splitlines() if list_file.exists() else []):
            if Path(line).is_dir() and not any(Path(line).iterdir()):
                Path(line).rmdir()
        list_file.unlink(missing_ok=True)
        run.rmdir()
