"""How namespaces begin and end."""

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.control_plane import programs
from e2e.conformance.definitions import configmap, pod, widget

pytestmark = pytest.mark.section("C.1, C.2 namespaces")

MERGE = "application/merge-patch+json"
HOLD = "conformance.test/hold"


@pytest.fixture(autouse=True)
def _has_controllers(space: Workspace) -> None:
    folder = programs()
    if space.face.name == "real" and not (folder and (folder / "kube-controller-manager").exists()):
        pytest.skip("kube-controller-manager is not there: `make tools` builds it")


def _path(space: Workspace) -> str:
    return f"/api/v1/namespaces/{space.namespace}"


def test_a_namespace_is_active_and_carries_its_name_as_a_label(space: Workspace) -> None:
    answer = space.face.send("GET", _path(space))
    assert answer.body["status"] == {"phase": "Active"}
    assert answer.body["spec"] == {"finalizers": ["kubernetes"]}
    assert answer.metadata["labels"] == {"kubernetes.io/metadata.name": space.namespace}


def test_the_label_of_a_namespace_comes_back(space: Workspace) -> None:
    patch = {"metadata": {"labels": {"kubernetes.io/metadata.name": "other", "k": "v"}}}
    answer = space.face.send("PATCH", _path(space), patch, content_type=MERGE)
    assert answer.metadata["labels"]["kubernetes.io/metadata.name"] == space.namespace


def test_the_finalizers_of_a_namespace_cannot_be_taken_off_by_an_update(space: Workspace) -> None:
    answer = space.face.send("PATCH", _path(space), {"spec": {"finalizers": []}}, content_type=MERGE)
    assert answer.body["spec"]["finalizers"] == ["kubernetes"]


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
def test_some_namespaces_stay(space: Workspace, name: str) -> None:
    answer = space.face.send("DELETE", f"/api/v1/namespaces/{name}", {"dryRun": ["All"]})
    assert answer.refusal == (403, "Forbidden")


def test_an_empty_namespace_goes(space: Workspace) -> None:
    marked = space.face.send("DELETE", _path(space))
    assert marked.body["status"]["phase"] == "Terminating"
    space.face.until(lambda: space.face.send("GET", _path(space)).status == 404)


def test_a_namespace_that_is_gone_can_be_made_again(space: Workspace) -> None:
    first = space.face.send("GET", _path(space))
    space.face.send("DELETE", _path(space))
    space.face.until(lambda: space.face.send("GET", _path(space)).status == 404)
    second = space.face.send("POST", "/api/v1/namespaces", {"metadata": {"name": space.namespace}})
    assert second.metadata["uid"] != first.metadata["uid"]


def test_custom_resources_go_with_their_namespace(space: Workspace) -> None:
    space.face.send("POST", space.path("widgets"), widget("a"))
    space.face.send("DELETE", _path(space))
    space.face.until(lambda: space.face.send("GET", _path(space)).status == 404)
    assert space.face.send("GET", space.path("widgets", "a")).refusal == (404, "NotFound")


def test_a_finalizer_of_the_contents_keeps_the_namespace_which_says_so(space: Workspace) -> None:
    space.face.send("POST", space.path("configmaps"), configmap("a", finalizers=[HOLD]))
    space.face.send("DELETE", _path(space))

    def tells() -> bool:
        return len(space.face.send("GET", _path(space)).body["status"].get("conditions", [])) >= 5

    space.face.until(tells)
    told = space.face.send("GET", _path(space)).body["status"]["conditions"]
    states = {condition["type"]: condition["status"] for condition in told}
    assert states["NamespaceFinalizersRemaining"] == "True"
    space.face.send("PATCH", space.path("configmaps", "a"), {"metadata": {"finalizers": None}}, content_type=MERGE)
    space.face.until(lambda: space.face.send("GET", _path(space)).status == 404, 60)


def test_a_pod_that_takes_its_time_keeps_the_namespace(space: Workspace) -> None:
    space.face.send("POST", space.path("pods"), pod("a", node="n1"))
    space.face.send("DELETE", _path(space))
    path = space.path("pods", "a")
    space.face.until(lambda: "deletionTimestamp" in space.face.send("GET", path).metadata)
    assert space.face.send("GET", _path(space)).body["status"]["phase"] == "Terminating"
    space.face.send("DELETE", path, {"gracePeriodSeconds": 0})
    space.face.until(lambda: space.face.send("GET", _path(space)).status == 404, 60)


def test_the_status_of_a_namespace_is_written_apart(space: Workspace) -> None:
    body = space.bare.send("GET", _path(space)).body
    body["metadata"].pop("managedFields", None)
    condition = {"type": "Odd", "status": "True", "lastTransitionTime": "2001-01-01T00:00:00Z"}
    body["status"]["conditions"] = [{**condition, "reason": "x", "message": "y"}]
    body["spec"]["finalizers"] = []
    told = space.face.send("PUT", _path(space) + "/status", body)
    assert told.body["spec"]["finalizers"] == ["kubernetes"]
    assert told.body["status"]["conditions"][0]["type"] == "Odd"


def test_a_namespace_can_only_be_finalized_by_its_subresource(space: Workspace) -> None:
    body = space.bare.send("GET", _path(space)).body
    body["metadata"].pop("managedFields", None)
    body["spec"]["finalizers"] = [HOLD]
    answer = space.face.send("PUT", _path(space) + "/finalize", body)
    assert answer.body["spec"]["finalizers"] == [HOLD]
    body["spec"]["finalizers"] = ["kubernetes"]
    body["metadata"]["resourceVersion"] = answer.revision
    assert space.face.send("PUT", _path(space) + "/finalize", body).status == 200


def test_a_terminating_namespace_takes_no_new_object_of_any_kind(space: Workspace) -> None:
    space.face.send("POST", space.path("configmaps"), configmap("hold", finalizers=[HOLD]))
    space.face.send("DELETE", _path(space))
    for plural, body in (("configmaps", configmap("b")), ("pods", pod("b")), ("widgets", widget("b"))):
        refused = space.face.send("POST", space.path(plural), body)
        assert refused.refusal == (403, "Forbidden")
        assert refused.causes == [("metadata.namespace", "NamespaceTerminating")]
    space.bare.send("PATCH", space.path("configmaps", "hold"), {"metadata": {"finalizers": None}}, content_type=MERGE)


def test_a_namespace_that_is_not_there_is_named(space: Workspace) -> None:
    for plural, body in (("pods", pod("b")), ("widgets", widget("b"))):
        path = space.path(plural).replace(space.namespace, "nowhere")
        refused = space.face.send("POST", path, body)
        assert refused.refusal == (404, "NotFound")
        assert refused.body["details"] == {"name": "nowhere", "kind": "namespaces"}


@pytest.mark.parametrize("condition", [{"uid": "11111111-1111-4111-8111-111111111111"}, {"resourceVersion": "1"}])
def test_another_namespace_than_the_one_that_was_meant_stays(space: Workspace, condition: dict[str, str]) -> None:
    refused = space.face.send("DELETE", _path(space), {"preconditions": condition})
    assert refused.refusal == (409, "Conflict")
    definition = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.conformance.test"
    assert space.face.send("DELETE", definition, {"preconditions": condition}).refusal == (409, "Conflict")
