"""Writes that are overtaken by others: which are done again by the server, and which are the client's to do again.

A webhook is asked about each write of a widget, and writes the widget's status before it answers.
"""

from typing import Any, Self

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, widget
from e2e.conformance.faces import Answer
from e2e.conformance.registration import CONFIGMAPS, Registration

pytestmark = pytest.mark.section("C.3 patch retry")

Json = dict[str, Any]
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
WIDGETS: Json = {**CONFIGMAPS, "operations": ["UPDATE"], "apiGroups": ["conformance.test"], "resources": ["widgets"]}


class Overtaker:
    """A registered webhook that overtakes the first ``times`` of what it is asked about.

    Attributes:
        asked: how often it was asked.
    """

    def __init__(self, space: Workspace, times: int, kind: str = "validating") -> None:
        self.asked = 0
        self._space = space
        self._times = times
        self._gate = Registration(space, space.bare.webhook(self._answer), kind, rules=[CONFIGMAPS, WIDGETS])

    def __enter__(self) -> Self:
        self._space.face.send("POST", self._space.path("widgets"), widget("w"))
        self._gate.__enter__()
        self._gate.until(400)
        return self

    def __exit__(self, *_: object) -> None:
        self._gate.__exit__()

    def _answer(self, request: Json) -> Json:
        if request["name"] == "probe":
            return {"allowed": False}
        self.asked += 1
        if self.asked <= self._times:
            path = self._space.path("widgets", "w", "status")
            answer = self._space.bare.aside("PATCH", path, {"status": {"seen": self.asked}}, content_type=MERGE)
            assert answer.status == 200, answer.body
        return {"allowed": True}


def _patch(space: Workspace, **metadata: Any) -> Answer:
    body = {"metadata": {"labels": {"a": "b"}, **metadata}}
    return space.face.send("PATCH", space.path("widgets", "w"), body, content_type=MERGE)


@pytest.mark.parametrize("times", [1, 6, 20])
def test_a_patch_without_a_version_is_done_again_as_often_as_it_is_overtaken(space: Workspace, times: int) -> None:
    with Overtaker(space, times) as overtaker:
        answer = _patch(space)
    assert (answer.status, answer.body["status"]["seen"]) == (200, times)
    assert overtaker.asked == times + 1


def test_what_is_applied_is_merged_again_with_what_has_overtaken_it(space: Workspace) -> None:
    body = {"apiVersion": "conformance.test/v1", "kind": "Widget", "metadata": {"name": "w", "labels": {"a": "b"}}}
    with Overtaker(space, 7) as overtaker:
        query = {"fieldManager": "one"}
        answer = space.face.send("PATCH", space.path("widgets", "w"), body, content_type=APPLY, query=query)
    assert (answer.status, answer.body["status"]["seen"], overtaker.asked) == (200, 7, 8)


@pytest.mark.parametrize(("kind", "asked"), [("validating", 1), ("mutating", 2)])
def test_a_patch_with_a_version_that_is_overtaken_is_a_conflict(space: Workspace, kind: str, asked: int) -> None:
    with Overtaker(space, 1, kind) as overtaker:
        version = space.face.send("GET", space.path("widgets", "w")).revision
        assert _patch(space, resourceVersion=version).refusal == (409, "Conflict")
    assert overtaker.asked == asked


@pytest.mark.parametrize(("kind", "asked"), [("validating", 1), ("mutating", 2)])
def test_an_update_that_is_overtaken_is_a_conflict(space: Workspace, kind: str, asked: int) -> None:
    with Overtaker(space, 1, kind) as overtaker:
        there = space.face.send("GET", space.path("widgets", "w")).body
        there["spec"]["size"] = 7
        assert space.face.send("PUT", space.path("widgets", "w"), there).refusal == (409, "Conflict")
    assert overtaker.asked == asked


def test_an_old_version_is_told_to_mutating_webhooks_before_it_is_refused(space: Workspace) -> None:
    with Overtaker(space, 0, "mutating") as overtaker:
        assert _patch(space, resourceVersion="1").refusal == (409, "Conflict")
    assert overtaker.asked == 1


def test_an_old_version_is_refused_before_validating_webhooks_are_asked(space: Workspace) -> None:
    with Overtaker(space, 0) as overtaker:
        assert _patch(space, resourceVersion="1").refusal == (409, "Conflict")
    assert overtaker.asked == 0


def test_an_update_without_a_version_is_done_again_when_it_is_overtaken(space: Workspace) -> None:
    asked = []

    def overtake(request: Json) -> Json:
        if request["name"] == "probe":
            return {"allowed": False}
        if request["name"] == "a":
            asked.append(request)
        if len(asked) == 1:  # this one is allowed for another reason than the others
            other = {"metadata": {"annotations": {"by": "another"}}}
            answer = space.bare.aside("PATCH", space.path("configmaps", "a"), other, content_type=MERGE, user="alice")
            assert answer.status == 200, answer.body
        return {"allowed": True}

    space.face.send("POST", space.path("configmaps"), configmap("a", {"x": "1"}))
    group = "rbac.authorization.k8s.io"
    rights = {
        "metadata": {"name": "alice"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "edit"},
        "subjects": [{"kind": "User", "name": "alice", "apiGroup": group}],
    }
    space.face.send("POST", f"/apis/{group}/v1/namespaces/{space.namespace}/rolebindings", rights)
    conditions = [{"name": "not-alice", "expression": "request.userInfo.username != 'alice'"}]
    with Registration(space, space.bare.webhook(overtake), matchConditions=conditions) as gate:
        gate.until(400)
        answer = space.face.send("PUT", space.path("configmaps", "a"), configmap("a", {"x": "2"}))
    assert (answer.status, len(asked)) == (200, 2)
    assert "annotations" not in answer.metadata
