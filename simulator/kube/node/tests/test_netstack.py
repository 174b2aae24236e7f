import pytest

from simulator.kube.node.netstack import Inodes, NetError, NetStack
from simulator.kube.node.reachability import can_ping

A, B = "/var/run/netns/cni-a", "/var/run/netns/cni-b"


class Wired:
    """A node as the wire sees it."""

    def __init__(self, name: str, inodes: Inodes) -> None:
        self.netstack = NetStack(name, inodes)
        self.powered = True
        self.partitioned = False

    def pod(self, path: str, *addresses: str, underlay: str = "up0") -> None:
        self.netstack.create(path, "c")
        self.netstack.add_interface(path, "eth0", mac="02:00:00:00:00:01", underlay=underlay)
        for address in addresses:
            self.netstack.add_address(path, "eth0", address)
        self.netstack.set_up(path, "eth0")


def test_an_inode_is_never_used_twice_in_the_whole_cluster() -> None:
    inodes = Inodes()
    stacks = [NetStack("n1", inodes), NetStack("n2", inodes)]
    seen = []
    for _ in range(3):
        for stack in stacks:
            seen.append(stack.create(A, "c").inode)
            stack.destroy(A)
    assert len(set(seen)) == 6


def test_every_change_of_an_address_is_told_with_its_container() -> None:
    told: list[tuple[str, ...]] = []
    stack = NetStack("n1", Inodes(), lambda *change: told.append(change))
    stack.create(A, "c1")
    stack.add_interface(A, "eth0", mac="02:00:00:00:00:01", underlay="up0")
    stack.add_address(A, "eth0", "10.0.0.5/24")
    stack.add_address(A, "eth0", "FD00:0::5/64")
    stack.remove_address(A, "eth0", "10.0.0.5/24")
    stack.remove_address(A, "eth0", "10.0.0.5/24")
    stack.clear()
    assert told == [
        ("n1", A, "eth0", "10.0.0.5/24", "up", "c1"),
        ("n1", A, "eth0", "fd00::5/64", "up", "c1"),
        ("n1", A, "eth0", "10.0.0.5/24", "down", "c1"),
        ("n1", A, "eth0", "fd00::5/64", "down", "c1"),
    ]
    assert stack.paths() == []


def test_a_namespace_that_is_gone_has_no_inode_and_no_addresses() -> None:
    stack = NetStack("n1", Inodes())
    assert stack.inode(A) is None
    assert stack.addresses(A) is None
    stack.create(A, "c1")
    assert stack.addresses(A) == {}
    stack.destroy(A)
    stack.destroy(A)
    assert stack.inode(A) is None


def test_what_is_missing_or_there_already_is_refused_as_by_a_kernel() -> None:
    stack = NetStack("n1", Inodes())
    with pytest.raises(NetError, match="no such namespace"):
        stack.add_interface(A, "eth0", mac="", underlay="up0")
    stack.create(A, "c1")
    with pytest.raises(NetError, match="exists"):
        stack.create(A, "c2")
    with pytest.raises(NetError, match="no such link"):
        stack.add_address(A, "eth0", "10.0.0.5/24")
    stack.add_interface(A, "eth0", mac="", underlay="up0")
    stack.add_address(A, "eth0", "10.0.0.5/24")
    with pytest.raises(NetError, match="exists"):
        stack.add_address(A, "eth0", "10.0.0.5/24")


def test_pods_of_one_segment_reach_each_other_over_both_families() -> None:
    inodes = Inodes()
    nodes = [Wired("n1", inodes), Wired("n2", inodes)]
    nodes[0].pod(A, "10.0.0.1/24", "fd00::1/64")
    nodes[1].pod(B, "10.0.0.2/24", "fd00::2/64")
    assert can_ping(nodes, "n1", A, "10.0.0.2")
    assert can_ping(nodes, "n2", B, "fd00::1")
    assert can_ping(nodes, "n1", A, "10.0.0.1")
    assert not can_ping(nodes, "n1", A, "10.0.0.3")
    assert not can_ping(nodes, "n1", B, "10.0.0.1"), "there is no such namespace on n1"


@pytest.mark.parametrize(
    ("what", "reached"),
    [("other segment", False), ("other subnet", False), ("partition", False), ("power", False), ("down", False)],
)
def test_a_cut_of_any_kind_stops_the_ping(what: str, reached: bool) -> None:
    inodes = Inodes()
    nodes = [Wired("n1", inodes), Wired("n2", inodes)]
    nodes[0].pod(A, "10.0.0.1/24")
    other = "10.0.1.2/24" if what == "other subnet" else "10.0.0.2/24"
    nodes[1].pod(B, other, underlay="up1" if what == "other segment" else "up0")
    if what == "partition":
        nodes[1].partitioned = True
    if what == "power":
        nodes[1].powered = False
    if what == "down":
        namespace = nodes[1].netstack.get(B)
        assert namespace is not None
        namespace.interfaces["eth0"].up = False
    assert can_ping(nodes, "n1", A, other.partition("/")[0]) is reached


def test_pods_of_one_node_reach_each_other_though_its_cable_is_cut() -> None:
    node = Wired("n1", Inodes())
    node.pod(A, "10.0.0.1/24")
    node.pod(B, "10.0.0.2/24")
    node.partitioned = True
    assert can_ping([node], "n1", A, "10.0.0.2")
