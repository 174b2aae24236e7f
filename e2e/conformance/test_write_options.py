"""What a write may say beside its body: dryRun, fieldManager, force, fieldValidation."""

from collections.abc import Mapping

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import configmap
from e2e.conformance.exhibits import MERGE

pytestmark = pytest.mark.section("C.3 write options")

LONG = "x" * 129
BAD: dict[str, dict[str, str]] = {
    "dry run of a word": {"dryRun": "true"},
    "dry run of nothing": {"dryRun": ""},
    "a long manager": {"fieldManager": LONG},
    "a manager of many bytes": {"fieldManager": "é" * 65},
    "a manager of two lines": {"fieldManager": "a\nb"},
    "a manager with two bad letters": {"fieldManager": "a\tb\x00"},
    "a validation in another case": {"fieldValidation": "strict"},
    "everything": {"dryRun": "no", "fieldManager": LONG, "fieldValidation": "z"},
}
GOOD: dict[str, dict[str, str]] = {
    "validation of nothing": {"fieldValidation": ""},
    "a manager that just fits": {"fieldManager": "x" * 128},
    "a manager of other letters": {"fieldManager": "é"},
    "what nobody knows": {"colour": "red"},
}


@pytest.mark.parametrize("case", BAD)
def test_a_create_with_bad_options_is_refused(space: Workspace, case: str) -> None:
    answer = space.face.send("POST", space.path("configmaps"), configmap("a", {"k": "v"}), query=BAD[case])
    assert answer.refusal == (422, "Invalid")
    assert space.bare.send("GET", space.path("configmaps", "a")).status == 404


@pytest.mark.parametrize("case", GOOD)
def test_a_create_with_good_options_is_done(space: Workspace, case: str) -> None:
    answer = space.face.send("POST", space.path("configmaps"), configmap("a", {"k": "v"}), query=GOOD[case])
    assert answer.status == 201


@pytest.mark.parametrize("case", [*BAD, "forced"])
def test_a_patch_with_bad_options_is_refused(space: Workspace, case: str) -> None:
    space.bare.send("POST", space.path("configmaps"), configmap("a", {"k": "v"}))
    query: Mapping[str, str] = {"force": "true"} if case == "forced" else BAD[case]
    answer = space.face.send("PATCH", space.path("configmaps", "a"), {}, content_type=MERGE, query=query)
    assert answer.refusal == (422, "Invalid")


def test_an_update_with_bad_options_is_refused(space: Workspace) -> None:
    made = space.bare.send("POST", space.path("configmaps"), configmap("a", {"k": "v"}))
    answer = space.face.send("PUT", space.path("configmaps", "a"), made.body, query=BAD["everything"])
    assert answer.refusal == (422, "Invalid")


@pytest.mark.parametrize("manager", ["", "m"])
def test_an_apply_with_bad_options_is_refused(space: Workspace, manager: str) -> None:
    query = {"dryRun": "true", **({"fieldManager": manager} if manager else {})}
    body = configmap("a", {"k": "v"})
    media = "application/apply-patch+yaml"
    answer = space.face.send("PATCH", space.path("configmaps", "a"), body, content_type=media, query=query)
    assert answer.refusal == (422, "Invalid")


@pytest.mark.parametrize("name", ["dryRun", "propagationPolicy"])
def test_a_delete_with_bad_options_is_refused(space: Workspace, name: str) -> None:
    space.bare.send("POST", space.path("configmaps"), configmap("a", {"k": "v"}))
    answer = space.face.send("DELETE", space.path("configmaps", "a"), query={name: "true"})
    assert answer.refusal == (422, "Invalid")


def test_a_delete_knows_neither_owners_nor_validation(space: Workspace) -> None:
    space.bare.send("POST", space.path("configmaps"), configmap("a", {"k": "v"}))
    query = {"fieldManager": LONG, "fieldValidation": "z"}
    assert space.face.send("DELETE", space.path("configmaps", "a"), query=query).status == 200
