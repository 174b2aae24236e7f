"""Tables: the columns and cells of kinds, for lists, single objects and watches."""

from collections.abc import Mapping
from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, pod, widget
from e2e.conformance.printed import KINDS, PODS, Printed

pytestmark = pytest.mark.section("C.6 discovery, output forms, OpenAPI")

Json = dict[str, Any]
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
MERGE = "application/merge-patch+json"
MARKED: Mapping[str, str] = {
    "sendInitialEvents": "true",
    "resourceVersionMatch": "NotOlderThan",
    "allowWatchBookmarks": "true",
}


def _make(space: Workspace, printed: Printed) -> str:
    name = f"{space.namespace}-x"
    place = f"namespaces/{space.namespace}/" if printed.namespaced else ""
    path = f"{printed.root}/{place}{printed.plural}"
    body = {**printed.body, "metadata": {**printed.metadata, "name": name}}
    if "involvedObject" in body:
        body["involvedObject"] = {**body["involvedObject"], "namespace": space.namespace}
    made = space.bare.send("POST", path, body)
    assert made.status == 201, made.body
    if printed.status:
        body = {"status": printed.status}
        patched = space.bare.send("PATCH", f"{path}/{name}/status", body, content_type=MERGE)
        assert patched.status == 200, patched.body
    return f"{path}/{name}"


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_its_columns_and_cells(space: Workspace, kind: str) -> None:
    path = _make(space, KINDS[kind])
    table = space.face.send("GET", path, accept=TABLE)
    assert len(table.body["rows"][0]["cells"]) == len(table.body["columnDefinitions"])


@pytest.mark.parametrize("case", PODS)
def test_a_pod_is_summed_up_in_a_word(space: Workspace, case: str) -> None:
    spec, status = PODS[case]
    body = pod("p")
    body["spec"] |= spec
    space.bare.send("POST", space.path("pods"), body)
    space.bare.send("PATCH", space.path("pods", "p", "status"), {"status": status}, content_type=MERGE)
    space.face.send("GET", space.path("pods", "p"), accept=TABLE)


def test_a_pod_that_is_being_deleted_is_terminating(space: Workspace) -> None:
    space.bare.send("POST", space.path("pods"), pod("p", node="n1"))
    space.bare.send("DELETE", space.path("pods", "p"))
    table = space.face.send("GET", space.path("pods", "p"), accept=TABLE)
    assert table.body["rows"][0]["cells"][2] == "Terminating"


@pytest.mark.parametrize("include", ["", "None", "Metadata", "Object"])
@pytest.mark.parametrize("plural", ["configmaps", "widgets"])
def test_a_row_has_as_much_of_its_object_as_was_asked_for(space: Workspace, plural: str, include: str) -> None:
    body = configmap("a", {"k": "v"}) if plural == "configmaps" else widget("a")
    space.bare.send("POST", space.path(plural), body)
    query = {"includeObject": include} if include else {}
    for path in (space.path(plural), space.path(plural, "a")):
        table = space.face.send("GET", path, accept=TABLE, query=query).body
        kinds = {"None": None, "Object": body["kind"]}
        assert (table["rows"][0]["object"] or {}).get("kind") == kinds.get(include, "PartialObjectMetadata")


def test_objects_are_included_in_known_forms_only(space: Workspace) -> None:
    refused = space.face.send("GET", space.path("configmaps"), accept=TABLE, query={"includeObject": "All"})
    assert refused.refusal == (400, "BadRequest")


@pytest.mark.parametrize("plural", ["configmaps", "widgets"])
def test_an_empty_table_has_columns(space: Workspace, plural: str) -> None:
    table = space.face.send("GET", space.path(plural), accept=TABLE).body
    assert (table["rows"], table["columnDefinitions"][0]["name"]) == ([], "Name")


def test_a_table_comes_in_pages(space: Workspace) -> None:
    for name in ("a", "b"):
        space.bare.send("POST", space.path("widgets"), widget(name))
    first = space.face.send("GET", space.path("widgets"), accept=TABLE, query={"limit": "1"})
    query = {"limit": "1", "continue": first.metadata["continue"]}
    second = space.face.send("GET", space.path("widgets"), accept=TABLE, query=query)
    assert second.body["rows"][0]["cells"][0] == "b"


def test_what_is_written_can_be_answered_as_a_table(space: Workspace) -> None:
    path = space.path("configmaps")
    for answer in (
        space.face.send("POST", path, configmap("a", {"k": "v"}), accept=TABLE),
        space.face.send("PATCH", path + "/a", {"data": {"l": "w"}}, content_type=MERGE, accept=TABLE),
    ):
        assert answer.body["kind"] == "Table"
    assert space.face.send("DELETE", path + "/a", accept=TABLE).body["kind"] == "Status"


def test_a_refusal_is_no_table(space: Workspace) -> None:
    assert space.face.send("GET", space.path("configmaps", "nothing"), accept=TABLE).body["kind"] == "Status"


def test_an_older_version_of_tables_is_served(space: Workspace) -> None:
    space.bare.send("POST", space.path("widgets"), widget("a"))
    table = space.face.send("GET", space.path("widgets"), accept=TABLE.replace("v=v1;", "v=v1beta1;"))
    assert table.body["apiVersion"] == "meta.k8s.io/v1beta1"


@pytest.mark.parametrize("plural", ["configmaps", "widgets"])
@pytest.mark.parametrize("include", ["None", "Metadata", "Object"])
def test_a_watch_tells_rows_and_only_the_first_has_columns(space: Workspace, plural: str, include: str) -> None:
    for name in ("a", "b"):
        body = configmap(name, {"k": "v"}) if plural == "configmaps" else widget(name)
        space.bare.send("POST", space.path(plural), body)
    events = space.face.watch(space.path(plural), 2, accept=TABLE, query={"includeObject": include})
    assert [event["object"]["rows"][0]["cells"][0] for event in events] == ["a", "b"]
    assert events[1]["object"]["columnDefinitions"] is None


@pytest.mark.parametrize("plural", ["pods", "configmaps", "widgets"])
def test_a_bookmark_is_a_row_without_name(space: Workspace, plural: str) -> None:
    events = space.face.watch(space.path(plural), 1, accept=TABLE, query=MARKED)
    assert (events[0]["type"], events[0]["object"]["rows"][0]["cells"][0]) == ("BOOKMARK", "")


def test_an_error_of_a_watch_is_no_table(space: Workspace) -> None:
    events = space.face.watch(space.path("widgets"), 1, accept=TABLE, query={"resourceVersion": "1"})
    assert (events[0]["type"], events[0]["object"]["kind"]) == ("ERROR", "Status")
