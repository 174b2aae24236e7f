"""The real node: namespaces of the test's own, macvlan interfaces on a veth between two of them."""

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from spiderpool.host.netlink import NetlinkHost
from spiderpool.host.port import HostError
from spiderpool.host.tests.contract import HostContract, two_interfaces


def missing() -> str:
    """What keeps these tests from running here; empty when nothing does."""
    if os.geteuid() != 0:
        return "needs root to make network namespaces"
    programs = [name for name in ("ip", "unshare", "nsenter", "umount") if shutil.which(name) is None]
    if programs:
        return f"needs {', '.join(programs)} (packages iproute2, util-linux, mount)"
    if subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode != 0:
        return "may make no network namespace here (needs CAP_SYS_ADMIN)"
    return ""


needs_namespaces = pytest.mark.skipif(missing() != "", reason=missing() or "runs")


@dataclass(slots=True)
class RealWorld:
    """Namespaces mounted on files in a folder; the first of them holds the wire."""

    folder: Path
    host: NetlinkHost = field(default_factory=NetlinkHost)
    made: list[Path] = field(default_factory=list)

    def make_namespace(self) -> str:
        file = self.folder / f"netns{len(self.made)}"
        file.touch()
        subprocess.run(["unshare", f"--net={file}", "true"], check=True)
        self.made.append(file)
        self.ip(file, "link set lo up")
        return os.fspath(file)

    def unmount(self, path: str) -> None:
        subprocess.run(["umount", path], check=True)
        self.made[self.made.index(Path(path))] = self.folder / "gone"

    def remove_namespace(self, path: str) -> None:
        self.unmount(path)
        Path(path).unlink()

    def make_interface(self, path: str, interface: str) -> None:
        self.ip(self.made[0], f"link add link up0 name {interface} netns {path} type macvlan mode bridge")
        self.ip(path, f"link set dev {interface} up")

    def put(self, path: str, interface: str, address: str) -> None:
        self.ip(path, f"address add {address} dev {interface}" + (" nodad" if ":" in address else ""))

    def ip(self, path: str | Path, command: str) -> bytes:
        entering = ["nsenter", f"--net={path}", "ip", *command.split()]
        return subprocess.run(entering, check=True, capture_output=True).stdout

    def seen(self, path: str, interface: str) -> list[str]:
        """The global addresses by the word of another program."""
        links = json.loads(self.ip(path, f"-json address show dev {interface} scope global"))
        listed = [one for link in links for one in link.get("addr_info", ())]
        return sorted(f"{one['local']}/{one['prefixlen']}" for one in listed if "local" in one)


@contextmanager
def real_world() -> Iterator[RealWorld]:
    with tempfile.TemporaryDirectory(prefix="spiderpool-netns-") as folder:
        world = RealWorld(Path(folder))
        try:
            wire = world.make_namespace()
            world.ip(wire, "link add name up0 type veth peer name up1")
            world.ip(wire, "link set dev up0 up")
            world.ip(wire, "link set dev up1 up")
            yield world
        finally:
            for file in world.made:
                if file.exists():
                    subprocess.run(["umount", file], check=True)


@needs_namespaces
class TestNetlinkHost(HostContract):
    @contextmanager
    def world(self) -> Iterator[RealWorld]:
        with real_world() as world:
            yield world


@needs_namespaces
def test_another_program_sees_that_the_flushed_addresses_are_gone() -> None:
    with real_world() as world:
        path = two_interfaces(world)
        assert world.seen(path, "eth0") == ["10.9.0.5/24", "fd00:9::5/64"]
        asyncio.run(world.host.flush(path, "eth0", ["10.9.0.5/24", "fd00:9::5/64"]))
        assert (world.seen(path, "eth0"), len(world.seen(path, "net1"))) == ([], 2)


@needs_namespaces
def test_the_inode_is_that_of_the_mounted_namespace() -> None:
    with real_world() as world:
        path = world.make_namespace()
        assert asyncio.run(world.host.netns_inode(path)) == Path(path).stat().st_ino


@needs_namespaces
def test_the_file_that_a_runtime_leaves_behind_is_no_namespace() -> None:
    with real_world() as world:
        path = two_interfaces(world)
        world.unmount(path)
        assert Path(path).exists()
        assert asyncio.run(world.host.netns_inode(path)) is None
        assert asyncio.run(world.host.addresses(path)) is None
        asyncio.run(world.host.flush(path, "eth0", ["10.9.0.5/24"]))


@needs_namespaces
def test_the_address_of_a_point_to_point_link_is_its_own_and_not_its_peers() -> None:
    with real_world() as world:
        path = world.make_namespace()
        world.make_interface(path, "eth0")
        world.ip(path, "address add 10.9.2.1 peer 10.9.2.2/32 dev eth0")
        assert asyncio.run(world.host.addresses(path)) == {"eth0": ["10.9.2.1/32"]}
        asyncio.run(world.host.flush(path, "eth0", ["10.9.2.2"]))
        assert world.seen(path, "eth0") == ["10.9.2.1/32"]
        asyncio.run(world.host.flush(path, "eth0", ["10.9.2.1"]))
        assert world.seen(path, "eth0") == []


@needs_namespaces
def test_many_looks_at_once_leave_the_process_as_it_was() -> None:
    async def look(world: RealWorld, path: str) -> None:
        found = await asyncio.gather(*(world.host.addresses(path) for _ in range(20)))
        assert found == [found[0]] * 20

    with real_world() as world:
        path = two_interfaces(world)
        before = (Path("/proc/self/ns/net").readlink(), len(os.listdir("/proc/self/fd")))  # noqa: PTH208  as a count
        asyncio.run(look(world, path))
        after = (Path("/proc/self/ns/net").readlink(), len(os.listdir("/proc/self/fd")))  # noqa: PTH208  as above
        assert after == before


@needs_namespaces
def test_without_the_right_to_enter_the_answer_is_a_refusal_and_not_an_empty_list() -> None:
    with real_world() as world:
        path = two_interfaces(world)
        world.folder.chmod(0o755)
        os.seteuid(65534)
        try:
            with pytest.raises(HostError, match="Operation not permitted"):
                asyncio.run(world.host.addresses(path))
            with pytest.raises(HostError):
                asyncio.run(world.host.flush(path, "eth0", ["10.9.0.5/24"]))
        finally:
            os.seteuid(0)
        assert world.seen(path, "eth0") == ["10.9.0.5/24", "fd00:9::5/64"]


@pytest.mark.parametrize("path", ["/etc/passwd", "/", "/proc/self/ns/uts", "/dev/null", "/etc/passwd/x", "bad\0path"])
def test_what_is_no_network_namespace_has_no_inode(path: str) -> None:
    assert asyncio.run(NetlinkHost().netns_inode(path)) is None
