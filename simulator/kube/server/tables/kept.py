"""Columns of kinds that are only kept: drivers of volumes, devices, certificates, and what a server is set up by."""

from typing import Any

from simulator.kube.server.tables.printing import (
    NONE,
    Cells,
    Column,
    Json,
    Printer,
    age,
    at,
    columns,
    duration,
    rows,
    since,
)

_UNSET = "<unset>"


def _ranges(item: Json, now: float) -> list[Any]:
    return [",".join(at(item, "spec.cidrs") or ())]


def _attributes(item: Json, now: float) -> list[Any]:
    return [item.get("driverName", "")]


def _plain(*parts: Cells) -> Cells:
    """The name, the cells of all parts, the age."""
    return lambda item, now: rows(item, [cell for part in parts for cell in part(item, now)], now)


def _registration(item: Json, now: float) -> list[Any]:
    service = at(item, "spec.service")
    where = f"{service.get('namespace', '')}/{service.get('name', '')}" if service else "Local"
    found = next((one for one in at(item, "status.conditions") or () if one.get("type") == "Available"), None)
    stands = "Unknown"
    if found is not None:
        stands = found["status"] if found["status"] == "True" else f"{found['status']} ({found.get('reason', '')})"
    return [where, stands]


def _request(item: Json, now: float) -> list[Any]:
    lasts = at(item, "spec.expirationSeconds")
    shown = NONE if lasts is None else duration(lasts)
    signer, asks = at(item, "spec.signerName") or "", at(item, "spec.username") or ""
    return [item["metadata"]["name"], age(item, now), signer, asks, shown, _verdict(item)]


def _verdict(item: Json) -> str:
    said = {one.get("type") for one in at(item, "status.conditions") or ()}
    words = [word for word in ("Approved", "Denied", "Failed") if word in said]
    if at(item, "status.certificate"):
        words.append("Issued")
    return ",".join(words) or "Pending"


def _bundle(item: Json, now: float) -> list[Any]:
    return [item["metadata"]["name"], at(item, "spec.signerName") or NONE]


def _address(item: Json, now: float) -> list[Any]:
    of = at(item, "spec.parentRef") or {}
    parts = [of.get("resource", ""), of.get("namespace", ""), of.get("name", "")]
    if of.get("group"):
        parts[0] = f"{parts[0]}.{of['group']}"
    return ["/".join(part for part in parts if part)]


def _driver(item: Json, now: float) -> list[Any]:
    spec = item.get("spec") or {}
    audiences = [str(one.get("audience", "")) for one in spec.get("tokenRequests") or ()]
    return [
        spec.get("attachRequired", True),
        bool(spec.get("podInfoOnMount")),
        bool(spec.get("storageCapacity")),
        ",".join(audiences) or _UNSET,
        bool(spec.get("requiresRepublish")),
        ",".join(spec.get("volumeLifecycleModes") or ()) or NONE,
    ]


def _attachment(item: Json, now: float) -> list[Any]:
    spec = item.get("spec") or {}
    volume = at(spec, "source.persistentVolumeName") or ""
    return [spec.get("attacher", ""), volume, spec.get("nodeName", ""), bool(at(item, "status.attached"))]


def _parameters(item: Json, now: float) -> list[Any]:
    kind = at(item, "spec.paramKind")
    return [len(at(item, "spec.mutations") or ()), f"{kind['apiVersion']}/{kind['kind']}" if kind else _UNSET]


def _mutation_binding(item: Json, now: float) -> list[Any]:
    named = at(item, "spec.paramRef")
    shown = _UNSET
    if named:
        place = f"{named['namespace']}/" if named.get("namespace") else "*/"
        shown = f"{place}{named['name']}" if named.get("name") else _UNSET
    return [at(item, "spec.policyName") or "", shown]


def _taint(item: Json, now: float) -> list[Any]:
    taint = at(item, "spec.taint") or {}
    return [taint.get("key", ""), taint.get("value", ""), taint.get("effect", ""), since(taint.get("timeAdded"), now)]


def _claim(item: Json, now: float) -> list[Any]:
    words = []
    if item["metadata"].get("deletionTimestamp"):
        words.append("deleted")
    if at(item, "status.allocation") is None:
        words.append("pending" if not words else "")
    else:
        words.append("allocated")
        if at(item, "status.reservedFor"):
            words.append("reserved")
    return [",".join(word for word in words if word)]


def _slice(item: Json, now: float) -> list[Any]:
    spec = item.get("spec") or {}
    return [spec.get("nodeName") or _UNSET, spec.get("driver", ""), at(spec, "pool.name") or ""]


def _flow(item: Json, now: float) -> list[Any]:
    spec = item.get("spec") or {}
    told = next((one for one in at(item, "status.conditions") or () if one.get("type") == "Dangling"), None)
    return [
        item["metadata"]["name"],
        at(spec, "priorityLevelConfiguration.name") or "",
        spec.get("matchingPrecedence", 0),
        at(spec, "distinguisherMethod.type") or NONE,
        age(item, now),
        (told or {}).get("status") or "?",
    ]


