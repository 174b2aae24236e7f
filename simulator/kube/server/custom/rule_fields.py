"""How rules name fields: the escapes of CEL for names that are no identifiers, and paths below a rule's own place."""

import re
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

RESERVED = frozenset(
    [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ]
)
_NOT_PLAIN = re.compile(r"__|[-./]")
_WORDS = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_POSSIBLE = re.compile(r"[a-zA-Z_./-][a-zA-Z0-9_./-]*")
_STEP = re.compile(r"\.([^.\[\]]+)|\['((?:[^'\\]|\\.)*)'\]")
_ESCAPES: Mapping[str, str] = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "'": "'",
    "\\": "\\",
}


def escaped(name: str) -> str | None:
    """The name by which a rule reaches a field; ``None``: it cannot."""
    if name in RESERVED:
        return f"__{name}__"
    if _POSSIBLE.fullmatch(name) is None:
        return None
    return _NOT_PLAIN.sub(lambda found: _WORDS[found.group()], name)


def steps_below(field_path: str, schema: Json) -> list[tuple[str, bool]]:
    """The steps of a ``fieldPath`` such as ``.a['b c']``, each with whether it is the key of a map.

    Raises:
        ValueError: it leads to no field of the schema.
    """
    steps: list[tuple[str, bool]] = []
    at = 0
    while at < len(field_path):
        found = _STEP.match(field_path, at)
        if found is None:
            raise ValueError(f"expected [ or . but got: {field_path[at:]}")
        quoted = found[2]
        name = found[1] if quoted is None else re.sub(r"\\(.)", lambda one: _ESCAPES.get(one[1], ""), quoted)
        properties, others = schema.get("properties"), schema.get("additionalProperties")
        if properties and name in properties:
            steps.append((name, False))
            schema = properties[name]
        elif not properties and isinstance(others, dict):
            steps.append((name, True))
            schema = others
        else:
            raise ValueError("does not refer to a valid field")
        at = found.end()
    return steps
