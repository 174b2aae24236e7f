"""What is wrong with a CustomResourceDefinition, in the order and the words of the real server.

What all versions have alike (schema, subresources, columns, selectable fields) is judged once, as a part of the
definition and not of its versions: causes say so, ``spec.validation`` and not ``spec.versions[0].schema``.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from simulator.kube.server.custom.definition_status import APPROVAL, approval_of
from simulator.kube.server.custom.rule_fields import steps_below
from simulator.kube.server.custom.schema_declarations import declaration_faults
from simulator.kube.server.custom.schema_defaults import default_faults
from simulator.kube.server.custom.structural import structural_faults
from simulator.kube.server.field_errors import (
    InOrder,
    duplicate,
    forbidden_field,
    invalid_value,
    not_supported,
    required,
    too_many,
)
from simulator.kube.server.refusals import Cause

Json = dict[str, Any]

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN_WORDS = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and"
    " end with an alphanumeric character (e.g. 'example.com', regex used for validation is"
    r" '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_WORDS = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character,"
    " and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is"
    " '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_MOST_SELECTABLE = 8
_WARNING_LENGTH = 256
# A part of the versions, and what it is called where all have it alike.
_PARTS = (
    ("schema", "validation"),
    ("subresources", "subresources"),
    ("additionalPrinterColumns", "additionalPrinterColumns"),
    ("selectableFields", "selectableFields"),
)


def definition_faults(crd: Json, before: Json | None) -> Sequence[Cause]:
    """Everything that is wrong; ``before`` is the definition that is changed."""
    spec, status = crd.get("spec") or {}, crd.get("status") or {}
    causes: list[Cause] = []
    name = crd["metadata"]["name"]
    if before is None and name != f"{(spec.get('names') or {}).get('plural', '')}.{spec.get('group', '')}":
        causes.append(invalid_value("metadata.name", name, 'must be spec.names.plural+"."+spec.group'))
    causes += _spec_faults(spec, _schemas((before or {}).get("spec") or {}))
    if before is not None:
        causes += _immutable_faults(spec, before)
    causes += _stored_faults(status.get("storedVersions") or [], spec.get("versions") or [])
    causes += _approval_faults(crd, before)
    if spec.get("preserveUnknownFields"):
        detail = (
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        )
        causes.append(invalid_value("spec.preserveUnknownFields", value=True, detail=detail))
    return causes


def _label_faults(field: str, text: str, before: str = "") -> Iterator[Cause]:
    if len(text) > 63:
        yield invalid_value(field, text, f"{before}must be no more than 63 characters")
    elif _LABEL.fullmatch(text) is None:
        yield invalid_value(field, text, before + _LABEL_WORDS)


def _schemas(spec: Json) -> dict[str, Json]:
    """The schema of each version."""
    return {
        version.get("name") or "": (version.get("schema") or {}).get("openAPIV3Schema") or {}
        for version in spec.get("versions") or ()
    }


def _spec_faults(spec: Json, known: dict[str, Json]) -> Iterator[Cause]:
    group, scope = spec.get("group") or "", spec.get("scope") or ""
    if not group:
        yield required("spec.group")
    elif _SUBDOMAIN.fullmatch(group) is None:
        yield invalid_value("spec.group", group, _SUBDOMAIN_WORDS)
    elif "." not in group:
        yield invalid_value("spec.group", group, "should be a domain with at least one dot")
    if not scope:
        yield required("spec.scope")
    elif scope not in ("Cluster", "Namespaced"):
        yield not_supported("spec.scope", scope, ("Cluster", "Namespaced"))
    versions = spec.get("versions") or []
    alike = {part for part, _ in _PARTS if all(one.get(part) == versions[0].get(part) for one in versions)}
    common = {part: versions[0].get(part) for part in alike} if versions else {}
    if not (common.get("schema") or {}).get("openAPIV3Schema"):
        for number, version in enumerate(versions):
            if not (version.get("schema") or {}).get("openAPIV3Schema"):
                yield required(f"spec.versions[{number}].schema.openAPIV3Schema")
    for number, version in enumerate(versions):
        yield from _version_faults(version, f"spec.versions[{number}]", alike, known)
    yield from _versions_faults(versions, alike)
    yield from _names_faults(spec.get("names") or {})
    has_status = any("status" in (one.get("subresources") or {}) for one in versions)
    called = {name: called for name, called in _PARTS if name in common}
    yield from _part_faults(
        common, "spec", called, has_status, known.get(versions[0].get("name") or "") if versions else None
    )
    yield from _conversion_faults(spec.get("conversion") or {})


def _version_faults(version: Json, place: str, alike: set[str], known: dict[str, Json]) -> Iterator[Cause]:
    yield from _label_faults(f"{place}.name", version.get("name") or "")
    warning = version.get("deprecationWarning")
    if warning is not None:
        where = f"{place}.deprecationWarning"
        if not version.get("deprecated"):
            yield invalid_value(where, warning, "can only be set for deprecated versions")
        elif not warning:
            yield invalid_value(where, warning, "must not be an empty string")
        elif len(warning) > _WARNING_LENGTH:
            yield invalid_value(where, warning, f"must be <= {_WARNING_LENGTH} characters long")
    own = {name: name for name, _ in _PARTS if name not in alike}
    has_status = "status" in (version.get("subresources") or {})
    yield from _part_faults(version, place, own, has_status, known.get(version.get("name") or ""))


def _part_faults(
    parts: Json,
    place: str,
    called: dict[str, str],
    has_status: bool,  # noqa: FBT001
    known: Json | None,
) -> Iterator[Cause]:
    """The faults of those parts of a version that are judged here; ``known`` is the schema that it had before."""
    schema = (parts.get("schema") or {}).get("openAPIV3Schema")
    if "schema" in called and schema:
        where = f"{place}.{called['schema']}.openAPIV3Schema"
        yield from _schema_faults(schema, where, has_status=has_status, known=schema == known)
    if "subresources" in called:
        yield from _scale_faults((parts.get("subresources") or {}).get("scale"), f"{place}.subresources.scale")
    if "additionalPrinterColumns" in called:
        for number, column in enumerate(parts.get("additionalPrinterColumns") or ()):
            yield from _column_faults(column, f"{place}.additionalPrinterColumns[{number}]")
    if "selectableFields" in called and schema:
        yield from _selectable_faults(parts.get("selectableFields") or (), schema, f"{place}.selectableFields")


def _schema_faults(schema: Json, place: str, *, has_status: bool, known: bool) -> Iterator[Cause]:
    if has_status and schema.get("type") != "object":
        detail = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
        yield invalid_value(f"{place}.type", schema.get("type") or "", detail)
    if schema.get("nullable"):
        yield forbidden_field(f"{place}.nullable", "nullable cannot be true at the root")
    found = structural_faults(schema, place) or list(default_faults(schema, place))
    yield from found
    yield from declaration_faults(schema, place, rules=not found, known=known)


def _versions_faults(versions: Sequence[Json], alike: set[str]) -> Iterator[Cause]:
    names = [version.get("name") for version in versions]
    shown = [_shown_version(version, alike) for version in versions]
    if len(set(names)) != len(names):
        yield invalid_value("spec.versions", shown, "must contain unique version names")
    if sum(bool(version.get("storage")) for version in versions) != 1:
        yield invalid_value("spec.versions", shown, "must have exactly one version marked as storage version")
    if names:
        yield from _label_faults("spec.version", names[0] or "")


def _shown_version(version: Json, alike: set[str]) -> InOrder:
    return InOrder(
        Name=version.get("name") or "",
        Served=bool(version.get("served")),
        Storage=bool(version.get("storage")),
        Deprecated=bool(version.get("deprecated")),
        DeprecationWarning=version.get("deprecationWarning"),
        **{
            name[0].upper() + name[1:]: None if name in alike else version.get(name)
            for name in ("schema", "subresources", "additionalPrinterColumns", "selectableFields")
        },
    )


def _names_faults(names: Json) -> Iterator[Cause]:
    for name in ("plural", "singular", "kind", "listKind"):
        if not names.get(name):
            yield required(f"spec.names.{name}")
    for name, before in (
        ("plural", ""),
        ("singular", ""),
        ("kind", "may have mixed case, but should otherwise match: "),
        ("listKind", "may have mixed case, but should otherwise match: "),
    ):
        text = names.get(name) or ""
        if text and _LABEL.fullmatch(text.lower() if before else text) is None:
            yield invalid_value(f"spec.names.{name}", text, before + _LABEL_WORDS)
    for number, name in enumerate(names.get("shortNames") or ()):
        yield from _label_faults(f"spec.names.shortNames[{number}]", name)
    if names.get("kind") and names.get("kind") == names.get("listKind"):
        yield invalid_value("spec.names.listKind", names["listKind"], "kind and listKind may not be the same")
    for number, name in enumerate(names.get("categories") or ()):
        yield from _label_faults(f"spec.names.categories[{number}]", name)


def _path_fault(field: str, path: str, roots: Sequence[str], words: str) -> Iterator[Cause]:
    if not path.startswith("."):
        yield invalid_value(field, path, "must be a simple json path starting with .")
    elif not any(path.startswith(f"{root}.") for root in roots):
        yield invalid_value(field, path, f"should be a json path under {words}")


def _scale_faults(scale: Json | None, place: str) -> Iterator[Cause]:
    if scale is None:
        return
    for name, root in (("specReplicasPath", ".spec"), ("statusReplicasPath", ".status")):
        path = scale.get(name) or ""
        if not path:
            yield required(f"{place}.{name}")
        else:
            yield from _path_fault(f"{place}.{name}", path, (root,), root)
    selector = scale.get("labelSelectorPath")
    if selector:
        yield from _path_fault(f"{place}.labelSelectorPath", selector, (".spec", ".status"), "either .spec or .status")


def _column_faults(column: Json, place: str) -> Iterator[Cause]:
    if not column.get("name"):
        yield required(f"{place}.name")
    kind, form, path = column.get("type") or "", column.get("format") or "", column.get("jsonPath") or ""
    detail = f"must be one of {','.join(_COLUMN_TYPES)}"
    if not kind:
        yield required(f"{place}.type", detail)
    elif kind not in _COLUMN_TYPES:
        yield invalid_value(f"{place}.type", kind, detail)
    if form and form not in _COLUMN_FORMATS:
        yield invalid_value(f"{place}.format", form, f"must be one of {','.join(_COLUMN_FORMATS)}")
    if not path:
        yield required(f"{place}.JSONPath")
    elif not path.startswith("."):
        yield invalid_value(f"{place}.JSONPath", path, "must be a simple json path starting with .")


def _selectable_faults(fields: Sequence[Json], schema: Json, place: str) -> Iterator[Cause]:
    seen: list[str] = []
    for number, field in enumerate(fields):
        path, where = field.get("jsonPath") or "", f"{place}[{number}].jsonPath"
        if not path:
            yield required(where)
            continue
        try:
            kind = _kind_at(schema, path)
        except ValueError as error:
            yield invalid_value(where, path, f"is an invalid path: {error}")
            continue
        if path.startswith(".metadata"):
            yield invalid_value(where, path, "must not point to fields in metadata")
        if kind not in ("string", "boolean", "integer"):
            detail = "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."
            yield invalid_value(where, path, detail)
        if path in seen:
            yield duplicate(where, path)
        else:
            seen.append(path)
    if len(seen) > _MOST_SELECTABLE:
        yield too_many(place, len(seen), _MOST_SELECTABLE)


def _kind_at(schema: Json, path: str) -> str:
    for name, _ in steps_below(path, schema):
        schema = (schema.get("properties") or {}).get(name) or schema.get("additionalProperties") or {}
    return schema.get("type") or ""


def _conversion_faults(conversion: Json) -> Iterator[Cause]:
    strategy, webhook = conversion.get("strategy") or "None", conversion.get("webhook") or {}
    if strategy not in ("None", "Webhook"):
        yield not_supported("spec.conversion.strategy", strategy, ("None", "Webhook"))
    client, versions = webhook.get("clientConfig"), webhook.get("conversionReviewVersions") or []
    if strategy == "Webhook":
        if client is None:
            yield required("spec.conversion.webhookClientConfig", "required when strategy is set to Webhook")
        elif bool(client.get("url")) == bool(client.get("service")):
            yield required("spec.conversion.webhookClientConfig", "exactly one of url or service is required")
        if not versions:
            yield required("spec.conversion.conversionReviewVersions")
        elif not {"v1", "v1beta1"} & set(versions):
            yield invalid_value(
                "spec.conversion.conversionReviewVersions", versions, "must include at least one of v1, v1beta1"
            )
    elif webhook:
        detail = "should not be set when strategy is not set to Webhook"
        yield forbidden_field("spec.conversion.webhookClientConfig", detail)


def _immutable_faults(spec: Json, before: Json) -> Iterator[Cause]:
    old = before.get("spec") or {}
    conditions = (before.get("status") or {}).get("conditions") or []
    established = any(one.get("type") == "Established" and one.get("status") == "True" for one in conditions)
    fields = [("group",), ("names", "plural")]
    if established:
        fields = [("scope",), ("names", "kind"), *fields]
    for steps in fields:
        value, earlier = _at(spec, steps), _at(old, steps)
        if value != earlier:
            yield invalid_value(f"spec.{'.'.join(steps)}", value, "field is immutable")


def _at(value: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        value = (value or {}).get(step)
    return value


def _stored_faults(stored: list[str], versions: Sequence[Json]) -> Iterator[Cause]:
    place = "status.storedVersions"
    if not stored:
        yield invalid_value(place, None, "must have at least one stored version")
        return
    for version in versions:
        if version.get("storage") and version.get("name") not in stored:
            yield invalid_value(place, stored, f"must have the storage version {version.get('name')}")
    names = [version.get("name") for version in versions]
    for number, name in enumerate(stored):
        if name not in names:
            detail = (
                f"missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions"
                f" until a storage migration ensures no data remains persisted in {name} and removes {name} from"
                " status.storedVersions"
            )
            yield invalid_value(f"{place}[{number}]", name, detail)


def _approval_faults(crd: Json, before: Json | None) -> Iterator[Cause]:
    """A definition that has no good word on its approval may keep what it has."""
    state = approval_of(crd)
    if state not in ("missing", "invalid") or (before is not None and approval_of(before) == state):
        return
    given = (crd["metadata"].get("annotations") or {}).get(APPROVAL, "")
    field = f"metadata.annotations[{APPROVAL}]"
    if state == "missing":
        detail = (
            f'protected groups must have approval annotation "{APPROVAL}",'
            " see https://github.com/kubernetes/enhancements/pull/1111"
        )
        yield required(field, detail)
    else:
        detail = f'protected groups must have approval annotation "{APPROVAL}" with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111'
        yield invalid_value(field, given, detail)
