"""Configurations of webhooks: defaults, and what the server does not take."""

from copy import deepcopy
from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.registration import CONFIGMAPS, ROOT, Registration

pytestmark = pytest.mark.section("C.5 admission")

Json = dict[str, Any]
NOWHERE = {"url": "https://127.0.0.1:1/"}
SERVICE = {"service": {"namespace": "default", "name": "hook"}}


def _rule(**changes: Any) -> Json:
    return {"rules": [{**CONFIGMAPS, **changes}]}


REFUSED: dict[str, Json] = {
    "a name without dots": {"name": "gate"},
    "no way to it": {"clientConfig": {}},
    "two ways to it": {"clientConfig": {**NOWHERE, **SERVICE}},
    "a way without https": {"clientConfig": {"url": "http://127.0.0.1:1/"}},
    "a way with a query": {"clientConfig": {"url": "https://127.0.0.1:1/?a=b"}},
    "a way without a host": {"clientConfig": {"url": "https:///x"}},
    "a service without a name": {"clientConfig": {"service": {"namespace": "default", "name": ""}}},
    "a service with a bad path": {"clientConfig": {"service": {**SERVICE["service"], "path": "x//y"}}},
    "a service with a bad port": {"clientConfig": {"service": {**SERVICE["service"], "port": 0}}},
    "no word on side effects": {"sideEffects": None},
    "side effects": {"sideEffects": "Some"},
    "side effects that nobody knows": {"sideEffects": "Maybe"},
    "no review version": {"admissionReviewVersions": []},
    "a review version that nobody knows": {"admissionReviewVersions": ["v9"]},
    "a review version twice": {"admissionReviewVersions": ["v1", "v1"]},
    "a time-out of nothing": {"timeoutSeconds": 0},
    "a time-out of a minute": {"timeoutSeconds": 60},
    "a failure policy that nobody knows": {"failurePolicy": "Shrug"},
    "a match policy that nobody knows": {"matchPolicy": "Roughly"},
    "no operation": _rule(operations=[]),
    "an operation that nobody knows": _rule(operations=["READ"]),
    "all operations and one": _rule(operations=["*", "CREATE"]),
    "no group": _rule(apiGroups=[]),
    "all groups and one": _rule(apiGroups=["*", ""]),
    "no version": _rule(apiVersions=[]),
    "an empty version": _rule(apiVersions=[""]),
    "no resource": _rule(resources=[]),
    "all resources and one": _rule(resources=["*", "pods"]),
    "everything and one": _rule(resources=["*/*", "pods"]),
    "all subresources and one": _rule(resources=["pods/*", "pods/status"]),
    "a scope that nobody knows": _rule(scope="World"),
    "a selector that is none": {"objectSelector": {"matchExpressions": [{"key": "a", "operator": "Near"}]}},
    "a condition without a name": {"matchConditions": [{"name": "", "expression": "true"}]},
    "a condition with a bad name": {"matchConditions": [{"name": "not ok", "expression": "true"}]},
    "a condition without an expression": {"matchConditions": [{"name": "a", "expression": ""}]},
    "a condition twice": {
        "matchConditions": [{"name": "a", "expression": "true"}, {"name": "a", "expression": "true"}]
    },
    "a condition that is no yes or no": {"matchConditions": [{"name": "a", "expression": "1"}]},
    "a condition that does not parse": {"matchConditions": [{"name": "a", "expression": "object."}]},
    "a condition of rules of another kind": {"matchConditions": [{"name": "a", "expression": "self == 1"}]},
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_webhook_that_means_nothing_is_refused(space: Workspace, case: str) -> None:
    hook = Registration(space, NOWHERE, **deepcopy(REFUSED[case]))
    answer = space.face.send("POST", f"{ROOT}/validatingwebhookconfigurations", hook.body)
    assert answer.refusal == (422, "Invalid")


def test_two_webhooks_of_one_name_are_refused(space: Workspace) -> None:
    hook = Registration(space, NOWHERE, also=[{}])
    answer = space.face.send("POST", f"{ROOT}/validatingwebhookconfigurations", hook.body)
    assert answer.causes == [("webhooks[1].name", "FieldValueDuplicate")]


def test_a_reinvocation_policy_must_be_known(space: Workspace) -> None:
    hook = Registration(space, NOWHERE, "mutating", reinvocationPolicy="Often")
    answer = space.face.send("POST", f"{ROOT}/mutatingwebhookconfigurations", hook.body)
    assert answer.refusal == (422, "Invalid")


def test_a_webhook_has_defaults(space: Workspace) -> None:
    hook = Registration(space, SERVICE)
    for name in ("timeoutSeconds", "namespaceSelector"):
        del hook.body["webhooks"][0][name]
    hook.body["webhooks"][0]["namespaceSelector"] = None
    answer = space.face.send("POST", f"{ROOT}/validatingwebhookconfigurations", hook.body, query={"dryRun": "All"})
    (found,) = answer.body["webhooks"]
    assert (found["failurePolicy"], found["matchPolicy"], found["timeoutSeconds"]) == ("Fail", "Equivalent", 10)
    assert found["clientConfig"] == {"service": {"namespace": "default", "name": "hook", "port": 443}}


def test_the_generation_counts_the_webhooks(space: Workspace) -> None:
    with Registration(space, NOWHERE, failurePolicy="Ignore") as gate:
        gate.change(failurePolicy="Ignore", timeoutSeconds=3)
        assert gate.body["metadata"]["generation"] == 2
