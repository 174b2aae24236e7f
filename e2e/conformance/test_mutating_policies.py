"""Mutating admission policies: what they make of an object, in which order, and which of them are taken."""

from typing import Any, Self

import pytest

from e2e.conformance.conftest import Workspace
from e2e.conformance.faces import Answer
from e2e.conformance.registration import plain_map

pytestmark = pytest.mark.section("C.5 admission policies")

Json = dict[str, Any]
ROOT = "/apis/admissionregistration.k8s.io/v1"
RULE: Json = {
    "operations": ["CREATE", "UPDATE"],
    "apiGroups": ["", "apps"],
    "apiVersions": ["v1"],
    "resources": ["configmaps", "pods", "services", "deployments"],
}


def applying(text: str) -> Json:
    """A mutation that applies."""
    return {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": text}}


def patching(text: str) -> Json:
    """A mutation that patches."""
    return {"patchType": "JSONPatch", "jsonPatch": {"expression": text}}


MARK = patching(
    "has(object.metadata.labels) && 'probe' in object.metadata.labels"
    " ? [JSONPatch{op: 'add', path: '/metadata/labels/asked', value: 'yes'}] : []"
)


class Mutating:
    """A policy for the objects of a claim's namespace, bound as long as the claim lasts.

    It marks what has the label ``probe``, so that one sees when the server asks it.
    """

    def __init__(
        self, space: Workspace, *mutations: Json, name: str = "", binding: Json | None = None, **spec: Any
    ) -> None:
        self._space = space
        self.name = name + space.namespace
        match = {
            "resourceRules": [RULE],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space.namespace}},
        }
        head = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": self.name}}
        self.policy: Json = {
            **head,
            "kind": "MutatingAdmissionPolicy",
            "spec": {
                "matchConstraints": match,
                "mutations": [MARK, *mutations],
                "reinvocationPolicy": "Never",
                **spec,
            },
        }
        self.binding: Json = {
            **head,
            "kind": "MutatingAdmissionPolicyBinding",
            "spec": {"policyName": self.name, **(binding or {})},
        }

    def __enter__(self) -> Self:
        for plural, body in (("policies", self.policy), ("policybindings", self.binding)):
            answer = self._space.face.send("POST", f"{ROOT}/mutatingadmission{plural}", body)
            assert answer.status == 201, answer.body
        return self

    def __exit__(self, *_: object) -> None:
        for plural in ("policybindings", "policies"):
            self._space.bare.send("DELETE", f"{ROOT}/mutatingadmission{plural}/{self.name}")

    def until_asked(self) -> None:
        """Wait until the server asks the policy."""
        path = self._space.path("configmaps")
        probe = plain_map("probe", labels={"probe": "1"})

        def marked() -> bool:
            answer = self._space.bare.send("POST", path, probe, query={"dryRun": "All"})
            return answer.status != 201 or "asked" in answer.body["metadata"]["labels"]

        self._space.face.until(marked)

    def create(self, data: Json | None = None, **metadata: Any) -> Answer:
        """POST a ConfigMap, noted."""
        return self._space.face.send("POST", self._space.path("configmaps"), plain_map("a", data, **metadata))


LABEL = applying("Object{metadata: Object.metadata{labels: {'a': 'b'}}}")
# Mutations by what they do.
WAYS: dict[str, list[Json]] = {
    "a label": [LABEL],
    "data of a name": [applying("Object{data: {'name': string(object.metadata.name), 'x': 'y'}}")],
    "nothing": [applying("Object{}")],
    "one after the other": [LABEL, applying("Object{data: {'labels': string(size(object.metadata.labels))}}")],
    "an added member": [patching("[JSONPatch{op: 'add', path: '/data/x', value: 'z'}]")],
    "a removed member": [patching("[JSONPatch{op: 'remove', path: '/data/k'}]")],
    "a replaced member": [patching("[JSONPatch{op: 'replace', path: '/data/k', value: object.data.k + '!'}]")],
    "a moved member": [patching("[JSONPatch{op: 'move', from: '/data/k', path: '/data/m'}]")],
    "a copied member": [patching("[JSONPatch{op: 'copy', from: '/data/k', path: '/data/m'}]")],
    "a test that holds": [
        patching("[JSONPatch{op: 'test', path: '/data/k', value: 'v'}, JSONPatch{op: 'remove', path: '/data/k'}]")
    ],
    "a test that fails": [
        patching("[JSONPatch{op: 'test', path: '/data/k', value: 'w'}, JSONPatch{op: 'remove', path: '/data/k'}]")
    ],
    "a key with a slash": [
        patching("[JSONPatch{op: 'add', path: '/metadata/annotations', value: {'a/b': 'c'}},"
                 " JSONPatch{op: 'replace', path: '/metadata/annotations/' + jsonpatch.escapeKey('a/b'), value: 'd'}]")
    ],
    "an optional field": [applying("Object{?data: has(object.data) ? optional.of({'o': 'p'}) : optional.none()}")],
    "a choice": [applying("has(object.data) ? Object{data: {'c': 'd'}} : Object{}")],
    "a text with braces": [applying("Object{data: {'t': 'Object{a: 1}', \"u\": r'\\d{2}'}}")],
}  # fmt: skip


