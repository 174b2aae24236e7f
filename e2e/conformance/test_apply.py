"""Server-side apply: creating, merging, removing by omission, and what is refused."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, pod, widget
from e2e.conformance.faces import Answer

pytestmark = pytest.mark.section("C.3 PATCH apply")

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"


def apply(space: Workspace, body: Any, manager: str = "one", *, sub: str = "", **query: str) -> Answer:
    """Apply an object as a manager."""
    plural = {"Widget": "widgets", "ConfigMap": "configmaps", "Pod": "pods"}[body["kind"]]
    path = space.path(plural, body["metadata"]["name"], sub)
    wanted = {"fieldManager": manager, **query}
    wanted = {name: value for name, value in wanted.items() if value}
    return space.face.send("PATCH", path, body, content_type=APPLY, query=wanted)


def bare(name: str, spec: Any = None, **metadata: Any) -> dict[str, Any]:
    """A Widget of which nothing is said but this."""
    return {**widget(name, **metadata), "spec": spec or {}}


def test_apply_creates_what_is_not_there(space: Workspace) -> None:
    made = apply(space, widget("a", {"size": 3}))
    assert made.status == 201
    assert made.body["spec"]["color"] == "red"
    (entry,) = made.metadata["managedFields"]
    assert (entry["manager"], entry["operation"]) == ("one", "Apply")
    assert entry["fieldsV1"] == {"f:spec": {"f:size": {}}}


def test_what_is_applied_to_a_missing_namespace_is_not_found(space: Workspace) -> None:
    path = "/api/v1/namespaces/nowhere/configmaps/a"
    answer = space.face.send("PATCH", path, configmap("a"), content_type=APPLY, query={"fieldManager": "one"})
    assert answer.refusal == (404, "NotFound")


def test_apply_says_who_applies(space: Workspace) -> None:
    assert apply(space, widget("a"), "").refusal == (422, "Invalid")


@pytest.mark.parametrize("manager", ["x" * 129, "with\nnewline"], ids=["long", "unprintable"])
def test_the_name_of_who_applies_has_rules(space: Workspace, manager: str) -> None:
    assert apply(space, widget("a"), manager).refusal == (422, "Invalid")
    query = {"fieldManager": manager}
    assert space.face.send("POST", space.path("configmaps"), configmap("a", {"k": "v"}), query=query).status == 422


def test_force_is_for_apply_alone(space: Workspace) -> None:
    space.face.send("POST", space.path("widgets"), widget("a"))
    query = {"force": "true"}
    answer = space.face.send("PATCH", space.path("widgets", "a"), {}, content_type=MERGE, query=query)
    assert answer.refusal == (422, "Invalid")


@pytest.mark.parametrize("missing", ["apiVersion", "kind"])
def test_what_is_applied_names_its_type(space: Workspace, missing: str) -> None:
    body = {name: value for name, value in widget("a").items() if name != missing}
    path = space.path("widgets", "a")
    answer = space.face.send("PATCH", path, body, content_type=APPLY, query={"fieldManager": "one"})
    assert answer.status >= 400


def test_what_is_applied_is_of_the_kind_of_the_path(space: Workspace) -> None:
    query = {"fieldManager": "one"}
    for body in ({**widget("a"), "kind": "Gear"}, {**widget("a"), "apiVersion": "conformance.test/v2"}):
        answer = space.face.send("PATCH", space.path("widgets", "a"), body, content_type=APPLY, query=query)
        assert answer.status >= 400


def test_what_is_applied_bears_the_name_of_the_path(space: Workspace) -> None:
    path = space.path("widgets", "b")
    answer = space.face.send("PATCH", path, widget("a"), content_type=APPLY, query={"fieldManager": "one"})
    assert answer.refusal == (400, "BadRequest")


def test_a_name_cannot_be_left_to_the_path(space: Workspace) -> None:
    body = {**widget("a"), "metadata": {}}
    path = space.path("widgets", "a")
    answer = space.face.send("PATCH", path, body, content_type=APPLY, query={"fieldManager": "one"})
    assert answer.refusal == (400, "BadRequest")


def test_managed_fields_are_not_applied(space: Workspace) -> None:
    body = widget("a", managedFields=[{"manager": "x"}])
    assert apply(space, body).refusal == (400, "BadRequest")


def test_what_is_applied_is_an_object(space: Workspace) -> None:
    answer = space.face.send(
        "PATCH", space.path("widgets", "a"), ["x"], content_type=APPLY, query={"fieldManager": "one"}
    )
    assert answer.status == 400


@pytest.mark.parametrize(
    "spec",
    [
        {"size": 1, "nope": True},
        {"size": "many"},
        {"size": 1, "parts": [{"count": 1}]},
        {"size": 1, "parts": [{"name": "x"}, {"name": "x"}]},
        {"size": 1, "tags": ["x", "x"]},
        {"size": 1, "tags": "x"},
        {"size": 1, "owner": "x"},
    ],
    ids=["unknown", "text", "keyless", "twice", "set-twice", "no-list", "no-object"],
)
def test_what_does_not_fit_the_schema_cannot_be_applied(space: Workspace, spec: dict[str, Any]) -> None:
    assert apply(space, bare("a", spec)).status >= 400


def test_applying_the_same_again_makes_no_version(space: Workspace) -> None:
    first = apply(space, widget("a", {"tags": ["x"]}))
    again = apply(space, widget("a", {"tags": ["x"]}))
    assert (again.status, again.revision) == (200, first.revision)


def test_what_is_no_longer_applied_is_removed(space: Workspace) -> None:
    apply(space, configmap("a", {"k": "1", "l": "2"}, labels={"x": "y"}))
    now = apply(space, configmap("a", {"k": "1"}))
    assert now.body["data"] == {"k": "1"}
    assert "labels" not in now.metadata


def test_what_another_applies_as_well_stays(space: Workspace) -> None:
    apply(space, configmap("a", {"k": "1", "l": "2"}))
    both = apply(space, configmap("a", {"l": "2"}), "two")
    assert sorted(entry["manager"] for entry in both.metadata["managedFields"]) == ["one", "two"]
    left = apply(space, configmap("a", {"k": "1"}))
    assert left.body["data"] == {"k": "1", "l": "2"}
    gone = apply(space, configmap("a"), "two")
    assert gone.body["data"] == {"k": "1"}


def test_a_default_takes_the_place_of_what_is_no_longer_applied(space: Workspace) -> None:
    assert apply(space, widget("a", {"color": "blue"})).body["spec"]["color"] == "blue"
    assert apply(space, widget("a")).body["spec"]["color"] == "red"


def test_what_is_required_cannot_be_left_out(space: Workspace) -> None:
    assert apply(space, bare("a", {"color": "red"})).refusal == (422, "Invalid")


def test_lists_of_objects_are_merged_by_their_key(space: Workspace) -> None:
    apply(space, widget("a", {"parts": [{"name": "x", "count": 1}, {"name": "y"}]}))
    both = apply(space, bare("a", {"parts": [{"name": "z", "count": 3}]}), "two")
    assert [part["name"] for part in both.body["spec"]["parts"]] == ["x", "y", "z"]
    left = apply(space, widget("a", {"parts": [{"name": "y"}]}))
    assert [part["name"] for part in left.body["spec"]["parts"]] == ["y", "z"]


def test_an_item_that_another_has_added_to_stays(space: Workspace) -> None:
    apply(space, widget("a", {"parts": [{"name": "x"}, {"name": "y"}]}))
    apply(space, bare("a", {"parts": [{"name": "x", "count": 2}]}), "two")
    left = apply(space, widget("a", {"parts": [{"name": "y"}]}))
    assert left.body["spec"]["parts"] == [{"name": "x", "count": 2}, {"name": "y"}]


def test_the_order_of_items_is_that_of_who_applied_last(space: Workspace) -> None:
    apply(space, widget("a", {"parts": [{"name": "x"}, {"name": "y"}, {"name": "z"}]}))
    turned = apply(space, bare("a", {"parts": [{"name": "z"}, {"name": "x"}]}), "two")
    assert sorted(part["name"] for part in turned.body["spec"]["parts"]) == ["x", "y", "z"]


def test_sets_are_merged_value_by_value(space: Workspace) -> None:
    apply(space, widget("a", {"tags": ["x", "y"]}))
    both = apply(space, bare("a", {"tags": ["y", "z"]}), "two")
    assert sorted(both.body["spec"]["tags"]) == ["x", "y", "z"]
    left = apply(space, widget("a", {"tags": ["x"]}))
    assert sorted(left.body["spec"]["tags"]) == ["x", "y", "z"]
    last = apply(space, bare("a"), "two")
    assert last.body["spec"]["tags"] == ["x"]


def test_a_field_without_schema_is_applied_by_its_shape(space: Workspace) -> None:
    apply(space, widget("a", {"free": {"k": {"l": 1}, "list": [1, 2]}}))
    other = apply(space, bare("a", {"free": {"k": {"m": 2}}}), "two")
    assert other.body["spec"]["free"] == {"k": {"l": 1, "m": 2}, "list": [1, 2]}
    assert apply(space, bare("a", {"free": {"list": [3]}}), "two").refusal == (409, "Conflict")


def test_the_status_is_applied_apart(space: Workspace) -> None:
    apply(space, {**widget("a"), "status": {"phase": "forged"}})
    told = apply(space, {**bare("a"), "status": {"phase": "ready"}}, "two", sub="status")
    assert told.body["status"] == {"phase": "ready"}
    assert told.metadata["managedFields"][-1]["subresource"] == "status"
    assert apply(space, widget("a")).body["status"] == {"phase": "ready"}
    missing = apply(space, {**bare("b"), "status": {"phase": "ready"}}, "two", sub="status")
    assert missing.refusal == (404, "NotFound")


def test_an_old_version_cannot_be_applied(space: Workspace) -> None:
    first = apply(space, widget("a"))
    apply(space, widget("a", {"size": 2}))
    assert apply(space, widget("a", {"size": 3}, resourceVersion=first.revision)).refusal == (409, "Conflict")


def test_an_identity_can_only_be_applied_to_what_has_it(space: Workspace) -> None:
    uid = "00000000-0000-4000-8000-000000000000"
    assert apply(space, widget("a", uid=uid)).refusal == (409, "Conflict")
    made = apply(space, widget("a"))
    assert apply(space, widget("a", uid=uid)).refusal == (422, "Invalid")
    assert apply(space, widget("a", uid=made.metadata["uid"])).status == 200


def test_a_version_does_not_keep_an_apply_from_creating(space: Workspace) -> None:
    assert apply(space, widget("a", resourceVersion="5")).status == 201


def test_what_is_applied_dry_is_shown_and_not_kept(space: Workspace) -> None:
    assert apply(space, widget("a"), dryRun="All").status == 201
    assert space.face.send("GET", space.path("widgets", "a")).status == 404
    first = apply(space, widget("a"))
    assert apply(space, widget("a", {"size": 4}), dryRun="All").body["spec"]["size"] == 4
    assert space.face.send("GET", space.path("widgets", "a")).revision == first.revision


def test_containers_and_ports_are_merged_by_their_keys(space: Workspace) -> None:
    body = pod("a")
    body["spec"]["containers"][0]["ports"] = [{"containerPort": 80}]
    made = apply(space, body)
    assert made.body["spec"]["containers"][0]["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    (entry,) = made.metadata["managedFields"]
    container = entry["fieldsV1"]["f:spec"]["f:containers"]['k:{"name":"main"}']
    assert list(container["f:ports"]) == ['k:{"containerPort":80,"protocol":"TCP"}']


def test_finalizers_and_owners_are_merged(space: Workspace) -> None:
    owner = space.bare.send("POST", space.path("configmaps"), configmap("o", {"k": "v"})).metadata["uid"]
    owners = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": owner}]
    apply(space, configmap("a", {"k": "1"}, finalizers=["a.test/x"], ownerReferences=owners))
    both = apply(space, configmap("a", finalizers=["a.test/y"]), "two")
    assert both.metadata["finalizers"] == ["a.test/x", "a.test/y"]
    left = apply(space, configmap("a", {"k": "1"}))
    assert left.metadata["finalizers"] == ["a.test/y"]
    assert "ownerReferences" not in left.metadata


LAST = "kubectl.kubernetes.io/last-applied-configuration"


def _applied_by_the_client(space: Workspace) -> None:
    """As client-side apply leaves an object: what it has written stands in an annotation, too."""
    noted = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"1","l":"1"}}'
    body = configmap("a", {"k": "1", "l": "1"}, annotations={LAST: noted, "mine": "yes"})
    space.bare.send("POST", space.path("configmaps"), body, query={"fieldManager": "kubectl-client-side-apply"})


@pytest.mark.parametrize("manager", ["kubectl", "one"])
def test_kubectl_takes_over_what_it_has_applied_by_itself(space: Workspace, manager: str) -> None:
    _applied_by_the_client(space)
    answer = apply(space, configmap("a", {"k": "2"}, annotations={"mine": "no"}), manager)
    assert answer.status == 409
    answer = apply(space, configmap("a", {"k": "2"}), manager)
    assert answer.status == (200 if manager == "kubectl" else 409)


def test_kubectl_does_not_take_over_what_others_have_changed_since(space: Workspace) -> None:
    _applied_by_the_client(space)
    patch = {"data": {"k": "3"}}
    space.bare.send("PATCH", space.path("configmaps", "a"), patch, content_type=MERGE, query={"fieldManager": "two"})
    assert apply(space, configmap("a", {"k": "2", "l": "2"}), "kubectl").status == 409
    assert apply(space, configmap("a", {"l": "2"}, annotations={"b": "c"}), "kubectl").status == 200


def test_an_annotation_that_cannot_be_read_gives_nothing(space: Workspace) -> None:
    body = configmap("a", {"k": "1"}, annotations={LAST: "{"})
    space.bare.send("POST", space.path("configmaps"), body, query={"fieldManager": "kubectl-client-side-apply"})
    assert apply(space, configmap("a", {"k": "2"}), "kubectl").status == 409
    assert apply(space, configmap("a", {"k": "2"}), "kubectl", force="true").status == 200
