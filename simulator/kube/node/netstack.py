"""The network table of one node: namespaces by path, interfaces in them, addresses on those. The truth about the wire.

An IPAM is judged by what interfaces carry, not by what its own records say. So this table knows nothing of claims and
pools: it is what a kernel would show, it tells every change to a subscriber (oracles, trace), and it dies with the
power.

Two promises that real kernels give as well: the inode of a namespace is never seen again once the namespace is gone
(here not even on another node), and removing a namespace removes its interfaces and their addresses at the same
instant.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from simulator.kube.node.ips import canonical_interface

Change = Callable[[str, str, str, str, Literal["up", "down"], str], None]
"""``on_change(node, netns path, interface, address, "up" | "down", container id)``; addresses are CIDR text."""

FIRST_INODE = 0xF0000000 + 1_000  # where nsfs inodes of a running kernel usually lie


class NetError(Exception):
    """The kernel refuses: something is missing, or is there already."""


@dataclass(slots=True)
class Inodes:
    """Counts the nsfs inodes of the whole cluster, so that no two namespaces ever share one."""

    next: int = FIRST_INODE

    def take(self) -> int:
        """A number that nobody had and nobody will get."""
        self.next += 1
        return self.next - 1


@dataclass(slots=True)
class Interface:
    """One link inside a namespace. ``underlay`` is the name of the layer-2 segment that its master is plugged into."""

    name: str
    mac: str
    underlay: str
    up: bool = False
    addresses: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Namespace:
    """One network namespace: the mount at ``path``, its inode, whose sandbox it is, its interfaces in order of birth."""

    path: str
    inode: int
    container_id: str
    interfaces: dict[str, Interface] = field(default_factory=dict)


class NetStack:
    """All pod namespaces of one node."""

    def __init__(self, node: str, inodes: Inodes, on_change: Change | None = None) -> None:
        self.node = node
        self._inodes = inodes
        self._on_change = on_change
        self._namespaces: dict[str, Namespace] = {}

    def create(self, path: str, container_id: str) -> Namespace:
        """A new, empty namespace mounted at ``path``."""
        if path in self._namespaces:
            raise NetError(f"{path}: exists")
        namespace = Namespace(path=path, inode=self._inodes.take(), container_id=container_id)
        self._namespaces[path] = namespace
        return namespace

    def destroy(self, path: str) -> None:
        """Unmount and end the namespace with all that is in it; one that is not there is success."""
        namespace = self._namespaces.get(path)
        if namespace is None:
            return
        for name in list(namespace.interfaces):
            self.remove_interface(path, name)
        del self._namespaces[path]

    def clear(self) -> None:
        """The power is cut: every namespace is gone."""
        for path in list(self._namespaces):
            self.destroy(path)

    def paths(self) -> list[str]:
        """Where namespaces are mounted, in order of creation."""
        return list(self._namespaces)

    def get(self, path: str) -> Namespace | None:
        """The namespace at ``path``, if one is there."""
        return self._namespaces.get(path)

    def inode(self, path: str) -> int | None:
        """The nsfs inode at ``path``; None when no namespace is mounted there."""
        namespace = self._namespaces.get(path)
        return None if namespace is None else namespace.inode

    def addresses(self, path: str) -> Mapping[str, Sequence[str]] | None:
        """Interface name to its addresses (CIDR text); None when the namespace is gone."""
        namespace = self._namespaces.get(path)
        if namespace is None:
            return None
        return {name: tuple(link.addresses) for name, link in namespace.interfaces.items()}

    def add_interface(self, path: str, name: str, *, mac: str, underlay: str) -> Interface:
        """A new link, down and without addresses.

        Raises:
            NetError: no such namespace, or the name is taken.
        """
        namespace = self._namespace(path)
        if name in namespace.interfaces:
            raise NetError(f"{name} in {path}: exists")
        link = Interface(name=name, mac=mac, underlay=underlay)
        namespace.interfaces[name] = link
        return link

    def remove_interface(self, path: str, name: str) -> None:
        """Delete a link with its addresses; a link or namespace that is not there is success."""
        namespace = self._namespaces.get(path)
        if namespace is None or name not in namespace.interfaces:
            return
        for address in list(namespace.interfaces[name].addresses):
            self.remove_address(path, name, address)
        del namespace.interfaces[name]

    def set_up(self, path: str, name: str) -> None:
        """Switch a link on; what it carries is on the wire from here."""
        self._interface(path, name).up = True

    def add_address(self, path: str, name: str, address: str) -> None:
        """Put an address on a link.

        Args:
            path: where the namespace is mounted.
            name: the link.
            address: the address with its prefix length, such as ``10.0.0.7/16``.

        Raises:
            NetError: no such namespace or link, or it carries the address already.
        """
        namespace, link = self._namespace(path), self._interface(path, name)
        address = canonical_interface(address)
        if address in link.addresses:
            raise NetError(f"{address} on {name} in {path}: exists")
        link.addresses.append(address)
        self._tell(namespace, name, address, "up")

    def remove_address(self, path: str, name: str, address: str) -> None:
        """Take an address off a link; whatever of it is not there is success."""
        namespace = self._namespaces.get(path)
        link = None if namespace is None else namespace.interfaces.get(name)
        address = canonical_interface(address)
        if namespace is None or link is None or address not in link.addresses:
            return
        link.addresses.remove(address)
        self._tell(namespace, name, address, "down")

    def _namespace(self, path: str) -> Namespace:
        namespace = self._namespaces.get(path)
        if namespace is None:
            raise NetError(f"{path}: no such namespace")
        return namespace

    def _interface(self, path: str, name: str) -> Interface:
        link = self._namespace(path).interfaces.get(name)
        if link is None:
            raise NetError(f"{name} in {path}: no such link")
        return link

    def _tell(self, namespace: Namespace, interface: str, address: str, state: Literal["up", "down"]) -> None:
        if self._on_change is not None:
            self._on_change(self.node, namespace.path, interface, address, state, namespace.container_id)