def _level(item: Json, now: float) -> list[Any]:
    spec = item.get("spec") or {}
    limited = spec.get("limited") or {}
    queues = at(limited, "limitResponse.queuing") or {}
    shown = [queues.get(name, NONE) for name in ("queues", "handSize", "queueLengthLimit")]
    return [spec.get("type", ""), limited.get("nominalConcurrencyShares", NONE), *shown]


def _migration(item: Json, now: float) -> list[Any]:
    of = at(item, "spec.resource") or {}
    group = f".{of['group']}" if of.get("group") else ""
    states = [one["type"] for one in at(item, "status.conditions") or () if one.get("status") == "True"]
    word = next((word for word in ("Succeeded", "Failed", "Running") if word in states), "Unknown")
    return [item["metadata"]["name"], f"{of.get('resource', '')}{group}", word]


def _component(item: Json, now: float) -> list[Any]:
    well: Json = next((one for one in item.get("conditions") or () if one.get("type") == "Healthy"), {})
    word = "Healthy" if well.get("status") == "True" else "Unhealthy"
    return [item["metadata"]["name"], word, well.get("message", ""), well.get("error", "")]


_ADMISSION, _CERTIFICATES, _STORAGE = "admissionregistration.k8s.io", "certificates.k8s.io", "storage.k8s.io"
_DEVICES, _FLOWS, _NETWORK = "resource.k8s.io", "flowcontrol.apiserver.k8s.io", "networking.k8s.io"
_NAME_AND_AGE = Printer(columns=columns("Age"), cells=_plain())

KEPT: dict[tuple[str, str], Printer] = {
    ("", "componentstatuses"): Printer(columns=columns("Status", "Message", "Error"), cells=_component),
    ("apiregistration.k8s.io", "apiservices"): Printer(
        columns=columns("Service", "Available", "Age"), cells=_plain(_registration)
    ),
    (_CERTIFICATES, "certificatesigningrequests"): Printer(
        columns=columns("Age", "SignerName", "Requestor", "RequestedDuration", "Condition"), cells=_request
    ),
    (_CERTIFICATES, "clustertrustbundles"): Printer(columns=columns("SignerName"), cells=_bundle),
    (_NETWORK, "ipaddresses"): Printer(columns=columns("ParentRef"), cells=_plain(_address)),
    (_NETWORK, "servicecidrs"): Printer(columns=columns("CIDRs", "Age"), cells=_plain(_ranges)),
    (_STORAGE, "csidrivers"): Printer(
        columns=columns(
            *("AttachRequired:boolean", "PodInfoOnMount:boolean", "StorageCapacity:boolean", "TokenRequests"),
            *("RequiresRepublish:boolean", "Modes", "Age"),
        ),
        cells=_plain(_driver),
    ),
    (_STORAGE, "volumeattachments"): Printer(
        columns=(
            Column("Name", format="name"),
            Column("Attacher", format="name"),
            *(Column(name) for name in ("PV", "Node")),
            Column("Attached", "boolean"),
            Column("Age"),
        ),
        cells=_plain(_attachment),
    ),
    (_STORAGE, "volumeattributesclasses"): Printer(columns=columns("DriverName", "Age"), cells=_plain(_attributes)),
    (_ADMISSION, "mutatingadmissionpolicies"): Printer(
        columns=columns("Mutations:integer", "ParamKind", "Age"), cells=_plain(_parameters)
    ),
    (_ADMISSION, "mutatingadmissionpolicybindings"): Printer(
        columns=columns("PolicyName", "ParamRef", "Age"), cells=_plain(_mutation_binding)
    ),
    (_DEVICES, "deviceclasses"): _NAME_AND_AGE,
    (_DEVICES, "devicetaintrules"): Printer(
        columns=columns("Key", "Value", "Effect", "TimeAdded", "Age"), cells=_plain(_taint)
    ),
    (_DEVICES, "resourceclaims"): Printer(columns=columns("State", "Age"), cells=_plain(_claim)),
    (_DEVICES, "resourceclaimtemplates"): _NAME_AND_AGE,
    (_DEVICES, "resourceslices"): Printer(columns=columns("Node", "Driver", "Pool", "Age"), cells=_plain(_slice)),
    (_FLOWS, "flowschemas"): Printer(
        columns=columns("PriorityLevel", "MatchingPrecedence", "DistinguisherMethod", "Age", "MissingPL"), cells=_flow
    ),
    (_FLOWS, "prioritylevelconfigurations"): Printer(
        columns=columns("Type", "NominalConcurrencyShares", "Queues", "HandSize", "QueueLengthLimit", "Age"),
        cells=_plain(_level),
    ),
    ("storagemigration.k8s.io", "storageversionmigrations"): Printer(
        columns=(Column("Name"), Column("Resource"), Column("Status")), cells=_migration
    ),
}
