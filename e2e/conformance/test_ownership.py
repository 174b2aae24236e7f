"""Who owns which field: conflicts between appliers, and what plain writes own."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, pod, widget
from e2e.conformance.test_apply import APPLY, MERGE, apply, bare

pytestmark = pytest.mark.section("C.3 managed fields")


def managers(metadata: dict[str, Any]) -> list[tuple[str, str]]:
    """Manager and operation of each entry, sorted."""
    return sorted((entry["manager"], entry["operation"]) for entry in metadata.get("managedFields") or [])


def test_another_value_for_an_applied_field_is_a_conflict(space: Workspace) -> None:
    apply(space, widget("a", {"size": 1}))
    answer = apply(space, bare("a", {"size": 2}), "two")
    assert answer.refusal == (409, "Conflict")
    assert answer.causes == [(".spec.size", "FieldManagerConflict")]


def test_several_conflicts_with_one_owner_are_told_together(space: Workspace) -> None:
    apply(space, widget("a", {"size": 1, "color": "red", "code": "abc"}))
    answer = apply(space, bare("a", {"size": 2, "color": "blue", "code": "abc"}), "two")
    assert [field for field, _ in answer.causes] == [".spec.color", ".spec.size"]


def test_conflicts_with_several_owners_are_told_by_owner(space: Workspace) -> None:
    apply(space, widget("a", {"size": 1}))
    apply(space, bare("a", {"code": "abc"}), "two")
    answer = apply(space, bare("a", {"size": 2, "code": "xyz"}), "three")
    assert len(answer.causes) == 2


def test_force_takes_the_field(space: Workspace) -> None:
    apply(space, widget("a", {"size": 1}))
    taken = apply(space, bare("a", {"size": 2}), "two", force="true")
    assert taken.body["spec"]["size"] == 2
    assert managers(taken.metadata) == [("two", "Apply")]
    assert apply(space, widget("a", {"size": 1})).refusal == (409, "Conflict")


def test_the_same_value_is_owned_together(space: Workspace) -> None:
    apply(space, widget("a", {"size": 1}))
    both = apply(space, bare("a", {"size": 1}), "two")
    assert managers(both.metadata) == [("one", "Apply"), ("two", "Apply")]
    assert apply(space, widget("a", {"size": 2})).refusal == (409, "Conflict")


def test_what_somebody_wrote_plainly_conflicts_as_well(space: Workspace) -> None:
    space.face.send("POST", space.path("configmaps"), configmap("a", {"k": "1"}))
    answer = apply(space, configmap("a", {"k": "2"}), "two")
    assert answer.refusal == (409, "Conflict")
    assert "unknown" in answer.body["message"]


def test_applying_and_updating_under_one_name_are_two_owners(space: Workspace) -> None:
    apply(space, configmap("a", {"k": "1"}))
    patch = {"data": {"k": "2"}}
    path, query = space.path("configmaps", "a"), {"fieldManager": "one"}
    changed = space.face.send("PATCH", path, patch, content_type=MERGE, query=query)
    assert managers(changed.metadata) == [("one", "Update")]
    assert apply(space, configmap("a", {"k": "3"})).refusal == (409, "Conflict")


def test_a_plain_write_takes_what_it_changes(space: Workspace) -> None:
    apply(space, widget("a", {"size": 1, "color": "red"}))
    changed = space.face.send("PATCH", space.path("widgets", "a"), {"spec": {"size": 2}}, content_type=MERGE)
    assert managers(changed.metadata) == [("one", "Apply"), ("unknown", "Update")]


def test_a_plain_write_takes_nothing_that_it_leaves_as_it_is(space: Workspace) -> None:
    first = apply(space, widget("a", {"size": 1}))
    query = {"fieldManager": "two"}
    changed = space.face.send("PUT", space.path("widgets", "a"), first.body, query=query)
    assert managers(changed.metadata) == [("one", "Apply")]


def test_what_a_plain_write_removes_nobody_owns(space: Workspace) -> None:
    apply(space, configmap("a", {"k": "1", "l": "2"}))
    path = space.path("configmaps", "a")
    changed = space.face.send("PATCH", path, {"data": {"l": None}}, content_type=MERGE)
    (entry,) = changed.metadata["managedFields"]
    assert entry["fieldsV1"] == {"f:data": {"f:k": {}}}


@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH"])
def test_a_plain_write_may_name_who_owns_it(space: Workspace, verb: str) -> None:
    query, path = {"fieldManager": "carol"}, space.path("configmaps", "a")
    if verb == "POST":
        answer = space.face.send("POST", space.path("configmaps"), configmap("a", {"k": "1"}), query=query)
    else:
        space.face.send("POST", space.path("configmaps"), configmap("a", {"k": "0"}))
        body = configmap("a", {"k": "1"}) if verb == "PUT" else {"data": {"k": "1"}}
        media = MERGE if verb == "PATCH" else "application/json"
        answer = space.face.send(verb, path, body, content_type=media, query=query)
    assert ("carol", "Update") in managers(answer.metadata)


@pytest.mark.parametrize(
    "agent",
    ["kubectl/v1.37.2 (linux/amd64) kubernetes/abc", "curl", "two words/1.0", "x" * 200 + "/1", "/1"],
    ids=["kubectl", "bare", "blank", "long", "nameless"],
)
def test_who_is_not_named_is_the_program_that_asks(space: Workspace, agent: str) -> None:
    made = space.face.send("POST", space.path("configmaps"), configmap("a", {"k": "1"}), agent=agent)
    expected = agent.partition("/")[0][:128] or "unknown"
    assert managers(made.metadata) == [(expected, "Update")]


def test_writes_of_one_owner_are_one_entry(space: Workspace) -> None:
    path = space.path("configmaps", "a")
    space.face.send("POST", space.path("configmaps"), configmap("a", {"k": "1"}))
    space.face.send("PATCH", path, {"data": {"l": "2"}}, content_type=MERGE)
    now = space.face.send("PATCH", path, {"metadata": {"labels": {"x": "y"}}}, content_type=MERGE)
    assert managers(now.metadata) == [("unknown", "Update")]


def test_a_status_write_is_an_entry_of_its_own(space: Workspace) -> None:
    space.face.send("POST", space.path("widgets"), widget("a"))
    path = space.path("widgets", "a", "status")
    told = space.face.send("PATCH", path, {"status": {"phase": "x", "seen": 1}}, content_type=MERGE)
    assert [entry.get("subresource", "") for entry in told.metadata["managedFields"]] == ["", "status"]


def test_defaults_belong_to_who_wrote_plainly_and_not_to_who_applied(space: Workspace) -> None:
    written = space.face.send("POST", space.path("widgets"), widget("a"))
    assert "f:color" in written.metadata["managedFields"][0]["fieldsV1"]["f:spec"]
    applied = apply(space, widget("b"))
    assert "f:color" not in applied.metadata["managedFields"][0]["fieldsV1"]["f:spec"]


@pytest.mark.parametrize("empty", [[], [{}]], ids=["nothing", "one-empty"])
def test_an_empty_list_of_managed_fields_may_reset_them(space: Workspace, empty: list[Any]) -> None:
    apply(space, configmap("a", {"k": "1"}))
    path = space.path("configmaps", "a")
    reset = space.face.send("PATCH", path, {"metadata": {"managedFields": empty}}, content_type=MERGE)
    assert reset.status == 200
    apply(space, configmap("a", {"k": "2"}), "two")


def test_managed_fields_can_be_edited(space: Workspace) -> None:
    first = apply(space, configmap("a", {"k": "1"}))
    (entry,) = first.metadata["managedFields"]
    renamed = {**first.body, "metadata": {**first.metadata, "managedFields": [{**entry, "manager": "heir"}]}}
    answer = space.face.send("PUT", space.path("configmaps", "a"), renamed)
    assert managers(answer.metadata) == [("heir", "Apply")]


def test_managed_fields_that_make_no_sense_are_dropped(space: Workspace) -> None:
    first = apply(space, configmap("a", {"k": "1"}))
    (entry,) = first.metadata["managedFields"]
    broken = {**entry, "fieldsV1": {"x:y": {}}}
    body = {**first.body, "metadata": {**first.metadata, "managedFields": [broken]}}
    answer = space.face.send("PUT", space.path("configmaps", "a"), body)
    assert managers(answer.metadata) == []


def test_an_applier_who_applies_nothing_owns_nothing(space: Workspace) -> None:
    apply(space, configmap("a", {"k": "1"}))
    apply(space, configmap("a", {"l": "2"}), "two")
    nothing = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    left = apply(space, nothing, "two")
    assert managers(left.metadata) == [("one", "Apply")]


def test_a_list_without_keys_has_one_owner(space: Workspace) -> None:
    body = pod("a")
    body["spec"]["containers"][0]["args"] = ["x"]
    apply(space, body)
    body["spec"]["containers"][0]["args"] = ["x", "y"]
    answer = apply(space, body, "two")
    assert answer.refusal == (409, "Conflict")


def test_items_of_a_list_are_named_by_their_key_in_conflicts(space: Workspace) -> None:
    apply(space, widget("a", {"parts": [{"name": "x", "count": 1}]}))
    answer = apply(space, bare("a", {"parts": [{"name": "x", "count": 2}]}), "two")
    assert answer.causes == [('.spec.parts[name="x"].count', "FieldManagerConflict")]


def test_keys_of_maps_are_named_in_conflicts(space: Workspace) -> None:
    apply(space, configmap("a", {"k.1": "1"}, labels={"a.test/x": "y"}))
    answer = apply(space, configmap("a", {"k.1": "2"}, labels={"a.test/x": "z"}), "two")
    assert answer.refusal == (409, "Conflict")


def test_a_conflict_with_a_status_names_the_subresource(space: Workspace) -> None:
    space.face.send("POST", space.path("widgets"), widget("a"))
    path = space.path("widgets", "a", "status")
    space.face.send("PATCH", path, {"status": {"phase": "x"}}, content_type=MERGE)
    answer = apply(space, {**bare("a"), "status": {"phase": "y"}}, "two", sub="status")
    assert answer.refusal == (409, "Conflict")


def test_a_finalizer_taken_off_is_owned_by_nobody(space: Workspace) -> None:
    apply(space, configmap("a", {"k": "1"}, finalizers=["a.test/x"]))
    path = space.path("configmaps", "a")
    now = space.face.send("PATCH", path, {"metadata": {"finalizers": None}}, content_type=MERGE)
    (entry,) = now.metadata["managedFields"]
    assert entry["fieldsV1"] == {"f:data": {"f:k": {}}}


def test_a_deletion_is_nobodys_field(space: Workspace) -> None:
    apply(space, configmap("a", {"k": "1"}, finalizers=["a.test/x"]))
    marked = space.face.send("DELETE", space.path("configmaps", "a"))
    assert managers(marked.metadata) == [("one", "Apply")]


def test_after_a_reset_plain_writes_own_nothing(space: Workspace) -> None:
    path = space.path("configmaps", "a")
    space.face.send("POST", space.path("configmaps"), configmap("a", {"k": "1"}))
    space.face.send("PATCH", path, {"metadata": {"managedFields": [{}]}}, content_type=MERGE)
    changed = space.face.send("PATCH", path, {"data": {"k": "2"}}, content_type=MERGE)
    assert managers(changed.metadata) == []


def test_who_scales_owns_the_replicas(space: Workspace) -> None:
    body = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": "a"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": pod("x")["spec"]},
        },
    }
    path, query = space.path("replicasets", "a"), {"fieldManager": "one"}
    space.bare.send("PATCH", path, body, content_type=APPLY, query=query)
    space.face.send("PATCH", f"{path}/scale", {"spec": {"replicas": 3}}, content_type=MERGE)
    answer = space.face.send("PATCH", path, body, content_type=APPLY, query=query)
    assert answer.causes == [(".spec.replicas", "FieldManagerConflict")]


@pytest.mark.parametrize("own", [{}, {"mine": "1"}], ids=["labels-of-the-template", "labels-of-its-own"])
def test_what_a_job_gets_at_birth_is_nobodys(space: Workspace, own: dict[str, str]) -> None:
    template = {
        "metadata": {"labels": {"app": "x"}},
        "spec": {"containers": [{"name": "main", "image": "busybox:1"}], "restartPolicy": "Never"},
    }
    body = {"metadata": {"name": "a", "labels": own}, "spec": {"suspend": True, "template": template}}
    path = f"/apis/batch/v1/namespaces/{space.namespace}/jobs"
    answer = space.face.send("POST", path, {"apiVersion": "batch/v1", "kind": "Job", **body})
    fields = answer.body["metadata"]["managedFields"][0]["fieldsV1"]
    assert fields["f:metadata"]["f:labels"] == {".": {}, **{f"f:{name}": {} for name in own or {"app": "x"}}}
    space.face.send("GET", f"{path}/a", accept="application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
