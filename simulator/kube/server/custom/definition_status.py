"""What the server adds to a definition: defaults, the names that it has got, and whether it is served.

Definitions of one group may not share names. Who comes later does not get a name that is taken; its definition is not
served until the name is free.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from simulator.kube.api_time import api_time
from simulator.kube.server.advice import advise
from simulator.kube.server.custom.schema_faults import known_format

Json = dict[str, Any]

FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
_CONFLICTS = (
    ("plural", "Plural"),
    ("singular", "Singular"),
    ("shortNames", "ShortNames"),
    ("kind", "Kind"),
    ("listKind", "ListKind"),
)
APPROVAL = "api-approved.kubernetes.io"
_PROTECTED = re.compile(r"(^|\.)(k8s|kubernetes)\.io$")
_APPROVED = "KubernetesAPIApprovalPolicyConformant"
_NOT_ACCEPTED = ("False", "NotAccepted", "not all names are accepted")
_ESTABLISHED = ("True", "InitialNamesAccepted", "the initial names have been accepted")


def complete_definition(crd: Json, before: Json | None) -> None:
    """Fill in defaults; a definition knows from the start in which versions its objects may be stored."""
    spec = crd.get("spec") or {}
    names = spec.get("names") or {}
    if names.get("kind"):
        names["singular"] = names.get("singular") or names["kind"].lower()
        names["listKind"] = names.get("listKind") or f"{names['kind']}List"
    spec["conversion"] = spec.get("conversion") or {"strategy": "None"}
    service = ((spec["conversion"].get("webhook") or {}).get("clientConfig") or {}).get("service")
    if service:
        service.setdefault("port", 443)
    old = (before or {}).get("spec")
    if old is not None and old == spec:
        return
    storage = next((version["name"] for version in spec.get("versions") or () if version.get("storage")), "")
    status = crd.get("status") or {"conditions": None, "acceptedNames": {"plural": "", "kind": ""}}
    stored = status.get("storedVersions") or []
    if storage and storage not in stored:
        crd["status"] = {**status, "storedVersions": [*stored, storage]}
    elif "status" not in crd:
        crd["status"] = {**status, "storedVersions": []}
    for text in _new_odd_formats(spec, old or {}):
        advise(f'unrecognized format "{text}"')


def _new_odd_formats(spec: Json, old: Json) -> list[str]:
    known = _odd_formats(old)
    return [text for text in _odd_formats(spec) if text not in known]


def _odd_formats(value: Any) -> list[str]:
    """The formats in schemas that the server does not know."""
    if isinstance(value, list):
        return [text for item in value for text in _odd_formats(item)]
    if not isinstance(value, dict):
        return []
    below = [text for name, item in value.items() if name != "default" for text in _odd_formats(item)]
    form = value.get("format")
    is_schema = isinstance(form, str) and isinstance(value.get("type"), str) and "jsonPath" not in value
    return [form, *below] if is_schema and form and not known_format(value) else below


def named_status(crd: Json, others: Sequence[Json], now: float) -> Json:
    """The status of a definition beside the others of its group."""
    wanted: Json = crd["spec"]["names"]
    status = crd.get("status") or {}
    accepted: Json = dict(status.get("acceptedNames") or {})
    taken = _taken(others)
    refused = ("True", "NoConflicts", "no conflicts found")
    for name, word in _CONFLICTS:
        faults = _conflicts(wanted.get(name), accepted.get(name), taken[name])
        if faults:
            refused = ("False", f"{word}Conflict", faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]")
        elif wanted.get(name):
            accepted[name] = wanted[name]
        else:
            accepted.pop(name, None)
    accepted.pop("categories", None)
    if wanted.get("categories"):
        accepted["categories"] = wanted["categories"]
    conditions = list(status.get("conditions") or [])
    approval = _approval(crd)
    if approval is not None:
        _set(conditions, _APPROVED, approval, now)
    _set(conditions, "NamesAccepted", refused, now)
    if not is_true(conditions, "Established"):
        _set(conditions, "Established", _ESTABLISHED if refused[0] == "True" else _NOT_ACCEPTED, now)
    return {**status, "conditions": conditions, "acceptedNames": accepted}


def approval_of(crd: Json) -> str:
    """What a definition says of its approval by those whose group it uses: ``approved``, ``bypassed``, ``invalid``,
    ``missing``; empty where the group is nobody's.
    """
    if _PROTECTED.search((crd.get("spec") or {}).get("group") or "") is None:
        return ""
    given = (crd["metadata"].get("annotations") or {}).get(APPROVAL, "")
    if not given:
        return "missing"
    if given.startswith("unapproved"):
        return "bypassed"
    address = urlsplit(given)
    return "approved" if address.scheme and address.netloc else "invalid"


def _approval(crd: Json) -> tuple[str, str, str] | None:
    """The condition on the approval; a definition without a good word on it is not taken."""
    state = approval_of(crd)
    given = (crd["metadata"].get("annotations") or {}).get(APPROVAL, "")
    if state == "approved":
        return "True", "ApprovedAnnotation", f"approved in {given}"
    return ("False", "UnapprovedAnnotation", f'not approved: "{given}"') if state == "bypassed" else None


def _taken(others: Sequence[Json]) -> Mapping[str, set[Any]]:
    names = [((other.get("status") or {}).get("acceptedNames") or {}) for other in others]
    resources: set[Any] = {
        text for one in names for text in (one.get("plural"), one.get("singular"), *(one.get("shortNames") or ()))
    }
    kinds: set[Any] = {text for one in names for text in (one.get("kind"), one.get("listKind"))}
    return {name: kinds if name in ("kind", "listKind") else resources for name, _ in _CONFLICTS}


def _conflicts(wanted: Any, accepted: Any, taken: set[Any]) -> list[str]:
    if wanted == accepted or not wanted:
        return []
    texts = wanted if isinstance(wanted, list) else [wanted]
    own = accepted or [] if isinstance(wanted, list) else []
    return [f'"{text}" is already in use' for text in texts if text in taken and text not in own]


def is_true(conditions: Sequence[Json] | None, kind: str) -> bool:
    """Whether a condition holds."""
    return any(one["type"] == kind and one["status"] == "True" for one in conditions or ())


def _set(conditions: list[Json], kind: str, said: tuple[str, str, str], now: float) -> None:
    status, reason, message = said
    fresh = {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": api_time(now)}
    for position, one in enumerate(conditions):
        if one["type"] == kind:
            if one["status"] == status:
                fresh["lastTransitionTime"] = one["lastTransitionTime"]
            conditions[position] = fresh
            return
    conditions.append(fresh)


def doomed(crd: Json, now: float) -> Json:
    """A definition whose objects are going to be deleted."""
    metadata, status = crd["metadata"], crd.get("status") or {}
    conditions = list(status.get("conditions") or [])
    message = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"
    _set(conditions, "Terminating", ("True", "InstanceDeletionPending", message), now)
    finalizers = [*(name for name in metadata.get("finalizers") or () if name != FINALIZER), FINALIZER]
    return {
        **crd,
        "metadata": {**metadata, "deletionTimestamp": api_time(now), "finalizers": finalizers},
        "status": {**status, "conditions": conditions},
    }
