"""CEL functions, schema corners and strategic patches that the conformance claims do not reach."""

from typing import Any

import pytest

from simulator.kube.server.custom.cel import CelError, compile_expression, scope
from simulator.kube.server.custom.rules import BadRule, compile_rules, rule_causes
from simulator.kube.server.custom.schema import compile_fits
from simulator.kube.server.custom.schema_faults import schema_faults
from simulator.kube.server.custom.shaping import compile_shape
from simulator.kube.server.patching.patches import merged


@pytest.mark.parametrize(
    "text",
    [
        "ip('127.0.0.1').isLoopback()",
        "ip('fe80::1').isLinkLocalUnicast()",
        "ip('10.0.0.1').isGlobalUnicast()",
        "!ip('255.255.255.255').isGlobalUnicast()",
        "ip('ff02::1').isLinkLocalMulticast()",
        "ip('::').isUnspecified()",
        "ip('fd00::1').family() == 6",
        "ip('fd00::1') == ip('fd00:0:0::1')",
        "cidr('10.0.0.5/24').masked() == cidr('10.0.0.0/24')",
        "cidr('10.0.0.5/24').ip() == ip('10.0.0.5')",
        "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')",
        "!cidr('10.1.0.0/16').containsCIDR(cidr('10.0.0.0/8'))",
        "!cidr('10.0.0.0/8').containsCIDR('fd00::/64')",
        "cidr('10.0.0.0/8').containsIP(ip('10.2.3.4'))",
        "cidr('10.0.0.0/8').prefixLength() == 8",
        "!isCIDR('10.0.0.0/08') && !isCIDR('10.0.0.0') && !isIP('10.0.0.0/8')",
        "['a', 'b'].isSorted()",
        "self.?missing.orValue(3) == 3",
        "'%s-%d'.format(['a', 1]) == 'a-1'",
    ],
)
def test_rules_speak_the_servers_language(text: str) -> None:
    assert compile_expression(text).holds(scope({"self": {}, "oldSelf": {}}))


def test_an_expression_that_cannot_be_compiled_says_why() -> None:
    with pytest.raises(CelError, match="nosuch"):
        compile_expression("nosuch(1)")


def _causes(schema: dict[str, Any], item: Any, before: Any = None) -> list[tuple[str, str]]:
    node = compile_rules({"type": "object", "properties": {"spec": schema}})
    assert node is not None
    full = {"metadata": {"name": "a"}, "spec": item}
    old = None if before is None else {"metadata": {"name": "a"}, "spec": before}
    return [(cause.field, cause.message) for cause in rule_causes(node, full, old)]


def test_a_rule_that_reads_what_is_not_there_fails_and_says_so() -> None:
    schema = {"type": "object", "x-kubernetes-validations": [{"rule": "self.gone > 1"}]}
    ((field, message),) = _causes(schema, {})
    assert field == "spec"
    assert message == 'Invalid value: "object": no such key: gone evaluating rule: self.gone > 1'


def test_a_rule_about_change_is_not_asked_when_the_value_is_new() -> None:
    schema = {
        "type": "object",
        "properties": {"x": {"type": "integer", "x-kubernetes-validations": [{"rule": "self > oldSelf"}]}},
    }
    assert _causes(schema, {"x": 1}) == []
    assert _causes(schema, {"x": 1}, {}) == []
    assert _causes(schema, {"x": 1}, {"x": 1}) == [("spec.x", "Invalid value: 1: failed rule: self > oldSelf")]
    assert _causes(schema, {"x": 2}, {"x": 1}) == []


def test_the_word_in_a_text_is_not_the_variable() -> None:
    schema = {"type": "string", "x-kubernetes-validations": [{"rule": "self != 'oldSelf'"}]}
    assert _causes(schema, "oldSelf") == [("spec", "Invalid value: \"oldSelf\": failed rule: self != 'oldSelf'")]


