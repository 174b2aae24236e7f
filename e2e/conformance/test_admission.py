"""Admission webhooks: when they are asked, and what their answers do."""

import json
from base64 import b64encode
from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap
from e2e.conformance.registration import ROOT, Registration

pytestmark = pytest.mark.section("C.5 admission")

Json = dict[str, Any]


def test_a_webhook_that_cannot_be_reached_stops_the_write_unless_told_to_be_ignored(space: Workspace) -> None:
    with Registration(space, {"url": "https://127.0.0.1:1/gate"}) as gate:
        assert gate.body["webhooks"][0]["failurePolicy"] == "Fail"
        answer = gate.until(500)
        assert answer.refusal == (500, "InternalError")
        assert "gate.conformance.test" in answer.body["message"]
        gate.change(failurePolicy="Ignore")
        gate.until(201)


def test_a_webhook_is_told_the_request_and_its_no_is_the_answer(space: Workspace) -> None:
    asked: list[Json] = []
    response: Json = {"allowed": False}

    def handler(request: Json) -> Json:
        if request["name"] != "probe":
            asked.append(request)
        return response

    path = space.path("configmaps")
    with Registration(space, space.face.webhook(handler)) as gate:
        bare = gate.until(400)
        assert "gate.conformance.test" in bare.body["message"]
        assert "reason" not in bare.body
        response.update(status={"code": 422, "reason": "Invalid", "message": "not so"})
        told = space.face.send("POST", path, configmap("a"))
        assert told.refusal == (422, "Invalid")
        assert "not so" in told.body["message"]
        response.clear()
        response.update(allowed=True)
        first = space.face.send("POST", path, configmap("a"))
        space.face.send("PUT", path + "/a", configmap("a", {"k": "v"}))
        response.update(allowed=False)
        assert space.face.send("DELETE", path + "/a").status == 400
    assert [request["operation"] for request in asked] == ["CREATE", "CREATE", "UPDATE", "DELETE"]
    created, updated, deleted = asked[1:]
    assert (created["name"], created["namespace"]) == ("a", space.namespace)
    assert created["resource"] == {"group": "", "version": "v1", "resource": "configmaps"}
    assert created["kind"] == {"group": "", "version": "v1", "kind": "ConfigMap"}
    assert (created["oldObject"], created["dryRun"], created["userInfo"]["username"]) == (None, False, "admin")
    assert created["object"]["metadata"]["uid"] == first.metadata["uid"]
    assert "resourceVersion" not in created["object"]["metadata"]
    assert (updated["oldObject"].get("data") or {}, updated["object"]["data"]) == ({}, {"k": "v"})
    assert (deleted["object"], deleted["oldObject"]["data"]) == (None, {"k": "v"})


def test_a_mutating_webhook_changes_what_is_stored(space: Workspace) -> None:
    patch = b64encode(json.dumps([{"op": "add", "path": "/metadata/labels", "value": {"k": "v"}}]).encode()).decode()

    def handler(request: Json) -> Json:
        return {"allowed": request["name"] != "probe", "patchType": "JSONPatch", "patch": patch}

    with Registration(space, space.face.webhook(handler), "mutating") as gate:
        gate.until(400)
        born = space.face.send("POST", space.path("configmaps"), configmap("a"))
    assert born.metadata["labels"] == {"k": "v"}


def test_conditions_decide_whether_a_webhook_is_asked(space: Workspace) -> None:
    path = space.path("configmaps")
    conditions = [
        {"name": "not-admin", "expression": "request.userInfo.username != 'nobody'"},
        {"name": "red", "expression": "request.operation == 'DELETE' || object.data.color == 'red'"},
    ]
    with Registration(space, space.face.webhook(lambda _: {"allowed": False}), matchConditions=conditions) as gate:
        broken = gate.until(403)
        assert broken.refusal == (403, "Forbidden")
        assert space.face.send("POST", path, configmap("a", {"color": "blue"})).status == 201
        assert space.face.send("POST", path, configmap("b", {"color": "red"})).status == 400
        gate.change(failurePolicy="Ignore")
        gate.until(201)


def test_a_condition_must_be_an_expression(space: Workspace) -> None:
    hook = Registration(
        space, {"url": "https://127.0.0.1:1/"}, matchConditions=[{"name": "x", "expression": "nosuch(1)"}]
    )
    answer = space.face.send("POST", f"{ROOT}/validatingwebhookconfigurations", hook.body)
    assert answer.refusal == (422, "Invalid")
