"""What a request is, in the words of Kubernetes: verb and resource; and how often each client has sent which.

Request counts are among the few figures of a distributed system that do not depend on the machine: benchmarks assert
on them.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from simulator.kube.api import ApiRequest
from simulator.kube.server.kinds.everything import EVERYTHING

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. ``resource`` has its subresource: ``pods/status``."""

    verb: str
    resource: str
    namespace: str
    name: str

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.verb not in ("get", "list", "watch")


def describe(request: ApiRequest, *, watch: bool = False) -> Call:
    """Name what a request asks for; it need not exist."""
    return _call(request.method, request.path, watch=watch)


@lru_cache(maxsize=4096)
def _call(method: str, path: str, *, watch: bool) -> Call:
    parts = path.strip("/").split("/")
    rest = parts[3:] if parts[0] == "apis" else parts[2:]
    if rest[:1] == ["watch"]:  # the old form of a watch's path
        rest = rest[1:]
    namespace = ""
    if len(rest) >= 3 and rest[0] == "namespaces" and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    resource = rest[0] if rest else ""
    name = rest[1] if len(rest) > 1 else ""
    if len(rest) > 2:
        resource = f"{resource}/{rest[2]}"
    return Call(verb=_verb(method, name, watch=watch), resource=resource, namespace=namespace, name=name)


def _verb(method: str, name: str, *, watch: bool) -> str:
    if watch:
        return "watch"
    if method == "GET":
        return "get" if name else "list"
    if method == "DELETE" and not name:
        return "deletecollection"
    return _VERBS.get(method, method.lower())


class Meter:
    """How many requests were sent, by client, verb and resource."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str, str], int] = {}

    def count(self, client: str, call: Call) -> None:
        """One more."""
        key = (client, call.verb, call.resource)
        self.counts[key] = self.counts.get(key, 0) + 1

    def total(self, *, client: str = "", verb: str = "", resource: str = "") -> int:
        """The sum over what is named; empty names match all."""
        return sum(
            number
            for (who, what, where), number in self.counts.items()
            if client in ("", who) and verb in ("", what) and resource in ("", where)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request relies on: verb, resource (``custom`` for all that definitions declare) and options, sorted."""

    verb: str
    resource: str
    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join([self.verb, self.resource, *self.options])


BUILT_IN_GROUPS = frozenset(resource.group for resource in EVERYTHING)
_SPOKEN = frozenset({"resourceVersionMatch", "dryRun", "propagationPolicy", "fieldValidation"})  # the value matters too
_UNSPOKEN = frozenset({"watch", "timeoutSeconds", "fieldManager"})  # change nothing of what is answered


def asked(request: ApiRequest, *, watch: bool = False) -> Asked:
    """What ``request`` relies on. Selectors count by the kind of selector, field selectors by their fields."""
    call = describe(request, watch=watch)
    options = {text for name, value in request.query.items() if value and (text := _option(name, value))}
    if request.method == "PATCH":
        options.add(request.content_type.partition("/")[2].removesuffix("+json").removesuffix("+yaml"))
    if request.method == "DELETE" and isinstance(request.body, dict):
        options |= {text for name, value in request.body.items() if (text := _delete_option(name, value))}
    parts = request.path.strip("/").split("/")
    group = parts[1] if parts[0] == "apis" and len(parts) > 1 else ""
    _, slash, subresource = call.resource.partition("/")
    resource = call.resource if group in BUILT_IN_GROUPS else f"custom{slash}{subresource}"
    return Asked(verb=call.verb, resource=resource, options=tuple(sorted(options)))


def _option(name: str, value: str) -> str:
    if name in _UNSPOKEN:
        return ""
    if name in _SPOKEN:
        return f"{name}={value}"
    if name == "resourceVersion":
        return "resourceVersion=0" if value == "0" else "resourceVersion"
    if name == "fieldSelector":
        return "+".join(sorted({term.partition("=")[0].rstrip("!") for term in value.split(",")}))
    return name


def _delete_option(name: str, value: Any) -> str:
    if name in ("kind", "apiVersion"):
        return ""
    if name == "preconditions":
        return "+".join(sorted(value))
    if name == "gracePeriodSeconds":
        return "gracePeriodSeconds=0" if value == 0 else "gracePeriodSeconds"
    return _option(name, str(value))
