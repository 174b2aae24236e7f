"""How an object looks where a refusal prints the structure in which the real server keeps it.

The real server's own types are not those of the API: printed as JSON they show every field, also the empty ones, under
its Go name and in the order of its declaration. The types stand in ``go_structs.json``, which ``e2e/tools/structs``
derives from the server's sources; it is read when the first such refusal is made.
"""

import json
from collections.abc import Mapping
from difflib import unified_diff
from functools import lru_cache
from pathlib import Path
from typing import Any

from simulator.kube.server.field_errors import InOrder, html_escaped

_TABLE = Path(__file__).with_name("go_structs.json")
_CONTEXT_LINES = 3
_EMPTY: Mapping[str, Any] = {"string": "", "bool": False, "int": 0, "double": 0, "Quantity": "0", "IntOrString": 0}
"""What is printed of a field that is not set; of every other type null."""

Field = tuple[str, str, str, str]


@lru_cache(maxsize=1)
def _structs() -> Mapping[str, list[Field]]:
    structs: Mapping[str, list[Field]] = json.loads(_TABLE.read_text())
    return structs


def structure(kind: str, value: Any) -> Any:
    """A value of the API as the real server prints its own.

    Args:
        kind: a type of the table, ``core.PodSpec``, or one made of it, ``[]core.Volume``.
        value: JSON; None is what is not set.
    """
    if kind.startswith("*"):
        return None if value is None else structure(kind[1:], value)
    if kind.startswith("[]"):
        return None if value is None else [structure(kind[2:], item) for item in value]
    if kind.startswith("{}"):
        return None if value is None else InOrder({name: structure(kind[2:], value[name]) for name in sorted(value)})
    fields = _structs().get(kind)
    if fields is None:
        return _EMPTY.get(kind) if value is None else value
    return _members(fields, value or {})


def _members(fields: list[Field], value: Mapping[str, Any]) -> InOrder:
    shown = InOrder()
    for printed, name, kind, flags in fields:
        found = structure(kind, value.get(name) if name else value)
        if not printed:
            shown.update(found)
        elif found or "o" not in flags:
            shown[printed] = found
    return shown


def difference(kind: str, old: Any, new: Any) -> str:
    """How two values of a type differ, as the real server appends it to a refusal: a diff of their structures."""
    before, after = (_lines(structure(kind, value)) for value in (old, new))
    return "".join(list(unified_diff(before, after, n=_CONTEXT_LINES))[2:])


def _lines(value: Any) -> list[str]:
    return [f"{line}\n" for line in html_escaped(json.dumps(value, indent=1, ensure_ascii=False)).split("\n")]
