"""What the interfaces of a node's pods carry, as the node itself sees it: the truth that ledgers are held against."""

import json
from collections.abc import Iterator
from typing import Any

from e2e.backends.local.node import Node
from e2e.cluster import Wire

# Namespaces where containerd keeps them. One may go between the listing and the look: then it carries nothing.
FOLDER = "/var/run/netns"
LOOK = f"""cd {FOLDER} 2>/dev/null || exit 0
for name in cni-*; do
  found=$(ip -json -n "$name" address show 2>/dev/null) && echo "$name $found"
done
true
"""


def wires_of(node: Node) -> list[Wire]:
    """Every global address in a pod's network namespace of this node.

    Raises:
        NodeError: the node is off.
    """
    output = node.run(["sh", "-c", LOOK]).output
    return [wire for line in output.splitlines() for wire in parse_look(node.name, line)]


def parse_look(node: str, line: str) -> Iterator[Wire]:
    """The wires in one line: the namespace's name, a space, and what ``ip -json address show`` said."""
    name, _, text = line.partition(" ")
    links: list[dict[str, Any]] = json.loads(text or "[]")
    for link in links:
        for address in link.get("addr_info", ()):
            if link["ifname"] != "lo" and address.get("scope") == "global":
                yield Wire(
                    node=node,
                    netns=f"{FOLDER}/{name}",
                    interface=link["ifname"],
                    address=f"{address['local']}/{address['prefixlen']}",
                )
