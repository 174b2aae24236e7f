"""Flow schemas and priority levels: whom the server tells to come back later.

Of the real server's rules only those are served that decide without a queue: a level that is limited, rejects instead
of queuing and has no share answers one request at a time, and everybody else's requests of that level get a 429. All
other levels take everything, as this server is never at its limit. Masters and probes are exempt, a watch counts only
while it begins.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from simulator.kube.api import ApiRequest
from simulator.kube.server.access.authorization import Attributes, attributes_of
from simulator.kube.server.access.users import MASTERS
from simulator.kube.server.refusals import Refusal
from simulator.kube.server.store import Store

Json = dict[str, Any]

GROUP = "flowcontrol.apiserver.k8s.io"
_PROBES = ("/healthz", "/livez", "/readyz")
RETRY_AFTER_SECONDS = 1
_ACCOUNTS = "system:serviceaccount:"


def too_many() -> Refusal:
    """429: come back in a second. The answer is a text, as it does not come from where answers are written."""
    refusal = Refusal(
        429, "TooManyRequests", "Too many requests, please try again later.", retry_after_seconds=RETRY_AFTER_SECONDS
    )
    refusal.text = "Too many requests, please try again later.\n"
    return refusal


class FlowControl:
    """The levels of one server.

    Args:
        store: where the objects are.
    """

    def __init__(self, store: Store) -> None:
        self._schemas = store.table((GROUP, "flowschemas"))
        self._levels = store.table((GROUP, "prioritylevelconfigurations"))
        self._served: dict[str, int] = {}

    def anybody(self) -> bool:
        """Whether there is a flow schema at all."""
        return bool(self._schemas.objects)

    @contextmanager
    def turn(self, request: ApiRequest, *, watch: bool) -> Iterator[None]:
        """Within this a request is served.

        Raises:
            Refusal: 429, its level serves as many as it may.
        """
        level = self._level_of(request, watch=watch)
        if level is None or not _one_at_a_time(level):
            yield
            return
        uid = level["metadata"]["uid"]
        if self._served.get(uid):
            raise too_many()
        self._served[uid] = 1
        try:
            yield
        finally:
            del self._served[uid]

    def _level_of(self, request: ApiRequest, *, watch: bool) -> Json | None:
        if MASTERS in request.groups or request.path.startswith(_PROBES):
            return None
        action = attributes_of(request, watch=watch)
        schemas = sorted(self._schemas.objects.values(), key=_precedence)
        for schema in schemas:
            if any(_concerns(rule, action) for rule in schema["spec"].get("rules") or ()):
                return self._levels.objects.get(("", schema["spec"]["priorityLevelConfiguration"]["name"]))
        return None


def _precedence(schema: Json) -> tuple[int, str]:
    return schema["spec"].get("matchingPrecedence", 1000), schema["metadata"]["name"]


def _one_at_a_time(level: Json) -> bool:
    limited = level["spec"].get("limited") or {}
    rejects = (limited.get("limitResponse") or {}).get("type") == "Reject"
    return level["spec"]["type"] == "Limited" and rejects and limited.get("nominalConcurrencyShares") == 0


def _concerns(rule: Mapping[str, Any], action: Attributes) -> bool:
    if not any(_is(subject, action) for subject in rule.get("subjects") or ()):
        return False
    if action.path:
        return any(_names_path(one, action) for one in rule.get("nonResourceRules") or ())
    return any(_names_resource(one, action) for one in rule.get("resourceRules") or ())


def _is(subject: Json, action: Attributes) -> bool:
    kind = subject["kind"]
    if kind == "User":
        return subject["user"]["name"] in ("*", action.user)
    if kind == "Group":
        return subject["group"]["name"] == "*" or subject["group"]["name"] in action.groups
    account = subject["serviceAccount"]
    namespace, _, name = action.user.removeprefix(_ACCOUNTS).partition(":")
    is_account = action.user.startswith(_ACCOUNTS) and namespace == account["namespace"]
    return is_account and account["name"] in ("*", name)


def _names_path(rule: Json, action: Attributes) -> bool:
    paths = rule.get("nonResourceURLs") or ()
    return _listed(rule["verbs"], action.verb) and any(
        path in ("*", action.path) or (path.endswith("/*") and action.path.startswith(path[:-1])) for path in paths
    )


def _names_resource(rule: Json, action: Attributes) -> bool:
    name = f"{action.resource}/{action.subresource}" if action.subresource else action.resource
    placed = _listed(rule.get("namespaces") or (), action.namespace) if action.namespace else rule.get("clusterScope")
    return (
        _listed(rule["verbs"], action.verb)
        and _listed(rule["apiGroups"], action.group)
        and _listed(rule["resources"], name)
        and bool(placed)
    )


def _listed(values: Any, value: str) -> bool:
    return "*" in values or value in values
