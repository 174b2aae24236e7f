"""Several servers over one store: what all agree on, what each sees late, and what a client meets that changes between
them.
"""

import asyncio
import math
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import pytest

from simulator.kube.api import ApiRequest, Json
from simulator.kube.server.access.rbac import Rbac
from simulator.kube.server.access.users import MASTERS
from simulator.kube.server.api_server import ApiServer
from simulator.kube.server.replica import Replica
from simulator.kube.server.tests.api_kit import (
    CONFIGMAPS,
    Client,
    Seeded,
    VirtualClock,
    configmap,
    run,
    server,
)
from simulator.kube.server.watch import Feed

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
WIDGETS = "/apis/example.test/v1/namespaces/default/widgets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Two:
    """Two replicas beside a first server, and a client of each."""

    first: ApiServer
    a: Replica
    b: Replica
    at_a: Client
    at_b: Client


def on_two(story: Callable[[Two], Coroutine[Any, Any, None]], **options: Any) -> None:
    async def main() -> None:
        first = server(**options)
        a, b = (Replica(first.store, VirtualClock(), Seeded(seed), **options) for seed in (2, 3))
        await story(Two(first=first, a=a, b=b, at_a=Client(a), at_b=Client(b)))

    run(main)


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _names(client: Client, **query: Any) -> list[str]:
    return [item["metadata"]["name"] for item in (await client.ok("GET", CONFIGMAPS, **query))["items"]]


def _open(replica: Replica, path: str = CONFIGMAPS, **query: Any) -> Feed:
    parameters = {name: str(value) for name, value in query.items()}
    return replica.open(ApiRequest(method="GET", path=path, query=parameters))


def _told(feed: Feed) -> list[tuple[str, str]]:
    """Type of each event that is there, and the name of its object, or the revision of a bookmark."""
    return [
        (event["type"], event["object"]["metadata"].get("name") or event["object"]["metadata"]["resourceVersion"])
        for event in feed.queue
    ]


def test_without_a_lag_every_replica_shows_every_write_at_once() -> None:
    async def story(two: Two) -> None:
        feed = _open(two.b)
        await two.at_a.ok("POST", CONFIGMAPS, configmap("a"))
        assert await _names(two.at_b) == await _names(two.at_b, resourceVersion="0") == ["a"]
        assert _told(feed) == [("ADDED", "a")]
        assert (two.b.revision, _now()) == (two.first.store.revision, 0)

    on_two(story)


def test_a_list_of_any_age_goes_back_in_time_when_its_client_goes_to_a_replica_that_is_behind() -> None:
    async def story(two: Two) -> None:
        two.b.set_lag(5)
        made = await two.at_a.ok("POST", CONFIGMAPS, configmap("a"))
        here = await two.at_a.ok("GET", CONFIGMAPS, resourceVersion="0")
        there = await two.at_b.ok("GET", CONFIGMAPS, resourceVersion="0")
        assert ([len(here["items"]), len(there["items"])], _now()) == ([1, 0], 0)
        before = int(made["metadata"]["resourceVersion"]) - 1
        assert there["metadata"]["resourceVersion"] == str(before) == str(two.b.revision)
        missing = await two.at_b.refused("GET", f"{CONFIGMAPS}/a", resourceVersion="0")
        assert missing == (404, "NotFound")
        await asyncio.sleep(5)
        assert await _names(two.at_b, resourceVersion="0") == ["a"]

    on_two(story)


def test_an_object_that_is_read_without_a_revision_is_the_newest_one_everywhere_and_at_once() -> None:
    async def story(two: Two) -> None:
        two.b.set_lag(60)
        made = await two.at_a.ok("POST", CONFIGMAPS, configmap("a"))
        assert await two.at_b.ok("GET", f"{CONFIGMAPS}/a") == made
        assert _now() == 0

    on_two(story)


def test_a_list_without_a_revision_is_the_newest_one_and_waits_until_the_replica_has_caught_up() -> None:
    async def story(two: Two) -> None:
        two.b.set_lag(2)
        await two.at_a.ok("POST", CONFIGMAPS, configmap("a"))
        assert (await _names(two.at_b), _now()) == (["a"], 2)

    on_two(story)


