"""The custom resources that the claims are made about."""

from typing import Any

from e2e.conformance.faces import Face

Json = dict[str, Any]
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

WIDGET_SPEC: Json = {
    "type": "object",
    "required": ["size"],
    "properties": {
        "size": {"type": "integer", "minimum": 1, "maximum": 10},
        "color": {"type": "string", "enum": ["red", "blue"], "default": "red"},
        "code": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5, "minLength": 2},
        "address": {"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "stays"}]},
        "subnet": {"type": "string"},
        "since": {"type": "integer", "format": "int64"},
        "at": {"type": "string", "format": "date-time"},
        "owner": {
            "type": "object",
            "properties": {"namespace": {"type": "string"}, "uid": {"type": "string"}},
            "x-kubernetes-validations": [
                {"rule": "!has(self.__namespace__) || self.__namespace__ != 'forbidden'", "message": "not there"},
                {"rule": "!has(self.namespace) || self.namespace != 'unsaid'", "message": "nor there"},
            ],
        },
        "nested": {"type": "object", "default": {}, "properties": {"on": {"type": "boolean", "default": True}}},
        "maybe": {"type": "string", "nullable": True},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3, "x-kubernetes-list-type": "set"},
        "parts": {
            "type": "array",
            "maxItems": 10,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "maxLength": 20},
                    "count": {
                        "type": "integer",
                        "x-kubernetes-validations": [{"rule": "self >= oldSelf", "message": "never falls"}],
                    },
                },
            },
        },
        "counts": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "port": {"x-kubernetes-int-or-string": True},
    },
    "x-kubernetes-validations": [
        {"rule": "!has(self.since) || !has(oldSelf.since) || self.since >= oldSelf.since", "message": "since falls"},
        {
            "rule": "!has(self.subnet) || (isCIDR(self.subnet) && (!has(self.address) || (isIP(self.address)"
            " && cidr(self.subnet).containsIP(self.address))))",
            "messageExpression": "'address not in ' + self.subnet",
            "fieldPath": ".subnet",
        },
    ],
}


def definition(plural: str, kind: str, scope: str, spec: Json, **version: Any) -> Json:
    """A CustomResourceDefinition of the group conformance.test."""
    root: Json = {
        "type": "object",
        "required": ["spec"],
        "properties": {
            "spec": spec,
            "status": {"type": "object", "properties": {"phase": {"type": "string"}, "seen": {"type": "integer"}}},
        },
        "x-kubernetes-validations": [{"rule": "self.metadata.name != 'unwanted'", "message": "not this name"}],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.conformance.test"},
        "spec": {
            "group": "conformance.test",
            "scope": scope,
            "names": {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": root}, **version}
            ],
        },
    }


WIDGETS = definition(
    "widgets",
    "Widget",
    "Namespaced",
    WIDGET_SPEC,
    subresources={"status": {}},
    selectableFields=[{"jsonPath": ".spec.color"}],
)
GEARS = definition(
    "gears", "Gear", "Cluster", {"type": "object", "properties": {"teeth": {"type": "integer", "maximum": 100}}}
)


def is_established(crd: Json) -> bool:
    """Whether the server serves what the definition declares."""
    conditions = (crd.get("status") or {}).get("conditions") or []
    return any(have["type"] == "Established" and have["status"] == "True" for have in conditions)


def install(face: Face, crd: Json) -> None:
    """Create a definition and wait until its objects can be created."""
    created = face.send("POST", DEFINITIONS, crd)
    assert created.status == 201, created.body
    for _ in range(100):
        current = face.send("GET", f"{DEFINITIONS}/{crd['metadata']['name']}").body
        plural = crd["spec"]["names"]["plural"]
        if is_established(current) and face.send("GET", f"/apis/conformance.test/v1/{plural}").status == 200:
            return
        face.wait(0.1)
    raise AssertionError(f"{crd['metadata']['name']} is not established")


def widget(name: str, spec: Json | None = None, **metadata: Any) -> Json:
    """A Widget."""
    return {
        "apiVersion": "conformance.test/v1",
        "kind": "Widget",
        "metadata": {"name": name, **metadata},
        "spec": {"size": 1, **(spec or {})},
    }


def configmap(name: str, data: Json | None = None, **metadata: Any) -> Json:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}, "data": data or {}}


def pod(name: str, node: str = "", **metadata: Any) -> Json:
    """A Pod, bound to ``node`` if one is given."""
    spec: Json = {"containers": [{"name": "main", "image": "busybox:1"}]}
    if node:
        spec["nodeName"] = node
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **metadata}, "spec": spec}
