"""What callers may put into metadata: names, labels, annotations, finalizers and owners."""

from typing import Any

from simulator.kube.server.advice import advise
from simulator.kube.server.field_errors import forbidden_field, invalid_value, json_text, required, too_long
from simulator.kube.server.name_rules import label_value, qualified_name, rule_for
from simulator.kube.server.refusals import Cause
from simulator.kube.server.registry import Resource

Json = dict[str, Any]

_ANNOTATIONS_BYTES = 256 * 1024


def check_metadata(body: Json, old: Json | None, resource: Resource) -> list[Cause]:
    """What is wrong with names, labels, annotations, finalizers and owners."""
    metadata = body["metadata"]
    before = old["metadata"] if old is not None else {}
    causes = _name_causes(metadata, resource) if old is None else []
    labels = metadata.get("labels")
    if labels and labels != before.get("labels"):
        causes += _label_causes("metadata.labels", labels)
    annotations = metadata.get("annotations")
    if annotations and annotations != before.get("annotations"):
        causes += _annotation_causes(annotations)
    if metadata.get("ownerReferences") != before.get("ownerReferences"):
        causes += _owner_causes(metadata.get("ownerReferences") or [])
    if metadata.get("finalizers") != before.get("finalizers"):
        causes += _finalizer_causes(metadata, before, custom=resource.strict_type)
    if resource.strict_type and old is not None:
        # The real server checks an update of a custom resource again and again, and lists whatever it finds each time.
        return [cause for cause in causes for _ in range(3 if cause.field == "metadata.labels" else 2)]
    return causes


def _name_causes(metadata: Json, resource: Resource) -> list[Cause]:
    rule = rule_for(resource.kind)
    causes: list[Cause] = []
    base = metadata.get("generateName")
    if base:
        # What would follow the base may end a name in which the base itself could not end.
        causes += [invalid_value("metadata.generateName", base, fault) for fault in rule(base.removesuffix("-"))]
    return causes + [invalid_value("metadata.name", metadata["name"], fault) for fault in rule(metadata["name"])]


def _label_causes(field: str, labels: Json) -> list[Cause]:
    return [
        invalid_value(field, shown, fault)
        for key, value in labels.items()
        for shown, faults in ((key, qualified_name(key)), (value, label_value(value)))
        for fault in faults
    ]


def _annotation_causes(annotations: Json) -> list[Cause]:
    causes = [
        invalid_value("metadata.annotations", key, fault)
        for key in annotations
        for fault in qualified_name(key.lower())
    ]
    size = sum(len(key.encode()) + len(str(value).encode()) for key, value in annotations.items())
    if size > _ANNOTATIONS_BYTES:
        causes.append(too_long("metadata.annotations", _ANNOTATIONS_BYTES))
    return causes


def _unqualified(name: str, position: int, *, custom: bool) -> list[Cause]:
    """Of custom resources it is only advised against."""
    if not custom:
        detail = "name is neither a standard finalizer name nor is it fully qualified"
        return [invalid_value(f"metadata.finalizers[{position}]", name, detail)]
    advise(
        f'metadata.finalizers: "{name}": prefer a domain-qualified finalizer name to avoid accidental conflicts with'
        " other finalizer writers"
    )
    return []


def _finalizer_causes(metadata: Json, before: Json, *, custom: bool) -> list[Cause]:
    old = before.get("finalizers") or []
    new = metadata.get("finalizers") or []
    added = [name for name in new if name not in old]
    if added and before.get("deletionTimestamp"):
        listed = ", ".join(json_text(name) for name in added)
        detail = (
            f"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{listed}}}"
        )
        return [forbidden_field("metadata.finalizers", detail)]
    causes = [invalid_value("metadata.finalizers", name, fault) for name in added for fault in qualified_name(name)]
    causes += [
        cause
        for position, name in enumerate(new)
        if name in added and "/" not in name and name not in _STANDARD_FINALIZERS
        for cause in _unqualified(name, position, custom=custom)
    ]
    if "orphan" in new and "foregroundDeletion" in new:
        detail = "finalizer orphan and foregroundDeletion cannot be both set"
        causes.append(invalid_value("metadata.finalizers", new, detail))
    return causes


_STANDARD_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")
_OWNER_FIELDS = ("apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion")


def _owner_text(owner: Json) -> str:
    shown = (f"{json_text(name)}:{json_text(owner[name])}" for name in _OWNER_FIELDS if name in owner)
    return "{" + ",".join(shown) + "}"


def _owner_causes(owners: list[Json]) -> list[Cause]:
    field = "metadata.ownerReferences"
    causes: list[Cause] = []
    controller = ""
    for position, owner in enumerate(owners):
        causes += [
            required(f"{field}[{position}].{name}", "must not be empty")
            for name in ("apiVersion", "kind", "name", "uid")
            if not owner.get(name)
        ]
        if (owner.get("apiVersion"), owner.get("kind")) in (("v1", "Event"), ("events.k8s.io/v1", "Event")):
            kind = "/v1, Kind=Event" if owner["apiVersion"] == "v1" else "events.k8s.io/v1, Kind=Event"
            detail = f"{kind} is disallowed from being an owner"
            causes.append(Cause(field=f"{field}[{position}]", message=f"Invalid value: {_owner_text(owner)}: {detail}"))
        if not owner.get("controller"):
            continue
        this = f"{owner.get('kind', '')}/{owner.get('name', '')}"
        if controller:
            detail = (
                'Only one reference can have Controller set to true. Found "true" in references for'
                f" {controller} and {this}"
            )
            text = ",".join(_owner_text(one) for one in owners)
            causes.append(Cause(field=field, message=f"Invalid value: [{text}]: {detail}"))
        else:
            controller = this
    return causes


def check_immutable(body: Json, old: Json) -> list[Cause]:
    """What is wrong with an update that contradicts what the server has decided; what it leaves out is no contradiction."""
    given, current = body["metadata"].get("deletionTimestamp"), old["metadata"].get("deletionTimestamp")
    if given and given != current:
        return [invalid_value("metadata.deletionTimestamp", given, "field is immutable")]
    return []
