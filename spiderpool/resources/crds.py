"""Writes the CustomResourceDefinitions from the models, so that the API server and the code agree on every field.

The shape and the descriptions come from the msgspec models and their docstrings; bounds, defaults and CEL rules from
``crd_rules.py``; names, scopes and printer columns from the table below, as upstream has them. Generation is pure.
``python -m spiderpool.resources.crds charts/spiderpool/crds`` writes the files.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from spiderpool.resources.crd_rules import BOUNDS, RULES, Rule
from spiderpool.resources.descriptions import Descriptions, descriptions_of
from spiderpool.resources.kinds import CLAIMS, ENDPOINTS, LEDGERS, POOLS, RESERVED_IPS, AnyKind

Json = dict[str, Any]

HEADER: Final = "# Written by `make generate` from spiderpool/resources; edits here are overwritten.\n"
_IMPLIED: Final = {
    "apiVersion": {"type": "string", "description": "The version of the schema that this object is written in."},
    "kind": {"type": "string", "description": "The kind of this object."},
    "metadata": {"type": "object"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of ``kubectl get``; those of priority 10 show with ``-o wide`` only."""

    name: str
    path: str
    type: str = "string"
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What a definition says beside its schema."""

    kind: AnyKind
    short_name: str
    columns: tuple[Column, ...]
    has_status_subresource: bool = False


_AGE: Final = Column(name="AGE", path=".metadata.creationTimestamp", type="date")
_FIRST: Final = ".status.current.ips[0]"

RESOURCES: Final = (
    Resource(
        kind=POOLS,
        short_name="sp",
        has_status_subresource=True,
        columns=(
            Column(name="VERSION", path=".spec.ipVersion"),
            Column(name="SUBNET", path=".spec.subnet"),
            Column(name="ALLOCATED-IP-COUNT", path=".status.allocatedIPCount", type="integer"),
            Column(name="TOTAL-IP-COUNT", path=".status.totalIPCount", type="integer"),
            Column(name="DEFAULT", path=".spec.default", type="boolean"),
            Column(name="DISABLE", path=".spec.disable", type="boolean", priority=10),
            Column(name="NodeName", path=".spec.nodeName", priority=10),
            Column(name="MultusName", path=".spec.multusName", priority=10),
            Column(
                name="APP-NAMESPACE",
                path=r".spec.podAffinity.matchLabels['ipam\.spidernet\.io/app-namespace']",
                priority=10,
            ),
        ),
    ),
    Resource(
        kind=RESERVED_IPS,
        short_name="sr",
        columns=(Column(name="VERSION", path=".spec.ipVersion"),),
    ),
    Resource(
        kind=ENDPOINTS,
        short_name="se",
        columns=(
            Column(name="INTERFACE", path=f"{_FIRST}.interface"),
            Column(name="IPV4POOL", path=f"{_FIRST}.ipv4Pool"),
            Column(name="IPV4", path=f"{_FIRST}.ipv4"),
            Column(name="IPV6POOL", path=f"{_FIRST}.ipv6Pool"),
            Column(name="IPV6", path=f"{_FIRST}.ipv6"),
            Column(name="NODE", path=".status.current.node"),
        ),
    ),
    Resource(
        kind=CLAIMS,
        short_name="sip",
        columns=(
            Column(name="ADDRESS", path=".spec.address"),
            Column(name="STATE", path=".spec.state"),
            Column(name="POOL", path=".spec.pool.name"),
            Column(name="POD-NAMESPACE", path=".spec.owner.namespace"),
            Column(name="POD", path=".spec.owner.name"),
            Column(name="NODE", path=".spec.owner.node"),
            Column(name="INTERFACE", path=".spec.owner.interface"),
            _AGE,
        ),
    ),
    Resource(
        kind=LEDGERS,
        short_name="sl",
        has_status_subresource=True,
        columns=(
            Column(name="MODE", path=".spec.mode"),
            Column(name="EPOCH", path=".spec.epoch", type="integer"),
            _AGE,
        ),
    ),
)


def definitions() -> dict[str, Json]:
    """All CustomResourceDefinitions, by file name."""
    return {f"{item.kind.group}_{item.kind.plural}.yaml": definition(item) for item in RESOURCES}


def definition(resource: Resource) -> Json:
    """One CustomResourceDefinition of ``apiextensions.k8s.io/v1``."""
    kind = resource.kind
    version: Json = {
        "name": kind.version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema(kind)},
        "additionalPrinterColumns": [_column(column) for column in resource.columns],
    }
    if resource.has_status_subresource:
        version["subresources"] = {"status": {}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{kind.group}"},
        "spec": {
            "group": kind.group,
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "names": {
                "kind": kind.kind,
                "listKind": f"{kind.kind}List",
                "plural": kind.plural,
                "singular": kind.kind.lower(),
                "shortNames": [resource.short_name],
                "categories": ["spiderpool"],
            },
            "versions": [version],
        },
    }


def schema(kind: AnyKind) -> Json:
    """The structural schema of a kind, with its bounds and rules."""
    _, components = msgspec.json.schema_components([kind.model])
    root = _Models(components, descriptions_of(kind.model)).struct(kind.kind)
    root["properties"] = {**_IMPLIED, **{name: of for name, of in root["properties"].items() if name != "metadata"}}
    root["required"] = [name for name in root.get("required", ()) if name != "metadata"]
    if not root["required"]:
        del root["required"]
    for rule in RULES.get(kind.kind, ()):
        _place(root, rule)
    return root


@dataclass(frozen=True, slots=True)
class _Models:
    """The JSON schemas of models, turned structural: no references, no unions with null, no titles."""

    components: Mapping[str, Json]
    described: Mapping[str, Descriptions]

    def struct(self, name: str) -> Json:
        """The schema of one model."""
        raw = self.components[name]
        described, bounds = self.described[name], BOUNDS.get(name, {})
        properties = {
            field: {
                **self.value(of),
                **({"description": described.fields[field]} if field in described.fields else {}),
                **bounds.get(field, {}),
            }
            for field, of in raw["properties"].items()
        }
        plain: Json = {"type": "object", "description": described.summary, "properties": properties}
        return {**plain, "required": list(raw["required"])} if raw.get("required") else plain

    def value(self, raw: Json) -> Json:
        """The schema of one value."""
        if "$ref" in raw:
            return self.struct(raw["$ref"].rpartition("/")[2])
        if "anyOf" in raw:
            (only,) = (choice for choice in raw["anyOf"] if choice.get("type") != "null")
            return self.value(only)
        if "enum" in raw:
            return {"type": "string", "enum": list(raw["enum"])}
        if raw["type"] == "integer":
            return {"type": "integer", "format": "int64"}
        inner = {key: self.value(raw[key]) for key in sorted({"items", "additionalProperties"} & raw.keys())}
        return {"type": raw["type"], **inner}


def _place(root: Json, rule: Rule) -> None:
    at = root
    for name in rule.at.split(".") if rule.at else ():
        at = at["properties"][name]
    at.setdefault("x-kubernetes-validations", []).append({"rule": rule.holds, "message": rule.message})


def _column(column: Column) -> Json:
    plain: Json = {"name": column.name, "type": column.type, "jsonPath": column.path}
    return {**plain, "priority": column.priority} if column.priority else plain


def text_of(document: Json) -> str:
    """One definition as the file that is kept in the repository."""
    return HEADER + yaml.dump(document, Dumper=_Plain, sort_keys=False, width=120, allow_unicode=True)


class _Plain(yaml.SafeDumper):
    """Writes equal values each time they occur, without YAML's anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def main(folder: str) -> None:
    """Write every definition into a folder."""
    for name, document in definitions().items():
        Path(folder, name).write_text(text_of(document), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
