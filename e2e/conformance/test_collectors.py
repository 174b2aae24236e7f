"""What is taken away behind the users' backs: objects without owners, contents of deleted namespaces.

On the real side these are the garbage collector and the namespace controller of the controller manager.
"""

from collections.abc import Callable
from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.control_plane import programs
from e2e.conformance.definitions import configmap, pod
from e2e.conformance.faces import Answer

pytestmark = pytest.mark.section("C.2 collectors")

Json = dict[str, Any]
MERGE = "application/merge-patch+json"


@pytest.fixture(autouse=True)
def _has_controllers(space: Workspace) -> None:
    folder = programs()
    if space.face.name == "real" and not (folder and (folder / "kube-controller-manager").exists()):
        pytest.skip("kube-controller-manager is not there: `make tools` builds it")


def _owned(name: str, owner: Answer, **more: Any) -> Json:
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": owner.metadata["name"], "uid": owner.metadata["uid"]}
    return configmap(name, ownerReferences=[{**reference, **more}])


def _eventually(space: Workspace, holds: Callable[[], bool]) -> None:
    space.face.until(holds)


def _names(space: Workspace) -> list[str]:
    items = space.face.send("GET", space.path("configmaps")).body["items"]
    return [item["metadata"]["name"] for item in items if item["metadata"]["name"] != "kube-root-ca.crt"]


def test_what_an_owner_leaves_behind_is_collected_by_its_uid(space: Workspace) -> None:
    path = space.path("configmaps")
    first = space.face.send("POST", path, configmap("owner"))
    space.face.send("POST", path, _owned("child", first))
    space.face.send("DELETE", path + "/owner")
    second = space.face.send("POST", path, configmap("owner"))
    space.face.send("POST", path, _owned("heir", second))
    _eventually(space, lambda: _names(space) == ["heir", "owner"])


def test_in_the_foreground_the_owner_waits_for_its_children(space: Workspace) -> None:
    path = space.path("configmaps")
    owner = space.face.send("POST", path, configmap("owner"))
    child = _owned("child", owner, blockOwnerDeletion=True)
    child["metadata"]["finalizers"] = ["conformance.test/hold"]
    space.face.send("POST", path, child)
    space.face.send("DELETE", path + "/owner", {"propagationPolicy": "Foreground"})
    _eventually(space, lambda: "deletionTimestamp" in space.face.send("GET", path + "/child").metadata)
    assert _names(space) == ["child", "owner"]
    space.face.send("PATCH", path + "/child", {"metadata": {"finalizers": None}}, content_type=MERGE)
    _eventually(space, lambda: _names(space) == [])


def test_orphans_are_left_without_their_owner(space: Workspace) -> None:
    path = space.path("configmaps")
    owner = space.face.send("POST", path, configmap("owner"))
    space.face.send("POST", path, _owned("child", owner))
    space.face.send("DELETE", path + "/owner", {"propagationPolicy": "Orphan"})
    _eventually(space, lambda: _names(space) == ["child"])
    assert "ownerReferences" not in space.face.send("GET", path + "/child").metadata


def test_a_deleted_namespace_is_emptied_and_goes(space: Workspace) -> None:
    path = f"/api/v1/namespaces/{space.namespace}"
    space.face.send("POST", space.path("configmaps"), configmap("a"))
    space.face.send("POST", space.path("pods"), pod("a"))
    assert space.face.send("DELETE", path).status == 200
    _eventually(space, lambda: space.face.send("GET", path).status == 404)
    assert space.face.send("GET", space.path("configmaps", "a")).status == 404
