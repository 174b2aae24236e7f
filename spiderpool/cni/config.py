"""The network configuration that a runtime puts on the plugin's stdin.

An administrator wrote it by hand, in a file or in a NetworkAttachmentDefinition, so that every refusal names the field,
its value and what to write instead. Unknown keys are no error, because other plugins read the same object; unknown
keys of ``ipam`` are reported in ``unknown_ipam_keys``, since a typing mistake hides there. DEL takes what it finds:
main plugins pass it configurations that lost most of their keys.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from spiderpool.cni.errors import NEWEST_VERSION, SUPPORTED_VERSIONS, CniError, Code, shown

DEFAULT_SOCKET = "/var/run/spidernet/spiderpool.sock"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_LOG_LEVELS = ("DEBUG", "INFO", "WARN", "ERROR")


@dataclass(frozen=True, slots=True, kw_only=True)
class IpamOptions:
    """The object ``ipam``, with the keys and defaults of the Go Spiderpool (the keys that log stay unused here)."""

    log_level: str = "INFO"
    log_file_path: str = "/var/log/spidernet/spiderpool.log"
    log_file_max_size: int = 100
    """Megabytes."""
    log_file_max_age: int = 30
    """Days."""
    log_file_max_count: int = 10
    default_ipv4_ippool: tuple[str, ...] = ()
    default_ipv6_ippool: tuple[str, ...] = ()
    clean_gateway: bool = False
    match_master_subnet: bool = False
    ipam_unix_socket_path: str = DEFAULT_SOCKET


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One interface of one container on this network."""

    container_id: str
    ifname: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """One network configuration.

    ``previous_result``, ``runtime_config`` and ``raw`` (the whole object) are kept as they came. ``valid_attachments``
    is None when the key is absent, which is not the same as an empty list.
    """

    cni_version: str
    name: str
    type: str = ""
    ipam: IpamOptions = field(default_factory=IpamOptions)
    previous_result: Mapping[str, object] | None = None
    runtime_config: Mapping[str, object] = field(default_factory=dict)
    valid_attachments: tuple[Attachment, ...] | None = None
    unknown_ipam_keys: tuple[str, ...] = ()
    raw: Mapping[str, object] = field(default_factory=dict)


def parse_config(stdin: bytes) -> NetworkConfig:
    """Understand a configuration, for every verb but DEL.

    Raises:
        CniError: code 6 no JSON object, 1 cniVersion, 7 any other field.
    """
    raw = _decode(stdin)
    version = _version(raw)
    ipam = raw.get("ipam")
    if not isinstance(ipam, dict):
        raise _invalid("ipam", ipam, 'an object such as {"type": "spiderpool"}')
    _text("ipam.type", ipam.get("type"))
    options = _options(ipam)
    return NetworkConfig(
        cni_version=version,
        name=_name(raw),
        type=_text("type", raw.get("type")),
        ipam=IpamOptions(**options),
        previous_result=_optional_object(raw, "prevResult"),
        runtime_config=_optional_object(raw, "runtimeConfig") or {},
        valid_attachments=_attachments(raw),
        unknown_ipam_keys=tuple(sorted(key for key in ipam if key not in _OPTIONS and key not in _OF_OTHERS)),
        raw=raw,
    )


def _options(ipam: Mapping[str, object]) -> dict[str, Any]:
    """The options that are set; null means the default, as in the Go Spiderpool."""
    given = {key: value for key, value in ipam.items() if key in _OPTIONS and value is not None}
    return {key: _OPTIONS[key](f"ipam.{key}", value) for key, value in given.items()}


def parse_config_of_delete(stdin: bytes) -> NetworkConfig:
    """Understand what is left of a configuration when it comes with DEL: the network's name.

    Raises:
        CniError: code 6 no JSON object, 7 no usable name.
    """
    raw = _decode(stdin)
    version = raw.get("cniVersion")
    previous = raw.get("prevResult")
    return NetworkConfig(
        cni_version=version if isinstance(version, str) and version in SUPPORTED_VERSIONS else NEWEST_VERSION,
        name=_name(raw),
        previous_result=previous if isinstance(previous, dict) else None,
        raw=raw,
    )


def version_of(stdin: bytes) -> str:
    """The version in which to answer, whatever else the configuration is worth: empty when it names none of ours."""
    try:
        version = _decode(stdin).get("cniVersion")
    except CniError:
        return ""
    return version if isinstance(version, str) and version in SUPPORTED_VERSIONS else ""


