"""The metadata that the server owns: identity, times, generation; and the rules for what callers may put there."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Protocol

from simulator.kube.advice import advise
from simulator.kube.field_errors import forbidden_field, invalid_value, json_text, required, too_long
from simulator.kube.name_rules import label_value, qualified_name, rule_for
from simulator.kube.refusals import Cause, Refusal, bad_request, conflict, invalid, stale
from simulator.kube.registry import Resource

Json = dict[str, Any]

GENERATED_NAME_BASE = 58
_SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_ANNOTATIONS_BYTES = 256 * 1024


class Draws(Protocol):
    """Where uids and name suffixes come from."""

    def below(self, bound: int) -> int:
        """A number from 0 to ``bound - 1``."""
        ...


@lru_cache(maxsize=64)
def _rfc3339(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def api_time(seconds: float) -> str:
    """A time as the API writes it: UTC, whole seconds."""
    return _rfc3339(int(seconds))


def new_uid(entropy: Draws) -> str:
    """A random uid in the form of a UUID version 4."""
    bits = entropy.below(1 << 122)
    text = f"{(bits >> 62 << 64) | bits & ((1 << 62) - 1):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[bits >> 60 & 3]}{text[17:20]}-{text[20:]}"


def generated_name(base: str, entropy: Draws) -> str:
    """``base`` and five characters."""
    suffix = "".join(_SUFFIX_ALPHABET[entropy.below(27)] for _ in range(5))
    return base[:GENERATED_NAME_BASE] + suffix


def require_object(body: Any, resource: Resource) -> Json:
    """The body of a write, which must be an object of the resource's kind.

    Raises:
        Refusal: 400, it is not.
    """
    if not isinstance(body, dict):
        raise bad_request("the body of the request must be a JSON object")
    if "kind" not in body and resource.strict_type:
        raise bad_request("the body has no kind")
    given = body.setdefault("apiVersion", resource.api_version)
    if given != resource.api_version:
        if not resource.strict_type:
            raise _other_kind(str(body.get("kind", "")), str(given), resource)
        for name in body:
            if name not in ("apiVersion", "kind", "metadata"):
                advise(f'unknown field "{name}"')
        raise bad_request(
            f"the API version in the data ({given}) does not match the expected API version ({resource.api_version})"
        )
    metadata = body.setdefault("metadata", {}) or {}
    kind = body.setdefault("kind", resource.kind)
    if kind != resource.kind:
        if not resource.strict_type:
            raise _other_kind(str(kind), str(given), resource)
        cause = invalid_value("kind", kind, f"must be {resource.kind}")
        raise invalid(resource.group, str(kind), str(metadata.get("name", "")), [cause])
    if metadata is not body["metadata"]:
        body["metadata"] = metadata
    _require_types(metadata, resource.kind)
    return body


def name_in(body: Any) -> str:
    """The name that a body gives; empty where it gives none."""
    metadata = body.get("metadata") if isinstance(body, dict) else None
    return str((metadata or {}).get("name", "")) if isinstance(metadata, dict) else ""


def _other_kind(kind: str, api_version: str, resource: Resource) -> Refusal:
    return bad_request(
        f'{kind} in version "{api_version.rpartition("/")[2]}" cannot be handled as a {resource.kind}:'
        f' no kind "{kind}" is registered for version "{api_version}" in scheme "pkg/runtime/scheme.go:111"'
    )


def _require_types(metadata: Any, kind: str) -> None:
    if not isinstance(metadata, dict):
        raise _not_of_type(kind, metadata, "metadata", "v1.ObjectMeta")
    for name, value in metadata.items():
        expected, word = _METADATA_TYPES.get(name, (str, "string"))
        if value is not None and not isinstance(value, expected) and name != "managedFields":
            raise _not_of_type(kind, value, f"metadata.{name}", word)


def _not_of_type(kind: str, value: Any, field: str, word: str) -> Refusal:
    found = next(name for types, name in _JSON_NAMES if isinstance(value, types))
    return bad_request(
        f'{kind} in version "v1" cannot be handled as a {kind}: json: cannot unmarshal {found} into Go struct field'
        f" ObjectMeta.{field} of type {word}"
    )


_JSON_NAMES: tuple[tuple[tuple[type, ...], str], ...] = (
    ((bool,), "bool"),
    ((str,), "string"),
    ((dict,), "object"),
    ((list,), "array"),
    ((int, float), "number"),
)
_METADATA_TYPES: dict[str, tuple[type, str]] = {
    "labels": (dict, "map[string]string"),
    "annotations": (dict, "map[string]string"),
    "finalizers": (list, "[]string"),
    "ownerReferences": (list, "[]v1.OwnerReference"),
    "generation": (int, "int64"),
    "deletionGracePeriodSeconds": (int, "int64"),
}


def place(body: Json, resource: Resource, namespace: str) -> None:
    """Put the body into the namespace of the path.

    Raises:
        Refusal: 400, the body names another namespace.
    """
    metadata = body["metadata"]
    given = metadata.get("namespace", "")
    if given and given != namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    if resource.namespaced:
        metadata["namespace"] = namespace
    else:
        metadata.pop("namespace", None)


def begin(body: Json, resource: Resource, *, now: float, uid: str) -> None:
    """Set what the server decides about a new object."""
    metadata = body["metadata"]
    for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "managedFields", "resourceVersion"):
        metadata.pop(name, None)
    metadata["uid"] = uid
    metadata["creationTimestamp"] = api_time(now)
    if resource.counts_generation:
        metadata["generation"] = 1
    else:
        metadata.pop("generation", None)
    _drop_empty(metadata)


def check_identity(body: Json, old: Json, resource: Resource) -> None:
    """Compare what an update says about the object with the object.

    Raises:
        Refusal: 400 another name; 409 another uid, or a resourceVersion that is not the current one.
    """
    metadata, current = body["metadata"], old["metadata"]
    name = current["name"]
    given = metadata.get("namespace")
    if given and given != current.get("namespace", ""):
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    if metadata.setdefault("name", name) != name:
        raise bad_request(f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})")
    uid = metadata.get("uid")
    if uid and uid != current["uid"]:
        raise conflict(resource.group, resource.plural, name, other_uid(uid, current, resource))
    revision = metadata.get("resourceVersion")
    if revision and revision != current["resourceVersion"]:
        if not (revision.isascii() and revision.isdigit()):
            raise Refusal(500, "", f'strconv.ParseUint: parsing "{revision}": invalid syntax')
        raise stale(resource.group, resource.plural, name)


def other_uid(uid: str, current: Json, resource: Resource) -> str:
    """Why ``uid`` is not that of ``current`` in the words of the real server's store, with the key under which it keeps the object."""
    place = (
        f"{resource.group}/{resource.plural}"
        if resource.strict_type
        else _STORED_AS.get(resource.plural, resource.plural)
    )
    key = "/".join(part for part in ("/registry", place, current.get("namespace", ""), current["name"]) if part)
    return (
        f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed:"
        f" UID in precondition: {uid}, UID in object meta: {current['uid']}"
    )


