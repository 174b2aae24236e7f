"""Schemas and rules of custom resources."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import DEFINITIONS, definition, install, is_established, widget

pytestmark = pytest.mark.section("C.5 custom resources")

Json = dict[str, Any]
MERGE = "application/merge-patch+json"


def test_unknown_fields_are_pruned_and_defaults_filled_in(space: Workspace) -> None:
    body = widget("a", {"shape": "round", "nested": {"off": 1}, "free": {"any": {"thing": 1}}, "color": None})
    spec = space.face.send("POST", space.path("widgets"), {**body, "extra": 1}).body["spec"]
    assert spec == {"size": 1, "color": "red", "nested": {"on": True}, "free": {"any": {"thing": 1}}}
    bare = space.face.send("POST", space.path("widgets"), widget("b", {"maybe": None})).body
    assert "extra" not in bare
    assert bare["spec"] == {"size": 1, "color": "red", "nested": {"on": True}, "maybe": None}


def test_a_schema_is_enforced_field_by_field(space: Workspace) -> None:
    cases: list[tuple[Json, str, str]] = [
        ({"size": 0}, "spec.size", "FieldValueInvalid"),
        ({"size": 11}, "spec.size", "FieldValueInvalid"),
        ({"size": "1"}, "spec.size", "FieldValueTypeInvalid"),
        ({"size": 1.5}, "spec.size", "FieldValueTypeInvalid"),
        ({"size": None}, "spec.size", "FieldValueRequired"),
        ({"color": "green"}, "spec.color", "FieldValueNotSupported"),
        ({"code": "A1"}, "spec.code", "FieldValueInvalid"),
        ({"code": "abcdef"}, "spec.code", "FieldValueTooLong"),
        ({"code": "a"}, "spec.code", "FieldValueInvalid"),
        ({"at": "yesterday"}, "spec.at", "FieldValueTypeInvalid"),
        ({"tags": ["a", "b", "c", "d"]}, "spec.tags", "FieldValueTooMany"),
        ({"tags": ["a", "a"]}, "spec.tags[1]", "FieldValueDuplicate"),
        ({"tags": "a"}, "spec.tags", "FieldValueTypeInvalid"),
        ({"parts": [{"name": "a"}, {"name": "a"}]}, "spec.parts[1]", "FieldValueDuplicate"),
        ({"parts": [{"count": 1}]}, "spec.parts[0].name", "FieldValueRequired"),
        ({"counts": {"x": -1}}, "spec.counts.x", "FieldValueInvalid"),
        ({"nested": {"on": "yes"}}, "spec.nested.on", "FieldValueTypeInvalid"),
        ({"port": True}, "spec.port", "FieldValueTypeInvalid"),
    ]
    for spec, field, reason in cases:
        answer = space.face.send("POST", space.path("widgets"), widget("a", spec))
        assert answer.refusal == (422, "Invalid"), spec
        assert (field, reason) in answer.causes, (spec, answer.body)
    missing = {key: value for key, value in widget("a").items() if key != "spec"}
    assert ("spec", "FieldValueRequired") in space.face.send("POST", space.path("widgets"), missing).causes
    good = widget("a", {"port": "http", "at": "2026-11-23T10:00:00Z", "code": "ab", "counts": {"x": 1}, "tags": ["a"]})
    assert space.face.send("POST", space.path("widgets"), good).status == 201
    assert space.face.send("POST", space.path("widgets"), widget("b", {"port": 80})).status == 201


def test_rules_are_enforced_with_their_messages(space: Workspace) -> None:
    name = space.face.send("POST", space.path("widgets"), widget("unwanted"))
    assert name.refusal == (422, "Invalid")
    assert "not this name" in name.body["message"]
    for namespace, message in (("forbidden", "not there"), ("unsaid", "nor there")):
        words = space.face.send("POST", space.path("widgets"), widget("a", {"owner": {"namespace": namespace}}))
        assert words.causes == [("spec.owner", "FieldValueInvalid")]
        assert message in words.body["message"]
    assert space.face.send("POST", space.path("widgets"), widget("a", {"owner": {"namespace": "fine"}})).status == 201


def test_rules_know_addresses_and_networks(space: Workspace) -> None:
    cases = [
        ("10.0.0.0/24", "10.0.0.7", True),
        ("10.0.0.0/24", "10.0.1.7", False),
        ("10.0.0.0/24", "10.0.0.07", False),
        ("10.0.0.0/24", "fd00::1", False),
        ("fd00::/64", "fd00::1", True),
        ("fd00::/64", "::ffff:10.0.0.1", False),
        ("fd00::/64", "fd00::1%eth0", False),
        ("10.0.0.0/33", "10.0.0.1", False),
        ("10.0.0.0", "10.0.0.1", False),
        ("10.0.0.5/24", "10.0.0.1", True),
    ]
    for number, (subnet, address, fits) in enumerate(cases):
        body = widget(f"a{number}", {"subnet": subnet, "address": address})
        answer = space.face.send("POST", space.path("widgets"), body)
        assert (answer.status == 201) == fits, (subnet, address, answer.body)
        if not fits:
            assert answer.causes == [("spec.subnet", "FieldValueInvalid")]
            assert f"address not in {subnet}" in answer.body["message"]


def test_rules_about_change_compare_with_what_was_there(space: Workspace) -> None:
    path = space.path("widgets", "a")
    parts = [{"name": "x", "count": 5}, {"name": "y", "count": 1}]
    space.face.send("POST", space.path("widgets"), widget("a", {"address": "10.0.0.1", "since": 5, "parts": parts}))

    def patch(spec: Json) -> Any:
        return space.face.send("PATCH", path, {"spec": spec}, content_type=MERGE)

    moved = patch({"address": "10.0.0.2"})
    assert (moved.refusal, moved.causes) == ((422, "Invalid"), [("spec.address", "FieldValueInvalid")])
    assert patch({"since": 4}).causes == [("spec", "FieldValueInvalid")]
    assert patch({"since": 6}).status == 200
    swapped = [{"name": "y", "count": 2}, {"name": "x", "count": 4}]
    assert patch({"parts": swapped}).causes == [("spec.parts[1].count", "FieldValueInvalid")]
    fine = [{"name": "y", "count": 2}, {"name": "x", "count": 6}, {"name": "z", "count": 0}]
    assert patch({"parts": fine}).status == 200
    assert patch({"address": None}).status == 200
    assert patch({"address": "10.0.0.9"}).status == 200


def test_what_became_invalid_is_tolerated_where_it_is_not_touched(space: Workspace) -> None:
    spec: Json = {"type": "object", "properties": {"old": {"type": "string"}, "other": {"type": "integer"}}}
    crd = definition("ratchets", "Ratchet", "Namespaced", spec, subresources={"status": {}})
    install(space.bare, crd)
    root = f"/apis/conformance.test/v1/namespaces/{space.namespace}/ratchets"
    body = {
        "apiVersion": "conformance.test/v1",
        "kind": "Ratchet",
        "metadata": {"name": "a"},
        "spec": {"old": "much too long", "other": 1},
    }
    assert space.face.send("POST", root, body).status == 201
    where = f"{DEFINITIONS}/ratchets.conformance.test"
    strict = {
        "maxLength": 3,
        "x-kubernetes-validations": [{"rule": "self.startsWith('o')", "message": "begins with o"}],
    }
    schema = [
        {
            "op": "replace",
            "path": "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/old",
            "value": {"type": "string", **strict},
        }
    ]
    assert space.face.send("PATCH", where, schema, content_type="application/json-patch+json").status == 200
    other = {**body, "metadata": {"name": "b"}}
    space.face.until(lambda: space.face.send("POST", root, other, query={"dryRun": "All"}).status == 422)
    touched = space.face.send("PATCH", f"{root}/a", {"spec": {"old": "also too long"}}, content_type=MERGE)
    assert ("spec.old", "FieldValueTooLong") in touched.causes
    beside = space.face.send("PATCH", f"{root}/a", {"spec": {"other": 2}}, content_type=MERGE)
    assert (beside.status, beside.body["spec"]) == (200, {"old": "much too long", "other": 2})
    status = space.face.send("PATCH", f"{root}/a/status", {"status": {"phase": "x"}}, content_type=MERGE)
    assert status.status == 200
    space.face.send("DELETE", where)


def test_a_definition_with_a_rule_that_cannot_be_understood_is_refused(space: Workspace) -> None:
    def refused(schema: Json) -> bool:
        crd = definition("broken", "Broken", "Namespaced", {"type": "object", "properties": {"x": schema}})
        answer = space.face.send("POST", DEFINITIONS, crd)
        return answer.refusal == (422, "Invalid")

    assert refused({"type": "string", "x-kubernetes-validations": [{"rule": "self.startsWith("}]})
    assert refused({"type": "string", "x-kubernetes-validations": [{"rule": "nosuch(self)"}]})
    assert refused({"description": "no type"})
    items = {"type": "string", "maxLength": 5, "x-kubernetes-validations": [{"rule": "self == oldSelf"}]}
    assert refused({"type": "array", "maxItems": 5, "items": items})


def test_a_definition_says_when_it_is_served(space: Workspace) -> None:
    crd = space.face.send("GET", f"{DEFINITIONS}/widgets.conformance.test").body
    assert is_established(crd)
    assert crd["status"]["storedVersions"] == ["v1"]
    assert crd["status"]["acceptedNames"]["listKind"] == "WidgetList"


def test_without_a_status_subresource_status_is_a_field_like_others(space: Workspace) -> None:
    gear = {"apiVersion": "conformance.test/v1", "kind": "Gear", "metadata": {"name": space.namespace}}
    path = "/apis/conformance.test/v1/gears"
    born = space.face.send("POST", path, {**gear, "spec": {"teeth": 3}, "status": {"phase": "x"}})
    assert (born.status, born.body["status"]) == (201, {"phase": "x"})
    assert space.face.send("PUT", f"{path}/{space.namespace}/status", born.body).status == 404
    changed = space.face.send("PUT", f"{path}/{space.namespace}", {**born.body, "status": {"phase": "y"}})
    assert (changed.body["status"], changed.metadata["generation"]) == ({"phase": "y"}, 2)


def test_a_deleted_definition_takes_its_objects_with_it(space: Workspace) -> None:
    crd = definition("flashes", "Flash", "Namespaced", {"type": "object"})
    install(space.bare, crd)
    root = f"/apis/conformance.test/v1/namespaces/{space.namespace}/flashes"
    body = {"apiVersion": "conformance.test/v1", "kind": "Flash", "metadata": {"name": "a"}, "spec": {}}
    assert space.face.send("POST", root, body).status == 201
    space.face.send("DELETE", f"{DEFINITIONS}/flashes.conformance.test")
    space.face.until(lambda: space.face.send("GET", f"{DEFINITIONS}/flashes.conformance.test").status == 404)
    space.face.until(lambda: space.face.send("GET", f"{root}/a").status == 404)
    assert space.face.send("GET", f"{root}/a").status == 404
