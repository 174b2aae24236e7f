"""How long a request may take: as long as it says itself, and as long as the server lets it."""

from typing import Any, Self

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.faces import Answer
from e2e.conformance.registration import Registration, plain_map

pytestmark = pytest.mark.section("C.4 timeouts")

Json = dict[str, Any]
MERGE = "application/merge-patch+json"


class Slow(Registration):
    """A webhook that takes three seconds for what is called ``slow``."""

    def __init__(self, space: Workspace, **hook: Any) -> None:
        def answer(request: Json) -> Json:
            if request["name"] == "probe":
                return {"allowed": False}
            return {"allowed": True, "after": 3.0 if request["name"] == "slow" else 0.0}

        super().__init__(space, space.bare.webhook(answer), **hook)

    def __enter__(self) -> Self:
        super().__enter__()
        self.until(400)
        return self


def _create(space: Workspace, **query: str) -> Answer:
    return space.face.send("POST", space.path("configmaps"), plain_map("slow"), query=query)


def test_a_create_takes_no_longer_than_it_says(space: Workspace) -> None:
    with Slow(space):
        assert _create(space, timeout="1s").refusal == (504, "Timeout")
    assert space.face.send("GET", space.path("configmaps", "slow")).status == 404


@pytest.mark.parametrize("given", ["9s", "1m", "90s", "1h", "0s", "-1s", "", "1m0.5s"])
def test_a_request_that_has_time_is_done(space: Workspace, given: str) -> None:
    with Slow(space):
        assert _create(space, timeout=given).status == 201


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_change_takes_no_longer_than_it_says(space: Workspace, method: str) -> None:
    path = space.path("configmaps", "slow")
    _create(space)
    with Slow(space):
        query = {"timeout": "1s"}
        if method == "PATCH":
            answer = space.face.send(method, path, {"data": {"a": "b"}}, content_type=MERGE, query=query)
        else:
            answer = space.face.send(method, path, query=query)
    assert answer.refusal == (504, "Timeout")
    assert "data" not in space.face.send("GET", path).body


@pytest.mark.parametrize("given", ["1", "soon", "1x", "s", "1.s", ".s", "1 s"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_time_that_is_none_is_refused(space: Workspace, method: str, given: str) -> None:
    body = plain_map("a") if method == "POST" else None
    space.face.send(method, space.path("configmaps"), body, query={"timeout": given})


def test_a_version_of_the_future_is_waited_for_no_longer_than_is_said(space: Workspace) -> None:
    query = {"timeout": "1s", "resourceVersion": "99999999"}
    assert space.face.send("GET", space.path("configmaps"), query=query).refusal == (504, "Timeout")


@pytest.mark.parametrize("policy", ["Fail", "Ignore"])
def test_a_webhook_has_the_time_that_it_was_given(space: Workspace, policy: str) -> None:
    with Slow(space, timeoutSeconds=1, failurePolicy=policy):
        assert _create(space).status == (500 if policy == "Fail" else 201)
