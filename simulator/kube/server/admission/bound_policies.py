"""What admission policies have alike, whether they validate or change: to whom they are bound, of what they are asked,
with which parameters, and what their expressions see.
"""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from simulator.kube.server.admission.webhooks import authorizer_for, rule_matches
from simulator.kube.server.custom.cel import CelError, Expression, compile_expression, scope
from simulator.kube.server.registry import Registry, Resource
from simulator.kube.server.routes import Route
from simulator.kube.server.selection import selector_matches
from simulator.kube.server.store import Key, Store, TableId

Json = dict[str, Any]
RequestOf = Callable[[Resource], Awaitable[Json]]

GROUP = "admissionregistration.k8s.io"
POLICY_VARIABLES = ("request", "object", "oldObject", "params", "namespaceObject", "variables", "authorizer")
_NAMED_VARIABLE = re.compile(r"\bvariables\.(\w+)")


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A policy, as far as all kinds are alike."""

    name: str
    ignores_failure: bool
    constraints: Json
    param_kind: Json | None
    conditions: Sequence[tuple[str, Expression]]
    variables: Sequence[tuple[str, str, Expression]]


P = TypeVar("P", bound=Policy)


class BadPolicy(Exception):
    """A policy, or its binding, cannot be asked; the message says why."""


def parts_of(policy: Json) -> Json:
    """The fields of ``Policy``, from an object, which has been checked."""
    spec = policy["spec"]
    return {
        "name": policy["metadata"]["name"],
        "ignores_failure": spec.get("failurePolicy") == "Ignore",
        "constraints": spec.get("matchConstraints") or {},
        "param_kind": spec.get("paramKind"),
        "conditions": [(one["expression"], compiled(one["expression"])) for one in spec.get("matchConditions") or ()],
        "variables": [
            (one["name"], one["expression"], compiled(one["expression"])) for one in spec.get("variables") or ()
        ],
    }


def compiled(text: str) -> Expression:
    """An expression over ``POLICY_VARIABLES``, which has been checked."""
    try:
        return compile_expression(text, POLICY_VARIABLES)
    except CelError:
        return compile_expression("false", POLICY_VARIABLES)


class BoundPolicies(Generic[P]):
    """The policies of one kind in one store, with their bindings."""

    def __init__(
        self, store: Store, registry: Registry, tables: tuple[TableId, TableId], read: Callable[[Json], P]
    ) -> None:
        self._store = store
        self._registry = registry
        self._read = read
        self.tables = (store.table(tables[0]), store.table(tables[1]))
        self._read_at = (-1, -1)
        self._bound: tuple[tuple[P, Json], ...] = ()

    def bound(self) -> tuple[tuple[P, Json], ...]:
        """Every policy with each of its bindings, by name."""
        policies, bindings = self.tables
        revisions = (policies.revision, bindings.revision)
        if revisions != self._read_at:
            self._read_at = revisions
            known = {key[1]: self._read(policies.objects[key]) for key in policies.keys}
            given = [bindings.objects[key] for key in bindings.keys]
            self._bound = tuple(
                (known[name], binding)
                for name in known
                for binding in given
                if (binding.get("spec") or {}).get("policyName") == name
            )
        return self._bound

    def concern(self, route: Route, operation: str, others: Sequence[Resource]) -> bool:
        """Whether any policy is about this operation on this resource."""
        return any(_view_of(policy.constraints, route, operation, others) for policy, _ in self.bound())

    def wanting(self, route: Route, operation: str, others: Sequence[Resource]) -> Iterator[tuple[P, Json, Resource]]:
        """The policies that are about this operation on this resource, each with its binding and the version in which
        it wants to see the object.
        """
        for policy, binding in self.bound():
            view = _view_of(policy.constraints, route, operation, others)
            if view is not None and _view_of(_selection(binding), route, operation, others) is not None:
                yield policy, binding, view

    def selected(self, policy: P, binding: Json, route: Route, request: Json) -> bool:
        """Whether the namespace and the object of a request are those that policy and binding want."""
        return all(self._selects(wanted, route, request) for wanted in (policy.constraints, _selection(binding)))

    def lost(self, policy: P) -> str:
        """Why the parameters of a policy cannot be looked for; empty: they can, or it does not matter."""
        kind = policy.param_kind
        if kind is None or policy.ignores_failure:
            return ""
        api_version, name = kind.get("apiVersion", ""), kind.get("kind", "")
        if self._registry.of_kind(api_version, name) is not None:
            return ""
        shown = api_version if "/" in api_version else f"/{api_version}"
        return f"failed to find resource referenced by paramKind: '{shown}, Kind={name}'"

    def values(self, policy: P, binding: Json, route: Route, request: Json) -> list[Json]:
        """What the expressions see, once for each object with parameters.

        Raises:
            BadPolicy: there is none, and the binding wants one.
        """
        reference = binding["spec"].get("paramRef")
        if policy.param_kind is None or reference is None:
            return [self._values(route, request, None)]
        found = self._params(policy.param_kind, reference, route)
        if not found and reference.get("parameterNotFoundAction") != "Allow" and not policy.ignores_failure:
            raise BadPolicy("no params found for policy binding with `Deny` parameterNotFoundAction")
        return [self._values(route, request, params) for params in found]

    def _selects(self, constraints: Json, route: Route, request: Json) -> bool:
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


def _selection(binding: Json) -> Json:
    return binding["spec"].get("matchResources") or {}


def _all_of_kind(store: Store, kind: Json) -> Iterator[tuple[Key, Json]]:
    wanted = (kind.get("apiVersion"), kind.get("kind"))
    for table in store.tables():
        first = next(iter(table.objects.values()), None)
        if first is not None and (first.get("apiVersion"), first.get("kind")) == wanted:
            yield from table.objects.items()


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


def meets_conditions(policy: Policy, values: Json) -> bool:
    """Whether every match condition of a policy holds.

    Raises:
        BadPolicy: none is false, but one cannot be evaluated, and failures are not ignored.
    """
    seen = scope(values, POLICY_VARIABLES)
    outcomes = [(text, expression.value(seen), expression) for text, expression in policy.conditions]
    if any(outcome is False for _, outcome, _ in outcomes):
        return False
    for text, outcome, expression in outcomes:
        if outcome is not True:
            if policy.ignores_failure:
                return False
            raise BadPolicy(f"expression '{text}' resulted in error: {expression.error(seen)}")
    return True


class Composed(msgspec.Struct, frozen=True, kw_only=True):
    """What expressions see, with the variables of their policy; ``broken`` says why those are not there that fail."""

    seen: Any
    broken: Mapping[str, str]

    def why(self, text: str, error: str) -> str:
        """Why an expression cannot be evaluated: because a variable cannot, if it names one."""
        missing = error.removeprefix("no such key: ")
        names = (name for name in _NAMED_VARIABLE.findall(text) if name in self.broken and name == missing)
        return next((self.broken[name] for name in names), error)


def composed(policy: Policy, values: Json) -> Composed:
    """The values with the policy's variables, each of which sees those before it."""
    known: Json = {}
    broken: dict[str, str] = {}
    for name, text, expression in policy.variables:
        seen = scope({**values, "variables": known}, POLICY_VARIABLES)
        error = expression.error(seen)
        if error:
            why = Composed(seen=seen, broken=broken).why(text, error)
            broken[name] = f'composited variable "{name}" fails to evaluate: {why}'
            known = {one: value for one, value in known.items() if one != name}
        else:
            known = {**known, name: expression.value(seen)}
            broken.pop(name, None)
    return Composed(seen=scope({**values, "variables": known}, POLICY_VARIABLES), broken=broken)