@pytest.mark.parametrize("case", WAYS)
def test_a_policy_changes_what_is_created(space: Workspace, case: str) -> None:
    with Mutating(space, *WAYS[case]) as policy:
        policy.until_asked()
        assert policy.create({"k": "v"}).status == 201


# Mutations that cannot be made.
FAULTS: dict[str, Json] = {
    "an expression that fails": applying("Object{data: {'x': object.data.nowhere}}"),
    "a field that there is not": applying("Object{nowhere: 'x'}"),
    "a value of another type": applying("Object{data: {'x': 1}}"),
    "an object of another place": applying("Object{metadata: Object.spec{labels: {'a': 'b'}}}"),
    "a path that there is not": patching("[JSONPatch{op: 'add', path: '/nowhere/x', value: 'z'}]"),
    "a member that there is not": patching("[JSONPatch{op: 'remove', path: '/data/nowhere'}]"),
    "a patch that fails": patching("[JSONPatch{op: 'add', path: '/data/x', value: object.data.nowhere}]"),
    "a patch to a field that there is not": patching("[JSONPatch{op: 'add', path: '/nowhere', value: 'z'}]"),
    "a patch of another type": patching("[JSONPatch{op: 'add', path: '/data/x', value: 1}]"),
}


@pytest.mark.parametrize("failure", ["Fail", "Ignore"])
@pytest.mark.parametrize("case", FAULTS)
def test_a_mutation_that_cannot_be_made_is_told(space: Workspace, case: str, failure: str) -> None:
    not_for_probes = [{"name": "others", "expression": "object.metadata.name != 'probe' || false"}]
    only_others: Json = {"matchConditions": not_for_probes, "failurePolicy": failure}
    with Mutating(space, name="probe-") as marking, Mutating(space, FAULTS[case], **only_others) as policy:
        marking.until_asked()
        space.face.until(lambda: _touched(space, policy))
        policy.create({"k": "v"})


def _touched(space: Workspace, policy: Mutating) -> bool:
    """Whether a policy that leaves probes alone is asked."""
    other = plain_map("other", {"k": "v"}, labels={"probe": "1"})
    answer = space.bare.send("POST", space.path("configmaps"), other, query={"dryRun": "All"})
    marks = [field for field in answer.body.get("metadata", {}).get("labels", {}) if field == "asked"]
    return answer.status != 201 or bool(marks)


def _pod(*containers: Json, **spec: Any) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": list(containers), "automountServiceAccountToken": False, **spec},
    }


CONTAINER: Json = {"name": "c", "image": "i", "env": [{"name": "A", "value": "a"}], "args": ["x"]}
OF_PODS: dict[str, str] = {
    "an element of an element": (
        "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'c',"
        " env: [Object.spec.containers.env{name: 'B', value: 'b'}]}]}}"
    ),
    "another element": "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'd', image: 'j'}]}}",
    "a field of each": (
        "Object{spec: Object.spec{containers: object.spec.containers.map(c,"
        " Object.spec.containers{name: c.name, image: 'registry/' + c.image})}}"
    ),
    "an element without a key": "Object{spec: Object.spec{containers: [Object.spec.containers{image: 'j'}]}}",
    "an atomic list": "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'c', args: ['y']}]}}",
    "an atomic map": "Object{spec: Object.spec{nodeSelector: {'a': 'b'}}}",
    "a number": "Object{spec: Object.spec{terminationGracePeriodSeconds: 5}}",
    "a number that is a text": "Object{spec: Object.spec{terminationGracePeriodSeconds: '5'}}",
    "a field that there is not": "Object{spec: Object.spec{a: 1}}",
}


