"""Which addresses are claimed: the claims, indexed by address and by the pool they came from.

Counts go by address, not by what a claim says about its pool: so they cannot drift, whatever happened to the pool. A
census is fed from an informer's changes, or made at once from one consistent list; readers cannot tell the difference.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence

from spiderpool.resources.addresses import Address, Family, address_of_claim
from spiderpool.resources.claim import SpiderIPAddress
from spiderpool.resources.intervals import IntervalSet


class Census:
    """The claimed addresses as last told."""

    def __init__(self, claims: Iterable[SpiderIPAddress] = ()) -> None:
        self._pool_of: dict[str, str] = {}
        self._by_pool: dict[str, dict[str, Address]] = {}
        self._values: dict[Family, dict[int, None]] = {4: {}, 6: {}}
        self._sorted: dict[Family, Sequence[int]] = {}
        for claim in claims:
            self.put(claim)

    def put(self, claim: SpiderIPAddress) -> None:
        """Count a claim, or note its new pool. A name that is no address locks none and does not count."""
        try:
            address = address_of_claim(claim.name)
        except ValueError:
            return
        self.drop(claim.name)
        self._pool_of[claim.name] = claim.spec.pool.name
        self._by_pool.setdefault(claim.spec.pool.name, {})[claim.name] = address
        self._values[address.family][address.value] = None
        self._sorted.pop(address.family, None)

    def drop(self, name: str) -> None:
        """Forget the claim of this name, if it counted."""
        pool = self._pool_of.pop(name, None)
        if pool is None:
            return
        members = self._by_pool[pool]
        address = members.pop(name)
        if not members:
            del self._by_pool[pool]
        del self._values[address.family][address.value]
        self._sorted.pop(address.family, None)

    def within(self, family: Family, addresses: IntervalSet) -> list[int]:
        """The claimed addresses inside a set, lowest first."""
        values = self._sorted.get(family)
        if values is None:
            values = self._sorted[family] = sorted(self._values[family])
        return [
            value
            for first, last in addresses
            for value in values[bisect_left(values, first) : bisect_right(values, last)]
        ]

    def of_pool(self, name: str) -> Collection[Address]:
        """The addresses of all claims that say they came from this pool, in no order."""
        return self._by_pool.get(name, {}).values()
