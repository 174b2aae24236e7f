"""What rules may cost: a definition with a rule that could cost too much is refused, and how far it is above is said."""

import re
from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import DEFINITIONS, definition
from e2e.conformance.exhibits import Custom

pytestmark = pytest.mark.section("C.5 rules")

Json = dict[str, Any]
TEXT: Json = {"type": "string", "maxLength": 20}
TAGGED: Json = {"name": TEXT, "tags": {"type": "array", "maxItems": 3, "items": TEXT}}
ITEM: Json = {
    "text": TEXT,
    "free": {"type": "string"},
    "words": {"type": "array", "maxItems": 10, "items": TEXT},
    "numbers": {"type": "array", "maxItems": 10, "items": {"type": "integer"}},
    "pairs": {"type": "object", "maxProperties": 5, "additionalProperties": {"type": "string", "maxLength": 10}},
    "count": {"type": "integer"},
    "share": {"type": "number"},
    "flag": {"type": "boolean"},
    "port": {"x-kubernetes-int-or-string": True},
    "short": {"x-kubernetes-int-or-string": True, "maxLength": 5},
    "time": {"type": "string", "format": "date-time"},
    "day": {"type": "string", "format": "date"},
    "span": {"type": "string", "format": "duration"},
    "data": {"type": "string", "format": "byte", "maxLength": 30},
    "choice": {"type": "string", "enum": ["a", "much longer"]},
    "inner": {"type": "object", "properties": {"name": TEXT}},
    "things": {"type": "array", "maxItems": 7, "items": {"type": "object", "properties": TAGGED}},
}
# Each rule with so many objects that it is asked of that it costs a little too much: the refusal tells the cost exactly.
RULES = [
    ("self.text == 'x'", 4_000_000),
    ("self.text != self.free", 1_000_000),
    ("self.text < 'b'", 4_000_000),
    ("self.count > 3", 4_000_000),
    ("self.count == 3", 6_000_000),
    ("self.share * 2.0 > 1.0", 3_000_000),
    ("self.flag", 6_000_000),
    ("!self.flag || self.count > 1", 2_000_000),
    ("has(self.text)", 12_000_000),
    ("has(self.inner.name) && self.inner.name != ''", 2_400_000),
    ("self.text in ['a', 'b', 'c']", 800_000),
    ("self.text in self.words", 857_143),
    ("self.text in self.pairs", 2_400_000),
    ("self.text.startsWith('abcdefghijklm')", 3_000_000),
    ("self.text.endsWith(self.text)", 1_000_000),
    ("self.text.contains('abcdefghijklm')", 666_667),
    ("self.text.matches('^[a-z]+([a-z0-9-]*[a-z0-9])?$')", 162_163),
    ("self.text.matches(self.free)", 2),
    ("self.text.size() > 3", 3_000_000),
    ("size(self.words) == 3", 3_000_000),
    ("self.words.all(x, x.startsWith('a'))", 226_416),
    ("self.words.all(x, self.words.exists(y, y == x))", 8_203),
    ("self.words.exists_one(x, x == 'a')", 272_728),
    ("self.words.map(x, x + 'abc').all(y, y.size() > 3)", 40_817),
    ("self.words.map(x, x + 'abc').all(y, y.contains('abcdefghijkl'))", 43_796),
    ("self.words.filter(x, x != 'a').size() > 2", 72_728),
    ("self.words.filter(x, x != 'a').all(x, x.contains('abcdefghijkl'))", 58_824),
    ("self.words.map(x, x != 'a', x + x).exists(x, x.matches('a+b+c+d+e+f+'))", 28_986),
    ("self.pairs.all(k, k.startsWith('a'))", 428_572),
    ("self.pairs.all(k, k.contains('abcdefghijklmnop'))", 521_740),
    ("self.pairs.all(k, self.pairs[k].contains('abcdefghijklmnop'))", 153_847),
    ("self.pairs.all(k, v, k == v)", 428_572),
    ("self.pairs.exists(k, v, v.contains('abcdefghijklmnop'))", 176_471),
    ("self.words.all(i, x, i < 3 || x == 'abcdef')", 164_384),
    ("self.words[0] == 'a'", 3_000_000),
    ("self.words[0].contains('abcdefghijklmnop')", 631_579),
    ("self.pairs['a'].contains('abcdefghijklmnop')", 1_090_910),
    ("(self.flag ? self.text : self.free).contains('abcdefghijklmnop')", 20),
    ("(self.flag ? self.text : 'abc').contains('abcdefghijklmnop')", 600_000),
    ("(self.flag ? ['a'] : self.words).all(x, x.contains('abcdefghijklmnop'))", 226_416),
    ("self.text + self.text == 'abc'", 571_429),
    ("(self.text + self.text).contains('abcdefghijklmnop')", 230_770),
    ("(self.words + self.words).all(x, x.contains('abcdefghijklmnop'))", 139_535),
    ("['a', self.text].all(x, x.contains('abcdefghijklmnop'))", 571_429),
    ("{'a': self.text, 'b': 'c'}.all(k, k.contains('abcdefghijklmnop'))", 292_683),
    ("{'a': self.text, 'b': 'c'}['a'].contains('abcdefghijklmnop')", 244_898),
    ("self.port == 5", 4_000_000),
    ("type(self.port) == int && int(self.port) > 3", 1_500_000),
    ("type(self.port) == string && self.port.startsWith('a')", 1_714_286),
    ("self.short < 3", 4_000_000),
    ("self.short == 'abcdef'", 4_000_000),
    ("string(self.short) == 'abcde'", 2_400_000),
    ("string(self.count) == '3'", 3_000_000),
    ("string(self.data) == 'abc'", 2_000_000),
    ("bytes(self.text) == b'abc'", 1_090_910),
    ("self.data == b'abc'", 4_000_000),
    ("dyn(self.text) == 'a'", 3_000_000),
    ("self.time > timestamp('2020-01-01T00:00:00Z')", 3_000_000),
    ("self.time == self.time", 1_500_000),
    ("self.day == self.day", 2_000_000),
    ("self.span < duration('1h')", 3_000_000),
    ("self.time.getFullYear() > 2000", 3_000_000),
    ("self.choice == 'a'", 4_000_000),
    ("self.inner == self.inner", 3_000_000),
    ("self.words == self.words", 2_400_000),
    ("self.things.all(t, t.name != 'a')", 266_667),
    ("self.things.all(t, t.tags.all(u, u.contains('abcdefghijklmnop')))", 25_807),
    ("self.things.map(t, t.name).all(n, n.contains('abcdefghijklmnop'))", 85_715),
    ("self.things.all(t, self.things.exists_one(u, u.name == t.name))", 16_261),
    ("self.things[0].tags[1].contains('abcdefghijklmnop')", 571_429),
    ("self.text.lowerAscii() == 'a'", 1_090_910),
    ("self.text.substring(3).contains('abcdefghijklmnop')", 461_539),
    ("self.text.replace('a', 'bcd').contains('abcdefghijklmnop')", 181_819),
    ("self.text.replace('', 'b').contains('abcdefghijklmnop')", 230_770),
    ("self.text.replace('abc', 'b').contains('abcdefghijklmnop')", 352_942),
    ("self.text.replace(self.free, 'bcd').contains('abcdefghijklmnop')", 139_535),
    ("self.text.split(',').all(x, x == 'a')", 35_399),
    ("self.text.split(',', 2).all(x, x == 'a')", 444_445),
    ("self.words.join(',').contains('abcdefghijklmnop')", 48_980),
    ("self.words.join() == 'a'", 144_579),
    ("self.text.find('[0-9]+') == ''", 600_000),
    ("self.text.findAll('[0-9]+').size() == 1", 545_455),
    ("self.text.indexOf('a') == 3", 1_090_910),
    ("self.words.indexOf('a') == 3", 129_033),
    ("self.text.charAt(3) == 'a'", 3_000_000),
    ("'%s %d'.format([self.text, self.count]).contains('abcdefghijklmnop')", 1),
    ("self.words.isSorted()", 130_435),
    ("self.numbers.isSorted()", 1_000_000),
    ("self.numbers.sum() > 3", 923_077),
    ("self.numbers.max() > 3", 923_077),
    ("self.words.max() == 'a'", 129_033),
    ("isIP(self.text)", 1_200_000),
    ("ip(self.text).family() == 4", 1_000_000),
    ("ip(self.text) == ip('1.2.3.4')", 1_000_000),
    ("ip(self.text).isLoopback()", 1_090_910),
    ("ip.isCanonical(self.text)", 666_667),
    ("cidr(self.text).containsIP('10.0.0.1')", 800_000),
    ("cidr(self.text).containsIP(ip('10.0.0.1'))", 800_000),
    ("cidr(self.text).containsCIDR(self.text)", 444_445),
    ("cidr(self.text).ip().family() == 6", 923_077),
    ("cidr(self.text).prefixLength() > 3", 1_000_000),
    ("quantity(self.text).isGreaterThan(quantity('1'))", 1_000_000),
    ("quantity(self.text) == quantity('1')", 1_000_000),
    ("isQuantity(self.text)", 1_200_000),
    ("url(self.text).getHost() == 'a'", 1_000_000),
    ("isURL(self.text)", 4_000_000),
    ("url(self.text) == url('http://a')", 1_000_000),
    ("semver(self.text).major() > 1", 1_000_000),
    ("!format.dns1123Label().validate(self.text).hasValue()", 45_978),
    ("sets.contains(self.words, ['a', 'b'])", 363_637),
    ("sets.equivalent(self.words, self.words)", 58_537),
    ("sets.intersects(self.numbers, [1, 2])", 363_637),
    ("self.words.slice(0, 2).size() == 1", 705_883),
    ("self.words.reverse().size() == 1", 480_000),
    ("self.words.distinct().size() == 1", 55_814),
    ("self.words.sort().size() == 1", 53_334),
    ("self.numbers.sort().size() == 1", 55_814),
    ("[self.words].flatten().size() == 1", 461_539),
    ("self.words.sortBy(w, w.size()).size() == 1", 30_928),
    ("lists.range(3).size() == 1", 750_000),
    ("self.?text.orValue('') == 'a'", 3_000_000),
    ("self.?text.hasValue()", 4_000_000),
    ("self.?inner.?name.orValue('x').contains('abcdefghijklmnop')", 1),
    ("self.?count.orValue(2) > 3", 3_000_000),
    ("self.pairs[?'a'].orValue('a') == 'b'", 2_400_000),
    ("optional.of(self.text).value().contains('abcdefghijklmnop')", 1),
    ("self.words[?0].orValue('a').contains('abcdefghijklmnop')", 1),
]


