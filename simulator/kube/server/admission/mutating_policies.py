"""Mutating admission policies: expressions that change an object, where a webhook would be asked over the network.

A policy changes an object by what it would apply (``Object{...}``), or by a JSON patch (``[JSONPatch{...}]``). Policies come
before webhooks, in the order of their names. Where anybody has changed the object after a policy, and it wants to be asked
again then, it is, once.
"""

from collections.abc import Awaitable, Callable, Sequence
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
from simulator.kube.server.custom.cel import Expression
from simulator.kube.server.custom.cel_objects import WrongType, plain, with_objects
from simulator.kube.server.patching.builtin_types import type_of
from simulator.kube.server.patching.field_types import misfit_of
from simulator.kube.server.patching.field_validation import taken_out
from simulator.kube.server.patching.json_patch import TestFailed, Undone, operated
from simulator.kube.server.patching.typed import laid_over, misfits
from simulator.kube.server.patching.value_types import ValueType
from simulator.kube.server.refusals import Refusal, forbidden, internal
from simulator.kube.server.registry import Registry, Resource
from simulator.kube.server.routes import Route
from simulator.kube.server.store import Store
from simulator.kube.server.writes import own_copy

Json = dict[str, Any]
Changed = Callable[[Json, Resource], Awaitable[Json]]
"""The object in the version of the request, of one in the version of a resource."""

TABLES = ((GROUP, "mutatingadmissionpolicies"), (GROUP, "mutatingadmissionpolicybindings"))


class BadMutation(Exception):
    """A mutation cannot be made; the message says why."""