@pytest.mark.parametrize("case", OF_PODS)
def test_lists_and_maps_are_merged_by_their_keys(space: Workspace, case: str) -> None:
    pods = [{"name": "pods", "expression": "request.kind.kind == 'Pod' || object.metadata.name == 'probe'"}]
    text = f"request.kind.kind == 'Pod' ? {OF_PODS[case]} : Object{{}}"
    with Mutating(space, applying(text), matchConditions=pods) as policy:
        policy.until_asked()
        space.face.send("POST", space.path("pods"), _pod(CONTAINER))


def test_a_patch_changes_a_pod(space: Workspace) -> None:
    sidecar = (
        "Object.spec.containers{name: 'side', image: 'j', ports: [Object.spec.containers.ports{containerPort: 80}]}"
    )
    text = f"request.kind.kind == 'Pod' ? [JSONPatch{{op: 'add', path: '/spec/containers/-', value: {sidecar}}}] : []"
    with Mutating(space, patching(text)) as policy:
        policy.until_asked()
        answer = space.face.send("POST", space.path("pods"), _pod(CONTAINER))
    assert [one["name"] for one in answer.body["spec"]["containers"]] == ["c", "side"]


def test_what_a_policy_changes_is_checked_and_owned_by_the_writer(space: Workspace) -> None:
    with Mutating(space, LABEL) as policy:
        policy.until_asked()
        assert policy.create({"k": "v"}).status == 201
    with Mutating(space, applying("Object{metadata: Object.metadata{labels: {'a b': 'c'}}}"), name="b-") as policy:
        space.face.until(lambda: policy_refuses(space))
        space.face.send("POST", space.path("configmaps"), plain_map("b"))


def policy_refuses(space: Workspace) -> bool:
    """Whether a ConfigMap can no longer be created."""
    return space.bare.send("POST", space.path("configmaps"), plain_map("x"), query={"dryRun": "All"}).status != 201


def test_an_update_is_changed_too_and_sees_what_was_before(space: Workspace) -> None:
    text = "oldObject == null ? Object{} : Object{data: {'old': oldObject.data.k, 'new': object.data.k}}"
    space.bare.send("POST", space.path("configmaps"), plain_map("a", {"k": "v"}))
    with Mutating(space, applying(text)) as policy:
        policy.until_asked()
        answer = space.face.send("PUT", space.path("configmaps", "a"), plain_map("a", {"k": "w"}))
    assert answer.body["data"] == {"k": "w", "old": "v", "new": "w"}


def test_variables_and_parameters_are_seen(space: Workspace) -> None:
    space.bare.send("POST", space.path("configmaps"), plain_map("params", {"p": "q"}))
    reference = {"name": "params", "namespace": space.namespace, "parameterNotFoundAction": "Deny"}
    parts: Json = {
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "variables": [{"name": "both", "expression": "string(params.data.p + object.metadata.name)"}],
    }
    text = "Object{data: {'both': string(variables.both), 'where': namespaceObject.metadata.name == request.namespace ? 'here' : ''}}"
    with Mutating(space, applying(text), binding={"paramRef": reference}, **parts) as policy:
        policy.until_asked()
        answer = policy.create({"k": "v"})
    assert answer.body["data"] == {"k": "v", "both": "qa", "where": "here"}


def test_parameters_that_are_missing_deny(space: Workspace) -> None:
    reference = {"name": "nowhere", "namespace": space.namespace, "parameterNotFoundAction": "Deny"}
    kind = {"apiVersion": "v1", "kind": "ConfigMap"}
    with Mutating(space, LABEL, binding={"paramRef": reference}, paramKind=kind):
        space.face.until(lambda: policy_refuses(space))
        answer = space.face.send("POST", space.path("configmaps"), plain_map("a"))
    assert answer.status == 403


@pytest.mark.parametrize("again", ["Never", "IfNeeded"])
def test_a_policy_is_asked_again_when_a_later_one_has_changed_something(space: Workspace, again: str) -> None:
    count = "Object{data: {'a': 'a' in object.data ? object.data.a + 'a' : 'a'}}"
    first = Mutating(space, applying(count), name="a-", reinvocationPolicy=again)
    with first, Mutating(space, applying("Object{data: {'b': 'b'}}"), name="b-") as second:
        first.until_asked()
        space.face.until(lambda: "b" in _probed(space))
        answer = second.create({"k": "v"})
    assert answer.body["data"] == {"k": "v", "a": "aa" if again == "IfNeeded" else "a", "b": "b"}


