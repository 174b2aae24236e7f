"""An IPAM program as generic as can be: each node hands out the addresses of a range of its own, one after another.

What is held lives on the node's disk, by container, so a restart forgets nothing; after a reboot, DELs of the old
sandboxes give back what they had.
"""

from ipaddress import IPv4Network, ip_network

import msgspec

from simulator.kube.node.machine import Exec, Executable, Machine, Result

_HELD = "/var/lib/cni/networks/underlay.json"


def pod_range(number: int) -> IPv4Network:
    """The range of a node, by its number from 1 on.

    Raises:
        ValueError: there are not so many ranges.
    """
    if not 1 <= number <= 65_535:
        raise ValueError(f"node number {number} has no range: 1 to 65535 have one")
    network = ip_network(f"10.{number >> 8}.{number & 255}.0/24")
    assert isinstance(network, IPv4Network)
    return network


def host_local(machine: Machine, network: IPv4Network) -> Executable:
    """The program for ``machine.binaries``."""

    async def main(request: Exec) -> Result:
        verb = request.environ.get(b"CNI_COMMAND", b"")
        container = request.environ.get(b"CNI_CONTAINERID", b"").decode()
        held: dict[str, str] = msgspec.json.decode(await machine.disk.read(_HELD) or b"{}")
        if verb == b"DEL" and held.pop(container, None) is not None:
            await machine.disk.write(_HELD, msgspec.json.encode(held))
        if verb != b"ADD":
            return Result()
        if container not in held:
            taken = set(held.values())
            free = next((str(each) for each in list(network.hosts())[1:] if str(each) not in taken), None)
            if free is None:
                message = f"no address of {network} is free on {machine.name}"
                return Result(exit_code=1, stdout=msgspec.json.encode({"code": 11, "msg": message}))
            held[container] = free
            await machine.disk.write(_HELD, msgspec.json.encode(held))
        address = {"address": f"{held[container]}/{network.prefixlen}", "gateway": str(network[1])}
        return Result(stdout=msgspec.json.encode({"cniVersion": "1.0.0", "ips": [address]}))

    return main
