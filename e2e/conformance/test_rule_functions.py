"""The functions that rules may call: of the language, and those that Kubernetes adds to it."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import definition
from e2e.conformance.exhibits import Custom

pytestmark = pytest.mark.section("C.5 rules")

Json = dict[str, Any]
TEXT: Json = {"type": "string", "maxLength": 20}
VALUE: Json = {
    "type": "object",
    "properties": {
        "right": {"type": "boolean"},
        "t": TEXT,
        "nope": TEXT,
        "l": {"type": "array", "maxItems": 5, "items": {"type": "integer"}},
        "d": {"type": "array", "maxItems": 5, "items": {"type": "number"}},
        "s": {"type": "array", "maxItems": 5, "items": TEXT},
        "e": {"type": "array", "maxItems": 5, "items": TEXT},
        "m": {"type": "object", "maxProperties": 5, "additionalProperties": TEXT},
    },
}
GIVEN: Json = {"t": "x", "l": [1, 3, 2], "d": [1.5, 2.5], "s": ["a", "b"], "e": [], "m": {"a": "b"}}
# What is true, by the group of the functions in it.
FUNCTIONS: dict[str, list[str]] = {
    "lists": [
        "[1,3,2].sum() == 6",
        "[1.5,2.5].sum() == 4.0",
        "[1,3,2].min() == 1 && [1,3,2].max() == 3",
        "[1u,2u].sum() == 3u",
        "[1,2,2].indexOf(2) == 1 && [1,2,2].lastIndexOf(2) == 2 && [1].indexOf(5) == -1",
        "[true,false].isSorted() == false",
        "[1,2].isSorted() && [1.0,2.0].isSorted() && [duration('1s')].isSorted()",
        "[[1]].indexOf([1]) == 0",
        "[].sum() == 0",
        "[1,2].map(x, x*2).sum() == 6",
        "self.l.sum() == 6",
        "self.l.min() == 1",
        "self.l.indexOf(3) == 1",
        "self.d.max() == 2.5",
        "self.s.indexOf('b') == 1",
        "self.e.isSorted()",
        "self.s.isSorted()",
        "[3,1,2].sort() == [1,2,3]",
        "[3,1,2].reverse() == [2,1,3]",
        "[1,1,2].distinct() == [1,2]",
        "[[1],[2]].flatten() == [1,2]",
        "[1,2,3].slice(0,2) == [1,2]",
        "lists.range(3) == [0,1,2]",
        "[1,2].first().value() == 1",
        "[{'a':2},{'a':1}].sortBy(x, x.a)[0].a == 1",
    ],
    "regex": [
        "'abc 123'.find('[0-9]+') == '123'",
        "'abc'.find('[0-9]+') == ''",
        "'a1b22'.findAll('[0-9]+') == ['1','22']",
        "'a1b22c3'.findAll('[0-9]+', 2) == ['1','22']",
        "'a1b22c3'.findAll('[0-9]+', -1).size() == 3",
        "'abc'.findAll('x') == []",
        "'aXb'.find('(?i)x') == 'X'",
    ],
    "url": [
        "isURL('https://example.com:80/a?b=c')",
        "!isURL('a b')",
        "!isURL('../rel')",
        "isURL('/abs')",
        "url('https://user:pw@example.com:8080/a%20b?x=1&x=2&y=z#frag').getScheme() == 'https'",
        "url('https://example.com:8080/a').getHost() == 'example.com:8080'",
        "url('https://example.com:8080/a').getHostname() == 'example.com'",
        "url('https://[::1]:8080/a').getHostname() == '::1'",
        "url('https://[::1]:8080/a').getHost() == '[::1]:8080'",
        "url('https://example.com:8080/a').getPort() == '8080'",
        "url('https://example.com/a b').getEscapedPath() == '/a%20b'",
        "url('https://example.com/a?x=1&x=2&y=z').getQuery() == {'x':['1','2'],'y':['z']}",
        "url('/abs').getScheme() == ''",
        "url('https://a.b/c') == url('https://a.b/c')",
    ],
    "quantity": [
        "quantity('1Gi').isGreaterThan(quantity('1G'))",
        "quantity('100m').isLessThan(quantity('1'))",
        "quantity('1').compareTo(quantity('1000m')) == 0",
        "quantity('1') == quantity('1000m')",
        "quantity('50k').asInteger() == 50000",
        "quantity('500m').isInteger() == false",
        "quantity('1.5').asApproximateFloat() == 1.5",
        "quantity('1').add(quantity('1')).compareTo(quantity('2')) == 0",
        "quantity('1').add(5) == quantity('6')",
        "quantity('5').sub(2) == quantity('3')",
        "isQuantity('1Gi') && !isQuantity('1GiB') && !isQuantity('') && isQuantity('1e3') && isQuantity('+5')",
        "quantity('50').sub(quantity('20')).asInteger() == 30",
    ],
    "ip and cidr": [
        "ip('10.0.0.1').family() == 4",
        "ip('fd00::1').family() == 6",
        "ip.isCanonical('fd00::1') && !ip.isCanonical('FD00::1')",
        "ip('FD00:0::1') == ip('fd00::1')",
        "string(ip('FD00:0::1')) == 'fd00::1'",
        "string(cidr('10.0.0.1/8')) == '10.0.0.1/8'",
        "cidr('10.0.0.1/8').ip() == ip('10.0.0.1')",
        "cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8')",
        "cidr('10.0.0.0/8').prefixLength() == 8",
        "cidr('10.0.0.0/8').containsCIDR(cidr('10.1.0.0/16'))",
        "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')",
        "cidr('10.0.0.0/8').containsIP(ip('10.1.0.0'))",
        "ip('127.0.0.1').isLoopback() && ip('224.0.0.1').isLinkLocalMulticast() && ip('169.254.0.1').isLinkLocalUnicast() && ip('8.8.8.8').isGlobalUnicast() && ip('0.0.0.0').isUnspecified()",
        "isIP('1.2.3.4') && !isIP('1.2.3') && !isIP('01.2.3.4') && !isIP('fe80::1%eth0') && !isIP('::ffff:1.2.3.4')",
        "isCIDR('10.0.0.0/8') && !isCIDR('10.0.0.0') && isCIDR('::/0')",
    ],
    "format": [
        "!format.dns1123Label().validate('Abc').hasValue() == false",
        "format.named('dns1123Label').hasValue()",
        "!format.named('nope').hasValue()",
        "format.dns1123Label().validate('Abc').value()[0].startsWith('a lowercase')",
        "format.dns1123Subdomain().validate('a.b').hasValue() == false",
        "format.dns1035Label().validate('1a').hasValue()",
        "format.qualifiedName().validate('a/b').hasValue() == false",
        "format.dns1123LabelPrefix().validate('a-').hasValue() == false",
        "format.dns1123SubdomainPrefix().validate('a.b-').hasValue() == false",
        "format.dns1035LabelPrefix().validate('a-').hasValue() == false",
        "format.labelValue().validate('a b').hasValue()",
        "format.uri().validate('https://x').hasValue() == false",
        "format.uuid().validate('x').hasValue()",
        "format.byte().validate('YQ==').hasValue() == false",
        "format.date().validate('2020-01-01').hasValue() == false",
        "format.datetime().validate('2020-01-01T00:00:00Z').hasValue() == false",
    ],
    "semver": [
        "isSemver('1.2.3') && !isSemver('1.2') && !isSemver('v1.2.3') && !isSemver('01.2.3')",
        "isSemver('v1.2', true) && isSemver('1.02.3', true) && !isSemver('x', true)",
        "semver('1.2.3').major() == 1 && semver('1.2.3').minor() == 2 && semver('1.2.3').patch() == 3",
        "semver('1.2.3-alpha').isLessThan(semver('1.2.3'))",
        "semver('1.10.0').isGreaterThan(semver('1.9.0'))",
        "semver('1.2.3+a').compareTo(semver('1.2.3+b')) == 0",
        "semver('v1.2', true) == semver('1.2.0')",
        "semver('1.0.0-rc.1').compareTo(semver('1.0.0-rc.2')) == -1",
    ],
    "sets": [
        "sets.contains([1,2,3],[2])",
        "sets.equivalent([1,1,2],[2,1])",
        "sets.intersects([1,2],[2,3]) && !sets.intersects([1],[2])",
    ],
    "two variables": [
        "[1,2,3].all(i, v, v > i)",
        "[1,2,3].exists(i, v, v == 2 && i == 1)",
        "[1,2].existsOne(i, v, v == 2)",
        "[1,2,3].transformList(i, v, v*i) == [0,2,6]",
        "[1,2,3].transformList(i, v, i > 0, v) == [2,3]",
        "{'a':1}.transformList(k, v, k) == ['a']",
        "{'a':1}.all(k, v, v == 1)",
    ],
    "strings": [
        "strings.quote('a') == '\"a\"'",
        "'abc'.charAt(1) == 'b'",
        "'abc'.indexOf('c') == 2 && 'abcabc'.indexOf('a', 1) == 3",
        "'abcabc'.lastIndexOf('a') == 3",
        "'ABC'.lowerAscii() == 'abc' && 'abc'.upperAscii() == 'ABC'",
        "' a '.trim() == 'a'",
        "'abc'.substring(1) == 'bc' && 'abc'.substring(1,2) == 'b'",
        "'a,b'.split(',') == ['a','b'] && 'a,b,c'.split(',', 2) == ['a','b,c']",
        "'abc'.replace('b','x') == 'axc' && 'aaa'.replace('a','b',2) == 'bba'",
        "'%d %s'.format([1,'a']) == '1 a'",
    ],
    "optional": [
        "optional.of(1).hasValue() && optional.of(1).value() == 1",
        "optional.none().orValue(3) == 3",
        "optional.ofNonZeroValue(0).hasValue() == false",
        "optional.of(1).or(optional.of(2)).value() == 1",
        "optional.of(1).optMap(x, x + 1).value() == 2",
        "optional.of(1).optFlatMap(x, optional.of(x)).value() == 1",
        "self.?t.hasValue() && self.?nope.orValue('d') == 'd'",
        "self.m[?'a'].hasValue() && !self.m[?'z'].hasValue()",
        "[1,2][?5].hasValue() == false",
        "{?'a': optional.of(1)} == {'a':1}",
        "[?optional.none(), 1] == [1]",
        "type(optional.of(1)) == optional_type",
    ],
    "the language": [
        "duration('1h').getHours() == 1",
        "timestamp('2020-01-01T00:00:00Z').getFullYear() == 2020",
        "type(1) == int && type('') == string && type([]) == list && type({}) == map && type(null) == null_type && type(1.0) == double && type(true) == bool && type(b'') == bytes && type(1u) == uint",
        "dyn(1) == dyn(1.0)",
        "int('5') == 5 && double('1.5') == 1.5 && string(5) == '5' && uint(5) == 5u && bool('true')",
        "bytes('a') == b'a' && string(b'a') == 'a'",
        "'a' in ['a'] && 'a' in {'a':1}",
        "has(self.t) && !has(self.nope)",
        "[1,2,3].exists_one(x, x == 2)",
        "self.l.exists(x, x == 3)",
        "self.m.all(k, self.m[k] != '')",
        "self.m.map(k, k).size() == 1",
        "size(self.m) == 1 && self.m.size() == 1",
        "'é'.size() == 1",
        "string(1.0) == '1' && string(1.5) == '1.5'",
        "string(timestamp('2020-01-01T00:00:00Z')) == '2020-01-01T00:00:00Z'",
        "string(duration('1h')) == '3600s'",
    ],
}  # What cannot be evaluated.
ERRORS: dict[str, list[str]] = {
    "lists": ["[1].filter(x, x > 5).max() == 1", "[1].filter(x, x > 5).min() == 1", "[1, 2][5] == 1"],
    "semver": ["semver('').major() == 1", "semver('1.2').major() == 1", "semver('1.02.3').major() == 1"],
    "quantity": [
        "quantity('').isInteger()",
        "quantity('1Gib').isInteger()",
        "quantity('1.2.3').isInteger()",
        "quantity('0.5').asInteger() == 1",
    ],
    "url": ["url(self.t).getHost() == ''", "url('').getHost() == ''", "url('https://a:b/').getHost() == ''"],
    "ip and cidr": [
        "ip(self.t).family() == 4",
        "ip('1.2.3').family() == 4",
        "ip('fe80::1%eth0').family() == 6",
        "ip('::ffff:1.2.3.4').family() == 6",
        "cidr('10.0.0.0').prefixLength() == 8",
        "cidr('10.0.0.0/99').prefixLength() == 8",
        "cidr('x/8').prefixLength() == 8",
    ],
    "optional": ["optional.none().value() == 1", "format.named('nope').value() == format.uuid()"],
}


def _definition(plural: str, kind: str, groups: dict[str, list[str]], rule: str) -> Json:
    fields = {
        field: {**VALUE, "x-kubernetes-validations": [{"rule": rule.format(text)}]}
        for group, texts in groups.items()
        for field, text in _named(group, texts).items()
    }
    return definition(plural, kind, "Namespaced", {"type": "object", "properties": fields})


def _named(group: str, texts: list[str]) -> dict[str, str]:
    return {f"{group.replace(' ', '')}{number}": text for number, text in enumerate(texts)}


@pytest.mark.parametrize("group", FUNCTIONS)
def test_a_function_says_what_it_says(space: Workspace, group: str) -> None:
    kept = Custom(space, _definition("calls", "Call", FUNCTIONS, "({}) == self.right"))
    fields = _named(group, FUNCTIONS[group])
    assert kept.create({field: {**GIVEN, "right": True} for field in fields}).status == 201
    wrong = kept.body({field: {**GIVEN, "right": False} for field in fields}, "b")
    answer = space.bare.send("POST", kept.path, wrong)  # not noted: the order of the causes is chance
    assert answer.causes == sorted((f"spec.{field}", "FieldValueInvalid") for field in fields)


@pytest.mark.parametrize("group", ERRORS)
def test_a_function_says_why_it_cannot(space: Workspace, group: str) -> None:
    kept = Custom(space, _definition("miscalls", "Miscall", ERRORS, "{}"))
    for field in _named(group, ERRORS[group]):
        assert kept.create({field: GIVEN}, field.lower()).refusal == (422, "Invalid")


@pytest.mark.parametrize(
    "text", ["math.greatest(1, 2) == 2", "base64.encode(b'a') == 'YQ=='", "nosuch(self)", "self.nosuch()"]
)
def test_a_function_that_there_is_not_is_refused(space: Workspace, text: str) -> None:
    crd = _definition("uncalls", "Uncall", {"any": [text]}, "{}")
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    answer = space.face.send("POST", path, crd, query={"dryRun": "All"}, part=lambda body: body["status"])
    assert answer.refusal == (422, "Invalid")
