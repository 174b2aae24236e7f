"""What a request is, in the words of Kubernetes: verb and resource; and how often each client has sent which.

Request counts are among the few figures of a distributed system that do not depend on the machine: benchmarks assert
on them.
"""

from dataclasses import dataclass
from functools import lru_cache

from simulator.kube.api import ApiRequest

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
