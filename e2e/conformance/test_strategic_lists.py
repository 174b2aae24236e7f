"""Strategic merge patches of a pod template: lists that are merged by key, and the directives."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.faces import Answer
from e2e.conformance.test_json_patch import STRATEGIC
from e2e.conformance.test_strategic_merge import names

pytestmark = pytest.mark.section("C.3 PATCH strategic merge")

Json = dict[str, Any]


def template(space: Workspace, patch: Json) -> Answer:
    """A ReplicaSet with two containers after a patch of its template's spec."""
    first = {
        "name": "one",
        "image": "busybox:1",
        "args": ["x", "y"],
        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        "ports": [{"containerPort": 80, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}],
        "volumeMounts": [{"name": "v", "mountPath": "/v"}],
    }
    spec = {
        "containers": [first, {"name": "two", "image": "busybox:1"}],
        "volumes": [{"name": "v", "emptyDir": {}}],
        "nodeSelector": {"k": "v", "l": "w"},
        "tolerations": [{"key": "t", "operator": "Exists"}],
        "imagePullSecrets": [{"name": "s"}],
        "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a"]}],
    }
    body = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": "a"},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": spec},
        },
    }
    space.face.send("POST", space.path("replicasets"), body)
    path = space.path("replicasets", "a")
    return space.face.send("PATCH", path, {"spec": {"template": {"spec": patch}}}, content_type=STRATEGIC)


def part(answer: Answer, name: str) -> Any:
    """One field of the template's spec."""
    assert answer.status == 200, answer.body
    return answer.body["spec"]["template"]["spec"].get(name)


def one(answer: Answer, name: str) -> Any:
    """One field of the container named one."""
    return next(have for have in part(answer, "containers") if have["name"] == "one").get(name)


def in_one(**fields: Any) -> Json:
    """A patch of the container named one."""
    return {"containers": [{"name": "one", **fields}]}


def test_a_container_is_changed_by_its_name(space: Workspace) -> None:
    answer = template(space, {"containers": [{"name": "two", "image": "busybox:2"}]})
    assert [have["image"] for have in part(answer, "containers")] == ["busybox:1", "busybox:2"]


def test_what_is_new_comes_first(space: Workspace) -> None:
    answer = template(space, {"containers": [{"name": "three", "image": "busybox:1"}]})
    assert names(part(answer, "containers")) == ["three", "one", "two"]


def test_a_container_is_deleted_by_a_directive(space: Workspace) -> None:
    answer = template(space, {"containers": [{"name": "two", "$patch": "delete"}]})
    assert names(part(answer, "containers")) == ["one"]


def test_deleting_what_is_not_there_is_no_fault(space: Workspace) -> None:
    answer = template(space, {"containers": [{"name": "none", "$patch": "delete"}]})
    assert names(part(answer, "containers")) == ["one", "two"]


def test_a_list_is_replaced_by_a_directive(space: Workspace) -> None:
    answer = template(space, {"containers": [{"name": "three", "image": "busybox:1"}, {"$patch": "replace"}]})
    assert names(part(answer, "containers")) == ["three"]


def test_a_list_can_be_emptied(space: Workspace) -> None:
    answer = template(space, in_one(env=[{"$patch": "replace"}]))
    assert one(answer, "env") is None


