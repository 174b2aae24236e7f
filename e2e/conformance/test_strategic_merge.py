"""Strategic merge patches: lists that are merged by key, and the directives."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap
from e2e.conformance.faces import Answer
from e2e.conformance.test_json_patch import STRATEGIC

pytestmark = pytest.mark.section("C.3 PATCH strategic merge")

Json = dict[str, Any]


def names(items: list[Json], key: str = "name") -> list[Any]:
    """The keys of a list's elements."""
    return [item[key] for item in items]


def finalized(space: Workspace, patch: Json) -> Answer:
    """A ConfigMap with finalizers after a patch of its metadata."""
    body = configmap("a", {"k": "v"}, finalizers=["a.test/x", "a.test/y"])
    space.bare.send("POST", space.path("configmaps"), body)
    path = space.path("configmaps", "a")
    return space.face.send("PATCH", path, {"metadata": patch}, content_type=STRATEGIC)


@pytest.mark.parametrize(
    ("patch", "left"),
    [
        ({"finalizers": ["a.test/z"]}, {"a.test/x", "a.test/y", "a.test/z"}),
        ({"finalizers": ["a.test/x"]}, {"a.test/x", "a.test/y"}),
        ({"$deleteFromPrimitiveList/finalizers": ["a.test/x"]}, {"a.test/y"}),
        (
            {"$deleteFromPrimitiveList/finalizers": ["a.test/x"], "finalizers": ["a.test/z"]},
            {"a.test/y", "a.test/z"},
        ),
        ({"finalizers": None}, set()),
        ({"$setElementOrder/finalizers": ["a.test/y", "a.test/x"]}, {"a.test/x", "a.test/y"}),
    ],
    ids=["add", "again", "delete", "both", "null", "order"],
)
def test_finalizers_are_merged_value_by_value(space: Workspace, patch: Json, left: set[str]) -> None:
    assert set(finalized(space, patch).metadata.get("finalizers") or ()) == left


def test_owners_are_merged_by_uid(space: Workspace) -> None:
    owners = []
    for name in ("o", "p"):
        made = space.face.send("POST", space.path("configmaps"), configmap(name, {"k": "v"}))
        owners.append({"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": made.metadata["uid"]})
    space.bare.send("POST", space.path("configmaps"), configmap("a", {"k": "v"}, ownerReferences=owners[:1]))
    path = space.path("configmaps", "a")
    both = space.face.send("PATCH", path, {"metadata": {"ownerReferences": owners[1:]}}, content_type=STRATEGIC)
    assert sorted(names(both.metadata["ownerReferences"])) == ["o", "p"]
    gone = {"metadata": {"ownerReferences": [{"$patch": "delete", "uid": owners[0]["uid"]}]}}
    left = space.face.send("PATCH", path, gone, content_type=STRATEGIC)
    assert names(left.metadata["ownerReferences"]) == ["p"]


def test_conditions_are_merged_by_type(space: Workspace) -> None:
    path = f"/api/v1/namespaces/{space.namespace}/status"
    moment = "2024-01-01T00:00:00Z"
    for kind in ("Ready", "Initialized", "Ready"):
        condition = {"type": kind, "status": "True", "lastTransitionTime": moment}
        answer = space.face.send("PATCH", path, {"status": {"conditions": [condition]}}, content_type=STRATEGIC)
    assert sorted(names(answer.body["status"]["conditions"], "type")) == ["Initialized", "Ready"]


def test_data_is_merged_key_by_key(space: Workspace) -> None:
    space.bare.send("POST", space.path("configmaps"), configmap("a", {"k": "1", "l": "2"}))
    patch = {"data": {"k": None, "m": "3"}}
    answer = space.face.send("PATCH", space.path("configmaps", "a"), patch, content_type=STRATEGIC)
    assert answer.body["data"] == {"l": "2", "m": "3"}


def test_a_whole_object_can_be_replaced_or_deleted_by_a_directive(space: Workspace) -> None:
    space.bare.send("POST", space.path("configmaps"), configmap("a", {"k": "1"}))
    path = space.path("configmaps", "a")
    replaced = space.face.send("PATCH", path, {"data": {"$patch": "replace", "l": "2"}}, content_type=STRATEGIC)
    assert replaced.body["data"] == {"l": "2"}


@pytest.mark.parametrize("patch", [["x"], "x"], ids=["list", "text"])
def test_a_strategic_patch_is_an_object(space: Workspace, patch: Any) -> None:
    space.bare.send("POST", space.path("configmaps"), configmap("a", {"k": "v"}))
    answer = space.face.send("PATCH", space.path("configmaps", "a"), patch, content_type=STRATEGIC)
    assert answer.status >= 400
