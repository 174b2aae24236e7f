"""Who reaches whom over the underlay: the ping of the simulated cluster.

Pods on macvlan, ipvlan or SR-IOV share a layer-2 segment with the pods of other nodes. So a ping needs no routes here:
both interfaces hang on the same segment and are up, both prefixes hold the other address, and both nodes have power and
are on the same side of any partition.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from simulator.kube.node.ips import IpInterface, ip_address, ip_interface
from simulator.kube.node.netstack import Interface, Namespace, NetStack


class Attached(Protocol):
    """A node as the wire sees it."""

    @property
    def netstack(self) -> NetStack:
        """Its network table."""
        ...

    @property
    def powered(self) -> bool:
        """Whether it runs."""
        ...

    @property
    def partitioned(self) -> bool:
        """Whether its cable to the underlay is cut."""
        ...


def can_ping(nodes: Sequence[Attached], source_node: str, source_path: str, target: str) -> bool:
    """Whether a process in the namespace ``source_path`` of ``source_node`` reaches the address ``target`` (no prefix).

    An address that two namespaces carry answers all the same; finding that is an oracle's work, not the ping's.
    """
    goal = ip_address(target)
    source = next((node for node in nodes if node.netstack.node == source_node), None)
    namespace = source.netstack.get(source_path) if source is not None and source.powered else None
    if source is None or namespace is None:
        return False
    for here, link in _carried(namespace):
        if goal == here.ip:
            return True
        if goal not in here.network:
            continue
        reached = [node for node in nodes if node is source or not (node.partitioned or source.partitioned)]
        if any(_answers(node, link, here, str(goal)) for node in reached):
            return True
    return False


def _answers(node: Attached, source: Interface, here: IpInterface, goal: str) -> bool:
    if not node.powered:
        return False
    for path in node.netstack.paths():
        namespace = node.netstack.get(path)
        if namespace is None:
            continue
        for there, link in _carried(namespace):
            if link.underlay == source.underlay and str(there.ip) == goal and here.ip in there.network:
                return True
    return False


def _carried(namespace: Namespace) -> Iterator[tuple[IpInterface, Interface]]:
    for link in namespace.interfaces.values():
        if link.up:
            for address in link.addresses:
                yield ip_interface(address), link
