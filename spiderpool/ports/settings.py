"""Settings from the environment: one schema per executable, under upstream's names, unknown names refused.

A variable is ``SPIDERPOOL_`` and the name of the field in upper case. A name that is not in the schema is refused, with
the nearest one that is: a mistyped switch that silently keeps its default is worse than a program that does not
start. Variables that Kubernetes makes for Services (``SPIDERPOOL_CONTROLLER_SERVICE_HOST``) are not settings.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import msgspec
import yaml

PREFIX = "SPIDERPOOL_"
_SERVICE_LINK = re.compile(r"_SERVICE_(HOST|PORT)(_\w+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$")
_SERVICE_URL = re.compile(r"(tcp|udp|sctp)://")

S = TypeVar("S", bound=msgspec.Struct)

Seconds = Annotated[float, msgspec.Meta(gt=0, le=366 * 86_400)]
"""A duration: zero would be a busy loop or a deadline that nothing meets, and nobody means more than a year."""
Port = Annotated[int, msgspec.Meta(ge=0, le=65_535)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class SettingsError(ValueError):
    """The environment or the file does not say what it must; the message names the key and the remedy."""


def from_environment(schema: type[S], environ: Mapping[str, str], file: str = "") -> S:
    """Read the settings.

    Args:
        schema: a Struct whose fields are the settings, with ``rename="upper"``.
        environ: the process environment; only names that begin with ``SPIDERPOOL_`` are looked at.
        file: text of a YAML mapping of the same names without the prefix; the environment wins over it.

    Raises:
        SettingsError: an unknown name, or a value of the wrong type or out of range.
    """
    given = {**_from_file(schema, file), **_from_names(schema, environ)}
    try:
        return msgspec.convert(given, schema, strict=False)
    except msgspec.ValidationError as error:
        name = _at(error)
        raise SettingsError(f"setting {name} is {given.get(name)!r}: {error}{_choices(schema, name)}") from None


def _from_names(schema: type[msgspec.Struct], environ: Mapping[str, str]) -> dict[str, Any]:
    names = [name for name in sorted(environ) if name.startswith(PREFIX) and not _is_service_link(name, environ[name])]
    return {_known(schema, name.removeprefix(PREFIX), PREFIX): environ[name] for name in names}


def _from_file(schema: type[msgspec.Struct], text: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"the configuration file is not YAML: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SettingsError("the configuration file must be a mapping of setting names to values")
    return {_known(schema, str(name), ""): value for name, value in content.items()}


def _known(schema: type[msgspec.Struct], name: str, prefix: str) -> str:
    names = [field.encode_name for field in msgspec.structs.fields(schema)]
    if name in names:
        return name
    near = get_close_matches(name, names, n=1, cutoff=0.0)[0]
    raise SettingsError(f"unknown setting {prefix}{name}; the nearest known one is {prefix}{near}")


def _is_service_link(name: str, value: str) -> bool:
    return bool(_SERVICE_LINK.search(name) or (name.endswith("_PORT") and _SERVICE_URL.match(value)))


def _choices(schema: type[msgspec.Struct], name: str) -> str:
    """The values that a setting may have, where they are few."""
    kinds = [field.type for field in msgspec.structs.fields(schema) if field.encode_name == name]
    if kinds and get_origin(kinds[0]) is Literal:
        return f"; expected one of {', '.join(map(str, get_args(kinds[0])))}"
    return ""


def _at(error: msgspec.ValidationError) -> str:
    """The name inside msgspec's message, which ends in `` - at `$.NAME` ``."""
    found = re.search(r"`\$\.(\w+)`", str(error))
    return found[1] if found else "file"
