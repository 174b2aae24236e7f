"""Nobody gives away rights that they do not hold: the check on who writes roles and bindings.

Without it the right to write roles would be every right. A writer must hold each rule of the role that is written or
bound, unless the writer is a master or has the verb ``escalate`` for that role, or ``bind`` for the role that is bound.
Rules are compared one verb of one resource at a time, each of which a single rule of the writer has to cover; the
refusal names those that nothing covers.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Protocol

from simulator.kube.api import ApiRequest
from simulator.kube.server.access.authorization import Attributes
from simulator.kube.server.access.users import MASTERS
from simulator.kube.server.field_errors import quoted
from simulator.kube.server.refusals import forbidden, not_found
from simulator.kube.server.routes import Route

Json = dict[str, Any]
GROUP = "rbac.authorization.k8s.io"
_EVERYTHING: Sequence[Json] = (
    {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
    {"nonResourceURLs": ["*"], "verbs": ["*"]},
)
# What a garbage collector may change in a role that it could not have written.
_COLLECTED = ("ownerReferences", "finalizers", "managedFields", "resourceVersion", "generation", "selfLink")
_SHOWN: Mapping[str, str] = {
    "apiGroups": "APIGroups",
    "resources": "Resources",
    "nonResourceURLs": "NonResourceURLs",
    "resourceNames": "ResourceNames",
    "verbs": "Verbs",
}


class Rights(Protocol):
    """Who holds what, by the roles that there are."""

    def allows(self, action: Attributes) -> bool:
        """Whether this is allowed."""
        ...

    def rules(self, user: str, groups: Sequence[str], namespace: str) -> tuple[list[Json], list[Json], str]:
        """The rules that hold for a user in a namespace: about resources, about other paths; and what could not be read."""
        ...

    def role(self, kind: str, namespace: str, name: str) -> Json | None:
        """A role that exists."""
        ...

    def missing(self, user: str, groups: Sequence[str], namespace: str) -> list[tuple[str, str]]:
        """Kind and name of the roles that a user is bound to and that do not exist."""
        ...


def check_escalation(rbac: Rights, request: ApiRequest, route: Route, item: Json, old: Json | None) -> None:
    """Nothing, if whoever sends ``request`` may make this of a role or a binding; ``old`` is ``None`` on create.

    Raises:
        Refusal: 403 with the rights that are not held; 404 a role to be bound does not exist.
    """
    if MASTERS in request.groups or (old is not None and _only_collected(item, old)):
        return
    resource, name = route.resource, item["metadata"].get("name", "")
    reference = item.get("roleRef")
    if reference is not None:
        plural = f"{reference.get('kind', '').lower()}s"
        if rbac.allows(_asking(request, route, "bind", plural, reference.get("name", ""))):
            return
        role = rbac.role(reference.get("kind", ""), route.namespace, reference.get("name", ""))
        if role is None:
            raise not_found(GROUP, resource.plural, reference.get("name", ""))
        rules = role.get("rules") or ()
    elif rbac.allows(_asking(request, route, "escalate", resource.plural, name)):
        return
    else:
        rules = item.get("rules") or ()
    if why := _not_held(rbac, request, route.namespace, rules):
        raise forbidden(GROUP, resource.plural, name, why)
    if item.get("aggregationRule") and _not_held(rbac, request, "", _EVERYTHING):
        why = "must have cluster-admin privileges to use the aggregationRule"
        raise forbidden(GROUP, resource.plural, name, why)


def _asking(request: ApiRequest, route: Route, verb: str, plural: str, name: str) -> Attributes:
    return Attributes(
        user=request.user,
        groups=request.groups,
        verb=verb,
        group=GROUP,
        version="v1",
        resource=plural,
        namespace=route.namespace,
        name=name,
    )


def _only_collected(item: Json, old: Json) -> bool:
    def rest(of: Json) -> Json:
        metadata = {name: value for name, value in of["metadata"].items() if name not in _COLLECTED}
        return {**of, "metadata": metadata}

    return rest(item) == rest(old)


def _not_held(rbac: Rights, request: ApiRequest, namespace: str, rules: Iterable[Json]) -> str:
    """The sentence about the rights that the user does not hold; empty if there are none."""
    resources, paths, _ = rbac.rules(request.user, request.groups, namespace)
    held = [*resources, *paths]
    missing = [right for rule in rules for right in _single(rule) if not any(_covers(one, right) for one in held)]
    if not missing:
        return ""
    groups = " ".join(quoted(group) for group in request.groups)
    lines = sorted({_line(rule) for rule in _together(missing)})
    said = f'user "{request.user}" (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n'
    bound = rbac.missing(request.user, request.groups, namespace)
    unread = [f'{kind.lower()}s.{GROUP} "{name}" not found' for kind, name in bound]
    return said + "\n".join(lines) + (f"; resolution errors: [{', '.join(unread)}]" if unread else "")


def _single(rule: Json) -> Iterator[Json]:
    """A rule as rules about one verb of one thing."""
    verbs = rule.get("verbs") or ()
    for group, resource, verb in product(rule.get("apiGroups") or (), rule.get("resources") or (), verbs):
        right = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
        names = rule.get("resourceNames")
        yield from ({**right, "resourceNames": [name]} for name in names) if names else (right,)
    for path, verb in product(rule.get("nonResourceURLs") or (), verbs):
        yield {"nonResourceURLs": [path], "verbs": [verb]}


def _covers(rule: Json, right: Json) -> bool:
    """Whether a rule holds a single right."""
    verbs = rule.get("verbs") or ()
    if "*" not in verbs and right["verbs"][0] not in verbs:
        return False
    if "nonResourceURLs" in right:
        wanted = right["nonResourceURLs"][0]
        return any(
            held in ("*", wanted) or (held.endswith("*") and wanted.startswith(held.rstrip("*")))
            for held in rule.get("nonResourceURLs") or ()
        )
    groups, resources = rule.get("apiGroups") or (), rule.get("resources") or ()
    if "*" not in groups and right["apiGroups"][0] not in groups:
        return False
    wanted = right["resources"][0]
    part = wanted.partition("/")[2]
    if "*" not in resources and wanted not in resources and not (part and f"*/{part}" in resources):
        return False
    names = rule.get("resourceNames")
    return not names or ("resourceNames" in right and right["resourceNames"][0] in names)


def _together(rights: Sequence[Json]) -> list[Json]:
    """Single rights with the verbs of one resource in one rule; those about paths stay as they are."""
    found: dict[tuple[str, ...], Json] = {}
    for right in rights:
        if "nonResourceURLs" in right:
            key = ("", right["nonResourceURLs"][0], right["verbs"][0])
        else:
            key = ("resource", right["apiGroups"][0], right["resources"][0], *right.get("resourceNames", ()))
        if key not in found:
            found[key] = {**right, "verbs": list(right["verbs"])}
        elif right["verbs"][0] not in found[key]["verbs"]:
            found[key]["verbs"].append(right["verbs"][0])
    return list(found.values())


def _line(rule: Json) -> str:
    parts = [
        f"{shown}:[{' '.join(quoted(value) for value in rule[name])}]" for name, shown in _SHOWN.items() if name in rule
    ]
    return "{" + ", ".join(parts) + "}"
