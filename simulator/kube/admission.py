"""Admission webhooks: who has registered for a write, what they say, and what happens when they say nothing.

The registrations are objects of the store, as on a real cluster; how a webhook is reached is handed in as an async
callable, so that the same handler is asked over the simulated network here and over HTTPS there. Mutating webhooks are
asked first, in the order of their configurations' names; a webhook that cannot be reached stops the write with a 500
unless its failurePolicy is Ignore.
"""

from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from simulator.kube.cel import ADMISSION_VARIABLES, CelError, Expression, compile_expression, scope
from simulator.kube.json_patch import json_patched
from simulator.kube.metadata import Draws, new_uid
from simulator.kube.refusals import Cause, Refusal, forbidden, internal
from simulator.kube.routes import Route
from simulator.kube.selection import selector_matches
from simulator.kube.store import Store
from simulator.kube.writes import own_copy

Json = dict[str, Any]
CallWebhook = Callable[[Json, Json], Awaitable[Json]]
"""``(clientConfig, AdmissionReview) -> AdmissionReview``; the first has ``url``, or ``service`` with namespace, name,
path and port, and ``caBundle``. Raises ``ConnectionError`` or ``TimeoutError`` where there is no answer."""

GROUP = "admissionregistration.k8s.io"
CONFIGURATIONS = (
    ((GROUP, "mutatingwebhookconfigurations"), True),
    ((GROUP, "validatingwebhookconfigurations"), False),
)


class TimeoutClock(Protocol):
    """Bounds the wait for a webhook."""

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[object]:
        """Cancel the block after ``seconds`` and raise ``TimeoutError``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One registered webhook."""

    name: str
    mutating: bool
    client: Json
    rules: Sequence[Json]
    ignores_failure: bool
    timeout_seconds: float
    namespace_selector: Json
    object_selector: Json
    conditions: tuple[Expression, ...] = ()
    variables: tuple[str, ...] = ()  # that the conditions name: the others need not be shown to them

    def wants(self, route: Route, operation: str) -> bool:
        """Whether its rules name this operation on this resource."""
        return any(_rule_matches(rule, route, operation) for rule in self.rules)


def _rule_matches(rule: Json, route: Route, operation: str) -> bool:
    resource = route.resource
    path = f"{resource.plural}/{route.subresource}" if route.subresource else resource.plural
    patterns = {path, f"*/{route.subresource}" if route.subresource else "*", f"{resource.plural}/*", "*/*"}
    if not route.subresource:
        patterns.discard(f"{resource.plural}/*")
    scope = rule.get("scope", "*")
    return (
        _listed(rule.get("operations"), operation)
        and _listed(rule.get("apiGroups"), resource.group)
        and _listed(rule.get("apiVersions"), resource.version)
        and any(name in patterns for name in rule.get("resources") or ())
        and scope in ("*", "Namespaced" if resource.namespaced else "Cluster")
    )


def _listed(values: Sequence[str] | None, value: str) -> bool:
    return "*" in (values or ()) or value in (values or ())


def check_configuration(configuration: Json, before: Json | None) -> Sequence[Cause]:
    """What is wrong with a webhook configuration, as far as this server serves them."""
    causes: list[Cause] = []
    for position, hook in enumerate(configuration.get("webhooks") or []):
        place = f"webhooks[{position}]"
        client = hook.get("clientConfig") or {}
        if bool(client.get("url")) == bool(client.get("service")):
            causes.append(Cause(field=f"{place}.clientConfig", message="exactly one of url and service is required"))
        if hook.get("sideEffects") not in ("None", "NoneOnDryRun"):
            causes.append(Cause(field=f"{place}.sideEffects", message="must be None or NoneOnDryRun"))
        if not hook.get("admissionReviewVersions"):
            message = "Required value: v1"
            causes.append(Cause(field=f"{place}.admissionReviewVersions", message=message))
        if not 1 <= hook.get("timeoutSeconds", 10) <= 30:
            causes.append(Cause(field=f"{place}.timeoutSeconds", message="must be from 1 to 30"))
        for number, condition in enumerate(hook.get("matchConditions") or []):
            try:
                compile_expression(condition.get("expression", ""), ADMISSION_VARIABLES)
            except CelError as error:
                field = f"{place}.matchConditions[{number}].expression"
                causes.append(Cause(field=field, message=f"compilation failed: {error}"))
    return causes


