"""The life of a definition: names, conditions, versions, and what of it can be changed."""

from copy import deepcopy
from typing import Any

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import DEFINITIONS, definition, install, is_established
from e2e.conformance.exhibits import MERGE, Custom

pytestmark = pytest.mark.section("C.5 definitions")

Json = dict[str, Any]
OPEN: Json = {"type": "object", "properties": {"a": {"type": "string"}}}


def _crd(plural: str, kind: str, spec: Json = OPEN, **version: Any) -> Json:
    return definition(plural, kind, "Namespaced", spec, **version)


def _versions(plural: str, kind: str, **second: Any) -> Json:
    crd = _crd(plural, kind)
    new = {"name": "v2", "served": True, "storage": False, "schema": deepcopy(crd["spec"]["versions"][0]["schema"])}
    crd["spec"]["versions"].append({**new, **second})
    return crd


def _condition(crd: Json, kind: str) -> tuple[str, str]:
    found = [one for one in crd["status"]["conditions"] or [] if one["type"] == kind]
    return (found[0]["status"], found[0]["reason"]) if found else ("", "")


def test_a_new_definition_is_completed_and_not_served_yet(space: Workspace) -> None:
    crd = _crd("blanks", "Blank")
    del crd["spec"]["names"]["singular"]
    del crd["spec"]["names"]["listKind"]
    born = space.face.send("POST", DEFINITIONS, crd, query={"dryRun": "All"})
    assert born.status == 201
    assert born.body["spec"]["names"]["listKind"] == "BlankList"
    assert born.body["spec"]["conversion"] == {"strategy": "None"}


def test_accepted_names_come_with_short_names_and_categories(space: Workspace) -> None:
    crd = _crd("handles", "Handle")
    crd["spec"]["names"].update(shortNames=["hd"], categories=["conformance"])
    install(space.bare, crd)
    names = space.face.send("GET", f"{DEFINITIONS}/handles.conformance.test").body["status"]["acceptedNames"]
    assert (names["shortNames"], names["categories"]) == (["hd"], ["conformance"])


def test_a_definition_whose_kind_is_taken_is_not_served(space: Workspace) -> None:
    crd = _crd("widgetlikes", "Widget")
    crd["spec"]["names"].update(singular="widgetlike", listKind="WidgetLikeList")
    where = f"{DEFINITIONS}/widgetlikes.conformance.test"
    assert space.bare.send("POST", DEFINITIONS, crd).status == 201
    space.face.until(lambda: space.bare.send("GET", where).body["status"]["conditions"])
    found = space.face.send("GET", where).body
    assert _condition(found, "NamesAccepted") == ("False", "KindConflict")
    assert _condition(found, "Established") == ("False", "NotAccepted")
    space.bare.send("DELETE", where)


def test_a_definition_whose_names_become_free_is_served(space: Workspace) -> None:
    install(space.bare, _crd("firsts", "First"))
    second = _crd("seconds", "Second")
    second["spec"]["names"]["shortNames"] = ["firsts"]
    where = f"{DEFINITIONS}/seconds.conformance.test"
    space.bare.send("POST", DEFINITIONS, second)
    space.face.until(lambda: space.bare.send("GET", where).body["status"]["conditions"])
    assert _condition(space.face.send("GET", where).body, "NamesAccepted") == ("False", "ShortNamesConflict")
    space.bare.send("DELETE", f"{DEFINITIONS}/firsts.conformance.test")
    space.face.until(lambda: is_established(space.bare.send("GET", where).body))
    assert _condition(space.face.send("GET", where).body, "NamesAccepted") == ("True", "NoConflicts")
    space.bare.send("DELETE", where)


def test_scope_and_kind_stay_once_served(space: Workspace) -> None:
    Custom(space, _crd("stays", "Stay"))
    where = f"{DEFINITIONS}/stays.conformance.test"
    for patch in ({"scope": "Cluster"}, {"names": {"kind": "Stayed"}}):
        answer = space.face.send("PATCH", where, {"spec": patch}, content_type=MERGE)
        assert answer.refusal == (422, "Invalid")


