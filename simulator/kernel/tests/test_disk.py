"""What a disk shows while the power is on, and what it still has after the power was cut."""

import asyncio
import errno
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from simulator.kernel.disk import SimDisk


def on_disk(story: Callable[[SimDisk], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(story(SimDisk()))


def test_files_are_written_read_listed_and_removed() -> None:
    async def story(disk: SimDisk) -> None:
        await disk.write("/var/lib/x/b", b"2")
        await disk.write("/var/lib/x/a", b"1")
        await disk.write("/var/lib/x/deep/c", b"3")

        assert await disk.names("/var/lib/x") == ["a", "b"]
        assert await disk.names("/var/lib/x/") == ["a", "b"]
        assert await disk.names("/nowhere") == []
        assert await disk.read("/var/lib/x/a") == b"1"
        await disk.remove("/var/lib/x/a")
        await disk.remove("/var/lib/x/a")
        assert await disk.read("/var/lib/x/a") is None
        assert disk.paths() == ["/var/lib/x/b", "/var/lib/x/deep/c"]

    on_disk(story)


def test_a_durable_write_survives_a_power_cut_and_another_one_does_not() -> None:
    async def story(disk: SimDisk) -> None:
        await disk.write("/d/durable", b"1")
        await disk.write("/d/lost", b"1", durable=False)
        await disk.write("/d/old", b"old")
        await disk.write("/d/old", b"new", durable=False)
        await disk.write("/d/old", b"newer", durable=False)

        disk.power_cut()

        assert {path: await disk.read(path) for path in disk.paths()} == {"/d/durable": b"1", "/d/old": b"old"}

    on_disk(story)


def test_a_durable_write_after_others_settles_all_of_them() -> None:
    async def story(disk: SimDisk) -> None:
        await disk.write("/d/a", b"1", durable=False)
        await disk.write("/d/a", b"2")
        disk.power_cut()
        assert await disk.read("/d/a") == b"2"

    on_disk(story)


def test_a_removed_file_is_back_after_a_power_cut_unless_the_removal_was_durable() -> None:
    async def story(disk: SimDisk) -> None:
        for name in ("a", "b", "c"):
            await disk.write(f"/d/{name}", b"1")
        await disk.remove("/d/a")
        await disk.remove("/d/b", durable=True)
        await disk.remove("/d/c")
        await disk.remove("/d/c", durable=True)

        disk.power_cut()

        assert await disk.names("/d") == ["a"]

    on_disk(story)


def test_a_rename_replaces_the_target_and_a_power_cut_undoes_one_that_was_not_durable() -> None:
    async def story(disk: SimDisk) -> None:
        await disk.write("/d/.a.tmp", b"new")
        await disk.write("/d/a", b"old")
        await disk.rename("/d/.a.tmp", "/d/a", durable=False)
        assert (await disk.names("/d"), await disk.read("/d/a")) == (["a"], b"new")

        disk.power_cut()
        assert (await disk.names("/d"), await disk.read("/d/a")) == ([".a.tmp", "a"], b"old")

        await disk.rename("/d/.a.tmp", "/d/a")
        disk.power_cut()
        assert (await disk.names("/d"), await disk.read("/d/a")) == (["a"], b"new")

        await disk.rename("/d/a", "/d/a")
        assert await disk.read("/d/a") == b"new"
        with pytest.raises(FileNotFoundError):
            await disk.rename("/d/missing", "/d/a")

    on_disk(story)


def test_a_power_cut_may_have_caught_some_changes_on_their_way() -> None:
    async def story(disk: SimDisk) -> None:
        for name in ("a", "b", "c"):
            await disk.write(f"/d/{name}", b"1", durable=False)
        asked: list[str] = []

        def survives(path: str) -> bool:
            asked.append(path)
            return path == "/d/b"

        disk.survives = survives
        disk.power_cut()

        assert asked == ["/d/a", "/d/b", "/d/c"]
        assert disk.paths() == ["/d/b"]

    on_disk(story)


def test_what_was_synced_survives() -> None:
    async def story(disk: SimDisk) -> None:
        await disk.write("/d/a", b"1", durable=False)
        disk.sync()
        disk.power_cut()
        assert await disk.read("/d/a") == b"1"

    on_disk(story)


@pytest.mark.parametrize("cut", [SimDisk.power_cut, SimDisk.reboot])
def test_files_in_memory_are_gone_after_every_boot_under_both_their_names(cut: object) -> None:
    async def story(disk: SimDisk) -> None:
        await disk.write("/run/spidernet/journal/c1", b"1")
        assert await disk.read("/var/run/spidernet/journal/c1") == b"1"
        await disk.write("/runner/kept", b"1", durable=False)
        disk.sync()

        cut(disk)  # type: ignore[operator]

        assert disk.paths() == ["/runner/kept"]

    on_disk(story)


def test_an_orderly_reboot_loses_nothing_that_was_on_its_way() -> None:
    async def story(disk: SimDisk) -> None:
        await disk.write("/d/a", b"1", durable=False)
        disk.reboot()
        assert await disk.read("/d/a") == b"1"

    on_disk(story)


def test_a_broken_disk_fails_the_operation_that_a_fault_names() -> None:
    async def story(disk: SimDisk) -> None:
        operations: list[str] = []

        def fault(operation: str, path: str) -> None:
            operations.append(f"{operation} {path}")
            if operation == "write":
                raise OSError(errno.ENOSPC, "no space left")

        disk.on_operation = fault

        with pytest.raises(OSError, match="no space left"):
            await disk.write("/var/run/a", b"1")
        assert await disk.names("/run") == []
        assert operations == ["write /run/a", "names /run"]

    on_disk(story)


def test_a_relative_path_is_a_defect() -> None:
    async def story(disk: SimDisk) -> None:
        with pytest.raises(ValueError, match="not an absolute path"):
            await disk.read("a")

    on_disk(story)
