"""Lists, selectors, pages, watches."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, pod, widget

pytestmark = pytest.mark.section("C.4 reads, lists, watches")

Json = dict[str, Any]
MERGE = "application/merge-patch+json"


def _names(items: list[Json]) -> list[str]:
    return [item["metadata"]["name"] for item in items]


def test_a_list_has_the_order_of_names_and_the_latest_version(space: Workspace) -> None:
    for name in ("b", "a", "c"):
        last = space.face.send("POST", space.path("widgets"), widget(name))
    listing = space.face.send("GET", space.path("widgets"))
    assert (listing.body["kind"], listing.body["apiVersion"]) == ("WidgetList", "conformance.test/v1")
    assert _names(listing.body["items"]) == ["a", "b", "c"]
    assert int(listing.revision) >= int(last.revision)


def test_labels_select(space: Workspace) -> None:
    for name, labels in (("a", {"x": "1"}), ("b", {"x": "2", "y": "1"}), ("c", {})):
        space.face.send("POST", space.path("widgets"), widget(name, labels=labels))
    for selector, wanted in (
        ("x=1", ["a"]),
        ("x==1", ["a"]),
        ("x!=1", ["b", "c"]),
        ("x", ["a", "b"]),
        ("!x", ["c"]),
        ("x in (1,2),y", ["b"]),
        ("x notin (1)", ["b", "c"]),
        ("x=1,y=1", []),
    ):
        found = space.face.send("GET", space.path("widgets"), query={"labelSelector": selector})
        assert _names(found.body["items"]) == wanted, selector
    assert space.face.send("GET", space.path("widgets"), query={"labelSelector": "a=="}).status == 200
    assert space.face.send("GET", space.path("widgets"), query={"labelSelector": "a=(b"}).refusal == (400, "BadRequest")


def test_fields_select_where_the_kind_offers_them(space: Workspace) -> None:
    space.face.send("POST", space.path("pods"), pod("a", node="n1"))
    space.face.send("POST", space.path("pods"), pod("b", node="n2"))
    space.face.send("POST", space.path("pods"), pod("c"))
    for selector, wanted in (
        ("spec.nodeName=n1", ["a"]),
        ("spec.nodeName!=n1", ["b", "c"]),
        ("spec.nodeName=", ["c"]),
        ("metadata.name=b,spec.nodeName=n2", ["b"]),
        ("status.phase=Pending", ["a", "b", "c"]),
        (f"metadata.namespace={space.namespace}", ["a", "b", "c"]),
    ):
        found = space.face.send("GET", space.path("pods"), query={"fieldSelector": selector})
        assert _names(found.body["items"]) == wanted, selector
    unknown = space.face.send("GET", space.path("pods"), query={"fieldSelector": "spec.color=red"})
    assert unknown.refusal == (400, "BadRequest")


def test_a_definition_can_offer_fields(space: Workspace) -> None:
    space.face.send("POST", space.path("widgets"), widget("a", {"color": "blue"}))
    space.face.send("POST", space.path("widgets"), widget("b"))
    found = space.face.send("GET", space.path("widgets"), query={"fieldSelector": "spec.color=red"})
    assert _names(found.body["items"]) == ["b"]
    other = space.face.send("GET", space.path("widgets"), query={"fieldSelector": "spec.size=1"})
    assert other.refusal == (400, "BadRequest")


def test_pages_are_of_one_snapshot(space: Workspace) -> None:
    path = space.path("widgets")
    for name in ("a", "b", "c", "d"):
        space.face.send("POST", path, widget(name))
    first = space.face.send("GET", path, query={"limit": "2"})
    assert (_names(first.body["items"]), first.metadata["remainingItemCount"]) == (["a", "b"], 2)
    space.face.send("DELETE", path + "/c")
    space.face.send("POST", path, widget("e"))
    space.face.send("PATCH", path + "/d", {"spec": {"size": 9}}, content_type=MERGE)
    query = {"limit": "2", "continue": first.metadata["continue"]}
    second = space.face.send("GET", path, query=query)
    assert _names(second.body["items"]) == ["c", "d"]
    assert second.body["items"][1]["spec"]["size"] == 1
    assert not second.metadata.get("continue")
    assert second.revision == first.revision


def test_versions_that_make_no_sense_are_refused(space: Workspace) -> None:
    path = space.path("widgets")
    future = str(int(space.face.send("GET", path).revision) + 100_000)
    late = space.face.send("GET", path, query={"resourceVersion": future})
    assert late.refusal == (504, "Timeout")
    assert late.causes == [("", "ResourceVersionTooLarge")]
    assert late.body["details"]["retryAfterSeconds"] == 1
    assert space.face.send("GET", path, query={"resourceVersion": "x"}).status in (400, 422, 500)
    match = {"resourceVersionMatch": "Exact"}
    assert space.face.send("GET", path, query=match).status == 422
    assert space.face.send("GET", path, query={**match, "resourceVersion": "0"}).status == 422
    assert space.face.send("GET", path, query={"resourceVersionMatch": "Best", "resourceVersion": "1"}).status == 422


def test_an_old_list_can_be_asked_for_exactly(space: Workspace) -> None:
    path = space.path("widgets")
    born = space.face.send("POST", path, widget("a"))
    space.face.send("DELETE", path + "/a")
    query = {"resourceVersion": born.revision, "resourceVersionMatch": "Exact"}
    then = space.face.send("GET", path, query=query)
    assert _names(then.body["items"]) == ["a"]
    assert then.revision == born.revision


def test_any_version_will_do_for_a_list_from_the_cache(space: Workspace) -> None:
    answer = space.face.send("GET", space.path("widgets"), query={"resourceVersion": "0"})
    assert answer.status == 200
    assert int(answer.revision) > 0


def test_a_watch_tells_every_change_after_a_version_in_order(space: Workspace) -> None:
    path = space.path("widgets")
    born = space.face.send("POST", path, widget("a"))
    space.face.send("PATCH", path + "/a", {"spec": {"size": 2}}, content_type=MERGE)
    space.face.send("DELETE", path + "/a")
    space.face.send("POST", path, widget("b"))
    events = space.face.watch(path, 3, query={"resourceVersion": born.revision})
    assert [(event["type"], event["object"]["metadata"]["name"]) for event in events] == [
        ("MODIFIED", "a"),
        ("DELETED", "a"),
        ("ADDED", "b"),
    ]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == sorted(set(versions))
    assert events[1]["object"]["spec"]["size"] == 2


def test_a_watch_without_a_version_begins_with_what_is_there(space: Workspace) -> None:
    path = space.path("widgets")
    for name in ("b", "a"):
        space.face.send("POST", path, widget(name))
    events = space.face.watch(path, 2)
    assert sorted((event["type"], event["object"]["metadata"]["name"]) for event in events) == [
        ("ADDED", "a"),
        ("ADDED", "b"),
    ]
    again = space.face.watch(path, 2, query={"resourceVersion": "0"})
    assert [event["type"] for event in again] == ["ADDED", "ADDED"]


def test_what_begins_or_ceases_to_match_comes_and_goes(space: Workspace) -> None:
    path = space.path("widgets")
    born = space.face.send("POST", path, widget("a"))
    for labels in ({"x": "1"}, {"x": "1", "y": "1"}, {"x": None}):
        last = space.face.send("PATCH", path + "/a", {"metadata": {"labels": labels}}, content_type=MERGE)
    query = {"resourceVersion": born.revision, "labelSelector": "x=1"}
    events = space.face.watch(path, 3, query=query)
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    assert events[2]["object"]["metadata"]["resourceVersion"] == last.revision
    assert events[2]["object"]["metadata"]["labels"] == {"x": "1", "y": "1"}


def test_a_kubelet_sees_a_pod_from_its_binding_on(space: Workspace) -> None:
    path = space.path("pods")
    born = space.face.send("POST", path, pod("a"))
    space.face.send("POST", path, pod("b", node="n2"))
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "a"}, "target": {"kind": "Node", "name": "n1"}}
    space.face.send("POST", path + "/a/binding", body)
    space.face.send("DELETE", path + "/a", {"gracePeriodSeconds": 0})
    query = {"resourceVersion": born.revision, "fieldSelector": "spec.nodeName=n1"}
    events = space.face.watch(path, 3, seconds=2, query=query)
    assert [(event["type"], event["object"]["metadata"]["name"]) for event in events] == [
        ("ADDED", "a"),
        ("MODIFIED", "a"),
        ("DELETED", "a"),
    ]
    assert events[1]["object"]["metadata"]["deletionGracePeriodSeconds"] == 0


def test_a_watch_ends_after_the_time_that_was_asked_for(space: Workspace) -> None:
    revision = space.face.send("GET", space.path("widgets")).revision
    assert space.face.watch(space.path("widgets"), 1, seconds=1, query={"resourceVersion": revision}) == []


def test_a_watch_list_marks_where_the_beginning_ends(space: Workspace) -> None:
    path = space.path("widgets")
    space.face.send("POST", path, widget("a"))
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    events = space.face.watch(path, 2, query=query)
    assert [event["type"] for event in events] == ["ADDED", "BOOKMARK"]
    assert events[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert events[1]["object"]["kind"] == "Widget"
    bad = space.face.watch(path, 1, query={"sendInitialEvents": "true"})
    assert bad[0]["object"]["code"] == 422


def test_one_object_can_be_watched_by_its_name(space: Workspace) -> None:
    path = space.path("configmaps")
    for name in ("a", "b"):
        space.face.send("POST", path, configmap(name))
    events = space.face.watch(path, 2, seconds=1, query={"fieldSelector": "metadata.name=b"})
    assert [event["object"]["metadata"]["name"] for event in events] == ["b"]
