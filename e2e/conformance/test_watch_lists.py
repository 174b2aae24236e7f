"""WatchList: a watch that begins with what is there and says where the beginning ends."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, widget

pytestmark = pytest.mark.section("C.4 reads, lists, watches")

Json = dict[str, Any]
WATCH_LIST = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
MARKED = {**WATCH_LIST, "allowWatchBookmarks": "true"}


def _fill(space: Workspace, plural: str = "widgets") -> tuple[str, str]:
    revision = ""
    for name, labels in (("a", {"x": "1"}), ("b", {})):
        data = {"k": "v"}
        body = widget(name, labels=labels) if plural == "widgets" else configmap(name, data, labels=labels)
        revision = space.bare.send("POST", space.path(plural), body).revision
    return space.path(plural), revision


def _types(events: list[Json]) -> list[str]:
    return [event["type"] for event in events]


@pytest.mark.parametrize("plural", ["widgets", "configmaps"])
@pytest.mark.parametrize("version", ["unset", "any", "old", "current"])
def test_the_beginning_ends_with_a_bookmark(space: Workspace, plural: str, version: str) -> None:
    path, revision = _fill(space, plural)
    wanted = {"unset": {}, "any": {"resourceVersion": "0"}, "old": {"resourceVersion": "1"}}
    query = {**MARKED, **wanted.get(version, {"resourceVersion": revision})}
    space.face.until(lambda: len(space.bare.send("GET", path, query={"resourceVersion": "0"}).body["items"]) == 2)
    events = space.face.watch(path, 3, query=query)
    assert _types(events) == ["ADDED", "ADDED", "BOOKMARK"]
    assert events[2]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert int(events[2]["object"]["metadata"]["resourceVersion"]) >= int(revision)


def test_a_beginning_that_is_empty_ends_at_once(space: Workspace) -> None:
    assert _types(space.face.watch(space.path("widgets"), 1, query=MARKED)) == ["BOOKMARK"]


def test_after_the_beginning_the_watch_goes_on(space: Workspace) -> None:
    path, revision = _fill(space)
    events = space.face.watch(path, 3, query={**MARKED, "resourceVersion": revision})
    space.bare.send("DELETE", path + "/a")
    end = events[2]["object"]["metadata"]["resourceVersion"]
    assert _types(space.face.watch(path, 1, query={"resourceVersion": end})) == ["DELETED"]


def test_without_bookmarks_nobody_says_where_the_beginning_ends(space: Workspace) -> None:
    path, _ = _fill(space)
    assert _types(space.face.watch(path, 3, seconds=1, query=WATCH_LIST)) == ["ADDED", "ADDED"]


def test_a_beginning_has_only_what_is_selected(space: Workspace) -> None:
    path, _ = _fill(space)
    for selector in ({"labelSelector": "x=1"}, {"fieldSelector": "metadata.name=a"}):
        assert _types(space.face.watch(path, 2, query={**MARKED, **selector})) == ["ADDED", "BOOKMARK"]


@pytest.mark.parametrize("version", ["unset", "any", "current"])
def test_a_watch_can_be_told_to_leave_the_beginning_out(space: Workspace, version: str) -> None:
    path, revision = _fill(space)
    wanted = {"unset": {}, "any": {"resourceVersion": "0"}}.get(version, {"resourceVersion": revision})
    query = {**WATCH_LIST, **wanted, "sendInitialEvents": "false"}
    assert space.face.watch(path, 1, seconds=1, query=query) == []


def test_a_beginning_of_the_future_is_waited_for_in_vain(space: Workspace) -> None:
    path, revision = _fill(space)
    events = space.face.watch(path, 1, query={**MARKED, "resourceVersion": str(int(revision) + 100_000)})
    assert (events[0]["type"], events[0]["object"]["code"]) == ("ERROR", 504)


@pytest.mark.parametrize("match", ["", "Exact", "Best"])
@pytest.mark.parametrize("initial", ["true", "false", "maybe"])
def test_initial_events_need_the_match_not_older_than(space: Workspace, match: str, initial: str) -> None:
    query = {"sendInitialEvents": initial, **({"resourceVersionMatch": match} if match else {})}
    assert space.face.watch(space.path("widgets"), 1, query=query)[0]["object"]["code"] == 422
