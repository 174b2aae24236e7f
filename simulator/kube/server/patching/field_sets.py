"""Sets of fields: which places of an object somebody has said something about, and how two versions differ in them.

A place is the path to it, a tuple of steps as ``FieldsV1`` writes them: ``f:name`` for a member, ``k:{"name":"x"}`` for
an element by its keys, ``v:"x"`` for an element by its value. So the algebra of ownership is the algebra of Python's
sets, and only this module knows how places follow from values.
"""

import json
from collections.abc import Iterator
from typing import Any

from simulator.kube.server.patching.value_types import ValueType

Json = dict[str, Any]
Place = tuple[str, ...]
Fields = frozenset[Place]
_ABSENT: Any = object()


class BadFields(ValueError):
    """What should be a ``FieldsV1`` is none."""


def step_of(item: Any, kind: ValueType) -> str:
    """How the element of a set or of a list with keys is known."""
    if kind.list_type == "set" or not isinstance(item, dict):
        return "v:" + json.dumps(item, separators=(",", ":"), ensure_ascii=False)
    keys = {key: item.get(key, kind.key_defaults.get(key)) for key in kind.keys}
    given = {key: value for key, value in sorted(keys.items()) if value is not None}
    return "k:" + json.dumps(given, separators=(",", ":"), ensure_ascii=False)


def spoken(place: Place) -> str:
    """A place as refusals name it: ``.spec.parts[name="x"].count``."""
    text = ""
    for step in place:
        kind, _, rest = step.partition(":")
        if kind == "f":
            text += f".{rest}"
        elif kind == "k":
            keys = json.loads(rest)
            text += "[" + ",".join(f"{key}={json.dumps(value)}" for key, value in keys.items()) + "]"
        else:
            text += f"[={rest}]" if kind == "v" else f"[{rest}]"
    return text


def encoded_fields(fields: Fields) -> Json:
    """As ``FieldsV1``."""
    root: Json = {}
    for place in sorted(fields):
        at = root
        for step in place:
            at = at.setdefault(step, {})
        at["."] = {}
    return _without_lone_dots(root)


def _without_lone_dots(node: Json) -> Json:
    if node.keys() == {"."}:
        return {}
    return {step: _without_lone_dots(child) if step != "." else {} for step, child in node.items()}


def decoded_fields(node: Any) -> Fields:
    """From ``FieldsV1``.

    Raises:
        BadFields: it is none.
    """
    return frozenset(_decoded(node, ()))


def _decoded(node: Any, place: Place) -> Iterator[Place]:
    if not isinstance(node, dict):
        raise BadFields(f"{node!r} is not an object")
    if place and (not node or "." in node):
        yield place
    for step, child in node.items():
        if step == ".":
            continue
        if step[:2] not in ("f:", "k:", "v:", "i:"):
            raise BadFields(f"{step!r} is not a step")
        yield from _decoded(child, (*place, step))


def fields_of(value: Any, kind: ValueType) -> Fields:
    """The places that a value says something about: what an applier owns."""
    return frozenset(_said(value, kind, ()))


def _said(value: Any, kind: ValueType, place: Place) -> Iterator[Place]:
    kind = kind.seen_as(value)
    if isinstance(value, dict) and kind.form == "map" and not kind.atomic and value:
        for name, item in value.items():
            below = (*place, f"f:{name}")
            child = kind.child(name)
            if child is None or item is None or item == {}:
                yield below
            if child is not None:
                yield from _said(item, child, below)
            if name not in kind.fields and isinstance(item, dict | list):
                yield below
    elif isinstance(value, list) and kind.form == "list" and kind.list_type != "atomic" and value:
        for item in value:
            below = (*place, step_of(item, kind))
            yield below
            yield from _said(item, kind.element(), below)
    elif place:
        yield place


def with_named_fields(fields: Fields, kind: ValueType) -> Fields:
    """The same set and every declared field on the way to its places; not the keys of maps, which nobody declares."""
    found = set(fields)
    for place in fields:
        at: ValueType | None = kind
        for position, step in enumerate(place[:-1]):
            if at is None:
                break
            if step.startswith("f:"):
                name = step[2:]
                if name in at.fields:
                    found.add(place[: position + 1])
                at = at.child(name)
            else:
                at = at.element()
    return frozenset(found)


