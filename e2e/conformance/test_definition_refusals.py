"""Definitions of custom resources that the server does not take, and what it says of them."""

from copy import deepcopy
from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import DEFINITIONS, definition
from e2e.conformance.faces import Answer

pytestmark = pytest.mark.section("C.5 definitions")

Json = dict[str, Any]
TEXT = {"type": "string"}


def _rule(**rule: Any) -> Json:
    return {"type": "string", "maxLength": 9, "x-kubernetes-validations": [rule]}


def _keyed(items: Json, *keys: str) -> Json:
    return {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": list(keys),
        "items": items,
    }


SCHEMAS: dict[str, Json] = {
    "no type": {"description": "nothing"},
    "a type that nobody knows": {"type": "text"},
    "type null": {"type": "null"},
    "a list without items": {"type": "array"},
    "items without a type": {"type": "array", "items": {}},
    "values of a map without a type": {"type": "object", "additionalProperties": {}},
    "properties and additionalProperties": {"type": "object", "properties": {"a": TEXT}, "additionalProperties": TEXT},
    "a type inside anyOf": {"type": "string", "anyOf": [{"type": "string"}]},
    "a description inside allOf": {"type": "string", "allOf": [{"description": "x"}]},
    "a default inside oneOf": {"type": "string", "oneOf": [{"default": "x"}]},
    "nullable inside not": {"type": "string", "not": {"nullable": True}},
    "uniqueItems": {"type": "array", "uniqueItems": True, "items": TEXT},
    "a pattern that is none": {"type": "string", "pattern": "("},
    "int or string with a type that keeps unknown fields": {
        "x-kubernetes-int-or-string": True,
        "x-kubernetes-preserve-unknown-fields": True,
    },
    "an embedded resource that is no object": {"type": "string", "x-kubernetes-embedded-resource": True},
    "an embedded resource without properties": {"type": "object", "x-kubernetes-embedded-resource": True},
    "a default of another type": {"type": "string", "default": 1},
    "a default outside of the enum": {"type": "string", "enum": ["a"], "default": "b"},
    "a default with unknown fields": {"type": "object", "properties": {"a": TEXT}, "default": {"b": "c"}},
    "a default that breaks a rule": {**_rule(rule="self == 'a'"), "default": "b"},
    "a list type that nobody knows": {"type": "array", "x-kubernetes-list-type": "bag", "items": TEXT},
    "a list type on a text": {"type": "string", "x-kubernetes-list-type": "set"},
    "a map type that nobody knows": {"type": "object", "x-kubernetes-map-type": "loose"},
    "a set of objects": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "object"}},
    "a list map without keys": {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "items": {"type": "object", "properties": {"a": TEXT}},
    },
    "keys without a list map": {
        "type": "array",
        "x-kubernetes-list-map-keys": ["a"],
        "items": {"type": "object", "required": ["a"], "properties": {"a": TEXT}},
    },
    "a list map of texts": _keyed(TEXT, "a"),
    "a key that is no property": _keyed({"type": "object", "properties": {"a": TEXT}}, "b"),
    "a key that may be missing": _keyed({"type": "object", "properties": {"a": TEXT}}, "a"),
    "a key that may be null": _keyed(
        {"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "nullable": True}}}, "a"
    ),
    "a key twice": _keyed({"type": "object", "required": ["a"], "properties": {"a": TEXT}}, "a", "a"),
    "a rule without a rule": _rule(rule=""),
    "a rule that does not parse": _rule(rule="self.startsWith("),
    "a rule with a function that nobody knows": _rule(rule="nosuch(self)"),
    "a rule with a variable that nobody knows": _rule(rule="self == other"),
    "a rule that is no yes or no": _rule(rule="self + 'x'"),
    "a rule with an empty message": _rule(rule="self == 'a'", message="  "),
    "a message of two lines": _rule(rule="self == 'a'", message="a\nb"),
    "a rule of two lines without a message": _rule(rule="self == 'a' ||\nself == 'b'"),
    "a message expression that is no text": _rule(rule="self == 'a'", messageExpression="1 + 1"),
    "a message expression that does not parse": _rule(rule="self == 'a'", messageExpression="'"),
    "an empty message expression": _rule(rule="self == 'a'", messageExpression=" "),
    "a reason that nobody knows": _rule(rule="self == 'a'", reason="Because"),
    "a field path to nothing": {
        "type": "object",
        "properties": {"a": TEXT},
        "x-kubernetes-validations": [{"rule": "self.a == 'b'", "fieldPath": ".b"}],
    },
    "optionalOldSelf without oldSelf": _rule(rule="self == 'a'", optionalOldSelf=True),
    "oldSelf in a list without keys": {
        "type": "array",
        "maxItems": 3,
        "items": {"type": "string", "maxLength": 3, "x-kubernetes-validations": [{"rule": "self == oldSelf"}]},
    },
    "a rule inside anyOf": {
        "type": "string",
        "anyOf": [{"x-kubernetes-validations": [{"rule": "true"}]}],
    },
}


def _changed(*steps: str | int, to: Any) -> Json:
    crd = definition("tries", "Try", "Namespaced", {"type": "object"})
    *way, last = steps
    place: Any = crd
    for step in way:
        place = place[step]
    if to is None:
        del place[last]
    else:
        place[last] = to
    return crd


def _version(**more: Any) -> Json:
    crd = definition(
        "tries", "Try", "Namespaced", {"type": "object", "properties": {"a": TEXT, "n": {"type": "number"}}}
    )
    crd["spec"]["versions"][0].update(more)
    return crd


