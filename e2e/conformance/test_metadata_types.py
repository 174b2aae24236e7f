"""What stands in metadata has the type that it should have, down to the items of its lists and maps."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, widget

pytestmark = pytest.mark.section("C.6 HTTP")

WRONG: dict[str, dict[str, Any]] = {
    "label that is an object": {"labels": {"a": {}}},
    "label that is a number": {"labels": {"a": 7}},
    "annotation that is an object": {"annotations": {"a": {}}},
    "annotation that is a list": {"annotations": {"a": ["x"]}},
    "finalizer that is an object": {"finalizers": [{}]},
    "finalizer that is a number": {"finalizers": ["a.b/c", 7]},
    "owner that is a number": {"ownerReferences": [5]},
    "owner whose name is a number": {
        "ownerReferences": [{"apiVersion": "v1", "kind": "X", "name": 7, "uid": "u"}],
    },
    "managers that are an object": {"managedFields": {}},
    "manager that is a number": {"managedFields": [5]},
}


@pytest.mark.parametrize("case", WRONG)
def test_a_part_of_metadata_of_another_type_is_refused(space: Workspace, case: str) -> None:
    answer = space.face.send("POST", space.path("configmaps"), configmap("a", {}, **WRONG[case]))
    assert answer.refusal == (400, "BadRequest")


@pytest.mark.parametrize("case", WRONG)
def test_a_part_of_metadata_of_a_custom_resource_of_another_type_is_refused(space: Workspace, case: str) -> None:
    answer = space.face.send("POST", space.path("widgets"), widget("a", **WRONG[case]))
    assert answer.refusal == (400, "BadRequest")


@pytest.mark.parametrize("field", ["labels", "annotations"])
@pytest.mark.parametrize("plural", ["configmaps", "widgets"])
def test_a_null_in_a_map_of_texts_is_an_empty_text(space: Workspace, plural: str, field: str) -> None:
    make = configmap if plural == "configmaps" else widget
    spec = {"size": 1} if plural == "widgets" else {}
    answer = space.face.send("POST", space.path(plural), make("a", spec, **{field: {"a": None}}))
    assert answer.metadata[field] == {"a": ""}


def test_control_characters_do_not_leave_the_header_of_a_warning(space: Workspace) -> None:
    body = {**configmap("a", {}), "line\nbreak\ttab\x7f": 1, 'quote"': 1, "umlaut ä": 1}
    assert space.face.send("POST", space.path("configmaps"), body, query={"fieldValidation": "Warn"}).status == 201
