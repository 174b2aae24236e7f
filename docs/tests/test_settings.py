"""docs/settings.md lists every setting of agent and controller with its type and default, and none that is not there."""

from types import NoneType, UnionType
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
import pytest

from docs.tests.documents import code, tables
from spiderpool.agent.settings import AgentSettings
from spiderpool.controller.settings import ControllerSettings

NAME = "docs/settings.md"
TYPES = {str: "text", bool: "true or false", int: "whole number", float: "number"}


def type_text(kind: Any) -> str:
    if get_origin(kind) is Annotated:
        return type_text(get_args(kind)[0])
    if get_origin(kind) is Literal:
        return ", ".join(f"`{each}`" for each in get_args(kind))
    if get_origin(kind) is UnionType:
        return f"{TYPES[next(each for each in get_args(kind) if each is not NoneType)]}, or unset"
    return TYPES[kind]


def default_text(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "must be set"
    value = field.default
    if value is None or value == "":
        return "unset" if value is None else "empty"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def expected(schema: type[msgspec.Struct]) -> list[tuple[str, str, str]]:
    fields = msgspec.structs.fields(schema)
    return [(f"SPIDERPOOL_{field.encode_name}", type_text(field.type), default_text(field)) for field in fields]


@pytest.mark.parametrize(
    ("position", "schema"),
    [pytest.param(0, AgentSettings, id="agent"), pytest.param(1, ControllerSettings, id="controller")],
)
def test_the_table_is_the_schema(position: int, schema: type[msgspec.Struct]) -> None:
    found = [rows for rows in tables(NAME) if "Variable" in rows[0]][position]
    assert [(code(row["Variable"]), row["Type"], row["Default"]) for row in found] == expected(schema)


def test_every_setting_says_what_it_does() -> None:
    assert [row for rows in tables(NAME) if "Variable" in rows[0] for row in rows if not row["Meaning"]] == []
