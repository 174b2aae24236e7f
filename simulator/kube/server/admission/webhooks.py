"""One registered webhook: which requests it wants to see, how it is asked, and what its answer means."""

from base64 import b64decode
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import msgspec

from simulator.kube.server.advice import advise
from simulator.kube.server.custom.cel import ADMISSION_VARIABLES, Expression, compile_expression, scope
from simulator.kube.server.custom.cel_authorizer import authorizer_of
from simulator.kube.server.field_errors import quoted
from simulator.kube.server.patching.json_patch import json_patched
from simulator.kube.server.refusals import Refusal, forbidden, internal
from simulator.kube.server.registry import Resource
from simulator.kube.server.routes import Route
from simulator.kube.server.time_limits import out_of_time, seconds_left
from simulator.kube.server.writes import own_copy

Json = dict[str, Any]
CallWebhook = Callable[[Json, Json], Awaitable[Json]]
"""``(clientConfig, AdmissionReview) -> AdmissionReview``; the first has ``url``, or ``service`` with namespace, name,
path and port, and ``caBundle``. Raises ``ConnectionError`` or ``TimeoutError`` where there is no answer."""


class TimeoutClock(Protocol):
    """Bounds the wait for a webhook."""

    def now(self) -> float:
        """Seconds since 1970."""
        ...

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[object]:
        """Cancel the block after ``seconds`` and raise ``TimeoutError``."""
        ...


class BadAnswer(Exception):
    """A webhook has answered something that means nothing."""


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """One registered webhook."""

    name: str
    mutating: bool
    client: Json
    rules: Sequence[Json]
    ignores_failure: bool
    asks_again: bool
    timeout_seconds: float
    namespace_selector: Json
    object_selector: Json
    exact: bool = False
    conditions: tuple[tuple[str, Expression], ...] = ()
    variables: tuple[str, ...] = ()  # that the conditions name: the others need not be shown to them

    def view_of(self, route: Route, operation: str, others: Sequence[Resource]) -> Resource | None:
        """The version in which it wants to see this operation on this resource; ``None``: it does not.

        Args:
            route: what is asked for.
            operation: CREATE and so on.
            others: the other versions of the resource; they count where the rules name none but these.
        """
        if any(rule_matches(rule, route, operation) for rule in self.rules):
            return route.resource
        for other in () if self.exact else others:
            seen = msgspec.structs.replace(route, resource=other)
            if any(rule_matches(rule, seen, operation) for rule in self.rules):
                return other
        return None


def rule_matches(rule: Json, route: Route, operation: str) -> bool:
    """Whether a rule names this operation on this resource."""
    resource, part = route.resource, route.subresource
    patterns = {f"{resource.plural}/*", "*/*"}
    patterns |= {f"{resource.plural}/{part}", f"*/{part}"} if part else {resource.plural, "*"}
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


def webhook_of(hook: Json, *, mutating: bool) -> Webhook:
    """From a configuration, which has been checked."""
    texts = [condition["expression"] for condition in hook.get("matchConditions") or []]
    return Webhook(
        name=hook["name"],
        mutating=mutating,
        client=hook["clientConfig"],
        rules=hook.get("rules") or [],
        ignores_failure=hook.get("failurePolicy", "Fail") == "Ignore",
        asks_again=hook.get("reinvocationPolicy") == "IfNeeded",
        timeout_seconds=hook.get("timeoutSeconds", 10),
        namespace_selector=hook.get("namespaceSelector") or {},
        object_selector=hook.get("objectSelector") or {},
        exact=hook.get("matchPolicy") == "Exact",
        conditions=tuple((text, compile_expression(text, ADMISSION_VARIABLES)) for text in texts),
        variables=tuple(name for name in ADMISSION_VARIABLES if any(name in text for text in texts)),
    )


def authorizer_for(route: Route, request: Json) -> Json:
    """The value of ``authorizer`` for the sender of a request."""
    who, resource = request["userInfo"], route.resource
    about = {
        "group": resource.group,
        "resource": resource.plural,
        "subresource": route.subresource,
        "namespace": route.namespace,
        "name": str(request.get("name", "")),
    }
    return authorizer_of(who["username"], who["groups"], about)


def meets(hook: Webhook, request: Json, route: Route) -> bool:
    """Whether every match condition holds.

    Raises:
        Refusal: 403 none is false, but one cannot be evaluated, and failures are not ignored.
    """
    if not hook.conditions:
        return True
    values = {"object": request["object"], "oldObject": request["oldObject"]}
    if "authorizer" in hook.variables:
        values["authorizer"] = authorizer_for(route, request)
    values["request"] = {name: value for name, value in request.items() if name not in values}
    seen = scope({name: values[name] for name in hook.variables}, ADMISSION_VARIABLES)
    outcomes = [(text, condition.value(seen), condition) for text, condition in hook.conditions]
    if any(outcome is False for _, outcome, _ in outcomes):
        return False
    broken = [
        f"expression '{text}' resulted in error: {condition.error(seen)}"
        for text, outcome, condition in outcomes
        if outcome is not True
    ]
    if broken and not hook.ignores_failure:
        resource = route.resource
        why = broken[0] if len(broken) == 1 else f"[{', '.join(broken)}]"
        raise forbidden(resource.group, resource.plural, str(request.get("name", "")), why)
    return not broken


