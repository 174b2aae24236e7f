"""The product's ``Host`` port on the network table of a simulated machine: what the agent sees is what oracles see."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

from simulator.kube.node.ips import address_of_interface, ip_address
from simulator.kube.node.netstack import NetStack

Operation = Literal["netns_inode", "addresses", "flush"]
HostFault = Callable[[Operation, str], None]
"""``fault(operation, path)`` may raise ``HostError`` in the place of the kernel."""


class NodeMachine(Protocol):
    """The part of a machine that is asked."""

    @property
    def netstack(self) -> NetStack:
        """Its network namespaces."""
        ...


class SimHost:
    """Implements ``spiderpool.host.port.Host``.

    Args:
        machine: the node.
        fault: for faults; None: the kernel never fails.
    """

    def __init__(self, machine: NodeMachine, fault: HostFault | None = None) -> None:
        self._machine = machine
        self._fault = fault

    async def netns_inode(self, path: str) -> int | None:
        """The inode of the namespace that is mounted at ``path``; None when none is."""
        self._ask("netns_inode", path)
        return self._machine.netstack.inode(path)

    async def addresses(self, path: str) -> Mapping[str, Sequence[str]] | None:
        """Interface name to addresses with prefix length, both sorted; None when the namespace is gone."""
        self._ask("addresses", path)
        links = self._machine.netstack.addresses(path)
        if links is None:
            return None
        found = {name: sorted(filter(_is_public, carried)) for name, carried in sorted(links.items())}
        return {name: carried for name, carried in found.items() if carried}

    async def flush(self, path: str, interface: str, addresses: Sequence[str]) -> Sequence[str]:
        """Take addresses off an interface; returns those that it did not carry. Prefix lengths are not compared: an
        address is one however it is masked.
        """
        self._ask("flush", path)
        links = self._machine.netstack.addresses(path) or {}
        if interface not in links:
            return ()
        missing = {ip_address(text.partition("/")[0]): text for text in addresses}
        wanted = dict(missing)
        for text in links[interface]:
            if (address := address_of_interface(text)) in wanted:
                missing.pop(address, None)
                self._machine.netstack.remove_address(path, interface, text)
        return list(missing.values())

    def _ask(self, operation: Operation, path: str) -> None:
        if self._fault is not None:
            self._fault(operation, path)


def _is_public(text: str) -> bool:
    address = address_of_interface(text)
    return not (address.is_loopback or address.is_link_local)
