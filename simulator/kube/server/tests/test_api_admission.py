"""Admission webhooks: asked, obeyed, timed out, ignored."""

import asyncio
from base64 import b64encode
from typing import Any

import msgspec

from simulator.kube.api import Json
from simulator.kube.server.tests.api_kit import CONFIGMAPS, Client, configmap, run, server

MERGE = "application/merge-patch+json"
ROOT = "/apis/admissionregistration.k8s.io/v1"


class Gate:
    """A webhook that answers as it is told and keeps what it was asked."""

    def __init__(self, **response: Any) -> None:
        self.response = response
        self.asked: list[Json] = []
        self.seconds = 0.0

    async def __call__(self, client_config: Json, review: Json) -> Json:
        assert client_config["url"] == "https://gate.example.test/"
        self.asked.append(review["request"])
        await asyncio.sleep(self.seconds)
        return {**review, "response": {"uid": review["request"]["uid"], **self.response}}


def _configuration(kind: str = "Validating", **hook: Any) -> Json:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": f"{kind}WebhookConfiguration",
        "metadata": {"name": "gate"},
        "webhooks": [
            {
                "name": "gate.example.test",
                "clientConfig": {"url": "https://gate.example.test/"},
                "rules": [{"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}],
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
                **hook,
            }
        ],
    }


async def _guarded(gate: Gate, kind: str = "Validating", **hook: Any) -> Client:
    client = Client(server(call_webhook=gate), user="ann")
    path = f"{ROOT}/{kind.lower()}webhookconfigurations"
    await client.ok("POST", path, _configuration(kind, **hook))
    return client


def test_a_webhook_sees_the_request_and_its_denial_is_the_answer() -> None:
    async def story() -> None:
        gate = Gate(allowed=False, status={"code": 422, "reason": "Invalid", "message": "not so"})
        client = await _guarded(gate)
        answer = await client.send("POST", CONFIGMAPS, configmap("a"))
        assert (answer.status, answer.body["reason"]) == (422, "Invalid")
        assert "gate.example.test" in answer.body["message"]
        assert "not so" in answer.body["message"]
        (asked,) = gate.asked
        assert (asked["operation"], asked["name"], asked["namespace"]) == ("CREATE", "a", "default")
        assert asked["userInfo"]["username"] == "ann"
        assert asked["object"]["metadata"]["name"] == "a"
        assert asked["oldObject"] is None
        assert (await client.ok("GET", CONFIGMAPS))["items"] == []

    run(story)


def test_a_webhook_is_asked_about_updates_and_deletes_with_the_old_object() -> None:
    async def story() -> None:
        gate = Gate(allowed=True)
        client = await _guarded(gate)
        await client.ok("POST", CONFIGMAPS, configmap("a"))
        await client.ok("PUT", CONFIGMAPS + "/a", configmap("a", data={"k": "v"}))
        gate.response = {"allowed": False}
        assert (await client.send("DELETE", CONFIGMAPS + "/a")).status == 400
        assert [asked["operation"] for asked in gate.asked] == ["CREATE", "UPDATE", "DELETE"]
        assert gate.asked[1]["oldObject"]["metadata"]["uid"] == gate.asked[1]["object"]["metadata"]["uid"]
        assert gate.asked[2]["object"] is None
        assert gate.asked[2]["oldObject"]["data"] == {"k": "v"}

    run(story)


def test_a_mutating_webhook_changes_what_is_stored() -> None:
    async def story() -> None:
        patch = b64encode(msgspec.json.encode([{"op": "add", "path": "/data/added", "value": "x"}])).decode()
        client = await _guarded(Gate(allowed=True, patchType="JSONPatch", patch=patch), "Mutating")
        created = await client.ok("POST", CONFIGMAPS, configmap("a", data={"k": "v"}))
        assert created["data"] == {"k": "v", "added": "x"}

    run(story)


def test_a_webhook_that_is_too_slow_stops_the_write_or_is_ignored() -> None:
    async def story(policy: str) -> int:
        gate = Gate(allowed=True)
        gate.seconds = 60
        client = await _guarded(gate, timeoutSeconds=5, failurePolicy=policy)
        status = (await client.send("POST", CONFIGMAPS, configmap("a"))).status
        assert asyncio.get_running_loop().time() == 5
        return status

    assert run(lambda: story("Fail")) == 500
    assert run(lambda: story("Ignore")) == 201


def test_only_what_the_selectors_select_is_asked_about() -> None:
    async def story() -> None:
        gate = Gate(allowed=False)
        selector = {"matchExpressions": [{"key": "guarded", "operator": "In", "values": ["yes"]}]}
        client = await _guarded(gate, objectSelector=selector)
        await client.ok("POST", CONFIGMAPS, configmap("free"))
        guarded = configmap("guarded", metadata={"labels": {"guarded": "yes"}})
        assert (await client.send("POST", CONFIGMAPS, guarded)).status == 400
        other = await _guarded(gate, namespaceSelector={"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}})
        await other.ok("POST", CONFIGMAPS, configmap("a"))
        assert (await other.send("POST", "/api/v1/namespaces/kube-system/configmaps", configmap("a"))).status == 400

    run(story)


def test_only_requests_that_meet_the_conditions_are_asked_about() -> None:
    async def story() -> None:
        gate = Gate(allowed=False)
        conditions = [
            {"name": "not-by-ann", "expression": "request.userInfo.username != 'ann'"},
            {"name": "deletes-of-red", "expression": "request.operation != 'DELETE' || oldObject.data.color == 'red'"},
        ]
        ann = await _guarded(gate, matchConditions=conditions)
        bob = Client(ann.api, user="bob")
        for name, color in (("a", "red"), ("b", "blue")):
            await ann.ok("POST", CONFIGMAPS, configmap(name, data={"color": color}))
        assert (await bob.send("POST", CONFIGMAPS, configmap("c"))).status == 400
        assert (await bob.send("DELETE", CONFIGMAPS + "/a")).status == 400
        assert (await bob.send("DELETE", CONFIGMAPS + "/b")).status == 200

    run(story)


def test_a_condition_that_cannot_be_evaluated_stops_the_write_unless_failures_are_ignored() -> None:
    async def story(policy: str) -> int:
        conditions = [{"name": "x", "expression": "object.data.missing == 'x'"}]
        client = await _guarded(Gate(allowed=True), matchConditions=conditions, failurePolicy=policy)
        return (await client.send("POST", CONFIGMAPS, configmap("a"))).status

    assert run(lambda: story("Fail")) == 403
    assert run(lambda: story("Ignore")) == 201


def test_a_write_that_was_overtaken_while_the_webhook_thought_is_a_conflict() -> None:
    async def story() -> None:
        gate = Gate(allowed=True)
        client = await _guarded(gate)
        first = await client.ok("POST", CONFIGMAPS, configmap("a"))
        gate.seconds = 2
        slow = asyncio.ensure_future(client.send("PUT", CONFIGMAPS + "/a", {**first, "data": {"k": "slow"}}))
        await asyncio.sleep(1)
        gate.seconds = 0
        await client.ok("PUT", CONFIGMAPS + "/a", {**first, "data": {"k": "fast"}})
        assert (await slow).status == 409
        assert (await client.ok("GET", CONFIGMAPS + "/a"))["data"] == {"k": "fast"}

    run(story)


def test_a_patch_that_is_overtaken_is_done_again() -> None:
    async def story() -> None:
        gate = Gate(allowed=True)
        client = await _guarded(gate)
        await client.ok("POST", CONFIGMAPS, configmap("a"))
        gate.seconds = 2
        slow = asyncio.ensure_future(
            client.send("PATCH", CONFIGMAPS + "/a", {"data": {"k": "slow"}}, content_type=MERGE)
        )
        for number in range(9):
            await asyncio.sleep(1.5)
            gate.seconds = 0
            await client.ok("PATCH", CONFIGMAPS + "/a", {"data": {"other": str(number)}}, content_type=MERGE)
            gate.seconds = 2
        assert (await slow).body["data"] == {"k": "slow", "other": "8"}

    run(story)


def test_a_patch_has_34_seconds_and_every_other_request_a_minute() -> None:
    async def story() -> None:
        gate = Gate(allowed=True)
        client = await _guarded(gate, timeoutSeconds=30)
        hook = _configuration(timeoutSeconds=30)["webhooks"][0]
        hooks = [{**hook, "name": f"{number}.example.test"} for number in range(3)]
        path = f"{ROOT}/validatingwebhookconfigurations/gate"
        await client.ok("PATCH", path, {"webhooks": hooks}, content_type=MERGE)
        await client.ok("POST", CONFIGMAPS, configmap("a"))
        gate.seconds = 25
        loop = asyncio.get_running_loop()
        for method, place, body, seconds, words in (
            ("PATCH", "/a", {"data": {"k": "v"}}, 34, "within requested timeout - context deadline exceeded"),
            ("POST", "", configmap("b"), 60, "within the allotted timeout"),
            ("DELETE", "/a", None, 60, "within the allotted timeout"),
        ):
            began = loop.time()
            content_type = MERGE if method == "PATCH" else "application/json"
            answer = await client.send(method, CONFIGMAPS + place, body, content_type=content_type)
            assert (answer.status, answer.body["reason"], loop.time() - began) == (504, "Timeout", seconds)
            assert answer.body["message"] == f"Timeout: request did not complete {words}"
        assert [item["metadata"]["name"] for item in (await client.ok("GET", CONFIGMAPS))["items"]] == ["a"]

    run(story)


def test_what_cannot_be_honoured_is_refused_when_it_is_registered() -> None:
    async def story() -> None:
        client = Client(server())
        path = f"{ROOT}/validatingwebhookconfigurations"
        cases: list[Json] = [
            {"sideEffects": "Some"},
            {"timeoutSeconds": 60},
            {"clientConfig": {}},
            {"matchConditions": [{"name": "x", "expression": "nosuch(1)"}]},
        ]
        for broken in cases:
            assert await client.refused("POST", path, _configuration(**broken)) == (422, "Invalid")

    run(story)
