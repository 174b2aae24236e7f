"""Admission: who is asked about a write, in which order, and what becomes of it.

The registrations are objects of the store, as on a real cluster; how a webhook is reached is handed in as an async
callable, so that the same handler is asked over the simulated network here and over HTTPS there. Mutating policies and
then mutating webhooks are asked first, in the order of their (configurations') names, and once more if a later one has
changed something and they want that; then the object is checked; then validating policies and webhooks are asked.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.kube.server.admission.bound_policies import RequestOf
from simulator.kube.server.admission.mutating_policies import MutatingPolicies, Rounds
from simulator.kube.server.admission.policies import ValidatingPolicies
from simulator.kube.server.admission.webhooks import (
    CallWebhook,
    TimeoutClock,
    Webhook,
    ask,
    denial,
    meets,
    patched,
    webhook_of,
)
from simulator.kube.server.asking import asked, operation_options, user_info
from simulator.kube.server.conversion import Conversion
from simulator.kube.server.custom.cel_authorizer import Decide, deciding
from simulator.kube.server.metadata import Draws, new_uid
from simulator.kube.server.registry import Registry, Resource
from simulator.kube.server.routes import Route
from simulator.kube.server.selection import selector_matches
from simulator.kube.server.store import Store

Json = dict[str, Any]

GROUP = "admissionregistration.k8s.io"
CONFIGURATIONS = (
    ((GROUP, "mutatingwebhookconfigurations"), True),
    ((GROUP, "validatingwebhookconfigurations"), False),
)


class Admission:
    """The registered webhooks and policies of one store; the ``Reviewer`` of its writes."""

    def __init__(
        self,
        store: Store,
        clock: TimeoutClock,
        entropy: Draws,
        call: CallWebhook,
        registry: Registry,
        conversion: Conversion,
        decide: Decide,
    ) -> None:
        self._store = store
        self._registry = registry
        self._conversion = conversion
        self._decide = decide
        self._clock = clock
        self._entropy = entropy
        self._call = call
        self._tables = [(store.table(table_id), mutating) for table_id, mutating in CONFIGURATIONS]
        self._validating = ValidatingPolicies(store, registry)
        self._mutating = MutatingPolicies(store, registry)
        policies = (*self._validating.bound.tables, *self._mutating.bound.tables)
        self._read = (*policies, *(table for table, _ in self._tables))
        self._hooks: tuple[Webhook, ...] = ()
        self._read_at = -1
        self._wanted: dict[tuple[str, ...], tuple[Sequence[tuple[Webhook, Resource]], bool]] = {}

    def anybody(self) -> bool:
        """Whether anybody wants to see any request."""
        return bool(self._registered()) or self._any_policy()

    def _any_policy(self) -> bool:
        return bool(self._validating.bound.bound() or self._mutating.bound.bound())

    def concerns(self, route: Route, operation: str) -> bool:
        """Whether any webhook or policy wants to see this operation."""
        hooks = self._registered()
        if not (hooks or self._any_policy()) or route.resource.group == GROUP:
            return False
        wanted, policies = self._wanting(route, operation)
        return policies or bool(wanted)

    def _wanting(self, route: Route, operation: str) -> tuple[Sequence[tuple[Webhook, Resource]], bool]:
        """The webhooks that want to see this operation, each with the version in which, and whether any policy does."""
        resource, hooks = route.resource, self._registered()
        key = (resource.group, resource.plural, resource.version, route.subresource, operation)
        found = self._wanted.get(key)
        if found is None:
            others = self._registry.versions_of(resource)
            views = ((hook, hook.view_of(route, operation, others)) for hook in hooks)
            wanted = tuple((hook, view) for hook, view in views if view is not None)
            concerned = (one.bound.concern(route, operation, others) for one in (self._mutating, self._validating))
            found = self._wanted[key] = wanted, any(concerned)
        return found

    def _registered(self) -> tuple[Webhook, ...]:
        tables = self._tables
        # Each part only grows: the sum stays the same only if nothing was written.
        revision = self._registry.changes
        for table in self._read:
            revision += table.revision
        if revision != self._read_at:
            self._read_at = revision
            self._wanted = {}
            self._hooks = tuple(
                webhook_of(hook, mutating=mutating)
                for table, mutating in tables
                for key in table.keys
                for hook in table.objects[key].get("webhooks") or []
            )
        return self._hooks

    async def mutate(
        self, route: Route, operation: str, *, new: Json | None, old: Json | None, user: str, dry_run: bool
    ) -> Json | None:
        """Ask every mutating policy and webhook that wants to see this; gives the object as they leave it.

        Raises:
            Refusal: one denies, or a webhook does not answer and its failurePolicy is Fail.
        """
        again: list[tuple[Webhook, Resource]] = []
        changed_since: dict[str, bool] = {}
        rounds = Rounds()
        hooks, policies = self._wanting(route, operation)
        if policies:
            new = await self._changed_by_policies(route, operation, new, old, user, rounds, dry_run=dry_run)
        for hook, view in hooks:
            if not hook.mutating:
                continue
            answered, fresh = await self._admitted(hook, view, route, operation, new, old, user, dry_run=dry_run)
            if fresh is not new and fresh != new:
                changed_since.update(dict.fromkeys(changed_since, True))
                new = fresh
            if answered and hook.asks_again:
                again.append((hook, view))
                changed_since[hook.name] = False
        if policies:
            fresh = await self._changed_by_policies(route, operation, new, old, user, rounds, dry_run=dry_run)
            if fresh is not new and fresh != new:
                changed_since.update(dict.fromkeys(changed_since, True))
                new = fresh
        for hook, view in again:
            if changed_since[hook.name]:
                _, new = await self._admitted(hook, view, route, operation, new, old, user, dry_run=dry_run)
        return new

    async def _changed_by_policies(
        self,
        route: Route,
        operation: str,
        new: Json | None,
        old: Json | None,
        user: str,
        rounds: Rounds,
        *,
        dry_run: bool,
    ) -> Json | None:
        """The object as one round of mutating policies leaves it."""
        if new is None:
            return None

        def request_of(item: Json) -> RequestOf:
            return self._requests(route, operation, item, old, user, dry_run=dry_run)

        async def changed(item: Json, view: Resource) -> Json:
            return dict(await self._as(item, view, route.resource))

        deciding.set(self._decide)
        others = self._registry.versions_of(route.resource)
        return await self._mutating.change(route, operation, others, request_of, changed, new, rounds)

    def _requests(
        self, route: Route, operation: str, new: Json | None, old: Json | None, user: str, *, dry_run: bool
    ) -> RequestOf:
        """The request as policies see it, in the version of a resource."""

        async def request_of(view: Resource) -> Json:
            review = await self._question(route, operation, new, old, user, view, dry_run=dry_run)
            asked_for: Json = review["request"]
            return asked_for

        return request_of

    async def validate(
        self, route: Route, operation: str, *, new: Json | None, old: Json | None, user: str, dry_run: bool
    ) -> None:
        """Ask every validating policy and webhook that wants to see this.

        Raises:
            Refusal: one denies, or a webhook does not answer and its failurePolicy is Fail.
        """
        hooks, policies = self._wanting(route, operation)
        if policies:
            deciding.set(self._decide)
            others = self._registry.versions_of(route.resource)
            request_of = self._requests(route, operation, new, old, user, dry_run=dry_run)
            await self._validating.judge(route, operation, others, request_of)
        for hook, view in hooks:
            if not hook.mutating:
                await self._admitted(hook, view, route, operation, new, old, user, dry_run=dry_run)

    async def _admitted(
        self,
        hook: Webhook,
        view: Resource,
        route: Route,
        operation: str,
        new: Json | None,
        old: Json | None,
        user: str,
        *,
        dry_run: bool,
    ) -> tuple[bool, Json | None]:
        """Whether the webhook was asked and has answered, and the object as it leaves it."""
        if not self._selected(hook, route, new, old):
            return False, new
        review = await self._question(route, operation, new, old, user, view, dry_run=dry_run)
        if hook.conditions:
            deciding.set(self._decide)
        if not meets(hook, review["request"], route):
            return False, new
        response = await ask(hook, review, self._call, self._clock)
        if response is None:
            return False, new
        if not response.get("allowed"):
            raise denial(hook, response)
        if not hook.mutating or new is None:
            return True, new
        seen = review["request"]["object"]
        fresh = patched(hook, response, seen)
        if fresh is seen:
            return True, new
        return True, await self._as(fresh, view, route.resource)

    async def _as(self, item: Json | None, source: Resource, target: Resource) -> Any:
        """An object in another version, unless it is the same."""
        if item is None or source is target:
            return item
        return await self._conversion.between(item, source, target)

    def _selected(self, hook: Webhook, route: Route, new: Json | None, old: Json | None) -> bool:
        if not in_selected_namespace(self._store, hook.namespace_selector, route):
            return False
        if not hook.object_selector:
            return True
        candidates = [item["metadata"].get("labels") or {} for item in (new, old) if item is not None]
        return any(selector_matches(hook.object_selector, labels) for labels in candidates)

    async def _question(
        self,
        route: Route,
        operation: str,
        new: Json | None,
        old: Json | None,
        user: str,
        view: Resource,
        *,
        dry_run: bool,
    ) -> Json:
        """What is asked, in the version of ``view``."""
        subject: Mapping[str, Any] = (new or old or {})["metadata"]
        kind, what = asked_kind, asked_what = _names(route.resource)
        if view is not route.resource:
            kind, what = _names(view)
            new, old = await self._as(new, route.resource, view), await self._as(old, route.resource, view)
        if route.subresource == "binding":
            kind = asked_kind = {**kind, "kind": "Binding"}
            new, old = _binding(route), None
        request: Json = {
            "uid": new_uid(self._entropy),
            "kind": kind,
            "resource": what,
            "requestKind": asked_kind,
            "requestResource": asked_what,
            "operation": operation,
            "userInfo": user_info(user),
            "object": new,
            "oldObject": old,
            "dryRun": dry_run,
            "options": operation_options(operation, dry_run=dry_run),
        }
        request_of = asked.get()
        if not (
            operation == "DELETE" and request_of is not None and request_of.path.endswith(f"/{route.resource.plural}")
        ):
            request["name"] = subject.get("name", "")
        if route.namespace:
            request["namespace"] = route.namespace
        if route.subresource:
            request["subResource"] = request["requestSubResource"] = route.subresource
        return {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}


def _names(resource: Resource) -> tuple[Json, Json]:
    """What a kind and its resource are called."""
    group = {"group": resource.group, "version": resource.version}
    return {**group, "kind": resource.kind}, {**group, "resource": resource.plural}


def _binding(route: Route) -> Json:
    """The body of the request that binds a pod."""
    request = asked.get()
    body: Json = dict(request.body) if request is not None and isinstance(request.body, dict) else {}
    metadata = {"name": route.name, "namespace": route.namespace, **(body.get("metadata") or {})}
    return {"kind": "Binding", "apiVersion": "v1", **body, "metadata": metadata}


def in_selected_namespace(store: Store, selector: Json, route: Route) -> bool:
    """Whether the labels of the request's namespace, if it has one, are those that are wanted."""
    if not selector:
        return True
    name = route.name if route.resource.kind == "Namespace" else route.namespace
    if not name:
        return True
    namespace = store.table(("", "namespaces")).objects.get(("", name))
    labels = ((namespace or {}).get("metadata") or {}).get("labels") or {}
    return selector_matches(selector, labels)
