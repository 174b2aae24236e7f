"""Questions about who one is and what one may do."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.faces import Answer, token_of
from e2e.conformance.test_authorization import GET_CONFIGMAPS, bind, grant, reaches, subject

pytestmark = pytest.mark.section("C.6 reviews")

Json = dict[str, Any]
AUTHORIZATION = "/apis/authorization.k8s.io/v1"
TOKENS = "/apis/authentication.k8s.io/v1/tokenreviews"


def may(space: Workspace, user: str = "bob", **about: Any) -> Answer:
    return space.face.send("POST", f"{AUTHORIZATION}/selfsubjectaccessreviews", {"spec": about}, user=user)


def pods(space: Workspace) -> Json:
    return {"verb": "list", "resource": "pods", "namespace": space.namespace}


def test_one_may_ask_what_one_may_do(space: Workspace) -> None:
    assert may(space, "admin", resourceAttributes=pods(space)).body["status"] == {"allowed": True}
    assert may(space, "bob", resourceAttributes=pods(space)).body["status"] == {"allowed": False}


def test_an_answer_says_which_binding_allows_it(space: Workspace) -> None:
    grant(space, [GET_CONFIGMAPS], subject("User", "alice"))
    reaches(space, "alice", "GET", space.path("configmaps"))
    about = {"verb": "get", "resource": "configmaps", "namespace": space.namespace, "name": "x"}
    status = may(space, "alice", resourceAttributes=about).body["status"]
    assert status["allowed"]
    assert status["reason"].startswith("RBAC: allowed by RoleBinding")


def test_an_answer_names_a_role_that_is_missing(space: Workspace) -> None:
    bind(space, "ClusterRole", "none", subject("Group", "developers"))
    path = space.path("pods")
    space.face.until(lambda: "not found" in space.bare.send("GET", path, user="alice").body["message"])
    assert not may(space, "alice", resourceAttributes=pods(space)).body["status"]["allowed"]


def test_one_may_ask_about_paths(space: Workspace) -> None:
    asked = may(space, nonResourceAttributes={"path": "/metrics", "verb": "get"})
    assert asked.body["status"] == {"allowed": False}


@pytest.mark.parametrize("case", ["neither", "both"])
def test_a_question_is_about_one_thing(space: Workspace, case: str) -> None:
    path = {"path": "/version", "verb": "get"}
    about: Json = {} if case == "neither" else {"nonResourceAttributes": path, "resourceAttributes": {"verb": "get"}}
    assert may(space, **about).refusal == (422, "Invalid")


def test_an_administrator_asks_about_others(space: Workspace) -> None:
    path = f"{AUTHORIZATION}/subjectaccessreviews"
    bob = space.face.send("POST", path, {"spec": {"user": "bob", "resourceAttributes": pods(space)}})
    assert bob.body["status"] == {"allowed": False}
    groups = {"user": "x", "groups": ["system:masters"], "resourceAttributes": pods(space)}
    assert space.face.send("POST", path, {"spec": groups}).body["status"] == {"allowed": True}
    nobody = space.face.send("POST", path, {"spec": {"resourceAttributes": pods(space)}})
    assert nobody.refusal == (422, "Invalid")
    assert space.face.send("POST", path, {"spec": {"user": "x"}}, user="bob").refusal == (403, "Forbidden")


def test_a_service_account_has_the_rights_of_its_bindings(space: Workspace) -> None:
    grant(space, [GET_CONFIGMAPS], subject("ServiceAccount", "robot", space.namespace), subject("User", "alice"))
    reaches(space, "alice", "GET", space.path("configmaps"))
    about = {"verb": "get", "resource": "configmaps", "namespace": space.namespace}
    spec = {"user": f"system:serviceaccount:{space.namespace}:robot", "resourceAttributes": about}
    answer = space.face.send("POST", f"{AUTHORIZATION}/subjectaccessreviews", {"spec": spec})
    assert answer.body["status"]["allowed"]


def test_a_local_question_is_about_its_namespace(space: Workspace) -> None:
    path = f"{AUTHORIZATION}/namespaces/{space.namespace}/localsubjectaccessreviews"
    here = space.face.send("POST", path, {"spec": {"user": "bob", "resourceAttributes": pods(space)}})
    assert here.body["status"] == {"allowed": False}
    there = {**pods(space), "namespace": "default"}
    wrong = space.face.send("POST", path, {"spec": {"user": "bob", "resourceAttributes": there}})
    assert wrong.refusal == (422, "Invalid")
    page = {"user": "bob", "nonResourceAttributes": {"path": "/", "verb": "get"}}
    assert space.face.send("POST", path, {"spec": page}).refusal == (422, "Invalid")


def test_one_may_ask_for_all_ones_rules(space: Workspace) -> None:
    grant(space, [GET_CONFIGMAPS], subject("User", "alice"))
    reaches(space, "alice", "GET", space.path("configmaps"))
    answer = space.face.send(
        "POST",
        f"{AUTHORIZATION}/selfsubjectrulesreviews",
        {"spec": {"namespace": space.namespace}},
        user="alice",
        part=lambda body: [rule for rule in body["status"]["resourceRules"] if "configmaps" in rule["resources"]],
    )
    assert answer.body["status"]["incomplete"] is False
    no_place = space.face.send("POST", f"{AUTHORIZATION}/selfsubjectrulesreviews", {"spec": {}}, user="alice")
    assert no_place.refusal == (400, "BadRequest")


@pytest.mark.parametrize("user", ["admin", "alice", "bob"])
def test_one_may_ask_who_one_is(space: Workspace, user: str) -> None:
    answer = space.face.send("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, user=user)
    assert answer.body["status"]["userInfo"]["username"] == user


def test_a_token_tells_its_owner(space: Workspace) -> None:
    known = space.face.send("POST", TOKENS, {"spec": {"token": token_of("alice")}})
    assert known.body["status"]["user"]["username"] == "alice"
    unknown = space.face.send("POST", TOKENS, {"spec": {"token": "nope"}})
    assert unknown.body["status"]["error"]
    assert space.face.send("POST", TOKENS, {"spec": {}}).refusal == (400, "BadRequest")
    assert space.face.send("POST", TOKENS, {"spec": {"token": "x"}}, user="bob").refusal == (403, "Forbidden")


def test_a_token_for_other_ears_is_none(space: Workspace) -> None:
    answer = space.face.send("POST", TOKENS, {"spec": {"token": token_of("alice"), "audiences": ["x"]}})
    assert "authenticated" not in answer.body["status"]


def test_questions_are_not_kept(space: Workspace) -> None:
    path = f"{AUTHORIZATION}/subjectaccessreviews"
    assert space.face.send("GET", path).refusal == (405, "MethodNotAllowed")
    assert space.face.send("GET", f"{path}/x").refusal == (404, "NotFound")
    assert space.face.send("DELETE", path).refusal == (405, "MethodNotAllowed")