def test_a_list_without_a_revision_asks_the_store_itself_when_the_replica_does_not_catch_up_in_three_seconds() -> None:
    async def story(two: Two) -> None:
        two.b.set_lag(60)
        made = await two.at_a.ok("POST", CONFIGMAPS, configmap("a"))
        listed = await two.at_b.ok("GET", CONFIGMAPS)
        assert (len(listed["items"]), _now()) == (1, 3)
        assert listed["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]

    on_two(story)


def test_a_write_at_a_replica_that_is_behind_is_checked_against_the_newest_state() -> None:
    async def story(two: Two) -> None:
        two.b.set_lag(60)
        old = await two.at_a.ok("POST", CONFIGMAPS, configmap("a"))
        await two.at_a.ok("PUT", f"{CONFIGMAPS}/a", {**old, "data": {"x": "1"}})
        assert await two.at_b.refused("POST", CONFIGMAPS, configmap("a")) == (409, "AlreadyExists")
        assert await two.at_b.refused("PUT", f"{CONFIGMAPS}/a", {**old, "data": {"x": "2"}}) == (409, "Conflict")
        patched = await two.at_b.ok(
            "PATCH", f"{CONFIGMAPS}/a", {"data": {"y": "2"}}, content_type="application/merge-patch+json"
        )
        assert patched["data"] == {"x": "1", "y": "2"}
        await two.at_b.ok("DELETE", f"{CONFIGMAPS}/a")
        assert await _names(two.at_a) == []

    on_two(story)


def test_a_read_not_older_than_a_revision_waits_until_the_replica_has_it() -> None:
    async def story(two: Two) -> None:
        two.b.set_lag(1.5)
        revision = (await two.at_a.ok("POST", CONFIGMAPS, configmap("a")))["metadata"]["resourceVersion"]
        got = await two.at_b.ok("GET", f"{CONFIGMAPS}/a", resourceVersion=revision)
        assert (got["metadata"]["resourceVersion"], _now()) == (revision, 1.5)
        again = await two.at_a.ok("POST", CONFIGMAPS, configmap("b"))
        newer = {"resourceVersion": again["metadata"]["resourceVersion"], "resourceVersionMatch": "NotOlderThan"}
        assert (await _names(two.at_b, **newer), _now()) == (["a", "b"], 3)

    on_two(story)


@pytest.mark.parametrize("path", [CONFIGMAPS, f"{CONFIGMAPS}/a"])
def test_a_read_not_older_than_a_revision_that_a_replica_does_not_get_to_is_a_timeout_to_be_tried_again(
    path: str,
) -> None:
    async def story(two: Two) -> None:
        two.b.set_lag(60)
        known = two.b.revision
        revision = (await two.at_a.ok("POST", CONFIGMAPS, configmap("a")))["metadata"]["resourceVersion"]
        answer = await two.at_b.send("GET", path, resourceVersion=revision)
        assert (answer.status, answer.body["reason"], _now()) == (504, "Timeout", 3)
        assert answer.body["message"] == f"Timeout: Too large resource version: {revision}, current: {known}"
        assert answer.body["details"]["retryAfterSeconds"] == 1
        assert (await two.at_a.send("GET", path, resourceVersion=revision)).status == 200

    on_two(story)


def test_an_exact_list_and_the_rest_of_a_list_come_from_the_store_and_not_from_what_is_at_hand() -> None:
    async def story(two: Two) -> None:
        two.b.set_lag(60)
        for name in ("a", "b"):
            made = await two.at_a.ok("POST", CONFIGMAPS, configmap(name))
        revision = made["metadata"]["resourceVersion"]
        assert await _names(two.at_b, resourceVersion=revision, resourceVersionMatch="Exact") == ["a", "b"]
        page = await two.at_a.ok("GET", CONFIGMAPS, limit=1)
        rest = await two.at_b.ok("GET", CONFIGMAPS, limit=1, continue_=page["metadata"]["continue"])
        assert [item["metadata"]["name"] for item in rest["items"]] == ["b"]
        assert _now() == 0

    on_two(story)


def test_a_watch_tells_each_change_once_in_order_and_when_its_replica_hears_of_it() -> None:
    async def story(two: Two) -> None:
        two.a.set_lag(1)
        two.b.set_lag(3)
        feeds = [_open(replica) for replica in (two.a, two.b)]
        await two.at_a.ok("POST", CONFIGMAPS, configmap("a"))
        await asyncio.sleep(0.5)
        await two.at_b.ok("DELETE", f"{CONFIGMAPS}/a")
        assert [_told(feed) for feed in feeds] == [[], []]
        await asyncio.sleep(0.75)
        assert [_told(feed) for feed in feeds] == [[("ADDED", "a")], []]
        await asyncio.sleep(3)
        assert _told(feeds[0]) == _told(feeds[1]) == [("ADDED", "a"), ("DELETED", "a")]

    on_two(story)


def test_a_watch_from_a_revision_that_the_replica_does_not_have_yet_is_silent_until_then_and_repeats_nothing() -> None:
    async def story(two: Two) -> None:
        two.b.set_lag(90)
        revision = (await two.at_a.ok("POST", CONFIGMAPS, configmap("a")))["metadata"]["resourceVersion"]
        feed = _open(two.b, resourceVersion=revision, allowWatchBookmarks="true")
        await two.at_a.ok("POST", CONFIGMAPS, configmap("b"))
        await asyncio.sleep(80)  # a minute has passed, and no bookmark leads the client back
        assert (_told(feed), feed.closed) == ([], False)
        await asyncio.sleep(11)
        assert _told(feed) == [("ADDED", "b")]

    on_two(story)


def test_a_watch_without_a_revision_begins_with_what_the_replica_has() -> None:
    async def story(two: Two) -> None:
        await two.at_a.ok("POST", CONFIGMAPS, configmap("old"))
        two.b.set_lag(5)
        await two.at_a.ok("POST", CONFIGMAPS, configmap("new"))
        feed = _open(two.b)
        assert _told(feed) == [("ADDED", "old")]
        await asyncio.sleep(5)
        assert _told(feed) == [("ADDED", "old"), ("ADDED", "new")]

    on_two(story)


def _initial(revision: str) -> dict[str, str]:
    named = {"resourceVersion": revision} if revision else {}
    match = {"resourceVersionMatch": "NotOlderThan", "sendInitialEvents": "true"}
    return {**named, **match, "allowWatchBookmarks": "true"}


def test_initial_events_of_any_age_end_with_the_revision_that_the_replica_has() -> None:
    async def story(two: Two) -> None:
        two.b.set_lag(5)
        before = two.b.revision
        await two.at_a.ok("POST", CONFIGMAPS, configmap("a"))
        assert _told(_open(two.b, **_initial("0"))) == [("BOOKMARK", str(before))]

    on_two(story)


def test_initial_events_without_a_revision_wait_until_the_replica_is_as_new_as_the_store() -> None:
    async def story(two: Two) -> None:
        two.b.set_lag(2)
        revision = (await two.at_a.ok("POST", CONFIGMAPS, configmap("a")))["metadata"]["resourceVersion"]
        feed = _open(two.b, **_initial(""))
        await asyncio.sleep(1.9)
        assert _told(feed) == []
        await asyncio.sleep(0.2)
        assert _told(feed) == [("ADDED", "a"), ("BOOKMARK", revision)]

    on_two(story)


def test_initial_events_that_a_replica_does_not_get_to_end_in_a_timeout() -> None:
    async def story(two: Two) -> None:
        two.b.set_lag(60)
        await two.at_a.ok("POST", CONFIGMAPS, configmap("a"))
        feed = _open(two.b, **_initial(""))
        await asyncio.sleep(3.1)
        assert [(event["type"], event["object"]["code"]) for event in feed.queue] == [("ERROR", 504)]
        assert feed.closed

    on_two(story)


def test_who_leaves_while_initial_events_are_waited_for_leaves_nothing() -> None:
    async def story(two: Two) -> None:
        two.b.set_lag(2)
        await two.at_a.ok("POST", CONFIGMAPS, configmap("a"))
        feed = _open(two.b, **_initial(""))
        feed.leave()
        await asyncio.sleep(3)
        assert (_told(feed), two.b.server.watches_open) == ([], 0)

    on_two(story)


def test_a_bookmark_carries_the_revision_that_the_replica_has() -> None:
    async def story(two: Two) -> None:
        feed = _open(two.b, resourceVersion=two.b.revision, allowWatchBookmarks="true")
        two.b.set_lag(math.inf)
        known = two.b.revision
        await two.at_a.ok("POST", CONFIGMAPS, configmap("a"))
        await asyncio.sleep(61)
        assert _told(feed) == [("BOOKMARK", str(known))]

    on_two(story)


def test_a_lag_that_shrinks_lets_the_replica_catch_up_at_once_and_in_order() -> None:
    async def story(two: Two) -> None:
        two.b.set_lag(math.inf)
        feed = _open(two.b)
        for name in ("a", "b", "c"):
            await two.at_a.ok("POST", CONFIGMAPS, configmap(name))
            await asyncio.sleep(10)
        two.b.set_lag(15)
        assert _told(feed) == [("ADDED", "a"), ("ADDED", "b")]
        two.b.set_lag(0)
        assert _told(feed) == [("ADDED", "a"), ("ADDED", "b"), ("ADDED", "c")]

    on_two(story)


def test_a_lag_that_grows_delays_what_is_on_its_way() -> None:
    async def story(two: Two) -> None:
        two.b.set_lag(5)
        feed = _open(two.b)
        await two.at_a.ok("POST", CONFIGMAPS, configmap("a"))
        two.b.set_lag(20)
        await asyncio.sleep(19)
        assert _told(feed) == []
        await asyncio.sleep(2)
        assert _told(feed) == [("ADDED", "a")]

    on_two(story)


def test_a_replica_that_stops_refuses_connections_and_ends_its_watches_and_the_others_go_on() -> None:
    async def story(two: Two) -> None:
        feeds = [_open(replica) for replica in (two.a, two.b)]
        two.b.stop()
        assert [feed.closed for feed in feeds] == [False, True]
        for attempt in (two.b.open, two.b.watch):
            with pytest.raises(ConnectionRefusedError):
                attempt(ApiRequest(method="GET", path=CONFIGMAPS))
        with pytest.raises(ConnectionRefusedError):
            await two.at_b.send("GET", CONFIGMAPS)
        await two.at_a.ok("POST", CONFIGMAPS, configmap("a"))
        assert _told(feeds[0]) == [("ADDED", "a")]

    on_two(story)


def test_a_replica_that_starts_is_up_to_date_and_has_no_history() -> None:
    async def story(two: Two) -> None:
        old = two.b.revision
        two.b.set_lag(60)
        two.b.stop()
        await two.at_a.ok("POST", CONFIGMAPS, configmap("a"))
        two.b.start()
        assert await _names(two.at_b, resourceVersion="0") == ["a"]
        assert two.b.revision == two.first.store.revision
        told = list(_open(two.b, resourceVersion=old).queue)
        assert [(event["type"], event["object"]["code"]) for event in told] == [("ERROR", 410)]
        assert _told(_open(two.a, resourceVersion=old)) == [("ADDED", "a")]
        await two.at_a.ok("POST", CONFIGMAPS, configmap("b"))
        await asyncio.sleep(61)
        assert await _names(two.at_b, resourceVersion="0") == ["a", "b"]

    on_two(story)


def _definition() -> Json:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    spec = {
        "group": "example.test",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "kind": "Widget"},
        "versions": [version],
    }
    metadata = {"name": "widgets.example.test"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": spec,
    }


