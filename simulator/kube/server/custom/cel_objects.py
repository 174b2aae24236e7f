"""Objects that an expression makes: ``Object.spec{replicas: 3}`` of what a policy applies, ``JSONPatch{op: "add"}``.

The library knows no such types and cannot be taught them. So the text is rewritten: an object becomes a map with a member
that says as what it was made, and its fields become keys. What comes out is looked through once more: the names of the
types have to be those of the places where the objects stand.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from simulator.kube.server.custom.cel_declaring import TEXT, Overload

Json = dict[str, Any]

TYPE = "@type"
_OPENS = re.compile(r"\b(Object(?:\.\w+)*|JSONPatch)\s*\{")
_KEY = re.compile(r"(\?)?\s*([A-Za-z_]\w*)\s*:")
_TEXT = re.compile(r"""[rRbB]{0,2}(?:'''.*?'''|\"\"\".*?\"\"\"|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")""", re.DOTALL)
_SPACE = re.compile(r"\s+")
# Known to every expression; the real server knows it only in those that change an object.
POINTERS: Sequence[Overload] = (
    ("jsonpatch.escapeKey", TEXT, [TEXT], lambda key: key.replace("~", "~0").replace("/", "~1")),
)
_CLOSES = {"{": "}", "[": "]", "(": ")"}


class WrongType(Exception):
    """An object was made as one of another place; the message says of which."""


def with_objects(text: str) -> str:
    """An expression in which objects are maps."""
    return "".join(_pieces(text)) if "{" in text else text


def _pieces(text: str) -> Iterator[str]:
    at, open_, expects_key = 0, [""], False
    while at < len(text):
        letter = text[at]
        before = text[at - 1] if at else ""
        if found := _SPACE.match(text, at):
            yield found[0]
        elif expects_key and (found := _KEY.match(text, at)):
            yield f"{found[1] or ''}'{found[2]}':"
            expects_key = False
        elif not (before.isalnum() or before == "_") and (found := _TEXT.match(text, at)):
            yield found[0]
            expects_key = False
        elif before != "." and (found := _OPENS.match(text, at)):
            empty = text[found.end() :].lstrip().startswith("}")
            yield f"{{'{TYPE}': '{found[1]}'{'' if empty else ', '}"
            open_.append("object")
            expects_key = True
        else:
            found = None
            if letter in _CLOSES:
                open_.append(letter)
            elif letter in _CLOSES.values() and len(open_) > 1:
                open_.pop()
            expects_key = letter == "," and open_[-1] == "object"
            yield letter
        at = found.end() if found else at + 1


def plain(value: Any) -> Any:
    """What an expression has made, as JSON.

    Raises:
        WrongType: an object in it is of another type than its place.
    """
    place = value.get(TYPE, "") if isinstance(value, dict) else ""
    wrong = list(_misplaced(value, place)) if place else []
    if wrong:
        raise WrongType("\n".join(wrong))
    return _bare(value)


def _misplaced(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _misplaced(item, place)
    elif isinstance(value, dict):
        made = value.get(TYPE)
        if made is not None and made != place:
            why = "which matches field name path from root Object type"
            yield f'unexpected type name "{made}", expected "{place}", {why}'
        for name, item in value.items():
            if name != TYPE:
                yield from _misplaced(item, place if made is None else f"{place}.{name}")


def _bare(value: Any) -> Any:
    if isinstance(value, list):
        return [_bare(item) for item in value]
    if isinstance(value, dict):
        return {name: _bare(item) for name, item in value.items() if name != TYPE}
    return value
