"""Watches: what they begin with, what they tell, and how they end."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, pod, widget

pytestmark = pytest.mark.section("C.4 reads, lists, watches")

Json = dict[str, Any]
MERGE = "application/merge-patch+json"


def _told(events: list[Json]) -> list[tuple[str, str]]:
    return [(event["type"], event["object"]["metadata"]["name"]) for event in events]


def _made(space: Workspace, name: str = "a", **labels: str) -> str:
    return space.bare.send("POST", space.path("widgets"), widget(name, labels=labels)).revision


def _relabel(space: Workspace, **labels: str | None) -> str:
    body = {"metadata": {"labels": labels}}
    return space.bare.send("PATCH", space.path("widgets", "a"), body, content_type=MERGE).revision


@pytest.mark.parametrize("plural", ["widgets", "configmaps"])
def test_a_watch_from_a_version_tells_only_what_came_after(space: Workspace, plural: str) -> None:
    path = space.path(plural)
    make = widget if plural == "widgets" else lambda name: configmap(name, {"k": "v"})
    for name in ("a", "b"):
        last = space.bare.send("POST", path, make(name)).revision
    assert space.face.watch(path, 1, seconds=1, query={"resourceVersion": last}) == []
    space.bare.send("POST", path, make("c"))
    assert _told(space.face.watch(path, 2, seconds=1, query={"resourceVersion": last})) == [("ADDED", "c")]


def test_a_deleted_object_has_the_version_of_its_deletion(space: Workspace) -> None:
    revision = _made(space)
    space.face.send("DELETE", space.path("widgets", "a"))
    other = space.face.send("POST", space.path("widgets"), widget("b")).revision
    event = space.face.watch(space.path("widgets"), 1, query={"resourceVersion": revision})[0]
    assert event["type"] == "DELETED"
    assert int(revision) < int(event["object"]["metadata"]["resourceVersion"]) < int(other)


def test_a_watch_of_the_future_waits_in_silence(space: Workspace) -> None:
    future = str(int(_made(space)) + 100_000)
    assert space.face.watch(space.path("widgets"), 1, seconds=1, query={"resourceVersion": future}) == []


def test_a_watch_of_the_future_gets_no_bookmark_that_leads_back(space: Workspace) -> None:
    query = {"resourceVersion": str(int(_made(space)) + 100_000), "allowWatchBookmarks": "true"}
    assert space.face.watch(space.path("widgets"), 1, seconds=4, query=query) == []


def test_a_watch_from_before_the_definition_has_expired(space: Workspace) -> None:
    event = space.face.watch(space.path("widgets"), 1, query={"resourceVersion": "1"})[0]
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")


@pytest.mark.parametrize("text", ["x", "-1", "1.5"])
def test_a_watch_from_what_is_no_version_fails(space: Workspace, text: str) -> None:
    event = space.face.watch(space.path("widgets"), 1, query={"resourceVersion": text})[0]
    assert (event["type"], event["object"]["code"]) == ("ERROR", 500)


@pytest.mark.parametrize("match", ["Exact", "NotOlderThan", "Best"])
def test_a_watch_has_no_match(space: Workspace, match: str) -> None:
    query = {"resourceVersionMatch": match, "resourceVersion": "1"}
    assert space.face.watch(space.path("widgets"), 1, query=query)[0]["object"]["code"] == 422


def test_a_watch_has_no_pages(space: Workspace) -> None:
    _made(space)
    assert _told(space.face.watch(space.path("widgets"), 1, query={"limit": "1"})) == [("ADDED", "a")]
    refused = space.face.watch(space.path("widgets"), 1, query={"limit": "1", "continue": "x"})
    assert refused[0]["object"]["code"] == 422


@pytest.mark.parametrize("name", ["timeoutSeconds", "limit"])
def test_numbers_of_a_watch_must_be_numbers(space: Workspace, name: str) -> None:
    assert space.face.watch(space.path("widgets"), 1, query={name: "x"})[0]["object"]["code"] == 400


def test_a_watch_refuses_a_field_that_the_kind_does_not_offer(space: Workspace) -> None:
    for plural in ("widgets", "configmaps", "pods"):
        event = space.face.watch(space.path(plural), 1, query={"fieldSelector": "spec.nothing=1"})[0]
        assert (event["type"], event["object"]["code"]) == ("ERROR", 400)


def test_an_object_that_was_never_selected_goes_unseen(space: Workspace) -> None:
    revision = _made(space)
    _relabel(space, y="1")
    space.bare.send("DELETE", space.path("widgets", "a"))
    query = {"resourceVersion": revision, "labelSelector": "x"}
    assert space.face.watch(space.path("widgets"), 1, seconds=1, query=query) == []


def test_an_object_that_ceased_to_be_selected_is_deleted_once(space: Workspace) -> None:
    revision = _made(space, x="1")
    left = _relabel(space, x=None)
    space.bare.send("DELETE", space.path("widgets", "a"))
    query = {"resourceVersion": revision, "labelSelector": "x"}
    events = space.face.watch(space.path("widgets"), 2, seconds=1, query=query)
    assert _told(events) == [("DELETED", "a")]
    assert events[0]["object"]["metadata"]["resourceVersion"] == left


def test_what_is_there_and_selected_is_added_first(space: Workspace) -> None:
    _made(space, "a", x="1")
    _made(space, "b")
    assert _told(space.face.watch(space.path("widgets"), 2, seconds=1, query={"labelSelector": "x=1"})) == [
        ("ADDED", "a")
    ]


def test_a_selected_field_that_changes_comes_and_goes(space: Workspace) -> None:
    revision = _made(space)
    for color in ("blue", "red"):
        body = {"spec": {"color": color}}
        space.bare.send("PATCH", space.path("widgets", "a"), body, content_type=MERGE)
    query = {"resourceVersion": revision, "fieldSelector": "spec.color=blue"}
    events = space.face.watch(space.path("widgets"), 2, query=query)
    assert [event["type"] for event in events] == ["ADDED", "DELETED"]


def test_a_write_that_changes_nothing_is_no_event(space: Workspace) -> None:
    revision = _made(space, x="1")
    _relabel(space, x="1")
    assert space.face.watch(space.path("widgets"), 1, seconds=1, query={"resourceVersion": revision}) == []


def test_a_status_write_is_an_event(space: Workspace) -> None:
    revision = _made(space)
    space.bare.send("PATCH", space.path("widgets", "a", "status"), {"status": {"phase": "x"}}, content_type=MERGE)
    events = space.face.watch(space.path("widgets"), 1, query={"resourceVersion": revision})
    assert (events[0]["type"], events[0]["object"]["status"]) == ("MODIFIED", {"phase": "x"})


def test_a_finalizer_makes_a_deletion_two_events(space: Workspace) -> None:
    path = space.path("widgets", "a")
    body = widget("a", finalizers=["conformance.test/hold"])
    revision = space.bare.send("POST", space.path("widgets"), body).revision
    space.bare.send("DELETE", path)
    space.bare.send("PATCH", path, {"metadata": {"finalizers": None}}, content_type=MERGE)
    events = space.face.watch(space.path("widgets"), 2, query={"resourceVersion": revision})
    assert [event["type"] for event in events] == ["MODIFIED", "DELETED"]


def test_all_namespaces_can_be_watched(space: Workspace) -> None:
    revision = _made(space, only="here")
    _relabel(space, y="1")
    query = {"resourceVersion": revision, "labelSelector": "only=here"}
    assert _told(space.face.watch("/apis/conformance.test/v1/widgets", 1, query=query)) == [("MODIFIED", "a")]


@pytest.mark.parametrize("plural", ["widgets", "configmaps"])
def test_the_old_form_of_a_path_watches_a_collection_or_one_object(space: Workspace, plural: str) -> None:
    make = widget if plural == "widgets" else lambda name: configmap(name, {"k": "v"})
    for name in ("a", "b"):
        space.bare.send("POST", space.path(plural), make(name))
    old = space.path(plural).replace("/v1/", "/v1/watch/")
    assert _told(space.face.watch(old, 2, seconds=1)) == [("ADDED", "a"), ("ADDED", "b")]
    assert _told(space.face.watch(old + "/b", 2, seconds=1)) == [("ADDED", "b")]
    assert space.face.watch(old + "/nothing", 1, seconds=1) == []


def test_one_object_is_not_watched_under_two_names(space: Workspace) -> None:
    old = space.path("configmaps", "a").replace("/v1/", "/v1/watch/")
    refused = space.face.watch(old, 1, seconds=1, query={"fieldSelector": "metadata.name=b"})
    assert refused[0]["object"]["code"] == 400


def test_nobody_gets_a_bookmark_who_has_not_asked(space: Workspace) -> None:
    revision = _made(space)
    for value in ("false", "0"):
        query = {"resourceVersion": revision, "allowWatchBookmarks": value}
        assert space.face.watch(space.path("widgets"), 1, seconds=3, query=query) == []


def test_a_pod_that_nobody_runs_is_marked_and_gone(space: Workspace) -> None:
    path = space.path("pods")
    revision = space.bare.send("POST", path, pod("a")).revision
    space.bare.send("DELETE", path + "/a")
    events = space.face.watch(path, 2, query={"resourceVersion": revision})
    assert [event["type"] for event in events] == ["MODIFIED", "DELETED"]
