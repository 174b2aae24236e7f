"""Printer columns of custom resources: what a definition declares is what a Table shows."""

from collections.abc import Mapping
from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import DEFINITIONS, definition, install

pytestmark = pytest.mark.section("C.5 custom resources and admission")

Json = dict[str, Any]
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
SPEC: Json = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
COLUMNS: Mapping[str, Json] = {
    "text": {"name": "Color", "type": "string", "jsonPath": ".spec.color"},
    "described": {"name": "Color", "type": "string", "jsonPath": ".spec.color", "description": "Its colour."},
    "wide": {"name": "Color", "type": "string", "jsonPath": ".spec.color", "priority": 1},
    "formatted": {"name": "Size", "type": "integer", "jsonPath": ".spec.size", "format": "int32"},
    "number": {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
    "fraction": {"name": "Part", "type": "number", "jsonPath": ".spec.part"},
    "truth": {"name": "On", "type": "boolean", "jsonPath": ".spec.on"},
    "date": {"name": "Born", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    "date-that-is-none": {"name": "Born", "type": "date", "jsonPath": ".spec.color"},
    "absent-text": {"name": "Nothing", "type": "string", "jsonPath": ".spec.nothing"},
    "absent-date": {"name": "Nothing", "type": "date", "jsonPath": ".spec.nothing"},
    "text-for-a-number": {"name": "Size", "type": "integer", "jsonPath": ".spec.color"},
    "number-for-a-text": {"name": "Size", "type": "string", "jsonPath": ".spec.size"},
    "truth-for-a-text": {"name": "On", "type": "string", "jsonPath": ".spec.on"},
    "object-for-a-text": {"name": "Owner", "type": "string", "jsonPath": ".spec.owner"},
    "list-for-a-text": {"name": "Tags", "type": "string", "jsonPath": ".spec.tags"},
    "element": {"name": "Tag", "type": "string", "jsonPath": ".spec.tags[1]"},
    "last-element": {"name": "Tag", "type": "string", "jsonPath": ".spec.tags[-1]"},
    "all-elements": {"name": "Tag", "type": "string", "jsonPath": ".spec.tags[*]"},
    "filtered": {"name": "Ready", "type": "string", "jsonPath": '.spec.conditions[?(@.type=="Ready")].status'},
    "filtered-away": {"name": "Ready", "type": "string", "jsonPath": '.spec.conditions[?(@.type=="No")].status'},
    "escaped-dot": {"name": "Label", "type": "string", "jsonPath": ".metadata.labels.example\\.test/a"},
}
OBJECT: Json = {
    "color": "red",
    "size": 3,
    "part": 1.5,
    "on": True,
    "owner": {"b": "2", "a": 1},
    "tags": ["x", "y", "z"],
    "conditions": [{"type": "Known", "status": "False"}, {"type": "Ready", "status": "True"}],
}


def _serve(space: Workspace, *columns: Json) -> str:
    """A definition of its own for the claim; gives the path of an object."""
    kind = f"Column{sum(map(ord, space.namespace))}"
    crd = definition(f"{kind.lower()}s", kind, "Cluster", SPEC, additionalPrinterColumns=list(columns))
    install(space.bare, crd)
    path = f"/apis/conformance.test/v1/{kind.lower()}s"
    labels = {"example.test/a": "b"}
    body = {"apiVersion": "conformance.test/v1", "kind": kind, "spec": OBJECT}
    space.bare.send("POST", path, {**body, "metadata": {"name": "x", "labels": labels}})
    return path


def _shown(table: Json) -> Json:
    name, *columns = table["columnDefinitions"]
    return {"columns": [name["name"], *columns], "cells": [row["cells"] for row in table["rows"]]}


@pytest.mark.parametrize("case", COLUMNS)
def test_a_column_shows_what_is_at_its_path(space: Workspace, case: str) -> None:
    path = _serve(space, COLUMNS[case])
    try:
        answer = space.bare.send("GET", path + "/x", accept=TABLE).body
        expected = _EXPECTED[case]
        cell = answer["rows"][0]["cells"][1]
        assert cell == expected or (expected == "an age" and cell.endswith("s"))
        described = answer["columnDefinitions"][1]
        want = COLUMNS[case]
        default = f"Custom resource definition column (in JSONPath format): {want['jsonPath']}"
        assert described == {"format": "", "priority": 0, "description": default, **_declared(want)}
    finally:
        space.bare.send("DELETE", f"{DEFINITIONS}/{path.rpartition('/')[2]}.conformance.test")


def _declared(column: Json) -> Json:
    return {name: value for name, value in column.items() if name != "jsonPath"}


_EXPECTED: Mapping[str, Any] = {
    "text": "red",
    "described": "red",
    "wide": "red",
    "formatted": 3,
    "number": 3,
    "fraction": 1.5,
    "truth": True,
    "date": "an age",
    "date-that-is-none": "<invalid>",
    "absent-text": None,
    "absent-date": None,
    "text-for-a-number": None,
    "number-for-a-text": "3",
    "truth-for-a-text": "true",
    "object-for-a-text": '{"a":1,"b":"2"}',
    "list-for-a-text": '["x","y","z"]',
    "element": "y",
    "last-element": "z",
    "all-elements": "x",
    "filtered": "True",
    "filtered-away": None,
    "escaped-dot": "b",
}


def test_declared_columns_take_the_place_of_the_age(space: Workspace) -> None:
    path = _serve(space, COLUMNS["text"], COLUMNS["wide"], COLUMNS["number"])
    try:
        table = space.bare.send("GET", path, accept=TABLE).body
        assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Color", "Color", "Size"]
        assert table["rows"][0]["cells"] == ["x", "red", "red", 3]
    finally:
        space.bare.send("DELETE", f"{DEFINITIONS}/{path.rpartition('/')[2]}.conformance.test")
