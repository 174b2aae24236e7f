"""What is wrong with one field, in the words in which the real server says it.

Every cause is made by one of these functions, so that the word for the reason (``Invalid value``, ``Required value``),
the way in which a value is shown, and the reason for programs (``FieldValueInvalid``) always go together. ``field`` is a
path such as ``spec.ips[0]``; ``NOWHERE`` where the fault is of no field.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

from simulator.kube.server.refusals import Cause

NOWHERE = "<nil>"
_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_TO_ESCAPE = re.compile("[<>&\u2028\u2029]")


class Omitted:
    """The value is not shown: it is an object or a list."""


OMITTED = Omitted()


class InOrder(dict[str, Any]):
    """An object whose members are shown in their own order, and not sorted."""


def number_text(value: float) -> str:
    """A number as the server prints it."""
    if isinstance(value, int):
        return str(value)
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    return repr(value)


def json_text(value: Any) -> str:
    """A value as the server prints it: compact JSON with sorted keys."""
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, dict):
        names = value if isinstance(value, InOrder) else sorted(value)
        return "{" + ",".join(f"{json_text(name)}:{json_text(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(json_text(item) for item in value) + "]"
    return html_escaped(json.dumps(value, ensure_ascii=False))


def html_escaped(text: str) -> str:
    """JSON with the letters escaped that mean something in a web page, as Go writes it."""
    return _TO_ESCAPE.sub(lambda found: _ESCAPED[found.group()], text)


def quoted(text: str) -> str:
    """A text in quotation marks, with what cannot be printed as Go writes it."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return f'"{"".join(map(_written, text))}"'


def _written(letter: str) -> str:
    if letter in _LETTERS:
        return _LETTERS[letter]
    if letter.isprintable():
        return letter
    number = ord(letter)
    if number < 0x80:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


_LETTERS = {
    '"': '\\"',
    "\\": "\\\\",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}


def shown(value: Any) -> str:
    """A value inside a message: text in quotation marks, numbers and truths bare, the rest as JSON."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    return json_text(value)


def _cause(reason: str, words: str, field: str, value: Any, detail: str) -> Cause:
    said = words if value is OMITTED else f"{words}: {shown(value)}"
    return Cause(field=field, message=f"{said}: {detail}" if detail else said, reason=reason)


def invalid_value(field: str, value: Any, detail: str) -> Cause:
    """The value breaks a rule."""
    return _cause("FieldValueInvalid", "Invalid value", field, value, detail)


def invalid_type(field: str, value: Any, detail: str) -> Cause:
    """The value has another type than the schema says."""
    return _cause("FieldValueTypeInvalid", "Invalid value", field, value, detail)


def required(field: str, detail: str = "") -> Cause:
    """There is no value."""
    return _cause("FieldValueRequired", "Required value", field, OMITTED, detail)


def forbidden_field(field: str, detail: str = "") -> Cause:
    """There must be no value."""
    return _cause("FieldValueForbidden", "Forbidden", field, OMITTED, detail)


def duplicate(field: str, value: Any) -> Cause:
    """The value is there twice."""
    return _cause("FieldValueDuplicate", "Duplicate value", field, value, "")


def not_found_value(field: str, value: Any) -> Cause:
    """The value names something that is not there."""
    return _cause("FieldValueNotFound", "Not found", field, value, "")


def not_supported(field: str, value: Any, allowed: Iterable[Any]) -> Cause:
    """The value is none of the allowed ones."""
    listed = ", ".join(quoted(one if isinstance(one, str) else json_text(one)) for one in allowed)
    return _cause("FieldValueNotSupported", "Unsupported value", field, value, f"supported values: {listed}")


def too_long(field: str, most: int, unit: str = "byte") -> Cause:
    """The text has more than ``most`` bytes or characters (``unit``)."""
    detail = f"may not be more than {most} {unit}{'' if most == 1 else 's'}"
    return _cause("FieldValueTooLong", "Too long", field, OMITTED, detail)


def too_many(field: str, count: int, most: int) -> Cause:
    """The list or map has more than ``most`` elements."""
    return _cause("FieldValueTooMany", "Too many", field, count, f"must have at most {most} item{'s' * (most != 1)}")
