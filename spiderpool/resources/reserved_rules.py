"""What the webhook makes of a SpiderReservedIP: the form in which it is stored, and the reasons to refuse it."""

from msgspec.structs import replace

from spiderpool.resources.addresses import Family
from spiderpool.resources.ranges import format_ranges, parse_range, parse_ranges
from spiderpool.resources.refusal import Refusal, read_ranges
from spiderpool.resources.reserved import SpiderReservedIP


def normalise_reserved(reserved: SpiderReservedIP) -> SpiderReservedIP:
    """``ipVersion`` from the first address where it is left out, ranges merged and sorted.

    What cannot be read stays as it is; ``reserved_refusals`` says why.
    """
    spec = reserved.spec
    try:
        family = parse_range(spec.ips[0])[0].family if spec.ips else None
        if family is None:
            return reserved
        ips = tuple(format_ranges(family, parse_ranges(family, spec.ips)))
    except ValueError:
        return reserved
    return replace(reserved, spec=replace(spec, ip_version=spec.ip_version or family, ips=ips))


def reserved_refusals(reserved: SpiderReservedIP, *, old: SpiderReservedIP | None) -> tuple[Refusal, ...]:
    """Why a reservation is not accepted; empty when it is.

    Args:
        reserved: what is asked for, normalised or not.
        old: what is stored, for an update. An update that leaves the spec alone is never refused.
    """
    spec = reserved.spec
    if old is not None and old.spec == spec:
        return ()
    if not spec.ips:
        reason = "reserves nothing; name at least one address, or delete the object"
        return (Refusal(field="spec.ips", value="[]", reason=reason),)
    refused = list(_version(reserved, old))
    family = _family(reserved)
    return (*refused, *read_ranges("spec.ips", spec.ips, family)[1])


def _family(reserved: SpiderReservedIP) -> Family:
    """The declared family, or that of the first address that can be read."""
    if reserved.spec.ip_version in (4, 6):
        return 4 if reserved.spec.ip_version == 4 else 6
    for text in reserved.spec.ips:
        try:
            return parse_range(text)[0].family
        except ValueError:
            continue
    return 4


def _version(reserved: SpiderReservedIP, old: SpiderReservedIP | None) -> tuple[Refusal, ...]:
    version = reserved.spec.ip_version
    if version not in (None, 4, 6):
        return (Refusal(field="spec.ipVersion", value=str(version), reason="no such version; leave it out"),)
    before = old.spec.ip_version if old else None
    if version is not None and before is not None and version != before:
        reason = f"it was {before} and never changes; create another SpiderReservedIP"
        return (Refusal(field="spec.ipVersion", value=str(version), reason=reason),)
    return ()
