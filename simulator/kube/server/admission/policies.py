"""Validating admission policies: expressions that the server asks itself, where a webhook would be asked over the network.

A policy says what must hold, and of what; it is asked only where a binding says so, which also says what becomes of a
no (deny, warn), and with which parameters. Audit is accepted and has no effect, as nothing is audited.
"""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from simulator.kube.server.admission.webhooks import authorizer_for, rule_matches
from simulator.kube.server.advice import advise
from simulator.kube.server.custom.cel import CelError, Expression, compile_expression, scope
from simulator.kube.server.refusals import Refusal, forbidden
from simulator.kube.server.registry import Registry, Resource
from simulator.kube.server.routes import Route
from simulator.kube.server.selection import selector_matches
from simulator.kube.server.store import Key, Store, TableId

Json = dict[str, Any]
RequestOf = Callable[[Resource], Awaitable[Json]]

GROUP = "admissionregistration.k8s.io"
POLICIES: TableId = (GROUP, "validatingadmissionpolicies")
BINDINGS: TableId = (GROUP, "validatingadmissionpolicybindings")
POLICY_VARIABLES = ("request", "object", "oldObject", "params", "namespaceObject", "variables", "authorizer")
_NAMED_VARIABLE = re.compile(r"\bvariables\.(\w+)")
_CODES = {"Forbidden": 403, "Unauthorized": 401, "RequestEntityTooLarge": 413, "Invalid": 422}
_MESSAGE_BYTES = 5 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _Validation:
    text: str
    expression: Expression
    message: str
    message_expression: Expression | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decision:
    """A no, and why; ``misplaced`` if the policy or its binding is at fault: then it denies, whatever the binding says."""

    message: str
    reason: str = "Invalid"
    misplaced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Policy:
    name: str
    ignores_failure: bool
    constraints: Json
    param_kind: Json | None
    conditions: Sequence[tuple[str, Expression]]
    variables: Sequence[tuple[str, str, Expression]]
    validations: Sequence[_Validation]


