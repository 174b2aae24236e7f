"""What a webhook may answer, and what the server makes of it."""

from collections.abc import Callable
from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import pod, widget
from e2e.conformance.faces import Answer
from e2e.conformance.registration import CONFIGMAPS, Registration, patch_of, plain_map

pytestmark = pytest.mark.section("C.5 admission")

Json = dict[str, Any]
LABEL = {"op": "add", "path": "/metadata/labels", "value": {"k": "v"}}


def _unless_probe(response: Json) -> Callable[[Json], Json]:
    """A handler that says no to what probes it."""
    return lambda request: {"allowed": False} if request["name"] == "probe" else response


def _asked(space: Workspace, response: Json, kind: str = "validating", **hook: Any) -> Answer:
    """What comes of a create when the webhook answers like this."""
    with Registration(space, space.bare.webhook(_unless_probe(response)), kind, **hook) as gate:
        gate.until(400)
        return space.face.send("POST", space.path("configmaps"), plain_map("a"))


DENIALS: dict[str, Json] = {
    "with a message": {"message": "not so"},
    "with a reason alone": {"reason": "Because"},
    "with a code": {"code": 409, "message": "not so"},
    "with a code that is none of a refusal": {"code": 200, "message": "not so"},
    "with reason, code and details": {
        "code": 422,
        "reason": "Invalid",
        "message": "not so",
        "details": {"kind": "x", "causes": [{"field": "data.x", "message": "odd", "reason": "FieldValueInvalid"}]},
    },
    "with a status of success": {"status": "Success", "message": "odd"},
}


@pytest.mark.parametrize("case", DENIALS)
def test_a_denial_carries_the_words_of_the_webhook(space: Workspace, case: str) -> None:
    assert _asked(space, {"allowed": False, "status": DENIALS[case]}).status >= 400


@pytest.mark.parametrize("allowed", [True, False])
def test_warnings_of_a_webhook_reach_the_client(space: Workspace, allowed: bool) -> None:  # noqa: FBT001
    answer = _asked(space, {"allowed": allowed, "warnings": ["mind the gap", "and the door"]})
    assert answer.warnings == ("mind the gap", "and the door")


