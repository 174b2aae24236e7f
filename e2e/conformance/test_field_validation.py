"""fieldValidation: what becomes of fields that a kind does not have."""

from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap, pod, widget
from e2e.conformance.faces import Answer
from e2e.conformance.test_json_patch import JSON_PATCH, MERGE, STRATEGIC, op

pytestmark = pytest.mark.section("C.3 fieldValidation")

Json = dict[str, Any]
UNKNOWN: dict[str, tuple[str, Json]] = {
    "widget": ("widgets", widget("a", {"nope": 1})),
    "widget-deep": ("widgets", widget("a", {"nested": {"nope": 1}, "parts": [{"name": "x", "nope": 1}]})),
    "widget-top": ("widgets", {**widget("a"), "nope": 1}),
    "widget-two": ("widgets", widget("a", {"nope": 1, "neither": {"x": 1}})),
    "widget-metadata": ("widgets", widget("a", nope="x")),
    "configmap": ("configmaps", {**configmap("a", {"k": "v"}), "nope": 1}),
    "configmap-metadata": ("configmaps", configmap("a", {"k": "v"}, nope="x")),
    "configmap-owner": (
        "configmaps",
        configmap(
            "a",
            {"k": "v"},
            ownerReferences=[{"apiVersion": "v1", "kind": "X", "name": "x", "uid": "1", "nope": 1}],
        ),
    ),
}


def sent(space: Workspace, verb: str, plural: str, body: Json, validation: str) -> Answer:
    """A write of a body by POST or PUT."""
    query = {"fieldValidation": validation} if validation else {}
    if verb == "POST":
        return space.face.send("POST", space.path(plural), body, query=query)
    plain: Json = {"apiVersion": body["apiVersion"], "kind": body["kind"], "metadata": {"name": "a"}}
    plain |= {"spec": {"size": 1}} if plural == "widgets" else {"data": {"k": "v"}}
    first = space.bare.send("POST", space.path(plural), plain)
    with_version = {**body, "metadata": {**body["metadata"], "resourceVersion": first.revision}}
    return space.face.send("PUT", space.path(plural, "a"), with_version, query=query)


@pytest.mark.parametrize("case", UNKNOWN)
@pytest.mark.parametrize("verb", ["POST", "PUT"])
def test_unknown_fields_are_refused_where_it_is_strict(space: Workspace, verb: str, case: str) -> None:
    assert sent(space, verb, *UNKNOWN[case], "Strict").refusal == (400, "BadRequest")


@pytest.mark.parametrize("case", UNKNOWN)
def test_unknown_fields_are_warned_of_and_dropped(space: Workspace, case: str) -> None:
    answer = sent(space, "POST", *UNKNOWN[case], "Warn")
    assert (answer.status, bool(answer.warnings)) == (201, True)
    assert "nope" not in str(answer.body)


@pytest.mark.parametrize("case", ["widget", "configmap"])
def test_unknown_fields_are_ignored_on_demand(space: Workspace, case: str) -> None:
    answer = sent(space, "POST", *UNKNOWN[case], "Ignore")
    assert (answer.status, answer.warnings) == (201, ())


@pytest.mark.parametrize("case", ["widget", "configmap"])
@pytest.mark.parametrize("verb", ["POST", "PUT"])
def test_without_a_word_unknown_fields_are_warned_of(space: Workspace, verb: str, case: str) -> None:
    assert sent(space, verb, *UNKNOWN[case], "").warnings


@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH"])
def test_a_word_that_is_none_of_the_three_is_refused(space: Workspace, verb: str) -> None:
    if verb != "PATCH":
        assert sent(space, verb, "widgets", widget("a"), "Maybe").refusal == (422, "Invalid")
        return
    space.bare.send("POST", space.path("widgets"), widget("a"))
    query = {"fieldValidation": "Maybe"}
    answer = space.face.send("PATCH", space.path("widgets", "a"), {}, content_type=MERGE, query=query)
    assert answer.refusal == (422, "Invalid")


PATCHES: dict[str, tuple[str, str, Any]] = {
    "merge": ("widgets", MERGE, {"spec": {"nope": 1}}),
    "json": ("widgets", JSON_PATCH, [op("add", "/spec/nope", 1)]),
    "merge-builtin": ("configmaps", MERGE, {"nope": {"x": 1}}),
    "json-builtin": ("configmaps", JSON_PATCH, [op("add", "/nope", 1)]),
    "strategic": ("configmaps", STRATEGIC, {"nope": 1, "metadata": {"neither": 1}}),
}


@pytest.mark.parametrize("validation", ["Strict", "Warn", "Ignore", ""], ids=["strict", "warn", "ignore", "unsaid"])
@pytest.mark.parametrize("case", PATCHES)
def test_a_patch_is_validated_by_what_it_leaves(space: Workspace, case: str, validation: str) -> None:
    plural, media, patch = PATCHES[case]
    space.bare.send("POST", space.path("widgets"), widget("a"))
    space.bare.send("POST", space.path("configmaps"), configmap("a", {"k": "v"}))
    query = {"fieldValidation": validation} if validation else {}
    answer = space.face.send("PATCH", space.path(plural, "a"), patch, content_type=media, query=query)
    assert answer.status in ((400, 422) if validation == "Strict" else (200,))


