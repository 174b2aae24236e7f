"""Mutating admission policies and their bindings: defaults, and what is wrong with them in the real server's words."""

from collections.abc import Iterator, Sequence
from typing import Any

from simulator.kube.server.admission.policy_faults import (
    check_variables,
    complete_policy,
    match_faults,
    reference_faults,
    variable_faults,
    variables_for,
)
from simulator.kube.server.admission.webhook_configurations import condition_faults
from simulator.kube.server.custom.cel import CelError, expression_type
from simulator.kube.server.custom.cel_objects import TYPE, with_objects
from simulator.kube.server.field_errors import invalid_value, not_supported, required
from simulator.kube.server.name_rules import subdomain
from simulator.kube.server.refusals import Cause

Json = dict[str, Any]

_OPERATIONS = ("*", "CONNECT", "CREATE", "UPDATE")
# Of each way to change an object: the field that says how, the other one, and the type of its expression.
_PATCHES = {
    "ApplyConfiguration": ("applyConfiguration", "jsonPatch", "Object"),
    "JSONPatch": ("jsonPatch", "applyConfiguration", "list(JSONPatch)"),
}
_KINDS = {"Object": ("map", "dyn"), "list(JSONPatch)": ("list", "dyn")}


def complete_mutation(policy: Json, before: Json | None) -> None:
    """The defaults of a policy."""
    complete_policy(policy, policy if before is None else before)  # which has no status, other than one that validates
    for mutation in (policy.get("spec") or {}).get("mutations") or ():
        if mutation.get("patchType") is None:
            mutation["patchType"] = ""


def check_mutation(policy: Json, before: Json | None) -> Sequence[Cause]:
    """What is wrong with a policy."""
    spec = policy.get("spec") or {}
    causes: list[Cause] = []
    if spec.get("failurePolicy") not in ("Fail", "Ignore"):
        causes.append(not_supported("spec.failurePolicy", spec.get("failurePolicy"), ("Fail", "Ignore")))
    kind = spec.get("paramKind")
    if kind is not None:
        causes += [required(f"spec.paramKind.{name}") for name in ("apiVersion", "kind") if not kind.get(name)]
    match = spec.get("matchConstraints")
    if match is None:
        causes.append(required("spec.matchConstraints"))
    else:
        causes += match_faults(match, "spec.matchConstraints")
        if not match.get("resourceRules"):
            causes.append(required("spec.matchConstraints.resourceRules"))
        causes += _operation_faults(match, "spec.matchConstraints.resourceRules.operations")
    names = variables_for(kind)
    plain = tuple(name for name in names if name != "variables" or spec.get("variables"))
    causes += condition_faults(spec.get("matchConditions") or [], "spec.matchConditions", plain)
    known: list[str] = []
    for number, variable in enumerate(spec.get("variables") or []):
        causes += variable_faults(variable, f"spec.variables[{number}]", names, known)
        known.append(variable.get("name") or "")
    if not spec.get("mutations"):
        causes.append(required("spec.mutations", "mutations must contain at least one item"))
    for number, mutation in enumerate(spec.get("mutations") or ()):
        causes += _mutation_faults(mutation, f"spec.mutations[{number}]", names, known)
    again = spec.get("reinvocationPolicy") or ""
    if not again:
        causes.append(required("spec.reinvocationPolicy"))
    elif again not in ("IfNeeded", "Never"):
        causes.append(not_supported("spec.reinvocationPolicy", again, ("IfNeeded", "Never")))
    return causes


def _operation_faults(match: Json, place: str) -> Iterator[Cause]:
    for rule in match.get("resourceRules") or ():
        for operation in rule.get("operations") or ():
            if operation not in _OPERATIONS:
                yield not_supported(place, operation, _OPERATIONS)


def _mutation_faults(mutation: Json, place: str, names: tuple[str, ...], known: list[str]) -> Iterator[Cause]:
    kind = mutation.get("patchType") or ""
    if not kind:
        yield required(f"{place}.patchType")
        return
    if kind not in _PATCHES:
        yield not_supported(f"{place}.patchType", kind, tuple(_PATCHES))
        return
    field, other, wanted = _PATCHES[kind]
    if mutation.get(field) is None:
        yield required(f"{place}.{field}", f"must be specified when patchType is {kind}")
    else:
        text = (mutation[field].get("expression") or "").strip()
        where = f"{place}.{field}.expression"
        yield from _expression_faults(text, where, wanted, names, known) if text else (required(where),)
    if mutation.get(other) is not None:
        yield invalid_value(f"{place}.{other}", f"{{{other}}}", f"must not be specified when patchType is {kind}")


def _expression_faults(text: str, place: str, wanted: str, names: tuple[str, ...], known: list[str]) -> Iterator[Cause]:
    made = with_objects(text)
    try:
        kind = expression_type(made, names)
        check_variables(text, known)
    except CelError as error:
        yield invalid_value(place, text, f"compilation failed: {error}")
        return
    if not any(kind.startswith(one) for one in _KINDS[wanted]) or TYPE not in made:
        shown = kind.replace("<", "(").replace(">", ")")
        yield invalid_value(place, text, f"must evaluate to {wanted} but got {shown}")


def check_mutation_binding(binding: Json, before: Json | None) -> Sequence[Cause]:
    """What is wrong with a binding."""
    spec = binding.get("spec") or {}
    causes: list[Cause] = []
    name = spec.get("policyName") or ""
    if not name:
        causes.append(required("spec.policyName"))
    else:
        causes += [invalid_value("spec.policyName", name, fault) for fault in subdomain(name)]
    if spec.get("paramRef") is not None:
        causes += reference_faults(spec["paramRef"], "spec.paramRef")
    if spec.get("matchResources") is not None:
        causes += match_faults(spec["matchResources"], "spec.matchResources")
        causes += _operation_faults(spec["matchResources"], "spec.matchResources.resourceRules.operations")
    return causes
