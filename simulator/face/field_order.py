"""The order in which fields leave: that of their Go types for built-in kinds, that of the alphabet for custom resources.

JSON has no order, and no program cares. People who look at raw answers do, and so does who compares two servers by them.
The order of a type stands in ``protobuf_fields.json``, which lists the fields of each message as Go declares them.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import msgspec

from simulator.face.protobuf import message_of, messages

Json = dict[str, Any]
Arrange = Callable[[Any], Any]
READ_BY_PEOPLE = 100
"""The length of lists beyond which their items leave as they are kept: it takes longer than to write them."""
_HEAD = ("kind", "apiVersion", "metadata")


def arranged(body: Json) -> Json | None:
    """A body of a built-in kind, or a list of them, with its fields in order; ``None``: it is of no such kind."""
    version, kind = body.get("apiVersion", ""), body.get("kind", "")
    message = message_of(version, kind)
    if message:
        return {"kind": kind, "apiVersion": version, **_arrangement(message)(body)}
    if "items" not in body or not message_of(version, kind.removesuffix("List")):
        return None
    items = body["items"]
    if len(items) <= READ_BY_PEOPLE:
        arrange = _arrangement(message_of(version, kind.removesuffix("List")))
        items = [arrange(item) for item in items]
    return {**{name: body[name] for name in _HEAD if name in body}, "items": items}


def alphabetical(body: Json) -> Json:
    """A body of custom resources, which no Go type describes."""
    fresh: Json = msgspec.json.decode(msgspec.json.encode(body, order="sorted"))
    return fresh


def without_empty_items(body: Json) -> Json:
    """A list for who would rather have had protobuf, which knows no empty list: to its reader it is none at all."""
    return {**body, "items": None} if body.get("items") == [] else body


@cache
def _arrangement(message: str) -> Arrange:
    """How an object of a message is arranged."""
    members = _members(message)

    def arrange(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        found = {}
        for name, inner in members.items():
            if name in value:
                found[name] = value[name] if inner is None else inner(value[name])
        if len(found) < len(value):
            found.update((name, value[name]) for name in sorted(value) if name not in found)
        return found

    return arrange


def _members(message: str) -> Mapping[str, Arrange | None]:
    """The fields of a message, those of messages that are written into it included."""
    found: dict[str, Arrange | None] = {}
    for field in messages()[message].values():
        if not field.name:
            found.update(_members(field.type))
        elif field.type not in messages():
            found[field.name] = _sorted_map if "m" in field.flags else None
        else:
            found[field.name] = _below(field.type, field.flags)
    return found


def _below(message: str, flags: str) -> Arrange:
    def one(value: Any) -> Any:
        return _arrangement(message)(value)

    def several(value: Any) -> Any:
        arrange = _arrangement(message)
        return [arrange(item) for item in value] if isinstance(value, list) else value

    def named(value: Any) -> Any:
        arrange = _arrangement(message)
        return {name: arrange(value[name]) for name in sorted(value)} if isinstance(value, dict) else value

    return several if "r" in flags else named if "m" in flags else one


def _sorted_map(value: Any) -> Any:
    return {name: value[name] for name in sorted(value)} if isinstance(value, dict) else value
