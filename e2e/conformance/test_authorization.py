"""Who may do what: roles, bindings, and the sentence of a no."""

from collections.abc import Sequence
from typing import Any

import pytest

from e2e.conformance.conftest import Workspace

pytestmark = pytest.mark.section("C.6 RBAC")

Json = dict[str, Any]
RBAC = "rbac.authorization.k8s.io"
ROOT = f"/apis/{RBAC}/v1"
GET_CONFIGMAPS: Json = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}


def subject(kind: str, name: str, namespace: str = "") -> Json:
    if kind == "ServiceAccount":
        return {"kind": kind, "name": name, "namespace": namespace}
    return {"kind": kind, "name": name, "apiGroup": RBAC}


def grant(space: Workspace, rules: Sequence[Json], *subjects: Json, name: str = "it") -> None:
    """A role and its binding in the namespace of the claim."""
    path = f"{ROOT}/namespaces/{space.namespace}"
    role = space.bare.send("POST", f"{path}/roles", {"metadata": {"name": name}, "rules": list(rules)})
    assert role.status == 201, role.body
    bind(space, "Role", name, *subjects, name=name)


def bind(space: Workspace, kind: str, role: str, *subjects: Json, name: str = "it") -> None:
    """A binding in the namespace of the claim."""
    reference = {"apiGroup": RBAC, "kind": kind, "name": role}
    body: Json = {"metadata": {"name": name}, "roleRef": reference, "subjects": list(subjects)}
    answer = space.bare.send("POST", f"{ROOT}/namespaces/{space.namespace}/rolebindings", body)
    assert answer.status == 201, answer.body


def reaches(space: Workspace, user: str, method: str, path: str, body: Any = None) -> None:
    """Wait until a right has come into force: a moment later on the real server."""
    space.face.until(lambda: space.bare.send(method, path, body, user=user, query={"dryRun": "All"}).status != 403)


PATHS = {
    "list": ("GET", "pods", "", ""),
    "get": ("GET", "pods", "x", ""),
    "part": ("GET", "pods", "x", "log"),
    "scale": ("GET", "deployments", "d", "scale"),
    "create": ("POST", "pods", "", ""),
    "evict": ("POST", "pods", "x", "eviction"),
    "update": ("PUT", "pods", "x", ""),
    "patch": ("PATCH", "leases", "x", ""),
    "delete": ("DELETE", "widgets", "x", ""),
    "delete all": ("DELETE", "pods", "", ""),
}


@pytest.mark.parametrize("case", PATHS)
def test_who_has_no_right_is_told_which_one(space: Workspace, case: str) -> None:
    method, plural, name, part = PATHS[case]
    body: Json | None = None if method == "GET" else {}
    answer = space.face.send(method, space.path(plural, name, part), body, user="bob")
    assert answer.refusal == (403, "Forbidden")


@pytest.mark.parametrize(
    "path",
    ["/api/v1/pods", "/api/v1/nodes/n", "/api/v1/namespaces", "/apis/nope.io/v1/namespaces/n/things/x", "/metrics"],
)
def test_who_has_no_right_does_not_learn_what_there_is(space: Workspace, path: str) -> None:
    assert space.face.send("GET", path, user="bob").refusal == (403, "Forbidden")


def test_a_namespace_itself_is_asked_for_within_it(space: Workspace) -> None:
    answer = space.face.send("GET", f"/api/v1/namespaces/{space.namespace}", user="bob")
    assert answer.body["message"].endswith(f'in the namespace "{space.namespace}"')


def test_a_watch_is_a_right_of_its_own(space: Workspace) -> None:
    grant(space, [GET_CONFIGMAPS], subject("User", "alice"))
    reaches(space, "alice", "GET", space.path("configmaps"))
    answer = space.face.send("GET", space.path("configmaps"), user="alice", query={"fieldSelector": "metadata.name=x"})
    assert answer.status == 200


@pytest.mark.parametrize("who", [("User", "alice"), ("Group", "developers"), ("Group", "system:authenticated")])
def test_a_role_holds_for_users_and_groups(space: Workspace, who: tuple[str, str]) -> None:
    grant(space, [GET_CONFIGMAPS], subject(*who))
    path = space.path("configmaps")
    reaches(space, "alice", "GET", path)
    assert space.face.send("GET", path, user="alice").status == 200
    assert space.face.send("GET", space.path("secrets"), user="alice").refusal == (403, "Forbidden")
    assert space.face.send("DELETE", space.path("configmaps", "x"), user="alice").refusal == (403, "Forbidden")


