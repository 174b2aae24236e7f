"""How custom resources are printed: by the columns of their definition, each a simple JSONPath."""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from simulator.kube.server.tables.printing import NAME, Column, Json, Printer, since

_STEP = re.compile(
    r"\.(?P<name>(?:[^.\[\\]|\\.)+)"
    r"|\[(?P<index>-?\d+|\*)\]"
    r"|\['(?P<quoted>[^']*)'\]"
    r"|\[\?\(@\.(?P<key>[^=!\s]+)\s*==\s*[\"'](?P<wanted>[^\"']*)[\"']\)\]"
)
_DEFAULT: tuple[Json, ...] = ({"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},)


def custom_printer(columns: Sequence[Json] | None) -> Printer:
    """The printer for ``additionalPrinterColumns``; without any, the age is shown."""
    declared = columns or _DEFAULT

    def cells(item: Json, now: float) -> list[Any]:
        name = item["metadata"].get("name", "")
        return [name, *(_cell(column, values_at(column["jsonPath"], item), now) for column in declared)]

    return Printer(columns=(NAME, *(_shown(column) for column in declared)), cells=cells)


def _shown(column: Json) -> Column:
    words = column.get("description") or ""
    if not words and column not in _DEFAULT:
        words = f"Custom resource definition column (in JSONPath format): {column['jsonPath']}"
    return Column(column["name"], column["type"], column.get("priority", 0), column.get("format", ""), words)


def _cell(column: Json, values: list[Any], now: float) -> Any:
    if not values:
        return None
    value, kind = values[0], column["type"]
    if kind == "string":
        return _text(value)
    if kind == "date":
        return _date(value, now)
    if kind == "integer":
        return int(value) if _is_number(value) else None
    if kind == "number":
        return float(value) if isinstance(value, float) else value if _is_number(value) else None
    return value if isinstance(value, bool) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return "<nil>"
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def _date(value: Any, now: float) -> Any:
    if not isinstance(value, str):
        return None
    try:
        return since(value, now)
    except ValueError:
        return "<invalid>"


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[dict[str, str], ...]:
    return tuple({k: v for k, v in found.groupdict().items() if v is not None} for found in _STEP.finditer(path))


def values_at(path: str, item: Json) -> list[Any]:
    """What a JSONPath such as ``.status.conditions[?(@.type=="Ready")].status`` finds."""
    values: list[Any] = [item]
    for step in _steps(path):
        values = [found for value in values for found in _stepped(step, value)]
    return values


def _stepped(step: dict[str, str], value: Any) -> list[Any]:
    name = step.get("name") or step.get("quoted")
    if name is not None:
        name = name.replace("\\", "")
        return [value[name]] if isinstance(value, dict) and name in value else []
    if not isinstance(value, list):
        return list(value.values()) if isinstance(value, dict) and step.get("index") == "*" else []
    if step.get("index") == "*":
        return value
    if "index" in step:
        return value[int(step["index"]) :][:1]
    return [one for one in value if isinstance(one, dict) and str(one.get(step["key"])) == step["wanted"]]