def test_group_and_plural_never_change(space: Workspace) -> None:
    Custom(space, _crd("stays", "Stay"))
    where = f"{DEFINITIONS}/stays.conformance.test"
    for patch in ({"group": "other.test"}, {"names": {"plural": "others"}}):
        answer = space.face.send("PATCH", where, {"spec": patch}, content_type=MERGE)
        assert answer.refusal == (422, "Invalid")


def test_the_generation_counts_the_specification(space: Workspace) -> None:
    Custom(space, _crd("counts", "Count"))
    where = f"{DEFINITIONS}/counts.conformance.test"
    before = space.face.send("GET", where)
    labelled = space.face.send("PATCH", where, {"metadata": {"labels": {"a": "b"}}}, content_type=MERGE)
    named = space.face.send("PATCH", where, {"spec": {"names": {"categories": ["x"]}}}, content_type=MERGE)
    generations = [answer.metadata["generation"] for answer in (before, labelled, named)]
    assert generations == [1, 1, 2]


def test_every_served_version_shows_the_same_object(space: Workspace) -> None:
    kept = Custom(space, _versions("doubles", "Double"))
    assert kept.create({"a": "b"}).status == 201
    path = kept.path.replace("/v1/", "/v2/") + "/a"
    seen = space.face.send("GET", path)
    assert seen.body["apiVersion"] == "conformance.test/v2"
    changed = space.face.send("PATCH", path, {"spec": {"a": "c"}}, content_type=MERGE)
    assert changed.metadata["generation"] == 2
    assert space.face.send("GET", kept.path + "/a").body["apiVersion"] == "conformance.test/v1"


def test_a_list_of_a_version_has_its_objects_in_that_version(space: Workspace) -> None:
    kept = Custom(space, _versions("doubles", "Double"))
    kept.create({"a": "b"})
    found = space.face.send("GET", kept.path.replace("/v1/", "/v2/")).body
    assert [item["apiVersion"] for item in found["items"]] == ["conformance.test/v2"]


def test_what_the_stored_version_does_not_know_is_lost(space: Workspace) -> None:
    wider = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": wider}}}
    kept = Custom(space, _versions("widers", "Wider", schema=schema))
    body = {**kept.body({"a": "x", "b": "y"}), "apiVersion": "conformance.test/v2"}
    new = kept.path.replace("/v1/", "/v2/")
    assert space.face.send("POST", new, body).body["spec"] == {"a": "x"}
    assert space.face.send("GET", kept.path + "/a").body["spec"] == {"a": "x"}


def test_a_version_that_is_not_served_is_not_found(space: Workspace) -> None:
    kept = Custom(space, _versions("halves", "Half", served=False))
    assert space.face.send("GET", kept.path.replace("/v1/", "/v2/")).status == 404


def test_a_deprecated_version_warns(space: Workspace) -> None:
    kept = Custom(space, _versions("olds", "Old", deprecated=True))
    found = space.face.send("GET", kept.path.replace("/v1/", "/v2/"))
    assert found.warnings == ("conformance.test/v2 Old is deprecated",)
    assert space.face.send("GET", kept.path).warnings == ()


def test_a_deprecated_version_warns_in_its_own_words(space: Workspace) -> None:
    kept = Custom(space, _versions("olders", "Older", deprecated=True, deprecationWarning="use v1"))
    assert space.face.send("GET", kept.path.replace("/v1/", "/v2/")).warnings == ("use v1",)


def test_a_new_storage_version_is_added_to_the_stored_ones(space: Workspace) -> None:
    Custom(space, _versions("moves", "Move"))
    where = f"{DEFINITIONS}/moves.conformance.test"
    versions = space.bare.send("GET", where).body["spec"]["versions"]
    versions[0]["storage"], versions[1]["storage"] = False, True
    moved = space.face.send("PATCH", where, {"spec": {"versions": versions}}, content_type=MERGE)
    assert moved.body["status"]["storedVersions"] == ["v1", "v2"]
    gone = space.face.send("PATCH", where, {"spec": {"versions": versions[1:]}}, content_type=MERGE)
    assert gone.refusal == (422, "Invalid")