@pytest.mark.parametrize("validation", ["Strict", "Warn"])
def test_what_a_schema_leaves_open_is_no_unknown_field(space: Workspace, validation: str) -> None:
    answer = sent(space, "POST", "widgets", widget("a", {"free": {"nope": 1}, "counts": {"nope": 1}}), validation)
    assert (answer.status, answer.warnings) == (201, ())


@pytest.mark.parametrize("validation", ["Strict", "Warn"])
def test_a_pod_is_validated_to_its_depth(space: Workspace, validation: str) -> None:
    body = pod("a")
    body["spec"]["nope"] = 1
    body["spec"]["containers"][0]["nope"] = {"x": 1}
    body["spec"]["containers"][0]["ports"] = [{"containerPort": 80, "nope": 1, "protocol": "TCP"}]
    answer = space.face.send("POST", space.path("pods"), body, query={"fieldValidation": validation, "dryRun": "All"})
    assert answer.status == (400 if validation == "Strict" else 201)


def test_an_unknown_field_comes_before_what_is_invalid(space: Workspace) -> None:
    answer = sent(space, "POST", "widgets", widget("a", {"size": 50, "nope": 1}), "Strict")
    assert answer.refusal == (400, "BadRequest")
    warned = sent(space, "POST", "widgets", widget("a", {"size": 50, "nope": 1}), "Warn")
    assert (warned.refusal, len(warned.warnings)) == ((422, "Invalid"), 1)


def test_a_status_write_is_validated_too(space: Workspace) -> None:
    space.bare.send("POST", space.path("widgets"), widget("a"))
    path, query = space.path("widgets", "a", "status"), {"fieldValidation": "Strict"}
    answer = space.face.send("PATCH", path, {"status": {"nope": 1}}, content_type=MERGE, query=query)
    assert answer.status in (400, 422)


DISORDERLY: dict[str, tuple[str, Json]] = {
    "configmap": (
        "configmaps",
        {
            "kind": "ConfigMap",
            "zeta": 1,
            "metadata": {"zoo": 1, "name": "a", "ant": 1},
            "apiVersion": "v1",
            "data": {"x": "1"},
            "alpha": {"b": 1, "a": 1},
        },
    ),
    "widget": (
        "widgets",
        {
            "kind": "Widget",
            "zeta": 1,
            "spec": {"zz": 1, "size": 1, "nested": {"q": 1, "b": 1}, "aa": 1, "parts": [{"name": "x", "nope": 1}]},
            "metadata": {"zoo": 1, "name": "a", "ant": 1},
            "apiVersion": "conformance.test/v1",
            "alpha": {"b": 1, "a": 1},
        },
    ),
    "pod": (
        "pods",
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "a"},
            "spec": {
                "zz": 1,
                "containers": [
                    {"image": "x", "zq": 1, "name": "a", "aq": 1},
                    {"name": "b", "image": "y", "bb": 1},
                ],
                "bb": 1,
                "aa": 1,
            },
        },
    ),
}


@pytest.mark.parametrize("validation", ["Strict", "Warn"])
@pytest.mark.parametrize("case", DISORDERLY)
def test_unknown_fields_are_told_of_in_an_order(space: Workspace, case: str, validation: str) -> None:
    plural, body = DISORDERLY[case]
    query = {"fieldValidation": validation, "dryRun": "All"}
    answer = space.face.send("POST", space.path(plural), body, query=query)
    assert answer.status == (400 if validation == "Strict" else 201)


@pytest.mark.parametrize("validation", ["Strict", "Warn"])
@pytest.mark.parametrize("media", [MERGE, STRATEGIC], ids=["merge", "strategic"])
def test_unknown_fields_of_a_patch_are_told_of_in_an_order(space: Workspace, media: str, validation: str) -> None:
    space.bare.send("POST", space.path("configmaps"), configmap("a", {"k": "v"}))
    patch = {"zz": 1, "metadata": {"zm": 1, "labels": {"x": "y"}, "am": 1}, "aa": {"q": 1}, "data": {"k": "w"}}
    query = {"fieldValidation": validation}
    answer = space.face.send("PATCH", space.path("configmaps", "a"), patch, content_type=media, query=query)
    assert answer.status == (422 if validation == "Strict" else 200)


@pytest.mark.parametrize("validation", ["Strict", "Warn"])
def test_unknown_fields_of_a_patch_of_a_custom_resource_are_sorted(space: Workspace, validation: str) -> None:
    space.bare.send("POST", space.path("widgets"), widget("a"))
    patch = {"zz": 1, "metadata": {"zm": 1, "am": 1}, "aa": {"q": 1}, "spec": {"size": 2, "yy": 1, "bb": 1}}
    query = {"fieldValidation": validation}
    answer = space.face.send("PATCH", space.path("widgets", "a"), patch, content_type=MERGE, query=query)
    assert answer.status == (422 if validation == "Strict" else 200)