class Policies:
    """The policies of one store, with their bindings."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self._store = store
        self._registry = registry
        self.tables = (store.table(POLICIES), store.table(BINDINGS))
        self._read_at = (-1, -1)
        self._bound: tuple[tuple[_Policy, Json], ...] = ()

    def anybody(self) -> bool:
        """Whether any policy is bound."""
        return bool(self._registered())

    def _registered(self) -> tuple[tuple[_Policy, Json], ...]:
        policies, bindings = self.tables
        revisions = (policies.revision, bindings.revision)
        if revisions != self._read_at:
            self._read_at = revisions
            known = {key[1]: policy_of(policies.objects[key]) for key in policies.keys}
            bound = [bindings.objects[key] for key in bindings.keys]
            self._bound = tuple(
                (known[name], binding)
                for name in known
                for binding in bound
                if (binding.get("spec") or {}).get("policyName") == name
            )
        return self._bound

    def concern(self, route: Route, operation: str, others: Sequence[Resource]) -> bool:
        """Whether any policy is about this operation on this resource."""
        bound = self._registered()
        return bool(bound) and any(_view_of(one.constraints, route, operation, others) for one, _ in bound)

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
        for policy, binding in self._registered():
            spec = binding["spec"]
            wanted = spec.get("matchResources") or {}
            view = _view_of(policy.constraints, route, operation, others)
            if view is None or _view_of(wanted, route, operation, others) is None:
                continue
            request = await request_of(view)
            if not (self._selected(policy.constraints, route, request) and self._selected(wanted, route, request)):
                continue
            names = f"'{policy.name}' with binding '{binding['metadata']['name']}'"
            lost = self._lost(policy)
            if lost:
                no = _Decision(message=f"failed to configure policy: {lost}")
                denied = denied or (f"ValidatingAdmissionPolicy '{policy.name}' denied request: {no.message}", no)
                continue
            for decision in self._decisions(policy, spec, route, request):
                actions = ("Deny",) if decision.misplaced else spec.get("validationActions") or ()
                if "Warn" in actions:
                    advise(f"Validation failed for ValidatingAdmissionPolicy {names}: {decision.message}")
                if "Deny" in actions and denied is None:
                    denied = (f"ValidatingAdmissionPolicy {names} denied request: {decision.message}", decision)
        if denied is not None:
            raise _denial(route, await request_of(route.resource), *denied)

    def _lost(self, policy: _Policy) -> str:
        """Why the parameters of a policy cannot be looked for; empty: they can, or it does not matter."""
        kind = policy.param_kind
        if kind is None or policy.ignores_failure:
            return ""
        api_version, name = kind.get("apiVersion", ""), kind.get("kind", "")
        if self._registry.of_kind(api_version, name) is not None:
            return ""
        shown = api_version if "/" in api_version else f"/{api_version}"
        return f"failed to find resource referenced by paramKind: '{shown}, Kind={name}'"

    def _selected(self, constraints: Json, route: Route, request: Json) -> bool:
        namespace = constraints.get("namespaceSelector") or {}
        name = route.name if route.resource.kind == "Namespace" else route.namespace
        if namespace and name:
            labels = (((self._namespace(name) or {}).get("metadata")) or {}).get("labels") or {}
            if not selector_matches(namespace, labels):
                return False
        wanted = constraints.get("objectSelector") or {}
        if not wanted:
            return True
        items = [item for item in (request["object"], request["oldObject"]) if item is not None]
        return any(selector_matches(wanted, item["metadata"].get("labels") or {}) for item in items)

    def _namespace(self, name: str) -> Json | None:
        return self._store.table(("", "namespaces")).objects.get(("", name))

    def _decisions(self, policy: _Policy, binding: Json, route: Route, request: Json) -> Iterator[_Decision]:
        reference = binding.get("paramRef")
        if policy.param_kind is None or reference is None:
            yield from _judged(policy, self._values(route, request, None))
            return
        found = self._params(policy.param_kind, reference, route)
        if not found and reference.get("parameterNotFoundAction") != "Allow" and not policy.ignores_failure:
            why = "no params found for policy binding with `Deny` parameterNotFoundAction"
            yield _Decision(message=f"failed to configure binding: {why}", misplaced=True)
        for params in found:
            yield from _judged(policy, self._values(route, request, params))

    def _params(self, kind: Json, reference: Json, route: Route) -> list[Json]:
        namespace = reference.get("namespace") or route.namespace
        candidates = [item for key, item in _all_of_kind(self._store, kind) if key[0] in ("", namespace)]
        if reference.get("name"):
            return [item for item in candidates if item["metadata"]["name"] == reference["name"]]
        selector = reference.get("selector") or {}
        return [item for item in candidates if selector_matches(selector, item["metadata"].get("labels") or {})]

    def _values(self, route: Route, request: Json, params: Json | None) -> Json:
        shown = {name: value for name, value in request.items() if name not in ("object", "oldObject")}
        namespace = self._namespace(route.namespace) if route.namespace else None
        return {
            "request": shown,
            "object": request["object"],
            "oldObject": request["oldObject"],
            "params": params,
            "namespaceObject": namespace,
            "authorizer": authorizer_for(route, request),
        }


def _all_of_kind(store: Store, kind: Json) -> Iterator[tuple[Key, Json]]:
    wanted = (kind.get("apiVersion"), kind.get("kind"))
    for table in store.tables():
        first = next(iter(table.objects.values()), None)
        if first is not None and (first.get("apiVersion"), first.get("kind")) == wanted:
            yield from table.objects.items()


def policy_of(policy: Json) -> _Policy:
    """From an object, which has been checked."""
    spec = policy["spec"]
    return _Policy(
        name=policy["metadata"]["name"],
        ignores_failure=spec.get("failurePolicy") == "Ignore",
        constraints=spec.get("matchConstraints") or {},
        param_kind=spec.get("paramKind"),
        conditions=[(one["expression"], _compiled(one["expression"])) for one in spec.get("matchConditions") or ()],
        variables=[
            (one["name"], one["expression"], _compiled(one["expression"])) for one in spec.get("variables") or ()
        ],
        validations=[
            _Validation(
                text=one["expression"].strip(),
                expression=_compiled(one["expression"]),
                message=(one.get("message") or "").strip(),
                message_expression=_compiled(one["messageExpression"]) if one.get("messageExpression") else None,
                reason=one.get("reason") or "Invalid",
            )
            for one in spec.get("validations") or ()
        ],
    )


def _compiled(text: str) -> Expression:
    try:
        return compile_expression(text, POLICY_VARIABLES)
    except CelError:
        return compile_expression("false", POLICY_VARIABLES)


def _view_of(constraints: Json, route: Route, operation: str, others: Sequence[Resource]) -> Resource | None:
    """The version in which constraints want to see an operation on a resource; ``None``: they are about others."""
    if _is_about(constraints, route, operation):
        return route.resource
    for other in () if constraints.get("matchPolicy") == "Exact" else others:
        if _is_about(constraints, msgspec.structs.replace(route, resource=other), operation):
            return other
    return None


def _is_about(constraints: Json, route: Route, operation: str) -> bool:
    rules = constraints.get("resourceRules")
    if any(_named(rule, route, operation) for rule in constraints.get("excludeResourceRules") or ()):
        return False
    return not rules or any(_named(rule, route, operation) for rule in rules)


def _named(rule: Json, route: Route, operation: str) -> bool:
    names = rule.get("resourceNames")
    return rule_matches(rule, route, operation) and (not names or route.name in names)


def _judged(policy: _Policy, values: Json) -> Iterator[_Decision]:
    seen = scope(values, POLICY_VARIABLES)
    outcomes = [(text, expression.value(seen), expression) for text, expression in policy.conditions]
    if any(outcome is False for _, outcome, _ in outcomes):
        return
    for text, outcome, expression in outcomes:
        if outcome is not True:
            if not policy.ignores_failure:
                yield _Decision(message=f"expression '{text}' resulted in error: {expression.error(seen)}")
            return
    composed: Json = {}
    broken: dict[str, str] = {}
    for name, text, expression in policy.variables:
        seen = scope({**values, "variables": composed}, POLICY_VARIABLES)
        error = expression.error(seen)
        if error:
            broken[name] = f'composited variable "{name}" fails to evaluate: {_why(text, error, broken)}'
            composed = {one: value for one, value in composed.items() if one != name}
        else:
            composed = {**composed, name: expression.value(seen)}
            broken.pop(name, None)
    seen = scope({**values, "variables": composed}, POLICY_VARIABLES)
    for validation in policy.validations:
        if validation.expression.holds(seen):
            continue
        error = validation.expression.error(seen)
        if not error:
            yield _Decision(message=_message(validation, seen), reason=validation.reason)
        elif not policy.ignores_failure:
            why = _why(validation.text, error, broken)
            yield _Decision(message=f"expression '{validation.text}' resulted in error: {why}")


def _why(text: str, error: str, broken: Mapping[str, str]) -> str:
    """Why an expression cannot be evaluated: because a variable cannot, if it names one."""
    missing = error.removeprefix("no such key: ")
    return next((broken[name] for name in _NAMED_VARIABLE.findall(text) if name in broken and name == missing), error)


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
