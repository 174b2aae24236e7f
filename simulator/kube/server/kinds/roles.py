"""Roles and their bindings: what they may say, and what is filled in.

Whether somebody may write them is another matter (``access/escalation.py``).
"""

from collections.abc import Iterator, Sequence
from typing import Any

from simulator.kube.server.admission.webhook_configurations import selector_faults
from simulator.kube.server.field_errors import invalid_value, json_text, not_supported, required
from simulator.kube.server.kinds.pod_defaults import fill
from simulator.kube.server.name_rules import label_value, path_segment, subdomain
from simulator.kube.server.refusals import Cause
from simulator.kube.server.registry import Check, Complete, Resource

Json = dict[str, Any]

RBAC = "rbac.authorization.k8s.io"
_SUBJECTS = ("ServiceAccount", "User", "Group")


def _complete_role(role: Json, before: Json | None) -> None:
    role.setdefault("rules", None)


def _forget_no_rules(role: Json) -> None:
    if not role["rules"]:
        role["rules"] = None


def _complete_binding(binding: Json, before: Json | None) -> None:
    fill(binding.setdefault("roleRef", {}), {"apiGroup": RBAC})
    for subject in binding.get("subjects") or ():
        if subject.get("kind") in ("User", "Group"):
            fill(subject, {"apiGroup": RBAC})


def _check_role(role: Json, before: Json | None) -> Sequence[Cause]:
    if before is not None and role.get("rules") is before.get("rules"):
        return ()
    namespaced = "namespace" in role["metadata"]
    return [
        cause for number, rule in enumerate(role["rules"] or ()) for cause in _rule(rule, number, namespaced=namespaced)
    ]


def _check_cluster_role(role: Json, before: Json | None) -> Sequence[Cause]:
    causes = list(_check_role(role, before))
    aggregation = role.get("aggregationRule")
    if aggregation is None:
        return causes
    place = "aggregationRule.clusterRoleSelectors"
    selectors = aggregation.get("clusterRoleSelectors")
    if not selectors:
        detail = "at least one clusterRoleSelector required if aggregationRule is non-nil"
        return [*causes, required(place, detail)]
    for number, selector in enumerate(selectors):
        faults = [*_labels(selector, f"{place}[{number}]"), *selector_faults(selector, f"{place}[{number}]")]
        if faults:
            causes += [*faults, invalid_value(f"{place}[{number}]", None, "invalid label selector.")]
    return causes


def _labels(selector: Json, place: str) -> Iterator[Cause]:
    for value in (selector.get("matchLabels") or {}).values():
        for fault in label_value(value):
            yield invalid_value(f"{place}.matchLabels", value, fault)


def _rule(rule: Json, number: int, *, namespaced: bool) -> Iterator[Cause]:
    place = f"rules[{number}]"
    paths = rule.get("nonResourceURLs")
    if paths:
        if namespaced:
            detail = "namespaced rules cannot apply to non-resource URLs"
            yield invalid_value(f"{place}.nonResourceURLs", paths, detail)
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            detail = "rules cannot apply to both regular resources and non-resource URLs"
            yield invalid_value(f"{place}.nonResourceURLs", paths, detail)
    else:
        if not rule.get("apiGroups"):
            yield required(f"{place}.apiGroups", "resource rules must supply at least one api group")
        if not rule.get("resources"):
            yield required(f"{place}.resources", "resource rules must supply at least one resource")
    if not rule.get("verbs"):
        yield required(f"{place}.verbs")


def _check_binding(binding: Json, before: Json | None) -> Sequence[Cause]:
    namespaced = "namespace" in binding["metadata"]
    reference = binding["roleRef"]
    causes = list(_reference(reference, ("Role", "ClusterRole") if namespaced else ("ClusterRole",)))
    for number, subject in enumerate(binding.get("subjects") or ()):
        causes += _subject(subject, f"subjects[{number}]", namespaced=namespaced)
    if before is not None and reference != before.get("roleRef"):
        shown = ",".join(
            f"{json_text(go)}:{json_text(reference.get(name, ''))}"
            for go, name in (("APIGroup", "apiGroup"), ("Kind", "kind"), ("Name", "name"))
        )
        causes.append(Cause(field="roleRef", message=f"Invalid value: {{{shown}}}: field is immutable"))
    return causes


def _reference(reference: Json, kinds: Sequence[str]) -> Iterator[Cause]:
    if reference.get("apiGroup") != RBAC:
        yield not_supported("roleRef.apiGroup", reference.get("apiGroup", ""), (RBAC,))
    if reference.get("kind") not in kinds:
        yield not_supported("roleRef.kind", reference.get("kind", ""), kinds)
    name = reference.get("name", "")
    if not name:
        yield required("roleRef.name")
    for fault in path_segment(name):
        yield invalid_value("roleRef.name", name, fault)


def _subject(subject: Json, place: str, *, namespaced: bool) -> Iterator[Cause]:
    kind, name, group = (subject.get(field, "") for field in ("kind", "name", "apiGroup"))
    if kind not in _SUBJECTS:
        yield not_supported(f"{place}.kind", kind, _SUBJECTS)
    if not name:
        yield required(f"{place}.name")
    if kind == "ServiceAccount":
        for fault in subdomain(name) if name else ():
            yield invalid_value(f"{place}.name", name, fault)
        if group:
            yield not_supported(f"{place}.apiGroup", group, ("",))
        if not (namespaced or subject.get("namespace")):
            yield required(f"{place}.namespace")
    elif kind in _SUBJECTS and group != RBAC:
        yield not_supported(f"{place}.apiGroup", group, (RBAC,))


def _kind(plural: str, kind: str, complete: Complete, check: Check, *, namespaced: bool) -> Resource:
    return Resource(
        group=RBAC,
        version="v1",
        plural=plural,
        kind=kind,
        namespaced=namespaced,
        creates_on_update=True,
        grants=True,
        forget=None if kind.endswith("Binding") else _forget_no_rules,
        complete=complete,
        check=check,
    )


ROLES: tuple[Resource, ...] = (
    _kind("roles", "Role", _complete_role, _check_role, namespaced=True),
    _kind("rolebindings", "RoleBinding", _complete_binding, _check_binding, namespaced=True),
    _kind("clusterroles", "ClusterRole", _complete_role, _check_cluster_role, namespaced=False),
    _kind("clusterrolebindings", "ClusterRoleBinding", _complete_binding, _check_binding, namespaced=False),
)