def _definition(name: str, schema: Json) -> Json:
    return definition(f"{name.lower()}s", name, "Namespaced", schema)


def _ruled(schema: Json, *rules: str) -> Json:
    return {**schema, "x-kubernetes-validations": [{"rule": rule} for rule in rules]}


def _asked_of_each(rule: str, items: int) -> Json:
    each = _ruled({"type": "object", "properties": ITEM}, rule)
    return {"type": "object", "properties": {"items": {"type": "array", "maxItems": items, "items": each}}}


def _named(rule: str) -> str:
    return re.sub(r"[^a-zA-Z0-9]+", "-", rule.removeprefix("self.")).strip("-")[:60]


@pytest.mark.parametrize(("rule", "items"), RULES, ids=[_named(rule) for rule, _ in RULES])
def test_a_rule_that_can_cost_too_much_is_refused(space: Workspace, rule: str, items: int) -> None:
    crd = _definition("Dear", _asked_of_each(rule, items))
    answer = space.face.send("POST", DEFINITIONS, crd, query={"dryRun": "All"})
    assert answer.refusal == (422, "Invalid")


LONG: Json = {"type": "array", "items": {"type": "string"}}
EACH_OF_EACH = "self.all(a, self.all(b, a == b))"


def _pairs(most: int) -> Json:
    """Each costs something else, so that there is an order."""
    return _ruled({**LONG, "maxItems": most, "items": {"type": "string", "maxLength": 100}}, EACH_OF_EACH)


