"""JSON patches and merge patches: what each operation does, and what is refused in which words."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, widget
from e2e.conformance.faces import Answer

pytestmark = pytest.mark.section("C.3 PATCH JSON and merge")

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


def patched(space: Workspace, operations: Any, spec: dict[str, Any] | None = None) -> Answer:
    """A Widget after a JSON patch."""
    space.bare.send("POST", space.path("widgets"), widget("a", {"size": 1, "tags": ["x", "y"], **(spec or {})}))
    return space.face.send("PATCH", space.path("widgets", "a"), operations, content_type=JSON_PATCH)


def op(name: str, path: str, *value: Any, **more: Any) -> dict[str, Any]:
    """One operation."""
    return {"op": name, "path": path, **({"value": value[0]} if value else {}), **more}


@pytest.mark.parametrize(
    ("operations", "tags"),
    [
        ([op("add", "/spec/tags/0", "w")], ["w", "x", "y"]),
        ([op("add", "/spec/tags/1", "w")], ["x", "w", "y"]),
        ([op("add", "/spec/tags/-", "w")], ["x", "y", "w"]),
        ([op("add", "/spec/tags", ["w"])], ["w"]),
        ([op("remove", "/spec/tags/0")], ["y"]),
        ([op("replace", "/spec/tags/1", "w")], ["x", "w"]),
        ([op("move", "/spec/tags/0", **{"from": "/spec/tags/1"})], ["y", "x"]),
        ([op("copy", "/spec/tags", **{"from": "/metadata/finalizers"})], None),
        ([op("add", "/spec/tags")], None),
        ([op("add", "/spec/tags/-2", "w")], ["x", "w", "y"]),
        ([op("remove", "/spec/tags/-1")], ["x"]),
        ([op("test", "/spec/tags", ["x", "y"]), op("remove", "/spec/tags")], None),
        ([], ["x", "y"]),
    ],
    ids=[
        "first",
        "between",
        "last",
        "whole",
        "remove",
        "replace",
        "move",
        "copy-nothing",
        "add-nothing",
        "from-end",
        "remove-last",
        "test",
        "nothing",
    ],
)
def test_an_operation_does_what_it_says(space: Workspace, operations: Any, tags: list[str] | None) -> None:
    assert patched(space, operations).body["spec"].get("tags") == tags


@pytest.mark.parametrize(
    "operations",
    [
        [op("test", "/spec/size", 2)],
        [op("test", "/spec/nope", 2)],
        [op("test", "/spec/tags/5", "x")],
        [op("remove", "/spec/nope")],
        [op("remove", "/spec/tags/2")],
        [op("replace", "/spec/nope/deeper", 1)],
        [op("add", "/spec/nope/deeper", 1)],
        [op("add", "/spec/tags/9", "x")],
        [op("add", "/spec/tags/one", "x")],
        [op("move", "/spec/tags", **{"from": "/spec/nope"})],
    ],
    ids=[
        "test",
        "test-absent",
        "test-beyond",
        "remove-absent",
        "remove-beyond",
        "replace-below",
        "add-below",
        "add-beyond",
        "add-word",
        "move-absent",
    ],
)
def test_an_operation_that_cannot_be_done_is_refused(space: Workspace, operations: Any) -> None:
    assert patched(space, operations).status >= 400


@pytest.mark.parametrize(
    "operations",
    [
        {"op": "add"},
        ["add"],
        [op("grow", "/spec/size", 2)],
        [{"path": "/spec/size", "value": 2}],
        [{"op": "replace", "value": 2}],
        [op("move", "/spec/tags")],
        [op("test", "/spec/size", True)],
        [{"op": "replace", "path": 5, "value": 2}],
    ],
    ids=["object", "text", "unknown", "no-op", "no-path", "no-from", "truth", "number"],
)
def test_a_malformed_patch_is_refused(space: Workspace, operations: Any) -> None:
    assert patched(space, operations).status >= 400


def test_steps_of_a_pointer_are_escaped(space: Workspace) -> None:
    patch = [op("test", "/spec/free/a~1b~0c", 1), op("remove", "/spec/free/a~1b~0c")]
    assert patched(space, patch, {"free": {"a/b~c": 1, "k": 2}}).body["spec"]["free"] == {"k": 2}


def test_replacing_what_is_not_there_adds_it(space: Workspace) -> None:
    assert patched(space, [op("replace", "/spec/code", "abc")]).body["spec"]["code"] == "abc"


def test_what_stands_before_the_first_slash_is_ignored(space: Workspace) -> None:
    assert patched(space, [op("replace", "root/spec/size", 2)]).body["spec"]["size"] == 2


def test_a_patch_has_ten_thousand_operations_at_most(space: Workspace) -> None:
    many = [op("test", "/spec/size", 1)] * 10_001
    assert patched(space, many).refusal == (413, "RequestEntityTooLarge")


@pytest.mark.parametrize("media", [MERGE, JSON_PATCH], ids=["merge", "json"])
def test_a_patch_cannot_rename(space: Workspace, media: str) -> None:
    space.bare.send("POST", space.path("configmaps"), configmap("a", {"k": "v"}))
    patch: Any = {"metadata": {"name": "b"}} if media == MERGE else [op("replace", "/metadata/name", "b")]
    answer = space.face.send("PATCH", space.path("configmaps", "a"), patch, content_type=media)
    assert answer.refusal == (400, "BadRequest")


def test_a_patch_cannot_give_another_identity(space: Workspace) -> None:
    space.bare.send("POST", space.path("configmaps"), configmap("a", {"k": "v"}))
    patch = {"metadata": {"uid": "00000000-0000-4000-8000-000000000000"}}
    answer = space.face.send("PATCH", space.path("configmaps", "a"), patch, content_type=MERGE)
    assert answer.refusal == (422, "Invalid")
    space.bare.send("POST", space.path("widgets"), widget("a"))
    assert space.face.send("PATCH", space.path("widgets", "a"), patch, content_type=MERGE).status == 422


def test_a_patch_may_name_the_version_that_is_there(space: Workspace) -> None:
    first = space.face.send("POST", space.path("widgets"), widget("a"))
    patch = {"metadata": {"resourceVersion": first.revision}, "spec": {"size": 2}}
    assert space.face.send("PATCH", space.path("widgets", "a"), patch, content_type=MERGE).status == 200
    test = [op("test", "/metadata/resourceVersion", "1"), op("replace", "/spec/size", 3)]
    answer = space.face.send("PATCH", space.path("widgets", "a"), test, content_type=JSON_PATCH)
    assert answer.refusal == (422, "Invalid")


def test_a_patch_must_be_of_a_media_type_that_is_known(space: Workspace) -> None:
    space.bare.send("POST", space.path("widgets"), widget("a"))
    space.bare.send("POST", space.path("configmaps"), configmap("a", {"k": "v"}))
    for plural in ("widgets", "configmaps"):
        for media in ("application/json", "text/plain"):
            answer = space.face.send("PATCH", space.path(plural, "a"), {}, content_type=media)
            assert answer.refusal == (415, "UnsupportedMediaType")


def test_custom_resources_know_no_strategic_patch(space: Workspace) -> None:
    space.bare.send("POST", space.path("widgets"), widget("a"))
    answer = space.face.send("PATCH", space.path("widgets", "a"), {"spec": {}}, content_type=STRATEGIC)
    assert answer.refusal == (415, "UnsupportedMediaType")


@pytest.mark.parametrize("patch", [["x"], "x", 1], ids=["list", "text", "number"])
@pytest.mark.parametrize("plural", ["widgets", "configmaps"])
def test_a_merge_patch_is_an_object(space: Workspace, plural: str, patch: Any) -> None:
    space.bare.send("POST", space.path("widgets"), widget("a"))
    space.bare.send("POST", space.path("configmaps"), configmap("a", {"k": "v"}))
    assert space.face.send("PATCH", space.path(plural, "a"), patch, content_type=MERGE).status == 400


@pytest.mark.parametrize(
    ("patch", "free"),
    [
        ({"free": {"k": None}}, {"l": {"m": 1, "n": 2}}),
        ({"free": {"l": {"m": None}}}, {"k": 1, "l": {"n": 2}}),
        ({"free": {"k": [1, None, {"x": None}]}}, {"k": [1, None, {}], "l": {"m": 1, "n": 2}}),
        ({"free": {"l": 5}}, {"k": 1, "l": 5}),
        ({"free": {"k": {"o": None, "p": 1}}}, {"k": {"p": 1}, "l": {"m": 1, "n": 2}}),
        ({"free": None}, None),
        ({}, {"k": 1, "l": {"m": 1, "n": 2}}),
    ],
    ids=["null", "deep-null", "list", "scalar", "new-object", "whole", "nothing"],
)
def test_a_merge_patch_is_laid_over_what_is_there(space: Workspace, patch: Any, free: Any) -> None:
    space.bare.send("POST", space.path("widgets"), widget("a", {"free": {"k": 1, "l": {"m": 1, "n": 2}}}))
    answer = space.face.send("PATCH", space.path("widgets", "a"), {"spec": patch}, content_type=MERGE)
    assert answer.body["spec"].get("free") == free


def test_a_patch_of_the_status_leaves_the_rest(space: Workspace) -> None:
    space.bare.send("POST", space.path("widgets"), widget("a"))
    patch = [op("add", "/status", {"phase": "x"}), op("replace", "/spec/size", 5)]
    answer = space.face.send("PATCH", space.path("widgets", "a", "status"), patch, content_type=JSON_PATCH)
    assert (answer.body["status"], answer.body["spec"]["size"]) == ({"phase": "x"}, 1)


def test_a_patch_that_leaves_something_invalid_is_refused(space: Workspace) -> None:
    assert patched(space, [op("replace", "/spec/size", 50)]).refusal == (422, "Invalid")


def test_a_patch_of_what_is_not_there_is_not_found(space: Workspace) -> None:
    for media, patch in ((MERGE, {}), (JSON_PATCH, []), (STRATEGIC, {})):
        path = space.path("configmaps", "none")
        body: Any = patch
        assert space.face.send("PATCH", path, body, content_type=media).refusal == (404, "NotFound")
