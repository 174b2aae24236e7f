"""Role-based access control: which user may do what, by the roles and bindings in the store.

Rights only add up, nothing takes one away, so the first rule that allows an action decides. The roles are read again
only after one of their four tables has changed.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from simulator.kube.api import ApiRequest
from simulator.kube.server.access.authorization import Attributes
from simulator.kube.server.access.escalation import GROUP, check_escalation
from simulator.kube.server.access.users import MASTERS
from simulator.kube.server.routes import Route
from simulator.kube.server.store import Store

Json = dict[str, Any]
_TABLES = tuple((GROUP, plural) for plural in ("clusterroles", "roles", "clusterrolebindings", "rolebindings"))
_ACCOUNT = "system:serviceaccount:"


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """One subject of one binding. ``namespace`` is where it holds; empty: everywhere. ``rules`` is ``None`` if the role
    does not exist.
    """

    subject_kind: str
    subject: str
    namespace: str
    rules: Sequence[Json] | None
    role_kind: str
    role: str
    because: str


class Rbac:
    """The ``Authorizer`` over one store."""

    def __init__(self, store: Store) -> None:
        self._tables = [store.table(table_id) for table_id in _TABLES]
        self._read_at: tuple[int, ...] = ()
        self._grants: list[Grant] = []

    def allows(self, action: Attributes) -> bool:
        """Whether a rule allows this, or the user is one of the masters."""
        if MASTERS in action.groups:
            return True
        return any(covers(rule, action) for grant in self._of(action) for rule in grant.rules or ())

    def reason(self, action: Attributes) -> str:
        """Which binding allows it; else which roles of this user's bindings do not exist."""
        if MASTERS in action.groups:
            return ""
        missing: dict[str, None] = {}
        for grant in self._of(action):
            if any(covers(rule, action) for rule in grant.rules or ()):
                return f"RBAC: allowed by {grant.because}"
            if grant.rules is None:
                missing[not_found_text(grant)] = None
        return f"rbac: RBAC: {_listed(list(missing))}" if missing else ""

    def rules(self, user: str, groups: Sequence[str], namespace: str) -> tuple[list[Json], list[Json], str]:
        """What a user may do in a namespace: rules about resources, rules about paths, and what could not be read."""
        found = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}] if MASTERS in groups else []
        paths = [{"verbs": ["*"], "nonResourceURLs": ["*"]}] if MASTERS in groups else []
        missing: dict[str, None] = {}
        for grant in self._of(Attributes(user=user, groups=tuple(groups), verb="", namespace=namespace)):
            if grant.rules is None:
                missing[not_found_text(grant)] = None
            for rule in grant.rules or ():
                into = paths if rule.get("nonResourceURLs") else found
                if rule not in into:
                    into.append(rule)
        return found, paths, _listed(list(missing)) if missing else ""

    def missing(self, user: str, groups: Sequence[str], namespace: str) -> list[tuple[str, str]]:
        """Kind and name of the roles that a user is bound to and that do not exist."""
        asked = Attributes(user=user, groups=tuple(groups), verb="", namespace=namespace)
        return list(dict.fromkeys((one.role_kind, one.role) for one in self._of(asked) if one.rules is None))

    def check_grant(self, request: ApiRequest, route: Route, item: Json, old: Json | None) -> None:
        """See ``Authorizer``."""
        check_escalation(self, request, route, item, old)

    def role(self, kind: str, namespace: str, name: str) -> Json | None:
        """A role that exists."""
        table = self._tables[0] if kind == "ClusterRole" else self._tables[1]
        return table.objects.get(("" if kind == "ClusterRole" else namespace, name))

    def _of(self, action: Attributes) -> Iterator[Grant]:
        """The grants of a user in a place."""
        revisions = tuple([table.revision for table in self._tables])
        if revisions != self._read_at:
            self._read_at, self._grants = revisions, list(self._read())
        account = _account(action.user)
        for grant in self._grants:
            if grant.namespace and grant.namespace != action.namespace:
                continue
            kind = grant.subject_kind
            if (
                (kind == "User" and grant.subject == action.user)
                or (kind == "Group" and grant.subject in action.groups)
                or (kind == "ServiceAccount" and account and grant.subject == account)
            ):
                yield grant

    def _read(self) -> Iterator[Grant]:
        for table in self._tables[2:]:
            for key in table.keys:
                yield from self._grants_of(table.objects[key])

    def _grants_of(self, binding: Json) -> Iterator[Grant]:
        metadata, reference = binding["metadata"], binding.get("roleRef") or {}
        namespace = metadata.get("namespace", "")
        kind, name = reference.get("kind", ""), reference.get("name", "")
        role = self.role(kind, namespace, name)
        rules = None if role is None else role.get("rules") or ()
        shown = f"{metadata['name']}/{namespace}" if namespace else metadata["name"]
        for subject in binding.get("subjects") or ():
            who = subject.get("name", "")
            if subject.get("kind") == "ServiceAccount":
                who = f"{who}/{subject.get('namespace') or namespace}"
            said = f'{binding["kind"]} "{shown}" of {kind} "{name}" to {subject.get("kind", "")} "{who}"'
            yield Grant(
                subject_kind=subject.get("kind", ""),
                subject=who,
                namespace=namespace,
                rules=rules,
                role_kind=kind,
                role=name,
                because=said,
            )


def _account(user: str) -> str:
    """``name/namespace`` of a service account's user name; empty for others."""
    if not user.startswith(_ACCOUNT):
        return ""
    namespace, _, name = user.removeprefix(_ACCOUNT).partition(":")
    return f"{name}/{namespace}"


def not_found_text(grant: Grant) -> str:
    """What is said of a binding whose role does not exist."""
    return f'{grant.role_kind.lower()}.{GROUP} "{grant.role}" not found'


def _listed(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def covers(rule: Json, action: Attributes) -> bool:
    """Whether a rule allows an action."""
    verbs = rule.get("verbs") or ()
    if action.verb not in verbs and "*" not in verbs:
        return False
    if action.path:
        return any(_covers_path(pattern, action.path) for pattern in rule.get("nonResourceURLs") or ())
    groups = rule.get("apiGroups") or ()
    if action.group not in groups and "*" not in groups:
        return False
    whole = f"{action.resource}/{action.subresource}" if action.subresource else action.resource
    resources = rule.get("resources") or ()
    any_part = f"*/{action.subresource}" if action.subresource else "*"
    if whole not in resources and "*" not in resources and any_part not in resources:
        return False
    names = rule.get("resourceNames")
    return not names or action.name in names


def _covers_path(pattern: str, path: str) -> bool:
    return pattern in ("*", path) or (pattern.endswith("*") and path.startswith(pattern.rstrip("*")))
