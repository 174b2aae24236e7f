"""What stands in a field of a built-in kind has the type of the field; the words are those of the server's decoder."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import widget
from e2e.conformance.manifests import manifest, place

pytestmark = pytest.mark.section("C.6 HTTP")

Json = dict[str, Any]
JSON = "application/json"
MERGE = "application/merge-patch+json"
HOOK = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
TOKENS = "/apis/authentication.k8s.io/v1/tokenreviews"

WRONG: dict[str, tuple[str, Json]] = {
    "an object where a text belongs": ("pods", {"spec": {"containers": [{"name": {}, "image": "x"}]}}),
    "a number where a text belongs": ("pods", {"spec": {"containers": [{"name": 7, "image": "x"}]}}),
    "a text where a number belongs": ("pods", {"spec": {"priority": "x"}}),
    "a fraction where a number belongs": ("pods", {"spec": {"priority": 1.5}}),
    "a fraction that is none": ("pods", {"spec": {"priority": 1.0}}),
    "a number that is too large": ("pods", {"spec": {"priority": 1 << 40}}),
    "a number that is far too large": ("pods", {"spec": {"activeDeadlineSeconds": 1 << 70}}),
    "a text where a truth belongs": ("pods", {"spec": {"hostNetwork": "true"}}),
    "a text where a list belongs": ("pods", {"spec": {"containers": "x"}}),
    "an object where a list belongs": ("pods", {"spec": {"containers": {}}}),
    "a text where an object belongs": ("pods", {"spec": {"containers": ["x"]}}),
    "a list where an object belongs": ("pods", {"spec": []}),
    "a number where a map belongs": ("pods", {"spec": {"nodeSelector": 7}}),
    "a number in a map": ("pods", {"spec": {"nodeSelector": {"a": 7}}}),
    "a text where metadata belongs": ("pods", {"metadata": "x"}),
    "a number where an amount belongs": ("pods", {"spec": {"overhead": {"cpu": []}}}),
    "an object where a port or a name belongs": (
        "pods",
        {"spec": {"containers": [{"name": "a", "livenessProbe": {"httpGet": {"port": {}}}}]}},
    ),
    "a truth where a port or a name belongs": (
        "pods",
        {"spec": {"containers": [{"name": "a", "livenessProbe": {"httpGet": {"port": True}}}]}},
    ),
    "a text that is no time": ("pods", {"status": {"startTime": "x"}}),
    "a number where a time belongs": ("pods", {"status": {"startTime": 7}}),
    "a number where data belongs": ("secrets", {"data": {"a": 7}}),
    "a text that is no data": ("secrets", {"data": {"a": "%"}}),
    "a list of which one is no text": ("services", {"spec": {"clusterIPs": [[]]}}),
    "a port that is a list": ("services", {"spec": {"ports": [{"port": [None]}]}}),
    "an expression that is a number": ("cronjobs", {"spec": {"schedule": [""]}}),
    "endpoints that are a text": ("endpointslices", {"endpoints": "x"}),
    "a budget that is a list": ("poddisruptionbudgets", {"spec": {"minAvailable": [""]}}),
    "a labels' value in a template": ("deployments", {"spec": {"template": {"metadata": {"labels": {"a": []}}}}}),
    "a value that the selector asks for": ("deployments", {"spec": {"selector": {"matchLabels": {"a": [""]}}}}),
    "a time without a zone": ("pods", {"status": {"startTime": "2026-01-01T00:00:00"}}),
    "a day where a time belongs": ("pods", {"status": {"startTime": "2026-01-01"}}),
    "a time with more": ("pods", {"status": {"startTime": "2026-01-01T00:00:00Z+"}}),
    "a data that is a list": ("configmaps", {"data": []}),
    "a data whose value is an object": ("configmaps", {"data": {"a": {}}}),
    "rules that are a number": ("clusterroles", {"rules": 7}),
    "a verb that is an object": ("clusterroles", {"rules": [{"verbs": [{}]}]}),
    "an event that is about a list": ("events", {"involvedObject": []}),
}


def _wrong(space: Workspace, case: str) -> tuple[str, Json]:
    plural, fields = WRONG[case]
    body = manifest(plural, "a") if plural != "events" else {"metadata": {"name": "a"}}
    return plural, {**body, **fields}


@pytest.mark.parametrize("case", WRONG)
def test_a_field_of_another_type_is_refused(space: Workspace, case: str) -> None:
    plural, body = _wrong(space, case)
    path = space.path("events") if plural == "events" else place(plural, space.namespace)
    space.face.send("POST", path, body)


@pytest.mark.parametrize("case", ["a data that is a list", "a data whose value is an object"])
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_field_of_another_type_is_refused_in_a_change(space: Workspace, method: str, case: str) -> None:
    path = place("configmaps", space.namespace)
    assert space.face.send("POST", path, manifest("configmaps", "a")).status == 201
    _, body = _wrong(space, case)
    space.face.send(method, f"{path}/a", body, content_type=MERGE if method == "PATCH" else JSON)


def test_a_field_of_another_type_is_refused_in_a_json_patch(space: Workspace) -> None:
    path = place("configmaps", space.namespace)
    space.face.send("POST", path, manifest("configmaps", "a"))
    patch = [{"op": "add", "path": "/data", "value": {"a": 7}}]
    space.face.send("PATCH", f"{path}/a", patch, content_type="application/json-patch+json")


@pytest.mark.parametrize(
    ("plural", "patch"),
    [
        ("configmaps", {"data": {"a": 7}}),
        ("configmaps", {"data": {"a": True}}),
        ("configmaps", {"data": {"a": []}}),
        ("configmaps", {"immutable": "true"}),
        ("services", {"spec": {"publishNotReadyAddresses": 1}}),
        ("services", {"spec": {"healthCheckNodePort": "x"}}),
        ("services", {"spec": {"healthCheckNodePort": 1.5}}),
        ("services", {"spec": {"externalIPs": "x"}}),
        ("services", {"spec": {"sessionAffinityConfig": "x"}}),
    ],
)
def test_a_field_of_another_type_is_refused_in_a_strategic_patch(space: Workspace, plural: str, patch: Json) -> None:
    path = place(plural, space.namespace)
    space.face.send("POST", path, manifest(plural, "a"))
    space.face.send("PATCH", f"{path}/a", patch, content_type="application/strategic-merge-patch+json")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (HOOK, {"webhooks": [{"name": 7}]}),
        (HOOK, {"webhooks": [{"name": "a.b.c", "admissionReviewVersions": [0]}]}),
        (DEFINITIONS, {"spec": {"group": 7}}),
        (DEFINITIONS, {"spec": {"versions": [{"schema": {"openAPIV3Schema": {"type": 1.5}}}]}}),
        (REVIEWS, {"spec": {"user": ["a"]}}),
        (REVIEWS, {"spec": {"resourceAttributes": "a"}}),
        (TOKENS, {"spec": {"token": {}}}),
    ],
    ids=["webhook", "versions", "group", "schema", "user", "attributes", "token"],
)
def test_a_field_of_the_servers_own_configuration_of_another_type_is_refused(
    space: Workspace, path: str, body: Json
) -> None:
    space.face.send("POST", path, {"metadata": {"name": "field-types.conformance.test"}, **body})


SCALES: dict[str, Json] = {
    "metadata": {"metadata": "x"},
    "name": {"metadata": {"name": 7}},
    "spec": {"spec": []},
    "replicas": {"spec": {"replicas": "x"}},
    "fraction": {"spec": {"replicas": 1.5}},
}


@pytest.mark.parametrize("case", SCALES)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_field_of_a_scale_of_another_type_is_refused(space: Workspace, method: str, case: str) -> None:
    path = place("deployments", space.namespace)
    space.face.send("POST", path, manifest("deployments", "a"))
    body = {"metadata": {"name": "a"}, **SCALES[case]}
    if method == "PUT":
        body = {"apiVersion": "autoscaling/v1", "kind": "Scale", **body}
    space.face.send(method, f"{path}/a/scale", body, content_type=MERGE if method == "PATCH" else JSON)


def test_a_status_that_is_put_without_one_is_empty(space: Workspace) -> None:
    path = place("pods", space.namespace)
    space.face.send("POST", path, manifest("pods", "a"))
    answer = space.face.send("PUT", f"{path}/a/status", manifest("pods", "a"))
    assert answer.status == 200


def test_metadata_of_a_custom_resource_that_is_a_text_is_refused_in_a_change(space: Workspace) -> None:
    space.face.send("POST", space.path("widgets"), widget("a"))
    space.face.send("PUT", space.path("widgets", "a"), {**widget("a"), "metadata": "x"})


@pytest.mark.parametrize(
    "body", [{"metadata": "x"}, {"metadata": {"name": "b"}, "subsets": "x"}, {"metadata": {"name": "b"}, "more": 1}]
)
def test_a_field_of_another_type_is_refused_in_an_update_that_creates(space: Workspace, body: Json) -> None:
    space.face.send("PUT", f"{place('endpoints', space.namespace)}/b", body)


ACTIONS: dict[str, tuple[str, Json]] = {
    "binding of a text": ("binding", {"metadata": {"name": "a"}, "target": "x"}),
    "binding to a number": ("binding", {"metadata": {"name": "a"}, "target": {"name": 7}}),
    "binding with a text": ("binding", {"metadata": "x", "target": {"name": "n"}}),
    "eviction with a text": ("eviction", {"metadata": "x"}),
    "eviction of a number": ("eviction", {"metadata": {"name": 7}}),
    "eviction with options": ("eviction", {"metadata": {"name": "a"}, "deleteOptions": "x"}),
    "eviction with grace": ("eviction", {"metadata": {"name": "a"}, "deleteOptions": {"gracePeriodSeconds": "x"}}),
}


@pytest.mark.parametrize("case", ACTIONS)
def test_a_field_of_an_action_of_another_type_is_refused(space: Workspace, case: str) -> None:
    part, body = ACTIONS[case]
    path = place("pods", space.namespace)
    space.face.send("POST", path, manifest("pods", "a"))
    space.face.send("POST", f"{path}/a/{part}", body)


TOKEN_ASKED: dict[str, Json] = {
    "metadata": {"metadata": "x"},
    "spec": {"spec": "x"},
    "audiences": {"spec": {"audiences": "x"}},
    "audience": {"spec": {"audiences": [7]}},
    "lifetime": {"spec": {"expirationSeconds": "x"}},
    "bound": {"spec": {"boundObjectRef": "x"}},
}


@pytest.mark.parametrize("case", TOKEN_ASKED)
def test_a_field_of_the_asking_for_a_token_of_another_type_is_refused(space: Workspace, case: str) -> None:
    path = place("serviceaccounts", space.namespace)
    space.face.send("POST", path, manifest("serviceaccounts", "a"))
    space.face.send("POST", f"{path}/a/token", TOKEN_ASKED[case])


DELETE_OPTIONS: dict[str, Json] = {
    "grace": {"gracePeriodSeconds": "x"},
    "fraction": {"gracePeriodSeconds": 1.5},
    "policy": {"propagationPolicy": 7},
    "preconditions": {"preconditions": "x"},
    "uid": {"preconditions": {"uid": 7}},
    "dry run": {"dryRun": "All"},
    "orphans": {"orphanDependents": "x"},
}


@pytest.mark.parametrize("case", DELETE_OPTIONS)
def test_a_field_of_the_options_of_a_deletion_of_another_type_is_refused(space: Workspace, case: str) -> None:
    path = place("configmaps", space.namespace)
    space.face.send("POST", path, manifest("configmaps", "a"))
    space.face.send("DELETE", f"{path}/a", DELETE_OPTIONS[case])


@pytest.mark.parametrize(("count", "letters"), [(5, 300), (20, 300), (60, 100), (39, 85), (30, 200)], ids=str)
def test_warnings_are_cut_when_they_are_too_long_together(space: Workspace, count: int, letters: int) -> None:
    unknown = {f"{number:03}{'a' * (letters - 3)}": 1 for number in range(count)}
    space.face.send("POST", place("configmaps", space.namespace), {**manifest("configmaps", "a"), **unknown})
