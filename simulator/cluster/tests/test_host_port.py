"""The network table of a simulated node as the agent's host port: the same contract as the kernel's."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from simulator.cluster.host_port import Operation, SimHost
from simulator.kube.node.netstack import Inodes, NetStack
from spiderpool.host.port import Host, HostError
from spiderpool.host.tests.contract import HostContract


@dataclass
class Node:
    """A machine that is nothing but its network table, with the verbs of the contract."""

    netstack: NetStack = field(default_factory=lambda: NetStack("n1", Inodes()))
    made: int = 0

    @property
    def host(self) -> Host:
        return SimHost(self)

    def make_namespace(self) -> str:
        self.made += 1
        path = f"/var/run/netns/cni-{self.made}"
        self.netstack.create(path, f"container{self.made}")
        return path

    def remove_namespace(self, path: str) -> None:
        self.netstack.destroy(path)

    def make_interface(self, path: str, interface: str) -> None:
        self.netstack.add_interface(path, interface, mac="02:00:00:00:00:01", underlay="lan")
        self.netstack.add_address(path, interface, "fe80::1/64")

    def put(self, path: str, interface: str, address: str) -> None:
        self.netstack.add_address(path, interface, address)


class TestSimulatedHost(HostContract):
    @contextmanager
    def world(self) -> Iterator[Node]:
        yield Node()


def test_a_namespace_that_is_made_again_at_the_same_path_is_another_one() -> None:
    node = Node()
    path = node.make_namespace()
    first = asyncio.run(node.host.netns_inode(path))
    node.remove_namespace(path)
    node.netstack.create(path, "another")
    assert asyncio.run(node.host.netns_inode(path)) not in {first, None}


def test_an_interface_that_carries_only_what_no_pool_hands_out_is_left_out() -> None:
    node = Node()
    path = node.make_namespace()
    node.make_interface(path, "eth0")
    node.put(path, "eth0", "127.0.0.2/8")
    assert asyncio.run(node.host.addresses(path)) == {}


@pytest.mark.parametrize("failing", ["netns_inode", "addresses", "flush"])
def test_a_kernel_that_refuses_is_an_error_and_changes_nothing(failing: Operation) -> None:
    def fault(operation: Operation, path: str) -> None:
        if operation == failing:
            raise HostError(f"{operation} {path}")

    node = Node()
    path = node.make_namespace()
    node.make_interface(path, "eth0")
    node.put(path, "eth0", "10.9.0.5/24")
    host = SimHost(node, fault)

    async def ask() -> None:
        if failing == "flush":
            await host.flush(path, "eth0", ["10.9.0.5/24"])
        elif failing == "addresses":
            await host.addresses(path)
        else:
            await host.netns_inode(path)

    with pytest.raises(HostError, match=f"{failing} /var/run/netns/cni-1"):
        asyncio.run(ask())
    assert asyncio.run(node.host.addresses(path)) == {"eth0": ["10.9.0.5/24"]}