def _two_versions(**second: Any) -> Json:
    crd = definition("tries", "Try", "Namespaced", {"type": "object"})
    crd["spec"]["versions"].append({**deepcopy(crd["spec"]["versions"][0]), **second})
    return crd


_SCALE = {"specReplicasPath": ".spec.a", "statusReplicasPath": ".status.seen"}
WHOLES: dict[str, Json] = {
    "a name that is not plural and group": _changed("metadata", "name", to="others.conformance.test"),
    "no group": _changed("spec", "group", to=""),
    "a group without a dot": _changed("spec", "group", to="conformance"),
    "a group that is no domain": _changed("spec", "group", to="Conformance.test"),
    "no plural": _changed("spec", "names", "plural", to=""),
    "no kind": _changed("spec", "names", "kind", to=""),
    "a plural with capitals": _changed("spec", "names", "plural", to="Tries"),
    "a kind with a space": _changed("spec", "names", "kind", to="Try it"),
    "the same kind and listKind": _changed("spec", "names", "listKind", to="Try"),
    "a short name with capitals": _changed("spec", "names", "shortNames", to=["Tr"]),
    "a category with capitals": _changed("spec", "names", "categories", to=["All"]),
    "a scope that nobody knows": _changed("spec", "scope", to="Everywhere"),
    "no scope": _changed("spec", "scope", to=""),
    "no schema": _changed("spec", "versions", 0, "schema", to=None),
    "no version that is stored": _changed("spec", "versions", 0, "storage", to=False),
    "a version with a bad name": _changed("spec", "versions", 0, "name", to="V1"),
    "a root that is no object": _changed("spec", "versions", 0, "schema", "openAPIV3Schema", "type", to="string"),
    "a root that may be null": _changed("spec", "versions", 0, "schema", "openAPIV3Schema", "nullable", to=True),
    "metadata with a schema": _changed(
        "spec",
        "versions",
        0,
        "schema",
        "openAPIV3Schema",
        "properties",
        "metadata",
        to={"type": "object", "properties": {"labels": {"type": "object", "additionalProperties": TEXT}}},
    ),
    "a kind that is no text": _changed(
        "spec", "versions", 0, "schema", "openAPIV3Schema", "properties", "kind", to={"type": "integer"}
    ),
    "two stored versions": _two_versions(name="v2"),
    "a version twice": _two_versions(storage=False),
    "a warning of a version that is not deprecated": _version(deprecationWarning="old"),
    "an empty warning": _version(deprecated=True, deprecationWarning=""),
    "a column without a name": _version(
        additionalPrinterColumns=[{"name": "", "type": "string", "jsonPath": ".spec.a"}]
    ),
    "a column of a type that nobody knows": _version(
        additionalPrinterColumns=[{"name": "A", "type": "text", "jsonPath": ".spec.a"}]
    ),
    "a column of a format that nobody knows": _version(
        additionalPrinterColumns=[{"name": "A", "type": "string", "format": "loud", "jsonPath": ".spec.a"}]
    ),
    "a column without a path": _version(additionalPrinterColumns=[{"name": "A", "type": "string", "jsonPath": ""}]),
    "a column with a path without a dot": _version(
        additionalPrinterColumns=[{"name": "A", "type": "string", "jsonPath": "spec.a"}]
    ),
    "a selectable field that is not there": _version(selectableFields=[{"jsonPath": ".spec.b"}]),
    "a selectable field of a number": _version(selectableFields=[{"jsonPath": ".spec.n"}]),
    "a selectable field twice": _version(selectableFields=[{"jsonPath": ".spec.a"}, {"jsonPath": ".spec.a"}]),
    "a selectable field of metadata": _version(selectableFields=[{"jsonPath": ".metadata.name"}]),
    "replicas outside of the specification": _version(
        subresources={"scale": {**_SCALE, "specReplicasPath": ".status.seen"}}
    ),
    "replicas outside of the status": _version(subresources={"scale": {**_SCALE, "statusReplicasPath": ".spec.a"}}),
    "a selector outside of both": _version(subresources={"scale": {**_SCALE, "labelSelectorPath": ".metadata.name"}}),
    "scale without paths": _version(subresources={"scale": {"specReplicasPath": "", "statusReplicasPath": ""}}),
    "a conversion that nobody knows": _changed("spec", "conversion", to={"strategy": "Magic"}),
    "a webhook conversion without a webhook": _changed("spec", "conversion", to={"strategy": "Webhook"}),
    "preserveUnknownFields": _changed("spec", "preserveUnknownFields", to=True),
    "a protected group without approval": {
        **_changed("spec", "group", to="tries.k8s.io"),
        "metadata": {"name": "tries.tries.k8s.io"},
    },
}


def _refused(space: Workspace, crd: Json) -> Answer:
    answer = space.face.send("POST", DEFINITIONS, crd)
    assert answer.refusal == (422, "Invalid"), answer.body
    return answer


@pytest.mark.parametrize("case", SCHEMAS)
def test_a_schema_that_means_nothing_is_refused_with_its_place(space: Workspace, case: str) -> None:
    spec = {"type": "object", "properties": {"x": SCHEMAS[case]}}
    answer = _refused(space, definition("tries", "Try", "Namespaced", spec))
    assert all("openAPIV3Schema.properties[spec].properties[x]" in field for field, _ in answer.causes)


@pytest.mark.parametrize("case", WHOLES)
def test_a_definition_that_contradicts_itself_is_refused(space: Workspace, case: str) -> None:
    assert _refused(space, WHOLES[case]).causes
