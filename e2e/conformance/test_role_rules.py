"""What roles and bindings may say, whoever writes them."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.test_authorization import RBAC, ROOT, subject
from e2e.conformance.test_escalation import PODS, binding, place, role

pytestmark = pytest.mark.section("C.6 RBAC")

Json = dict[str, Any]
MERGE = "application/merge-patch+json"
INVALID = (422, "Invalid")

RULES: dict[str, Json] = {
    "no verbs": {"apiGroups": [""], "resources": ["pods"]},
    "no groups": {"resources": ["pods"], "verbs": ["get"]},
    "no resources": {"apiGroups": [""], "verbs": ["get"]},
    "nothing": {},
    "paths": {"nonResourceURLs": ["/metrics"], "verbs": ["get"]},
    "paths and resources": {**PODS, "nonResourceURLs": ["/metrics"]},
    "paths without verbs": {"nonResourceURLs": ["/metrics"]},
}


@pytest.mark.parametrize("case", RULES)
@pytest.mark.parametrize("kind", ["Role", "ClusterRole"])
def test_a_rule_that_means_nothing_is_refused(space: Workspace, kind: str, case: str) -> None:
    path = place(space, "roles") if kind == "Role" else f"{ROOT}/clusterroles"
    name = "new" if kind == "Role" else f"{space.namespace}-new"
    answer = space.face.send("POST", path, role(name, PODS, RULES[case], kind=kind), query={"dryRun": "All"})
    assert answer.refusal == INVALID or (kind == "ClusterRole" and case == "paths")


AGGREGATIONS: dict[str, Json] = {
    "empty": {},
    "no selectors": {"clusterRoleSelectors": []},
    "a selector of everything": {"clusterRoleSelectors": [{}]},
    "a bad operator": {"clusterRoleSelectors": [{"matchExpressions": [{"key": "a", "operator": "Like"}]}]},
    "a bad label": {"clusterRoleSelectors": [{"matchLabels": {"a": "no good"}}]},
    "no values": {"clusterRoleSelectors": [{"matchExpressions": [{"key": "a", "operator": "In"}]}]},
}


@pytest.mark.parametrize("case", AGGREGATIONS)
def test_an_aggregation_has_selectors(space: Workspace, case: str) -> None:
    body = {**role(f"{space.namespace}-new", kind="ClusterRole"), "aggregationRule": AGGREGATIONS[case]}
    answer = space.face.send("POST", f"{ROOT}/clusterroles", body, query={"dryRun": "All"})
    assert answer.status in (201, 422)


REFERENCES: dict[str, Json] = {
    "nothing": {},
    "no name": {"apiGroup": RBAC, "kind": "Role"},
    "no kind": {"apiGroup": RBAC, "name": "a"},
    "another kind": {"apiGroup": RBAC, "kind": "Pod", "name": "a"},
    "another group": {"apiGroup": "apps", "kind": "Role", "name": "a"},
    "a bad name": {"apiGroup": RBAC, "kind": "Role", "name": "a/b"},
}


@pytest.mark.parametrize("case", REFERENCES)
@pytest.mark.parametrize("plural", ["rolebindings", "clusterrolebindings"])
def test_a_binding_names_a_role(space: Workspace, plural: str, case: str) -> None:
    path = place(space, "rolebindings") if plural == "rolebindings" else f"{ROOT}/{plural}"
    body = {**binding(f"{space.namespace}-new", "a"), "roleRef": REFERENCES[case]}
    answer = space.face.send("POST", path, body, query={"dryRun": "All"})
    assert answer.refusal == INVALID


def test_a_cluster_wide_binding_is_to_a_cluster_role(space: Workspace) -> None:
    body = binding(f"{space.namespace}-new", "a")
    answer = space.face.send("POST", f"{ROOT}/clusterrolebindings", body, query={"dryRun": "All"})
    assert answer.refusal == INVALID


SUBJECTS: dict[str, Json] = {
    "nothing": {},
    "no name": {"kind": "User"},
    "another kind": {"kind": "Pod", "name": "a"},
    "a user of another group": {"kind": "User", "name": "a", "apiGroup": "apps"},
    "a group of another group": {"kind": "Group", "name": "a", "apiGroup": "apps"},
    "an account with a group": {"kind": "ServiceAccount", "name": "a", "namespace": "b", "apiGroup": RBAC},
    "an account without a namespace": {"kind": "ServiceAccount", "name": "a"},
    "an account with a bad name": {"kind": "ServiceAccount", "name": "A_", "namespace": "b"},
}


@pytest.mark.parametrize("case", SUBJECTS)
@pytest.mark.parametrize("plural", ["rolebindings", "clusterrolebindings"])
def test_a_subject_that_means_nothing_is_refused(space: Workspace, plural: str, case: str) -> None:
    path = place(space, "rolebindings") if plural == "rolebindings" else f"{ROOT}/{plural}"
    body = binding(f"{space.namespace}-new", "a", "ClusterRole")
    body["subjects"] = [subject("User", "alice"), SUBJECTS[case]]
    answer = space.face.send("POST", path, body, query={"dryRun": "All"})
    assert answer.refusal == INVALID or (plural == "rolebindings" and case == "an account without a namespace")


@pytest.mark.parametrize("field", ["apiGroup", "kind", "name"])
def test_the_role_of_a_binding_stays(space: Workspace, field: str) -> None:
    space.face.send("POST", place(space, "rolebindings"), binding("old", "a"))
    values = {"apiGroup": "apps", "kind": "ClusterRole", "name": "b"}
    patch = {"roleRef": {field: values[field]}}
    path = place(space, "rolebindings", "old")
    answer = space.face.send("PATCH", path, patch, content_type=MERGE)
    assert answer.refusal == INVALID
