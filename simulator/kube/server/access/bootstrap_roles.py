"""The roles and bindings that a cluster is born with, for people, nodes, components and controllers.

Controllers of a simulated cluster are trusted (``trusted.py``) and need none of them; who looks them up, binds them to
an account, or acts as one of those that have them, finds what a real cluster has. Three roles are put together from
others by their labels, as everybody may do (``controllers/role_aggregation.py``).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.kube.api import ApiRequest
from simulator.kube.server.access.component_roles import COMPONENT_ROLES, NAMESPACED_ROLES
from simulator.kube.server.access.controller_roles import CONTROLLER_ROLES
from simulator.kube.server.access.escalation import GROUP
from simulator.kube.server.access.users import AUTHENTICATED, MASTERS
from simulator.kube.server.api_server import ApiServer

Json = dict[str, Any]
_AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"
_AGGREGATED = ("admin", "edit", "view")
# Which roles are part of which.
_PARTS: Mapping[str, str] = {
    "edit": "admin",
    "view": "edit",
    "system:aggregate-to-admin": "admin",
    "system:aggregate-to-edit": "edit",
    "system:aggregate-to-view": "view",
}
_ACCOUNTS = "system:serviceaccounts"
_MANAGER, _SCHEDULER = "system:kube-controller-manager", "system:kube-scheduler"


def _group(name: str) -> Json:
    return {"kind": "Group", "apiGroup": GROUP, "name": name}


def _user(name: str) -> Json:
    return {"kind": "User", "apiGroup": GROUP, "name": name}


def _account(name: str) -> Json:
    return {"kind": "ServiceAccount", "name": name, "namespace": "kube-system"}


_BINDINGS: Mapping[str, Sequence[Json]] = {
    "cluster-admin": (_group(MASTERS),),
    "system:basic-user": (_group(AUTHENTICATED),),
    "system:cluster-trust-bundle-discovery": (_group(_ACCOUNTS),),
    "system:discovery": (_group(AUTHENTICATED),),
    "system:kube-controller-manager": (_user(_MANAGER),),
    "system:kube-dns": (_account("kube-dns"),),
    "system:kube-scheduler": (_user(_SCHEDULER),),
    "system:monitoring": (_group("system:monitoring"),),
    "system:node": (),
    "system:node-proxier": (_user("system:kube-proxy"),),
    "system:public-info-viewer": (_group(AUTHENTICATED), _group("system:unauthenticated")),
    "system:service-account-issuer-discovery": (_group(_ACCOUNTS),),
    "system:volume-scheduler": (_user(_SCHEDULER),),
}
# By namespace and name: the role, and who has it.
_NAMESPACED: Mapping[tuple[str, str], tuple[str, Sequence[Json]]] = {
    ("kube-system", "system::extension-apiserver-authentication-reader"): (
        "extension-apiserver-authentication-reader",
        (_user(_MANAGER), _user(_SCHEDULER)),
    ),
    ("kube-system", "system::leader-locking-kube-controller-manager"): (
        "system::leader-locking-kube-controller-manager",
        (_user(_MANAGER), _account("kube-controller-manager"), _account("leader-election-controller")),
    ),
    ("kube-system", "system::leader-locking-kube-scheduler"): (
        "system::leader-locking-kube-scheduler",
        (_user(_SCHEDULER), _account("kube-scheduler")),
    ),
    **{
        (namespace, f"system:controller:{name}"): (f"system:controller:{name}", (_account(name),))
        for namespace, name in (
            ("kube-public", "bootstrap-signer"),
            ("kube-system", "bootstrap-signer"),
            ("kube-system", "cloud-provider"),
            ("kube-system", "token-cleaner"),
        )
    },
}


async def bootstrap_roles(server: ApiServer) -> None:
    """Create the roles and bindings that are not there."""
    for name in _AGGREGATED:
        rule = {"clusterRoleSelectors": [{"matchLabels": {f"{_AGGREGATE}{name}": "true"}}]}
        await _create(server, "ClusterRole", name, {"aggregationRule": rule})
    for name, lines in (*COMPONENT_ROLES.items(), *CONTROLLER_ROLES.items()):
        await _create(server, "ClusterRole", name, {"rules": [_rule(line) for line in lines]})
    for name, subjects in _BINDINGS.items():
        await _bind(server, "ClusterRole", name, name, subjects)
    for name in CONTROLLER_ROLES:
        await _bind(server, "ClusterRole", name, name, [_account(name.removeprefix("system:controller:"))])
    for (namespace, name), lines in NAMESPACED_ROLES.items():
        await _create(server, "Role", name, {"rules": [_rule(line) for line in lines]}, namespace)
    for (namespace, name), (role, subjects) in _NAMESPACED.items():
        await _bind(server, "Role", role, name, subjects, namespace)


def _rule(line: str) -> Json:
    verbs, groups, what, *names = line.split(" ")
    if groups == "-":
        return {"verbs": verbs.split(","), "nonResourceURLs": what.split(",")}
    rule: Json = {"verbs": verbs.split(","), "resources": what.split(",")}
    rule["apiGroups"] = ["" if group == "core" else group for group in groups.split(",")]
    if names:
        rule["resourceNames"] = names[0].split(",")
    return rule


async def _bind(
    server: ApiServer, role_kind: str, role: str, name: str, subjects: Sequence[Json], namespace: str = ""
) -> None:
    body: Json = {"roleRef": {"apiGroup": GROUP, "kind": role_kind, "name": role}}
    if subjects:
        body["subjects"] = list(subjects)
    await _create(server, f"{role_kind}Binding", name, body, namespace)


async def _create(server: ApiServer, kind: str, name: str, rest: Json, namespace: str = "") -> None:
    labels = {"kubernetes.io/bootstrapping": "rbac-defaults"}
    if kind == "ClusterRole" and name in _PARTS:
        labels[f"{_AGGREGATE}{_PARTS[name]}"] = "true"
    metadata = {
        "name": name,
        "labels": labels,
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
    }
    body = {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": metadata, **rest}
    within = f"namespaces/{namespace}/" if namespace else ""
    path = f"/apis/{GROUP}/v1/{within}{kind.lower()}s"
    answer = await server.request(
        ApiRequest(
            method="POST",
            path=path,
            body=body,
            user="system:apiserver",
            groups=(MASTERS,),
            user_agent="kube-apiserver",
        )
    )
    assert answer.status in (201, 409), answer.body
