"""How what makes a cluster is printed: nodes, namespaces, events, leases, accounts, roles, configuration, webhooks."""

from typing import Any

from simulator.kube.server.tables.printing import (
    NONE,
    UNKNOWN,
    Column,
    Json,
    Printer,
    age,
    at,
    columns,
    joined,
    rows,
    since,
)

_ROLE = "node-role.kubernetes.io/"


def _node(item: Json, now: float) -> list[Any]:
    info = at(item, "status.nodeInfo") or {}
    cells = [_node_status(item), joined(sorted(_node_roles(item)))]
    addresses = {one["type"]: one["address"] for one in reversed(at(item, "status.addresses") or ())}
    return [
        *rows(item, cells, now),
        info.get("kubeletVersion", ""),
        *(addresses.get(kind, NONE) for kind in ("InternalIP", "ExternalIP")),
        info.get("osImage") or UNKNOWN,
        _kernel(info),
        info.get("containerRuntimeVersion") or UNKNOWN,
    ]


def _kernel(info: Json) -> str:
    version, architecture = info.get("kernelVersion"), info.get("architecture")
    return f"{version} ({architecture})" if version and architecture else version or UNKNOWN


def _node_status(item: Json) -> str:
    ready = [one for one in at(item, "status.conditions") or () if one.get("type") == "Ready"]
    word = "Unknown" if not ready else "Ready" if ready[0].get("status") == "True" else "NotReady"
    return word + (",SchedulingDisabled" if at(item, "spec.unschedulable") else "")


def _node_roles(item: Json) -> set[str]:
    labels = item["metadata"].get("labels") or {}
    found = {key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE)}
    return {role for role in found | {labels.get("kubernetes.io/role", "")} if role}


def _event(item: Json, now: float) -> list[Any]:
    series = item.get("series") or {}
    first = since(_either(item, "firstTimestamp", "deprecatedFirstTimestamp") or item.get("eventTime"), now)
    latest = _either(item, "lastTimestamp", "deprecatedLastTimestamp")
    last = since(latest, now) if latest else first
    number = _either(item, "count", "deprecatedCount") or 1
    if series:
        last, number = since(series.get("lastObservedTime"), now), series.get("count", 0)
    about = _either(item, "involvedObject", "regarding") or {}
    target = about.get("kind", "").lower() + (f"/{about['name']}" if about.get("name") else "")
    return [
        last,
        item.get("type", ""),
        item.get("reason", ""),
        target,
        about.get("fieldPath", ""),
        _source(item),
        (_either(item, "message", "note") or "").strip(),
        first,
        number,
        item["metadata"]["name"],
    ]


def _either(item: Json, name: str, newer: str) -> Any:
    """A field of an Event, which has another name in its newer group."""
    return item.get(name) or item.get(newer)


def _source(item: Json) -> str:
    source = _either(item, "source", "deprecatedSource") or {}
    component = source.get("component") or _either(item, "reportingComponent", "reportingController") or ""
    host = source.get("host") or item.get("reportingInstance", "")
    return f"{component}, {host}" if host else str(component)


def _binding(item: Json, now: float) -> list[Any]:
    named: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for subject in item.get("subjects") or ():
        place = f"{subject.get('namespace', '')}/" if subject["kind"] == "ServiceAccount" else ""
        named.setdefault(subject["kind"], []).append(place + subject["name"])
    reference = item.get("roleRef") or {}
    subjects = [", ".join(named[kind]) for kind in ("User", "Group", "ServiceAccount")]
    return [*rows(item, [f"{reference.get('kind', '')}/{reference.get('name', '')}"], now), *subjects]


def _policy_kind(item: Json) -> str:
    kind = at(item, "spec.paramKind")
    return f"{kind['apiVersion']}/{kind['kind']}" if kind else "<unset>"


def _definition(item: Json, now: float) -> list[Any]:
    spec = item["spec"]
    names = at(item, "status.acceptedNames") or {}
    versions = [
        version["name"] + ("(storage)" if version.get("storage") else "")
        for version in spec["versions"]
        if version.get("served")
    ]
    return [
        item["metadata"]["name"],
        spec["scope"],
        ",".join(versions),
        item["metadata"]["creationTimestamp"],
        spec["group"],
        spec["names"]["kind"],
        ",".join(names.get("shortNames") or ()),
        any(one["type"] == "Established" and one["status"] == "True" for one in at(item, "status.conditions") or ()),
    ]


def _priority_class(item: Json, now: float) -> list[Any]:
    cells = [item["metadata"]["name"], item.get("value", 0), bool(item.get("globalDefault")), age(item, now)]
    return [*cells, item.get("preemptionPolicy", "")]


def _secret(item: Json, now: float) -> list[Any]:
    return rows(item, [item.get("type", ""), len(item.get("data") or ())], now)


def _configmap(item: Json, now: float) -> list[Any]:
    return rows(item, [len(item.get("data") or ()) + len(item.get("binaryData") or ())], now)


def _quota(item: Json, now: float) -> list[Any]:
    hard, used = at(item, "status.hard") or {}, at(item, "status.used") or {}
    texts = {name: f"{name}: {used.get(name, 0)}/{most}" for name, most in sorted(hard.items())}
    limits = {name: text for name, text in texts.items() if name.startswith("limits.")}
    requests = [text for name, text in texts.items() if name not in limits]
    return rows(item, [", ".join(requests), ", ".join(limits.values())], now)


