"""What a disk shows while the power is on, and what it still has after the power was cut."""

import errno

import pytest

from simulator.kernel.disk import SimDisk


def test_files_are_written_read_listed_and_removed() -> None:
    disk = SimDisk()
    disk.write("/var/lib/x/b", b"2")
    disk.write("/var/lib/x/a", b"1")
    disk.write("/var/lib/x/deep/c", b"3")

    assert disk.names("/var/lib/x") == ["a", "b"]
    assert disk.names("/var/lib/x/") == ["a", "b"]
    assert disk.names("/nowhere") == []
    assert disk.read("/var/lib/x/a") == b"1"
    assert disk.remove("/var/lib/x/a") is True
    assert disk.remove("/var/lib/x/a") is False
    assert disk.read("/var/lib/x/a") is None
    assert disk.paths() == ["/var/lib/x/b", "/var/lib/x/deep/c"]


def test_a_durable_write_survives_a_power_cut_and_another_one_does_not() -> None:
    disk = SimDisk()
    disk.write("/d/durable", b"1")
    disk.write("/d/lost", b"1", durable=False)
    disk.write("/d/old", b"old")
    disk.write("/d/old", b"new", durable=False)
    disk.write("/d/old", b"newer", durable=False)

    disk.power_cut()

    assert {path: disk.read(path) for path in disk.paths()} == {"/d/durable": b"1", "/d/old": b"old"}


def test_a_durable_write_after_others_settles_all_of_them() -> None:
    disk = SimDisk()
    disk.write("/d/a", b"1", durable=False)
    disk.write("/d/a", b"2")
    disk.power_cut()
    assert disk.read("/d/a") == b"2"


def test_a_removed_file_is_back_after_a_power_cut_unless_the_removal_was_durable() -> None:
    disk = SimDisk()
    for name in ("a", "b", "c"):
        disk.write(f"/d/{name}", b"1")
    disk.remove("/d/a")
    disk.remove("/d/b", durable=True)
    disk.remove("/d/c")
    disk.remove("/d/c", durable=True)

    disk.power_cut()

    assert disk.names("/d") == ["a"]


def test_a_rename_replaces_the_target_and_a_power_cut_undoes_one_that_was_not_durable() -> None:
    disk = SimDisk()
    disk.write("/d/.a.tmp", b"new")
    disk.write("/d/a", b"old")
    disk.rename("/d/.a.tmp", "/d/a", durable=False)
    assert (disk.names("/d"), disk.read("/d/a")) == (["a"], b"new")

    disk.power_cut()
    assert (disk.names("/d"), disk.read("/d/a")) == ([".a.tmp", "a"], b"old")

    disk.rename("/d/.a.tmp", "/d/a")
    disk.power_cut()
    assert (disk.names("/d"), disk.read("/d/a")) == (["a"], b"new")

    disk.rename("/d/a", "/d/a")
    assert disk.read("/d/a") == b"new"
    with pytest.raises(FileNotFoundError):
        disk.rename("/d/missing", "/d/a")


def test_a_power_cut_may_have_caught_some_changes_on_their_way() -> None:
    disk = SimDisk()
    for name in ("a", "b", "c"):
        disk.write(f"/d/{name}", b"1", durable=False)
    asked: list[str] = []

    def survives(path: str) -> bool:
        asked.append(path)
        return path == "/d/b"

    disk.power_cut(survives)

    assert asked == ["/d/a", "/d/b", "/d/c"]
    assert disk.paths() == ["/d/b"]


def test_what_was_synced_survives() -> None:
    disk = SimDisk()
    disk.write("/d/a", b"1", durable=False)
    disk.sync()
    disk.power_cut()
    assert disk.read("/d/a") == b"1"


@pytest.mark.parametrize("cut", [SimDisk.power_cut, SimDisk.reboot])
def test_files_in_memory_are_gone_after_every_boot_under_both_their_names(cut: object) -> None:
    disk = SimDisk()
    disk.write("/run/spidernet/journal/c1", b"1")
    assert disk.read("/var/run/spidernet/journal/c1") == b"1"
    disk.write("/runner/kept", b"1", durable=False)
    disk.sync()

    cut(disk)  # type: ignore[operator]

    assert disk.paths() == ["/runner/kept"]


def test_an_orderly_reboot_loses_nothing_that_was_on_its_way() -> None:
    disk = SimDisk()
    disk.write("/d/a", b"1", durable=False)
    disk.reboot()
    assert disk.read("/d/a") == b"1"


def test_a_broken_disk_fails_the_operation_that_a_fault_names() -> None:
    disk = SimDisk()
    operations: list[str] = []

    def fault(operation: str, path: str) -> None:
        operations.append(f"{operation} {path}")
        if operation == "write":
            raise OSError(errno.ENOSPC, "no space left")

    disk.on_operation = fault

    with pytest.raises(OSError, match="no space left"):
        disk.write("/var/run/a", b"1")
    assert disk.names("/run") == []
    assert operations == ["write /run/a", "names /run"]


def test_a_relative_path_is_a_defect() -> None:
    with pytest.raises(ValueError, match="not an absolute path"):
        SimDisk().read("a")
