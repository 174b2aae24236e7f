"""What becomes of fields that a schema does not know, and of those that nobody gave."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import definition, widget
from e2e.conformance.exhibits import MERGE, Custom, exhibits
from e2e.conformance.registration import CONFIGMAPS, Registration, patch_of

pytestmark = pytest.mark.section("C.5 pruning and defaults")

Json = dict[str, Any]
WHOLE = {"given": {"in": 7}, "null": "filled", "set": "filled"}


def _stored(space: Workspace, spec: Json, **more: Any) -> Json:
    answer = exhibits(space).create(spec, **more)
    assert answer.status == 201, answer.body
    found = dict(answer.body["spec"])
    if "defaults" not in spec:
        assert found.pop("defaults") == WHOLE
    return found


def test_unknown_fields_are_dropped_at_every_depth(space: Workspace) -> None:
    assert _stored(space, {"nobody": 1, "object": {"in": 1, "out": 2}}) == {"object": {"in": 1}}


def test_unknown_fields_in_lists_are_dropped(space: Workspace) -> None:
    assert _stored(space, {"keyed": [{"name": "a", "else": 1}]}) == {"keyed": [{"name": "a"}]}


def test_unknown_fields_at_the_root_are_dropped(space: Workspace) -> None:
    answer = exhibits(space).create({}, data={"a": "b"})
    assert "data" not in answer.body


def test_a_free_object_keeps_everything(space: Workspace) -> None:
    free = {"a": {"b": [1, {"c": None}]}, "d": None}
    assert _stored(space, {"free": free}) == {"free": free}


def test_below_a_known_field_of_a_free_object_pruning_begins_again(space: Workspace) -> None:
    given = {"known": {"in": 1, "out": 2}, "else": {"out": 3}}
    assert _stored(space, {"half": given}) == {"half": {"known": {"in": 1}, "else": {"out": 3}}}


def test_an_embedded_resource_keeps_its_type_and_metadata(space: Workspace) -> None:
    given = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "labels": {"a": "b"}}, "spec": {"size": 1}}
    assert _stored(space, {"resource": {**given, "else": 1}}) == {"resource": given}


def test_an_embedded_resource_needs_a_type(space: Workspace) -> None:
    answer = exhibits(space).create({"resource": {"spec": {"size": 1}}})
    assert answer.refusal == (422, "Invalid")


def test_unknown_metadata_of_an_embedded_resource_is_dropped(space: Workspace) -> None:
    given = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "nobody": 1}}
    found = _stored(space, {"resource": given})
    assert found["resource"]["metadata"]["name"] == "x"


def test_defaults_are_filled_in_below_a_default(space: Workspace) -> None:
    assert _stored(space, {}) == {}


def test_defaults_are_filled_in_below_what_was_given(space: Workspace) -> None:
    assert _stored(space, {"defaults": {}}) == {"defaults": {"null": "filled", "set": "filled"}}


def test_defaults_are_filled_in_in_elements_of_lists_and_maps(space: Workspace) -> None:
    given = {"list": [{}, {"x": "z"}], "table": {"a": {}, "b": {"on": False}}}
    found = _stored(space, {"defaults": given})["defaults"]
    assert found["list"] == [{"x": "y"}, {"x": "z"}]
    assert found["table"] == {"a": {"on": True}, "b": {"on": False}}


def test_null_is_a_value_only_where_it_is_allowed(space: Workspace) -> None:
    found = _stored(space, {"defaults": {"null": None, "set": None}})["defaults"]
    assert found == {"null": None, "set": "filled"}


def test_a_default_that_a_patch_takes_away_comes_back(space: Workspace) -> None:
    shown = exhibits(space)
    shown.create({"defaults": {"set": "mine"}})
    assert shown.merge({"spec": {"defaults": {"set": None}}}).body["spec"]["defaults"]["set"] == "filled"


def test_a_patch_with_unknown_fields_alone_changes_nothing(space: Workspace) -> None:
    shown = exhibits(space)
    before = shown.create({})
    after = shown.merge({"spec": {"nobody": 1}})
    assert (after.status, after.revision) == (200, before.revision)


def _changing(spec: Json) -> Json:
    return definition("laters", "Later", "Namespaced", {"type": "object", "properties": spec})


def test_what_is_stored_is_read_by_the_schema_of_today(space: Workspace) -> None:
    text = {"type": "string"}
    kept = Custom(space, _changing({"a": text, "gone": text}))
    kept.create({"a": "x", "gone": "y"})
    schema = _changing({"a": text, "b": {**text, "default": "z"}})["spec"]["versions"]
    assert space.bare.send("PATCH", kept.where, {"spec": {"versions": schema}}, content_type=MERGE).status == 200
    path = f"{kept.path}/a"
    space.face.until(lambda: space.bare.send("GET", path).body["spec"] == {"a": "x", "b": "z"})
    assert space.face.send("GET", path).body["spec"] == {"a": "x", "b": "z"}
    space.face.until(lambda: "b" in space.bare.send("GET", kept.path).body["items"][0]["spec"])
    assert space.face.send("GET", kept.path).body["items"][0]["spec"] == {"a": "x", "b": "z"}
    changed = kept.merge({"spec": {"a": "w"}})
    assert changed.body["spec"] == {"a": "w", "b": "z"}
    space.bare.send("DELETE", kept.where)


def test_what_a_webhook_leaves_is_pruned_and_gets_defaults(space: Workspace) -> None:
    changes = patch_of(
        {"op": "remove", "path": "/spec/color"},
        {"op": "add", "path": "/spec/nested", "value": {}},
        {"op": "add", "path": "/spec/nosuch", "value": 1},
    )

    def answer(request: Json) -> Json:
        return {"allowed": False} if request.get("name") == "probe" else changes

    rules = [CONFIGMAPS, {**CONFIGMAPS, "apiGroups": ["conformance.test"], "resources": ["widgets"]}]
    with Registration(space, space.bare.webhook(answer), "mutating", rules=rules) as gate:
        gate.until(400)
        made = space.face.send("POST", space.path("widgets"), widget("a", {"color": "blue"}))
    assert made.body["spec"] == {"size": 1, "color": "red", "nested": {"on": True}}
