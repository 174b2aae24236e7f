"""What an administrator means by the argument of ``ip show``: an address, or a pod."""

import re
from dataclasses import dataclass

from spiderpool.resources.addresses import Address, address_of_claim, parse_address

_LOOKS_LIKE_AN_ADDRESS = re.compile(r"[0-9.]*\.[0-9./]*|.*:.*")
_LOOKS_LIKE_A_CLAIM = re.compile(r"[0-9a-fA-F]{4}(-[0-9a-fA-F]{4}){7}")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class PodName:
    """A pod; an empty namespace means any."""

    namespace: str
    name: str


def target_of(text: str) -> Address | PodName:
    """Read ``10.0.0.7``, ``fd00::7``, a claim's name, ``web-0`` or ``shop/web-0``.

    Raises:
        ValueError: it is none of these; the message says what to write.
    """
    if _LOOKS_LIKE_A_CLAIM.fullmatch(text):
        return address_of_claim(text.lower())
    if _LOOKS_LIKE_AN_ADDRESS.fullmatch(text):
        return _address(text)
    namespace, slash, name = text.rpartition("/")
    if not _NAME.fullmatch(name) or (slash and not _NAME.fullmatch(namespace)):
        raise ValueError(f"{text!r} is neither an address nor a pod; write 10.0.0.7, fd00::7, POD or NAMESPACE/POD")
    return PodName(namespace=namespace, name=name)


def _address(text: str) -> Address:
    host, slash, _ = text.partition("/")
    if slash:
        raise ValueError(f"{text!r} has a prefix length; write the address alone, {host}")
    return parse_address(host)
