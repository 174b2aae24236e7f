"""Validating admission policies: what they may ask of the server, where their parameters come from, and their variables."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.registration import plain_map
from e2e.conformance.test_admission_policies import ROOT, Policy

pytestmark = pytest.mark.section("C.5 admission policies")

Json = dict[str, Any]
# Who sends the requests is an administrator.
QUESTIONS: dict[str, tuple[str, bool]] = {
    "a resource": ("authorizer.group('').resource('pods').check('get').allowed()", True),
    "an object": ("authorizer.group('').resource('pods').namespace('x').name('y').check('get').allowed()", True),
    "a subresource": ("authorizer.group('').resource('pods').subresource('log').check('get').allowed()", True),
    "a path": ("authorizer.path('/healthz').check('get').allowed()", True),
    "what is asked for": ("authorizer.requestResource.check('create').allowed()", True),
    "a service account": (
        "authorizer.serviceAccount('ns', 'sa').group('').resource('pods').check('get').allowed()",
        False,
    ),
    "a service account and a path": (
        "authorizer.serviceAccount('ns', 'sa').path('/readyz').check('put').allowed()",
        False,
    ),
    "selected fields": (
        "authorizer.group('').resource('pods').fieldSelector('spec.nodeName=x').check('list').allowed()",
        True,
    ),
    "selected labels": ("authorizer.group('').resource('pods').labelSelector('a=b').check('list').allowed()", True),
    "an error": ("authorizer.group('').resource('pods').check('get').errored()", False),
    "the words of an error": ("authorizer.group('').resource('pods').check('get').error() == ''", True),
}


@pytest.mark.parametrize("case", QUESTIONS)
def test_a_policy_asks_what_the_sender_may_do(space: Workspace, case: str) -> None:
    question, yes = QUESTIONS[case]
    with Policy(space, validations=[{"expression": question}]) as policy:
        policy.until_asked()
        assert policy.create().status == (201 if yes else 422)


def test_a_message_cannot_ask_what_the_sender_may_do(space: Workspace) -> None:
    body = Policy(space).policy
    text = "authorizer.path('/').check('get').reason()"
    body["spec"]["validations"] = [{"expression": "true", "messageExpression": text}]
    answer = space.face.send("POST", f"{ROOT}/validatingadmissionpolicies", body)
    assert (answer.refusal, answer.causes) == (
        (422, "Invalid"),
        [("spec.validations[0].messageExpression", "FieldValueInvalid")],
    )


CONFIGMAP: Json = {"apiVersion": "v1", "kind": "ConfigMap"}
BY_NAME: Json = {"name": "nowhere", "parameterNotFoundAction": "Deny"}
BY_LABEL: Json = {"selector": {"matchLabels": {"no": "where"}}, "parameterNotFoundAction": "Deny"}
RIGHT = [{"expression": "object.metadata.name == 'probe' || params.data.k == 'right'"}]


def _sent(space: Workspace, wanted: int, **parts: Any) -> None:
    with Policy(space, **parts) as policy:
        path = space.path("configmaps")
        space.face.until(
            lambda: space.bare.send("POST", path, plain_map("probe"), query={"dryRun": "All"}).status == 422
        )
        answer = policy.create()
    assert answer.status == wanted


@pytest.mark.parametrize("actions", [["Deny"], ["Warn"], ["Audit"]], ids=["deny", "warn", "audit"])
@pytest.mark.parametrize("reference", [BY_NAME, BY_LABEL], ids=["name", "label"])
def test_parameters_that_are_missing_deny_whatever_a_no_does(
    space: Workspace, reference: Json, actions: list[str]
) -> None:
    given = {"paramRef": {**reference, "namespace": space.namespace}, "validationActions": actions}
    _sent(space, 422, binding=given, validations=RIGHT, paramKind=CONFIGMAP)


def test_a_kind_of_parameters_that_there_is_not_denies(space: Workspace) -> None:
    kind = {"apiVersion": "nowhere.test/v1", "kind": "Nothing"}
    _sent(space, 422, binding={"paramRef": BY_NAME}, validations=RIGHT, paramKind=kind)


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_variable_that_cannot_be_evaluated_is_named(space: Workspace, name: str) -> None:
    variables = [{"name": "a", "expression": "object.data.nowhere"}, {"name": "b", "expression": "variables.a"}]
    wrong = [{"expression": f"object.metadata.name == 'probe' || variables.{name} == 'x'"}]
    with Policy(space, variables=variables, validations=wrong) as policy:
        policy.until_asked()
        assert policy.create({"x": "y"}).status == 422


def test_a_variable_that_nobody_asks_for_may_fail(space: Workspace) -> None:
    variables = [{"name": "a", "expression": "object.data.nowhere"}]
    with Policy(space, variables=variables, validations=[{"expression": "true"}]) as policy:
        policy.until_asked()
        assert policy.create().status == 201


BAD: dict[str, Json] = {
    "a variable before it is there": {
        "variables": [{"name": "a", "expression": "variables.b"}, {"name": "b", "expression": "1"}]
    },
    "a variable where there are none": {"validations": [{"expression": "variables.nowhere == 2"}]},
    "a variable that there is not": {
        "variables": [{"name": "a", "expression": "1"}],
        "validations": [{"expression": "variables.nowhere == 2"}],
    },
    "an annotation with spaces in its key": {"auditAnnotations": [{"key": "a b", "valueExpression": "'x'"}]},
    "an annotation without a key": {"auditAnnotations": [{"key": "", "valueExpression": "'x'"}]},
    "an annotation with a long key": {"auditAnnotations": [{"key": "a" * 64, "valueExpression": "'x'"}]},
    "an annotation with a slash in its key": {"auditAnnotations": [{"key": "a/b", "valueExpression": "'x'"}]},
    "an annotation that is a number": {"auditAnnotations": [{"key": "a", "valueExpression": "1"}]},
    "an annotation that may be anything": {"auditAnnotations": [{"key": "a", "valueExpression": "object.data.x"}]},
    "an annotation of nothing": {"auditAnnotations": [{"key": "a", "valueExpression": " "}]},
    "an annotation that does not parse": {"auditAnnotations": [{"key": "a", "valueExpression": "nosuch"}]},
    "an annotation twice": {
        "auditAnnotations": [{"key": "a", "valueExpression": "'x'"}, {"key": "a", "valueExpression": "null"}]
    },
}


@pytest.mark.parametrize("case", BAD)
def test_a_policy_with_a_bad_part_is_refused(space: Workspace, case: str) -> None:
    body = Policy(space).policy
    body["spec"].update(BAD[case])
    assert space.face.send("POST", f"{ROOT}/validatingadmissionpolicies", body).refusal == (422, "Invalid")


def test_a_policy_may_do_nothing_but_annotate(space: Workspace) -> None:
    body = Policy(space).policy
    del body["spec"]["validations"]
    body["spec"]["auditAnnotations"] = [
        {"key": "a", "valueExpression": "'x'"},
        {"key": "b", "valueExpression": "null"},
    ]
    answer = space.face.send("POST", f"{ROOT}/validatingadmissionpolicies", body, query={"dryRun": "All"})
    assert answer.status == 201
