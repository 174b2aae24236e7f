"""Reads what Go clients send: kubectl and every program on client-go write built-in kinds in protobuf unless told not to.

Only reading is needed: a client that sends protobuf accepts JSON as well, and gets it. How each kind is laid out stands
in ``protobuf_fields.json``, which ``e2e/conformance/go/fields`` derives from the struct tags of the Go types; it is
loaded when the first such body comes. The promise: the JSON value is the one that the same client would have sent, had it
been told to send JSON.
"""

import struct
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from simulator.kube.protobuf_wire import Malformed, fields_of_message

Json = dict[str, Any]
MAGIC = b"k8s\x00"
_TABLE = Path(__file__).with_name("protobuf_fields.json")


class Field(msgspec.Struct, frozen=True, array_like=True):
    """One field: its name in JSON, empty for a message that is written into the one around it, its type and flags."""

    name: str
    type: str
    flags: str


class _Table(msgspec.Struct, frozen=True):
    kinds: Mapping[str, str]
    messages: Mapping[str, Mapping[int, Field]]


@cache
def _table() -> _Table:
    return msgspec.json.decode(_TABLE.read_bytes(), type=_Table)


def messages() -> Mapping[str, Mapping[int, Field]]:
    """The fields of each message by number, in the order in which Go writes them."""
    return _table().messages


def message_of(version: str, kind: str) -> str:
    """The message of a built-in kind; empty: it has none."""
    return _table().kinds.get(f"{version}, {kind}", "")


def read_protobuf(data: bytes) -> Json:
    """The object of a body.

    Raises:
        Malformed: it has none that is known.
    """
    if not data.startswith(MAGIC):
        wanted = " ".join(str(byte) for byte in MAGIC)
        why = "provided data does not appear to be a protobuf message, expected prefix"
        raise Malformed(f"{why} [{wanted}]" if data else "empty data")
    if data == MAGIC:
        raise Malformed("empty body")
    envelope = dict(fields_of_message(data[len(MAGIC) :]))
    header = {number: _text(value) for number, value in fields_of_message(envelope.get(1, b""))}
    version, kind = header.get(1, ""), header.get(2, "")
    message = _table().kinds.get(f"v1, {kind}" if kind == "DeleteOptions" else f"{version}, {kind}")
    if message is None:
        raise Malformed(f'no kind "{kind}" is registered for version "{version}"')
    return {"apiVersion": version, "kind": kind, **_message(message, envelope.get(2, b""))}


def _message(name: str, data: bytes) -> Json:
    known = _table().messages[name]
    found: Json = {}
    for number, raw in fields_of_message(data):
        field = known.get(number)
        if field is None:
            continue
        if "m" in field.flags:
            entry = dict(fields_of_message(raw))
            found.setdefault(field.name, {})[_text(entry.get(1, b""))] = _value(field.type, entry.get(2))
        elif "r" in field.flags:
            found.setdefault(field.name, []).append(_value(field.type, raw))
        elif not field.name:
            found.update(_value(field.type, raw))
        elif not _left_out(value := _value(field.type, raw), field.flags):
            found[field.name] = value
    return found


def _left_out(value: Any, flags: str) -> bool:
    """Whether JSON leaves the value out: nothing at all, or zero where that is left out and nobody pointed to it."""
    return value is None or ("o" in flags and "p" not in flags and not isinstance(value, dict) and not value)


def _value(kind: str, raw: Any) -> Any:
    if kind == "string":
        return _text(raw or b"")
    if kind == "bool":
        return bool(raw)
    if kind == "int":
        return _signed(raw or 0)
    if kind == "bytes":
        return b64encode(raw or b"").decode()
    if kind == "double":
        return struct.unpack("<d", struct.pack("<Q", raw or 0))[0]
    if kind in _OWN_FORMS:
        return _OWN_FORMS[kind](dict(fields_of_message(raw or b"")))
    if kind == "Items":
        return [_text(item) for _, item in fields_of_message(raw or b"")]
    return _message(kind, raw or b"")


def _quantity(fields: Mapping[int, Any]) -> str:
    return _text(fields.get(1, b"")) or "0"


def _int_or_string(fields: Mapping[int, Any]) -> int | str:
    return _text(fields.get(3, b"")) if fields.get(1) else _signed(fields.get(2, 0))


def _time(fields: Mapping[int, Any]) -> str | None:
    return _moment(fields, "seconds")


def _micro_time(fields: Mapping[int, Any]) -> str | None:
    return _moment(fields, "microseconds")


def _moment(fields: Mapping[int, Any], precision: str) -> str | None:
    """A time as JSON has it; None for Go's zero time, which is written as nothing or as the year 1."""
    seconds = _signed(fields.get(1, 0))
    if not fields or seconds < _YEAR_2:
        return None
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=fields.get(2, 0) // 1000)
    return moment.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


_YEAR_2 = -62104060800


def _raw(fields: Mapping[int, Any]) -> Any:
    """JSON inside of protobuf."""
    text = fields.get(1, b"")
    try:
        return msgspec.json.decode(text) if text else None
    except msgspec.DecodeError as error:
        raise Malformed(str(error)) from error


_OWN_FORMS = {
    "Quantity": _quantity,
    "IntOrString": _int_or_string,
    "Time": _time,
    "MicroTime": _micro_time,
    "Raw": _raw,
}


def _signed(value: int) -> int:
    if not isinstance(value, int):
        raise Malformed("proto: wrong wireType")
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def _text(data: Any) -> str:
    if not isinstance(data, bytes):
        raise Malformed("proto: wrong wireType")
    return data.decode(errors="replace")
