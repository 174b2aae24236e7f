"""One IP address or subnet as numbers, and the canonical name under which an address is claimed.

The name is the lock (docs/architecture.md): two writers who mean one address must arrive at one name, whatever text
they started from. IPv4 is dotted; IPv6 is eight groups of four digits joined by ``-``; IPv4-mapped IPv6 is refused,
because it would give one address two names. Arithmetic is done on integers; text is parsed and written only here.
"""

import ipaddress
from dataclasses import dataclass
from typing import Literal

Family = Literal[4, 6]
FAMILIES: tuple[Family, Family] = (4, 6)
BITS: dict[Family, int] = {4: 32, 6: 128}
_MAPPED = 0xFFFF  # the upper 96 bits of ::ffff:0:0/96


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """An address: ``family`` 4 or 6, ``value`` as an unsigned integer."""

    family: Family
    value: int

    def __str__(self) -> str:
        """The usual text, ``10.0.0.1`` or ``fd00::1``."""
        return address_text(self.family, self.value)


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet in canonical form: no host bit of ``network`` is set."""

    family: Family
    network: int
    prefix: int

    @property
    def first(self) -> int:
        """The network address."""
        return self.network

    @property
    def last(self) -> int:
        """The highest address, in IPv4 the broadcast address."""
        return self.network | ((1 << (BITS[self.family] - self.prefix)) - 1)

    def contains(self, value: int) -> bool:
        """Whether an address of this family lies inside."""
        return self.first <= value <= self.last

    def __str__(self) -> str:
        """CIDR text."""
        return f"{address_text(self.family, self.network)}/{self.prefix}"


def address_text(family: Family, value: int) -> str:
    """The usual text of an address."""
    return str(ipaddress.IPv4Address(value) if family == 4 else ipaddress.IPv6Address(value))


def parse_address(text: str) -> Address:
    """Read ``10.0.0.1`` or ``fd00::1``.

    Raises:
        ValueError: not an address, with a zone, or IPv4-mapped IPv6.
    """
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an IP address") from None
    if isinstance(parsed, ipaddress.IPv4Address):
        return Address(4, int(parsed))
    if parsed.scope_id is not None:
        raise ValueError(f"{text!r} has a zone; write the address without %{parsed.scope_id}")
    if int(parsed) >> 32 == _MAPPED:
        raise ValueError(f"{text!r} is IPv4-mapped IPv6; write it as the IPv4 address {parsed.ipv4_mapped}")
    return Address(6, int(parsed))


def parse_subnet(text: str) -> Subnet:
    """Read CIDR text in canonical form.

    Raises:
        ValueError: not a CIDR, no prefix length, or host bits set (the error gives the canonical form).
    """
    if "/" not in text:
        raise ValueError(f"{text!r} is not a subnet; write it with a prefix length, such as 10.0.0.0/24")
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is not a subnet; write it as 10.0.0.0/24 or fd00::/64") from None
    family: Family = 4 if network.version == 4 else 6
    if str(network) != text:
        raise ValueError(f"{text!r} is not in canonical form; write {network}")
    return Subnet(family, int(network.network_address), network.prefixlen)


def claim_name(address: Address) -> str:
    """The one name of an address: ``10.0.0.1``, ``fd00-0000-0000-0000-0000-0000-0000-0001``."""
    if address.family == 4:
        return address_text(4, address.value)
    return "-".join(f"{(address.value >> shift) & 0xFFFF:04x}" for shift in range(112, -1, -16))


def address_of_claim(name: str) -> Address:
    """The address that a claim's name stands for.

    Raises:
        ValueError: no address has this name; a name that is not canonical is refused too.
    """
    address = parse_address(name.replace("-", ":") if "-" in name else name)
    if claim_name(address) != name:
        raise ValueError(f"{name!r} is not the canonical name of {address}; that is {claim_name(address)}")
    return address


def interface_text(address: Address, prefix: int) -> str:
    """Address with prefix length as an interface carries it: ``10.0.0.5/24``."""
    return f"{address}/{prefix}"


def parse_interface(text: str) -> tuple[Address, int]:
    """The inverse of ``interface_text``.

    Raises:
        ValueError: not an address with a prefix length.
    """
    host, slash, prefix = text.partition("/")
    if not slash or not prefix.isdigit():
        raise ValueError(f"{text!r} is not an address with a prefix length such as 10.0.0.5/24")
    return parse_address(host), int(prefix)
