"""Creating, reading and changing objects."""

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, pod, widget

pytestmark = pytest.mark.section("C.1, C.3 objects and writes")

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


def test_a_created_object_gets_identity_and_version(space: Workspace) -> None:
    created = space.face.send("POST", space.path("widgets"), widget("a"))
    assert created.status == 201
    metadata = created.metadata
    assert len(metadata["uid"]) == 36
    assert metadata["creationTimestamp"].endswith("Z")
    assert metadata["generation"] == 1
    assert metadata["namespace"] == space.namespace
    read = space.face.send("GET", space.path("widgets", "a"))
    assert read.revision == created.revision
    assert read.body["spec"] == created.body["spec"]


def test_the_second_creator_of_a_name_loses(space: Workspace) -> None:
    space.face.send("POST", space.path("widgets"), widget("a"))
    again = space.face.send("POST", space.path("widgets"), widget("a"))
    assert again.refusal == (409, "AlreadyExists")
    assert again.body["details"] == {"name": "a", "group": "conformance.test", "kind": "widgets"}


def test_what_does_not_exist_is_not_found(space: Workspace) -> None:
    missing = space.face.send("GET", space.path("configmaps", "none"))
    assert missing.refusal == (404, "NotFound")
    assert missing.body["details"] == {"name": "none", "kind": "configmaps"}
    assert space.face.send("PUT", space.path("configmaps", "none"), configmap("none")).refusal == (404, "NotFound")
    patch = space.face.send("PATCH", space.path("configmaps", "none"), {}, content_type=MERGE)
    assert patch.refusal == (404, "NotFound")
    assert space.face.send("DELETE", space.path("configmaps", "none")).refusal == (404, "NotFound")


def test_a_namespace_must_exist_to_create_in_it(space: Workspace) -> None:
    path = "/api/v1/namespaces/nowhere/configmaps"
    answer = space.face.send("POST", path, configmap("a"))
    assert answer.refusal == (404, "NotFound")
    assert answer.body["details"] == {"name": "nowhere", "kind": "namespaces"}
    assert space.face.send("GET", path).body["items"] == []


def test_a_create_may_not_name_a_version(space: Workspace) -> None:
    answer = space.face.send("POST", space.path("configmaps"), configmap("a", resourceVersion="5"))
    assert answer.status == 500
    assert "resourceVersion" in answer.body["message"]


def test_a_name_can_be_generated(space: Workspace) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "web-"}}
    name = space.face.send("POST", space.path("configmaps"), body).metadata["name"]
    assert name.startswith("web-")
    assert len(name) == 9
    nameless = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}
    assert space.face.send("POST", space.path("configmaps"), nameless).refusal == (422, "Invalid")


def test_a_body_must_fit_its_path(space: Workspace) -> None:
    other = space.face.send("POST", space.path("widgets"), widget("a", namespace="default"))
    assert other.refusal == (400, "BadRequest")
    kind = space.face.send("POST", space.path("widgets"), {**widget("a"), "kind": "Gear"})
    assert (kind.refusal, kind.causes) == ((422, "Invalid"), [("kind", "FieldValueInvalid")])
    assert space.face.send("POST", space.path("configmaps"), widget("a")).refusal == (400, "BadRequest")
    labels = space.face.send("POST", space.path("configmaps"), configmap("a", labels=["x"]))
    assert labels.refusal == (400, "BadRequest")
    version = space.face.send("POST", space.path("widgets"), {**widget("a"), "apiVersion": "conformance.test/v2"})
    assert version.refusal == (400, "BadRequest")
    first = space.face.send("POST", space.path("configmaps"), configmap("a"))
    renamed = {**first.body, "metadata": {**first.metadata, "name": "b"}}
    assert space.face.send("PUT", space.path("configmaps", "a"), renamed).refusal == (400, "BadRequest")


