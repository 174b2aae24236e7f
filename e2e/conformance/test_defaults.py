"""What a server adds to the smallest body of each kind."""

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.manifests import BODIES, CLUSTER_SCOPED, GROUPS, manifest, place

pytestmark = pytest.mark.section("C.1, C.3 defaults of built-in kinds")

KINDS = sorted(BODIES)
ODD = ("endpointslices", "controllerrevisions")  # the one counts labels, of the other a merge patch changes the data
BACKGROUND = {"propagationPolicy": "Background"}
MERGE = "application/merge-patch+json"


def _name(space: Workspace, plural: str) -> str:
    return space.namespace if plural in CLUSTER_SCOPED else "a"


@pytest.mark.parametrize("plural", KINDS)
def test_the_smallest_body_of_a_kind_is_completed(space: Workspace, plural: str) -> None:
    name = _name(space, plural)
    born = space.face.send("POST", place(plural, space.namespace), manifest(plural, name))
    assert born.status == 201, born.body
    read = space.face.send("GET", place(plural, space.namespace, name))
    assert (read.body["apiVersion"], read.body["kind"]) == (GROUPS[plural], BODIES[plural]["kind"])
    assert read.revision == born.revision


@pytest.mark.parametrize("plural", [plural for plural in KINDS if plural not in ODD])
def test_a_kind_can_be_labelled_without_a_new_generation(space: Workspace, plural: str) -> None:
    name = _name(space, plural)
    born = space.bare.send("POST", place(plural, space.namespace), manifest(plural, name))
    patch = {"metadata": {"labels": {"k": "v"}}}
    path = place(plural, space.namespace, name)
    labelled = space.face.send("PATCH", path, patch, content_type=MERGE)
    assert labelled.metadata["labels"]["k"] == "v"
    assert labelled.metadata.get("generation") == born.metadata.get("generation")
    assert space.face.send("PATCH", path, patch, content_type=MERGE).revision == labelled.revision


@pytest.mark.parametrize("plural", KINDS)
def test_an_update_without_a_version_is_taken_by_most_built_in_kinds(space: Workspace, plural: str) -> None:
    name = _name(space, plural)
    space.bare.send("POST", place(plural, space.namespace), manifest(plural, name))
    body = manifest(plural, name, labels={"k": "v"})
    answer = space.face.send("PUT", place(plural, space.namespace, name), body)
    assert answer.status in (200, 422)


@pytest.mark.parametrize("plural", KINDS)
def test_a_kind_is_listed_and_watched(space: Workspace, plural: str) -> None:
    name, path = _name(space, plural), place(plural, space.namespace)
    born = space.bare.send("POST", path, manifest(plural, name))
    listed = space.face.send("GET", path, own=name)
    assert name in [item["metadata"]["name"] for item in listed.body["items"]]
    space.bare.send("DELETE", place(plural, space.namespace, name), {"gracePeriodSeconds": 0, **BACKGROUND})
    events = space.face.watch(path, 1, query={"resourceVersion": born.revision})
    assert events[0]["type"] in ("DELETED", "MODIFIED")


@pytest.mark.parametrize("plural", KINDS)
def test_a_deleted_object_of_a_kind_is_answered_with(space: Workspace, plural: str) -> None:
    name = _name(space, plural)
    space.bare.send("POST", place(plural, space.namespace), manifest(plural, name))
    answer = space.face.send("DELETE", place(plural, space.namespace, name))
    assert answer.status == 200
