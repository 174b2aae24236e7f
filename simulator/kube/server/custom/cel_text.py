"""The text of a rule as the library can read it.

Two things that Kubernetes has and the library cannot be taught are said in other words: functions that give an optional
value give a map here, in which ``[?'v']`` looks it up; and a function to which the library has overloads of its own, and
takes no further ones, has another name, which is as long, so that places in messages stay.
"""

import re

_OPTIONAL = re.compile(r"\.validate\(|\bformat\.named\(")
_OF_ADDRESS = re.compile(r"\bstring\((?=\s*(?:ip|cidr)\()")
_UNKNOWN_PATH = re.compile(
    r"ERROR: <input>:(\d+):(\d+): undeclared reference to '(\w+(?:\.\w+)+)' \(in container ''\)\n( \| .*)\n \| \.*\^"
)
_QUOTES = "'\""


def readable(text: str) -> str:
    """A rule in the library's words; most are as they were."""
    if "ndexOf(" in text:
        text = text.replace("ndexOf(", "nDexOf(")
    if "string(" in text:
        text = _OF_ADDRESS.sub("strinG(", text)
    if "validate(" in text or "format.named(" in text:
        return _looked_up(text)
    return text


def in_own_words(message: str) -> str:
    """A message of the library about such a text, with the names that people know; of a path that begins with nothing
    known, the real server names the beginning.
    """
    return _UNKNOWN_PATH.sub(_beginning, message).replace("nDexOf", "ndexOf").replace("strinG", "string")


def _beginning(found: re.Match[str]) -> str:
    line, column, path, text = found.groups()
    start = int(column) - len(path.rpartition(".")[0])
    name = path.partition(".")[0]
    where = f"ERROR: <input>:{line}:{start}: undeclared reference to '{name}' (in container '')"
    return f"{where}\n{text}\n | {'.' * (start - 1)}^"


def _looked_up(text: str) -> str:
    ends = [end for found in _OPTIONAL.finditer(text) if (end := _closing(text, found.end())) is not None]
    for end in sorted(ends, reverse=True):
        text = f"{text[:end]}[?'v']{text[end:]}"
    return text


def _closing(text: str, start: int) -> int | None:
    """The place after the bracket that closes the one before ``start``; ``None`` where nothing does."""
    depth, position = 1, start
    while position < len(text):
        letter = text[position]
        if letter in _QUOTES:
            position = _after_literal(text, position)
            continue
        depth += (letter in "([{") - (letter in ")]}")
        position += 1
        if depth == 0:
            return position
    return None


def _after_literal(text: str, start: int) -> int:
    quote, position = text[start], start + 1
    while position < len(text) and text[position] != quote:
        position += 2 if text[position] == "\\" else 1
    return position + 1
