"""Who a request is taken to come from: tokens, nobody, and acting as somebody else."""

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.faces import Answer, token_of

pytestmark = [pytest.mark.section("C.6 authentication"), pytest.mark.over_http]

REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


def whoami(space: Workspace, user: str = "admin", **headers: str) -> Answer:
    token = token_of(user) if user else ""
    return space.face.raw("POST", REVIEW, b"{}", token=token, part=None, Content_Type="application/json", **headers)


@pytest.mark.parametrize("user", ["admin", "alice", "bob"])
def test_a_token_says_who_one_is(space: Workspace, user: str) -> None:
    assert whoami(space, user).body["status"]["userInfo"]["username"] == user


def test_a_token_that_is_nobodys_is_refused(space: Workspace) -> None:
    assert space.face.raw("GET", "/version", token="nonsense").refusal == (401, "Unauthorized")
    assert space.face.raw("GET", "/nope", token="nonsense").refusal == (401, "Unauthorized")


@pytest.mark.parametrize("header", ["", "Bearer", "Basic YTpi"])
def test_without_a_token_one_is_anonymous(space: Workspace, header: str) -> None:
    headers: dict[str, str] = {"Authorization": header} if header else {}
    answer = space.face.raw("GET", space.path("pods"), b"", token="", part=None, **headers)
    assert 'User "system:anonymous" cannot list' in answer.body["message"]


def test_anybody_may_ask_whether_the_server_lives(space: Workspace) -> None:
    assert space.face.raw("GET", "/healthz", token="").status == 200
    assert space.face.raw("GET", "/nope", token="").refusal == (403, "Forbidden")


def test_an_administrator_acts_as_somebody_else(space: Workspace) -> None:
    jane = whoami(space, Impersonate_User="jane").body["status"]["userInfo"]
    assert jane == {"username": "jane", "groups": ["system:authenticated"]}
    more = {"Impersonate-Group": "g1", "Impersonate-Uid": "u1", "Impersonate-Extra-Scopes": "view"}
    answer = whoami(space, Impersonate_User="jane", **more)
    assert answer.body["status"]["userInfo"]["extra"] == {"scopes": ["view"]}


def test_a_service_account_that_is_acted_as_has_its_groups(space: Workspace) -> None:
    answer = whoami(space, Impersonate_User="system:serviceaccount:default:sa")
    assert "system:serviceaccounts:default" in answer.body["status"]["userInfo"]["groups"]


def test_who_acts_as_nobody_may_do_nothing(space: Workspace) -> None:
    assert whoami(space, Impersonate_User="system:anonymous").refusal == (403, "Forbidden")


def test_who_acts_as_another_has_the_rights_of_that_one(space: Workspace) -> None:
    answer = space.face.raw("GET", space.path("pods"), Impersonate_User="bob")
    assert answer.refusal == (403, "Forbidden")


@pytest.mark.parametrize("user", ["jane", "bob", "system:serviceaccount:default:sa"])
def test_acting_as_somebody_needs_a_right(space: Workspace, user: str) -> None:
    assert whoami(space, "bob", Impersonate_User=user).refusal == (403, "Forbidden")


def test_a_group_alone_cannot_be_acted_as(space: Workspace) -> None:
    assert whoami(space, Impersonate_Group="g").refusal == (400, "BadRequest")
