"""The types of rules: what does not fit the schema is refused when the definition is written, with its place."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import DEFINITIONS, definition

pytestmark = pytest.mark.section("C.5 rules")

Json = dict[str, Any]
TEXT: Json = {"type": "string", "maxLength": 20}
FIELDS: Json = {
    "text": TEXT,
    "count": {"type": "integer"},
    "share": {"type": "number"},
    "flag": {"type": "boolean"},
    "port": {"x-kubernetes-int-or-string": True, "maxLength": 5},
    "time": {"type": "string", "format": "date-time"},
    "span": {"type": "string", "format": "duration"},
    "data": {"type": "string", "format": "byte", "maxLength": 30},
    "words": {"type": "array", "maxItems": 10, "items": TEXT},
    "counts": {"type": "array", "maxItems": 10, "items": {"type": "integer"}},
    "pairs": {"type": "object", "maxProperties": 5, "additionalProperties": TEXT},
    "things": {
        "type": "array",
        "maxItems": 3,
        "items": {"type": "object", "properties": {"name": TEXT, "size": {"type": "integer"}}},
    },
    "a-b": TEXT,
    "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    "inner": {"type": "object", "properties": {"deep": {"type": "object", "properties": {"name": TEXT}}}},
}
WRONG = {
    "a field that there is not": "self.nowhere == 1",
    "has of a field that there is not": "has(self.nowhere)",
    "two fields that there are not": "self.nowhere == 1 && self.missing == 2",
    "a field of a field that there is not": "self.inner.deep.size == 1",
    "a field with a dash": "self.a_b == 'x'",
    "an unknown field of an open object": "self.open.x == 1",
    "a field of a number": "self.count.x == 1",
    "a field of a text": "self.text.x == 1",
    "an optional field that there is not": "self.?nowhere.hasValue()",
    "a field of what is in a list": "self.things.all(t, t.nowhere == 1)",
    "a field of what is at a place": "self.things[0].nowhere == 1",
    "a number that is a text": "self.count == 'x'",
    "a text that is a number": "self.text != 3",
    "a number that is a fraction": "self.count == 1.5",
    "a text that is more than a number": "self.text > 3",
    "a sum of a text and a number": "self.text + self.count == 'x'",
    "a truth that is a number": "self.flag && self.count",
    "no number": "!self.count",
    "a choice by a number": "self.count ? true : false",
    "a choice of a text and a number": "(self.flag ? self.text : self.count) == 'x'",
    "a beginning that is a number": "self.text.startsWith(3)",
    "the beginning of a number": "self.count.startsWith('a')",
    "the size of a number": "self.count.size() == 3",
    "the size of a fraction": "size(self.share) == 3",
    "a text in numbers": "self.text in self.counts",
    "a number in a map of texts": "self.count in self.pairs",
    "all of a number": "self.count.all(x, x > 1)",
    "all of a text": "self.text.all(x, x > 1)",
    "each is a number": "self.words.all(x, x == 1)",
    "each is more than a text": "self.counts.all(x, x > 'a')",
    "each key is a number": "self.pairs.all(k, k > 1)",
    "each value is a number": "self.pairs.all(k, v, v > 1)",
    "what is made of each is a number": "self.words.map(x, x.size()).all(n, n == 'a')",
    "what is left is a number": "self.words.filter(x, x == 'a').all(y, y == 1)",
    "all by a number": "self.words.all(x, x.size())",
    "a place in a list by a text": "self.words['a'] == 'x'",
    "a text at a place": "self.counts[0] == 'x'",
    "a value of a map that is a number": "self.pairs['a'] == 1",
    "a time that is a text": "self.time == 'x'",
    "a span that is a time": "self.span == self.time",
    "a time that is more than a span": "self.time > duration('1h')",
    "the year that is a text": "self.time.getFullYear() == 'x'",
    "bytes that are a text": "self.data == 'x'",
    "joined numbers": "self.counts.join(',') == 'x'",
    "nothing": "self.count == null",
    "an address that is a text": "ip(self.text) == 'x'",
    "a quantity that is a number": "quantity(self.text) == 1",
    "an address of a number": "ip(self.count).family() == 4",
    "a network that is a number": "cidr(self.text).prefixLength() == 'x'",
    "a list of texts and numbers": "self.words + self.counts == []",
    "texts and a number in a list": "['a', 1].size() == 2",
    "a text that may be anything in a list": "['a', self.port].size() == 2",
    "values of two types in a map": "{'a': 'b', 'c': 1}.size() == 2",
    "something optional that is a number": "self.?text.orValue(3) == 'x'",
    "a function that there is not": "self.text.nosuch()",
    "in two lines": "self.count == 1 &&\n  self.nowhere == 2",
    "a text": "self.text",
    "a number": "self.count + 1",
    "whatever it is": "self.port",
    "a list": "self.words.map(x, x == 'a')",
    "an object": "self.inner",
    "a change of another type": "oldSelf.text == 3",
}


def _ruled(rule: Json, fields: Json) -> Json:
    schema = {"type": "object", "properties": fields, "x-kubernetes-validations": [rule]}
    return definition("typeds", "Typed", "Namespaced", schema)


@pytest.mark.parametrize("case", WRONG)
def test_a_rule_that_does_not_fit_its_schema_is_refused(space: Workspace, case: str) -> None:
    rule: Json = {"rule": WRONG[case], "message": "no"}
    answer = space.face.send("POST", DEFINITIONS, _ruled(rule, FIELDS), query={"dryRun": "All"})
    assert answer.refusal == (422, "Invalid")


RIGHT = [
    "self.count < 1.5",
    "self.port == 1 || self.port == 'x'",
    "type(self.port) == string",
    "self.?text.orValue('a') == 'b'",
    "self.?inner.?deep.?name.orValue('a') == 'b'",
    "self.a__dash__b == 'x'",
    "self.things.exists_one(t, t.size > 3 && t.name == 'x')",
    "self.pairs.all(k, self.pairs[k] == k)",
    "self.time > timestamp('2020-01-01T00:00:00Z') && self.span < duration('1h')",
    "self.data == b'x'",
    "self.words.map(x, x.size()).sum() > 3",
    "self.words == self.words.filter(x, x != '')",
    "(self.flag ? self.words : []).size() == 1",
    "{'a': [1]}['a'][0] == 1",
    "dyn(self.count) == 'x'",
    "[self.things[0]].all(t, t.size == 1)",
    "self.words.indexOf('x') < self.count",
    "cidr(self.text).containsIP(ip(self.text))",
    "self.inner == self.inner",
    "self.things.map(t, t.name).all(n, n.startsWith('a'))",
    "self.counts.max() > 3",
    "self.text.split(',').map(p, int(p)).isSorted()",
    "sets.contains(self.words, ['a'])",
    "self.words.exists(w, w in {'a': 1})",
]


def test_rules_that_fit_their_schema_are_taken(space: Workspace) -> None:
    for rule in RIGHT:
        answer = space.face.send("POST", DEFINITIONS, _ruled({"rule": rule}, FIELDS), query={"dryRun": "All"})
        assert answer.status == 201, rule


MESSAGES = {
    "a field that there is not": "self.nowhere",
    "a number": "self.count + 1",
    "a text and a number": "self.text + self.count",
    "a list": "self.words",
    "a text": "'not ' + self.text",
}


@pytest.mark.parametrize("case", MESSAGES)
def test_the_expression_of_a_message_fits_its_schema(space: Workspace, case: str) -> None:
    rule = {"rule": "self.count == 1", "messageExpression": MESSAGES[case]}
    answer = space.face.send("POST", DEFINITIONS, _ruled(rule, FIELDS), query={"dryRun": "All"})
    assert answer.status == (201 if case == "a text" else 422)


def test_the_root_has_a_name_and_no_other_metadata(space: Workspace) -> None:
    crd = definition("typeds", "Typed", "Namespaced", {"type": "object", "properties": FIELDS})
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    for rule in ("self.metadata.name == self.kind", "self.metadata.labels == {}"):
        schema["x-kubernetes-validations"] = [{"rule": rule}]
        space.face.send("POST", DEFINITIONS, crd, query={"dryRun": "All"})
