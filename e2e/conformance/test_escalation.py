"""Nobody gives away more than they hold: roles and bindings written by whoever is no master."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.test_authorization import GET_CONFIGMAPS, RBAC, ROOT, bind, grant, reaches, subject

pytestmark = pytest.mark.section("C.6 RBAC")

Json = dict[str, Any]
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
WRITE: Json = {
    "apiGroups": [RBAC],
    "resources": ["roles", "rolebindings"],
    "verbs": ["create", "update", "patch", "list"],
}
SMALLER: Json = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}
PODS: Json = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}
REFUSED = (403, "Forbidden")


def place(space: Workspace, plural: str, name: str = "") -> str:
    """The path of a role or a binding in the namespace of the claim."""
    return "/".join(part for part in (ROOT, "namespaces", space.namespace, plural, name) if part)


def role(name: str, *rules: Json, kind: str = "Role") -> Json:
    return {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": {"name": name}, "rules": list(rules)}


def binding(name: str, bound: str, kind: str = "Role") -> Json:
    reference = {"apiGroup": RBAC, "kind": kind, "name": bound}
    subjects = [subject("User", "bob")]
    return {"metadata": {"name": name}, "roleRef": reference, "subjects": subjects}


def allow(space: Workspace, *more: Json) -> None:
    """Let alice write roles and bindings, and hold what ``more`` says."""
    grant(space, [WRITE, *more], subject("User", "alice"))
    reaches(space, "alice", "GET", place(space, "roles"))
    path = place(space, "roles")
    space.face.until(
        lambda: space.bare.send("POST", path, role("probe", WRITE), user="alice", query={"dryRun": "All"}).status == 201
    )


CASES: dict[str, list[Json]] = {
    "one right": [PODS],
    "more than one has": [{**GET_CONFIGMAPS, "verbs": ["get", "list", "watch", "delete"]}],
    "two resources": [{"apiGroups": ["", "apps"], "resources": ["pods", "deployments"], "verbs": ["get", "list"]}],
    "everything": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
    "one of two is held": [GET_CONFIGMAPS, PODS],
    "by names": [{**PODS, "resourceNames": ["b", "a"]}],
    "by one name, and another right of it": [{**PODS, "resourceNames": ["a"]}, {**PODS, "resourceNames": ["a"], "verbs": ["update"]}],
    "a part": [{"apiGroups": ["apps"], "resources": ["deployments/scale", "*/status"], "verbs": ["update"]}],
    "nothing to speak of": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": []}],
    "paths": [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}],
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_role_cannot_give_what_its_author_does_not_hold(space: Workspace, case: str) -> None:
    allow(space, GET_CONFIGMAPS)
    answer = space.face.send("POST", place(space, "roles"), role("new", *CASES[case]), user="alice")
    assert answer.status >= 400


HELD: dict[str, list[Json]] = {
    "the same": [GET_CONFIGMAPS],
    "less": [SMALLER],
    "one object of it": [{**SMALLER, "resourceNames": ["a"]}],
    "nothing": [],
}


@pytest.mark.parametrize("case", HELD)
def test_a_role_may_give_what_its_author_holds(space: Workspace, case: str) -> None:
    allow(space, GET_CONFIGMAPS)
    answer = space.face.send("POST", place(space, "roles"), role("new", *HELD[case]), user="alice")
    assert answer.status == 201


def test_a_star_covers_what_it_stands_for(space: Workspace) -> None:
    allow(space, {"apiGroups": ["apps"], "resources": ["*/scale", "deployments"], "verbs": ["*"]})
    part = {"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["update"]}
    assert space.face.send("POST", place(space, "roles"), role("part", part), user="alice").status == 201
    whole = {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["*"]}
    assert space.face.send("POST", place(space, "roles"), role("whole", whole), user="alice").status == 201
    more = {"apiGroups": ["apps"], "resources": ["deployments/status"], "verbs": ["get"]}
    assert space.face.send("POST", place(space, "roles"), role("more", more), user="alice").refusal == REFUSED


@pytest.mark.parametrize("method", ["PUT", "PATCH", "apply"])
def test_a_role_cannot_be_changed_to_give_more(space: Workspace, method: str) -> None:
    allow(space, GET_CONFIGMAPS)
    space.bare.send("POST", place(space, "roles"), role("old", SMALLER))
    path, more = place(space, "roles", "old"), role("old", SMALLER, PODS)
    if method == "PUT":
        answer = space.face.send("PUT", path, more, user="alice")
    elif method == "PATCH":
        answer = space.face.send("PATCH", path, {"rules": more["rules"]}, content_type=MERGE, user="alice")
    else:
        asked = {"fieldManager": "a", "force": "true"}
        answer = space.face.send("PATCH", path, more, content_type=APPLY, query=asked, user="alice")
    assert answer.refusal == REFUSED


def test_a_role_of_others_may_lose_rights(space: Workspace) -> None:
    allow(space, GET_CONFIGMAPS)
    space.bare.send("POST", place(space, "roles"), role("old", GET_CONFIGMAPS, PODS))
    path = place(space, "roles", "old")
    patch = {"metadata": {"labels": {"a": "b"}}}
    assert space.face.send("PATCH", path, patch, content_type=MERGE, user="alice").refusal == REFUSED
    same = space.face.send("PATCH", path, {}, content_type=MERGE, user="alice")
    assert same.status == 200
    kept = {"metadata": {"finalizers": ["conformance.test/kept"]}}
    assert space.face.send("PATCH", path, kept, content_type=MERGE, user="alice").status == 200
    gone: Json = {"metadata": {"finalizers": None}}
    assert space.face.send("PATCH", path, gone, content_type=MERGE, user="alice").status == 200
    less = {"rules": [GET_CONFIGMAPS]}
    assert space.face.send("PATCH", path, less, content_type=MERGE, user="alice").status == 200


def test_who_may_escalate_gives_what_they_do_not_hold(space: Workspace) -> None:
    allow(space, {"apiGroups": [RBAC], "resources": ["roles"], "verbs": ["escalate"]})
    assert space.face.send("POST", place(space, "roles"), role("new", PODS), user="alice").status == 201
    space.bare.send("POST", place(space, "roles"), role("pods", PODS))
    bound = space.face.send("POST", place(space, "rolebindings"), binding("new", "pods"), user="alice")
    assert bound.refusal == REFUSED


def test_a_binding_cannot_give_what_its_author_does_not_hold(space: Workspace) -> None:
    allow(space, GET_CONFIGMAPS)
    for name, rule in (("pods", PODS), ("less", SMALLER)):
        space.bare.send("POST", place(space, "roles"), role(name, rule))
    path = place(space, "rolebindings")
    refused = space.face.send("POST", path, binding("more", "pods"), user="alice")
    assert refused.refusal == REFUSED
    cluster = space.face.send("POST", path, binding("most", "cluster-admin", "ClusterRole"), user="alice")
    assert cluster.refusal == REFUSED
    assert space.face.send("POST", path, binding("less", "less"), user="alice").status == 201


@pytest.mark.parametrize("kind", ["Role", "ClusterRole"])
def test_a_binding_to_a_role_that_is_not_there_is_for_masters(space: Workspace, kind: str) -> None:
    allow(space)
    answer = space.face.send("POST", place(space, "rolebindings"), binding("new", "nope", kind), user="alice")
    assert answer.refusal == (404, "NotFound")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_who_is_bound_cannot_be_changed_without_the_rights(space: Workspace, method: str) -> None:
    allow(space, GET_CONFIGMAPS)
    space.bare.send("POST", place(space, "roles"), role("pods", PODS))
    space.bare.send("POST", place(space, "rolebindings"), binding("old", "pods"))
    path, other = place(space, "rolebindings", "old"), binding("old", "pods")
    other["subjects"] = [subject("User", "alice")]
    if method == "PUT":
        answer = space.face.send("PUT", path, other, user="alice")
    else:
        answer = space.face.send("PATCH", path, {"subjects": other["subjects"]}, content_type=MERGE, user="alice")
    assert answer.refusal == REFUSED
    assert space.face.send("PATCH", path, {}, content_type=MERGE, user="alice").status == 200


def test_who_may_bind_a_role_gives_what_they_do_not_hold(space: Workspace) -> None:
    rule = {"apiGroups": [RBAC], "resources": ["roles"], "verbs": ["bind"], "resourceNames": ["pods"]}
    allow(space, rule)
    for name in ("pods", "others"):
        space.bare.send("POST", place(space, "roles"), role(name, PODS))
    path = place(space, "rolebindings")
    assert space.face.send("POST", path, binding("one", "pods"), user="alice").status == 201
    assert space.face.send("POST", path, binding("other", "others"), user="alice").refusal == REFUSED


def test_a_role_that_is_missing_is_named_in_the_refusal_of_another(space: Workspace) -> None:
    allow(space)
    bind(space, "Role", "none", subject("User", "alice"), name="broken")
    path = place(space, "roles")
    asked = {"dryRun": "All"}
    space.face.until(
        lambda: (
            "resolution" in space.bare.send("POST", path, role("a", PODS), user="alice", query=asked).body["message"]
        )
    )
    assert space.face.send("POST", path, role("new", PODS), user="alice").refusal == REFUSED


def cluster_wide(space: Workspace, *rules: Json) -> str:
    """Let alice hold this everywhere; gives the name of its role and of its binding, which have to go after the claim."""
    name = space.namespace
    space.bare.send("POST", f"{ROOT}/clusterroles", role(name, *rules, kind="ClusterRole"))
    body = binding(name, name, "ClusterRole")
    body["subjects"] = [subject("User", "alice")]
    assert space.bare.send("POST", f"{ROOT}/clusterrolebindings", body).status == 201
    reaches(space, "alice", "GET", f"{ROOT}/clusterroles")
    return name


def withdraw(space: Workspace, name: str) -> None:
    """Take it away again."""
    for plural in ("clusterrolebindings", "clusterroles"):
        space.bare.send("DELETE", f"{ROOT}/{plural}/{name}")


def test_nobody_gives_more_than_they_hold_everywhere(space: Workspace) -> None:
    kinds = ["clusterroles", "clusterrolebindings"]
    name = cluster_wide(
        space, {"apiGroups": [RBAC], "resources": kinds, "verbs": ["create", "list", "bind"]}, GET_CONFIGMAPS
    )
    try:
        path = f"{ROOT}/clusterroles"
        paths = {"nonResourceURLs": ["/metrics", "/logs/*"], "verbs": ["get", "post"]}
        refused = space.face.send("POST", path, role(f"{name}-more", PODS, paths, kind="ClusterRole"), user="alice")
        assert refused.refusal == REFUSED
        bound = binding(f"{name}-more", "cluster-admin", "ClusterRole")
        bindings = f"{ROOT}/clusterrolebindings"
        # Who may bind every cluster role may bind those that do not exist.
        assert space.face.send("POST", bindings, bound, user="alice", query={"dryRun": "All"}).status == 201
        missing = binding(f"{name}-none", "nope", "ClusterRole")
        assert space.face.send("POST", bindings, missing, user="alice", query={"dryRun": "All"}).status == 201
    finally:
        withdraw(space, name)


def test_who_aggregates_has_to_hold_everything(space: Workspace) -> None:
    rule = {"apiGroups": [RBAC], "resources": ["clusterroles"], "verbs": ["create", "update", "patch", "list"]}
    name = cluster_wide(space, rule)
    wanted = role(f"{name}-all", kind="ClusterRole")
    wanted["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}
    try:
        assert space.face.send("POST", f"{ROOT}/clusterroles", wanted, user="alice").refusal == REFUSED
        plain = role(f"{name}-plain", kind="ClusterRole")
        assert space.face.send("POST", f"{ROOT}/clusterroles", plain, user="alice").status == 201
        patch = {"aggregationRule": wanted["aggregationRule"]}
        path = f"{ROOT}/clusterroles/{name}-plain"
        assert space.face.send("PATCH", path, patch, content_type=MERGE, user="alice").refusal == REFUSED
        space.bare.send("DELETE", path)
    finally:
        withdraw(space, name)
