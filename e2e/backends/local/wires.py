"""The networks of a cluster: one fabric namespace with two bridges, and one namespace for each node.

::

    fabric   br-mgmt 10.99.0.1/24 ............ eth0 of each node, 10.99.0.(10 + index): API traffic
             br-pod  10.98.255.254/16
                     fd00:98::ffff/64 ........ up0 of each node: the underlay that pods' interfaces are made on
             lo      10.96.0.1 ............... Service default/kubernetes, so no kube-proxy is needed to reach it

Namespaces are mounted in the cluster's own folder and not in ``/run/netns``: making the first one there would leave a
mount of that folder on the machine.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from e2e.backends.local.place import Place

FABRIC = "fabric"
MANAGEMENT = "10.99.0"
API_ADDRESS = f"{MANAGEMENT}.1"
SERVICE_RANGE = "10.96.0.0/24"
SERVICE_ADDRESS = "10.96.0.1"
UNDERLAY_IPV4 = "10.98.0.0/16"
UNDERLAY_IPV4_GATEWAY = "10.98.255.254"
UNDERLAY_IPV6 = "fd00:98::/64"
UNDERLAY_IPV6_GATEWAY = "fd00:98::ffff"
UNDERLAY_DEVICE = "up0"
CLONE_NEWNET = 0x40000000

FABRIC_COMMANDS = (
    "link set lo up",
    "link add br-mgmt type bridge",
    # No snooping: without a querier a bridge may keep neighbour solicitations from ports that need them.
    "link add br-pod type bridge mcast_snooping 0",
    f"addr add {API_ADDRESS}/24 dev br-mgmt",
    f"addr add {UNDERLAY_IPV4_GATEWAY}/16 dev br-pod",
    f"addr add {UNDERLAY_IPV6_GATEWAY}/64 dev br-pod nodad",
    f"addr add {SERVICE_ADDRESS}/32 dev lo",
    "link set br-mgmt up",
    "link set br-pod up",
)
FABRIC_SYSCTLS = {
    "net/ipv4/ip_forward": "1",
    "net/ipv6/conf/all/forwarding": "1",
    # Frames between nodes are the underlay's business, not a packet filter's.
    "net/bridge/bridge-nf-call-iptables": "0",
    "net/bridge/bridge-nf-call-ip6tables": "0",
}


def node_address(index: int) -> str:
    """The IPv4 address of node ``index`` (from 1) on the management network."""
    return f"{MANAGEMENT}.{10 + index}"


def command_in(netns: Path, argv: Sequence[str]) -> list[str]:
    """The command that runs ``argv`` in a network namespace. (``ip netns exec`` would also replace ``/sys``.)"""
    return ["nsenter", f"--net={netns}", *argv]


@contextmanager
def inside(netns: Path) -> Iterator[None]:
    """Put the calling thread into a network namespace; sockets made meanwhile stay there for their life."""
    libc = ctypes.CDLL(None, use_errno=True)

    def enter(descriptor: int) -> None:
        if libc.setns(descriptor, CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"setns {netns}: {os.strerror(number)}")

    with Path("/proc/thread-self/ns/net").open("rb") as home, netns.open("rb") as there:
        enter(there.fileno())
        try:
            yield
        finally:
            enter(home.fileno())


def _run(argv: Sequence[str], text: str | None = None, *, check: bool = True) -> None:
    done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=60, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(
            f"{' '.join(argv)}: exit code {done.returncode}: {done.stderr.strip() or done.stdout.strip()}"
        )


def _ip(netns: Path, *commands: str, check: bool = True) -> None:
    _run(command_in(netns, ["ip", "-batch", "-"]), "\n".join(commands) + "\n", check=check)


def _make_namespace(file: Path) -> None:
    file.touch()
    _run(["unshare", f"--net={file}", "true"])


def remove_namespace(file: Path) -> None:
    """Unmount and remove; the kernel empties the namespace when its last process is gone."""
    if file.exists():
        _run(["umount", str(file)], check=False)
        file.unlink(missing_ok=True)


def make_fabric(place: Place) -> None:
    """Make the namespace that the control plane lives in, with both bridges."""
    file = place.netns(FABRIC)
    _make_namespace(file)
    _ip(file, *FABRIC_COMMANDS)
    with inside(file):
        for name, value in FABRIC_SYSCTLS.items():
            sysctl = Path("/proc/sys") / name
            if sysctl.exists():
                sysctl.write_text(value)


def make_node_network(place: Place, index: int) -> None:
    """Make the namespace of node ``index`` and plug its two devices into the bridges."""
    node = f"n{index}"
    file = place.netns(node)
    _make_namespace(file)
    for device, bridge in (("eth0", "br-mgmt"), (UNDERLAY_DEVICE, "br-pod")):
        _ip(
            place.netns(FABRIC),
            f"link add {device}-{node} type veth peer name {device} netns {file}",
            f"link set {device}-{node} master {bridge} up",
        )
    _ip(
        file,
        "link set lo up",
        "link set eth0 up",
        f"link set {UNDERLAY_DEVICE} up",
        f"addr add {node_address(index)}/24 dev eth0",
        f"route add default via {API_ADDRESS}",
    )


def remove_node_network(place: Place, node: str) -> None:
    """Unplug a node. The ports go first: a dead namespace is emptied later, and would keep their names until then."""
    fabric = place.netns(FABRIC)
    if fabric.exists():
        for device in ("eth0", UNDERLAY_DEVICE):
            _ip(fabric, f"link del {device}-{node}", check=False)
    remove_namespace(place.netns(node))
