"""Files on the real disk."""

import asyncio
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from spiderpool.host.disk import RealDisk
from spiderpool.host.port import Disk
from spiderpool.host.tests.contract import DiskContract


class TestRealDisk(DiskContract):
    @contextmanager
    def place(self) -> Iterator[tuple[Disk, str]]:
        with tempfile.TemporaryDirectory() as folder:
            yield RealDisk(), f"{folder}/var/lib/journal"


def test_the_content_is_on_disk_before_the_name_and_the_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a"
    synced: list[tuple[str, bool]] = []
    fsync = os.fsync

    def recorded(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        synced.append((kind, target.exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", recorded)
    asyncio.run(RealDisk().write(os.fspath(target), b"1"))
    assert synced == [("file", False), ("folder", True)]
    synced.clear()
    asyncio.run(RealDisk().write(os.fspath(target), b"2", durable=False))
    assert synced == []


def test_a_write_that_fails_leaves_the_old_content_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a"
    asyncio.run(RealDisk().write(os.fspath(target), b"old"))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        asyncio.run(RealDisk().write(os.fspath(target), b"new"))
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_a_crash_left_half_written_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / ".a.tmp").write_bytes(b"left by a crash, and longer than what follows")
    asyncio.run(RealDisk().write(os.fspath(tmp_path / "a"), b"1"))
    assert (tmp_path / "a").read_bytes() == b"1"
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_files_are_for_root_alone(tmp_path: Path) -> None:
    asyncio.run(RealDisk().write(os.fspath(tmp_path / "deep" / "a"), b"1"))
    assert stat.S_IMODE((tmp_path / "deep" / "a").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "deep").stat().st_mode) == 0o700
