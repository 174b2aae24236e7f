"""The limits of what rules may cost, where no real server can be brought to tell them."""

from typing import Any

import pytest

from simulator.kube.server.custom.cel import syntax_tree
from simulator.kube.server.custom.expression_tree import Call, Ident, Literal, Select
from simulator.kube.server.custom.rule_budget import Budget
from simulator.kube.server.custom.schema_declarations import declaration_faults
from simulator.kube.server.custom.value_shapes import LARGEST_REQUEST_BYTES, children_of_each, shape_of

Json = dict[str, Any]
DEAR = "self.all(a, self.all(b, a == b))"


def _texts(**more: Any) -> Json:
    return {"type": "array", "items": {"type": "string"}, "x-kubernetes-validations": [{"rule": DEAR}], **more}


def test_a_schema_that_is_stored_keeps_its_dear_rules() -> None:
    schema = {"type": "object", "properties": {"words": _texts(maxItems=30)}}
    fresh = declaration_faults(schema, "schema", rules=True, known=False)
    assert [cause.field for cause in fresh] == [
        "schema.properties[words].x-kubernetes-validations[0].rule",
        "schema.properties[words].x-kubernetes-validations[0].rule",
        "schema",
    ]
    kept = declaration_faults(schema, "schema", rules=True, known=True)
    assert [cause.field for cause in kept] == [cause.field for cause in fresh[1:]]


def test_a_schema_whose_rules_cost_little_is_without_fault() -> None:
    schema = _texts(maxItems=30, items={"type": "string", "maxLength": 30})
    assert declaration_faults(schema, "schema", rules=True, known=False) == []


@pytest.mark.parametrize(
    ("schema", "most"),
    [
        ({"type": "string"}, LARGEST_REQUEST_BYTES - 2),
        ({"type": "string", "maxLength": 3}, 12),
        ({"type": "string", "enum": ["a", "bcd"]}, 3),
        ({"type": "array", "items": {"type": "boolean"}}, (LARGEST_REQUEST_BYTES - 2) // 5),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, (LARGEST_REQUEST_BYTES - 2) // 7),
    ],
)
def test_what_a_schema_does_not_limit_is_limited_by_the_largest_request(schema: Json, most: int) -> None:
    shape = shape_of(schema)
    assert shape is not None
    assert shape.most == most


def test_children_are_as_many_as_the_schema_allows() -> None:
    assert children_of_each({"type": "array", "maxItems": 3}) == 3
    assert children_of_each({"type": "array"}) is None
    assert children_of_each({"type": "object", "additionalProperties": {}, "maxProperties": 2}) == 2
    assert children_of_each({"type": "object", "properties": {}}) == 1


def test_a_rule_is_read_as_a_tree() -> None:
    tree = syntax_tree("self.a == -2")
    self_a = Select(Ident("self", at=0), "a", test=False, at=4)
    assert tree == Call("_==_", None, [self_a, Literal(-2, at=10)], at=7)


def test_only_the_dearest_rules_are_named_when_all_together_cost_too_much() -> None:
    budget = Budget(known=True)
    shape = shape_of({"type": "array", "maxItems": 400, "items": {"type": "string", "maxLength": 100}})
    assert shape is not None
    for number in range(60):
        assert not list(budget.rule({"rule": DEAR}, shape, 1, f"rules[{number}]"))
    assert [cause.field for cause in budget.faults("schema")] == [*(f"rules[{n}].rule" for n in range(4)), "schema"]