def test_names_and_labels_have_rules(space: Workspace) -> None:
    name = space.face.send("POST", space.path("widgets"), widget("Not_A_Name"))
    assert name.refusal == (422, "Invalid")
    assert name.causes == [("metadata.name", "FieldValueInvalid")]
    label = space.face.send("POST", space.path("widgets"), widget("a", labels={"k": "x" * 64}))
    assert label.refusal == (422, "Invalid")
    assert label.causes == [("metadata.labels", "FieldValueInvalid")]
    assert space.face.send("POST", space.path("widgets"), widget("a", labels={"a/b/c": "x"})).status == 422


def test_of_two_updates_of_one_version_the_second_is_a_conflict(space: Workspace) -> None:
    first = space.face.send("POST", space.path("widgets"), widget("a"))
    changed = {**first.body, "spec": {**first.body["spec"], "size": 2}}
    assert space.face.send("PUT", space.path("widgets", "a"), changed).status == 200
    late = {**first.body, "spec": {**first.body["spec"], "size": 3}}
    answer = space.face.send("PUT", space.path("widgets", "a"), late)
    assert answer.refusal == (409, "Conflict")
    assert answer.body["details"] == {"name": "a", "group": "conformance.test", "kind": "widgets"}


def test_only_custom_resources_insist_on_a_version_to_update(space: Workspace) -> None:
    space.face.send("POST", space.path("configmaps"), configmap("a"))
    assert space.face.send("PUT", space.path("configmaps", "a"), configmap("a", {"k": "v"})).status == 200
    space.face.send("POST", space.path("widgets"), widget("a"))
    answer = space.face.send("PUT", space.path("widgets", "a"), widget("a", {"size": 2}))
    assert answer.refusal == (422, "Invalid")
    assert answer.causes == [("metadata.resourceVersion", "FieldValueInvalid")]


def test_an_update_of_another_incarnation_is_a_conflict(space: Workspace) -> None:
    first = space.face.send("POST", space.path("configmaps"), configmap("a"))
    body = configmap("a", {"k": "v"}, uid="00000000-0000-0000-0000-000000000000")
    assert space.face.send("PUT", space.path("configmaps", "a"), body).refusal == (409, "Conflict")
    same = configmap("a", {"k": "v"}, uid=first.metadata["uid"])
    assert space.face.send("PUT", space.path("configmaps", "a"), same).status == 200


def test_a_write_that_changes_nothing_makes_no_version(space: Workspace) -> None:
    first = space.face.send("POST", space.path("widgets"), widget("a"))
    assert space.face.send("PUT", space.path("widgets", "a"), first.body).revision == first.revision
    patch = space.face.send("PATCH", space.path("widgets", "a"), {"spec": {"size": 1}}, content_type=MERGE)
    assert patch.revision == first.revision


def test_generation_counts_changes_of_the_specification_only(space: Workspace) -> None:
    path = space.path("widgets", "a")
    space.face.send("POST", space.path("widgets"), widget("a", generation=7))
    labelled = space.face.send("PATCH", path, {"metadata": {"labels": {"k": "v"}}}, content_type=MERGE)
    assert labelled.metadata["generation"] == 1
    status = space.face.send("PATCH", path + "/status", {"status": {"phase": "x"}}, content_type=MERGE)
    assert status.metadata["generation"] == 1
    grown = space.face.send("PATCH", path, {"spec": {"size": 2}}, content_type=MERGE)
    assert grown.metadata["generation"] == 2
    forged = space.face.send("PATCH", path, {"metadata": {"generation": 9}}, content_type=MERGE)
    assert forged.metadata["generation"] == 2


def test_some_built_in_kinds_count_generations(space: Workspace) -> None:
    assert space.face.send("POST", space.path("pods"), pod("a")).metadata["generation"] == 1
    assert "generation" not in space.face.send("POST", space.path("configmaps"), configmap("a")).metadata
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": space.namespace}}
    assert "generation" not in space.face.send("POST", "/api/v1/nodes", node).metadata
    assert "generation" not in space.face.send("GET", f"/api/v1/namespaces/{space.namespace}").metadata


