"""What a client is told that comes when others are served: to come back in a second.

Alice is sent to a priority level that serves one request at a time, and one of hers is being looked at by a webhook.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.faces import token_of
from e2e.conformance.registration import Registration, plain_map

pytestmark = [pytest.mark.section("C.6 APF"), pytest.mark.over_http]

Json = dict[str, Any]
FLOWS = "/apis/flowcontrol.apiserver.k8s.io/v1"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
ALICE: Json = {"kind": "User", "user": {"name": "alice"}}
EVERYTHING: Json = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": True}


def _level(space: Workspace) -> Json:
    limited = {
        "nominalConcurrencyShares": 0,
        "lendablePercent": 0,
        "borrowingLimitPercent": 0,
        "limitResponse": {"type": "Reject"},
    }
    return {"metadata": {"name": space.namespace}, "spec": {"type": "Limited", "limited": limited}}


def _schema(space: Workspace, rule: Json) -> Json:
    paths = [{"verbs": ["*"], "nonResourceURLs": ["*"]}]
    full = {"subjects": [ALICE], "resourceRules": [EVERYTHING], "nonResourceRules": paths, **rule}
    level = {"name": space.namespace}
    spec = {"matchingPrecedence": 10, "priorityLevelConfiguration": level, "rules": [full]}
    return {"metadata": {"name": space.namespace}, "spec": spec}


@contextmanager
def _narrow(space: Workspace, **rule: Any) -> Iterator[None]:
    """Alice may do everything in the namespace, and does one thing at a time."""
    subject = {"kind": "User", "name": "alice", "apiGroup": "rbac.authorization.k8s.io"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"}
    rights = {"metadata": {"name": "alice"}, "roleRef": role, "subjects": [subject]}
    space.bare.send("POST", f"{RBAC}/namespaces/{space.namespace}/rolebindings", rights)
    space.bare.send("POST", f"{FLOWS}/prioritylevelconfigurations", _level(space))
    answer = space.bare.send("POST", f"{FLOWS}/flowschemas", _schema(space, rule))
    assert answer.status == 201, answer.body
    try:
        yield
    finally:
        space.bare.send("DELETE", f"{FLOWS}/flowschemas/{space.namespace}")
        space.bare.send("DELETE", f"{FLOWS}/prioritylevelconfigurations/{space.namespace}")


@contextmanager
def _one_is_served(space: Workspace) -> Iterator[None]:
    """A create of alice is under way, and the server has heard of her level."""
    begun, over = threading.Event(), threading.Event()

    def handler(request: Json) -> Json:
        if request["name"] == "slow":
            begun.set()
            over.wait(20)
        return {"allowed": request["name"] != "probe"}

    def create() -> None:
        space.bare.aside("POST", space.path("configmaps"), plain_map("slow"), user="alice")

    with Registration(space, space.bare.webhook(handler)) as gate:
        gate.until(400)
        one = threading.Thread(target=create)
        one.start()
        try:
            assert begun.wait(20)
            yield
        finally:
            over.set()
            one.join()


def _ask(space: Workspace, method: str, path: str, user: str = "alice", body: bytes = b"") -> int:
    return space.face.raw(method, path, body, token=token_of(user), Content_Type="application/json").status


def _known(space: Workspace) -> None:
    """Wait until the server goes by the new level."""
    path = space.path("configmaps")
    space.face.until(lambda: space.bare.send("GET", path, user="alice").status == 429)


def test_one_request_too_many_is_told_to_come_back(space: Workspace) -> None:
    maps = space.path("configmaps")
    with _narrow(space), _one_is_served(space):
        _known(space)
        assert _ask(space, "GET", maps) == 429
        assert _ask(space, "POST", maps, body=b'{"metadata":{"name":"a"}}') == 429
        assert _ask(space, "GET", f"{maps}?watch=true&timeoutSeconds=1") == 429
        assert _ask(space, "GET", "/version") == 429
        assert _ask(space, "GET", "/api/v1/namespaces") == 429  # before anybody asks whether she may
    assert _ask(space, "GET", f"{maps}/a", user="admin") == 404
    assert _ask(space, "GET", f"{maps}/a") == 404


def test_others_and_probes_are_served(space: Workspace) -> None:
    maps = space.path("configmaps")
    with _narrow(space), _one_is_served(space):
        _known(space)
        assert _ask(space, "GET", maps, user="admin") == 200
        assert _ask(space, "GET", maps, user="bob") == 403
        assert _ask(space, "GET", "/healthz") == 200
        assert _ask(space, "GET", "/readyz") == 200


def test_a_flow_is_what_its_rules_name(space: Workspace) -> None:
    maps = space.path("configmaps")
    rule = {**EVERYTHING, "verbs": ["create", "list"], "resources": ["configmaps"], "clusterScope": False}
    with _narrow(space, resourceRules=[rule], nonResourceRules=[]), _one_is_served(space):
        _known(space)
        assert _ask(space, "GET", f"{maps}/a") == 404
        assert _ask(space, "GET", space.path("secrets")) == 200
        assert _ask(space, "GET", "/version") == 200


@pytest.mark.parametrize("group", ["developers", "system:authenticated"])
def test_a_flow_may_be_that_of_a_group(space: Workspace, group: str) -> None:
    with _narrow(space, subjects=[{"kind": "Group", "group": {"name": group}}]), _one_is_served(space):
        _known(space)
        assert _ask(space, "GET", space.path("configmaps")) == 429
        assert _ask(space, "GET", space.path("configmaps"), user="bob") == (403 if group == "developers" else 429)
