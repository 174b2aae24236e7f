"""What an IPAM plugin answers when it went well: the result of ADD in each version's form, and the VERSION object.

Versions 0.3.0 to 0.4.0 carry the family of each address as ``version``; from 1.0.0 on it is gone. An IPAM plugin names
no interfaces. DEL, CHECK, GC and STATUS answer nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spiderpool.cni.errors import NEWEST_VERSION, SUPPORTED_VERSIONS

_WITH_FAMILY = ("0.3.0", "0.3.1", "0.4.0")


@dataclass(frozen=True, slots=True, kw_only=True)
class IpResult:
    """One address for the interface: ``10.0.0.5/24`` or ``fd00::5/64``; ``gateway`` may be empty."""

    address: str
    gateway: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteResult:
    """One route: the destination as CIDR; an empty ``gateway`` leaves the choice to the parent."""

    destination: str
    gateway: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsResult:
    """What the container's resolver should know."""

    nameservers: Sequence[str] = ()
    domain: str = ""
    search: Sequence[str] = ()
    options: Sequence[str] = ()


def add_result(
    cni_version: str,
    ips: Sequence[IpResult],
    routes: Sequence[RouteResult] = (),
    dns: DnsResult | None = None,
) -> bytes:
    """The result of ADD for stdout, in the form of the version that the configuration names."""
    assert cni_version in SUPPORTED_VERSIONS, cni_version
    value: dict[str, object] = {
        "cniVersion": cni_version,
        "ips": [_ip(one, with_family=cni_version in _WITH_FAMILY) for one in ips],
    }
    if routes:
        value["routes"] = [_filled({"dst": one.destination, "gw": one.gateway}) for one in routes]
    value["dns"] = {} if dns is None else _dns(dns)
    return _encoded(value)


def version_answer(cni_version: str = NEWEST_VERSION) -> bytes:
    """The answer to VERSION."""
    return _encoded({"cniVersion": cni_version, "supportedVersions": list(SUPPORTED_VERSIONS)})


def addresses_of(previous_result: Mapping[str, object]) -> tuple[str, ...]:
    """The addresses with prefix length that a result of any version lists; what is malformed is left out."""
    ips = previous_result.get("ips")
    if not isinstance(ips, list):
        return ()
    listed = (one.get("address") for one in ips if isinstance(one, dict))
    return tuple(address for address in listed if isinstance(address, str))


def _ip(one: IpResult, *, with_family: bool) -> dict[str, object]:
    family = ("6" if ":" in one.address else "4") if with_family else ""
    return _filled({"version": family, "address": one.address, "gateway": one.gateway})


def _dns(dns: DnsResult) -> dict[str, object]:
    return _filled(
        {
            "nameservers": list(dns.nameservers),
            "domain": dns.domain,
            "search": list(dns.search),
            "options": list(dns.options),
        }
    )


def _filled(value: Mapping[str, object]) -> dict[str, object]:
    return {key: one for key, one in value.items() if one}


def _encoded(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n"
