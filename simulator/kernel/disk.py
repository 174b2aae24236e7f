"""The disk of one simulated machine: files by path, and what a power cut leaves of them.

Each change is either on the disk or only in memory (the page cache). Programs see all changes at once; a power cut
takes back those that were never made durable: a file that was written without fsync is missing or has its old content,
a removed or renamed file is back under its old name. A power cut may also have caught any part of them on their way to
the disk; ``survives`` chooses. Folders in memory (``/run``) are empty after every boot.

Content is replaced whole, as by a temporary file and rename. Folders need not be made. Operations are coroutines, as
the ports are that stand on them; they take no time.
"""

from collections.abc import Callable, Mapping, Sequence
from posixpath import normpath
from types import MappingProxyType
from typing import Literal

Operation = Literal["read", "names", "write", "remove", "rename"]
Watch = Callable[[Operation, str], None]
"""Told before each operation; an ``OSError`` that it raises is what the program gets (disk full, broken)."""

_MISSING = None
_PLACES_MAX = 4096  # of so many paths it is remembered where they lead: the same files are written and read again


class SimDisk:
    """See the module.

    Args:
        in_memory: folders that every boot finds empty.
        links: folder to the folder that it is another name of.

    Attributes:
        on_operation: for faults; None: nobody watches.
        survives: whether the unsaved change of a path has reached the disk by itself when the power is cut; None: no
            change has.
    """

    def __init__(
        self,
        *,
        in_memory: Sequence[str] = ("/run",),
        links: Mapping[str, str] = MappingProxyType({"/var/run": "/run"}),
    ) -> None:
        self._in_memory = tuple(in_memory)
        self._links = dict(links)
        self._places: dict[str, str] = {}  # by path as it was asked for
        self._files: dict[str, bytes] = {}
        self._folders: dict[str, dict[str, None]] = {}  # folder to the names of the files in it
        self._unsaved: dict[str, bytes | None] = {}  # path to what the disk still has; _MISSING: nothing
        self.on_operation: Watch | None = None
        self.survives: Callable[[str], bool] | None = None

    async def names(self, folder: str) -> list[str]:
        """Names of the files in a folder, sorted; empty when there is no folder."""
        return sorted(self._folders.get(self._enter("names", folder), ()))

    async def read(self, path: str) -> bytes | None:
        """The content; None when there is no such file."""
        return self._files.get(self._enter("read", path))

    async def write(self, path: str, data: bytes, *, durable: bool = True) -> None:
        """Replace the content; ``durable``: it is on the disk when this returns."""
        self._change(self._enter("write", path), bytes(data), durable=durable)

    async def rename(self, old: str, new: str, *, durable: bool = True) -> None:
        """Move a file, over another one if there is one.

        Raises:
            FileNotFoundError: there is no such file.
        """
        source = self._enter("rename", old)
        target = self._canonical(new)
        if source not in self._files:
            raise FileNotFoundError(f"no such file: {old}")
        self._change(target, self._files[source], durable=durable)
        if source != target:
            self._change(source, _MISSING, durable=durable)

    async def remove(self, path: str, *, durable: bool = False) -> None:
        """Remove a file; one that is not there is success. Without ``durable`` a power cut can bring it back."""
        path = self._enter("remove", path)
        if path in self._files or durable:
            self._change(path, _MISSING, durable=durable)

    def sync(self) -> None:
        """Bring every change to the disk."""
        self._unsaved.clear()

    def power_cut(self) -> None:
        """The power is cut: what was only in memory is gone."""
        for path, on_disk in list(self._unsaved.items()):
            if self.survives is None or not self.survives(path):
                self._put(path, on_disk)
        self._unsaved.clear()
        self._clear_memory()

    def reboot(self) -> None:
        """An orderly reboot: everything reaches the disk first."""
        self.sync()
        self._clear_memory()

    def paths(self) -> list[str]:
        """All files, sorted."""
        return sorted(self._files)

    def _change(self, path: str, data: bytes | None, *, durable: bool) -> None:
        if durable or self._is_in_memory(path):
            self._unsaved.pop(path, _MISSING)
        else:
            self._unsaved.setdefault(path, self._files.get(path, _MISSING))
        self._put(path, data)

    def _put(self, path: str, data: bytes | None) -> None:
        folder, _, name = path.rpartition("/")
        if data is _MISSING:
            self._files.pop(path, _MISSING)
            self._folders.get(folder or "/", {}).pop(name, _MISSING)
        else:
            self._files[path] = data
            self._folders.setdefault(folder or "/", {})[name] = _MISSING

    def _clear_memory(self) -> None:
        for path in [path for path in self._files if self._is_in_memory(path)]:
            self._put(path, _MISSING)

    def _is_in_memory(self, path: str) -> bool:
        return any(path == folder or path.startswith(f"{folder}/") for folder in self._in_memory)

    def _enter(self, operation: Operation, path: str) -> str:
        place = self._places.get(path) or self._canonical(path)
        if self.on_operation is not None:
            self.on_operation(operation, place)
        return place

    def _canonical(self, path: str) -> str:
        if not path.startswith("/"):
            raise ValueError(f"{path!r} is not an absolute path")
        place = normpath(path)
        for link, target in self._links.items():
            if place == link or place.startswith(f"{link}/"):
                place = target + place[len(link) :]
                break
        if len(self._places) < _PLACES_MAX:
            self._places[path] = place
        return place
