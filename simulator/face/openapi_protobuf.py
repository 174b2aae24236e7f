"""Writes the OpenAPI document of version 2 in protobuf, which older clients and ``kubectl explain`` of that version want.

The layout is that of ``openapi_v2.Document`` of gnostic; what it has no field for (``oneOf``, ``anyOf``) is left out, as the
real server leaves it out of version 2.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

Json = dict[str, Any]
ASKED = (
    "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
    "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
)
MEDIA_TYPE = ASKED[1]
_VARINT, _DOUBLE, _BYTES = 0, 1, 2


def wants_protobuf(path: str, accept: str) -> bool:
    """Whether a client asks for the document in this form."""
    return path == "/openapi/v2" and any(kind in accept for kind in ASKED)


def encoded_document(document: Json) -> bytes:
    """The bytes of a document; of its paths nobody asks in this form."""
    info = document["info"]
    definitions = b"".join(_field(1, _named(name, _schema(one))) for name, one in document["definitions"].items())
    about = _text(1, info["title"]) + _text(2, info["version"])
    return _text(1, document["swagger"]) + _field(2, about) + _field(8, b"") + _field(9, definitions)


def _schema(schema: Json) -> bytes:
    return b"".join(_members(schema))


def _members(schema: Json) -> Iterator[bytes]:
    for name, value in schema.items():
        if name in _LAYOUT:
            number, write = _LAYOUT[name]
            yield write(number, value)
        elif name.startswith("x-"):
            yield _field(31, _named(name, _any(value)))


def _several(number: int, values: Any) -> bytes:
    return b"".join(_field(number, _schema(one)) for one in values)


def _properties(number: int, values: Mapping[str, Json]) -> bytes:
    return _field(number, b"".join(_field(1, _named(name, _schema(one))) for name, one in values.items()))


def _additional(number: int, value: Any) -> bytes:
    return _field(number, _flag(2, value) if isinstance(value, bool) else _field(1, _schema(value)))


def _items(number: int, value: Json) -> bytes:
    return _field(number, _field(1, _schema(value)))


def _type(number: int, value: Any) -> bytes:
    return _field(number, b"".join(_text(1, one) for one in ([value] if isinstance(value, str) else value)))


def _texts(number: int, values: Any) -> bytes:
    return b"".join(_text(number, one) for one in values)


def _anys(number: int, values: Any) -> bytes:
    return b"".join(_field(number, _any(one)) for one in values)


def _one_any(number: int, value: Any) -> bytes:
    return _field(number, _any(value))


def _any(value: Any) -> bytes:
    """A value as text: YAML, of which JSON is a part."""
    return _field(2, msgspec.json.encode(value) + b"\n")


def _named(name: str, value: bytes) -> bytes:
    return _text(1, name) + _field(2, value)


def _text(number: int, value: str) -> bytes:
    return _field(number, value.encode())


def _field(number: int, data: bytes) -> bytes:
    return _number(number << 3 | _BYTES) + _number(len(data)) + data


def _flag(number: int, value: Any) -> bytes:
    return _number(number << 3 | _VARINT) + _number(int(bool(value)))


def _whole(number: int, value: Any) -> bytes:
    return _number(number << 3 | _VARINT) + _number(int(value) & ((1 << 64) - 1))


def _double(number: int, value: Any) -> bytes:
    return _number(number << 3 | _DOUBLE) + struct.pack("<d", value)


def _number(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


_LAYOUT: Mapping[str, tuple[int, Callable[[int, Any], bytes]]] = {
    "$ref": (1, _text),
    "format": (2, _text),
    "title": (3, _text),
    "description": (4, _text),
    "default": (5, _one_any),
    "multipleOf": (6, _double),
    "maximum": (7, _double),
    "exclusiveMaximum": (8, _flag),
    "minimum": (9, _double),
    "exclusiveMinimum": (10, _flag),
    "maxLength": (11, _whole),
    "minLength": (12, _whole),
    "pattern": (13, _text),
    "maxItems": (14, _whole),
    "minItems": (15, _whole),
    "uniqueItems": (16, _flag),
    "maxProperties": (17, _whole),
    "minProperties": (18, _whole),
    "required": (19, _texts),
    "enum": (20, _anys),
    "additionalProperties": (21, _additional),
    "type": (22, _type),
    "items": (23, _items),
    "allOf": (24, _several),
    "properties": (25, _properties),
    "example": (30, _one_any),
}
