"""Whether a value fits its type, and how what somebody applies is laid over what is there.

Lists of which an applier names elements keep the others, and the order is that of the applier where both name the same
ones.
"""

import json
from collections.abc import Iterator
from typing import Any

from simulator.kube.server.patching.field_sets import spoken, step_of
from simulator.kube.server.patching.value_types import ValueType

Json = dict[str, Any]
_GO_NAMES: dict[type, str] = {str: "string", bool: "bool", dict: "map[string]interface {}", list: "[]interface {}"}


def misfits(value: Any, kind: ValueType, place: str = "") -> Iterator[str]:
    """What keeps a value from being of its type, in the words of the real server."""
    kind = kind.seen_as(value)
    if value is None or kind.form in ("untyped", "deduced"):
        return
    if kind.form == "map":
        if not isinstance(value, dict):
            yield f"{place}: expected map, got &{{{go_value(value)}}}"
            return
        for name, item in value.items():
            child = kind.child(name)
            if child is None:
                yield f"{place}.{name}: field not declared in schema"
            else:
                yield from misfits(item, child, f"{place}.{name}")
    elif kind.form == "list":
        if not isinstance(value, list):
            yield f"{place}: expected list, got &{{{go_value(value)}}}"
            return
        yield from _element_misfits(value, kind, place)
    else:
        yield from _scalar_misfits(value, kind, place)


def _element_misfits(value: list[Any], kind: ValueType, place: str) -> Iterator[str]:
    seen: set[str] = set()
    for position, item in enumerate(value):
        where = f"{place}[{position}]"
        if kind.list_type != "atomic":
            if kind.keys and _is_keyless(item, kind):
                keys = json.dumps(list(kind.keys), separators=(" ", ":"))
                yield (
                    f"{place}: element {position}: associative list with keys has an element that omits all key fields"
                    f" {keys} (and doesn't have default values for any key fields)"
                )
                continue
            step = step_of(item, kind)
            where = place + spoken((step,))
            if step in seen:
                yield f"{place}: duplicate entries for key {spoken((step,))}"
                continue
            seen.add(step)
        yield from misfits(item, kind.element(), where)


def _is_keyless(item: Any, kind: ValueType) -> bool:
    return isinstance(item, dict) and not any(
        item.get(key) is not None or key in kind.key_defaults for key in kind.keys
    )


def _scalar_misfits(value: Any, kind: ValueType, place: str) -> Iterator[str]:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind.form == "numeric" and not number:
        yield f"{place}: expected numeric (int or float), got {_GO_NAMES[type(value)]}"
    elif kind.form == "string" and not isinstance(value, str):
        yield f"{place}: expected string, got &value.valueUnstructured{{Value:{go_value(value)}}}"
    elif kind.form == "boolean" and not isinstance(value, bool):
        yield f"{place}: expected boolean, got &value.valueUnstructured{{Value:{_go_syntax(value)}}}"


def go_value(value: Any) -> str:
    """A JSON value as Go prints it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "map[" + " ".join(f"{name}:{go_value(value[name])}" for name in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(go_value, value)) + "]"
    return str(value)


def _go_syntax(value: Any) -> str:
    return json.dumps(value) if isinstance(value, str) else go_value(value)


def laid_over(live: Any, config: Any, kind: ValueType) -> Any:
    """``live`` with what ``config`` says; both stay as they are."""
    kind = kind.seen_as(config)
    if isinstance(live, dict) and isinstance(config, dict) and not kind.atomic:
        result = dict(live)
        for name, item in config.items():
            child = kind.child(name)
            result[name] = laid_over(live[name], item, child) if name in live and child is not None else item
        return result
    if isinstance(live, list) and isinstance(config, list) and kind.list_type != "atomic":
        return _lists_merged(live, config, kind)
    return config


def _lists_merged(live: list[Any], config: list[Any], kind: ValueType) -> list[Any]:
    left = [step_of(item, kind) for item in live]
    right = [step_of(item, kind) for item in config]
    have = dict(zip(left, live, strict=True))
    want = dict(zip(right, config, strict=True))
    shared = [step for step in right if step in have]
    merged: set[str] = set()
    result: list[Any] = []

    def take(step: str) -> None:
        merged.add(step)
        if step in shared:
            shared.remove(step)
        result.append(laid_over(have[step], want[step], kind.element()) if step in have else want[step])

    at = to = 0
    while at < len(left) or to < len(right):
        if at < len(left):
            step = left[at]
            if to < len(right) and step == right[to]:
                take(step)
                at, to = at + 1, to + 1
                continue
            if step not in want:
                result.append(live[at])
                at += 1
                continue
            # An element of both: it comes where the applier puts it.
            if step in merged or to == len(right) or (shared and shared[0] != step):
                at += 1
                continue
        if to < len(right):
            take(right[to])
            to += 1
    return result