def complete_configuration(configuration: Json, before: Json | None) -> None:
    """The defaults of a webhook configuration."""
    for hook in configuration.get("webhooks") or []:
        for name, value in (
            ("failurePolicy", "Fail"),
            ("matchPolicy", "Equivalent"),
            ("timeoutSeconds", 10),
            ("namespaceSelector", {}),
            ("objectSelector", {}),
        ):
            hook.setdefault(name, value)
        for rule in hook.get("rules") or []:
            rule.setdefault("scope", "*")


class Webhooks:
    """The registered webhooks of one store; the ``Reviewer`` of its writes."""

    def __init__(self, store: Store, clock: TimeoutClock, entropy: Draws, call: CallWebhook) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._call = call
        self._tables = [(store.table(table_id), mutating) for table_id, mutating in CONFIGURATIONS]
        self._hooks: tuple[Webhook, ...] = ()
        self._read_at: tuple[int, ...] = ()
        self._wanted: dict[tuple[str, str, str, str], bool] = {}

    def concerns(self, route: Route, operation: str) -> bool:
        """Whether any webhook wants to see this operation."""
        hooks = self._registered()
        if not hooks or route.resource.group == GROUP:
            return False
        key = (*route.resource.table_id, route.subresource, operation)
        wanted = self._wanted.get(key)
        if wanted is None:
            wanted = self._wanted[key] = any(hook.wants(route, operation) for hook in hooks)
        return wanted

    def _registered(self) -> tuple[Webhook, ...]:
        tables = self._tables
        revisions = tuple([table.revision for table, _ in tables])
        if revisions != self._read_at:
            self._read_at = revisions
            self._wanted = {}
            self._hooks = tuple(
                _webhook(hook, mutating=mutating)
                for table, mutating in tables
                for key in table.keys
                for hook in table.objects[key].get("webhooks") or []
            )
        return self._hooks

    async def review(
        self, route: Route, operation: str, *, new: Json | None, old: Json | None, user: str, dry_run: bool
    ) -> Json | None:
        """Ask every webhook that wants to see this; gives the object as they leave it.

        Raises:
            Refusal: a webhook denies, or does not answer and its failurePolicy is Fail.
        """
        for hook in self._registered():
            if not hook.wants(route, operation) or not self._selected(hook, route, new, old):
                continue
            review = self._question(route, operation, new, old, user, dry_run=dry_run)
            if not _meets(hook, review["request"], route):
                continue
            response = await self._ask(hook, review)
            if response is None:
                continue
            if not response.get("allowed"):
                raise _denied(hook, response)
            patch = response.get("patch")
            if hook.mutating and patch and new is not None:
                new = json_patched(own_copy(new), _decoded(patch))
        return new

    def _selected(self, hook: Webhook, route: Route, new: Json | None, old: Json | None) -> bool:
        if route.namespace and hook.namespace_selector:
            namespace = self._store.table(("", "namespaces")).objects.get(("", route.namespace))
            labels = ((namespace or {}).get("metadata") or {}).get("labels") or {}
            if not selector_matches(hook.namespace_selector, labels):
                return False
        if not hook.object_selector:
            return True
        candidates = [item["metadata"].get("labels") or {} for item in (new, old) if item is not None]
        return any(selector_matches(hook.object_selector, labels) for labels in candidates)

    def _question(
        self, route: Route, operation: str, new: Json | None, old: Json | None, user: str, *, dry_run: bool
    ) -> Json:
        resource = route.resource
        subject: Mapping[str, Any] = (new or old or {})["metadata"]
        kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
        what = {"group": resource.group, "version": resource.version, "resource": resource.plural}
        request: Json = {
            "uid": new_uid(self._entropy),
            "kind": kind,
            "resource": what,
            "requestKind": kind,
            "requestResource": what,
            "name": subject.get("name", ""),
            "operation": operation,
            "userInfo": {"username": user, "groups": ["system:authenticated"]},
            "object": new,
            "oldObject": old,
            "dryRun": dry_run,
            "options": {"kind": f"{operation.capitalize()}Options", "apiVersion": "meta.k8s.io/v1"},
        }
        if route.namespace:
            request["namespace"] = route.namespace
        if route.subresource:
            request["subResource"] = request["requestSubResource"] = route.subresource
        return {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}

    async def _ask(self, hook: Webhook, review: Json) -> Json | None:
        """The response; ``None`` where there is none and that is tolerated."""
        try:
            async with self._clock.timeout(hook.timeout_seconds):
                answer = await self._call(hook.client, own_copy(review))
            response = answer["response"]
            if response["uid"] != review["request"]["uid"]:
                raise ValueError("the answer is to another question")
        except (ConnectionError, TimeoutError, KeyError, TypeError, ValueError) as error:
            if hook.ignores_failure:
                return None
            raise internal(f'failed calling webhook "{hook.name}": {error}') from error
        return dict(response)