def test_specification_and_status_are_written_apart(space: Workspace) -> None:
    path = space.path("widgets", "a")
    born = space.face.send("POST", space.path("widgets"), {**widget("a"), "status": {"phase": "forged"}})
    assert "status" not in born.body
    both = {**born.body, "spec": {"size": 5}, "status": {"phase": "ready"}}
    both["metadata"] = {**born.metadata, "labels": {"k": "v"}}
    told = space.face.send("PUT", path + "/status", both)
    assert told.body["status"] == {"phase": "ready"}
    assert told.body["spec"]["size"] == 1
    assert "labels" not in told.metadata
    main = {**told.body, "spec": {**told.body["spec"], "size": 6}, "status": {"phase": "forged"}}
    changed = space.face.send("PUT", path, main)
    assert changed.body["spec"]["size"] == 6
    assert changed.body["status"] == {"phase": "ready"}


def test_a_pods_status_write_may_carry_annotations_but_no_specification(space: Workspace) -> None:
    born = space.face.send("POST", space.path("pods"), pod("a", node="n1")).body
    assert born["status"]["phase"] == "Pending"
    born["metadata"]["annotations"] = {"k": "v"}
    born["status"]["phase"] = "Running"
    born["spec"]["terminationGracePeriodSeconds"] = 5
    told = space.face.send("PUT", space.path("pods", "a", "status"), born)
    assert told.body["status"]["phase"] == "Running"
    assert told.metadata["annotations"] == {"k": "v"}
    assert told.body["spec"]["terminationGracePeriodSeconds"] == 30
    moved = {**told.body, "spec": {**told.body["spec"], "nodeName": "n2"}}
    refused = space.face.send("PUT", space.path("pods", "a"), moved)
    assert refused.refusal == (422, "Invalid")
    assert refused.causes == [("spec", "FieldValueForbidden")]


def test_a_node_keeps_the_status_that_it_is_born_with(space: Workspace) -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": space.namespace}, "status": {"phase": "Running"}}
    born = space.face.send("POST", "/api/v1/nodes", node)
    assert born.body["status"]["phase"] == "Running"


def test_dry_run_answers_and_writes_nothing(space: Workspace) -> None:
    query = {"dryRun": "All"}
    answer = space.face.send("POST", space.path("widgets"), widget("a"), query=query)
    assert answer.status == 201
    assert answer.metadata["uid"]
    assert space.face.send("GET", space.path("widgets", "a")).status == 404
    first = space.face.send("POST", space.path("widgets"), widget("a"))
    grown = space.face.send(
        "PATCH", first_path := space.path("widgets", "a"), {"spec": {"size": 2}}, content_type=MERGE, query=query
    )
    assert grown.body["spec"]["size"] == 2
    assert space.face.send("DELETE", first_path, query=query).status == 200
    assert space.face.send("GET", first_path).revision == first.revision


def test_a_merge_patch_replaces_lists_and_removes_by_null(space: Workspace) -> None:
    path = space.path("widgets", "a")
    space.face.send("POST", space.path("widgets"), widget("a", {"tags": ["x", "y"], "free": {"k": 1, "l": 2}}))
    patch = {"spec": {"tags": ["z"], "free": {"k": None, "m": 3}}}
    spec = space.face.send("PATCH", path, patch, content_type=MERGE).body["spec"]
    assert spec["tags"] == ["z"]
    assert spec["free"] == {"l": 2, "m": 3}


def test_a_patch_with_an_old_version_is_a_conflict(space: Workspace) -> None:
    path = space.path("widgets", "a")
    first = space.face.send("POST", space.path("widgets"), widget("a"))
    space.face.send("PATCH", path, {"spec": {"size": 2}}, content_type=MERGE)
    late = {"metadata": {"resourceVersion": first.revision}, "spec": {"size": 3}}
    assert space.face.send("PATCH", path, late, content_type=MERGE).refusal == (409, "Conflict")