MALFORMED: dict[str, tuple[str, Json]] = {
    "another uid": ("validating", {"allowed": True, "uid": "11111111-1111-4111-8111-111111111111"}),
    "a patch of one that only validates": ("validating", patch_of(LABEL)),
    "a patch without a type": ("mutating", {"allowed": True, "patch": patch_of(LABEL)["patch"]}),
    "a type without a patch": ("mutating", {"allowed": True, "patchType": "JSONPatch"}),
    "a type that nobody knows": ("mutating", {**patch_of(LABEL), "patchType": "Merge"}),
    "a patch that is no list": ("mutating", {"allowed": True, "patchType": "JSONPatch", "patch": "e30="}),
    "a patch that leads nowhere": ("mutating", patch_of({"op": "remove", "path": "/metadata/annotations/x"})),
    "a test that fails": ("mutating", patch_of({"op": "test", "path": "/metadata/name", "value": "b"})),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_an_answer_that_means_nothing_stops_the_write(space: Workspace, case: str) -> None:
    kind, response = MALFORMED[case]
    assert _asked(space, response, kind).status == 500


def test_an_answer_that_means_nothing_is_ignored_where_failures_are(space: Workspace) -> None:
    kind, response = MALFORMED["another uid"]
    assert _asked(space, response, kind, failurePolicy="Ignore").status == 201


def test_a_patch_is_completed_and_checked_like_what_a_client_sends(space: Workspace) -> None:
    rules = [CONFIGMAPS, {**CONFIGMAPS, "apiGroups": ["conformance.test"], "resources": ["widgets"]}]
    response = patch_of({"op": "remove", "path": "/spec/color"}, {"op": "add", "path": "/spec/extra", "value": 1})
    with Registration(space, space.bare.webhook(_unless_probe(response)), "mutating", rules=rules) as gate:
        gate.until(400)
        born = space.face.send("POST", space.path("widgets"), widget("a", {"color": "blue"}))
    assert (born.body["spec"]["color"], "extra" in born.body["spec"]) == ("red", False)


def test_a_patch_to_an_invalid_object_is_refused_as_if_sent(space: Workspace) -> None:
    rules = [CONFIGMAPS, {**CONFIGMAPS, "apiGroups": ["conformance.test"], "resources": ["widgets"]}]
    response = patch_of({"op": "replace", "path": "/spec/size", "value": 99})
    with Registration(space, space.bare.webhook(_unless_probe(response)), "mutating", rules=rules) as gate:
        gate.until(400)
        refused = space.face.send("POST", space.path("widgets"), widget("a"))
    assert refused.refusal == (422, "Invalid")


def test_webhooks_are_asked_in_the_order_of_their_names_and_see_what_came_before(space: Workspace) -> None:
    seen: list[tuple[str, Json]] = []

    def noting(name: str, response: Json) -> Callable[[Json], Json]:
        def handler(request: Json) -> Json:
            if request["name"] == "probe":
                return {"allowed": False} if name == "z" else {"allowed": True}
            seen.append((name, request["object"]["metadata"].get("labels") or {}))
            return response

        return handler

    add = {"op": "add", "path": "/metadata/labels", "value": {"first": "1"}}
    more = {"op": "add", "path": "/metadata/labels/second", "value": "2"}
    face = space.bare
    with (
        Registration(space, face.webhook(noting("b", patch_of(more))), "mutating", suffix="-b"),
        Registration(space, face.webhook(noting("a", patch_of(add))), "mutating", suffix="-a"),
        Registration(space, face.webhook(noting("z", {"allowed": True})), suffix="-z") as last,
    ):
        last.until(400)
        born = space.face.send("POST", space.path("configmaps"), plain_map("a"))
    assert born.metadata["labels"] == {"first": "1", "second": "2"}
    assert seen == [("a", {}), ("b", {"first": "1"}), ("z", {"first": "1", "second": "2"})]


@pytest.mark.parametrize(("policy", "calls"), [("Never", 1), ("IfNeeded", 2)])
def test_a_webhook_is_asked_again_if_a_later_one_changed_something(space: Workspace, policy: str, calls: int) -> None:
    seen: list[Json] = []

    def first(request: Json) -> Json:
        if request["name"] != "probe":
            seen.append(request["object"])
        return {"allowed": True}

    change = patch_of({"op": "add", "path": "/data", "value": {"changed": "yes"}})
    face = space.bare
    with (
        Registration(space, face.webhook(first), "mutating", suffix="-a", reinvocationPolicy=policy),
        Registration(space, face.webhook(_unless_probe(change)), "mutating", suffix="-b") as second,
    ):
        second.until(400)
        assert space.face.send("POST", space.path("configmaps"), plain_map("a")).body["data"] == {"changed": "yes"}
    assert len(seen) == calls


def test_a_pods_binding_is_shown_as_a_subresource(space: Workspace) -> None:
    seen: list[Json] = []

    def handler(request: Json) -> Json:
        if request["name"] == "probe":
            return {"allowed": False}
        seen.append(request)
        return {"allowed": True}

    rules = [CONFIGMAPS, {**CONFIGMAPS, "resources": ["pods/binding"]}]
    with Registration(space, space.bare.webhook(handler), rules=rules) as gate:
        gate.until(400)
        space.face.send("POST", space.path("pods"), pod("a"))
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "a"}, "target": {"name": "n1"}}
        space.face.send("POST", space.path("pods", "a", "binding"), binding)
    (request,) = seen
    assert (request["operation"], request["subResource"], request["kind"]["kind"]) == ("CREATE", "binding", "Binding")
    assert request["object"]["target"]["name"] == "n1"
