"""Which requests a webhook is asked about, and what it is told of them."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import widget
from e2e.conformance.exhibits import MERGE
from e2e.conformance.registration import CONFIGMAPS, Registration, plain_map

pytestmark = pytest.mark.section("C.5 admission")

Json = dict[str, Any]
WIDGETS: Json = {
    "operations": ["*"],
    "apiGroups": ["conformance.test"],
    "apiVersions": ["v1"],
    "resources": ["widgets"],
}


class Listener:
    """A webhook that allows everything but the probe, and remembers what it was asked."""

    def __init__(self, *, probes: bool = True) -> None:
        self.requests: list[Json] = []
        self._answers_probes = probes

    def __call__(self, request: Json) -> Json:
        """Answer."""
        if request.get("name") == "probe":
            return {"allowed": not self._answers_probes}
        self.requests.append(request)
        return {"allowed": True}

    @property
    def operations(self) -> list[str]:
        """What was done, in order."""
        return [request["operation"] for request in self.requests]


def _steps(space: Workspace) -> None:
    """A ConfigMap is created, changed, and deleted; a widget is created and its status changed."""
    path = space.path("configmaps")
    space.face.send("POST", path, plain_map("a"))
    space.face.send("PATCH", path + "/a", {"data": {"k": "v"}}, content_type=MERGE)
    space.face.send("DELETE", path + "/a")
    space.face.send("POST", space.path("widgets"), widget("a"))
    space.face.send("PATCH", space.path("widgets", "a", "status"), {"status": {"phase": "x"}}, content_type=MERGE)


PROBED = {**CONFIGMAPS, "operations": ["CREATE"]}
RULES: dict[str, tuple[list[Json], list[str]]] = {
    "one operation": ([PROBED], ["CREATE"]),
    "two operations": ([{**CONFIGMAPS, "operations": ["CREATE", "DELETE"]}], ["CREATE", "DELETE"]),
    "another resource": ([PROBED, WIDGETS], ["CREATE", "CREATE"]),
    "a subresource": ([PROBED, {**WIDGETS, "resources": ["widgets/status"]}], ["CREATE", "UPDATE"]),
    "a resource with all subresources": (
        [PROBED, {**WIDGETS, "resources": ["widgets/*"]}],
        ["CREATE", "CREATE", "UPDATE"],
    ),
    "one subresource of everything": ([PROBED, {**WIDGETS, "resources": ["*/status"]}], ["CREATE", "UPDATE"]),
    "every resource of a group": ([PROBED, {**WIDGETS, "resources": ["*"]}], ["CREATE", "CREATE"]),
    "everything in a group": ([PROBED, {**WIDGETS, "resources": ["*/*"]}], ["CREATE", "CREATE", "UPDATE"]),
    "any group and version": (
        [PROBED, {**WIDGETS, "apiGroups": ["*"], "apiVersions": ["*"]}],
        ["CREATE", "CREATE"],
    ),
    "another version": ([PROBED, {**WIDGETS, "apiVersions": ["v2"]}], ["CREATE"]),
    "what is in no namespace": ([PROBED, {**WIDGETS, "scope": "Cluster"}], ["CREATE"]),
    "what is in a namespace": ([PROBED, {**WIDGETS, "scope": "Namespaced"}], ["CREATE", "CREATE"]),
}


@pytest.mark.parametrize("case", RULES)
def test_rules_say_what_a_webhook_is_asked_about(space: Workspace, case: str) -> None:
    rules, operations = RULES[case]
    listener = Listener()
    with Registration(space, space.bare.webhook(listener), rules=rules) as gate:
        gate.until(400)
        _steps(space)
    assert listener.operations == operations


def test_the_namespaces_labels_decide(space: Workspace) -> None:
    listener = Listener()
    elsewhere = {"matchLabels": {"nobody": "has-this"}}
    other = {"name": "other.conformance.test", "namespaceSelector": elsewhere}
    config = space.bare.webhook(lambda _: {"allowed": False})
    with Registration(space, space.bare.webhook(listener), also=[{**other, "clientConfig": config}]) as gate:
        gate.until(400)
        assert space.face.send("POST", space.path("configmaps"), plain_map("a")).status == 201
    assert listener.operations == ["CREATE"]


def test_the_objects_labels_decide_before_or_after_the_change(space: Workspace) -> None:
    listener = Listener()
    path = space.path("configmaps")
    wanted = {"matchExpressions": [{"key": "color", "operator": "In", "values": ["red"]}]}
    with Registration(space, space.bare.webhook(listener), objectSelector=wanted) as gate:
        space.face.until(
            lambda: (
                space.face.send(
                    "POST", path, plain_map("probe", labels={"color": "red"}), query={"dryRun": "All"}
                ).status
                == 400
            )
        )
        assert gate.body["webhooks"][0]["objectSelector"] == wanted
        space.face.send("POST", path, plain_map("a", labels={"color": "blue"}))
        space.face.send("PATCH", path + "/a", {"metadata": {"labels": {"color": "red"}}}, content_type=MERGE)
        space.face.send("PATCH", path + "/a", {"metadata": {"labels": {"color": "green"}}}, content_type=MERGE)
        space.face.send("PATCH", path + "/a", {"metadata": {"labels": {"color": "white"}}}, content_type=MERGE)
    assert listener.operations == ["UPDATE", "UPDATE"]


def test_a_dry_run_is_told_to_the_webhook(space: Workspace) -> None:
    listener = Listener()
    with Registration(space, space.bare.webhook(listener)) as gate:
        gate.until(400)
        space.face.send("POST", space.path("configmaps"), plain_map("a"), query={"dryRun": "All"})
    (request,) = listener.requests
    assert (request["dryRun"], request["options"]["dryRun"]) == (True, ["All"])


def test_a_webhook_is_told_who_asks(space: Workspace) -> None:
    listener = Listener()
    with Registration(space, space.bare.webhook(listener)) as gate:
        gate.until(400)
        space.face.send("POST", space.path("configmaps"), plain_map("a"))
    who = listener.requests[0]["userInfo"]
    assert (who["username"], who["groups"]) == ("admin", ["system:masters", "system:authenticated"])


def test_a_webhook_is_told_the_options_of_the_request(space: Workspace) -> None:
    listener = Listener()
    path = space.path("configmaps")
    with Registration(space, space.bare.webhook(listener)) as gate:
        gate.until(400)
        space.face.send("POST", path, plain_map("a"), query={"fieldManager": "me"})
        space.face.send("DELETE", path + "/a", {"propagationPolicy": "Background"})
    created, deleted = (request["options"] for request in listener.requests)
    assert created["fieldManager"] == "me"
    assert deleted["propagationPolicy"] == "Background"
    assert (created["kind"], deleted["kind"]) == ("CreateOptions", "DeleteOptions")


def test_a_status_is_told_as_a_subresource_of_its_object(space: Workspace) -> None:
    listener = Listener()
    rules = [PROBED, {**WIDGETS, "resources": ["widgets/status"]}]
    with Registration(space, space.bare.webhook(listener), rules=rules) as gate:
        gate.until(400)
        _steps(space)
    request = listener.requests[-1]
    assert (request["subResource"], request["requestSubResource"]) == ("status", "status")
    assert (request["kind"]["kind"], request["resource"]["resource"]) == ("Widget", "widgets")
    assert request["object"]["status"] == {"phase": "x"}


def test_each_of_a_collection_is_asked_about_alone(space: Workspace) -> None:
    listener = Listener()
    path = space.path("configmaps")
    with Registration(space, space.bare.webhook(listener), rules=[CONFIGMAPS]) as gate:
        gate.until(400)
        for name in ("a", "b"):
            space.face.send("POST", path, plain_map(name, labels={"mine": "yes"}))
        space.bare.send("DELETE", path, query={"labelSelector": "mine=yes"})
    deleted = [request for request in listener.requests if request["operation"] == "DELETE"]
    assert sorted(request["oldObject"]["metadata"]["name"] for request in deleted) == ["a", "b"]
    assert not any("name" in request for request in deleted)


def test_a_generated_name_is_told(space: Workspace) -> None:
    listener = Listener()
    body = plain_map("")
    body["metadata"] = {"generateName": "x-"}
    with Registration(space, space.bare.webhook(listener)) as gate:
        gate.until(400)
        space.face.send("POST", space.path("configmaps"), body)
    (request,) = listener.requests
    assert request["name"] == request["object"]["metadata"]["name"]
    assert request["name"].startswith("x-")


def test_an_update_that_changes_nothing_is_asked_about(space: Workspace) -> None:
    listener = Listener()
    path = space.path("configmaps")
    with Registration(space, space.bare.webhook(listener)) as gate:
        gate.until(400)
        space.face.send("POST", path, plain_map("a", {"k": "v"}))
        space.face.send("PATCH", path + "/a", {"data": {"k": "v"}}, content_type=MERGE)
    assert listener.operations == ["CREATE", "UPDATE"]


def test_what_is_invalid_already_is_shown_to_mutating_webhooks_alone(space: Workspace) -> None:
    mutating, validating = Listener(), Listener()
    with (
        Registration(space, space.bare.webhook(mutating), "mutating", rules=[CONFIGMAPS, WIDGETS]) as one,
        Registration(space, space.bare.webhook(validating), rules=[CONFIGMAPS, WIDGETS], suffix="-v"),
    ):
        one.until(400)
        assert space.face.send("POST", space.path("widgets"), widget("a", {"size": 99})).status == 422
    assert (mutating.operations, validating.operations) == (["CREATE"], [])


def test_a_second_webhook_of_a_configuration_is_asked_after_the_first(space: Workspace) -> None:
    first, second = Listener(), Listener(probes=False)
    also = {"name": "second.conformance.test", "clientConfig": space.bare.webhook(second)}
    with Registration(space, space.bare.webhook(first), also=[also]) as gate:
        gate.until(400)
        space.face.send("POST", space.path("configmaps"), plain_map("a"))
    assert (first.operations, second.operations) == (["CREATE"], ["CREATE"])


def test_configurations_are_not_asked_about(space: Workspace) -> None:
    listener = Listener()
    rule = {
        "operations": ["*"],
        "apiGroups": ["admissionregistration.k8s.io"],
        "apiVersions": ["*"],
        "resources": ["*"],
    }
    with Registration(space, space.bare.webhook(listener), rules=[CONFIGMAPS, rule]) as gate:
        gate.until(400)
    assert listener.operations == []


@pytest.mark.parametrize("who", ["the sender", "a service account"])
def test_a_condition_asks_what_somebody_may_do(space: Workspace, who: str) -> None:
    listener = Listener()
    asked = "authorizer" if who == "the sender" else "authorizer.serviceAccount('ns', 'sa')"
    text = f"{asked}.path('/version').check('get').allowed()"
    conditions = [
        {"name": "sender", "expression": "authorizer.requestResource.check('create').allowed()"},
        {"name": "other", "expression": f"request.name == 'probe' || {text}"},
    ]
    with Registration(space, space.bare.webhook(listener), rules=[PROBED], matchConditions=conditions) as gate:
        gate.until(400)
        assert space.face.send("POST", space.path("configmaps"), plain_map("a")).status == 201
    assert listener.operations == (["CREATE"] if who == "the sender" else [])
