"""One cgroup for each node in every hierarchy of cgroup v1, so that a node sees one tree of its own.

The kubelet wants cpu, memory and all the others under the same path, but the cgroups of a login differ from hierarchy to
hierarchy. PID 1 of a node enters ``<prefix>-<node>`` in each of them and then takes a cgroup namespace: from inside,
every hierarchy shows ``/``.

cgroup v2 (one unified hierarchy) is not supported: the kubelet would need controllers delegated to each node, which
could not be tried where this was written.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from e2e.backends.local.waiting import until

# "name=systemd" carries no controller, but runc looks for it.
CONTROLLERS = ("blkio", "cpu", "cpuacct", "cpuset", "devices", "freezer", "memory", "name=systemd", "pids")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """One mounted hierarchy: its controllers as the kernel joins them (``cpu,cpuacct``), and our own cgroup in it."""

    controllers: str
    own_folder: Path


def parse(cgroup_text: str, mountinfo_text: str) -> list[Hierarchy]:
    """The hierarchies in ``/proc/self/cgroup`` and ``/proc/self/mountinfo`` that nodes need and can use."""
    own = {}
    for line in cgroup_text.splitlines():
        _, names, path = line.split(":", 2)
        own[frozenset(names.split(","))] = (names, path)
    found: dict[str, Hierarchy] = {}
    for line in mountinfo_text.splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        for members, (names, path) in own.items() if kind == "cgroup" else ():
            mount_root, mount_point = before.split(" ")[3:5]
            relative = os.path.relpath(path, mount_root)
            if members <= set(options.split(",")) and members & set(CONTROLLERS) and not relative.startswith(".."):
                found.setdefault(names, Hierarchy(controllers=names, own_folder=Path(mount_point) / relative))
    return [found[names] for names in sorted(found)]


def hierarchies() -> list[Hierarchy]:
    """The hierarchies of this machine that nodes need and can use."""
    return parse(Path("/proc/self/cgroup").read_text(), Path("/proc/self/mountinfo").read_text())


def missing_controllers(found: Sequence[Hierarchy]) -> list[str]:
    """Controllers that no usable hierarchy has."""
    have = {name for hierarchy in found for name in hierarchy.controllers.split(",")}
    return [name for name in CONTROLLERS if name not in have]


def node_folder(hierarchy: Hierarchy, prefix: str, node: str) -> Path:
    """The cgroup of a node, below our own."""
    return hierarchy.own_folder / f"{prefix}-{node}"


def make(folders: Sequence[Path]) -> list[Path]:
    """Make cgroups; returns the files that a process writes itself to in order to enter them."""
    for folder in folders:
        folder.mkdir(exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):
            if (folder / name).exists():  # a new cpuset is empty, and refuses processes until it is filled
                (folder / name).write_text((folder.parent / name).read_text())
    return [folder / "cgroup.procs" for folder in folders]


def remove(folders: Sequence[Path]) -> None:
    """Remove cgroups with everything below.

    Raises:
        TimeoutError: a process still lives there.
    """
    for folder in folders:
        below = sorted((path for path in folder.rglob("*") if path.is_dir()), key=lambda path: -len(path.parts))
        for path in (*below, folder):
            until(f"cgroup {path} empty", lambda path=path: _gone(path), within_seconds=20, every_seconds=0.02)  # type: ignore[misc]


def _gone(folder: Path) -> bool:
    """Remove one cgroup; ``OSError`` while a process is still in it."""
    if folder.exists():
        folder.rmdir()
    return True