def _probed(space: Workspace) -> Json:
    body = plain_map("x", {"k": "v"})
    found = space.bare.send("POST", space.path("configmaps"), body, query={"dryRun": "All"}).body
    data: Json = found.get("data") or {}
    return data


def test_a_policy_is_not_asked_about_what_its_binding_leaves_out(space: Workspace) -> None:
    only = {"matchResources": {"objectSelector": {"matchLabels": {"probe": "1"}}}}
    with Mutating(space, LABEL, binding=only) as policy:
        policy.until_asked()
        answer = policy.create({"k": "v"})
    assert "labels" not in answer.body["metadata"]


# Policies that are not taken: what is wrong with them.
BAD: dict[str, Json] = {
    "no mutations": {"mutations": []},
    "no type": {"mutations": [{"applyConfiguration": {"expression": "Object{}"}}]},
    "a type that nobody knows": {"mutations": [{"patchType": "Merge", "jsonPatch": {"expression": "[]"}}]},
    "nothing to apply": {"mutations": [{"patchType": "ApplyConfiguration"}]},
    "no patch": {"mutations": [{"patchType": "JSONPatch"}]},
    "both": {"mutations": [{**LABEL, "jsonPatch": {"expression": "[]"}}]},
    "both the other way round": {"mutations": [{**MARK, "applyConfiguration": {"expression": "Object{}"}}]},
    "an empty expression": {"mutations": [applying(" ")]},
    "an expression that does not parse": {"mutations": [applying("nosuch")]},
    "a text where an object belongs": {"mutations": [applying("'x'")]},
    "a number where an object belongs": {"mutations": [applying("1")]},
    "a map where an object belongs": {"mutations": [applying("{'a': 'b'}")]},
    "an object where a patch belongs": {"mutations": [patching("1")]},
    "a list of numbers where a patch belongs": {"mutations": [patching("[1]")]},
    "an empty list": {"mutations": [patching("[]")]},
    "no word on being asked again": {"reinvocationPolicy": ""},
    "another word on being asked again": {"reinvocationPolicy": "Always"},
    "a delete": {"matchConstraints": {"resourceRules": [{**RULE, "operations": ["DELETE"]}]}},
    "no constraints": {"matchConstraints": None},
    "no rules": {"matchConstraints": {}},
    "another word on failures": {"failurePolicy": "Retry"},
    "a variable that there is not": {"mutations": [applying("Object{data: {'a': variables.nowhere}}")]},
    "a condition that does not parse": {"matchConditions": [{"name": "a", "expression": "nosuch"}]},
    "parameters of no kind": {"paramKind": {"apiVersion": "v1"}},
}


@pytest.mark.parametrize("case", BAD)
def test_a_mutating_policy_that_means_nothing_is_refused(space: Workspace, case: str) -> None:
    body = Mutating(space, **BAD[case]).policy if "mutations" not in BAD[case] else Mutating(space).policy
    body["spec"].update(BAD[case])
    answer = space.face.send("POST", f"{ROOT}/mutatingadmissionpolicies", body)
    assert answer.refusal == (422, "Invalid")


BAD_BINDINGS: dict[str, Json] = {
    "no policy": {"policyName": ""},
    "a policy whose name is none": {"policyName": "A b"},
    "parameters by name and by label": {
        "paramRef": {"name": "a", "selector": {}, "parameterNotFoundAction": "Deny"},
    },
    "a delete": {"matchResources": {"resourceRules": [{**RULE, "operations": ["DELETE"]}]}},
    "no word on missing parameters": {"paramRef": {"name": "a"}},
}


@pytest.mark.parametrize("case", BAD_BINDINGS)
def test_a_binding_of_a_mutating_policy_that_means_nothing_is_refused(space: Workspace, case: str) -> None:
    body = Mutating(space, binding=BAD_BINDINGS[case]).binding
    answer = space.face.send("POST", f"{ROOT}/mutatingadmissionpolicybindings", body)
    assert answer.refusal == (422, "Invalid")
