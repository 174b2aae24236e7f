"""The fields of a protobuf message by number, without knowing of what kind it is: what a reader of one kind starts from."""

from collections.abc import Iterator
from typing import Any

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class Malformed(Exception):
    """Bytes that are no message, or none of the kind that they say."""


def fields_of_message(data: Any) -> Iterator[tuple[int, Any]]:
    """Number and value of each field: whole numbers for varints and fixed sizes, bytes for the rest."""
    if not isinstance(data, bytes):
        raise Malformed("proto: wrong wireType")
    position, end = 0, len(data)
    while position < end:
        key, position = _varint(data, position)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value: Any
            value, position = _varint(data, position)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
            value, position = int.from_bytes(data[position : position + size], "little"), position + size
        elif wire == _BYTES:
            size, position = _varint(data, position)
            value, position = data[position : position + size], position + size
        else:
            raise Malformed(f"proto: illegal wireType {wire}")
        if position > end or number == 0:
            raise Malformed("unexpected EOF" if number else f"proto: illegal tag 0 (wire type {wire})")
        yield number, value


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(data) and shift < 70:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise Malformed("unexpected EOF")