def _scale(item: Json, now: float) -> list[Any]:
    return rows(item, [at(item, "spec.replicas") or 0, at(item, "status.replicas") or 0], now)


def _class(item: Json, now: float) -> list[Any]:
    name = item["metadata"]["name"]
    annotations = item["metadata"].get("annotations") or {}
    default = annotations.get("storageclass.kubernetes.io/is-default-class") == "true"
    policy = item.get("reclaimPolicy") or "Delete"
    mode = item.get("volumeBindingMode") or "<unset>"
    expands = bool(item.get("allowVolumeExpansion"))
    shown = f"{name} (default)" if default else name
    return [shown, item.get("provisioner", ""), policy, mode, expands, age(item, now)]


_BINDING_COLUMNS = columns("Role", "Age", "Users/wide", "Groups/wide", "ServiceAccounts/wide")
_WEBHOOKS = Printer(
    columns=columns("Webhooks:integer", "Age"),
    cells=lambda item, now: rows(item, [len(item.get("webhooks") or ())], now),
)
_ADMISSION = "admissionregistration.k8s.io"
_RBAC = "rbac.authorization.k8s.io"
_EVENT = Printer(
    columns=(
        *(Column(name) for name in ("Last Seen", "Type", "Reason", "Object")),
        *(Column(name, "string", 1) for name in ("Subobject", "Source")),
        Column("Message"),
        *(Column(name, "string", 1) for name in ("First Seen", "Count")),
        Column("Name", "string", 1, "name"),
    ),
    cells=_event,
)

SCALE = Printer(columns=columns("Desired:integer", "Available:integer", "Age"), cells=_scale)
"""Of whatever has a /scale."""

CLUSTER: dict[tuple[str, str], Printer] = {
    ("", "nodes"): Printer(
        columns=columns(
            *("Status", "Roles", "Age", "Version", "Internal-IP/wide", "External-IP/wide", "OS-Image/wide"),
            *("Kernel-Version/wide", "Container-Runtime/wide"),
        ),
        cells=_node,
    ),
    ("", "namespaces"): Printer(
        columns=columns("Status", "Age"),
        cells=lambda item, now: rows(item, [at(item, "status.phase") or ""], now),
    ),
    ("", "configmaps"): Printer(columns=columns("Data", "Age"), cells=_configmap),
    ("", "resourcequotas"): Printer(columns=columns("Request", "Limit", "Age"), cells=_quota),
    ("", "secrets"): Printer(columns=columns("Type", "Data", "Age"), cells=_secret),
    ("", "serviceaccounts"): Printer(columns=columns("Age"), cells=lambda item, now: rows(item, [], now)),
    ("", "events"): _EVENT,
    ("coordination.k8s.io", "leases"): Printer(
        columns=columns("Holder", "Age"),
        cells=lambda item, now: rows(item, [at(item, "spec.holderIdentity") or ""], now),
    ),
    (_RBAC, "rolebindings"): Printer(columns=_BINDING_COLUMNS, cells=_binding),
    (_RBAC, "clusterrolebindings"): Printer(columns=_BINDING_COLUMNS, cells=_binding),
    (_ADMISSION, "mutatingwebhookconfigurations"): _WEBHOOKS,
    (_ADMISSION, "validatingwebhookconfigurations"): _WEBHOOKS,
    (_ADMISSION, "validatingadmissionpolicies"): Printer(
        columns=columns("Validations:integer", "ParamKind", "Age"),
        cells=lambda item, now: rows(item, [len(at(item, "spec.validations") or ()), _policy_kind(item)], now),
    ),
    (_ADMISSION, "validatingadmissionpolicybindings"): Printer(
        columns=columns("PolicyName", "ParamRef", "Age"),
        cells=lambda item, now: rows(
            item, [at(item, "spec.policyName") or "", at(item, "spec.paramRef.name") or "<unset>"], now
        ),
    ),
    ("apiextensions.k8s.io", "customresourcedefinitions"): Printer(
        columns=columns(
            *("Scope", "Versions", "Created At:date", "Group/wide", "Kind/wide", "ShortNames/wide"),
            "Established:boolean/wide",
        ),
        cells=_definition,
    ),
    ("scheduling.k8s.io", "priorityclasses"): Printer(
        columns=columns("Value:integer", "Global-Default:boolean", "Age", "PreemptionPolicy"), cells=_priority_class
    ),
    ("node.k8s.io", "runtimeclasses"): Printer(
        columns=columns("Handler", "Age"), cells=lambda item, now: rows(item, [item.get("handler", "")], now)
    ),
    ("storage.k8s.io", "csinodes"): Printer(
        columns=columns("Drivers:integer", "Age"),
        cells=lambda item, now: rows(item, [len(at(item, "spec.drivers") or ())], now),
    ),
    ("storage.k8s.io", "storageclasses"): Printer(
        columns=columns("Provisioner", "ReclaimPolicy", "VolumeBindingMode", "AllowVolumeExpansion", "Age"),
        cells=_class,
    ),
}
