"""Rules of custom resources: the language, and what is said of values that break them."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import definition
from e2e.conformance.exhibits import Custom

pytestmark = pytest.mark.section("C.5 rules")

Json = dict[str, Any]
TEXT: Json = {"type": "string", "maxLength": 50}


def _ruled(schema: Json, rule: str, **more: Any) -> Json:
    return {**schema, "x-kubernetes-validations": [{"rule": rule, **more}]}


WORDS: Json = {"type": "array", "maxItems": 5, "items": TEXT}
PAIR: Json = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}
# Of each field: its schema, a value that keeps the rule, and one that breaks it.
RULES: dict[str, tuple[Json, Any, Any]] = {
    "starts": (_ruled(TEXT, "self.startsWith('a')"), "ab", "ba"),
    "message": (_ruled(TEXT, "self != 'x'", message="no x"), "a", "x"),
    "expression": (_ruled(TEXT, "self != 'x'", messageExpression="'not ' + self"), "a", "x"),
    "forbidden": (_ruled(TEXT, "self != 'x'", reason="FieldValueForbidden", message="no x"), "a", "x"),
    "needed": (_ruled(TEXT, "self != 'x'", reason="FieldValueRequired", message="no x"), "a", "x"),
    "twice": (_ruled(TEXT, "self != 'x'", reason="FieldValueDuplicate"), "a", "x"),
    "order": (_ruled(PAIR, "self.a < self.b", message="a below b"), {"a": 1, "b": 2}, {"a": 2, "b": 1}),
    "field": (_ruled(PAIR, "self.a < self.b", fieldPath=".b"), {"a": 1, "b": 2}, {"a": 2, "b": 1}),
    "absent": (_ruled(PAIR, "self.a < 3"), {"a": 1}, {"b": 1}),
    "optional": (_ruled(PAIR, "self.?a.orValue(9) < 3"), {"a": 1}, {"b": 1}),
    "all": (_ruled(WORDS, "self.all(word, word.size() < 3)"), ["a", "bb"], ["a", "bbb"]),
    "exists": (_ruled(WORDS, "self.exists(word, word == 'a')"), ["b", "a"], ["b"]),
    "filter": (_ruled(WORDS, "self.filter(word, word == 'a').size() == 1"), ["b", "a"], ["a", "a"]),
    "map": (_ruled(WORDS, "self.map(word, word.size()).exists(n, n == 2)"), ["bb"], ["b"]),
    "sorted": (_ruled(WORDS, "self.isSorted()"), ["a", "b"], ["b", "a"]),
    "matches": (_ruled(TEXT, "self.matches('^[a-c]+$')"), "abc", "abd"),
    "split": (_ruled(TEXT, "self.split('-').size() == 2"), "a-b", "ab"),
    "lower": (_ruled(TEXT, "self.lowerAscii() == self"), "ab", "aB"),
    "replace": (_ruled(TEXT, "self.replace('a', 'b') == 'bb'"), "ab", "ac"),
    "address": (_ruled(TEXT, "isIP(self) && ip(self).family() == 4"), "10.0.0.1", "fd00::1"),
    "network": (_ruled(TEXT, "isCIDR(self) && cidr(self).prefixLength() <= 24"), "10.0.0.0/16", "10.0.0.0/32"),
    "inside": (_ruled(TEXT, "cidr('10.0.0.0/8').containsIP(self)"), "10.1.2.3", "11.0.0.1"),
    "number": (_ruled({"type": "integer"}, "self % 2 == 0"), 4, 3),
    "divided": (_ruled(PAIR, "self.a / self.b == 2"), {"a": 4, "b": 2}, {"a": 4, "b": 0}),
    "either": (_ruled({"x-kubernetes-int-or-string": True}, "type(self) == int ? self > 0 : self != ''"), 1, 0),
    "word": (
        _ruled({"type": "object", "properties": {"namespace": TEXT}}, "self.__namespace__ == 'a'"),
        {"namespace": "a"},
        {"namespace": "b"},
    ),
    "dashed": (
        _ruled({"type": "object", "properties": {"a-b": TEXT}}, "self.a__dash__b == 'a'"),
        {"a-b": "a"},
        {"a-b": "b"},
    ),
    "table": (
        {"type": "object", "maxProperties": 3, "additionalProperties": _ruled(TEXT, "self != 'x'")},
        {"a": "b"},
        {"a": "b", "c": "x"},
    ),
    "items": ({"type": "array", "maxItems": 3, "items": _ruled(TEXT, "self != 'x'")}, ["a"], ["a", "x"]),
    "lines": (_ruled(TEXT, "self ==\n'a'", message="only a"), "a", "b"),
    "base": (_ruled(TEXT, "self.size() > 1 && self.charAt(0) == 'a'"), "ab", "ba"),
}
SPEC: Json = {
    "type": "object",
    "properties": {
        **{name: schema for name, (schema, _, _) in RULES.items()},
        "once": {**TEXT, "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "stays"}]},
        "set": {
            **TEXT,
            "x-kubernetes-validations": [
                {"rule": "oldSelf.hasValue() || self == 'first'", "optionalOldSelf": True, "message": "first is first"}
            ],
        },
        "keyed": {
            "type": "array",
            "maxItems": 3,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": TEXT, "value": _ruled({"type": "integer"}, "self >= oldSelf")},
            },
        },
    },
}
CRD = definition("ruleds", "Ruled", "Namespaced", SPEC)


@pytest.mark.parametrize("case", RULES)
def test_a_rule_is_kept_or_its_message_is_said(space: Workspace, case: str) -> None:
    kept = Custom(space, CRD)
    _, good, bad = RULES[case]
    assert kept.create({case: good}).status == 201
    assert kept.create({case: bad}, "b").refusal == (422, "Invalid")


def test_a_rule_about_change_is_not_asked_of_what_is_new(space: Workspace) -> None:
    kept = Custom(space, CRD)
    kept.create({})
    assert kept.merge({"spec": {"once": "a"}}).status == 200
    assert kept.merge({"spec": {"once": "b"}}).refusal == (422, "Invalid")


def test_a_rule_can_do_without_what_was_there(space: Workspace) -> None:
    kept = Custom(space, CRD)
    assert kept.create({"set": "second"}).refusal == (422, "Invalid")
    assert kept.create({"set": "first"}).status == 201
    assert kept.merge({"spec": {"set": "second"}}).status == 200


def test_elements_with_keys_are_compared_with_themselves(space: Workspace) -> None:
    kept = Custom(space, CRD)
    kept.create({"keyed": [{"name": "a", "value": 1}, {"name": "b", "value": 5}]})
    assert kept.merge({"spec": {"keyed": [{"name": "b", "value": 6}, {"name": "a", "value": 1}]}}).status == 200
    assert kept.merge({"spec": {"keyed": [{"name": "b", "value": 2}]}}).refusal == (422, "Invalid")
