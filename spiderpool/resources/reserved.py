"""SpiderReservedIP: addresses that no pool hands out."""

from collections.abc import Iterable

import msgspec

from spiderpool.resources.addresses import Family
from spiderpool.resources.intervals import IntervalSet
from spiderpool.resources.meta import ObjectMeta
from spiderpool.resources.ranges import parse_range, parse_ranges


class ReservedSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Which addresses are reserved.

    Attributes:
        ip_version: 4 or 6; follows from the first address where it is left out.
        ips: Single addresses, or ranges such as 10.0.0.10-10.0.0.20.
    """

    ip_version: int | None = None
    ips: tuple[str, ...] = ()


class SpiderReservedIP(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Addresses that no pool hands out. Cluster-scoped, short name ``sr``.

    Attributes:
        metadata: Standard object metadata.
        spec: Which addresses are reserved.
    """

    metadata: ObjectMeta
    spec: ReservedSpec = ReservedSpec()

    def addresses(self, family: Family) -> IntervalSet:
        """What it reserves of one family."""
        return parse_ranges(family, (text for text in self.spec.ips if parse_range(text)[0].family == family))


def reserved_addresses(family: Family, reservations: Iterable[SpiderReservedIP]) -> IntervalSet:
    """Everything that any reservation takes out of one family."""
    return IntervalSet.of(span for reservation in reservations for span in reservation.addresses(family))
