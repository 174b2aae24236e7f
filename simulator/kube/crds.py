"""From a CustomResourceDefinition to a served resource: its schema and rules compiled, its subresources known.

A definition that asks for what this server does not do (several served versions, conversion, optionalOldSelf, rules
that do not compile) is refused when it is written, rather than served halfway.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any

from simulator.kube.builtin_types import object_type
from simulator.kube.custom_checks import ROOT_FIELDS, compile_custom_check
from simulator.kube.metadata import api_time
from simulator.kube.refusals import Cause
from simulator.kube.registry import Complete, Resource, nothing_to_check, nothing_to_complete
from simulator.kube.rules import BadRule, compile_rules
from simulator.kube.selection import Extract, field_extractor
from simulator.kube.shaping import compile_shape

Json = dict[str, Any]


def check_definition(crd: Json, before: Json | None) -> Sequence[Cause]:
    """What is wrong with a definition, as far as this server serves definitions."""
    spec = crd.get("spec") or {}
    names = spec.get("names") or {}
    causes = [
        Cause(field=f"spec.names.{name}", message="Required value", reason="FieldValueRequired")
        for name in ("plural", "kind")
        if not names.get(name)
    ]
    if crd["metadata"]["name"] != f"{names.get('plural')}.{spec.get('group')}":
        causes.append(Cause(field="metadata.name", message="must be spec.names.plural, a dot, and spec.group"))
    if spec.get("scope") not in ("Namespaced", "Cluster"):
        causes.append(Cause(field="spec.scope", message="must be Namespaced or Cluster"))
    served = [version for version in spec.get("versions") or [] if version.get("served")]
    if len(served) != 1 or not served[0].get("storage"):
        causes.append(Cause(field="spec.versions", message="this server serves one version, which is also stored"))
        return causes
    schema = _schema_of(served[0])
    if schema is None:
        causes.append(Cause(field="spec.versions[0].schema", message="Required value", reason="FieldValueRequired"))
        return causes
    causes += [
        Cause(field=f"spec.versions[0].schema.openAPIV3Schema{place}", message=message)
        for place, message in _schema_faults(schema, "")
    ]
    try:
        compile_rules(schema)
    except BadRule as error:
        causes.append(Cause(field="spec.versions[0].schema.openAPIV3Schema", message=str(error)))
    return causes


def _schema_of(version: Json) -> Json | None:
    return (version.get("schema") or {}).get("openAPIV3Schema")


def _schema_faults(schema: Json, place: str) -> Iterator[tuple[str, str]]:
    """What keeps a schema from being structural."""
    open_type = schema.get("x-kubernetes-int-or-string") or schema.get("x-kubernetes-preserve-unknown-fields")
    if not schema.get("type") and not open_type:
        yield place, "type is required: the schema is not structural"
    if schema.get("properties") and schema.get("additionalProperties"):
        yield place, "properties and additionalProperties exclude each other"
    for name, child in (schema.get("properties") or {}).items():
        if not (place == "" and name == "metadata"):
            yield from _schema_faults(child, f"{place}.properties[{name}]")
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            yield from _schema_faults(schema[keyword], f"{place}.{keyword}")


def _completion(schema: Json) -> Complete:
    """Prune and fill in defaults below the root; apiVersion, kind and metadata are the server's own."""
    shape = compile_shape({**schema, "properties": {**(schema.get("properties") or {}), **_ROOT}})
    if shape is None:
        return nothing_to_complete

    def complete(body: Json, before: Json | None) -> None:
        if before is None:
            shape(body)
            return
        shared = {name: body[name] for name in body if name in before and body[name] is before[name]}
        for name in shared:
            del body[name]
        shape(body)
        body.update(shared)

    return complete


# What every object has; its schema is not the definition's to say.
_ROOT: Json = {name: {} for name in ROOT_FIELDS}


def resource_of(crd: Json) -> Resource:
    """The resource that a definition, which has been checked, declares."""
    spec = crd["spec"]
    version = next(version for version in spec["versions"] if version.get("served"))
    subresources = version.get("subresources") or {}
    has_status = "status" in subresources
    schema = _schema_of(version)
    trusted = crd["metadata"].get("generation", 1) == 1
    return Resource(
        group=spec["group"],
        version=version["name"],
        plural=spec["names"]["plural"],
        kind=spec["names"]["kind"],
        namespaced=spec["scope"] == "Namespaced",
        subresources=("status",) if has_status else (),
        status_on_create={} if has_status else None,
        counts_generation=True,
        needs_revision=True,
        strict_type=True,
        strategic=False,
        complete=nothing_to_complete if schema is None else _completion(schema),
        check=nothing_to_check if schema is None else compile_custom_check(schema, subresources, trusted=trusted),
        fields=_fields(version, namespaced=spec["scope"] == "Namespaced"),
        custom=True,
        declared=cache(partial(object_type, schema or {})),
    )


def _fields(version: Json, *, namespaced: bool) -> Mapping[str, Extract]:
    """What custom resources can be selected by: their name, their namespace if they have one, what the version offers."""
    names = ("metadata.name", "metadata.namespace") if namespaced else ("metadata.name",)
    offered = [one["jsonPath"].removeprefix(".") for one in version.get("selectableFields") or []]
    return {path: field_extractor(path) for path in (*names, *offered)}


def established_status(crd: Json, now: float) -> Json:
    """The status of a definition that is served."""
    names = crd["spec"]["names"]
    kind = names["kind"]
    moment = api_time(now)
    return {
        "conditions": [
            {
                "type": kind_of_condition,
                "status": "True",
                "reason": reason,
                "message": message,
                "lastTransitionTime": moment,
            }
            for kind_of_condition, reason, message in (
                ("NamesAccepted", "NoConflicts", "no conflicts found"),
                ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
            )
        ],
        "acceptedNames": {"listKind": f"{kind}List", "singular": kind.lower(), **names},
        "storedVersions": [version["name"] for version in crd["spec"]["versions"] if version.get("storage")],
    }