async def ask(hook: Webhook, review: Json, call: CallWebhook, clock: TimeoutClock) -> Json | None:
    """The response; ``None`` where there is none and that is tolerated.

    Raises:
        Refusal: 500 there is none, and the failurePolicy is Fail; 504 there is no time left for one.
    """
    try:
        answer = await _called(hook, review, call, clock)
        response = _verified(answer, review["request"]["uid"], mutating=hook.mutating)
    except BadAnswer as error:
        if hook.ignores_failure:
            return None
        raise internal(f"failed calling webhook {quoted(hook.name)}: {error}") from error
    for text in response.get("warnings") or ():
        advise(str(text))
    return response


async def _called(hook: Webhook, review: Json, call: CallWebhook, clock: TimeoutClock) -> Any:
    left = seconds_left(clock.now())
    if left <= 0:
        raise out_of_time()
    try:
        async with clock.timeout(min(hook.timeout_seconds, left)):
            return await call(hook.client, own_copy(review))
    except TimeoutError as error:
        if seconds_left(clock.now()) <= 0:
            raise out_of_time() from error
        why = "context deadline exceeded"
        raise BadAnswer(f"failed to call webhook: Post {_place(hook)}: {why}") from error
    except ConnectionError as error:
        raise BadAnswer(f"failed to call webhook: Post {_place(hook)}: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise BadAnswer(f"failed to call webhook: {error}") from error


def _place(hook: Webhook) -> str:
    url, service = hook.client.get("url"), hook.client.get("service") or {}
    if not url:
        path = (service.get("path") or "").removeprefix("/")
        url = f"https://{service.get('name')}.{service.get('namespace')}.svc:{service.get('port', 443)}/{path}"
    return quoted(f"{url}?timeout={int(hook.timeout_seconds)}s")


def _verified(answer: Any, uid: str, *, mutating: bool) -> Json:
    response = answer.get("response") if isinstance(answer, dict) else None
    if not isinstance(response, dict):
        raise BadAnswer("received invalid webhook response: webhook response was absent")
    why = ""
    patch, patch_type = response.get("patch"), response.get("patchType")
    if response.get("uid") != uid:
        why = f'expected response.uid="{uid}", got "{response.get("uid", "")}"'
    elif answer.get("kind") != "AdmissionReview" or answer.get("apiVersion") != "admission.k8s.io/v1":
        group, _, version = str(answer.get("apiVersion", "")).rpartition("/")
        found = f"{group}/{version}, Kind={answer.get('kind', '')}"
        why = f"expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got {found}"
    elif mutating and patch and patch_type is None:
        why = "webhook returned response.patch but not response.patchType"
    elif mutating and not patch and patch_type is not None:
        why = "webhook returned response.patchType but not response.patch"
    elif not mutating and patch:
        why = "validating webhook may not return response.patch"
    elif not mutating and patch_type is not None:
        why = "validating webhook may not return response.patchType"
    if why:
        raise BadAnswer(f"received invalid webhook response: {why}")
    return response


def denial(hook: Webhook, response: Json) -> Refusal:
    """What the client is told of a webhook's no."""
    result = response.get("status") or {}
    code = int(result.get("code") or 0)
    message = result.get("message") or result.get("reason") or ""
    said = f"denied the request: {message}" if message else "denied the request without explanation"
    reason, details = result.get("reason") or "", result.get("details") or {}
    full = f'admission webhook "{hook.name}" {said}'
    return Refusal(max(code, 400), reason, full, details=details)


def patched(hook: Webhook, response: Json, item: Json) -> Json:
    """An object as the response wants it: the same one where it has no patch.

    Raises:
        Refusal: 500 the patch cannot be read or done, and failures are not ignored.
    """
    data = response.get("patch")
    if not data:
        return item
    try:
        operations = _operations(data)
        if response.get("patchType") != "JSONPatch":
            raise BadAnswer(f"unsupported patch type {quoted(str(response.get('patchType')))}")
    except BadAnswer as error:
        if hook.ignores_failure:
            return item
        raise internal(f"failed calling webhook {quoted(hook.name)}: {error}") from error
    fresh: Json = own_copy(item)
    for operation in operations:
        try:
            fresh = json_patched(fresh, [operation])
        except Refusal as refusal:
            raise internal(_undone(operation)) from refusal
    return fresh


def _operations(data: Any) -> list[Json]:
    try:
        found = msgspec.json.decode(b64decode(data))
    except (ValueError, TypeError) as error:
        raise BadAnswer(f"received undecodable patch in webhook response: {error}") from error
    if not isinstance(found, list):
        kind = {dict: "object", str: "string", bool: "bool"}.get(type(found), "number")
        raise BadAnswer(
            "received undecodable patch in webhook response:"
            f" json: cannot unmarshal {kind} into Go value of type jsonpatch.Patch"
        )
    return found


def _undone(operation: Json) -> str:
    name, path = operation.get("op"), operation.get("path", "")
    if name == "test":
        return f"testing value {path} failed: test failed"
    return f'{name} operation does not apply: doc is missing path: "{path}": missing value'