MANY = {f"f{number}": _pairs(400 + number) for number in range(60)}
OFTEN = [{"rule": "self.all(a, self.all(b, a == b))"}]
DEEP: Json = {
    "type": "object",
    "additionalProperties": {"type": "array", "items": _ruled(TEXT, "self.contains('abcdefghijklmnop')")},
}
# Definitions by what is dear in them: their schema.
DEAR: dict[str, Json] = {
    "lists without limits": _ruled(LONG, EACH_OF_EACH),
    "texts without limits": _ruled({**LONG, "maxItems": 1000}, "self.all(a, a.matches('^[a-z]+[0-9]+$'))"),
    "values of lists of a map without limits": DEEP,
    "all together": {"type": "object", "properties": MANY},
    "two of many": {
        "type": "object",
        "properties": MANY | {"g": _ruled(LONG, EACH_OF_EACH)},
    },
    "a message": {
        **LONG,
        "x-kubernetes-validations": [
            {"rule": "true", "messageExpression": "self.map(a, self.map(b, a + b).join(',')).join(',')"}
        ],
    },
    "a change": {
        **LONG,
        "maxItems": 100,
        "x-kubernetes-validations": [{"rule": "self.all(a, oldSelf.exists(b, a == b))"}],
    },
    "a change of something that may be new": {
        **LONG,
        "maxItems": 100,
        "x-kubernetes-validations": [
            {"rule": "self.all(a, oldSelf.orValue([]).exists(b, a == b))", "optionalOldSelf": True}
        ],
    },
    "an embedded resource": _ruled(
        {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True},
        "self.metadata.name.matches('^[a-z]+[0-9]+$') && self.kind.contains(self.apiVersion)",
    ),
    "a rule that cannot be read": _ruled(LONG, EACH_OF_EACH, "self.all(a, a ==)"),
    "a rule that is no truth": _ruled(LONG, EACH_OF_EACH, "self.size()"),
    "a list of needed fields": {
        "type": "array",
        "items": _ruled(
            {"type": "object", "required": ["one", "two"], "properties": {"one": TEXT, "two": {"type": "integer"}}},
            "self.one.matches('^[a-z]+([a-z0-9-]*[a-z0-9])?$') || self.one.contains(self.one) && self.two > 3",
        ),
    },
}