def test_variables_are_merged_by_name(space: Workspace) -> None:
    answer = template(space, in_one(env=[{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]))
    assert sorted((have["name"], have["value"]) for have in one(answer, "env")) == [("A", "1"), ("B", "3"), ("C", "4")]


def test_ports_are_merged_by_number(space: Workspace) -> None:
    answer = template(space, in_one(ports=[{"containerPort": 53, "name": "dns"}]))
    assert [have.get("name") for have in one(answer, "ports")] == [None, "dns"]


def test_mounts_are_merged_by_path(space: Workspace) -> None:
    answer = template(
        space, in_one(volumeMounts=[{"mountPath": "/v", "readOnly": True}, {"name": "v", "mountPath": "/w"}])
    )
    assert sorted(names(one(answer, "volumeMounts"), "mountPath")) == ["/v", "/w"]


def test_arguments_are_replaced(space: Workspace) -> None:
    assert one(template(space, in_one(args=["z"])), "args") == ["z"]


def test_tolerations_are_replaced(space: Workspace) -> None:
    answer = template(space, {"tolerations": [{"key": "u", "operator": "Exists"}]})
    assert names(part(answer, "tolerations"), "key") == ["u"]


def test_pull_secrets_and_host_aliases_are_merged(space: Workspace) -> None:
    answer = template(
        space, {"imagePullSecrets": [{"name": "t"}], "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["b"]}]}
    )
    assert sorted(names(part(answer, "imagePullSecrets"))) == ["s", "t"]
    assert part(answer, "hostAliases") == [{"ip": "10.0.0.1", "hostnames": ["b"]}]


def test_a_null_deletes_a_field(space: Workspace) -> None:
    answer = template(space, {"nodeSelector": {"k": None}, "tolerations": None})
    assert (part(answer, "nodeSelector"), part(answer, "tolerations")) == ({"l": "w"}, None)


def test_a_map_is_replaced_by_a_directive(space: Workspace) -> None:
    answer = template(space, {"nodeSelector": {"m": "x", "$patch": "replace"}})
    assert part(answer, "nodeSelector") == {"m": "x"}


def test_a_map_is_deleted_by_a_directive(space: Workspace) -> None:
    answer = template(space, {"nodeSelector": {"$patch": "delete"}})
    assert part(answer, "nodeSelector") is None


def test_merging_is_no_directive_of_a_map(space: Workspace) -> None:
    assert template(space, {"nodeSelector": {"m": "x", "$patch": "merge"}}).status == 500


def test_an_order_can_be_asked_for(space: Workspace) -> None:
    answer = template(space, {"$setElementOrder/containers": [{"name": "two"}, {"name": "one"}]})
    assert names(part(answer, "containers")) == ["two", "one"]


def test_an_order_places_what_is_new(space: Workspace) -> None:
    order = [{"name": "three"}, {"name": "two"}]
    patch = {"$setElementOrder/containers": order, "containers": [{"name": "three", "image": "busybox:1"}]}
    assert sorted(names(part(template(space, patch), "containers"))) == ["one", "three", "two"]


def test_an_order_must_name_all_that_is_patched(space: Workspace) -> None:
    patch = {"$setElementOrder/containers": [{"name": "one"}], "containers": [{"name": "two", "image": "busybox:2"}]}
    assert template(space, patch).status >= 400


def test_keys_that_are_not_retained_go(space: Workspace) -> None:
    volume = {"name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/x", "type": ""}}
    answer = template(space, {"volumes": [volume]})
    assert part(answer, "volumes") == [{"name": "v", "hostPath": {"path": "/x", "type": ""}}]


def test_what_is_patched_must_be_retained(space: Workspace) -> None:
    volume = {"name": "v", "$retainKeys": ["name"], "hostPath": {"path": "/x"}}
    assert template(space, {"volumes": [volume]}).status >= 400


def test_elements_of_a_patch_need_their_key(space: Workspace) -> None:
    assert template(space, {"containers": [{"image": "busybox:2"}]}).status >= 400


def test_a_directive_that_nobody_knows_is_refused(space: Workspace) -> None:
    assert template(space, {"nodeSelector": {"$patch": "twist"}}).status >= 400
    assert template(space, {"containers": [{"name": "one", "$patch": "twist"}]}).status >= 400


def test_a_list_is_patched_by_a_list_alone(space: Workspace) -> None:
    assert template(space, {"containers": {"name": "one"}}).status >= 400
    assert template(space, {"containers": ["one"]}).status >= 400


def test_a_field_that_the_kind_does_not_have_is_dropped_from_a_patch(space: Workspace) -> None:
    assert template(space, {"nope": 1}).status == 200


def test_taints_of_a_node_are_replaced(space: Workspace) -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": space.namespace}}
    space.face.send("POST", "/api/v1/nodes", node)
    path = f"/api/v1/nodes/{space.namespace}"
    for key in ("k", "l"):
        patch: Json = {"spec": {"taints": [{"key": key, "effect": "NoSchedule"}]}}
        answer = space.face.send("PATCH", path, patch, content_type=STRATEGIC)
    assert names(answer.body["spec"]["taints"], "key") == ["l"]
