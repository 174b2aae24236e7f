"""Which members a JSON text has twice in one object: a reader keeps the last one, and people want to be told.

The places are named as the server names fields: ``spec.containers[0].name``.
"""

import json
from collections.abc import Iterator
from typing import Any


class _Members(list[tuple[str, Any]]):
    """An object as it is written."""


def duplicates_of(data: bytes) -> tuple[str, ...]:
    """The places of the members that ``data``, which is JSON, has more than once, in the order of the text."""
    doubled = False

    def members(pairs: list[tuple[str, Any]]) -> _Members:
        nonlocal doubled
        doubled = doubled or len({name for name, _ in pairs}) < len(pairs)
        return _Members(pairs)

    try:
        value = json.loads(data, object_pairs_hook=members)
    except (ValueError, RecursionError):
        return ()
    return tuple(dict.fromkeys(_walk(value, ""))) if doubled else ()


def _walk(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, _Members):
        seen: set[str] = set()
        for name, member in value:
            where = f"{place}.{name}" if place else name
            if name in seen:
                yield where
            seen.add(name)
            yield from _walk(member, where)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _walk(item, f"{place}[{position}]")
