"""Kinds on which nobody in the simulator acts, and what is served beside kinds: other versions, parts of pods, components."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, pod
from e2e.conformance.manifests import KEPT, manifest, place

pytestmark = pytest.mark.section("C.1 every kind")

Json = dict[str, Any]
MERGE = "application/merge-patch+json"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
EVENTS, SCALERS = "/apis/events.k8s.io/v1", "/apis/autoscaling"
# What would change how the real server works is only tried.
TRIED: dict[str, tuple[str, Json]] = {
    "apiservices": (
        "/apis/apiregistration.k8s.io/v1/apiservices",
        {
            "metadata": {"name": "v1.conformance.example"},
            "spec": {
                "group": "conformance.example",
                "version": "v1",
                "groupPriorityMinimum": 100,
                "versionPriority": 10,
                "service": {"namespace": "default", "name": "a"},
                "insecureSkipTLSVerify": True,
            },
        },
    ),
    "flowschemas": (
        "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas",
        {"metadata": {"name": "a"}, "spec": {"priorityLevelConfiguration": {"name": "global-default"}}},
    ),
    "ipaddresses": (
        "/apis/networking.k8s.io/v1/ipaddresses",
        {
            "metadata": {"name": "192.0.2.7"},
            "spec": {"parentRef": {"resource": "services", "name": "a", "namespace": "default"}},
        },
    ),
    "servicecidrs": (
        "/apis/networking.k8s.io/v1/servicecidrs",
        {"metadata": {"name": "a"}, "spec": {"cidrs": ["10.240.0.0/24"]}},
    ),
}
LEVELS: dict[str, Json] = {
    "exempt": {"type": "Exempt"},
    "no-queues": {"type": "Limited", "limited": {"limitResponse": {"type": "Queue"}}},
    "queues": {"type": "Limited", "limited": {"limitResponse": {"type": "Queue", "queuing": {}}}},
}


@pytest.mark.parametrize("plural", sorted(TRIED))
def test_what_a_server_is_set_up_by_is_completed(space: Workspace, plural: str) -> None:
    path, body = TRIED[plural]
    tried = space.face.send("POST", path, body, query={"dryRun": "All"})
    assert tried.status == 201, tried.body
    assert space.face.send("PUT", f"{path}/{body['metadata']['name']}", body).status == 404


@pytest.mark.parametrize("case", sorted(LEVELS))
def test_a_priority_level_is_completed(space: Workspace, case: str) -> None:
    path = place("prioritylevelconfigurations", "")
    body = {**manifest("prioritylevelconfigurations", space.namespace), "spec": LEVELS[case]}
    space.face.send("POST", path, body, query={"dryRun": "All"})


@pytest.mark.parametrize("plural", sorted(KEPT))
def test_a_kind_is_shown_as_a_row(space: Workspace, plural: str) -> None:
    name = space.namespace if not place(plural, "x").count("namespaces/x") else "a"
    space.bare.send("POST", place(plural, space.namespace), manifest(plural, name))
    table = space.face.send("GET", place(plural, space.namespace, name), accept=TABLE)
    assert table.body["rows"][0]["cells"][0] == name
    space.bare.send("DELETE", place(plural, space.namespace, name))


@pytest.mark.parametrize("plural", sorted(KEPT))
def test_a_kind_has_fields_to_be_selected_by(space: Workspace, plural: str) -> None:
    for field in ("metadata.namespace=x", "spec.foo=1"):
        space.face.send("GET", place(plural, space.namespace), query={"fieldSelector": field}, part=_refused)


def _refused(body: Json) -> str:
    return str(body.get("message", "taken"))


STATUSES = ("devicetaintrules", "resourceclaims", "storageversionmigrations", "volumeattachments")


@pytest.mark.parametrize("plural", STATUSES)
def test_a_write_to_the_status_may_not_change_the_metadata_of_all_kinds(space: Workspace, plural: str) -> None:
    name = "a" if plural == "resourceclaims" else space.namespace
    space.bare.send("POST", place(plural, space.namespace), manifest(plural, name))
    patch = {"metadata": {"annotations": {"a": "1"}, "labels": {"k": "v"}, "finalizers": ["a.b/c"]}}
    path = place(plural, space.namespace, name, "status")
    told = space.face.send("PATCH", path, patch, content_type=MERGE)
    assert told.status == 200
    space.bare.send("DELETE", place(plural, space.namespace, name))


def _event(space: Workspace) -> Json:
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": "a"},
        "eventTime": "2024-01-01T00:00:00.000000Z",
        "reportingController": "conformance.test/it",
        "reportingInstance": "it-1",
        "action": "Doing",
        "reason": "Because",
        "regarding": {"kind": "Pod", "name": "a", "namespace": space.namespace},
        "type": "Normal",
        "note": "said",
    }


def test_an_event_can_be_written_and_read_in_both_groups(space: Workspace) -> None:
    path = f"{EVENTS}/namespaces/{space.namespace}/events"
    assert space.face.send("POST", path, _event(space)).status == 201
    older = space.face.send("GET", space.path("events", "a"))
    assert older.body["message"] == "said"
    assert older.body["involvedObject"]["name"] == "a"
    about = {"kind": "Pod", "name": "b", "namespace": space.namespace}
    body = {"metadata": {"name": "b"}, "involvedObject": about, "reason": "x", "message": "heard", "count": 2}
    space.face.send("POST", space.path("events"), body)
    assert space.face.send("GET", f"{path}/b").body["note"] == "heard"
    assert len(space.face.send("GET", path).body["items"]) == 2
    space.face.send("GET", path, accept=TABLE, part=lambda table: [row["cells"][1:4] for row in table["rows"]])
    patch = {"metadata": {"labels": {"k": "v"}}}
    assert space.face.send("PATCH", f"{path}/b", patch, content_type=MERGE).body["note"] == "heard"
    assert space.face.send("DELETE", f"{path}/a").status == 200


def test_an_event_of_the_newer_group_is_watched(space: Workspace) -> None:
    path = f"{EVENTS}/namespaces/{space.namespace}/events"
    born = space.bare.send("POST", path, _event(space))
    space.bare.send("PATCH", space.path("events", "a"), {"message": "again"}, content_type=MERGE)
    events = space.face.watch(path, 1, query={"resourceVersion": born.revision})
    assert events[0]["object"]["note"] == "again"


CHANGES: dict[str, Json] = {
    "note": {"note": "again"},
    "much": {"reason": "x", "type": "Warning", "regarding": {"name": "z"}, "related": {"kind": "x"}},
    "who": {"action": "x", "reportingController": "a.b/c", "reportingInstance": "q"},
    "count": {"deprecatedCount": 2},
    "series": {"series": {"count": 3, "lastObservedTime": "2024-01-01T00:00:01.000000Z"}},
    "short-series": {"series": {"count": 1}},
}


@pytest.mark.parametrize("case", sorted(CHANGES))
def test_of_an_event_of_the_newer_group_only_the_series_changes(space: Workspace, case: str) -> None:
    path = f"{EVENTS}/namespaces/{space.namespace}/events"
    space.bare.send("POST", path, _event(space))
    answer = space.face.send("PATCH", f"{path}/a", CHANGES[case], content_type=MERGE)
    assert answer.status == (200 if case == "series" else 422)


ODD: dict[str, Json] = {
    "type": {"type": "Odd"},
    "old": {"deprecatedCount": 3, "deprecatedSource": {"component": "x"}},
    "long": {"note": "x" * 1025, "reason": "x" * 129, "action": "x" * 129, "reportingInstance": "x" * 129},
    "series": {"series": {"count": 1}},
}


@pytest.mark.parametrize("case", sorted(ODD))
def test_an_event_of_the_newer_group_has_bounds(space: Workspace, case: str) -> None:
    body = {**_event(space), **ODD[case]}
    answer = space.face.send("POST", f"{EVENTS}/namespaces/{space.namespace}/events", body)
    assert answer.refusal == (422, "Invalid")


@pytest.mark.parametrize("field", ["eventTime", "reportingController", "reportingInstance", "action", "reason"])
def test_an_event_of_the_newer_group_has_to_say_more(space: Workspace, field: str) -> None:
    body = {name: value for name, value in _event(space).items() if name != field}
    answer = space.face.send("POST", f"{EVENTS}/namespaces/{space.namespace}/events", body)
    assert answer.refusal == (422, "Invalid")


def _scaler(version: str, **spec: Any) -> Json:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"}
    return {
        "apiVersion": f"autoscaling/{version}",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "a"},
        "spec": {"maxReplicas": 3, "scaleTargetRef": target, **spec},
    }


def _share(resource: str, percent: int) -> Json:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": resource, "target": target}}


def _without_owners(body: Json) -> Json:
    metadata = {name: value for name, value in body["metadata"].items() if name != "managedFields"}
    return {**body, "metadata": metadata}


def test_an_autoscaler_has_two_versions(space: Workspace) -> None:
    older, newer = (
        f"{SCALERS}/{version}/namespaces/{space.namespace}/horizontalpodautoscalers" for version in ("v1", "v2")
    )
    born = space.face.send("POST", older, _scaler("v1", targetCPUUtilizationPercentage=50))
    assert born.status == 201
    assert space.face.send("GET", f"{newer}/a").body["spec"]["metrics"][0]["resource"]["name"] == "cpu"
    patch = {"spec": {"targetCPUUtilizationPercentage": 60}}
    space.face.send("PATCH", f"{older}/a", patch, content_type=MERGE)
    assert (
        space.face.send("GET", f"{newer}/a").body["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"]
        == 60
    )
    space.face.send("GET", older, accept=TABLE, part=lambda table: [row["cells"][:6] for row in table["rows"]])
    memory = _share("memory", 7)
    space.bare.send("PATCH", f"{newer}/a", {"spec": {"metrics": [memory]}}, content_type=MERGE)
    shown = space.face.send("GET", f"{older}/a", part=_without_owners)
    assert "targetCPUUtilizationPercentage" not in shown.body["spec"]
    labels = {"metadata": {"labels": {"k": "v"}}}
    space.face.send("PATCH", f"{older}/a", labels, content_type=MERGE, part=_without_owners)
    assert space.face.send("GET", f"{newer}/a", part=_without_owners).body["spec"]["metrics"] == [memory]


def test_an_autoscalers_fields_are_lost_to_a_writer_of_another_version(space: Workspace) -> None:
    older, newer = (
        f"{SCALERS}/{version}/namespaces/{space.namespace}/horizontalpodautoscalers" for version in ("v1", "v2")
    )
    space.bare.send("POST", older, _scaler("v1", targetCPUUtilizationPercentage=50))
    patch = {"spec": {"metrics": [_share("cpu", 60)]}}
    space.face.send("PATCH", f"{newer}/a", patch, content_type=MERGE)


def test_an_autoscalers_metrics_are_lost_to_a_writer_of_an_older_version(space: Workspace) -> None:
    older, newer = (
        f"{SCALERS}/{version}/namespaces/{space.namespace}/horizontalpodautoscalers" for version in ("v1", "v2")
    )
    space.bare.send("POST", newer, _scaler("v2", metrics=[_share("cpu", 50)]))
    space.face.send("PATCH", f"{older}/a", {"spec": {"targetCPUUtilizationPercentage": 60}}, content_type=MERGE)
    space.face.send("PATCH", f"{newer}/a", {"spec": {"maxReplicas": 4}}, content_type=MERGE)


def test_a_certificate_is_asked_for_by_whoever_asks(space: Workspace) -> None:
    path = place("certificatesigningrequests", "")
    body = manifest("certificatesigningrequests", space.namespace)
    body["spec"] = {**body["spec"], "username": "somebody", "groups": ["everybody"]}
    born = space.face.send("POST", path, body)
    assert born.body["spec"]["username"] == "admin"
    condition = {"type": "Approved", "status": "True", "reason": "x", "message": "y"}
    approved = {**born.body, "status": {"conditions": [condition]}}
    told = space.face.send("PUT", f"{path}/{space.namespace}/approval", approved)
    assert told.status == 200, told.body
    assert told.body["status"]["conditions"][0]["type"] == "Approved"
    space.face.send("GET", f"{path}/{space.namespace}", accept=TABLE)


def test_components_are_computed(space: Workspace) -> None:
    path = "/api/v1/componentstatuses"

    def names(body: Json) -> list[str]:
        return sorted(item["metadata"]["name"] for item in body["items"])

    listed = space.face.send("GET", path, part=names)
    assert names(listed.body) == ["controller-manager", "etcd-0", "scheduler"]
    assert space.face.send("GET", f"{path}/etcd-0").status == 200
    assert space.face.send("GET", f"{path}/x").refusal == (404, "NotFound")
    assert space.face.send("DELETE", f"{path}/etcd-0").refusal == (405, "MethodNotAllowed")
    space.face.send("GET", f"{path}/etcd-0", accept=TABLE)


PARTS = ("attach", "exec", "log", "portforward", "proxy")


@pytest.mark.parametrize("part", PARTS)
def test_a_pod_without_a_node_cannot_be_talked_to(space: Workspace, part: str) -> None:
    assert space.face.send("GET", space.path("pods", "a", part)).status == 404
    space.bare.send("POST", space.path("pods"), pod("a"))
    assert space.face.send("GET", space.path("pods", "a", part)).status in (204, 400)


@pytest.mark.parametrize("part", PARTS)
def test_a_node_that_is_not_there_cannot_be_talked_to(space: Workspace, part: str) -> None:
    space.bare.send("POST", space.path("pods"), pod("a", node="nobody"))
    assert space.face.send("GET", space.path("pods", "a", part)).status in (400, 404)


@pytest.mark.parametrize("part", ["attach", "exec", "log"])
def test_of_several_containers_one_is_named(space: Workspace, part: str) -> None:
    body = pod("a")
    body["spec"]["containers"].append({**body["spec"]["containers"][0], "name": "second"})
    body["spec"]["initContainers"] = [{**body["spec"]["containers"][0], "name": "first"}]
    space.bare.send("POST", space.path("pods"), body)
    for container in ("", "second", "nothing"):
        query = {"container": container} if container else {}
        space.face.send("GET", space.path("pods", "a", part), query=query)


def test_a_service_without_endpoints_cannot_be_talked_to(space: Workspace) -> None:
    assert space.face.send("GET", space.path("services", "a", "proxy")).status == 503
    assert space.face.send("GET", "/api/v1/nodes/nobody/proxy").refusal == (404, "NotFound")


def test_a_kept_kind_goes_with_its_owner(space: Workspace) -> None:
    owner = space.bare.send("POST", space.path("configmaps"), configmap("owner"))
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.metadata["uid"]}
    path = place("resourceclaims", space.namespace)
    space.bare.send("POST", path, manifest("resourceclaims", "a", ownerReferences=[reference]))
    space.face.send("DELETE", space.path("configmaps", "owner"), {"propagationPolicy": "Background"})
    space.face.until(lambda: space.bare.send("GET", f"{path}/a").status == 404)
