"""A custom resource with one field for each thing that a schema can say, for claims that need a field of that kind."""

from typing import Any

from e2e.conformance.conftest import Workspace
from e2e.conformance.definitions import DEFINITIONS, definition, install
from e2e.conformance.faces import Answer

Json = dict[str, Any]
MERGE = "application/merge-patch+json"
QUIETLY = {"fieldValidation": "Ignore"}

FIELDS: Json = {
    "text": {"type": "string"},
    "whole": {"type": "integer"},
    "number": {"type": "number"},
    "truth": {"type": "boolean"},
    "list": {"type": "array", "items": {"type": "string"}},
    "object": {"type": "object", "properties": {"in": {"type": "integer"}}},
    "short": {"type": "string", "maxLength": 3},
    "long": {"type": "string", "minLength": 3},
    "letters": {"type": "string", "pattern": "^[a-z]+$"},
    "choice": {"type": "string", "enum": ["red", "blue"]},
    "level": {"type": "integer", "enum": [1, 2]},
    "most": {"type": "integer", "maximum": 10},
    "least": {"type": "integer", "minimum": 2},
    "below": {"type": "integer", "maximum": 10, "exclusiveMaximum": True},
    "above": {"type": "integer", "minimum": 2, "exclusiveMinimum": True},
    "share": {"type": "number", "minimum": 0.5, "maximum": 1.5},
    "even": {"type": "integer", "multipleOf": 2},
    "tenth": {"type": "number", "multipleOf": 0.1},
    "int32": {"type": "integer", "format": "int32"},
    "few": {"type": "array", "maxItems": 1, "items": {"type": "string"}},
    "many": {"type": "array", "minItems": 2, "items": {"type": "string"}},
    "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
    "keyed": {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
        "items": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string"}, "value": {"type": "integer"}},
        },
    },
    "pairs": {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["port", "protocol"],
        "items": {
            "type": "object",
            "required": ["port"],
            "properties": {"port": {"type": "integer"}, "protocol": {"type": "string", "default": "TCP"}},
        },
    },
    "needs": {"type": "object", "required": ["one"], "properties": {"one": {"type": "string"}}},
    "table": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}},
    "wide": {"type": "object", "maxProperties": 1, "additionalProperties": {"type": "string"}},
    "narrow": {"type": "object", "minProperties": 2, "additionalProperties": {"type": "string"}},
    "any": {"type": "string", "anyOf": [{"pattern": "^a"}, {"minLength": 5}]},
    "one": {"type": "string", "oneOf": [{"pattern": "^a"}, {"minLength": 5}]},
    "all": {"type": "string", "allOf": [{"pattern": "^a"}, {"minLength": 5}]},
    "never": {"type": "string", "not": {"pattern": "^a"}},
    "either": {
        "type": "object",
        "properties": {"url": {"type": "string"}, "file": {"type": "string"}},
        "oneOf": [{"required": ["url"]}, {"required": ["file"]}],
    },
    "port": {"x-kubernetes-int-or-string": True},
    "maybe": {"type": "string", "nullable": True},
    "moment": {"type": "string", "format": "date-time"},
    "day": {"type": "string", "format": "date"},
    "uuid": {"type": "string", "format": "uuid"},
    "ipv4": {"type": "string", "format": "ipv4"},
    "ipv6": {"type": "string", "format": "ipv6"},
    "cidr": {"type": "string", "format": "cidr"},
    "mac": {"type": "string", "format": "mac"},
    "mail": {"type": "string", "format": "email"},
    "host": {"type": "string", "format": "hostname"},
    "uri": {"type": "string", "format": "uri"},
    "bytes": {"type": "string", "format": "byte"},
    "span": {"type": "string", "format": "duration"},
    "odd": {"type": "string", "format": "unheard-of"},
    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    "half": {
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
        "properties": {"known": {"type": "object", "properties": {"in": {"type": "integer"}}}},
    },
    "resource": {
        "type": "object",
        "x-kubernetes-embedded-resource": True,
        "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}},
    },
    "defaults": {
        "type": "object",
        "default": {"given": {}},
        "properties": {
            "given": {"type": "object", "properties": {"in": {"type": "integer", "default": 7}}},
            "list": {
                "type": "array",
                "items": {"type": "object", "properties": {"x": {"type": "string", "default": "y"}}},
            },
            "null": {"type": "string", "nullable": True, "default": "filled"},
            "set": {"type": "string", "default": "filled"},
            "table": {
                "type": "object",
                "additionalProperties": {"type": "object", "properties": {"on": {"type": "boolean", "default": True}}},
            },
        },
    },
}
EXHIBITS = definition("exhibits", "Exhibit", "Namespaced", {"type": "object", "properties": FIELDS})


class Custom:
    """The objects of one kind of ``conformance.test`` in a claim's namespace; installs the definition if need be."""

    def __init__(self, space: Workspace, crd: Json) -> None:
        self._space = space
        self.kind = crd["spec"]["names"]["kind"]
        self.version = crd["spec"]["versions"][0]["name"]
        plural = crd["spec"]["names"]["plural"]
        self.where = f"{DEFINITIONS}/{plural}.conformance.test"
        if space.bare.send("GET", self.where).status == 404:
            install(space.bare, crd)
        root = f"/apis/conformance.test/{self.version}"
        inside = crd["spec"]["scope"] == "Namespaced"
        self.path = f"{root}/namespaces/{space.namespace}/{plural}" if inside else f"{root}/{plural}"

    def body(self, spec: Json, name: str = "a", **more: Any) -> Json:
        """An object of the kind."""
        head = {"apiVersion": f"conformance.test/{self.version}", "kind": self.kind, "metadata": {"name": name}}
        return {**head, "spec": spec, **more}

    def create(self, spec: Json, name: str = "a", **more: Any) -> Answer:
        """POST one, noted; what the schema does not know is dropped without a word."""
        return self._space.face.send("POST", self.path, self.body(spec, name, **more), query=QUIETLY)

    def merge(self, patch: Json, name: str = "a", subresource: str = "") -> Answer:
        """PATCH one, noted; likewise."""
        path = f"{self.path}/{name}" + (f"/{subresource}" if subresource else "")
        return self._space.face.send("PATCH", path, patch, content_type=MERGE, query=QUIETLY)


def exhibits(space: Workspace) -> Custom:
    """The Exhibits of a claim's namespace."""
    return Custom(space, EXHIBITS)
