"""The roles and bindings of a new cluster, and roles that are put together from others."""

from functools import partial
from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.test_authorization import ROOT
from e2e.conformance.test_escalation import PODS, role

pytestmark = pytest.mark.section("C.6 RBAC")

Json = dict[str, Any]
MERGE = "application/merge-patch+json"
DEFAULT = {"labelSelector": "kubernetes.io/bootstrapping=rbac-defaults"}


def _given(body: Json) -> list[Json]:
    """What stands in the objects of a list that somebody has given."""
    found = []
    for item in body["items"]:
        metadata = {name: item["metadata"].get(name) for name in ("namespace", "name", "labels", "annotations")}
        found.append({**item, "metadata": metadata})
    return found


def _complete(space: Workspace) -> None:
    """Wait until the roles of the cluster have been put together."""
    for name in ("view", "edit", "admin"):
        space.face.until(partial(_is_complete, space, f"{ROOT}/clusterroles/{name}"))


def _is_complete(space: Workspace, path: str) -> bool:
    return len(space.bare.send("GET", path).body["rules"] or ()) > 10


@pytest.mark.parametrize("plural", ["clusterroles", "clusterrolebindings", "roles", "rolebindings"])
def test_a_cluster_is_born_with(space: Workspace, plural: str) -> None:
    _complete(space)
    answer = space.face.send("GET", f"{ROOT}/{plural}", query=DEFAULT, part=_given)
    assert answer.body["items"]


def test_a_role_is_put_together_by_labels(space: Workspace) -> None:
    one, other = f"{space.namespace}-one", f"{space.namespace}-other"
    label = {"conformance.test/part-of": space.shown[:20]}
    whole = role(f"{space.namespace}-whole", {**PODS, "verbs": ["delete"]}, kind="ClusterRole")
    whole["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": label}]}
    paths = {name: f"{ROOT}/clusterroles/{name}" for name in (one, other, whole["metadata"]["name"])}
    path = paths[whole["metadata"]["name"]]

    def rules() -> list[Json]:
        return space.bare.send("GET", path).body["rules"] or []

    for name, part in ((other, {**PODS, "verbs": ["get"]}), (one, PODS)):
        body = role(name, part, kind="ClusterRole")
        body["metadata"]["labels"] = label
        space.bare.send("POST", f"{ROOT}/clusterroles", body)
    assert space.face.send("POST", f"{ROOT}/clusterroles", whole).status == 201
    try:
        space.face.until(lambda: len(rules()) == 2)
        space.face.send("GET", path)
        space.bare.send("PATCH", paths[one], {"metadata": {"labels": None}}, content_type=MERGE)
        space.face.until(lambda: len(rules()) == 1)
        space.face.send("GET", path)
        space.bare.send("PATCH", path, {"rules": []}, content_type=MERGE)
        space.face.until(lambda: len(rules()) == 1)
        space.bare.send("DELETE", paths[other])
        space.face.until(lambda: not rules())
        space.face.send("GET", path)
    finally:
        for place in paths.values():
            space.bare.send("DELETE", place)
