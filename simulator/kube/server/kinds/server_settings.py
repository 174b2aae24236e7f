"""Kinds by which a server is set up: its groups, its fairness, its addresses, how it changes what is written.

They are kept and shown. Of the simulated server nobody obeys them: fairness, aggregation and migration of what is stored
are not simulated.
"""

from collections.abc import Sequence
from typing import Any

from simulator.kube.server.admission.bound_policies import GROUP as ADMISSION_GROUP
from simulator.kube.server.admission.mutation_faults import check_mutation, check_mutation_binding, complete_mutation
from simulator.kube.server.admission.policy_faults import complete_binding
from simulator.kube.server.field_errors import invalid_value, required
from simulator.kube.server.kinds.pod_defaults import fill
from simulator.kube.server.refusals import Cause
from simulator.kube.server.registry import Resource

Json = dict[str, Any]
FLOW_CONTROL = "flowcontrol.apiserver.k8s.io"
REGISTRATION = "apiregistration.k8s.io"
_QUEUES = {"queues": 64, "handSize": 8, "queueLengthLimit": 50}


def _complete_registration(item: Json, before: Json | None) -> None:
    service = (item.get("spec") or {}).get("service")
    if service is not None:
        fill(service, {"port": 443})


def _complete_flow(item: Json, before: Json | None) -> None:
    fill(item.setdefault("spec", {}), {"matchingPrecedence": 1000})


def _complete_level(item: Json, before: Json | None) -> None:
    spec = item.setdefault("spec", {})
    if spec.get("exempt") is not None or spec.get("type") == "Exempt":
        fill(spec, {"exempt": {}})
        fill(spec["exempt"], {"nominalConcurrencyShares": 0, "lendablePercent": 0})
    limited = spec.get("limited")
    if limited is None:
        return
    fill(limited, {"nominalConcurrencyShares": 30, "lendablePercent": 0})
    answer = limited.get("limitResponse") or {}
    if answer.get("queuing") is not None:
        fill(answer["queuing"], _QUEUES)


def _check_level(item: Json, before: Json | None) -> Sequence[Cause]:
    spec, name = item["spec"], item["metadata"]["name"]
    kind = spec.get("type") or ""
    if (kind == "Exempt") != (name == "exempt"):
        return [invalid_value("spec.type", kind, "must be 'Exempt' if and only if `name` is 'exempt'")]
    answer: Json = (spec.get("limited") or {}).get("limitResponse") or {}
    if answer.get("type") == "Queue" and answer.get("queuing") is None:
        return [required("spec.limited.limitResponse.queuing")]
    return ()


def _cluster_wide(group: str, plural: str, kind: str, **more: Any) -> Resource:
    return Resource(group=group, version="v1", plural=plural, kind=kind, namespaced=False, **more)


SERVER_SETTINGS: tuple[Resource, ...] = (
    _cluster_wide(
        REGISTRATION,
        "apiservices",
        "APIService",
        subresources=("status",),
        status_on_create={},
        needs_revision=True,
        complete=_complete_registration,
    ),
    _cluster_wide(
        FLOW_CONTROL,
        "flowschemas",
        "FlowSchema",
        subresources=("status",),
        status_on_create={},
        counts_generation=True,
        complete=_complete_flow,
    ),
    _cluster_wide(
        FLOW_CONTROL,
        "prioritylevelconfigurations",
        "PriorityLevelConfiguration",
        subresources=("status",),
        status_on_create={},
        counts_generation=True,
        complete=_complete_level,
        check=_check_level,
    ),
    _cluster_wide(
        ADMISSION_GROUP,
        "mutatingadmissionpolicies",
        "MutatingAdmissionPolicy",
        counts_generation=True,
        needs_revision=True,
        complete=complete_mutation,
        check=check_mutation,
    ),
    _cluster_wide(
        ADMISSION_GROUP,
        "mutatingadmissionpolicybindings",
        "MutatingAdmissionPolicyBinding",
        counts_generation=True,
        needs_revision=True,
        complete=complete_binding,
        check=check_mutation_binding,
    ),
    _cluster_wide("networking.k8s.io", "ipaddresses", "IPAddress"),
    _cluster_wide("networking.k8s.io", "servicecidrs", "ServiceCIDR", subresources=("status",), status_on_create={}),
    _cluster_wide("node.k8s.io", "runtimeclasses", "RuntimeClass", creates_on_update=True, needs_revision=True),
    _cluster_wide(
        "storagemigration.k8s.io",
        "storageversionmigrations",
        "StorageVersionMigration",
        subresources=("status",),
        status_on_create={},
        needs_revision=True,
    ),
)
