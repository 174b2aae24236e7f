"""What administrators offer at every instant: pools and reservations as the store has them, read without the product.

A claim that was made while nobody offered its address, and that nobody offered ever since, must not be handed out: the
edit that took the address away was committed before the claim.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from simulator.kube.node.ips import IpAddress, address_of_interface, ip_address


@lru_cache(maxsize=4096)
def _span(text: str) -> tuple[int, int, int]:
    """IP version, first and last number of a range such as 10.0.0.1-10.0.0.9, or of a single address."""
    first, _, last = text.partition("-")
    low, high = ip_address(first), ip_address(last or first)
    return low.version, int(low), int(high)


def _within(address: IpAddress, ranges: Any) -> bool:
    version, value = address.version, int(address)
    for text in ranges or ():
        family, low, high = _span(text)
        if family == version and low <= value <= high:
            return True
    return False


@dataclass(slots=True)
class Offers:
    """Pools by name and reservations by name, as objects."""

    pools: dict[str, dict[str, Any]] = field(default_factory=dict)
    reserved: dict[str, dict[str, Any]] = field(default_factory=dict)

    def change(self, item: dict[str, Any], *, gone: bool) -> None:
        """Take in one change of a pool or reservation."""
        table = self.pools if item["kind"] == "SpiderIPPool" else self.reserved
        name = item["metadata"]["name"]
        if gone:
            table.pop(name, None)
        else:
            table[name] = item

    def allows(self, pool: str, address: str) -> bool:
        """Whether a new claim of this CIDR text from this pool is in order now."""
        found = self.pools.get(pool)
        if found is None or found["metadata"].get("deletionTimestamp") or found["spec"].get("disable"):
            return False
        ip, spec = address_of_interface(address), found["spec"]
        gateway = spec.get("gateway")
        taken_out = _within(ip, spec.get("excludeIPs")) or (gateway and ip_address(gateway) == ip)
        kept = any(_within(ip, item["spec"].get("ips")) for item in self.reserved.values())
        return _within(ip, spec.get("ips")) and not taken_out and not kept


@dataclass(slots=True)
class Grounds:
    """For each claim that was not handed out yet: whether its address has been on offer since it was made."""

    offers: Offers = field(default_factory=Offers)
    _claims: dict[str, tuple[str, str, bool]] = field(default_factory=dict)

    def change(self, item: dict[str, Any], *, gone: bool) -> None:
        """An administrator has changed what is offered."""
        self.offers.change(item, gone=gone)
        for name, (pool, address, grounded) in self._claims.items():
            self._claims[name] = (pool, address, grounded or self.offers.allows(pool, address))

    def claimed(self, name: str, pool: str, address: str) -> None:
        """A new claim was made."""
        self._claims[name] = (pool, address, self.offers.allows(pool, address))

    def gone(self, name: str) -> None:
        """A claim was deleted."""
        self._claims.pop(name, None)

    def handed_out(self, name: str) -> bool:
        """Whether a claim may be handed out; from here on it is in use and no longer new."""
        return self._claims.pop(name, ("", "", True))[2]
