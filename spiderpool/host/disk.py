"""The agent's files on the real disk: whole or not at all, and there after a power cut when that was asked for.

A write goes to a temporary name beside its target, is brought to disk, gets its name, and the folder is brought to disk
as well. The files are small and few, so that the calls are made directly on the loop: a thread would cost more than
they do. Temporary names begin with a dot and are no files to anybody.
"""

import os
from collections.abc import Sequence
from pathlib import Path

_PRIVATE_FOLDER = 0o700
_PRIVATE_FILE = 0o600


class RealDisk:
    """The ``Disk`` port on a file system. What the system refuses (no space, no permission) is an OSError."""

    async def names(self, folder: str) -> Sequence[str]:
        """File names in a folder, sorted, temporary ones left out."""
        try:
            with os.scandir(folder) as entries:
                return sorted(entry.name for entry in entries if entry.is_file() and not entry.name.startswith("."))
        except FileNotFoundError:
            return []

    async def read(self, path: str) -> bytes | None:
        """The content, or None when there is no such file."""
        return _read(Path(path))

    async def write(self, path: str, data: bytes, *, durable: bool = True) -> None:
        """Write whole or not at all; folders that are missing are made."""
        _write(Path(path), data, durable=durable)

    async def remove(self, path: str) -> None:
        """Remove; a file that is not there is success. After a power cut it may be there again."""
        _remove(Path(path))


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _write(path: Path, data: bytes, *, durable: bool) -> None:
    _make_folder(path.parent, durable=durable)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        _write_file(temporary, data, durable=durable)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        _sync_folder(path.parent)


def _write_file(path: Path, data: bytes, *, durable: bool) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _PRIVATE_FILE)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(file, rest) :]
        if durable:
            os.fsync(file)
    finally:
        os.close(file)


def _make_folder(folder: Path, *, durable: bool) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent, durable=durable)
    folder.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
    if durable:
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