class Difference:
    """In which places two versions of a value differ."""

    def __init__(self, old: Any, new: Any, kind: ValueType) -> None:
        self.added: set[Place] = set()
        self.modified: set[Place] = set()
        self.removed: set[Place] = set()
        self._compare(old, new, kind, (), leaf=False)

    @property
    def written(self) -> Fields:
        """What is new or changed."""
        return frozenset(self.added | self.modified)

    def _note(self, old: Any, new: Any, place: Place) -> None:
        if old is _ABSENT:
            self.added.add(place)
        elif new is _ABSENT:
            self.removed.add(place)
        elif old != new or type(old) is not type(new):
            self.modified.add(place)

    def _compare(self, old: Any, new: Any, kind: ValueType, place: Place, *, leaf: bool) -> None:
        if old is new:
            return
        looks = new if new is not _ABSENT and new is not None else old
        declared, kind = kind, kind.seen_as(looks)
        if kind.form == "map" and _fits(old, dict) and _fits(new, dict):
            leaf = self._maps(old, new, kind, place)
        elif kind.form == "list" and _fits(old, list) and _fits(new, list):
            leaf = self._lists(old, new, kind, place)
        else:
            leaf = True
            self._reshape(old, new, declared, place)
        if leaf:
            self._note(old, new, place)
        elif old is _ABSENT:
            self.added.add(place)
        elif new is _ABSENT:
            self.removed.add(place)

    def _reshape(self, old: Any, new: Any, kind: ValueType, place: Place) -> None:
        """A value of another form: what was below it is gone, what is below it is new."""
        for value, found in ((old, self.removed), (new, self.added)):
            if isinstance(value, dict | list) and not (value is old and new is _ABSENT):
                found.update(below for below in _said(value, kind.seen_as(value), place) if below != place)
                if value is new:
                    found.add(place)

    def _maps(self, old: Any, new: Any, kind: ValueType, place: Place) -> bool:
        """Whether the map is one place; otherwise its members have been compared."""
        before, after = old or {} if old is not _ABSENT else {}, new or {} if new is not _ABSENT else {}
        if kind.atomic or not (before or after):
            return True
        for name in {**before, **after}:
            child = kind.child(name)
            one, other = before.get(name, _ABSENT), after.get(name, _ABSENT)
            if child is None:
                self._note(one, other, (*place, f"f:{name}"))
            else:
                self._compare(one, other, child, (*place, f"f:{name}"), leaf=False)
        return False

    def _lists(self, old: Any, new: Any, kind: ValueType, place: Place) -> bool:
        before, after = old or [] if old is not _ABSENT else [], new or [] if new is not _ABSENT else []
        if kind.list_type == "atomic" or not (before or after):
            return True
        left = {step_of(item, kind): item for item in before}
        right = {step_of(item, kind): item for item in after}
        for step in {**left, **right}:
            one, other = left.get(step, _ABSENT), right.get(step, _ABSENT)
            self._compare(one, other, kind.element(), (*place, step), leaf=False)
        return False


def _fits(value: Any, form: type) -> bool:
    return value is _ABSENT or value is None or isinstance(value, form)


def without(value: Any, fields: Fields, kind: ValueType) -> Any:
    """A value without the places of a set, and without maps and lists that are empty by that."""
    kind = kind.seen_as(value)
    heads: dict[str, set[Place]] = {}
    for place in fields:
        heads.setdefault(place[0], set()).add(place[1:])
    if isinstance(value, dict) and not kind.atomic:
        kept = {}
        for name, item in value.items():
            below = heads.get(f"f:{name}")
            child = kind.child(name)
            if below is None:
                kept[name] = item
            elif () not in below:
                kept[name] = without(item, frozenset(below), child) if child is not None else item
        return kept or None
    if isinstance(value, list) and kind.list_type != "atomic":
        rest = []
        for item in value:
            below = heads.get(step_of(item, kind))
            if below is None:
                rest.append(item)
            elif () not in below:
                rest.append(without(item, frozenset(below), kind.element()))
        return rest or None
    return value
