"""The real node: network namespaces by path, addresses on their interfaces by rtnetlink.

Before an address is released it must be off the wire, and only the node that holds it can say so. Everything here
speaks about the namespace that is mounted at a path *now*: it is opened once, checked to be a network namespace, and
all that follows works on that open file, so that a path that is mounted anew meanwhile changes nothing.

A netlink socket belongs to the namespace in which it was opened. A thread that lives for this one call enters the
namespace and opens the socket; the agent's own threads never leave theirs, and nothing is forked.
"""

import ctypes
import errno
import fcntl
import os
import socket
import stat
import threading
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from pyroute2 import AsyncIPRoute
from pyroute2.netlink.exceptions import NetlinkError

from spiderpool.host.port import HostError

_NETWORK_NAMESPACE = 0x40000000  # CLONE_NEWNET
_TYPE_OF_NAMESPACE = 0xB703  # ioctl NS_GET_NSTYPE; only namespaces answer it
_GONE_INTERFACE = frozenset({errno.ENODEV, errno.ENXIO})
_GONE_ADDRESS = frozenset({errno.EADDRNOTAVAIL, *_GONE_INTERFACE})
_libc = ctypes.CDLL(None, use_errno=True)


class NetlinkHost:
    """The ``Host`` port on this machine's kernel. Needs CAP_SYS_ADMIN (setns) and CAP_NET_ADMIN."""

    async def netns_inode(self, path: str) -> int | None:
        """The inode of the network namespace that is mounted at ``path``; None when there is none."""
        namespace = _open_namespace(path)
        if namespace is None:
            return None
        try:
            return os.fstat(namespace).st_ino
        finally:
            os.close(namespace)

    async def addresses(self, path: str) -> Mapping[str, Sequence[str]] | None:
        """Interface name to its addresses with prefix length; interfaces without any are left out.

        Raises:
            HostError: the kernel did not answer.
        """
        namespace = _open_namespace(path)
        if namespace is None:
            return None
        async with _netlink(namespace, path) as route:
            names = {link["index"]: link.get("ifname") async for link in await route.get_links()}
            found: dict[str, list[str]] = {}
            async for message in await route.get_addr():
                address, prefix_length = _address(message)
                name = names.get(message["index"])
                if name is not None and not (address.is_loopback or address.is_link_local):
                    found.setdefault(name, []).append(f"{address}/{prefix_length}")
        return {name: sorted(found[name]) for name in sorted(found)}

    async def flush(self, path: str, interface: str, addresses: Sequence[str]) -> Sequence[str]:
        """Take addresses off an interface; returns those that it did not carry. Prefix lengths are not compared: an
        address is one however it is masked.

        Raises:
            HostError: an address may still be on the wire.
        """
        wanted = {ip_address(text.partition("/")[0]): text for text in addresses}
        missing: dict[str, None] = {}
        namespace = _open_namespace(path)
        if namespace is None:
            return ()
        async with _netlink(namespace, path) as route:
            for index in await route.link_lookup(ifname=interface):
                carried = [message async for message in await route.get_addr(index=index)]
                missing = dict.fromkeys(wanted.values())
                for message in carried:
                    text = wanted.get(_address(message)[0])
                    if text is not None:
                        missing.pop(text, None)
                        await _remove(route, message)
        return list(missing)


def _open_namespace(path: str) -> int | None:
    """A file descriptor of the network namespace that is mounted at a path; None when there is none."""
    try:
        # `ip netns` and runtimes leave an empty file behind where a namespace was; anything but a file is not opened
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116  the path is text, as the runtime gave it
            return None
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except OSError as error:
        raise HostError(f"{path} cannot be looked at: {error}") from error
    try:
        kind = fcntl.ioctl(descriptor, _TYPE_OF_NAMESPACE)
    except OSError:
        kind = 0
    if kind == _NETWORK_NAMESPACE:
        return descriptor
    os.close(descriptor)
    return None


@asynccontextmanager
async def _netlink(namespace: int, path: str) -> AsyncGenerator[Any]:
    """A netlink connection inside a namespace, whose descriptor is used up; failures become HostError."""
    try:
        async with AsyncIPRoute(fileno=_socket_inside(namespace)) as route:
            yield route
    except (OSError, NetlinkError) as error:
        raise HostError(f"the kernel refused to work in {path}: {error}") from error


def _socket_inside(namespace: int) -> int:
    """The descriptor of a netlink socket that was opened inside a namespace."""
    opened: list[int] = []
    failed: list[OSError] = []

    def enter() -> None:
        try:
            if _libc.setns(namespace, _NETWORK_NAMESPACE) != 0:
                code = ctypes.get_errno()
                raise OSError(code, f"setns: {os.strerror(code)}")
            opened.append(socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, socket.NETLINK_ROUTE).detach())
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=enter, name="setns")
    try:
        thread.start()
        thread.join()
    finally:
        os.close(namespace)
    if failed:
        raise failed[0]
    return opened[0]


def _address(message: Any) -> tuple[IPv4Address | IPv6Address, int]:
    """The interface's own address and its prefix length; ``IFA_ADDRESS`` is the peer's on a point-to-point link."""
    text = message.get("local") or message.get("address")
    return ip_address(text), message["prefixlen"]


async def _remove(route: Any, message: Any) -> None:
    address, prefix_length = _address(message)
    try:
        await route.addr(
            "del", index=message["index"], family=message["family"], local=str(address), prefixlen=prefix_length
        )
    except NetlinkError as error:
        if error.code not in _GONE_ADDRESS:
            raise
