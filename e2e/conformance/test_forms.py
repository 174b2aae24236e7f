"""Forms of answers: metadata alone, and what is said when a form cannot be had."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, widget

pytestmark = pytest.mark.section("C.6 discovery, output forms, OpenAPI")

Json = dict[str, Any]
PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
PARTIAL_LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PLURALS = ["configmaps", "widgets"]
UNKNOWN = {
    "another-kind": "application/json;as=Picture;v=v1;g=meta.k8s.io",
    "another-version": "application/json;as=Table;v=v2;g=meta.k8s.io",
    "another-group": "application/json;as=Table;v=v1;g=example.test",
    "kind-alone": "application/json;as=Table",
    "discovery": "application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io",
}
TAKEN = {
    "anything": ("*/*", "ConfigMap"),
    "a-table-of-anything": ("*/*;as=Table;v=v1;g=meta.k8s.io", "Table"),
    "the-second-choice": (f"{UNKNOWN['another-kind']},application/json", "ConfigMap"),
    "the-first-of-several": (f"{TABLE},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", "Table"),
    "the-better-of-two": (f"{TABLE};q=0.1,{PARTIAL};q=0.9", "PartialObjectMetadata"),
    "with-spaces": ("application/json; as=Table; v=v1; g=meta.k8s.io", "Table"),
    "with-other-parameters": (f"{TABLE};colour=red", "Table"),
    "a-type-that-is-not-served-first": ("text/html,application/json", "ConfigMap"),
}


def _made(space: Workspace, plural: str = "configmaps") -> str:
    body = configmap("a", {"k": "v"}) if plural == "configmaps" else widget("a")
    space.bare.send("POST", space.path(plural), body)
    return space.path(plural)


@pytest.mark.parametrize("plural", PLURALS)
def test_the_metadata_alone_can_be_had(space: Workspace, plural: str) -> None:
    path = _made(space, plural)
    one = space.face.send("GET", path + "/a", accept=PARTIAL).body
    assert set(one) == {"kind", "apiVersion", "metadata"}
    listed = space.face.send("GET", path, accept=PARTIAL_LIST).body
    assert (listed["kind"], listed["items"][0]["kind"]) == ("PartialObjectMetadataList", "PartialObjectMetadata")


@pytest.mark.parametrize("plural", PLURALS)
def test_a_list_is_no_single_object_and_the_reverse(space: Workspace, plural: str) -> None:
    path = _made(space, plural)
    assert space.face.send("GET", path, accept=PARTIAL).refusal == (406, "NotAcceptable")
    assert space.face.send("GET", path + "/a", accept=PARTIAL_LIST).status in (406, 500)


@pytest.mark.parametrize("plural", PLURALS)
def test_metadata_can_be_watched(space: Workspace, plural: str) -> None:
    path = _made(space, plural)
    marked = {
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
        "allowWatchBookmarks": "true",
    }
    events = space.face.watch(path, 2, accept=PARTIAL, query=marked)
    assert [event["object"]["kind"] for event in events] == ["PartialObjectMetadata"] * 2


def test_metadata_comes_in_pages(space: Workspace) -> None:
    path = _made(space, "widgets")
    space.bare.send("POST", path, widget("b"))
    page = space.face.send("GET", path, accept=PARTIAL_LIST, query={"limit": "1"})
    assert (len(page.body["items"]), page.metadata["remainingItemCount"]) == (1, 1)


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_form_that_there_is_not_is_refused(space: Workspace, case: str) -> None:
    for plural in PLURALS:
        answer = space.face.send("GET", space.path(plural), accept=UNKNOWN[case])
        assert answer.refusal == (406, "NotAcceptable")


@pytest.mark.parametrize("accept", ["text/plain", "text/html", "application/*", "application/JSON"])
def test_a_media_type_that_is_not_served_is_refused(space: Workspace, accept: str) -> None:
    answer = space.face.send("GET", space.path("configmaps"), accept=accept)
    assert answer.refusal == (406, "NotAcceptable")


@pytest.mark.parametrize("case", TAKEN)
def test_the_best_form_that_there_is_is_taken(space: Workspace, case: str) -> None:
    accept, kind = TAKEN[case]
    path = _made(space)
    assert space.face.send("GET", path + "/a", accept=accept).body["kind"] == kind


def test_nothing_is_written_in_a_form_that_there_is_not(space: Workspace) -> None:
    path = space.path("configmaps")
    refused = space.face.send("POST", path, configmap("a", {"k": "v"}), accept=UNKNOWN["another-kind"])
    assert refused.status == 406
    space.face.send("GET", path + "/a")
