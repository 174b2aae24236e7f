"""Sets of fields, and the algebra of who owns what: the corners that the conformance claims do not reach."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.kube.server.patching.field_sets import (
    BadFields,
    Difference,
    decoded_fields,
    encoded_fields,
    fields_of,
    spoken,
    without,
)
from simulator.kube.server.patching.strategic_merge import strategically_merged
from simulator.kube.server.patching.typed import laid_over, misfits
from simulator.kube.server.patching.value_types import DEDUCED, schema_type

PARTS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "parts": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name", "kind"],
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "kind": {"type": "string", "default": "x"}},
            },
        },
        "on": {"type": "boolean"},
    },
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=3), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(min_size=1, max_size=3), JSON, min_size=1, max_size=4)


def test_a_key_that_is_not_said_has_its_default() -> None:
    kind = schema_type(PARTS)
    (step,) = {place[1] for place in fields_of({"parts": [{"name": "a"}]}, kind) if len(place) == 2}
    assert step == 'k:{"kind":"x","name":"a"}'
    assert spoken(("f:parts", step, "f:name")) == '.parts[kind="x",name="a"].name'


def test_fields_are_read_as_they_are_written() -> None:
    fields = frozenset({("f:a",), ("f:a", "f:b"), ("f:c", 'v:"x"')})
    written = encoded_fields(fields)
    assert written == {"f:a": {".": {}, "f:b": {}}, "f:c": {'v:"x"': {}}}
    assert decoded_fields(written) == fields


@pytest.mark.parametrize("broken", [["f:a"], {"a": {}}, {"f:a": 1}])
def test_what_are_no_fields_cannot_be_read(broken: Any) -> None:
    with pytest.raises(BadFields):
        decoded_fields(broken)


@given(OBJECTS)
def test_written_fields_of_any_value_can_be_read(value: dict[str, Any]) -> None:
    fields = fields_of(value, DEDUCED)
    assert decoded_fields(encoded_fields(fields)) == fields


@given(OBJECTS)
def test_a_value_differs_in_nothing_from_itself(value: dict[str, Any]) -> None:
    same = laid_over({}, value, DEDUCED)
    assert same == value
    difference = Difference(value, dict(value), DEDUCED)
    assert difference.written | difference.removed == frozenset()


@given(OBJECTS, OBJECTS)
def test_what_is_laid_over_is_there_afterwards(live: dict[str, Any], config: dict[str, Any]) -> None:
    merged = laid_over(live, config, DEDUCED)
    assert fields_of(config, DEDUCED) <= fields_of(merged, DEDUCED) | {
        place for place in fields_of(config, DEDUCED) if _empty_at(config, place)
    }


def _empty_at(value: Any, place: tuple[str, ...]) -> bool:
    for step in place:
        value = value[step[2:]]
    return value in ({}, None)


@given(OBJECTS)
def test_without_its_fields_nothing_is_left(value: dict[str, Any]) -> None:
    tops = frozenset((f"f:{name}",) for name in value)
    assert without(value, tops, DEDUCED) is None


def test_a_truth_is_no_text() -> None:
    assert list(misfits({"on": "yes"}, schema_type(PARTS))) == [
        '.on: expected boolean, got &value.valueUnstructured{Value:"yes"}'
    ]


def test_an_element_of_a_deleted_map_does_not_come_back() -> None:
    assert strategically_merged({"a": {"b": 1}}, {"a": {"$patch": "delete"}, "c": {"d": None}}, DEDUCED) == {
        "a": {},
        "c": {},
    }
