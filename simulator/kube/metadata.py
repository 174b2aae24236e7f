"""The metadata that the server owns: identity, times, generation; and the rules for what callers may put there."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Protocol

from simulator.kube.refusals import Cause, bad_request, conflict, invalid, stale
from simulator.kube.registry import Resource

Json = dict[str, Any]

GENERATED_NAME_BASE = 58
_SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_PATH_SEGMENT = re.compile(r"(?!\.\.?$)[^/%]+")
_ANNOTATIONS_BYTES = 256 * 1024
# Kinds whose names are looser (RBAC) or stricter (namespaces) than a DNS subdomain.
_NAME_RULES = {
    "Namespace": (_LABEL, 63),
    "Role": (_PATH_SEGMENT, 253),
    "RoleBinding": (_PATH_SEGMENT, 253),
    "ClusterRole": (_PATH_SEGMENT, 253),
    "ClusterRoleBinding": (_PATH_SEGMENT, 253),
}


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
        raise bad_request(f"the body has apiVersion {given!r}, but the path serves {resource.api_version!r}")
    metadata = body.setdefault("metadata", {}) or {}
    kind = body.setdefault("kind", resource.kind)
    if kind != resource.kind:
        if not resource.strict_type:
            raise bad_request(f"the body is a {kind}, but the path serves {resource.kind}")
        cause = Cause(field="kind", message=f"must be {resource.kind}, not {kind}")
        raise invalid(resource.group, str(kind), str(metadata.get("name", "")), [cause])
    if metadata is not body["metadata"]:
        body["metadata"] = metadata
    _require_types(metadata)
    return body


def _require_types(metadata: Any) -> None:
    if not isinstance(metadata, dict):
        raise bad_request("metadata must be an object")
    for name, value in metadata.items():
        expected = _METADATA_TYPES.get(name, str)
        if value is not None and not isinstance(value, expected) and name != "managedFields":
            raise bad_request(f"metadata.{name} must be a JSON {_JSON_NAMES[expected]}")


_JSON_NAMES: dict[type, str] = {str: "string", dict: "object", list: "array", int: "number"}
_METADATA_TYPES: dict[str, type] = {
    "labels": dict,
    "annotations": dict,
    "finalizers": list,
    "ownerReferences": list,
    "generation": int,
    "deletionGracePeriodSeconds": int,
}


def place(body: Json, resource: Resource, namespace: str) -> None:
    """Put the body into the namespace of the path.

    Raises:
        Refusal: 400, the body names another namespace.
    """
    metadata = body["metadata"]
    given = metadata.get("namespace", "")
    if given and given != namespace:
        raise bad_request(f"the body is in namespace {given!r}, but the path is in {namespace!r}")
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
    if metadata.setdefault("name", name) != name:
        raise bad_request(f"the body is named {metadata['name']!r}, but the path names {name!r}")
    uid = metadata.get("uid")
    if uid and uid != current["uid"]:
        why = f"the body has uid {uid}, the object has {current['uid']}"
        raise conflict(resource.group, resource.plural, name, why)
    revision = metadata.get("resourceVersion")
    if revision and revision != current["resourceVersion"]:
        raise stale(resource.group, resource.plural, name)


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
    "generateName",
    "namespace",
    "managedFields",
)


def _drop_empty(metadata: Json) -> None:
    for name in ("labels", "annotations", "finalizers", "ownerReferences"):
        if name in metadata and not metadata[name]:
            del metadata[name]


def spec_changed(body: Json, old: Json, resource: Resource) -> bool:
    """Whether anything but metadata, and status where that is apart, differs: what ``generation`` counts."""
    apart = ("metadata", "apiVersion", "status") if resource.has_status else ("metadata", "apiVersion")
    return any(body.get(name) != old.get(name) for name in (*body, *old) if name not in apart)


def check_metadata(body: Json, old: Json | None, resource: Resource) -> list[Cause]:
    """What is wrong with names, labels, annotations, finalizers and owners."""
    metadata = body["metadata"]
    causes: list[Cause] = []
    if old is None:
        pattern, longest = _NAME_RULES.get(resource.kind, (_SUBDOMAIN, 253))
        name = metadata["name"]
        if len(name) > longest or pattern.fullmatch(name) is None:
            causes.append(Cause(field="metadata.name", message=f"{name!r} is not a valid name"))
    before = old["metadata"] if old is not None else {}
    labels = metadata.get("labels")
    if labels and labels != before.get("labels"):
        causes += [cause for key, value in labels.items() if (cause := _label_cause(key, value))]
    annotations = metadata.get("annotations")
    if annotations and annotations != before.get("annotations"):
        causes += _annotation_causes(annotations)
    if metadata.get("finalizers") != before.get("finalizers"):
        causes += _finalizer_causes(metadata, before)
    if metadata.get("ownerReferences") != before.get("ownerReferences"):
        causes += _owner_causes(metadata.get("ownerReferences") or [])
    return causes


@lru_cache(maxsize=4096)
def _good_key(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    if slash and (len(prefix) > 253 or _SUBDOMAIN.fullmatch(prefix) is None):
        return False
    return len(name) <= 63 and _QUALIFIED.fullmatch(name) is not None


def _label_cause(key: str, value: Any) -> Cause | None:
    if not _good_key(key):
        return Cause(field="metadata.labels", message=f"{key!r} is not a valid label key")
    if not isinstance(value, str) or len(value) > 63 or _LABEL_VALUE.fullmatch(value) is None:
        return Cause(field="metadata.labels", message=f"{value!r} is not a valid label value")
    return None


def _annotation_causes(annotations: Json) -> list[Cause]:
    causes = [
        Cause(field="metadata.annotations", message=f"{key!r} is not a valid annotation key")
        for key in annotations
        if not _good_key(key.lower())
    ]
    size = sum(len(key.encode()) + len(str(value).encode()) for key, value in annotations.items())
    if size > _ANNOTATIONS_BYTES:
        message = f"must have at most {_ANNOTATIONS_BYTES} bytes"
        causes.append(Cause(field="metadata.annotations", message=message, reason="FieldValueTooLong"))
    return causes


def _finalizer_causes(metadata: Json, before: Json) -> list[Cause]:
    old = before.get("finalizers") or []
    new = metadata.get("finalizers") or []
    added = [name for name in new if name not in old]
    if added and before.get("deletionTimestamp"):
        message = f"no new finalizers can be added while the object is being deleted: {added}"
        return [Cause(field="metadata.finalizers", message=message, reason="FieldValueForbidden")]
    if "orphan" in new and "foregroundDeletion" in new:
        message = "orphan and foregroundDeletion exclude each other"
        return [Cause(field="metadata.finalizers", message=message)]
    return [
        Cause(field="metadata.finalizers", message=f"{name!r} is not a qualified name")
        for name in added
        if not _good_key(name)
    ]


def _owner_causes(owners: list[Json]) -> list[Cause]:
    causes = [
        Cause(field=f"metadata.ownerReferences[{position}].{name}", message="must not be empty")
        for position, owner in enumerate(owners)
        for name in ("apiVersion", "kind", "name", "uid")
        if not owner.get(name)
    ]
    if sum(bool(owner.get("controller")) for owner in owners) > 1:
        causes.append(Cause(field="metadata.ownerReferences", message="only one owner can be the controller"))
    return causes
