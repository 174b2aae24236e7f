"""One body of each kind that a server takes, for requests that are to get as far as the rules of the kind."""

from typing import Any

from e2e.conformance.definitions import GEARS, WIDGETS, definition
from e2e.conformance.manifests import BODIES

Json = dict[str, Any]
_RULES = [{"operations": ["CREATE"], "apiGroups": ["none.test"], "apiVersions": ["v1"], "resources": ["nothings"]}]
_HOOK: Json = {
    "name": "gate.conformance.test",
    "clientConfig": {"url": "https://127.0.0.1:1/gate"},
    "rules": _RULES,
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
}
_SEEN: Json = {"resource": "pods", "verb": "get", "namespace": "generated"}
_MADE = definition("others", "Other", "Namespaced", {"type": "object", "properties": {"a": {"type": "string"}}})

_POD: Json = {"kind": "Pod", "name": "a", "namespace": "generated"}
_REPORT: Json = {
    "action": "Look",
    "eventTime": "2026-01-01T00:00:00.000000Z",
    "reportingController": "conformance.test/looker",
    "reportingInstance": "looker-1",
    "type": "Normal",
}

NAMES = {"customresourcedefinitions": _MADE["metadata"]["name"]}
SAMPLES: dict[str, Json] = {
    **{plural: {name: value for name, value in body.items() if name != "kind"} for plural, body in BODIES.items()},
    "customresourcedefinitions": {"spec": _MADE["spec"]},
    "bindings": {"target": {"kind": "Node", "name": "a"}},
    "events": {"involvedObject": _POD, "regarding": _POD, "reason": "Because", **_REPORT},
    "gears": {"apiVersion": "conformance.test/v1", "kind": GEARS["spec"]["names"]["kind"], "spec": {}},
    "localsubjectaccessreviews": {"spec": {"user": "a", "resourceAttributes": _SEEN}},
    "mutatingwebhookconfigurations": {"webhooks": [_HOOK]},
    "selfsubjectaccessreviews": {"spec": {"resourceAttributes": _SEEN}},
    "selfsubjectrulesreviews": {"spec": {"namespace": "generated"}},
    "subjectaccessreviews": {"spec": {"user": "a", "resourceAttributes": _SEEN}},
    "tokenreviews": {"spec": {"token": "a"}},
    "validatingadmissionpolicies": {
        "spec": {"matchConstraints": {"resourceRules": _RULES}, "validations": [{"expression": "true"}]}
    },
    "validatingadmissionpolicybindings": {"spec": {"policyName": "none", "validationActions": ["Deny"]}},
    "validatingwebhookconfigurations": {"webhooks": [_HOOK]},
    "volumeattachments": {
        "spec": {"attacher": "conformance.test", "nodeName": "a", "source": {"persistentVolumeName": "a"}}
    },
    "widgets": {
        "apiVersion": "conformance.test/v1",
        "kind": WIDGETS["spec"]["names"]["kind"],
        "spec": {"size": 1, "tags": ["a"], "parts": [{"name": "a", "count": 1}], "counts": {"a": 1}, "owner": {}},
    },
}


def sample(plural: str) -> Json:
    """The smallest body of a resource, under the name that requests use."""
    metadata: Json = {"name": NAMES.get(plural, "a"), "labels": {"a": "b"}, "annotations": {"a": "b"}}
    if plural == "events":
        metadata["namespace"] = "generated"
    return {**SAMPLES.get(plural, {}), "metadata": metadata}
