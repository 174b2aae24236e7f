"""The text forms of address ranges: ``10.0.0.5`` and ``10.0.0.10-10.0.0.20`` (upstream writes no CIDR here)."""

from collections.abc import Iterable
from contextlib import suppress
from ipaddress import ip_network

from spiderpool.resources.addresses import Address, Family, address_text, parse_address
from spiderpool.resources.intervals import IntervalSet


def parse_range(text: str) -> tuple[Address, Address]:
    """First and last address of ``a`` or ``a-b``.

    Raises:
        ValueError: not such a text, two families, or the end lies before the start.
    """
    first_text, dash, last_text = text.partition("-")
    try:
        first = parse_address(first_text.strip())
        last = parse_address(last_text.strip()) if dash else first
    except ValueError as error:
        raise ValueError(f"range {text!r}: {_as_subnet(text) or error}") from None
    if first.family != last.family:
        raise ValueError(f"range {text!r} mixes IPv4 and IPv6; write two ranges, each in a list of its own family")
    if last.value < first.value:
        raise ValueError(f"range {text!r} ends before it starts; write {last}-{first}")
    return first, last


def _as_subnet(text: str) -> str:
    """The remedy for a CIDR where a range is wanted; empty for any other text."""
    with suppress(ValueError):
        if "/" in text:
            network = ip_network(text, strict=False)
            return f"subnets are not read here; write the range {network[0]}-{network[-1]}"
    return ""


def parse_ranges(family: Family, texts: Iterable[str]) -> IntervalSet:
    """The set of a list of ranges, all of one family.

    Raises:
        ValueError: a member is not a range or is of the other family.
    """
    spans: list[tuple[int, int]] = []
    for text in texts:
        first, last = parse_range(text)
        if first.family != family:
            raise ValueError(f"range {text!r} is IPv{first.family}, expected IPv{family}")
        spans.append((first.value, last.value))
    return IntervalSet.of(spans)


def format_ranges(family: Family, addresses: IntervalSet) -> list[str]:
    """The merged and sorted text form of a set, as upstream's webhook stores it."""
    return [
        address_text(family, first) if first == last else f"{address_text(family, first)}-{address_text(family, last)}"
        for first, last in addresses
    ]
