"""From a CustomResourceDefinition to a served resource."""

from collections.abc import Sequence
from typing import Any

from simulator.kube.metadata import api_time
from simulator.kube.refusals import Cause
from simulator.kube.registry import METADATA_FIELDS, Resource
from simulator.kube.selection import field_extractor

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


def resource_of(crd: Json) -> Resource:
    """The resource that a definition, which has been checked, declares."""
    spec = crd["spec"]
    version = next(version for version in spec["versions"] if version.get("served"))
    subresources = version.get("subresources") or {}
    has_status = "status" in subresources
    selectable = [field["jsonPath"].removeprefix(".") for field in version.get("selectableFields") or []]
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
        fields={**METADATA_FIELDS, **{path: field_extractor(path) for path in selectable}},
    )


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
