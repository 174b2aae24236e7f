"""Validating admission policies and their bindings: defaults, and what is wrong with them in the real server's words."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from simulator.kube.server.admission.bound_policies import POLICY_VARIABLES
from simulator.kube.server.admission.webhook_configurations import (
    complete_rules,
    condition_faults,
    rule_faults,
    selector_faults,
)
from simulator.kube.server.custom.cel import CelError, expression_type
from simulator.kube.server.field_errors import duplicate, forbidden_field, invalid_value, not_supported, required
from simulator.kube.server.name_rules import qualified_name
from simulator.kube.server.refusals import Cause

Json = dict[str, Any]

_REASONS = ("Forbidden", "Invalid", "RequestEntityTooLarge")
_ACTIONS = ("Audit", "Deny", "Warn")
_VARIABLE = re.compile(r"\bvariables\.([_a-zA-Z]\w*)")
_IDENTIFIER = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")


def complete_policy(policy: Json, before: Json | None) -> None:
    """The defaults of a policy."""
    spec = policy.get("spec") or {}
    spec["failurePolicy"] = spec.get("failurePolicy") or "Fail"
    if spec.get("matchConstraints") is not None:
        _complete_match(spec["matchConstraints"])
    if before is None:
        policy.setdefault("status", {})


def complete_binding(binding: Json, before: Json | None) -> None:
    """The defaults of a binding."""
    spec = binding.get("spec") or {}
    if spec.get("matchResources") is not None:
        _complete_match(spec["matchResources"])


def _complete_match(match: Json) -> None:
    match["matchPolicy"] = match.get("matchPolicy") or "Equivalent"
    for name in ("namespaceSelector", "objectSelector"):
        if match.get(name) is None:
            match[name] = {}
    complete_rules(match.get("resourceRules"))
    complete_rules(match.get("excludeResourceRules"))


def check_policy(policy: Json, before: Json | None) -> Sequence[Cause]:
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
    names = variables_for(kind)
    if not spec.get("variables"):
        names = tuple(name for name in names if name != "variables")
    causes += condition_faults(spec.get("matchConditions") or [], "spec.matchConditions", names)
    known: list[str] = []
    for number, variable in enumerate(spec.get("variables") or []):
        causes += variable_faults(variable, f"spec.variables[{number}]", names, known)
        known.append(variable.get("name") or "")
    validations = spec.get("validations") or []
    if not validations and not spec.get("auditAnnotations"):
        detail = "validations or auditAnnotations must contain at least one item"
        causes += [required("spec.validations", detail), required("spec.auditAnnotations", detail)]
    for number, validation in enumerate(validations):
        causes += _validation_faults(validation, f"spec.validations[{number}]", names, known)
    keys: list[str] = []
    for number, annotation in enumerate(spec.get("auditAnnotations") or []):
        place = f"spec.auditAnnotations[{number}]"
        causes += _annotation_faults(annotation, place, policy["metadata"].get("name") or "", names, known, keys)
    return causes


def variables_for(kind: Json | None) -> tuple[str, ...]:
    """What the expressions of a policy can name; ``kind`` is that of its parameters."""
    return tuple(name for name in POLICY_VARIABLES if name != "params" or kind is not None)


def match_faults(match: Json, place: str) -> Iterator[Cause]:
    """What is wrong with what says of which requests a policy is asked."""
    if match.get("matchPolicy") not in ("Equivalent", "Exact"):
        yield not_supported(f"{place}.matchPolicy", match.get("matchPolicy"), ("Equivalent", "Exact"))
    for name in ("namespaceSelector", "objectSelector"):
        yield from selector_faults(match.get(name) or {}, f"{place}.{name}")
    for name in ("resourceRules", "excludeResourceRules"):
        for number, rule in enumerate(match.get(name) or []):
            yield from rule_faults(rule, f"{place}.{name}[{number}]")


def _annotation_faults(
    annotation: Json, place: str, policy: str, names: tuple[str, ...], known: list[str], keys: list[str]
) -> Iterator[Cause]:
    """What is wrong with an annotation for the audit log, whose key stands behind the policy's name there."""
    key, text = annotation.get("key") or "", annotation.get("valueExpression") or ""
    full = f"{policy}/{key}"
    for fault in qualified_name(full):
        yield invalid_value(f"{place}.key", full, fault)
    if key in keys:
        yield duplicate(f"{place}.key", key)
    keys.append(key)
    if not text.strip():
        yield required(f"{place}.valueExpression", "valueExpression is not specified")
    else:
        yield from compile_faults(text, f"{place}.valueExpression", names, ("string", "null_type"), known)


