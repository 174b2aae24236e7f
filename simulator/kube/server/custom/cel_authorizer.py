"""Asking in an expression whether who sends a request may do something else: ``authorizer.group('').resource('pods')``.

A check is described step by step in a map; who decides is handed in beside the request that is judged, as functions of
the language are the same for every server.
"""

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar

from simulator.kube.server.custom.cel_declaring import OBJECT, TEXT, TRUTH, Overload

Check = Mapping[str, str]
Decide = Callable[[Check], tuple[bool, str]]
"""Whether the action that a map describes is allowed, and why."""

deciding: ContextVar[Decide | None] = ContextVar("deciding", default=None)


def authorizer_of(user: str, groups: Sequence[str], request_resource: Check) -> dict[str, object]:
    """The value of the variable ``authorizer`` for a user; ``request_resource`` describes what the request is about."""
    who = {"user": user, "groups": ",".join(groups)}
    return {**who, "requestResource": {**who, **request_resource}}


def _with(name: str) -> Callable[[Check, str], dict[str, str]]:
    return lambda check, value: {**_described(check), name: value}


def _described(check: Check) -> dict[str, str]:
    return {name: check[name] for name in check if name != "requestResource"}


def _service_account(check: Check, namespace: str, name: str) -> dict[str, str]:
    groups = f"system:serviceaccounts,system:serviceaccounts:{namespace}"  # and not those who are authenticated
    return {**_described(check), "user": f"system:serviceaccount:{namespace}:{name}", "groups": groups}


def _decided(check: Check, verb: str) -> dict[str, str]:
    decide = deciding.get()
    allowed, why = (True, "") if decide is None else decide({**_described(check), "verb": verb})
    return {"allowed": "yes" if allowed else "", "reason": why}


_STEPS = ("path", "group", "resource", "subresource", "namespace", "name", "fieldSelector", "labelSelector")
AUTHORIZER: Sequence[Overload] = (
    *((f".{name}", OBJECT, [OBJECT, TEXT], _with(name)) for name in _STEPS),
    (".serviceAccount", OBJECT, [OBJECT, TEXT, TEXT], _service_account),
    (".check", OBJECT, [OBJECT, TEXT], _decided),
    (".allowed", TRUTH, [OBJECT], lambda decision: bool(decision["allowed"])),
    (".reason", TEXT, [OBJECT], lambda decision: decision["reason"]),
    (".errored", TRUTH, [OBJECT], lambda _: False),
    (".error", TEXT, [OBJECT], lambda _: ""),
)
