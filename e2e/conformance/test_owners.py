"""What becomes of objects whose owners are deleted, in every way to delete an owner."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.control_plane import programs
from e2e.conformance.definitions import configmap, pod
from e2e.conformance.faces import Answer

pytestmark = pytest.mark.section("C.2 owners")

Json = dict[str, Any]
MERGE = "application/merge-patch+json"
ZERO = "00000000-0000-4000-8000-000000000000"
HOLD = "conformance.test/hold"


@pytest.fixture(autouse=True)
def _has_controllers(space: Workspace) -> None:
    folder = programs()
    if space.face.name == "real" and not (folder and (folder / "kube-controller-manager").exists()):
        pytest.skip("kube-controller-manager is not there: `make tools` builds it")


def _reference(owner: Answer, **more: Any) -> Json:
    names = ("name", "uid")
    kinds = {"apiVersion": owner.body["apiVersion"], "kind": owner.body["kind"]}
    return {**kinds, **{name: owner.metadata[name] for name in names}, **more}


def _owner(space: Workspace, name: str = "owner") -> Answer:
    return space.face.send("POST", space.path("configmaps"), configmap(name))


def _child(space: Workspace, name: str, *owners: Json, **metadata: Any) -> Answer:
    return space.face.send("POST", space.path("configmaps"), configmap(name, ownerReferences=list(owners), **metadata))


def _names(space: Workspace) -> list[str]:
    items = space.face.send("GET", space.path("configmaps")).body["items"]
    return [item["metadata"]["name"] for item in items if item["metadata"]["name"] != "kube-root-ca.crt"]


def _deleted(space: Workspace, name: str) -> bool:
    return "deletionTimestamp" in space.face.send("GET", space.path("configmaps", name)).body.get("metadata", {})


def test_by_default_the_children_go_after_their_owner(space: Workspace) -> None:
    owner = _owner(space)
    _child(space, "child", _reference(owner))
    answer = space.face.send("DELETE", space.path("configmaps", "owner"))
    assert answer.body["status"] == "Success"
    space.face.until(lambda: _names(space) == [])


def test_background_is_the_same_by_name(space: Workspace) -> None:
    owner = _owner(space)
    _child(space, "child", _reference(owner))
    answer = space.face.send("DELETE", space.path("configmaps", "owner"), {"propagationPolicy": "Background"})
    assert answer.body["status"] == "Success"
    space.face.until(lambda: _names(space) == [])


def test_children_of_children_go_too(space: Workspace) -> None:
    child = _child(space, "child", _reference(_owner(space)))
    _child(space, "grandchild", _reference(child))
    space.face.send("DELETE", space.path("configmaps", "owner"))
    space.face.until(lambda: _names(space) == [])


def test_in_the_foreground_grandchildren_go_first(space: Workspace) -> None:
    child = _child(space, "child", _reference(_owner(space), blockOwnerDeletion=True))
    _child(space, "grandchild", _reference(child, blockOwnerDeletion=True), finalizers=[HOLD])
    space.face.send("DELETE", space.path("configmaps", "owner"), {"propagationPolicy": "Foreground"})
    space.face.until(lambda: _deleted(space, "grandchild"))
    assert _names(space) == ["child", "grandchild", "owner"]
    patch = {"metadata": {"finalizers": None}}
    space.face.send("PATCH", space.path("configmaps", "grandchild"), patch, content_type=MERGE)
    space.face.until(lambda: _names(space) == [])


def test_a_child_that_does_not_block_is_not_waited_for(space: Workspace) -> None:
    _child(space, "child", _reference(_owner(space)), finalizers=[HOLD])
    space.face.send("DELETE", space.path("configmaps", "owner"), {"propagationPolicy": "Foreground"})
    space.face.until(lambda: _names(space) == ["child"] and _deleted(space, "child"))
    space.bare.send("PATCH", space.path("configmaps", "child"), {"metadata": {"finalizers": None}}, content_type=MERGE)


def test_a_child_of_two_stays_while_one_is_there(space: Workspace) -> None:
    one, two = _owner(space, "one"), _owner(space, "two")
    _child(space, "child", _reference(one), _reference(two))
    space.face.send("DELETE", space.path("configmaps", "one"))
    path = space.path("configmaps", "child")
    space.face.until(lambda: len(space.face.send("GET", path).metadata["ownerReferences"]) == 1)
    left = space.face.send("GET", path).metadata["ownerReferences"]
    assert [owner["name"] for owner in left] == ["two"]
    space.face.send("DELETE", space.path("configmaps", "two"))
    space.face.until(lambda: _names(space) == [])


def test_an_owner_that_never_was_is_as_one_that_is_gone(space: Workspace) -> None:
    _child(space, "child", {"apiVersion": "v1", "kind": "ConfigMap", "name": "none", "uid": ZERO})
    space.face.until(lambda: _names(space) == [])


def test_an_owner_of_the_right_name_but_another_uid_does_not_count(space: Workspace) -> None:
    owner = _owner(space)
    _child(space, "child", {**_reference(owner), "uid": ZERO})
    space.face.until(lambda: _names(space) == ["owner"])


def test_a_cluster_scoped_owner_counts_everywhere(space: Workspace) -> None:
    gear = {"apiVersion": "conformance.test/v1", "kind": "Gear", "metadata": {"name": space.namespace}, "spec": {}}
    owner = space.face.send("POST", "/apis/conformance.test/v1/gears", gear)
    _child(space, "child", _reference(owner))
    space.face.wait(1.0)
    assert _names(space) == ["child"]
    space.face.send("DELETE", f"/apis/conformance.test/v1/gears/{space.namespace}")
    space.face.until(lambda: _names(space) == [])


def test_an_owner_in_another_namespace_does_not_count(space: Workspace) -> None:
    other = space.bare.send("POST", "/api/v1/namespaces/default/configmaps", configmap(space.namespace))
    _child(space, "child", _reference(other))
    space.face.until(lambda: _names(space) == [])


def test_a_namespaced_owner_of_a_cluster_scoped_object_does_not_get_it_collected(space: Workspace) -> None:
    gear = {"apiVersion": "conformance.test/v1", "kind": "Gear", "metadata": {"name": space.namespace}, "spec": {}}
    gear["metadata"]["ownerReferences"] = [_reference(_owner(space))]  # type: ignore[index]
    assert space.face.send("POST", "/apis/conformance.test/v1/gears", gear).status == 201
    space.face.send("DELETE", space.path("configmaps", "owner"))
    space.face.wait(1.5)
    assert space.face.send("GET", f"/apis/conformance.test/v1/gears/{space.namespace}").status == 200


def test_of_orphans_only_the_reference_to_the_deleted_owner_goes(space: Workspace) -> None:
    one, two = _owner(space, "one"), _owner(space, "two")
    _child(space, "child", _reference(one), _reference(two))
    space.face.send("DELETE", space.path("configmaps", "one"), {"propagationPolicy": "Orphan"})
    space.face.until(lambda: _names(space) == ["child", "two"])
    left = space.face.send("GET", space.path("configmaps", "child")).metadata["ownerReferences"]
    assert [owner["name"] for owner in left] == ["two"]


@pytest.mark.parametrize("left", [["child"], []])
def test_the_old_option_for_orphans_still_works(space: Workspace, left: list[str]) -> None:
    _child(space, "child", _reference(_owner(space)))
    space.face.send("DELETE", space.path("configmaps", "owner"), {"orphanDependents": bool(left)})
    space.face.until(lambda: _names(space) == left)


@pytest.mark.parametrize("policy", ["Background", "Foreground", "Orphan"])
def test_a_later_policy_replaces_an_earlier(space: Workspace, policy: str) -> None:
    space.face.send("POST", space.path("configmaps"), configmap("a", finalizers=[HOLD, "foregroundDeletion"]))
    path = space.path("configmaps", "a")
    answer = space.face.send("DELETE", path, {"propagationPolicy": policy, "dryRun": ["All"]})
    assert HOLD in answer.metadata["finalizers"]


def test_a_pod_of_a_deleted_owner_has_its_grace(space: Workspace) -> None:
    owner = _owner(space)
    body = pod("a", node="n1", ownerReferences=[_reference(owner, controller=True, blockOwnerDeletion=True)])
    space.face.send("POST", space.path("pods"), body)
    space.face.send("DELETE", space.path("configmaps", "owner"))
    path = space.path("pods", "a")
    space.face.until(lambda: "deletionTimestamp" in space.face.send("GET", path).metadata)
    assert space.face.send("GET", path).metadata["deletionGracePeriodSeconds"] == 30