def _webhook(hook: Json, *, mutating: bool) -> Webhook:
    texts = [condition["expression"] for condition in hook.get("matchConditions") or []]
    return Webhook(
        name=hook["name"],
        mutating=mutating,
        client=hook["clientConfig"],
        rules=hook.get("rules") or [],
        ignores_failure=hook.get("failurePolicy", "Fail") == "Ignore",
        timeout_seconds=hook.get("timeoutSeconds", 10),
        namespace_selector=hook.get("namespaceSelector") or {},
        object_selector=hook.get("objectSelector") or {},
        conditions=tuple(compile_expression(text, ADMISSION_VARIABLES) for text in texts),
        variables=tuple(name for name in ADMISSION_VARIABLES if any(name in text for text in texts)),
    )


def _meets(hook: Webhook, request: Json, route: Route) -> bool:
    """Whether every match condition holds.

    Raises:
        Refusal: 403 none is false, but one cannot be evaluated, and failures are not ignored.
    """
    if not hook.conditions:
        return True
    values = {"object": request["object"], "oldObject": request["oldObject"]}
    values["request"] = {name: value for name, value in request.items() if name not in values}
    seen = scope({name: values[name] for name in hook.variables}, ADMISSION_VARIABLES)
    outcomes = [condition.value(seen) for condition in hook.conditions]
    if False in outcomes:
        return False
    broken = [outcome for outcome in outcomes if outcome is not True]
    if broken and not hook.ignores_failure:
        resource = route.resource
        why = f'a match condition of webhook "{hook.name}" cannot be evaluated: {broken[0]}'
        raise forbidden(resource.group, resource.plural, request["name"], why)
    return not broken


def _decoded(patch: Any) -> list[Json]:
    try:
        decoded = msgspec.json.decode(b64decode(patch))
    except (ValueError, TypeError) as error:
        raise internal(f"a webhook sent a patch that cannot be read: {error}") from error
    return list(decoded)


def _denied(hook: Webhook, response: Json) -> Refusal:
    result = response.get("status") or {}
    code = max(int(result.get("code") or 0), 400)
    message = result.get("message") or result.get("reason") or ""
    said = f"denied the request: {message}" if message else "denied the request without explanation"
    reason, details = result.get("reason") or "", result.get("details") or {}
    return Refusal(code, reason, f'admission webhook "{hook.name}" {said}', details=details)
