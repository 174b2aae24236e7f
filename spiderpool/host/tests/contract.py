"""What every implementation of the host ports must do: the real node and the simulated one run the same tests.

Inherit, name the class ``Test…``, and say how to make a world::

    class TestSimulatedHost(HostContract):
        @contextmanager
        def world(self) -> Iterator[HostWorld]: ...

A simulated world that lives on a virtual loop overrides ``drive``.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

import pytest

from spiderpool.host.port import Disk, Host

T = TypeVar("T")


class HostWorld(Protocol):
    """A node of the test's own, with verbs that the port does not have."""

    @property
    def host(self) -> Host:
        """The implementation under test."""
        ...

    def make_namespace(self) -> str:
        """A network namespace; its path."""
        ...

    def remove_namespace(self, path: str) -> None:
        """Unmount it, and remove the path."""
        ...

    def make_interface(self, path: str, interface: str) -> None:
        """An interface in a namespace, up, with a link-local IPv6 address where the world has such."""
        ...

    def put(self, path: str, interface: str, address: str) -> None:
        """Put an address with prefix length on an interface."""
        ...


class Contract:
    """How the tests of a port run their coroutines."""

    def drive(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end."""
        return asyncio.run(work)


class HostContract(Contract, ABC):
    """The ``Host`` port."""

    @abstractmethod
    def world(self) -> AbstractContextManager[HostWorld]:
        """A fresh node, taken down in the end."""

    def test_two_namespaces_have_two_inodes_and_each_keeps_its_own(self) -> None:
        with self.world() as world:
            first, second = world.make_namespace(), world.make_namespace()
            inode = self.drive(world.host.netns_inode(first))
            assert isinstance(inode, int)
            assert self.drive(world.host.netns_inode(first)) == inode
            assert self.drive(world.host.netns_inode(second)) not in {inode, None}

    def test_a_namespace_that_is_gone_has_no_inode_and_no_addresses(self) -> None:
        with self.world() as world:
            path = world.make_namespace()
            world.remove_namespace(path)
            assert self.drive(world.host.netns_inode(path)) is None
            assert self.drive(world.host.addresses(path)) is None

    def test_what_was_never_there_is_gone_too(self) -> None:
        with self.world() as world:
            assert self.drive(world.host.netns_inode("/nowhere/netns")) is None
            assert self.drive(world.host.addresses("/nowhere/netns")) is None

    def test_a_namespace_without_addresses_lives_and_carries_none(self) -> None:
        with self.world() as world:
            path = world.make_namespace()
            world.make_interface(path, "eth0")
            carried = self.drive(world.host.addresses(path))
            assert carried is not None
            assert [list(addresses) for addresses in carried.values() if addresses] == []

    def test_addresses_of_both_families_are_listed_by_interface(self) -> None:
        with self.world() as world:
            path = two_interfaces(world)
            assert self.carried(world, path) == {
                "eth0": ["10.9.0.5/24", "fd00:9::5/64"],
                "net1": ["10.9.1.5/24", "fd00:9:1::5/64"],
            }

    def test_a_flush_takes_the_named_addresses_off_the_named_interface_alone(self) -> None:
        with self.world() as world:
            path = two_interfaces(world)
            self.drive(world.host.flush(path, "eth0", ["10.9.0.5/24", "10.9.1.5/24", "fd00:9:1::5/64"]))
            assert self.carried(world, path) == {
                "eth0": ["fd00:9::5/64"],
                "net1": ["10.9.1.5/24", "fd00:9:1::5/64"],
            }

    @pytest.mark.parametrize("text", ["fd00:9::5", "fd00:9::5/128", "FD00:9:0:0:0:0:0:5/64"])
    def test_an_address_is_flushed_however_it_is_masked_and_written(self, text: str) -> None:
        with self.world() as world:
            path = two_interfaces(world)
            self.drive(world.host.flush(path, "eth0", [text]))
            assert self.carried(world, path)["eth0"] == ["10.9.0.5/24"]

    def test_a_flush_may_be_repeated(self) -> None:
        with self.world() as world:
            path = two_interfaces(world)
            for _ in range(3):
                self.drive(world.host.flush(path, "eth0", ["10.9.0.5/24", "fd00:9::5/64"]))
            assert self.carried(world, path) == {"net1": ["10.9.1.5/24", "fd00:9:1::5/64"]}

    def test_to_flush_what_is_not_there_is_success(self) -> None:
        with self.world() as world:
            path = two_interfaces(world)
            before = self.carried(world, path)
            self.drive(world.host.flush(path, "eth7", ["10.9.0.5/24"]))
            self.drive(world.host.flush(path, "eth0", ["10.77.0.1/24"]))
            self.drive(world.host.flush(path, "eth0", []))
            self.drive(world.host.flush("/nowhere/netns", "eth0", ["10.9.0.5/24"]))
            assert self.carried(world, path) == before

    def test_a_flush_says_what_the_interface_did_not_carry_and_nothing_of_an_interface_that_is_not_there(self) -> None:
        with self.world() as world:
            path = two_interfaces(world)
            asked = ["10.77.0.1/24", "10.9.0.5/24", "fd00:77::1/64"]
            assert list(self.drive(world.host.flush(path, "eth0", asked))) == ["10.77.0.1/24", "fd00:77::1/64"]
            assert list(self.drive(world.host.flush(path, "eth0", asked))) == asked
            assert list(self.drive(world.host.flush(path, "eth7", asked))) == []
            assert list(self.drive(world.host.flush("/nowhere/netns", "eth0", asked))) == []

    def test_to_flush_a_namespace_that_is_gone_is_success(self) -> None:
        with self.world() as world:
            path = two_interfaces(world)
            world.remove_namespace(path)
            self.drive(world.host.flush(path, "eth0", ["10.9.0.5/24"]))
            assert self.drive(world.host.addresses(path)) is None

    def carried(self, world: HostWorld, path: str) -> dict[str, list[str]]:
        """What the interfaces carry, interfaces without addresses left out."""
        carried = self.drive(world.host.addresses(path))
        assert carried is not None
        return {name: sorted(addresses) for name, addresses in carried.items() if addresses}


def two_interfaces(world: HostWorld) -> str:
    """A namespace like that of a pod with two networks, both dual-stack."""
    path = world.make_namespace()
    for interface, addresses in (
        ("eth0", ("10.9.0.5/24", "fd00:9::5/64")),
        ("net1", ("10.9.1.5/24", "fd00:9:1::5/64")),
    ):
        world.make_interface(path, interface)
        for address in addresses:
            world.put(path, interface, address)
    return path


class DiskContract(Contract, ABC):
    """The ``Disk`` port."""

    @abstractmethod
    def place(self) -> AbstractContextManager[tuple[Disk, str]]:
        """A disk, and the path of a folder on it that does not exist yet."""

    @pytest.mark.parametrize("durable", [True, False])
    def test_what_was_written_is_read(self, durable: bool) -> None:
        with self.place() as (disk, folder):
            self.drive(disk.write(f"{folder}/a", b"\x00one", durable=durable))
            assert self.drive(disk.read(f"{folder}/a")) == b"\x00one"

    def test_a_second_write_replaces_the_whole_content(self) -> None:
        with self.place() as (disk, folder):
            self.drive(disk.write(f"{folder}/a", b"long content"))
            self.drive(disk.write(f"{folder}/a", b""))
            assert self.drive(disk.read(f"{folder}/a")) == b""

    def test_a_file_that_is_not_there_is_none_and_may_be_removed(self) -> None:
        with self.place() as (disk, folder):
            self.drive(disk.remove(f"{folder}/a"))
            assert self.drive(disk.read(f"{folder}/a")) is None

    def test_a_removed_file_is_gone(self) -> None:
        with self.place() as (disk, folder):
            self.drive(disk.write(f"{folder}/a", b"1"))
            self.drive(disk.remove(f"{folder}/a"))
            assert self.drive(disk.read(f"{folder}/a")) is None
            assert list(self.drive(disk.names(folder))) == []

    def test_a_folder_that_is_not_there_is_empty(self) -> None:
        with self.place() as (disk, folder):
            assert list(self.drive(disk.names(folder))) == []

    def test_names_are_sorted_and_those_of_one_folder(self) -> None:
        with self.place() as (disk, folder):
            for name in ("b", "a.10", "a.9", "B", "deeper/c"):
                self.drive(disk.write(f"{folder}/{name}", b"1"))
            assert list(self.drive(disk.names(folder))) == ["B", "a.10", "a.9", "b"]

    def test_a_temporary_name_is_no_name(self) -> None:
        with self.place() as (disk, folder):
            self.drive(disk.write(f"{folder}/.4f1c.eth0.1.req.tmp", b"half"))
            assert list(self.drive(disk.names(folder))) == []
