"""What a schema says about values, keyword by keyword, in the real server's words."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.exhibits import exhibits

pytestmark = pytest.mark.section("C.5 schema keywords")

Json = dict[str, Any]

REFUSED: dict[str, Json] = {
    "number for text": {"text": 1},
    "truth for text": {"text": True},
    "object for text": {"text": {"a": 1}},
    "list for text": {"text": ["a"]},
    "text for whole": {"whole": "1"},
    "fraction for whole": {"whole": 1.5},
    "truth for whole": {"whole": True},
    "text for number": {"number": "x"},
    "text for truth": {"truth": "yes"},
    "text for list": {"list": "a"},
    "object for list": {"list": {"a": "b"}},
    "number in a list of texts": {"list": ["a", 1]},
    "text for object": {"object": "x"},
    "list for object": {"object": []},
    "text deep in an object": {"object": {"in": "x"}},
    "maxLength": {"short": "abcd"},
    "minLength": {"long": "ab"},
    "pattern": {"letters": "A"},
    "enum of texts": {"choice": "green"},
    "enum of numbers": {"level": 3},
    "maximum": {"most": 11},
    "minimum": {"least": 1},
    "exclusiveMaximum": {"below": 10},
    "exclusiveMinimum": {"above": 2},
    "minimum of a fraction": {"share": 0.25},
    "maximum of a fraction": {"share": 2},
    "multipleOf": {"even": 3},
    "multipleOf of a fraction": {"tenth": 0.15},
    "int32": {"int32": 2147483648},
    "maxItems": {"few": ["a", "b"]},
    "minItems": {"many": ["a"]},
    "set": {"set": ["a", "b", "a"]},
    "list map": {"keyed": [{"name": "a"}, {"name": "b"}, {"name": "a"}]},
    "list map with two keys": {"pairs": [{"port": 1}, {"port": 1, "protocol": "TCP"}]},
    "key of a list map left out": {"keyed": [{"value": 1}]},
    "required": {"needs": {}},
    "value of a map": {"table": {"a": 1, "b": -1}},
    "type of a value of a map": {"table": {"a": "x"}},
    "maxProperties": {"wide": {"a": "b", "c": "d"}},
    "minProperties": {"narrow": {"a": "b"}},
    "anyOf": {"any": "bbb"},
    "oneOf with none": {"one": "bbb"},
    "oneOf with two": {"one": "abcdef"},
    "allOf with one": {"all": "abc"},
    "allOf with none": {"all": "bc"},
    "not": {"never": "abc"},
    "oneOf of required fields with none": {"either": {}},
    "oneOf of required fields with both": {"either": {"url": "a", "file": "b"}},
    "truth for int or string": {"port": True},
    "fraction for int or string": {"port": 1.5},
    "date-time": {"moment": "yesterday"},
    "date": {"day": "2026-13-01"},
    "uuid": {"uuid": "x"},
    "ipv4": {"ipv4": "10.0.0.256"},
    "ipv6": {"ipv6": "10.0.0.1"},
    "cidr": {"cidr": "10.0.0.0/33"},
    "mac": {"mac": "00:11"},
    "email": {"mail": "nobody"},
    "hostname": {"host": "-a"},
    "uri": {"uri": "no uri"},
    "byte": {"bytes": "no base64!"},
    "duration": {"span": "soon"},
}
ACCEPTED: dict[str, Json] = {
    "whole number for a fraction": {"number": 1},
    "fraction that is whole": {"whole": 2.0},
    "null where it is allowed": {"maybe": None},
    "null where it is not": {"text": None},
    "number of an int or string": {"port": 80},
    "text of an int or string": {"port": "http"},
    "formats": {"moment": "2026-11-23T10:00:00.5+01:00", "day": "2026-11-23", "ipv4": "10.0.0.1", "ipv6": "fd00::1"},
    "more formats": {"uuid": "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "mac": "00:11:22:33:44:55", "span": "22s"},
    "format that nobody knows": {"odd": "anything"},
    "length in characters": {"short": "äöü"},
    "lists in order": {"set": ["b", "a"], "keyed": [{"name": "b"}, {"name": "a", "value": 1}]},
    "two keys that differ": {"pairs": [{"port": 1}, {"port": 1, "protocol": "UDP"}]},
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_value_that_breaks_its_schema_is_refused_with_its_place_and_reason(space: Workspace, case: str) -> None:
    answer = exhibits(space).create(REFUSED[case])
    assert answer.refusal == (422, "Invalid")
    assert answer.causes


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_value_that_fits_its_schema_is_stored(space: Workspace, case: str) -> None:
    assert exhibits(space).create(ACCEPTED[case]).status == 201


def test_all_faults_of_a_list_are_named_in_order(space: Workspace) -> None:
    answer = exhibits(space).create({"list": [1, "a", True]})
    assert [field for field, _ in answer.causes] == ["<nil>", "spec.list[0]", "spec.list[2]"]


def test_a_wrong_value_that_stays_does_not_stop_a_change_beside_it(space: Workspace) -> None:
    shown = exhibits(space)
    assert shown.create({"list": ["a"], "object": {"in": 1}}).status == 201
    assert shown.merge({"spec": {"list": ["a", 1]}}).status == 422
    assert shown.merge({"spec": {"list": None, "object": {"in": 2}}}).body["spec"] == {
        "object": {"in": 2},
        "defaults": {"given": {"in": 7}, "null": "filled", "set": "filled"},
    }
