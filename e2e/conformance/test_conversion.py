"""Webhooks that convert: what they are asked, what they may change, and what becomes of what they do not convert."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, Self

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import DEFINITIONS, install
from e2e.conformance.exhibits import MERGE, QUIETLY
from e2e.conformance.registration import Registration, patch_of
from e2e.conformance.test_admission_policies import Policy
from e2e.conformance.test_webhook_matching import PROBED, Listener

pytestmark = pytest.mark.section("C.5 conversion")

Json = dict[str, Any]
GROUP = "conformance.test"
Change = Callable[[Json], Any]


def _version(name: str, field: str, **more: Any) -> Json:
    spec = {
        "type": "object",
        "properties": {field: {"type": "string"}, "both": {"type": "string", "default": f"of {name}"}},
    }
    root = {"type": "object", "properties": {"spec": spec}}
    return {"name": name, "served": True, "storage": name == "v1", "schema": {"openAPIV3Schema": root}, **more}


def _as_it_is(response: Json) -> Json:
    return response


class Converter:
    """A kind whose ``a`` of v1 is the ``x`` of v2, and the webhook that knows that; ``spoil`` changes its response."""

    def __init__(self, space: Workspace, plural: str, *, strategy: str = "Webhook") -> None:
        self.space, self.plural, self.kind = space, plural, plural.removesuffix("s").capitalize()
        self.requests: list[Json] = []
        self.spoil: Change = _as_it_is
        conversion: Json = {"strategy": strategy}
        if strategy == "Webhook":
            client = space.bare.webhook(self._convert)
            conversion["webhook"] = {"clientConfig": client, "conversionReviewVersions": ["v1"]}
        names = {"plural": plural, "singular": self.kind.lower(), "kind": self.kind, "listKind": f"{self.kind}List"}
        crd = {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{GROUP}"},
            "spec": {
                "group": GROUP,
                "scope": "Namespaced",
                "names": names,
                "versions": [_version("v1", "a"), _version("v2", "x")],
                "conversion": conversion,
            },
        }
        install(space.bare, crd)
        space.face.until(lambda: space.bare.send("GET", self.path(2)).status == 200)

    def remove(self) -> None:
        """Take the kind away, with all objects of it."""
        place = f"{DEFINITIONS}/{self.plural}.{GROUP}"
        assert self.space.bare.send("DELETE", place).status == 200
        for _ in range(100):
            if self.space.bare.send("GET", place).status == 404:
                return
            self.space.bare.wait(0.2)
        raise AssertionError(f"{self.plural} is still there: {self.space.bare.send('GET', place).body}")

    def now_in(self, space: Workspace) -> Self:
        """The same kind, for another claim."""
        self.space = space
        self.requests.clear()
        return self

    def _convert(self, request: Json) -> Json:
        self.requests.append(request)
        wanted, converted = request["desiredAPIVersion"], []
        for item in deepcopy(request["objects"]):
            old, new = ("a", "x") if wanted.endswith("v2") else ("x", "a")
            if old in item.get("spec", {}):
                item["spec"][new] = item["spec"].pop(old)
            converted.append({**item, "apiVersion": wanted})
        response = {"convertedObjects": converted, "result": {"status": "Success"}}
        return dict(self.spoil(response) or response)

    def path(self, version: int, name: str = "") -> str:
        """Where it is served."""
        root = f"/apis/{GROUP}/v{version}/namespaces/{self.space.namespace}/{self.plural}"
        return f"{root}/{name}" if name else root

    def body(self, version: int, name: str = "a", **spec: str) -> Json:
        """One object."""
        return {"apiVersion": f"{GROUP}/v{version}", "kind": self.kind, "metadata": {"name": name}, "spec": spec}


Kinds = Callable[[str, str], Converter]


@pytest.fixture(scope="module")
def installed() -> Iterator[dict[tuple[str, str], Converter]]:
    """What has been installed, by arm and plural: that takes seconds on the real server.

    It goes again at the end: a kind whose webhook converts nothing keeps the real server from deleting any namespace.
    """
    found: dict[tuple[str, str], Converter] = {}
    yield found
    for converter in found.values():
        converter.remove()


@pytest.fixture
def kinds(space: Workspace, installed: dict[tuple[str, str], Converter]) -> Kinds:
    """Gives a kind by its plural and the strategy of its conversion."""

    def kind(plural: str, strategy: str = "Webhook") -> Converter:
        key = (space.face.name, plural)
        if key not in installed:
            installed[key] = Converter(space, plural, strategy=strategy)
        return installed[key].now_in(space)

    return kind


def test_an_object_is_seen_in_the_version_that_is_asked_for(space: Workspace, kinds: Kinds) -> None:
    kept = kinds("turns", "Webhook")
    assert space.face.send("POST", kept.path(1), kept.body(1, a="1")).status == 201
    assert space.face.send("GET", kept.path(2, "a")).body["spec"] == {"x": "1", "both": "of v1"}
    assert space.face.send("GET", kept.path(1, "a")).body["spec"] == {"a": "1", "both": "of v1"}
    request = kept.requests[0]
    assert (sorted(request), request["desiredAPIVersion"]) == (["desiredAPIVersion", "objects", "uid"], f"{GROUP}/v2")
    assert request["objects"][0]["spec"] == {"a": "1", "both": "of v1"}


def test_an_object_is_written_in_the_version_that_is_sent(space: Workspace, kinds: Kinds) -> None:
    kept = kinds("turns", "Webhook")
    assert space.face.send("POST", kept.path(2), kept.body(2, x="1")).body["spec"] == {"x": "1", "both": "of v2"}
    assert kept.requests[0]["desiredAPIVersion"] == f"{GROUP}/v1"
    assert space.face.send("GET", kept.path(1, "a")).body["spec"] == {"a": "1", "both": "of v2"}


def test_an_object_is_changed_in_either_version(space: Workspace, kinds: Kinds) -> None:
    kept = kinds("turns", "Webhook")
    space.bare.send("POST", kept.path(2), kept.body(2, x="1"))
    changed = space.face.send("PATCH", kept.path(2, "a"), {"spec": {"x": "2"}}, content_type=MERGE)
    assert (changed.body["spec"]["x"], changed.metadata["generation"]) == ("2", 2)
    again = space.face.send("PATCH", kept.path(2, "a"), {"spec": {"x": "2"}}, content_type=MERGE)
    assert again.revision == changed.revision
    body = {**again.body, "spec": {"x": "3"}}
    assert space.face.send("PUT", kept.path(2, "a"), body).body["spec"] == {"x": "3", "both": "of v2"}
    assert space.bare.send("GET", kept.path(1, "a")).body["spec"]["a"] == "3"


def test_an_object_is_applied_in_another_version(space: Workspace, kinds: Kinds) -> None:
    kept = kinds("turns", "Webhook")
    how = {"fieldManager": "m"}
    media = "application/apply-patch+yaml"
    born = space.face.send("PATCH", kept.path(2, "a"), kept.body(2, x="1"), content_type=media, query=how)
    assert (born.status, born.body["spec"]["x"]) == (201, "1")
    changed = space.face.send("PATCH", kept.path(2, "a"), kept.body(2, x="2"), content_type=media, query=how)
    assert changed.body["spec"]["x"] == "2"
    assert space.bare.send("GET", kept.path(1, "a")).body["spec"]["a"] == "2"


def test_a_list_and_a_watch_are_converted(space: Workspace, kinds: Kinds) -> None:
    kept = kinds("turns", "Webhook")
    for name in ("a", "b"):
        space.bare.send("POST", kept.path(1), kept.body(1, name, a=name))
    found = space.face.send("GET", kept.path(2)).body
    assert [item["spec"]["x"] for item in found["items"]] == ["a", "b"]
    events = space.face.watch(kept.path(2), 2)
    assert [event["object"]["spec"]["x"] for event in events] == ["a", "b"]


def test_a_change_is_watched_in_another_version(space: Workspace, kinds: Kinds) -> None:
    kept = kinds("turns", "Webhook")
    revision = space.bare.send("POST", kept.path(1), kept.body(1, a="1")).revision
    space.bare.send("PATCH", kept.path(1, "a"), {"spec": {"a": "2"}}, content_type=MERGE)
    space.bare.send("DELETE", kept.path(1, "a"))
    events = space.face.watch(kept.path(2), 2, query={"resourceVersion": revision})
    assert [(event["type"], event["object"]["spec"]["x"]) for event in events] == [("MODIFIED", "2"), ("DELETED", "2")]


def test_a_delete_needs_no_conversion_to_be_answered(space: Workspace, kinds: Kinds) -> None:
    kept = kinds("turns", "Webhook")
    space.bare.send("POST", kept.path(1), kept.body(1, a="1"))
    assert space.face.send("DELETE", kept.path(2, "a")).status == 200


def _each(**changes: Any) -> Change:
    def spoil(response: Json) -> None:
        for item in response["convertedObjects"]:
            for name, value in changes.items():
                where = item if name in item else item["metadata"]
                where[name] = value

    return spoil


def _labelled(response: Json) -> None:
    for item in response["convertedObjects"]:
        metadata = item["metadata"]
        metadata |= {"labels": {"l": "y"}, "annotations": {"n": "y"}, "finalizers": ["a.b/c"], "resourceVersion": "5"}
        metadata["ownerReferences"] = [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}]
        item["spec"]["nosuch"] = "field"


def test_only_labels_and_annotations_of_the_metadata_can_be_changed(space: Workspace, kinds: Kinds) -> None:
    kept = kinds("labels", "Webhook")
    space.bare.send("POST", kept.path(1), kept.body(1, a="1"))
    kept.spoil = _labelled
    found = space.face.send("GET", kept.path(2, "a"))
    assert (found.metadata["labels"], "finalizers" in found.metadata) == ({"l": "y"}, False)
    assert found.body["spec"] == {"x": "1", "both": "of v1"}


SPOILT: dict[str, Change] = {
    "a failure": lambda _: {"result": {"status": "Failed", "message": "no way"}},
    "a failure without a word": lambda _: {"result": {"status": "Failed"}},
    "no result": lambda response: {"convertedObjects": response["convertedObjects"]},
    "another uid": lambda response: {**response, "uid": "another"},
    "too few": lambda response: {**response, "convertedObjects": []},
    "too many": lambda response: {**response, "convertedObjects": response["convertedObjects"] * 2},
    "another version": _each(apiVersion=f"{GROUP}/v9"),
    "another kind": _each(kind="Other"),
    "another name": _each(name="other"),
    "another object": _each(uid="other"),
    "bad labels": _each(labels={"l": "y z"}),
}


def test_what_is_not_converted_cannot_be_read(space: Workspace, kinds: Kinds) -> None:
    kept = kinds("spoils", "Webhook")
    space.bare.send("POST", kept.path(1), kept.body(1, a="1"))
    for spoil in SPOILT.values():
        kept.spoil = spoil
        assert space.face.send("GET", kept.path(2, "a")).status == 500
    assert space.face.send("GET", kept.path(1, "a")).status == 200
    kept.spoil = _as_it_is


def test_what_is_not_converted_cannot_be_written(space: Workspace, kinds: Kinds) -> None:
    kept = kinds("spoils", "Webhook")
    for spoil in SPOILT.values():
        kept.spoil = spoil
        assert space.face.send("POST", kept.path(2), kept.body(2, x="1")).status == 500
    kept.spoil = _as_it_is
    assert space.bare.send("GET", kept.path(1, "a")).status == 404


def test_a_webhook_that_cannot_be_reached_converts_nothing(space: Workspace, kinds: Kinds) -> None:
    kept = kinds("deads", "Webhook")
    space.bare.send("POST", kept.path(1), kept.body(1, a="1"))
    where = f"{DEFINITIONS}/{kept.plural}.{GROUP}"
    dead = {"url": "https://127.0.0.1:1/", "caBundle": None}
    space.bare.send("PATCH", where, {"spec": {"conversion": {"webhook": {"clientConfig": dead}}}}, content_type=MERGE)
    space.face.until(lambda: space.bare.send("GET", kept.path(2, "a")).status == 500)
    assert space.face.send("GET", kept.path(2, "a")).status == 500
    assert space.face.send("POST", kept.path(2), kept.body(2, "b", x="1")).status == 500


@pytest.mark.parametrize("strategy", ["None", "Webhook"])
@pytest.mark.parametrize("policy", ["Equivalent", "Exact", ""])
@pytest.mark.parametrize("kind", ["mutating", "validating"])
def test_a_webhook_of_one_version_is_asked_about_another(
    space: Workspace, kinds: Kinds, kind: str, policy: str, strategy: str
) -> None:
    kept = kinds("sames" if strategy == "None" else "equals", strategy)
    listener = Listener()
    rule = {"operations": ["*"], "apiGroups": [GROUP], "apiVersions": ["v1"], "resources": [kept.plural]}
    more: Json = {"matchPolicy": policy} if policy else {}
    with Registration(space, space.bare.webhook(listener), kind, rules=[PROBED, rule], **more) as gate:
        gate.until(400)
        answer = space.face.send("POST", kept.path(2), kept.body(2, x="1"), query=QUIETLY)
        assert answer.status == 201
        space.face.send("DELETE", kept.path(2, "a"))
    if policy == "Exact":
        assert listener.requests == []
        return
    request = listener.requests[0]
    assert (request["kind"]["version"], request["requestKind"]["version"]) == ("v1", "v2")
    assert (request["resource"]["version"], request["requestResource"]["version"]) == ("v1", "v2")
    assert request["object"]["apiVersion"] == f"{GROUP}/v1"
    assert ("a" in request["object"]["spec"]) == (strategy == "Webhook")
    assert listener.operations == ["CREATE", "DELETE"]


def test_what_a_webhook_changes_in_its_version_is_converted_back(space: Workspace, kinds: Kinds) -> None:
    kept = kinds("equals", "Webhook")
    changes = patch_of({"op": "replace", "path": "/spec/a", "value": "changed"})

    def listener(request: Json) -> Json:
        return {"allowed": False} if request.get("name") == "probe" else changes

    rule = {"operations": ["CREATE"], "apiGroups": [GROUP], "apiVersions": ["v1"], "resources": ["equals"]}
    with Registration(space, space.bare.webhook(listener), "mutating", rules=[PROBED, rule]) as gate:
        gate.until(400)
        answer = space.face.send("POST", kept.path(2), kept.body(2, x="1"))
    assert answer.body["spec"]["x"] == "changed"


@pytest.mark.parametrize("policy", ["Equivalent", "Exact"])
def test_a_policy_of_one_version_is_asked_about_another(space: Workspace, kinds: Kinds, policy: str) -> None:
    kept = kinds("equals", "Webhook")
    match = {
        "resourceRules": [
            {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]},
            {"operations": ["CREATE"], "apiGroups": [GROUP], "apiVersions": ["v1"], "resources": ["equals"]},
        ],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space.namespace}},
        "matchPolicy": policy,
    }
    no = {
        "expression": f"object.apiVersion != '{GROUP}/v1'",
        "messageExpression": "object.spec.a + ' ' + request.requestKind.version",
    }
    with Policy(space, validations=[no], matchConstraints=match) as asked:
        asked.until_asked()
        answer = space.face.send("POST", kept.path(2), kept.body(2, x="1"), query={"dryRun": "All"})
    assert answer.status == (201 if policy == "Exact" else 422)


def test_a_webhook_of_one_built_in_version_is_asked_about_another(space: Workspace) -> None:
    listener = Listener()
    rule = {
        "operations": ["CREATE"],
        "apiGroups": ["autoscaling"],
        "apiVersions": ["v1"],
        "resources": ["horizontalpodautoscalers"],
    }
    body = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "a"},
        "spec": {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"}},
    }
    path = f"/apis/autoscaling/v2/namespaces/{space.namespace}/horizontalpodautoscalers"
    with Registration(space, space.bare.webhook(listener), rules=[PROBED, rule]) as gate:
        gate.until(400)
        assert space.face.send("POST", path, body).status == 201
    (request,) = listener.requests
    assert (request["kind"]["version"], request["requestKind"]["version"]) == ("v1", "v2")
    assert request["object"]["apiVersion"] == "autoscaling/v1"
