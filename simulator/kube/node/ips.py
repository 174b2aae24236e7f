"""IP addresses from their text. A cluster reads the same few over and over, so what was read once is kept."""

import ipaddress
from functools import lru_cache

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpInterface = ipaddress.IPv4Interface | ipaddress.IPv6Interface

_KEPT = 8192


@lru_cache(maxsize=_KEPT)
def ip_address(text: str) -> IpAddress:
    """``10.0.0.7``, as the standard library reads it.

    Raises:
        ValueError: it is none.
    """
    return ipaddress.ip_address(text)


@lru_cache(maxsize=_KEPT)
def ip_interface(text: str) -> IpInterface:
    """``10.0.0.7/16``, as the standard library reads it.

    Raises:
        ValueError: it is none.
    """
    return ipaddress.ip_interface(text)


@lru_cache(maxsize=_KEPT)
def address_of_interface(text: str) -> IpAddress:
    """The address of ``10.0.0.7/16``.

    Raises:
        ValueError: it is none.
    """
    return ip_interface(text).ip


@lru_cache(maxsize=_KEPT)
def canonical_interface(text: str) -> str:
    """The one text of an address with its prefix length.

    Raises:
        ValueError: it is none.
    """
    return str(ip_interface(text))
