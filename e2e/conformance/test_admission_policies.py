"""Validating admission policies: what they are asked about, what their no does, and which of them are taken."""

from copy import deepcopy
from typing import Any, Self

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.exhibits import MERGE
from e2e.conformance.faces import Answer
from e2e.conformance.registration import plain_map

pytestmark = pytest.mark.section("C.5 admission policies")

Json = dict[str, Any]
ROOT = "/apis/admissionregistration.k8s.io/v1"
RULE: Json = {
    "operations": ["CREATE", "UPDATE"],
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "resources": ["configmaps"],
}
NO = [{"expression": "object.metadata.name != 'probe'", "message": "a probe"}]


class Policy:
    """A policy for the ConfigMaps of a claim's namespace, bound as long as the claim lasts."""

    def __init__(self, space: Workspace, *, binding: Json | None = None, **spec: Any) -> None:
        self._space = space
        self.name = space.namespace
        match = {
            "resourceRules": [RULE],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space.namespace}},
        }
        head = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": self.name}}
        validations = [*NO, *spec.pop("validations", [])]
        self.policy: Json = {
            **head,
            "kind": "ValidatingAdmissionPolicy",
            "spec": {"matchConstraints": match, "validations": validations, **spec},
        }
        self.binding: Json = {
            **head,
            "kind": "ValidatingAdmissionPolicyBinding",
            "spec": {"policyName": self.name, "validationActions": ["Deny"], **(binding or {})},
        }

    def __enter__(self) -> Self:
        for plural, body in (("policies", self.policy), ("policybindings", self.binding)):
            answer = self._space.face.send("POST", f"{ROOT}/validatingadmission{plural}", body)
            assert answer.status == 201, answer.body
        return self

    def __exit__(self, *_: object) -> None:
        for plural in ("policybindings", "policies"):
            self._space.bare.send("DELETE", f"{ROOT}/validatingadmission{plural}/{self.name}")

    def until_asked(self) -> None:
        """Wait until the server asks the policy."""
        path = self._space.path("configmaps")

        def refused() -> bool:
            answer = self._space.bare.send("POST", path, plain_map("probe"), query={"dryRun": "All"})
            return answer.status != 201 or bool(answer.warnings)

        self._space.face.until(refused)

    def create(self, data: Json | None = None, **metadata: Any) -> Answer:
        """POST a ConfigMap, noted."""
        return self._space.face.send("POST", self._space.path("configmaps"), plain_map("a", data, **metadata))


SAYINGS: dict[str, Json] = {
    "nothing": {"expression": "has(object.data)"},
    "a message": {"expression": "has(object.data)", "message": "no data"},
    "a message expression": {
        "expression": "has(object.data)",
        "messageExpression": "'no data in ' + object.metadata.name",
    },
    "a message expression that fails": {
        "expression": "has(object.data)",
        "messageExpression": "string(object.data.x)",
        "message": "no data",
    },
    "a reason": {"expression": "has(object.data)", "reason": "Forbidden"},
    "a reason of size": {"expression": "has(object.data)", "reason": "RequestEntityTooLarge"},
    "an error": {"expression": "object.data.x == 'y'"},
}


@pytest.mark.parametrize("case", SAYINGS)
def test_a_policys_no_says_why(space: Workspace, case: str) -> None:
    with Policy(space, validations=[SAYINGS[case]]) as policy:
        policy.until_asked()
        answer = policy.create()
    assert answer.status in (403, 413, 422)


def test_a_policys_yes_lets_the_request_pass(space: Workspace) -> None:
    with Policy(space, validations=[{"expression": "object.data.x == 'y'"}]) as policy:
        policy.until_asked()
        assert policy.create({"x": "y"}).status == 201


def test_a_warning_is_said_and_the_request_passes(space: Workspace) -> None:
    wrong = [{"expression": "has(object.data)", "message": "no data"}]
    with Policy(space, binding={"validationActions": ["Warn", "Audit"]}, validations=wrong) as policy:
        policy.until_asked()
        answer = policy.create()
    assert (answer.status, len(answer.warnings)) == (201, 1)


