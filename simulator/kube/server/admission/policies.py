"""Validating admission policies: expressions that the server asks itself, where a webhook would be asked over the network.

A policy says what must hold, and of what; it is asked only where a binding says so, which also says what becomes of a
no (deny, warn), and with which parameters. Audit is accepted and has no effect, as nothing is audited.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from simulator.kube.server.admission.bound_policies import (
    GROUP,
    BadPolicy,
    BoundPolicies,
    Policy,
    RequestOf,
    compiled,
    composed,
    meets_conditions,
    parts_of,
)
from simulator.kube.server.advice import advise
from simulator.kube.server.custom.cel import Expression
from simulator.kube.server.refusals import Refusal, forbidden
from simulator.kube.server.registry import Registry, Resource
from simulator.kube.server.routes import Route
from simulator.kube.server.store import Store

Json = dict[str, Any]

TABLES = ((GROUP, "validatingadmissionpolicies"), (GROUP, "validatingadmissionpolicybindings"))
_CODES = {"Forbidden": 403, "Unauthorized": 401, "RequestEntityTooLarge": 413, "Invalid": 422}
_MESSAGE_BYTES = 5 * 1024


class _Validation(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    expression: Expression
    message: str
    message_expression: Expression | None
    reason: str


class _Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A no, and why; ``misplaced`` if the policy or its binding is at fault: then it denies, whatever the binding says."""

    message: str
    reason: str = "Invalid"
    misplaced: bool = False


class _Validating(Policy, frozen=True, kw_only=True):
    validations: Sequence[_Validation]


class ValidatingPolicies:
    """The validating policies of one store."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self.bound = BoundPolicies(store, registry, TABLES, _policy_of)

    async def judge(self, route: Route, operation: str, others: Sequence[Resource], request_of: RequestOf) -> None:
        """Ask every policy.

        Args:
            route: what is asked for.
            operation: CREATE and so on.
            others: the other versions of the resource, in which a policy may want to see it.
            request_of: the request in the version of a resource.

        Raises:
            Refusal: one says no, and its binding denies.
        """
        denied: tuple[str, _Decision] | None = None
        for policy, binding, view in self.bound.wanting(route, operation, others):
            request = await request_of(view)
            if not self.bound.selected(policy, binding, route, request):
                continue
            names = f"'{policy.name}' with binding '{binding['metadata']['name']}'"
            lost = self.bound.lost(policy)
            if lost:
                no = _Decision(message=f"failed to configure policy: {lost}")
                denied = denied or (f"ValidatingAdmissionPolicy '{policy.name}' denied request: {no.message}", no)
                continue
            for decision in self._decisions(policy, binding, route, request):
                actions = ("Deny",) if decision.misplaced else binding["spec"].get("validationActions") or ()
                if "Warn" in actions:
                    advise(f"Validation failed for ValidatingAdmissionPolicy {names}: {decision.message}")
                if "Deny" in actions and denied is None:
                    denied = (f"ValidatingAdmissionPolicy {names} denied request: {decision.message}", decision)
        if denied is not None:
            raise _denial(route, await request_of(route.resource), *denied)

    def _decisions(self, policy: _Validating, binding: Json, route: Route, request: Json) -> Iterator[_Decision]:
        try:
            values = self.bound.values(policy, binding, route, request)
        except BadPolicy as error:
            yield _Decision(message=f"failed to configure binding: {error}", misplaced=True)
            return
        for one in values:
            yield from _judged(policy, one)


def _policy_of(policy: Json) -> _Validating:
    return _Validating(
        **parts_of(policy),
        validations=[
            _Validation(
                text=one["expression"].strip(),
                expression=compiled(one["expression"]),
                message=(one.get("message") or "").strip(),
                message_expression=compiled(one["messageExpression"]) if one.get("messageExpression") else None,
                reason=one.get("reason") or "Invalid",
            )
            for one in policy["spec"].get("validations") or ()
        ],
    )


def _judged(policy: _Validating, values: Json) -> Iterator[_Decision]:
    try:
        if not meets_conditions(policy, values):
            return
    except BadPolicy as bad:
        yield _Decision(message=str(bad))
        return
    known = composed(policy, values)
    for validation in policy.validations:
        if validation.expression.holds(known.seen):
            continue
        error = validation.expression.error(known.seen)
        if not error:
            yield _Decision(message=_message(validation, known.seen), reason=validation.reason)
        elif not policy.ignores_failure:
            why = known.why(validation.text, error)
            yield _Decision(message=f"expression '{validation.text}' resulted in error: {why}")


def _message(validation: _Validation, seen: Any) -> str:
    said = ""
    if validation.message_expression is not None and not validation.message_expression.error(seen):
        text = validation.message_expression.value(seen)
        said = text.strip() if isinstance(text, str) else ""
        if "\n" in said or len(said) > _MESSAGE_BYTES:
            said = ""
    return said or validation.message or f"failed expression: {validation.text}"


def _denial(route: Route, request: Json, message: str, decision: _Decision) -> Refusal:
    resource = route.resource
    refusal = forbidden(resource.group, resource.plural, str(request.get("name", "")), message)
    details: Mapping[str, Any] = refusal.status["details"]
    causes = [{"message": message}]
    code = _CODES.get(decision.reason, 422)
    return Refusal(code, decision.reason, refusal.status["message"], details={**details, "causes": causes})
