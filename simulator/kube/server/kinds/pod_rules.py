"""What is wrong with the specification of a pod, in the words of the real server.

The rules here are those that a person breaks by mistake: names, ports, volumes that are not there, words that are none
of the allowed ones. ``field`` is where the specification stands: ``spec`` of a pod, ``spec.template.spec`` of a workload.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from simulator.kube.server.field_errors import (
    duplicate,
    forbidden_field,
    invalid_value,
    not_found_value,
    not_supported,
    required,
)
from simulator.kube.server.kinds.quantities import amount
from simulator.kube.server.name_rules import Rule, dns_label, label_value, port_name, qualified_name, subdomain
from simulator.kube.server.refusals import Cause

Json = dict[str, Any]

LARGEST_INT32 = 2147483647
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def named(rule: Rule, field: str, value: str) -> list[Cause]:
    """One cause for each fault of a name."""
    return [invalid_value(field, value, fault) for fault in rule(value)]


def between(field: str, value: int, least: int, most: int) -> list[Cause]:
    """A number within bounds."""
    if least <= value <= most:
        return []
    return [invalid_value(field, value, f"must be between {least} and {most}, inclusive")]


def one_of(field: str, value: Any, allowed: Sequence[str]) -> list[Cause]:
    """A word that is one of the allowed ones."""
    return [] if value in allowed else [not_supported(field, value, allowed)]


def not_negative(field: str, value: int | None) -> list[Cause]:
    """A number from 0 on."""
    if value is None or value >= 0:
        return []
    return [invalid_value(field, value, "must be greater than or equal to 0")]


def check_labels(field: str, labels: Json) -> list[Cause]:
    """The labels of a selector or a template."""
    return [
        invalid_value(field, shown, fault)
        for key, value in labels.items()
        for shown, faults in ((key, qualified_name(key)), (value, label_value(str(value))))
        for fault in faults
    ]


def check_pod_spec(spec: Json, field: str) -> list[Cause]:
    """Everything that is wrong."""
    causes, volumes = _volume_causes(spec.get("volumes") or (), f"{field}.volumes")
    containers = spec.get("containers") or []
    if not containers:
        causes.append(required(f"{field}.containers"))
    taken: set[str] = set()
    for position, container in enumerate(containers):
        causes += _container_causes(container, f"{field}.containers[{position}]", taken, volumes)
    for position, container in enumerate(spec.get("initContainers") or ()):
        causes += _container_causes(container, f"{field}.initContainers[{position}]", taken, volumes)
    causes += one_of(f"{field}.restartPolicy", spec.get("restartPolicy"), _RESTART_POLICIES)
    causes += one_of(f"{field}.dnsPolicy", spec.get("dnsPolicy"), _DNS_POLICIES)
    if spec.get("nodeSelector"):
        causes += check_labels(f"{field}.nodeSelector", spec["nodeSelector"])
    if spec.get("serviceAccountName"):
        causes += named(subdomain, f"{field}.serviceAccountName", spec["serviceAccountName"])
    if spec.get("nodeName"):
        causes += named(subdomain, f"{field}.nodeName", spec["nodeName"])
    if spec.get("activeDeadlineSeconds") is not None:
        causes += between(f"{field}.activeDeadlineSeconds", spec["activeDeadlineSeconds"], 1, LARGEST_INT32)
    if spec.get("hostname"):
        causes += named(dns_label, f"{field}.hostname", spec["hostname"])
    for position, toleration in enumerate(spec.get("tolerations") or ()):
        causes += _toleration_causes(toleration, f"{field}.tolerations[{position}]")
    return causes


def _volume_causes(volumes: Iterable[Json], field: str) -> tuple[list[Cause], set[str]]:
    causes: list[Cause] = []
    names: set[str] = set()
    for position, volume in enumerate(volumes):
        where, name = f"{field}[{position}].name", volume.get("name") or ""
        if not name:
            causes.append(required(where))
            continue
        causes += named(dns_label, where, name)
        if name in names:
            causes.append(duplicate(where, name))
        names.add(name)
    return causes, names


def _container_causes(container: Json, field: str, taken: set[str], volumes: set[str]) -> list[Cause]:
    causes: list[Cause] = []
    name = container.get("name") or ""
    if not name:
        causes.append(required(f"{field}.name"))
    else:
        causes += named(dns_label, f"{field}.name", name)
        if name in taken:
            causes.append(duplicate(f"{field}.name", name))
        taken.add(name)
    if not container.get("image"):
        causes.append(required(f"{field}.image"))
    for position, port in enumerate(container.get("ports") or ()):
        causes += _port_causes(port, f"{field}.ports[{position}]")
    for position, variable in enumerate(container.get("env") or ()):
        causes += _variable_causes(variable, f"{field}.env[{position}].name")
    for position, mount in enumerate(container.get("volumeMounts") or ()):
        causes += _mount_causes(mount, f"{field}.volumeMounts[{position}]", volumes)
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(probe):
            causes += _probe_causes(container[probe], f"{field}.{probe}")
    if container.get("imagePullPolicy"):
        causes += one_of(f"{field}.imagePullPolicy", container["imagePullPolicy"], _PULL_POLICIES)
    if container.get("resources"):
        causes += _resource_causes(container["resources"], f"{field}.resources")
    return causes


def _port_causes(port: Json, field: str) -> list[Cause]:
    causes = named(port_name, f"{field}.name", port["name"]) if port.get("name") else []
    number = port.get("containerPort") or 0
    if not number:
        causes.append(required(f"{field}.containerPort"))
    else:
        causes += between(f"{field}.containerPort", number, 1, 65535)
    if port.get("hostPort"):
        causes += between(f"{field}.hostPort", port["hostPort"], 1, 65535)
    return causes + one_of(f"{field}.protocol", port.get("protocol"), _PROTOCOLS)


def _variable_causes(variable: Json, field: str) -> list[Cause]:
    name = variable.get("name") or ""
    if not name:
        return [required(field)]
    if "=" in name or not (name.isascii() and name.isprintable()):
        detail = "a valid environment variable name must consist only of printable ASCII characters other than '='"
        return [invalid_value(field, name, detail)]
    return []


def _mount_causes(mount: Json, field: str, volumes: set[str]) -> list[Cause]:
    causes: list[Cause] = []
    name = mount.get("name") or ""
    if not name:
        causes.append(required(f"{field}.name"))
    elif name not in volumes:
        causes.append(not_found_value(f"{field}.name", name))
    if not mount.get("mountPath"):
        causes.append(required(f"{field}.mountPath"))
    return causes


def _probe_causes(probe: Json, field: str) -> list[Cause]:
    command = probe.get("exec")
    return [required(f"{field}.exec.command")] if command is not None and not command.get("command") else []


def _resource_causes(resources: Json, field: str) -> list[Cause]:
    limits = resources.get("limits") or {}
    return [
        invalid_value(f"{field}.requests", str(wanted), f"must be less than or equal to {name} limit of {limits[name]}")
        for name, wanted in (resources.get("requests") or {}).items()
        if name in limits and amount(wanted) > amount(limits[name])
    ]


def _toleration_causes(toleration: Json, field: str) -> list[Cause]:
    causes = named(qualified_name, f"{field}.key", toleration["key"]) if toleration.get("key") else []
    operator, effect = toleration.get("operator") or "Equal", toleration.get("effect")
    if operator == "Exists" and toleration.get("value"):
        detail = "value must be empty when `operator` is 'Exists'"
        causes.append(invalid_value(f"{field}.operator", toleration["value"], detail))
    elif operator not in ("Equal", "Exists"):
        causes.append(not_supported(f"{field}.operator", operator, ("Equal", "Exists")))
    if not toleration.get("key") and operator != "Exists":
        detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        causes.append(invalid_value(f"{field}.operator", operator, detail))
    if effect:
        causes += one_of(f"{field}.effect", effect, _EFFECTS)
    return causes


def check_new_pod(pod: Json) -> list[Cause]:
    """What is wrong with a pod that is to be created."""
    causes = check_pod_spec(pod["spec"], "spec")
    if pod["spec"].get("ephemeralContainers"):
        causes.append(forbidden_field("spec.ephemeralContainers", "cannot be set on create"))
    return causes