def test_an_audited_policy_lets_the_request_pass(space: Workspace) -> None:
    with Policy(space, binding={"validationActions": ["Audit"]}) as policy:
        answer = policy.create()
    assert (answer.status, answer.warnings) == (201, ())


def test_errors_are_ignored_where_failures_are(space: Workspace) -> None:
    with Policy(space, validations=[{"expression": "object.data.x == 'y'"}], failurePolicy="Ignore") as policy:
        policy.until_asked()
        assert policy.create().status == 201


def test_conditions_decide_whether_a_policy_is_asked(space: Workspace) -> None:
    conditions = [{"name": "red", "expression": "object.metadata.name == 'probe' || 'red' in object.data"}]
    wrong = [{"expression": "false", "message": "never"}]
    with Policy(space, validations=wrong, matchConditions=conditions) as policy:
        policy.until_asked()
        assert policy.create().status == 422
        assert policy.create({"red": "1"}).status == 422
        assert policy.create({"blue": "1"}).status == 201


def test_variables_are_made_of_variables(space: Workspace) -> None:
    variables = [
        {"name": "data", "expression": "has(object.data) ? object.data : {}"},
        {"name": "count", "expression": "size(variables.data)"},
    ]
    wrong = [{"expression": "variables.count > 0", "messageExpression": "'has ' + string(variables.count)"}]
    with Policy(space, validations=wrong, variables=variables) as policy:
        policy.until_asked()
        assert "has 0" in policy.create().body["message"]
        assert policy.create({"x": "y"}).status == 201


def test_parameters_come_from_an_object(space: Workspace) -> None:
    space.bare.send("POST", space.path("configmaps"), plain_map("limits", {"most": "1"}))
    wrong = [
        {
            "expression": "size(object.?data.orValue({})) <= int(params.data.most)",
            "messageExpression": "'at most ' + params.data.most",
        }
    ]
    reference = {"name": "limits", "namespace": space.namespace, "parameterNotFoundAction": "Deny"}
    kind = {"apiVersion": "v1", "kind": "ConfigMap"}
    with Policy(space, binding={"paramRef": reference}, validations=wrong, paramKind=kind) as policy:
        policy.until_asked()
        space.face.until(
            lambda: (
                space.bare.send("POST", space.path("configmaps"), plain_map("c"), query={"dryRun": "All"}).status == 201
            )
        )
        assert policy.create({"a": "b", "c": "d"}).status == 422
        assert policy.create({"a": "b"}).status == 201


def test_the_namespace_and_who_asks_can_be_looked_at(space: Workspace) -> None:
    wrong = [
        {
            "expression": "namespaceObject.metadata.name != request.namespace || request.userInfo.username != 'admin'",
            "message": "admins do not write here",
        }
    ]
    with Policy(space, validations=wrong) as policy:
        policy.until_asked()
        assert policy.create().status == 422


def test_a_policy_sees_what_was_there_before(space: Workspace) -> None:
    wrong = [{"expression": "oldObject == null || object.?data == oldObject.?data", "message": "data stay"}]
    path = space.path("configmaps", "a")
    with Policy(space, validations=wrong) as policy:
        policy.until_asked()
        assert policy.create({"x": "1"}).status == 201
        assert space.face.send("PATCH", path, {"data": {"x": "2"}}, content_type=MERGE).status == 422
        labelled = space.face.send("PATCH", path, {"metadata": {"labels": {"a": "b"}}}, content_type=MERGE)
        assert labelled.status == 200


def test_excluded_resources_are_not_asked_about(space: Workspace) -> None:
    match = {
        "resourceRules": [{**RULE, "resources": ["*"]}],
        "excludeResourceRules": [{**RULE, "resources": ["secrets"]}],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space.namespace}},
    }
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "type": "Opaque"}
    with Policy(space, validations=[{"expression": "false"}], matchConstraints=match) as policy:
        policy.until_asked()
        assert space.face.send("POST", space.path("secrets"), secret, query={"dryRun": "All"}).status == 201
        assert policy.create().status == 422