def _decode(stdin: bytes) -> dict[str, object]:
    try:
        raw = json.loads(stdin)
    except (ValueError, RecursionError) as error:
        raise CniError(
            Code.DECODING_FAILURE,
            f"the network configuration on stdin is no JSON: {shown(str(error))}",
            "pass one JSON object on stdin",
        ) from error
    if not isinstance(raw, dict):
        raise CniError(
            Code.DECODING_FAILURE,
            f"the network configuration on stdin is {_kind(raw)}, not an object",
            "pass one JSON object on stdin",
        )
    return raw


def _version(raw: Mapping[str, object]) -> str:
    version = raw.get("cniVersion")
    if isinstance(version, str) and version in SUPPORTED_VERSIONS:
        return version
    said = "missing, which means 0.1.0" if version is None else shown(version)
    raise CniError(Code.INCOMPATIBLE_VERSION, f"cniVersion is {said}", f"supported are {', '.join(SUPPORTED_VERSIONS)}")


def _name(raw: Mapping[str, object]) -> str:
    name = raw.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _invalid("name", name, "the network's name: a letter or digit, then letters, digits, '_', '.' and '-'")
    return name


def _optional_object(raw: Mapping[str, object], key: str) -> Mapping[str, object] | None:
    value = raw.get(key)
    if value is not None and not isinstance(value, dict):
        raise _invalid(key, value, "an object")
    return value


def _attachments(raw: Mapping[str, object]) -> tuple[Attachment, ...] | None:
    # libcni 1.2 and older wrote the second key
    key = next((key for key in ("cni.dev/valid-attachments", "cni.dev/attachments") if raw.get(key) is not None), None)
    if key is None:
        return None
    listed = raw[key]
    if not isinstance(listed, list):
        raise _invalid(key, listed, "a list of objects with containerID and ifname")
    attachments = []
    for position, one in enumerate(listed):
        where = f"{key}[{position}]"
        if not isinstance(one, dict):
            raise _invalid(where, one, "an object with containerID and ifname")
        container_id = _text(f"{where}.containerID", one.get("containerID"))
        attachments.append(Attachment(container_id=container_id, ifname=_text(f"{where}.ifname", one.get("ifname"))))
    return tuple(attachments)


def _text(where: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise _invalid(where, value, "a text that is not empty")
    return value


def _log_level(where: str, value: object) -> str:
    if not isinstance(value, str) or value.upper() not in _LOG_LEVELS:
        raise _invalid(where, value, f"one of {', '.join(_LOG_LEVELS)}")
    return value.upper()


def _count(where: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _invalid(where, value, "a whole number, 0 or more")
    return value


def _switch(where: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _invalid(where, value, "true or false, without quotes")
    return value


def _unsupported_switch(where: str, value: object) -> bool:
    """A switch of the Go Spiderpool that does nothing here yet; who turns it on relies on it, so it is refused."""
    if _switch(where, value):
        raise _invalid(where, value, "false, or no such key: it is not supported yet; name the pools instead")
    return False


def _path(where: str, value: object) -> str:
    if not isinstance(value, str) or not value.startswith("/"):
        raise _invalid(where, value, "an absolute path")
    return value


def _pool_names(where: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _invalid(where, value, 'a list of pool names such as ["pool-a"]')
    return tuple(_text(f"{where}[{position}]", name) for position, name in enumerate(value))


_OPTIONS: dict[str, Callable[[str, object], object]] = {
    "log_level": _log_level,
    "log_file_path": _path,
    "log_file_max_size": _count,
    "log_file_max_age": _count,
    "log_file_max_count": _count,
    "default_ipv4_ippool": _pool_names,
    "default_ipv6_ippool": _pool_names,
    "clean_gateway": _switch,
    "match_master_subnet": _unsupported_switch,
    "ipam_unix_socket_path": _path,
}
_OF_OTHERS = ("type",)
assert set(_OPTIONS) == {one.name for one in fields(IpamOptions)}, "every option has its check"


def _invalid(where: str, value: object, expected: str) -> CniError:
    said = "missing" if value is None else f"{shown(value)} ({_kind(value)})"
    return CniError(Code.INVALID_CONFIGURATION, f"{where} is {said}", f"expected {expected}")


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
    return kinds.get(type(value), "a number")