def test_a_json_patch_is_done_whole_or_not_at_all(space: Workspace) -> None:
    path = space.path("widgets", "a")
    space.face.send("POST", space.path("widgets"), widget("a", {"tags": ["x"]}))
    good = [
        {"op": "test", "path": "/spec/size", "value": 1},
        {"op": "replace", "path": "/spec/size", "value": 2},
        {"op": "add", "path": "/spec/tags/-", "value": "y"},
    ]
    spec = space.face.send("PATCH", path, good, content_type=JSON_PATCH).body["spec"]
    assert (spec["size"], spec["tags"]) == (2, ["x", "y"])
    bad = [{"op": "replace", "path": "/spec/size", "value": 3}, {"op": "test", "path": "/spec/tags/0", "value": "no"}]
    refused = space.face.send("PATCH", path, bad, content_type=JSON_PATCH)
    assert refused.refusal == (422, "Invalid")
    assert space.face.send("GET", path).body["spec"]["size"] == 2


def test_a_strategic_patch_merges_lists_of_built_in_kinds_by_key(space: Workspace) -> None:
    path = space.path("pods", "a", "status")
    space.face.send("POST", space.path("pods"), pod("a", node="n1"))
    for kind in ("Ready", "Initialized"):
        patch = {"status": {"conditions": [{"type": kind, "status": "True"}]}}
        answer = space.face.send("PATCH", path, patch, content_type=STRATEGIC)
    assert sorted(have["type"] for have in answer.body["status"]["conditions"]) == ["Initialized", "Ready"]
    space.face.send("POST", space.path("widgets"), widget("a"))
    refused = space.face.send("PATCH", space.path("widgets", "a"), {"spec": {}}, content_type=STRATEGIC)
    assert refused.refusal == (415, "UnsupportedMediaType")


def test_a_body_may_not_be_too_large(space: Workspace) -> None:
    huge = configmap("a", {"k": "x" * (3 * 1024 * 1024 + 1)})
    assert space.face.send("POST", space.path("configmaps"), huge).refusal == (413, "RequestEntityTooLarge")


def test_a_binding_gives_a_pod_its_node_once(space: Workspace) -> None:
    space.face.send("POST", space.path("pods"), pod("a"))
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "a"}, "target": {"kind": "Node", "name": "n1"}}
    bound = space.face.send("POST", space.path("pods", "a", "binding"), body)
    assert (bound.status, bound.body["status"]) == (201, "Success")
    now = space.face.send("GET", space.path("pods", "a")).body
    assert now["spec"]["nodeName"] == "n1"
    assert [have["type"] for have in now["status"]["conditions"]] == ["PodScheduled"]
    again = {**body, "target": {"kind": "Node", "name": "n2"}}
    assert space.face.send("POST", space.path("pods", "a", "binding"), again).refusal == (409, "Conflict")


def test_a_workload_is_scaled_through_its_subresource(space: Workspace) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod("x")["spec"]}
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "a"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template},
    }
    born = space.face.send("POST", space.path("deployments"), body)
    assert (born.body["spec"]["replicas"], born.metadata["generation"]) == (1, 1)
    path = space.path("deployments", "a", "scale")
    scale = space.face.send("GET", path).body
    assert (scale["kind"], scale["spec"], scale["status"]) == (
        "Scale",
        {"replicas": 1},
        {"replicas": 0, "selector": "a=b"},
    )
    assert space.face.send("PATCH", path, {"spec": {"replicas": 3}}, content_type=MERGE).body["spec"] == {"replicas": 3}
    now = space.face.send("GET", space.path("deployments", "a"))
    assert (now.body["spec"]["replicas"], now.metadata["generation"]) == (3, 2)


def test_a_lease_is_taken_by_comparing_versions(space: Workspace) -> None:
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "a"}}
    born = space.face.send("POST", space.path("leases"), {**lease, "spec": {"holderIdentity": "one"}})
    taken = {**born.body, "spec": {"holderIdentity": "two"}}
    assert space.face.send("PUT", space.path("leases", "a"), taken).status == 200
    late = {**born.body, "spec": {"holderIdentity": "three"}}
    assert space.face.send("PUT", space.path("leases", "a"), late).refusal == (409, "Conflict")
