"""What callers were told: the result of every ADD of the IPAM plugin, until a DEL of that container begins."""

from dataclasses import dataclass, field

import msgspec


@dataclass(slots=True)
class Callers:
    """Addresses of the last successful ADD by (pod uid, interface), and the containers whose DEL has begun."""

    told: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    given_up: dict[tuple[str, str], None] = field(default_factory=dict)

    def add_answered(self, uid: str, interface: str, stdout: bytes) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
        """An ADD succeeded: the addresses that it was given, and those of the ADD before, if no DEL came between."""
        addresses = tuple(sorted(each["address"] for each in msgspec.json.decode(stdout).get("ips", ())))
        before = self.told.get((uid, interface))
        self.told[uid, interface] = addresses
        return addresses, before

    def del_began(self, container_id: str, uid: str, interface: str) -> None:
        """A DEL of this container is on its way: from here on its addresses may change hands."""
        self.given_up[container_id, interface] = None
        self.told.pop((uid, interface), None)

    def is_given_up(self, container_id: str, interface: str) -> bool:
        """Whether a DEL of this container has begun."""
        return (container_id, interface) in self.given_up
