"""Functions of lists and of regular expressions that Kubernetes adds to the rule language.

A search in a list has the name of a search in a text, and the library lets nobody add to a function that it has: so here
``indexOf`` is another function, for both, whose name is as long (``cel_text.py``). It takes no times from a function
either: of durations and timestamps there is neither sum nor minimum.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import reduce
from itertools import pairwise
from operator import add
from typing import Any

from simulator.kube.server.custom.cel_declaring import ANY, LIST, OBJECT, SCALARS, TEXT, TEXTS, TRUTH, WHOLE, Overload


def _given_back(value: Any) -> Any:
    """A value that the library takes from a function."""
    if isinstance(value, timedelta | datetime):
        raise TypeError("no such overload")
    return value


def _most(items: Sequence[Any]) -> Any:
    if not items:
        raise ValueError("max called on empty list")
    return _given_back(max(items))


def _least(items: Sequence[Any]) -> Any:
    if not items:
        raise ValueError("min called on empty list")
    return _given_back(min(items))


def _sum(items: Sequence[Any]) -> Any:
    return _given_back(reduce(add, items)) if items else 0


def _sorted(items: Sequence[Any]) -> bool:
    return all(one <= other for one, other in pairwise(items))


def _first(items: Sequence[Any], wanted: Any) -> int:
    return next((place for place, item in enumerate(items) if _same(item, wanted)), -1)


def _last(items: Sequence[Any], wanted: Any) -> int:
    return next((place for place in range(len(items) - 1, -1, -1) if _same(items[place], wanted)), -1)


def _same(one: Any, other: Any) -> bool:
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _text_index(text: str, wanted: str, start: int = 0) -> int:
    return text.find(wanted, start)


def _last_text_index(text: str, wanted: str) -> int:
    return text.rfind(wanted)


def _found(text: str, pattern: str) -> str:
    found = _pattern(pattern).search(text)
    return found[0] if found else ""


def _all_found(text: str, pattern: str, most: int = -1) -> list[str]:
    found = [one[0] for one in _pattern(pattern).finditer(text)]
    return found if most < 0 else found[:most]


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.ASCII)
    except re.error as error:
        raise ValueError(f"Illegal regex: error parsing regexp: {error.msg}: `{text}`") from error


LISTS: Sequence[Overload] = (
    (".sum", ANY, [LIST], lambda items: _sum(list(items))),
    (".min", ANY, [LIST], lambda items: _least(list(items))),
    (".max", ANY, [LIST], lambda items: _most(list(items))),
    (".isSorted", TRUTH, [LIST], lambda items: _sorted(list(items))),
    *((".inDexOf", WHOLE, [LIST, kind], _first) for kind in (*SCALARS, LIST, OBJECT)),
    *((".lastInDexOf", WHOLE, [LIST, kind], _last) for kind in (*SCALARS, LIST, OBJECT)),
    (".inDexOf", WHOLE, [TEXT, TEXT], _text_index),
    (".inDexOf", WHOLE, [TEXT, TEXT, WHOLE], _text_index),
    (".lastInDexOf", WHOLE, [TEXT, TEXT], _last_text_index),
)
REGEX: Sequence[Overload] = (
    (".find", TEXT, [TEXT, TEXT], _found),
    (".findAll", TEXTS, [TEXT, TEXT], _all_found),
    (".findAll", TEXTS, [TEXT, TEXT, WHOLE], _all_found),
)