class _Mutation(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    expression: Expression
    patches: bool


class _Mutating(Policy, frozen=True, kw_only=True):
    mutations: Sequence[_Mutation]
    asks_again: bool


class _Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps a policy from doing what it wants."""

    message: str
    reason: str = "Invalid"


class Rounds:
    """The policies that were asked about one request."""

    def __init__(self) -> None:
        self.again: set[tuple[str, str]] = set()
        self.asked: set[tuple[str, str]] = set()
        self.left: Json | None = None
        self.changed = False


class MutatingPolicies:
    """The mutating policies of one store."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self.bound = BoundPolicies(store, registry, TABLES, _policy_of)

    async def change(
        self,
        route: Route,
        operation: str,
        others: Sequence[Resource],
        request_of: Callable[[Json], RequestOf],
        changed: Changed,
        item: Json,
        rounds: Rounds,
    ) -> Json:
        """Ask every policy once, or in a second round those that want to be asked again.

        Args:
            route: what is asked for.
            operation: CREATE or UPDATE.
            others: the other versions of the resource, in which a policy may want to see it.
            request_of: the request, with an object, in the version of a resource.
            changed: the object in the version of the request.
            item: the object.
            rounds: of this request; a fresh one in the first round.

        Raises:
            Refusal: 403 a policy cannot be asked, or what it makes does not fit; 500 its patch makes no object.
        """
        first = rounds.left is None
        if not first and item != rounds.left:
            rounds.again |= rounds.asked
        wrong: list[_Fault] = []
        for policy, binding, view in self.bound.wanting(route, operation, others):
            key = (policy.name, binding["metadata"]["name"])
            if not first and key not in rounds.again:
                continue
            request = await request_of(item)(view)
            if not self.bound.selected(policy, binding, route, request):
                continue
            fresh, faults = self._asked(policy, binding, view, route, request)
            wrong += [] if policy.ignores_failure else faults
            if fresh != request["object"]:
                item = await changed(fresh, view)
                rounds.changed = True
                rounds.again |= rounds.asked
            if policy.asks_again:
                rounds.asked.add(key)
        rounds.left = item
        if wrong:
            raise _denial(route, (await request_of(item)(route.resource)).get("name", ""), wrong)
        return item

    def _asked(
        self, policy: _Mutating, binding: Json, view: Resource, route: Route, request: Json
    ) -> tuple[Json, list[_Fault]]:
        """The object as a policy leaves it, and why it could not do what it wanted."""
        item: Json = request["object"]
        names = f"policy '{policy.name}' with binding '{binding['metadata']['name']}' denied request: "
        lost = self.bound.lost(policy)
        if lost:
            message = f'policy "{policy.name}" denied request: failed to configure policy: {lost}'
            return item, [_Fault(message=message, reason="Forbidden")]
        try:
            values = self.bound.values(policy, binding, route, request)
        except BadPolicy as error:
            return item, [_Fault(message=f"{names}failed to configure binding: {error}", reason="Forbidden")]
        wrong: list[_Fault] = []
        for one in values:
            try:
                if not meets_conditions(policy, {**one, "object": item}):
                    continue
            except BadPolicy as error:
                wrong.append(_Fault(message=f"{names}{error}"))
                continue
            for mutation in policy.mutations:
                try:
                    item = _mutated(item, mutation, policy, {**one, "object": item}, view)
                except BadMutation as error:
                    wrong.append(_Fault(message=f"{names}{error}"))
        return item, wrong


def _policy_of(policy: Json) -> _Mutating:
    spec = policy["spec"]
    mutations = []
    for one in spec.get("mutations") or ():
        patches = one.get("patchType") == "JSONPatch"
        text = (one.get("jsonPatch" if patches else "applyConfiguration") or {}).get("expression") or ""
        mutations.append(_Mutation(text=text.strip(), expression=compiled(with_objects(text.strip())), patches=patches))
    asks_again = spec.get("reinvocationPolicy") == "IfNeeded"
    return _Mutating(**parts_of(policy), mutations=mutations, asks_again=asks_again)


def _mutated(item: Json, mutation: _Mutation, policy: Policy, values: Json, view: Resource) -> Json:
    """The object as one mutation leaves it; a fresh one.

    Raises:
        BadMutation: it cannot be made.
        Refusal: 500 its patch makes no object of the kind.
    """
    known = composed(policy, values)
    error = mutation.expression.error(known.seen)
    if error:
        why = known.why(mutation.text, error)
        raise BadMutation(f"expression '{mutation.text}' resulted in error: {why}")
    found = mutation.expression.value(known.seen)
    try:
        return _patched(item, found, view) if mutation.patches else _applied(item, plain(found), view)
    except WrongType as wrong:
        raise BadMutation(f"type mismatch: {wrong}") from wrong


def _patched(item: Json, operations: Any, view: Resource) -> Json:
    made = []
    for operation in operations:
        fields = {name: value for name, value in operation.items() if name in ("op", "path", "from")}
        if operation.get("value") is not None:
            fields["value"] = plain(operation["value"])
        made.append(fields)
    try:
        fresh = operated(own_copy(item), made)
    except TestFailed:
        return item
    except Undone as error:
        raise BadMutation(f"JSON Patch: {error}") from error
    if why := misfit_of(fresh, view):
        raise internal(why)
    if unknown := taken_out(fresh, view):
        raise internal("strict decoding error: " + ", ".join(f'unknown field "{place}"' for place in unknown))
    return fresh


def _applied(item: Json, config: Json, view: Resource) -> Json:
    kind = type_of(view)
    wrong = [why for why in misfits(config, kind) if "omits all key fields" not in why]  # which makes a new element
    if wrong:
        raise BadMutation(f"error applying patch: failed to convert patch object to typed object: {min(wrong)}")
    atomic = _atomic_parts(config, kind, "")
    if atomic:
        why = f"may not mutate atomic arrays, maps or structs: {', '.join(atomic)}"
        raise BadMutation(f"error applying patch: invalid ApplyConfiguration: {why}")
    fresh: Json = own_copy(laid_over(item, config, kind))
    return fresh


def _atomic_parts(value: Any, kind: ValueType, place: str) -> list[str]:
    """The places of what would be replaced whole, and so lose what others have said."""
    kind = kind.seen_as(value)
    found: list[str] = []
    if isinstance(value, dict) and kind.form == "map":
        if kind.atomic:
            found.append(place)
        for name, item in value.items():
            child = kind.child(name)
            found += _atomic_parts(item, child, f"{place}.{name}") if child is not None else []
    elif isinstance(value, list) and kind.form == "list":
        if kind.list_type == "atomic":
            found.append(place)
        for number, item in enumerate(value):
            found += _atomic_parts(item, kind.element(), f"{place}[{number}]")
    return found


def _denial(route: Route, name: str, wrong: Sequence[_Fault]) -> Refusal:
    resource = route.resource
    details = forbidden(resource.group, resource.plural, name, "").status["details"]
    causes = [{"message": fault.message} for fault in wrong]
    return Refusal(403, wrong[0].reason, wrong[0].message, details={**details, "causes": causes})
