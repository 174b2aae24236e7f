"""One IP address or subnet as numbers, and the canonical name under which an address is claimed.

The name is the lock (docs/architecture.md): two writers who mean one address must arrive at one name, whatever text
they started from. IPv4 is dotted; IPv6 is eight groups of four digits joined by ``-``; IPv4-mapped IPv6 is refused,
because it would give one address two names. Arithmetic is done on integers; text is parsed and written only here.
"""

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Family = Literal[4, 6]
FAMILIES: tuple[Family, Family] = (4, 6)
BITS: dict[Family, int] = {4: 32, 6: 128}
_MAPPED = 0xFFFF  # the upper 96 bits of ::ffff:0:0/96
_KEPT = 4096  # an address is read several times on its way to a claim, and again with each event of the claim
MAPPED_SPAN = (_MAPPED << 32, (_MAPPED << 32) | 0xFFFFFFFF)  # the IPv6 addresses that have no claim name


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


@lru_cache(maxsize=_KEPT)
def address_text(family: Family, value: int) -> str:
    """The usual text of an address."""
    return str(ipaddress.IPv4Address(value) if family == 4 else ipaddress.IPv6Address(value))


@lru_cache(maxsize=_KEPT)
def parse_address(text: str) -> Address:
    """Read ``10.0.0.1`` or ``fd00::1``.

    Raises:
        ValueError: not an address, with a zone, or IPv4-mapped IPv6.
    """
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        host, slash, prefix = text.partition("/")
        remedy = f"leave out /{prefix}" if slash and host else "write one such as 10.0.0.5 or fd00::5"
        raise ValueError(f"{text!r} is not an IP address; {remedy}") from None
    if isinstance(parsed, ipaddress.IPv4Address):
        return Address(4, int(parsed))
    if parsed.scope_id is not None:
        raise ValueError(f"{text!r} has a zone; write the address without %{parsed.scope_id}")
    if int(parsed) >> 32 == _MAPPED:
        raise ValueError(f"{text!r} is IPv4-mapped IPv6; write it as the IPv4 address {parsed.ipv4_mapped}")
    return Address(6, int(parsed))


@lru_cache(maxsize=1024)  # the same few subnets are read for every ADD
def parse_subnet(text: str) -> Subnet:
    """Read CIDR text in canonical form.

    Raises:
        ValueError: not a CIDR, no prefix length, or host bits set (the error gives the canonical form); with a zone, or
            inside the IPv4-mapped block.
    """
    if "/" not in text:
        raise ValueError(f"{text!r} is not a subnet; write it with a prefix length, such as 10.0.0.0/24")
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is not a subnet; write it as 10.0.0.0/24 or fd00::/64") from None
    if "%" in text:
        raise ValueError(f"{text!r} has a zone; write the subnet without %{text.partition('%')[2].partition('/')[0]}")
    subnet = Subnet(4 if network.version == 4 else 6, int(network.network_address), network.prefixlen)
    if subnet.family == 6 and MAPPED_SPAN[0] <= subnet.first and subnet.last <= MAPPED_SPAN[1]:
        mapped = f"{address_text(4, subnet.network & 0xFFFFFFFF)}/{subnet.prefix - 96}"
        raise ValueError(f"{text!r} is IPv4-mapped IPv6; write it as the IPv4 subnet {mapped}")
    if str(subnet) != text:
        raise ValueError(f"{text!r} is not in canonical form; write {subnet}")
    return subnet


@lru_cache(maxsize=_KEPT)
def claim_name(address: Address) -> str:
    """The one name of an address: ``10.0.0.1``, ``fd00-0000-0000-0000-0000-0000-0000-0001``.

    Raises:
        ValueError: IPv4-mapped IPv6, which would be a second name of an IPv4 address.
    """
    if address.family == 4:
        return address_text(4, address.value)
    if address.value >> 32 == _MAPPED:
        raise ValueError(
            f"{address} has no name of its own; claim the IPv4 address {address_text(4, address.value & 0xFFFFFFFF)}"
        )
    return "-".join(f"{(address.value >> shift) & 0xFFFF:04x}" for shift in range(112, -1, -16))


@lru_cache(maxsize=_KEPT)
def address_of_claim(name: str) -> Address:
    """The address that a claim's name stands for.

    Raises:
        ValueError: no address has this name; a name that is not canonical is refused too.
    """
    try:
        address = parse_address(name.replace("-", ":"))
    except ValueError:
        raise ValueError(
            f"{name!r} is not the name of an address; names look like 10.0.0.1 or {claim_name(Address(6, 0xFD << 120 | 1))}"
        ) from None
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
    host, _, prefix = text.partition("/")
    if not host or not prefix.isdecimal():
        raise ValueError(f"{text!r} is not an address with a prefix length; write one such as 10.0.0.5/24")
    address = parse_address(host)
    if int(prefix) > BITS[address.family]:
        raise ValueError(f"{text!r} has a prefix length above {BITS[address.family]}; write one such as 10.0.0.5/24")
    return address, int(prefix)
