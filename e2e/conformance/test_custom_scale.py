"""/scale of custom resources."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import definition
from e2e.conformance.exhibits import MERGE, Custom

pytestmark = pytest.mark.section("C.5 custom resources")

Json = dict[str, Any]
SPEC: Json = {"type": "object", "properties": {"count": {"type": "integer"}, "labels": {"type": "string"}}}
SCALE = {"specReplicasPath": ".spec.count", "statusReplicasPath": ".status.seen", "labelSelectorPath": ".spec.labels"}
CRD = definition("fleets", "Fleet", "Namespaced", SPEC, subresources={"status": {}, "scale": SCALE})


def test_the_scale_is_read_where_the_definition_says(space: Workspace) -> None:
    fleets = Custom(space, CRD)
    fleets.create({"count": 3, "labels": "a=b"})
    fleets.merge({"status": {"seen": 2}}, subresource="status")
    found = space.face.send("GET", f"{fleets.path}/a/scale").body
    assert (found["spec"], found["status"]) == ({"replicas": 3}, {"replicas": 2, "selector": "a=b"})


def test_the_scale_is_written_where_the_definition_says(space: Workspace) -> None:
    fleets = Custom(space, CRD)
    fleets.create({"count": 3})
    path = f"{fleets.path}/a/scale"
    scaled = space.face.send("PATCH", path, {"spec": {"replicas": 5}}, content_type=MERGE)
    assert scaled.body["spec"] == {"replicas": 5}
    assert space.bare.send("GET", f"{fleets.path}/a").body["spec"]["count"] == 5


def test_nobody_owns_the_count_of_what_is_scaled_to_nothing(space: Workspace) -> None:
    fleets = Custom(space, CRD)
    fleets.create({"count": 3})
    path = f"{fleets.path}/a/scale"
    assert space.face.send("PATCH", path, {"spec": {"replicas": 0}}, content_type=MERGE).body["spec"] == {}
    owners = space.face.send("GET", f"{fleets.path}/a").body["metadata"].get("managedFields", [])
    assert not any("f:count" in entry["fieldsV1"].get("f:spec", {}) for entry in owners)


def test_nobody_gets_to_own_a_count_by_a_scale_that_nobody_owned_before(space: Workspace) -> None:
    fleets = Custom(space, CRD)
    fleets.create({"labels": "a=b"})
    path = f"{fleets.path}/a/scale"
    told = space.face.send("PUT", path, {"metadata": {"name": "a"}, "spec": {"replicas": 2}})
    assert told.body["spec"] == {"replicas": 2}
    space.face.send("PATCH", path, {"spec": {"replicas": 3}}, content_type=MERGE)
    found = space.face.send("GET", f"{fleets.path}/a").body
    assert found["spec"]["count"] == 3
    assert not any("f:count" in entry["fieldsV1"].get("f:spec", {}) for entry in found["metadata"]["managedFields"])


def test_a_count_below_nothing_is_refused(space: Workspace) -> None:
    fleets = Custom(space, CRD)
    assert fleets.create({"count": -1}).refusal == (422, "Invalid")