_STORED_AS = {
    "nodes": "minions",
    "services": "services/specs",
    "endpoints": "services/endpoints",
    "replicationcontrollers": "controllers",
    "ingresses": "ingress",
}


def carry_over(body: Json, old: Json) -> None:
    """Keep what an update cannot change: identity, times, deletion."""
    metadata, current = body["metadata"], old["metadata"]
    metadata.pop("selfLink", None)
    for name in _SYSTEM_FIELDS:
        if name in current:
            metadata[name] = current[name]
        else:
            metadata.pop(name, None)
    _drop_empty(metadata)


_SYSTEM_FIELDS = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "resourceVersion",
    "namespace",
    "managedFields",
)


def _drop_empty(metadata: Json) -> None:
    for name in ("labels", "annotations", "finalizers", "ownerReferences"):
        if name in metadata and not metadata[name]:
            del metadata[name]


def spec_changed(body: Json, old: Json, resource: Resource) -> bool:
    """Whether anything but metadata, and status where that is apart, differs: what ``generation`` counts."""
    if resource.counts_metadata:
        told, had = body["metadata"], old["metadata"]
        if any(told.get(name) != had.get(name) for name in ("labels", "annotations")):
            return True
    apart = ("metadata", "apiVersion", "status") if resource.has_status else ("metadata", "apiVersion")
    return any(body.get(name) != old.get(name) for name in (*body, *old) if name not in apart)


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