def variable_faults(variable: Json, place: str, names: tuple[str, ...], known: list[str]) -> Iterator[Cause]:
    """What is wrong with a variable; ``known`` are those before it."""
    name, text = variable.get("name") or "", variable.get("expression") or ""
    if not name.strip():
        yield required(f"{place}.name", "name is not specified")
    elif _IDENTIFIER.fullmatch(name) is None:
        yield invalid_value(f"{place}.name", name, "must be a valid CEL identifier")
    if not text.strip():
        yield required(f"{place}.expression", "expression is not specified")
    else:
        yield from compile_faults(text, f"{place}.expression", names, (), known)


def compile_faults(
    text: str, place: str, names: tuple[str, ...], wanted: tuple[str, ...], known: list[str]
) -> Iterator[Cause]:
    """Why an expression is none of a type; several types must be had for certain."""
    try:
        kind = {"null": "null_type"}.get(found := expression_type(text, names), found)
        if "variables" in names:
            check_variables(text, known)
    except CelError as error:
        yield invalid_value(place, text, f"compilation failed: {error}")
        return
    if len(wanted) == 1 and kind not in (*wanted, "dyn"):
        yield invalid_value(place, text, f"must evaluate to {wanted[0]} but got {kind}")
    elif len(wanted) > 1 and kind not in wanted:
        yield invalid_value(place, text, f"must evaluate to one of [{' '.join(wanted)}] but got {kind}")


def check_variables(text: str, known: list[str]) -> None:
    """Whether every variable that an expression names has been declared before it.

    Raises:
        CelError: one has not.
    """
    faults = []
    for found in _VARIABLE.finditer(text):
        if found[1] in known:
            continue
        line, at = text.count("\n", 0, found.start()), found.start(1) - 1
        begins = text.rfind("\n", 0, at) + 1
        shown = text.split("\n")[line]
        column = at - begins + 1
        faults.append(
            f"ERROR: <input>:{line + 1}:{column}: undefined field '{found[1]}'\n | {shown}\n | {'.' * (column - 1)}^"
        )
    if faults:
        raise CelError("\n".join(faults))


def _validation_faults(validation: Json, place: str, names: tuple[str, ...], known: list[str]) -> Iterator[Cause]:
    text, message = validation.get("expression") or "", validation.get("message") or ""
    expression = validation.get("messageExpression") or ""
    if not text.strip():
        yield required(f"{place}.expression", "expression is not specified")
    else:
        yield from compile_faults(text, f"{place}.expression", names, ("bool",), known)
    if expression and not expression.strip():
        yield invalid_value(f"{place}.messageExpression", expression, "must be non-empty if specified")
    elif expression:
        seen = tuple(name for name in names if name != "authorizer")
        yield from compile_faults(expression, f"{place}.messageExpression", seen, ("string",), known)
    if message and not message.strip():
        yield invalid_value(f"{place}.message", message, "must be non-empty if specified")
    elif "\n" in message.strip():
        yield invalid_value(f"{place}.message", message, "must not contain line breaks")
    if validation.get("reason") is not None and validation["reason"] not in _REASONS:
        yield not_supported(f"{place}.reason", validation["reason"], _REASONS)


def check_binding(binding: Json, before: Json | None) -> Sequence[Cause]:
    """What is wrong with a binding."""
    spec = binding.get("spec") or {}
    causes: list[Cause] = []
    if not spec.get("policyName"):
        causes.append(required("spec.policyName"))
    if spec.get("paramRef") is not None:
        causes += reference_faults(spec["paramRef"], "spec.paramRef")
    if spec.get("matchResources") is not None:
        causes += match_faults(spec["matchResources"], "spec.matchResources")
    causes += _action_faults(spec.get("validationActions") or [], "spec.validationActions")
    return causes


def reference_faults(reference: Json, place: str) -> Iterator[Cause]:
    """What is wrong with where parameters are looked for."""
    name, selector = reference.get("name"), reference.get("selector")
    both = "name and selector are mutually exclusive"
    if name and selector is not None:
        yield forbidden_field(f"{place}.name", both)
        yield forbidden_field(f"{place}.selector", both)
    if not name and selector is None:
        yield required(place, "one of name or selector must be specified")
    action = reference.get("parameterNotFoundAction")
    if not action:
        yield required(f"{place}.parameterNotFoundAction")
    elif action not in ("Allow", "Deny"):
        yield not_supported(f"{place}.parameterNotFoundAction", action, ("Deny", "Allow"))


def _action_faults(actions: list[str], place: str) -> Iterator[Cause]:
    if not actions:
        yield required(place)
    for number, action in enumerate(actions):
        if action not in _ACTIONS:
            yield not_supported(f"{place}[{number}]", action, _ACTIONS)
        if action in actions[:number]:
            yield Cause(
                field=f"{place}[{number}]", message=f'Duplicate value: "{action}"', reason="FieldValueDuplicate"
            )
    if "Deny" in actions and "Warn" in actions:
        detail = "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)"
        yield invalid_value(place, actions, detail)
