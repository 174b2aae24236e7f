"""The controller's settings: one schema, read from the environment under upstream's names.

A variable is ``SPIDERPOOL_`` and the name of the field in upper case. A name that is not in the schema is refused, with
the nearest one that is: a mistyped switch that silently keeps its default is worse than a controller that does not
start. Variables that Kubernetes makes for Services (``SPIDERPOOL_CONTROLLER_SERVICE_HOST``) are not settings.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import msgspec
import yaml

from spiderpool.observe.port import Level

PREFIX = "SPIDERPOOL_"
_SERVICE_LINK = re.compile(r"_SERVICE_(HOST|PORT)(_\w+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$")
_SERVICE_URL = re.compile(r"(tcp|udp|sctp)://")


class SettingsError(ValueError):
    """The environment or the file does not say what it must; the message names the key and the remedy."""


class ControllerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="upper"):
    """Every setting with its default. Durations are seconds.

    The NOT_READY switch is unsafe: it frees addresses of a node that may still carry them. Unset is off, and true is
    on only where ADD probes addresses before use.
    """

    log_level: Level = "info"
    enabled_metric: bool = True
    health_port: int = 5720
    metric_http_port: int = 5721
    webhook_port: int = 5722
    pod_namespace: str = "spiderpool"
    pod_name: str = ""
    leader_duration: float = 15.0
    leader_renew_deadline: float = 10.0
    leader_retry_period: float = 2.0
    gc_ip_enabled: bool = True
    gc_default_interval_duration: float = 600.0
    gc_ip_worker_num: int = 3
    gc_stateless_terminating_pod_on_not_ready_node_enabled: bool | None = None


def from_environment(environ: Mapping[str, str], file: str = "") -> ControllerSettings:
    """Read the settings.

    Args:
        environ: the process environment; only names that begin with ``SPIDERPOOL_`` are looked at.
        file: text of a YAML mapping of the same names without the prefix; the environment wins over it.

    Raises:
        SettingsError: an unknown name, or a value of the wrong type.
    """
    given = {**_from_file(file), **_from_names(environ)}
    try:
        return msgspec.convert(given, ControllerSettings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"setting {_at(error)}: {error}") from None


def _from_names(environ: Mapping[str, str]) -> dict[str, Any]:
    names = [name for name in sorted(environ) if name.startswith(PREFIX) and not _is_service_link(name, environ[name])]
    return {_known(name.removeprefix(PREFIX), PREFIX): environ[name] for name in names}


def _from_file(text: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"the configuration file is not YAML: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SettingsError("the configuration file must be a mapping of setting names to values")
    return {_known(str(name), ""): value for name, value in content.items()}


def _known(name: str, prefix: str) -> str:
    names = [field.encode_name for field in msgspec.structs.fields(ControllerSettings)]
    if name in names:
        return name
    near = get_close_matches(name, names, n=1, cutoff=0.0)[0]
    raise SettingsError(f"unknown setting {prefix}{name}; the nearest known one is {prefix}{near}")


def _is_service_link(name: str, value: str) -> bool:
    return bool(_SERVICE_LINK.search(name) or (name.endswith("_PORT") and _SERVICE_URL.match(value)))


def _at(error: msgspec.ValidationError) -> str:
    """The name inside msgspec's message, which ends in `` - at `$.NAME` ``."""
    found = re.search(r"`\$\.(\w+)`", str(error))
    return found[1] if found else "file"
