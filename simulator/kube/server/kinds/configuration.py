"""ConfigMaps, Secrets and ServiceAccounts: what a pod reads."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from simulator.kube.server.field_errors import forbidden_field, invalid_value, required, too_long
from simulator.kube.server.name_rules import data_key
from simulator.kube.server.refusals import Cause, Refusal, bad_request
from simulator.kube.server.registry import METADATA_FIELDS, Resource
from simulator.kube.server.selection import field_extractor

Json = dict[str, Any]

DATA_BYTES = 1024 * 1024
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/\r\n")
_NEEDED = {
    "kubernetes.io/basic-auth": ("username", "password"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
_ACCOUNT = "kubernetes.io/service-account.name"
_WORDS: dict[type, str] = {bool: "bool", int: "number", float: "number", list: "array", dict: "object"}


def _cannot(kind: str, why: str) -> Refusal:
    return bad_request(f'{kind} in version "v1" cannot be handled as a {kind}: {why}')


def _require_text(item: Json, name: str) -> None:
    """Every value of a map is text.

    Raises:
        Refusal: 400, one is not.
    """
    for value in (item.get(name) or {}).values():
        if not isinstance(value, str):
            kind = item["kind"]
            found = _WORDS.get(type(value), "object")
            raise _cannot(kind, f"json: cannot unmarshal {found} into Go struct field {kind}.{name} of type string")


def _require_base64(item: Json, name: str) -> None:
    for value in (item.get(name) or {}).values():
        text = value.rstrip("=")
        fault = next((at for at, letter in enumerate(text) if letter not in _BASE64), -1)
        if fault < 0 and len(value) % 4:
            fault = len(value) - len(value) % 4
        if fault >= 0:
            raise _cannot(item["kind"], f"illegal base64 data at input byte {fault}")


def _drop_empty(item: Json, *names: str) -> None:
    for name in names:
        if name in item and not item[name]:
            del item[name]


def _complete_config_map(item: Json, before: Json | None) -> None:
    _require_text(item, "data")
    _require_text(item, "binaryData")
    _require_base64(item, "binaryData")
    _drop_empty(item, "data", "binaryData")


def _complete_secret(item: Json, before: Json | None) -> None:
    _require_text(item, "data")
    _require_text(item, "stringData")
    _require_base64(item, "data")
    texts = item.pop("stringData", None) or {}
    if texts:
        encoded = {key: b64encode(text.encode()).decode() for key, text in texts.items()}
        item["data"] = {**(item.get("data") or {}), **encoded}
    if not item.get("type"):
        item["type"] = "Opaque"
    _drop_empty(item, "data")


def _check_keys(item: Json, name: str) -> list[Cause]:
    return [invalid_value(f"{name}[{key}]", key, fault) for key in item.get(name) or () for fault in data_key(key)]


def _frozen(item: Json, before: Json | None, *names: str) -> list[Cause]:
    """What an immutable object does not let change."""
    if before is None or not before.get("immutable"):
        return []
    detail = "field is immutable when `immutable` is set"
    causes = [] if item.get("immutable") else [forbidden_field("immutable", detail)]
    return causes + [forbidden_field(name, detail) for name in names if item.get(name) != before.get(name)]


def _size(item: Json, *names: str) -> int:
    return sum(len(value) for name in names for value in (item.get(name) or {}).values())


def _check_config_map(item: Json, before: Json | None) -> Sequence[Cause]:
    causes = _frozen(item, before, "data", "binaryData")
    binary = item.get("binaryData") or {}
    for key in item.get("data") or ():
        causes += [invalid_value(f"data[{key}]", key, fault) for fault in data_key(key)]
        if key in binary:
            causes.append(invalid_value(f"data[{key}]", key, "duplicate of key present in binaryData"))
    causes += _check_keys(item, "binaryData")
    if _size(item, "data", "binaryData") > DATA_BYTES:
        causes.append(too_long("[]", DATA_BYTES))
    return causes


def _check_secret(item: Json, before: Json | None) -> Sequence[Cause]:
    causes = []
    if before is not None and item["type"] != before.get("type"):
        causes.append(invalid_value("type", item["type"], "field is immutable"))
    causes += _frozen(item, before, "data")
    causes += _check_keys(item, "data")
    data = item.get("data") or {}
    if sum(len(value) * 3 // 4 - value.count("=") for value in data.values()) > DATA_BYTES:
        causes.append(too_long("data", DATA_BYTES))
    needed = _NEEDED.get(item["type"], ())
    missing = [name for name in needed if name not in data]
    if item["type"] == "kubernetes.io/basic-auth" and len(missing) == 1:
        missing = []  # one of the two is enough
    causes += [required(f"data[{name}]") for name in missing]
    account = (item["metadata"].get("annotations") or {}).get(_ACCOUNT)
    if item["type"] == "kubernetes.io/service-account-token" and not account:
        causes.append(required(f"metadata.annotations[{_ACCOUNT}]"))
    return causes


CONFIGURATION: tuple[Resource, ...] = (
    Resource(
        group="",
        version="v1",
        plural="configmaps",
        kind="ConfigMap",
        namespaced=True,
        complete=_complete_config_map,
        check=_check_config_map,
    ),
    Resource(
        group="",
        version="v1",
        plural="secrets",
        kind="Secret",
        namespaced=True,
        fields={**METADATA_FIELDS, "type": field_extractor("type")},
        complete=_complete_secret,
        check=_check_secret,
    ),
    Resource(
        group="",
        version="v1",
        plural="serviceaccounts",
        kind="ServiceAccount",
        namespaced=True,
        subresources=("token",),
        returns_deleted=True,
    ),
)