def _widget(name: str) -> Json:
    return {"apiVersion": "example.test/v1", "kind": "Widget", "metadata": {"name": name}}


@pytest.mark.parametrize("writer", ["first", "a", "b"])
def test_a_replica_serves_a_defined_kind_when_it_has_heard_of_it_whoever_wrote_the_definition(writer: str) -> None:
    async def story(two: Two) -> None:
        two.b.set_lag(2)
        await Client(getattr(two, writer)).ok("POST", CRDS, _definition())
        await two.at_a.ok("POST", WIDGETS, _widget("w"))
        assert (await two.at_b.send("GET", WIDGETS)).status == 404
        await asyncio.sleep(2)
        assert len((await two.at_b.ok("GET", WIDGETS))["items"]) == 1
        feed = _open(two.b, WIDGETS)
        await Client(two.first).ok("DELETE", f"{CRDS}/widgets.example.test")
        assert (await two.at_a.send("GET", WIDGETS)).status == 404
        assert (len((await two.at_b.ok("GET", WIDGETS, resourceVersion="0"))["items"]), feed.closed) == (1, False)
        await asyncio.sleep(2)
        assert (_told(feed), feed.closed) == ([("ADDED", "w"), ("DELETED", "w")], True)
        assert (await two.at_b.send("GET", WIDGETS)).status == 404

    on_two(story)