@pytest.mark.parametrize("case", DEAR)
def test_a_definition_whose_rules_can_cost_too_much_says_which_do(space: Workspace, case: str) -> None:
    crd = _definition("Dear", DEAR[case])
    answer = space.face.send("POST", DEFINITIONS, crd, query={"dryRun": "All"})
    assert answer.refusal == (422, "Invalid")


def test_the_root_of_a_resource_has_rules_that_can_cost_too_much(space: Workspace) -> None:
    crd = _definition("Dear", {"type": "object", "properties": {"words": LONG}})
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["x-kubernetes-validations"] = [{"rule": "self.spec.words.all(w, w.contains(self.metadata.name))"}]
    answer = space.face.send("POST", DEFINITIONS, crd, query={"dryRun": "All"})
    assert answer.refusal == (422, "Invalid")


def test_each_version_has_rules_that_can_cost_too_much(space: Workspace) -> None:
    crd = _definition("Dear", {"type": "object", "properties": {"words": _ruled(LONG, EACH_OF_EACH)}})
    other = _definition("Dear", {"type": "object", "properties": {"texts": _pairs(800)}})["spec"]["versions"][0]
    crd["spec"]["versions"].append({**other, "name": "v2", "storage": False})
    answer = space.face.send("POST", DEFINITIONS, crd, query={"dryRun": "All"})
    assert answer.refusal == (422, "Invalid")


def test_rules_within_the_limits_are_taken(space: Workspace) -> None:
    schema = _ruled({**LONG, "maxItems": 20, "items": TEXT}, EACH_OF_EACH)
    crd = _definition("Cheap", {"type": "object", "properties": {"words": schema}})
    assert space.face.send("POST", DEFINITIONS, crd, query={"dryRun": "All"}).status == 201


def test_a_rule_that_costs_too_much_when_it_is_asked_stops_the_write(space: Workspace) -> None:
    words = {**LONG, "maxItems": 700, "items": {"type": "string", "maxLength": 5}}
    schema = {"type": "object", "properties": {"words": {**words, "x-kubernetes-validations": OFTEN}}}
    kept = Custom(space, _definition("Costly", schema))
    assert kept.create({"words": ["a"] * 10}).status == 201
    assert kept.create({"words": ["a"] * 700}, "b").refusal == (422, "Invalid")
