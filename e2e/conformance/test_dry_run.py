"""dryRun=All: every verb answers as if, and nothing is stored or told to a watch."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, pod, widget
from e2e.conformance.test_apply import APPLY
from e2e.conformance.test_json_patch import JSON_PATCH, MERGE, STRATEGIC, op

pytestmark = pytest.mark.section("C.3 dryRun")

DRY = {"dryRun": "All"}


def first(space: Workspace) -> Any:
    """A ConfigMap that is there."""
    return space.bare.send("POST", space.path("configmaps"), configmap("a", {"k": "1"}))


def unchanged(space: Workspace, made: Any) -> None:
    """It is as it was, and a watch from then on tells nothing."""
    assert space.face.send("GET", space.path("configmaps", "a")).revision == made.revision
    query = {"resourceVersion": made.revision}
    assert space.face.watch(space.path("configmaps"), 1, seconds=1, query=query) == []


def test_a_dry_create_is_told_to_nobody(space: Workspace) -> None:
    made = first(space)
    answer = space.face.send("POST", space.path("configmaps"), configmap("b", {"k": "1"}), query=DRY)
    assert (answer.status, "resourceVersion" in answer.metadata) == (201, False)
    unchanged(space, made)


def test_a_dry_create_generates_a_name(space: Workspace) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "web-"}, "data": {"k": "v"}}
    assert space.face.send("POST", space.path("configmaps"), body, query=DRY).metadata["name"].startswith("web-")


def test_a_dry_create_finds_what_is_there(space: Workspace) -> None:
    first(space)
    answer = space.face.send("POST", space.path("configmaps"), configmap("a", {"k": "2"}), query=DRY)
    assert answer.refusal == (409, "AlreadyExists")


def test_a_dry_create_is_validated(space: Workspace) -> None:
    answer = space.face.send("POST", space.path("widgets"), widget("a", {"size": 50}), query=DRY)
    assert answer.refusal == (422, "Invalid")


def test_a_dry_update_keeps_the_version(space: Workspace) -> None:
    made = first(space)
    answer = space.face.send("PUT", space.path("configmaps", "a"), configmap("a", {"k": "2"}), query=DRY)
    assert (answer.body["data"], answer.revision) == ({"k": "2"}, made.revision)
    unchanged(space, made)


def test_a_dry_update_of_an_old_version_is_a_conflict(space: Workspace) -> None:
    made = first(space)
    space.bare.send("PUT", space.path("configmaps", "a"), configmap("a", {"k": "2"}))
    late = configmap("a", {"k": "3"}, resourceVersion=made.revision)
    assert space.face.send("PUT", space.path("configmaps", "a"), late, query=DRY).refusal == (409, "Conflict")


PATCHES: dict[str, tuple[str, Any, dict[str, str]]] = {
    "merge": (MERGE, {"data": {"k": "2"}}, {}),
    "json": (JSON_PATCH, [op("replace", "/data/k", "2")], {}),
    "strategic": (STRATEGIC, {"data": {"k": "2"}}, {}),
    "apply": (APPLY, configmap("a", {"k": "2"}), {"fieldManager": "one", "force": "true"}),
}


@pytest.mark.parametrize("case", PATCHES)
def test_a_dry_patch_changes_nothing(space: Workspace, case: str) -> None:
    made = first(space)
    media, patch, more = PATCHES[case]
    answer = space.face.send("PATCH", space.path("configmaps", "a"), patch, content_type=media, query={**DRY, **more})
    assert answer.body["data"] == {"k": "2"}
    unchanged(space, made)


def test_a_dry_delete_leaves_the_object(space: Workspace) -> None:
    made = first(space)
    assert space.face.send("DELETE", space.path("configmaps", "a"), query=DRY).body["status"] == "Success"
    unchanged(space, made)


def test_a_dry_delete_can_be_asked_for_in_the_body(space: Workspace) -> None:
    made = first(space)
    options = {"kind": "DeleteOptions", "apiVersion": "v1", "dryRun": ["All"]}
    assert space.face.send("DELETE", space.path("configmaps", "a"), options).body["status"] == "Success"
    unchanged(space, made)


def test_a_dry_delete_of_what_has_a_finalizer_does_not_mark_it(space: Workspace) -> None:
    body = configmap("a", {"k": "1"}, finalizers=["a.test/x"])
    made = space.bare.send("POST", space.path("configmaps"), body)
    marked = space.face.send("DELETE", space.path("configmaps", "a"), query=DRY)
    assert "deletionTimestamp" in marked.metadata
    unchanged(space, made)


def test_a_dry_deletion_of_a_collection_leaves_it(space: Workspace) -> None:
    made = space.bare.send("POST", space.path("widgets"), widget("a"))
    answer = space.bare.send("DELETE", space.path("widgets"), query=DRY)
    assert len(answer.body["items"]) == 1
    assert space.face.send("GET", space.path("widgets", "a")).revision == made.revision


def test_a_dry_status_write_changes_nothing(space: Workspace) -> None:
    made = space.bare.send("POST", space.path("widgets"), widget("a"))
    path = space.path("widgets", "a", "status")
    told = space.face.send("PATCH", path, {"status": {"phase": "x"}}, content_type=MERGE, query=DRY)
    assert told.body["status"] == {"phase": "x"}
    assert space.face.send("GET", space.path("widgets", "a")).revision == made.revision


def test_a_dry_binding_binds_nothing(space: Workspace) -> None:
    space.bare.send("POST", space.path("pods"), pod("a"))
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "a"}, "target": {"kind": "Node", "name": "n1"}}
    space.face.send("POST", space.path("pods", "a", "binding"), body, query=DRY)
    assert "nodeName" not in space.bare.send("GET", space.path("pods", "a")).body["spec"]


@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH", "DELETE"])
def test_only_all_is_a_dry_run(space: Workspace, verb: str) -> None:
    first(space)
    path = space.path("configmaps", "" if verb == "POST" else "a")
    body = None if verb == "DELETE" else {"data": {}} if verb == "PATCH" else configmap("a", {"k": "2"})
    media = MERGE if verb == "PATCH" else "application/json"
    answer = space.face.send(verb, path, body, content_type=media, query={"dryRun": "Some"})
    assert answer.refusal == (422, "Invalid")