def test_a_definition_that_waits_for_another_finalizer_to_be_added_is_served_all_the_while() -> None:
    async def story(two: Two) -> None:
        crd = await two.at_a.ok("POST", CRDS, _definition())
        path = f"{CRDS}/{crd['metadata']['name']}"
        merge = "application/merge-patch+json"
        await two.at_a.ok("PATCH", path, {"metadata": {"finalizers": ["example.test/x"]}}, content_type=merge)
        await two.at_b.ok("POST", WIDGETS, _widget("w"))

    on_two(story)


def test_a_replica_that_starts_serves_the_kinds_that_are_defined_then() -> None:
    async def story(two: Two) -> None:
        two.b.stop()
        await two.at_a.ok("POST", CRDS, _definition())
        two.b.start()
        await two.at_b.ok("POST", WIDGETS, _widget("w"))
        two.b.stop()
        await two.at_a.ok("DELETE", f"{CRDS}/widgets.example.test")
        two.b.start()
        assert (await two.at_b.send("GET", WIDGETS)).status == 404

    on_two(story)


def test_a_role_holds_at_a_replica_when_it_has_heard_of_it() -> None:
    async def story(two: Two) -> None:
        api = "rbac.authorization.k8s.io"
        two.b.set_lag(2)
        rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}
        role = {"apiVersion": f"{api}/v1", "kind": "ClusterRole", "metadata": {"name": "r"}, "rules": [rule]}
        reference = {"apiGroup": api, "kind": "ClusterRole", "name": "r"}
        subject = {"apiGroup": api, "kind": "User", "name": "jane"}
        binding = {
            "apiVersion": f"{api}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "b"},
            "roleRef": reference,
            "subjects": [subject],
        }
        for plural, body in (("clusterroles", role), ("clusterrolebindings", binding)):
            path = f"/apis/{api}/v1/{plural}"
            made = await two.first.request(ApiRequest(method="POST", path=path, body=body, groups=(MASTERS,)))
            assert made.status == 201, made.body
        jane = ApiRequest(method="GET", path=f"{CONFIGMAPS}/none", user="jane")
        assert [(await each.request(jane)).status for each in (two.a, two.b)] == [404, 403]
        await asyncio.sleep(2)
        assert (await two.b.request(jane)).status == 404

    on_two(story, authorizer=Rbac)


def test_a_webhook_is_asked_by_a_replica_when_it_has_heard_of_it() -> None:
    async def deny(_: Json, review: Json) -> Json:
        return {**review, "response": {"uid": review["request"]["uid"], "allowed": False}}

    async def story(two: Two) -> None:
        group = "admissionregistration.k8s.io"
        rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["CREATE"]}
        hook = {
            "name": "deny.example.test",
            "clientConfig": {"url": "https://hooks.test/deny"},
            "rules": [rule],
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }
        kind = "ValidatingWebhookConfiguration"
        body = {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": "deny"}, "webhooks": [hook]}
        two.b.set_lag(2)
        await two.at_a.ok("POST", f"/apis/{group}/v1/validatingwebhookconfigurations", body)
        assert (await two.at_a.send("POST", CONFIGMAPS, configmap("a"))).status == 400
        await two.at_b.ok("POST", CONFIGMAPS, configmap("a"))
        await asyncio.sleep(2)
        assert (await two.at_b.send("POST", CONFIGMAPS, configmap("b"))).status == 400

    on_two(story, call_webhook=deny)
