"""Which names, labels, annotations and owners an object may have, and with which words others are refused."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, widget
from e2e.conformance.manifests import CLUSTER_SCOPED, manifest, place

pytestmark = pytest.mark.section("C.1 names and metadata")

BAD_NAMES = {
    "upper": "Upper",
    "underscore": "a_b",
    "dash": "-a",
    "dots": "a..b",
    "empty-label": "a.",
    "long": "a" * 254,
}


@pytest.mark.parametrize("case", sorted(BAD_NAMES))
def test_a_name_is_a_dns_subdomain(space: Workspace, case: str) -> None:
    answer = space.face.send("POST", space.path("configmaps"), configmap(BAD_NAMES[case]))
    assert answer.refusal == (422, "Invalid")
    assert ("metadata.name", "FieldValueInvalid") in answer.causes


@pytest.mark.parametrize("plural", ["services", "pods", "nodes", "roles", "deployments", "persistentvolumeclaims"])
def test_each_kind_has_its_rule_for_names(space: Workspace, plural: str) -> None:
    answer = space.face.send("POST", place(plural, space.namespace), manifest(plural, "1a.B"))
    assert answer.status == (201 if plural == "roles" else 422)
    slashed = space.face.send("POST", place(plural, space.namespace), manifest(plural, "a%b"))
    assert slashed.refusal == (422, "Invalid")


def test_the_name_of_a_namespace_is_one_label(space: Workspace) -> None:
    for name in ("a.b", "a" * 64, "Ab"):
        answer = space.face.send("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        assert answer.refusal == (422, "Invalid")


def test_a_generated_name_is_the_base_and_five_characters(space: Workspace) -> None:
    body = configmap("", generateName="web-")
    del body["metadata"]["name"]
    names = {space.face.send("POST", space.path("configmaps"), body).metadata["name"] for _ in range(3)}
    assert len(names) == 3
    assert all(len(name) == 9 and set(name[4:]) <= set("bcdfghjklmnpqrstvwxz2456789") for name in names)


def test_the_base_of_a_generated_name_is_cut(space: Workspace) -> None:
    body = configmap("", generateName="a" * 70)
    del body["metadata"]["name"]
    name = space.bare.send("POST", space.path("configmaps"), body).metadata["name"]
    assert len(name) == 63
    assert name.startswith("a" * 58)


def test_a_name_that_is_given_is_not_generated(space: Workspace) -> None:
    answer = space.face.send("POST", space.path("configmaps"), configmap("a", generateName="web-"))
    assert (answer.metadata["name"], answer.metadata["generateName"]) == ("a", "web-")
    again = space.face.send("POST", space.path("configmaps"), configmap("a", generateName="web-"))
    assert again.refusal == (409, "AlreadyExists")


def test_a_base_that_makes_no_name_is_refused(space: Workspace) -> None:
    answer = space.face.send("POST", space.path("configmaps"), configmap("a", generateName="Bad_"))
    assert (answer.refusal, answer.causes) == ((422, "Invalid"), [("metadata.generateName", "FieldValueInvalid")])


BAD_LABELS: dict[str, dict[str, Any]] = {
    "long-value": {"k": "x" * 64},
    "bad-value": {"k": "a b"},
    "dash-value": {"k": "-a"},
    "bad-key": {"a b": "x"},
    "two-slashes": {"a/b/c": "x"},
    "empty-prefix": {"/a": "x"},
    "empty-name": {"a/": "x"},
    "bad-prefix": {"A_/b": "x"},
    "long-key": {"k" * 64: "x"},
}


@pytest.mark.parametrize("case", sorted(BAD_LABELS))
def test_labels_have_rules(space: Workspace, case: str) -> None:
    answer = space.face.send("POST", space.path("configmaps"), configmap("a", labels=BAD_LABELS[case]))
    assert answer.refusal == (422, "Invalid")
    assert answer.causes == [("metadata.labels", "FieldValueInvalid")] * len(answer.causes)


@pytest.mark.parametrize("case", ["bad-key", "two-slashes", "long-key", "empty-prefix"])
def test_keys_of_annotations_have_the_rules_of_labels(space: Workspace, case: str) -> None:
    answer = space.face.send("POST", space.path("configmaps"), configmap("a", annotations=BAD_LABELS[case]))
    assert answer.refusal == (422, "Invalid")
    assert space.face.send("POST", space.path("configmaps"), configmap("b", annotations={"Key": "a b"})).status == 201


def test_annotations_are_limited_in_total(space: Workspace) -> None:
    body = configmap("a", annotations={"a": "x" * 200_000, "b": "x" * 100_000})
    answer = space.face.send("POST", space.path("configmaps"), body)
    assert (answer.refusal, answer.causes) == ((422, "Invalid"), [("metadata.annotations", "FieldValueTooLong")])


def test_labels_are_checked_again_when_they_change(space: Workspace) -> None:
    space.bare.send("POST", space.path("configmaps"), configmap("a"))
    answer = space.face.send("PUT", space.path("configmaps", "a"), configmap("a", labels={"k": "a b"}))
    assert (answer.refusal, answer.causes) == ((422, "Invalid"), [("metadata.labels", "FieldValueInvalid")])


def test_every_mistake_is_named_at_once(space: Workspace) -> None:
    body = configmap("Bad", labels={"k": "a b"}, annotations={"a b": ""})
    answer = space.face.send("POST", space.path("configmaps"), body)
    assert len(answer.causes) == 3


OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "00000000-0000-4000-8000-000000000000"}
BAD_OWNERS: dict[str, list[dict[str, Any]]] = {
    "no-uid": [{**OWNER, "uid": ""}],
    "no-name": [{**OWNER, "name": ""}],
    "no-kind": [{**OWNER, "kind": ""}],
    "no-version": [{**OWNER, "apiVersion": ""}],
    "an-event": [{**OWNER, "kind": "Event"}],
    "two-controllers": [
        {**OWNER, "controller": True},
        {**OWNER, "name": "p", "uid": "00000000-0000-4000-8000-000000000001", "controller": True},
    ],
}


@pytest.mark.parametrize("case", sorted(BAD_OWNERS))
def test_owners_have_rules(space: Workspace, case: str) -> None:
    answer = space.face.send("POST", space.path("configmaps"), configmap("a", ownerReferences=BAD_OWNERS[case]))
    assert answer.refusal == (422, "Invalid")


@pytest.mark.parametrize("name", ["bare", "a b/c", "Upper_/x"])
def test_a_finalizer_is_a_qualified_name(space: Workspace, name: str) -> None:
    answer = space.face.send("POST", space.path("widgets"), widget("a", finalizers=[name]))
    assert answer.status == (422 if name != "bare" else answer.status)


@pytest.mark.parametrize("plural", ["configmaps", "widgets", "pods"])
def test_a_finalizer_cannot_be_added_while_the_object_is_being_deleted(space: Workspace, plural: str) -> None:
    hold = ["conformance.test/hold"]
    body = widget("a", finalizers=hold) if plural == "widgets" else manifest(plural, "a", finalizers=hold)
    space.bare.send("POST", space.path(plural), body)
    space.bare.send("DELETE", space.path(plural, "a"))
    patch = {"metadata": {"finalizers": [*hold, "conformance.test/more"]}}
    answer = space.face.send("PATCH", space.path(plural, "a"), patch, content_type="application/merge-patch+json")
    assert answer.refusal == (422, "Invalid")


def test_labels_of_custom_resources_are_checked_again_when_they_change(space: Workspace) -> None:
    space.bare.send("POST", space.path("widgets"), widget("a"))
    patch = {"metadata": {"labels": {"k": "a b"}}}
    answer = space.face.send("PATCH", space.path("widgets", "a"), patch, content_type="application/merge-patch+json")
    assert answer.refusal == (422, "Invalid")


@pytest.mark.parametrize("plural", ["configmaps", "pods"])
def test_a_finalizer_of_a_built_in_kind_names_whose_it_is(space: Workspace, plural: str) -> None:
    bare = space.face.send("POST", space.path(plural), manifest(plural, "a", finalizers=["bare"]))
    assert (bare.refusal, bare.causes) == ((422, "Invalid"), [("metadata.finalizers[0]", "FieldValueInvalid")])
    standard = space.face.send("POST", space.path(plural), manifest(plural, "a", finalizers=["orphan"]))
    assert standard.status == 201


def test_an_object_cannot_wait_for_its_children_and_orphan_them(space: Workspace) -> None:
    body = configmap("a", finalizers=["orphan", "foregroundDeletion"])
    assert space.face.send("POST", space.path("configmaps"), body).refusal == (422, "Invalid")


@pytest.mark.parametrize("field", ["uid", "creationTimestamp", "selfLink", "deletionTimestamp", "generation"])
def test_what_the_server_decides_cannot_be_chosen_at_birth(space: Workspace, field: str) -> None:
    value: Any = {"uid": OWNER["uid"], "generation": 7, "selfLink": "/x"}.get(field, "2001-01-01T00:00:00Z")
    born = space.face.send("POST", space.path("widgets"), widget("a", **{field: value}))
    assert born.status == 201
    assert born.metadata.get(field) != value


@pytest.mark.parametrize("field", ["creationTimestamp", "deletionTimestamp", "generateName", "generation"])
def test_what_the_server_decides_cannot_be_changed(space: Workspace, field: str) -> None:
    born = space.bare.send("POST", space.path("configmaps"), configmap("a"))
    value: Any = {"generateName": "x-", "generation": 7}.get(field, "2001-01-01T00:00:00Z")
    patch = {"metadata": {field: value}}
    answer = space.face.send("PATCH", space.path("configmaps", "a"), patch, content_type="application/merge-patch+json")
    assert answer.status in (200, 422)
    now = space.face.send("GET", space.path("configmaps", "a"))
    assert now.metadata.get("creationTimestamp") == born.metadata["creationTimestamp"]


def test_an_object_without_a_name_is_refused_by_every_kind(space: Workspace) -> None:
    for plural in ("configmaps", "pods", "roles", "nodes"):
        body = manifest(plural, "")
        assert space.face.send("POST", place(plural, space.namespace), body).status == 422
    assert "nodes" in CLUSTER_SCOPED
