"""Which members a text has twice in one object: a reader keeps the last one, and people want to be told.

Of JSON the places are named as the server names fields: ``spec.containers[0].name``. Of YAML the real server's reader
counts lines instead.
"""

import json
from collections.abc import Iterator
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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


def with_maps_merged(data: bytes) -> Any:
    """The value of a JSON text in which objects that stand twice under one name are merged, as they are by a reader that
    fills the fields of a type.
    """
    return json.loads(data, object_pairs_hook=_merged)


def _merged(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        before = found.get(name)
        if isinstance(before, dict) and isinstance(value, dict):
            value = _merged([*before.items(), *value.items()])  # noqa: PLW2901  what stands there now
        found[name] = value
    return found


def yaml_duplicates_of(data: bytes) -> tuple[str, ...]:
    """What is said of the keys that ``data``, which is YAML or JSON, has more than once in one map, in the order in which
    the reader comes to the end of their values; the line is that of the value.
    """
    try:
        root = yaml.compose(data, Loader=_LOADER)
        return tuple(_said(root, set()))
    except (yaml.YAMLError, RecursionError):
        return ()


def _said(node: Any, known: set[int]) -> Iterator[str]:
    if not isinstance(node, yaml.CollectionNode) or id(node) in known:
        return
    known.add(id(node))  # an alias is a node that stands in several places
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _said(item, known)
        return
    seen: set[str] = set()
    for key, value in node.value:
        yield from _said(value, known)
        if not isinstance(key, yaml.ScalarNode):
            continue
        shown = json.dumps(key.value) if key.tag.endswith(":str") else key.value
        if shown in seen:
            yield f"line {value.start_mark.line + 1}: key {shown} already set in map"
        seen.add(shown)
