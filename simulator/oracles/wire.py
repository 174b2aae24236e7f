"""The wire as the nodes' network tables have it: which interface carries which address."""

from dataclasses import dataclass, field

import msgspec


class Carrier(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One interface of one namespace of one container."""

    node: str
    netns: str
    interface: str
    container_id: str

    def __str__(self) -> str:
        """``n1 4f1c2d3e eth0``."""
        return f"{self.node} container {self.container_id[:12]} {self.interface}"


@dataclass(slots=True)
class Wires:
    """Carriers by address (CIDR text), in the order in which they came up."""

    carriers: dict[str, list[Carrier]] = field(default_factory=dict)

    def up(self, address: str, carrier: Carrier) -> list[Carrier]:
        """An address came up; gives everybody who carries it now."""
        carriers = self.carriers.setdefault(address, [])
        carriers.append(carrier)
        return carriers

    def down(self, address: str, carrier: Carrier) -> None:
        """An address went away."""
        carriers = self.carriers.get(address, [])
        if carrier in carriers:
            carriers.remove(carrier)
        if not carriers:
            self.carriers.pop(address, None)
