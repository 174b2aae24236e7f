"""May this user do this? What is asked of an authorizer, and how its no is said.

A server without an authorizer allows everything and pays nothing for it. What a request is about is read from its
method and path alone, so that whoever may not do a thing does not learn whether it exists.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from simulator.kube.api import ApiRequest
from simulator.kube.server.refusals import Refusal, qualified
from simulator.kube.server.routes import Route, watched_path

Json = dict[str, Any]
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "GET": "get", "HEAD": "get", "DELETE": "delete"}
_NAMESPACE_PARTS = ("status", "finalize")


class Attributes(msgspec.Struct, frozen=True, kw_only=True):
    """One action of one user. ``path`` is given for what is no resource, and everything about resources then empty."""

    user: str
    groups: tuple[str, ...] = ()
    verb: str
    path: str = ""
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""


class Authorizer(Protocol):
    """Who may do what."""

    def allows(self, action: Attributes) -> bool:
        """Whether this is allowed."""
        ...

    def reason(self, action: Attributes) -> str:
        """Why it is allowed, or why that could not be found out; empty if there is nothing to say."""
        ...

    def rules(self, user: str, groups: Sequence[str], namespace: str) -> tuple[list[Json], list[Json], str]:
        """The rules that hold for a user in a namespace: about resources, about other paths; and what could not be read."""
        ...

    def check_grant(self, request: ApiRequest, route: Route, item: Json, old: Json | None) -> None:
        """Nothing, if who sends ``request`` may give away what a new or changed object gives; ``old`` is ``None`` for a new one.

        Raises:
            Refusal: 403, 404.
        """
        ...


def attributes_of(request: ApiRequest, *, watch: bool = False) -> Attributes:
    """What a request is about."""
    path = watched_path(request.path) if watch else request.path
    parts = [part for part in path.split("/") if part]
    if len(parts) >= 3 and parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    elif len(parts) >= 4 and parts[0] == "apis":
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        verb = request.method.lower()
        return Attributes(user=request.user, groups=request.groups, verb=verb, path=request.path)
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and rest[2] not in _NAMESPACE_PARTS:
            rest = rest[2:]
    name = rest[1] if len(rest) > 1 else ""
    verb = _VERBS.get(request.method, "")
    if not name and verb == "get":
        verb = "watch" if watch else "list"
        name = _named(request.query.get("fieldSelector", ""))
    elif not name and verb == "delete":
        verb = "deletecollection"
    return Attributes(
        user=request.user,
        groups=request.groups,
        verb=verb,
        group=group,
        version=version,
        resource=rest[0],
        subresource=rest[2] if len(rest) > 2 else "",
        namespace=namespace,
        name=name,
    )


def _named(fields: str) -> str:
    """The one name that a field selector asks for."""
    for part in fields.split(","):
        key, _, value = part.replace("==", "=").partition("=")
        if key == "metadata.name":
            return value
    return ""


def forbidden_to(action: Attributes, reason: str = "") -> Refusal:
    """403: this user may not do this."""
    more = f": {reason}" if reason else ""
    if action.path:
        message = f'forbidden: User "{action.user}" cannot {action.verb} path "{action.path}"{more}'
        refusal = Refusal(403, "Forbidden", message)
        refusal.status["details"] = {}
        return refusal
    what = qualified(action.group, action.resource) + (f' "{action.name}"' if action.name else "")
    resource = f"{action.resource}/{action.subresource}" if action.subresource else action.resource
    where = f'in the namespace "{action.namespace}"' if action.namespace else "at the cluster scope"
    why = f'User "{action.user}" cannot {action.verb} resource "{resource}" in API group "{action.group}" {where}'
    details: Json = {"kind": action.resource}
    if action.name:
        details["name"] = action.name
    if action.group:
        details["group"] = action.group
    return Refusal(403, "Forbidden", f"{what} is forbidden: {why}{more}", details=details)