def test_a_deleted_definition_is_marked_until_its_objects_are_gone(space: Workspace) -> None:
    Custom(space, _crd("sparks", "Spark"))
    gone = space.face.send("DELETE", f"{DEFINITIONS}/sparks.conformance.test")
    assert gone.status == 200
    assert "deletionTimestamp" in gone.metadata


def test_an_unknown_format_is_accepted_with_a_warning(space: Workspace) -> None:
    crd = _crd("formats", "Format", {"type": "object", "properties": {"a": {"type": "string", "format": "shape"}}})
    answer = space.face.send("POST", DEFINITIONS, crd, query={"dryRun": "All"})
    assert (answer.status, answer.warnings) == (201, ('unrecognized format "shape"',))


def test_the_status_of_a_definition_is_written_apart(space: Workspace) -> None:
    Custom(space, _crd("aparts", "Apart"))
    where = f"{DEFINITIONS}/aparts.conformance.test"
    answer = space.face.send("PATCH", where, {"status": {"storedVersions": ["v9"]}}, content_type=MERGE)
    assert answer.body["status"]["storedVersions"] == ["v1"]


APPROVAL = "api-approved.kubernetes.io"
PROTECTED = "x.k8s.io"


def _protected(plural: str, approval: str) -> Json:
    crd = _crd(plural, plural.capitalize())
    crd["spec"]["group"] = PROTECTED
    crd["metadata"] = {"name": f"{plural}.{PROTECTED}", "annotations": {APPROVAL: approval}}
    return crd


def _conditions(crd: Json) -> list[Json]:
    return sorted(crd["status"]["conditions"], key=lambda one: str(one["type"]))


def _is_settled(crd: Json) -> bool:
    """Whether each of the server's controllers, which write one after the other, has said what it has to say."""
    return len(crd["status"]["conditions"] or ()) == 3 and is_established(crd)


@pytest.mark.parametrize("approval", ["unapproved, a test", "https://approvals.test/1", "http://approvals.test/1"])
def test_a_definition_of_a_protected_group_says_whether_it_is_approved(space: Workspace, approval: str) -> None:
    crd = _protected("guarded" + str(len(approval)), approval)
    where = f"{DEFINITIONS}/{crd['metadata']['name']}"
    assert space.face.send("POST", DEFINITIONS, crd).status == 201
    kind = "KubernetesAPIApprovalPolicyConformant"
    space.face.until(lambda: _is_settled(space.bare.send("GET", where).body))
    found = space.face.send("GET", where, part=_conditions).body
    wanted = ("False", "UnapprovedAnnotation") if approval[0] == "u" else ("True", "ApprovedAnnotation")
    assert _condition(found, kind) == wanted
    space.bare.send("DELETE", where)


def test_an_approval_can_be_given_and_not_taken_away(space: Workspace) -> None:
    crd = _protected("guards", "unapproved")
    where = f"{DEFINITIONS}/guards.{PROTECTED}"
    space.bare.send("POST", DEFINITIONS, crd)
    kind = "KubernetesAPIApprovalPolicyConformant"
    space.face.until(lambda: _condition(space.bare.send("GET", where).body, kind)[0] == "False")
    approved = {"metadata": {"annotations": {APPROVAL: "https://approvals.test/2"}}}
    assert space.face.send("PATCH", where, approved, content_type=MERGE, part=_generation).status == 200
    space.face.until(lambda: _condition(space.bare.send("GET", where).body, kind)[0] == "True")
    space.face.until(lambda: _is_settled(space.bare.send("GET", where).body))
    space.face.send("GET", where, part=_conditions)
    for text in (None, "nonsense"):
        spoilt = {"metadata": {"annotations": {APPROVAL: text}}}
        assert space.face.send("PATCH", where, spoilt, content_type=MERGE).refusal == (422, "Invalid")
    space.bare.send("DELETE", where)


def _generation(crd: Json) -> Any:
    return crd["metadata"]["generation"]


def test_a_definition_of_a_protected_group_needs_a_word_on_approval(space: Workspace) -> None:
    for group in (PROTECTED, "x.kubernetes.io"):
        crd = _protected("unguardeds", "")
        crd["spec"]["group"], crd["metadata"]["name"] = group, f"unguardeds.{group}"
        assert space.face.send("POST", DEFINITIONS, crd).refusal == (422, "Invalid")
