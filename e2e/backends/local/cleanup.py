"""Removing a cluster, whole or half made, by what is on record about it; also the leftovers of a run that was killed."""

import shutil
from pathlib import Path

from e2e.backends.local import cgroups, wires
from e2e.backends.local.place import Place, State, machine_boot_id, remove_mount_points
from e2e.backends.local.processes import Processes

MARK = ".spiderpool-local-backend"


def mark_root(root: Path) -> None:
    """Make the cluster's root folder and mark it as one that may be removed.

    Raises:
        FileExistsError: there is a folder with content that no cluster made.
    """
    if root.exists() and any(root.iterdir()) and not (root / MARK).exists():
        raise FileExistsError(f"{root} is not empty and was not made by this backend; choose another folder")
    root.mkdir(parents=True, exist_ok=True)
    (root / MARK).touch()


def remove(place: Place, processes: Processes) -> None:
    """Remove everything of the cluster at ``place``; what is not there is success.

    The place must be claimed. Processes are ended only if they are still the ones on record.

    Raises:
        TimeoutError: a process would not end; another try goes on from there.
    """
    state = place.read()
    if state is None or state.boot_id == machine_boot_id():
        for name in processes.names():
            processes.end(name)
    if state is not None:
        cgroups.remove([Path(folder) for folder in state.cgroups])
        for index in range(1, state.nodes + 1):
            wires.remove_node_network(place, f"n{index}")
    for file in sorted(place.folder.glob("*.net")):
        wires.remove_namespace(file)
    if state is not None:
        _remove_root(state)
    place.remove()
    remove_mount_points()


def _remove_root(state: State) -> None:
    root = Path(state.root)
    if (root / MARK).exists():
        shutil.rmtree(root)
