"""resourceVersion and resourceVersionMatch: which combinations make sense, for one object, lists and watches."""

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, widget

pytestmark = pytest.mark.section("C.4 reads, lists, watches")

UNCLEAR = ("x", "-1", "1.5", "18446744073709551616")


def _made(space: Workspace, plural: str) -> tuple[str, str]:
    path = space.path(plural)
    body = widget("a") if plural == "widgets" else configmap("a", {"k": "v"})
    return path, space.bare.send("POST", path, body).revision


@pytest.mark.parametrize("plural", ["widgets", "configmaps"])
def test_a_version_of_an_object_is_a_number(space: Workspace, plural: str) -> None:
    path, _ = _made(space, plural)
    for text in UNCLEAR:
        assert space.face.send("GET", path + "/a", query={"resourceVersion": text}).status == 500


@pytest.mark.parametrize("plural", ["widgets", "configmaps"])
def test_a_version_of_a_list_is_a_number(space: Workspace, plural: str) -> None:
    for text in UNCLEAR:
        listed = space.face.send("GET", space.path(plural), query={"resourceVersion": text})
        assert listed.refusal == (400, "BadRequest")


@pytest.mark.parametrize("plural", ["widgets", "configmaps"])
def test_an_object_is_read_at_least_as_new_as_asked(space: Workspace, plural: str) -> None:
    path, revision = _made(space, plural)
    space.face.until(lambda: space.bare.send("GET", path + "/a", query={"resourceVersion": "0"}).status == 200)
    for text in ("", "0", "1", revision):
        assert space.face.send("GET", path + "/a", query={"resourceVersion": text}).revision == revision


def test_an_object_of_the_future_is_waited_for_in_vain(space: Workspace) -> None:
    path, revision = _made(space, "widgets")
    late = space.face.send("GET", path + "/a", query={"resourceVersion": str(int(revision) + 100_000)})
    assert late.refusal == (504, "Timeout")
    assert late.body["details"]["retryAfterSeconds"] == 1


@pytest.mark.parametrize("match", ["Exact", "NotOlderThan"])
def test_a_list_of_the_future_is_waited_for_in_vain(space: Workspace, match: str) -> None:
    path, revision = _made(space, "widgets")
    query = {"resourceVersion": str(int(revision) + 100_000), "resourceVersionMatch": match}
    assert space.face.send("GET", path, query=query).refusal == (504, "Timeout")


def test_one_object_has_no_match(space: Workspace) -> None:
    path, revision = _made(space, "widgets")
    for query in ({"resourceVersionMatch": "Exact"}, {"resourceVersionMatch": "Exact", "resourceVersion": "1"}):
        assert space.face.send("GET", path + "/a", query=query).revision == revision


@pytest.mark.parametrize("match", ["Exact", "NotOlderThan", "exact", "Best"])
def test_a_match_needs_a_version(space: Workspace, match: str) -> None:
    path = space.path("widgets")
    assert space.face.send("GET", path, query={"resourceVersionMatch": match}).refusal == (422, "Invalid")


def test_no_list_is_exactly_any(space: Workspace) -> None:
    query = {"resourceVersionMatch": "Exact", "resourceVersion": "0"}
    assert space.face.send("GET", space.path("widgets"), query=query).refusal == (422, "Invalid")


def test_a_list_not_older_than_a_version_is_the_current_one(space: Workspace) -> None:
    path, revision = _made(space, "widgets")
    space.bare.send("POST", path, widget("b"))
    for text in (revision, "1"):
        query = {"resourceVersionMatch": "NotOlderThan", "resourceVersion": text}
        found = space.face.send("GET", path, query=query)
        assert [item["metadata"]["name"] for item in found.body["items"]] == ["a", "b"]


def test_an_exact_list_can_be_in_pages(space: Workspace) -> None:
    path, _ = _made(space, "widgets")
    revision = space.bare.send("POST", path, widget("b")).revision
    space.bare.send("DELETE", path + "/b")
    query = {"resourceVersionMatch": "Exact", "resourceVersion": revision, "limit": "1"}
    first = space.face.send("GET", path, query=query)
    assert (first.revision, first.metadata["remainingItemCount"]) == (revision, 1)
    rest = space.face.send("GET", path, query={"continue": first.metadata["continue"]})
    assert ([item["metadata"]["name"] for item in rest.body["items"]], rest.revision) == (["b"], revision)


def test_a_list_has_no_initial_events(space: Workspace) -> None:
    for value in ("true", "false"):
        listed = space.face.send("GET", space.path("widgets"), query={"sendInitialEvents": value})
        assert listed.refusal == (422, "Invalid")


def test_what_a_list_does_not_know_it_ignores(space: Workspace) -> None:
    path, _ = _made(space, "widgets")
    for query in ({"colour": "red"}, {"allowWatchBookmarks": "maybe"}, {"timeoutSeconds": "-1"}, {"watch": "false"}):
        assert len(space.face.send("GET", path, query=query).body["items"]) == 1


def test_a_timeout_must_be_a_number(space: Workspace) -> None:
    listed = space.face.send("GET", space.path("widgets"), query={"timeoutSeconds": "x"})
    assert listed.refusal == (400, "BadRequest")


def test_a_namespace_that_is_not_there_is_an_empty_list(space: Workspace) -> None:
    for path in ("/api/v1/namespaces/nowhere/configmaps", "/apis/conformance.test/v1/namespaces/nowhere/widgets"):
        assert space.face.send("GET", path).body["items"] == []