def test_a_rule_that_cannot_be_compiled_is_no_rule() -> None:
    with pytest.raises(BadRule, match="undeclared reference"):
        compile_rules({"type": "string", "x-kubernetes-validations": [{"rule": "nosuch(self)"}]})


def _faults(schema: dict[str, Any], value: Any) -> list[tuple[str, str]]:
    causes = schema_faults(schema, value)
    assert compile_fits(schema)(value) == (not causes)
    return [(cause.field, cause.reason) for cause in causes]


def test_combined_schemas_are_checked() -> None:
    either = {"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}
    assert _faults(either, {"a": 1}) == []
    assert _faults(either, {}) == [("<nil>", "FieldValueInvalid"), ("a", "FieldValueRequired")]
    assert _faults(either, {"a": 1, "b": 2}) == [("<nil>", "FieldValueInvalid")]
    unless = {"type": "integer", "not": {"enum": [3]}, "multipleOf": 3}
    assert (_faults(unless, 6), _faults(unless, 3), _faults(unless, 4)) == (
        [],
        [("<nil>", "FieldValueInvalid")],
        [("<nil>", "FieldValueInvalid")],
    )
    limits = {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 1, "exclusiveMaximum": True}
    assert (_faults(limits, 0.5), len(_faults(limits, 0)), len(_faults(limits, 1))) == ([], 1, 1)


def test_what_a_decoder_accepts_is_what_fits() -> None:
    text = {"type": "string", "maxLength": 3, "pattern": "^a"}
    schema = {
        "type": "object",
        "required": ["text", "$odd"],
        "properties": {
            "text": text,
            "none": {**text, "nullable": True},
            "when": {"type": "string", "format": "date-time"},
            "word": {"type": "string", "enum": ["x", "y"], "nullable": True},
            "count": {"type": "integer", "minimum": 1, "maximum": 9},
            "big": {"type": "integer"},
            "many": {"type": "array", "items": text, "maxItems": 2},
            "others": {"type": "object", "additionalProperties": {"type": "boolean"}, "maxProperties": 1},
            "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    }
    whole = {"text": "abc", "$odd": 1, "unknown": None}
    for fitting in (
        *(
            {"none": None},
            {"when": "2026-11-23T11:04:37Z"},
            {"word": "x"},
            {"count": 9},
            {"count": 2.0},
            {"many": ["a"]},
        ),
        *({"big": -(1 << 63)}, {"others": {"x": True}}, {"any": {"x": [1]}}),
    ):
        assert _faults(schema, whole | fitting) == []
    bad: dict[str, Any]
    for bad in (
        *({"text": None}, {"text": "abcd"}, {"text": "b"}, {"text": 1}, {"when": "today"}, {"when": 1}, {"word": "z"}),
        *({"word": None}, {"count": 0}, {"count": 10}, {"count": True}, {"count": 1.5}, {"big": 1 << 63}),
        *({"many": ["a"] * 3}, {"many": ["b"]}, {"many": {}}, {"others": {"x": 1}}, {"others": {"x": True, "y": True}}),
        *({"any": []}, {"any": None}),
    ):
        assert _faults(schema, whole | bad), bad
    assert _faults(schema, {"text": "abc"})
    assert _faults(schema, [])


def test_shaping_reaches_into_lists_and_maps() -> None:
    inner = {"type": "object", "properties": {"x": {"type": "integer", "default": 1}}}
    shape = compile_shape(
        {
            "type": "object",
            "properties": {
                "list": {"type": "array", "items": inner},
                "map": {"type": "object", "additionalProperties": inner},
            },
        }
    )
    value: dict[str, Any] = {"list": [{"y": 2}], "map": {"k": {}}, "z": 3}
    assert shape is not None
    shape(value)
    assert value == {"list": [{"x": 1}], "map": {"k": {"x": 1}}}


def test_a_merge_patch_turns_what_is_not_an_object_into_one() -> None:
    assert merged({"a": "text"}, {"a": {"b": 1, "c": None}}) == {"a": {"b": 1}}