def test_a_binding_narrows_what_a_policy_is_asked_about(space: Workspace) -> None:
    only = {"objectSelector": {"matchLabels": {"color": "red"}}}
    with Policy(space, binding={"matchResources": only}, validations=[{"expression": "false"}]) as policy:
        path = space.path("configmaps")
        red = plain_map("probe", labels={"color": "red"})
        space.face.until(lambda: space.bare.send("POST", path, red, query={"dryRun": "All"}).status == 422)
        assert policy.create(labels={"color": "blue"}).status == 201


def test_a_policy_without_a_binding_is_not_asked(space: Workspace) -> None:
    policy = Policy(space)
    assert space.face.send("POST", f"{ROOT}/validatingadmissionpolicies", policy.policy).status == 201
    answer = policy.create()
    policy.__exit__()
    assert answer.status == 201


BAD_POLICIES: dict[str, Json] = {
    "nothing to ask": {"validations": []},
    "nothing to be asked about": {"matchConstraints": None},
    "no rules": {"matchConstraints": {"resourceRules": []}},
    "an expression that does not parse": {"validations": [{"expression": "object."}]},
    "an expression with a function that nobody knows": {"validations": [{"expression": "nosuch(object)"}]},
    "an expression that is no yes or no": {"validations": [{"expression": "1"}]},
    "no expression": {"validations": [{"expression": " "}]},
    "parameters without a kind of them": {"validations": [{"expression": "params == null"}]},
    "a message of nothing": {"validations": [{"expression": "true", "message": " "}]},
    "a message of two lines": {"validations": [{"expression": "true", "message": "a\nb"}]},
    "a message expression that is no text": {"validations": [{"expression": "true", "messageExpression": "1"}]},
    "a reason that nobody knows": {"validations": [{"expression": "true", "reason": "Because"}]},
    "a failure policy that nobody knows": {"failurePolicy": "Shrug"},
    "a variable with a bad name": {"variables": [{"name": "a-b", "expression": "1"}]},
    "a variable without an expression": {"variables": [{"name": "a", "expression": ""}]},
    "a condition without a name": {"matchConditions": [{"name": "", "expression": "true"}]},
    "a parameter kind without a version": {"paramKind": {"kind": "ConfigMap"}},
}


@pytest.mark.parametrize("case", BAD_POLICIES)
def test_a_policy_that_means_nothing_is_refused(space: Workspace, case: str) -> None:
    body = Policy(space).policy
    body["spec"].update(deepcopy(BAD_POLICIES[case]))
    assert space.face.send("POST", f"{ROOT}/validatingadmissionpolicies", body).refusal == (422, "Invalid")


BAD_BINDINGS: dict[str, Json] = {
    "no policy": {"policyName": ""},
    "no action": {"validationActions": []},
    "an action that nobody knows": {"validationActions": ["Frown"]},
    "an action twice": {"validationActions": ["Deny", "Deny"]},
    "deny and warn": {"validationActions": ["Deny", "Warn"]},
    "parameters without a name": {"paramRef": {"parameterNotFoundAction": "Deny"}},
    "parameters without a word on their absence": {"paramRef": {"name": "a"}},
    "parameters by name and by labels": {
        "paramRef": {"name": "a", "selector": {}, "parameterNotFoundAction": "Deny"},
    },
}


@pytest.mark.parametrize("case", BAD_BINDINGS)
def test_a_binding_that_means_nothing_is_refused(space: Workspace, case: str) -> None:
    body = Policy(space).binding
    body["spec"].update(deepcopy(BAD_BINDINGS[case]))
    assert space.face.send("POST", f"{ROOT}/validatingadmissionpolicybindings", body).refusal == (422, "Invalid")


def test_a_policy_and_a_binding_have_defaults(space: Workspace) -> None:
    only = {"objectSelector": {"matchLabels": {"color": "red"}}}
    policy = Policy(space, binding={"matchResources": only})
    made = space.face.send("POST", f"{ROOT}/validatingadmissionpolicies", policy.policy, query={"dryRun": "All"})
    assert made.body["spec"]["matchConstraints"]["matchPolicy"] == "Equivalent"
    bound = space.face.send(
        "POST", f"{ROOT}/validatingadmissionpolicybindings", policy.binding, query={"dryRun": "All"}
    )
    assert bound.body["spec"]["matchResources"]["namespaceSelector"] == {}