def test_a_role_holds_in_its_namespace_only(space: Workspace) -> None:
    grant(space, [GET_CONFIGMAPS], subject("User", "alice"))
    reaches(space, "alice", "GET", space.path("configmaps"))
    elsewhere = "/api/v1/namespaces/default/configmaps"
    assert space.face.send("GET", elsewhere, user="alice").refusal == (403, "Forbidden")
    assert space.face.send("GET", "/api/v1/configmaps", user="alice").refusal == (403, "Forbidden")


def test_a_role_may_name_the_objects(space: Workspace) -> None:
    rule = {**GET_CONFIGMAPS, "resourceNames": ["mine"]}
    grant(space, [rule], subject("User", "alice"))
    reaches(space, "alice", "GET", space.path("configmaps", "mine"))
    assert space.face.send("GET", space.path("configmaps", "mine"), user="alice").refusal == (404, "NotFound")
    assert space.face.send("GET", space.path("configmaps", "other"), user="alice").refusal == (403, "Forbidden")
    assert space.face.send("GET", space.path("configmaps"), user="alice").refusal == (403, "Forbidden")
    selected = {"fieldSelector": "metadata.name=mine"}
    assert space.face.send("GET", space.path("configmaps"), user="alice", query=selected).status == 200


@pytest.mark.parametrize("resource", ["deployments/scale", "*/scale"])
def test_a_part_of_an_object_is_a_right_of_its_own(space: Workspace, resource: str) -> None:
    grant(space, [{"apiGroups": ["apps"], "resources": [resource], "verbs": ["get"]}], subject("User", "alice"))
    reaches(space, "alice", "GET", space.path("deployments", "d", "scale"))
    assert space.face.send("GET", space.path("deployments", "d", "scale"), user="alice").refusal == (404, "NotFound")
    assert space.face.send("GET", space.path("deployments", "d"), user="alice").refusal == (403, "Forbidden")


def test_a_star_stands_for_everything(space: Workspace) -> None:
    grant(space, [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}], subject("User", "alice"))
    reaches(space, "alice", "GET", space.path("deployments"))
    assert space.face.send("GET", space.path("deployments", "d", "scale"), user="alice").refusal == (404, "NotFound")
    made = space.face.send("POST", space.path("configmaps"), {"metadata": {"name": "a"}}, user="alice")
    assert made.status == 201
    assert space.face.send("GET", "/api/v1/nodes", user="alice").refusal == (403, "Forbidden")


def test_a_cluster_role_may_be_bound_in_a_namespace(space: Workspace) -> None:
    bind(space, "ClusterRole", "cluster-admin", subject("User", "alice"))
    reaches(space, "alice", "GET", space.path("secrets"))
    assert space.face.send("GET", space.path("secrets"), user="alice").status == 200
    assert space.face.send("GET", "/api/v1/secrets", user="alice").refusal == (403, "Forbidden")


def test_a_role_that_is_missing_is_named_in_the_refusal(space: Workspace) -> None:
    bind(space, "Role", "none", subject("User", "bob"))
    path = space.path("pods")
    space.face.until(lambda: "not found" in space.bare.send("GET", path, user="bob").body["message"])
    assert space.face.send("GET", path, user="bob").refusal == (403, "Forbidden")


def test_a_right_that_is_taken_away_is_gone(space: Workspace) -> None:
    grant(space, [GET_CONFIGMAPS], subject("User", "alice"))
    path = space.path("configmaps")
    reaches(space, "alice", "GET", path)
    space.bare.send("DELETE", f"{ROOT}/namespaces/{space.namespace}/rolebindings/it")
    space.face.until(lambda: space.bare.send("GET", path, user="alice").status == 403)
    assert space.face.send("GET", path, user="alice").refusal == (403, "Forbidden")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/livez"])
def test_every_user_may_ask_how_the_server_is(space: Workspace, path: str) -> None:
    assert space.face.send("GET", path, user="bob").body == {"text": "ok"}
