"""The roles that a cluster is born with, as far as people and programs rely on them.

Three make a new user able to ask what there is and what it may do; one makes an administrator; three are given out in
namespaces. Roles of controllers are left out: controllers of a simulated cluster are trusted (``trusted.py``).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.kube.api import ApiRequest
from simulator.kube.server.access.escalation import GROUP
from simulator.kube.server.access.users import AUTHENTICATED, MASTERS
from simulator.kube.server.api_server import ApiServer

Json = dict[str, Any]
_EVERYTHING = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_READ = ["get", "list", "watch"]
_INFO = ["/healthz", "/livez", "/readyz", "/version", "/version/"]
_CORE = ["bindings", "configmaps", "events", "limitranges", "persistentvolumeclaims", "pods", "pods/log", "pods/status"]
_CORE += ["replicationcontrollers", "resourcequotas", "serviceaccounts", "services"]
_APPS = ["daemonsets", "deployments", "deployments/scale", "replicasets", "replicasets/scale", "statefulsets"]
_APPS += ["statefulsets/scale"]


def _view() -> list[Json]:
    return [
        {"apiGroups": [""], "resources": [*_CORE, "namespaces"], "verbs": _READ},
        {"apiGroups": ["apps"], "resources": _APPS, "verbs": _READ},
        {"apiGroups": ["batch"], "resources": ["cronjobs", "jobs"], "verbs": _READ},
    ]


def _edit() -> list[Json]:
    changes = [verb for verb in _EVERYTHING if verb not in _READ]
    return [
        *_view(),
        {"apiGroups": [""], "resources": ["secrets"], "verbs": _EVERYTHING},
        {"apiGroups": [""], "resources": [*_CORE, "pods/eviction", "pods/exec"], "verbs": changes},
        {"apiGroups": ["apps"], "resources": _APPS, "verbs": changes},
        {"apiGroups": ["batch"], "resources": ["cronjobs", "jobs"], "verbs": changes},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": _EVERYTHING},
    ]


def _admin() -> list[Json]:
    review = {"apiGroups": ["authorization.k8s.io"], "resources": ["localsubjectaccessreviews"], "verbs": ["create"]}
    return [*_edit(), review, {"apiGroups": [GROUP], "resources": ["rolebindings", "roles"], "verbs": _EVERYTHING}]


def _roles() -> Mapping[str, Sequence[Json]]:
    discovery = sorted([*_INFO, "/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*"])
    ask = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]
    return {
        "admin": _admin(),
        "cluster-admin": [
            {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
            {"verbs": ["*"], "nonResourceURLs": ["*"]},
        ],
        "edit": _edit(),
        "system:basic-user": [
            {"verbs": ["create"], "apiGroups": ["authorization.k8s.io"], "resources": ask},
            {"verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"]},
        ],
        "system:discovery": [{"verbs": ["get"], "nonResourceURLs": discovery}],
        "system:public-info-viewer": [{"verbs": ["get"], "nonResourceURLs": _INFO}],
        "view": _view(),
    }


_BINDINGS: Mapping[str, Sequence[str]] = {
    "cluster-admin": (MASTERS,),
    "system:basic-user": (AUTHENTICATED,),
    "system:discovery": (AUTHENTICATED,),
    "system:public-info-viewer": (AUTHENTICATED, "system:unauthenticated"),
}


async def bootstrap_roles(server: ApiServer) -> None:
    """Create the roles and bindings that are not there."""
    for name, rules in _roles().items():
        await _create(server, "ClusterRole", name, {"rules": list(rules)})
    for name, groups in _BINDINGS.items():
        subjects = [{"kind": "Group", "apiGroup": GROUP, "name": group} for group in groups]
        reference = {"apiGroup": GROUP, "kind": "ClusterRole", "name": name}
        await _create(server, "ClusterRoleBinding", name, {"subjects": subjects, "roleRef": reference})


async def _create(server: ApiServer, kind: str, name: str, rest: Json) -> None:
    metadata = {
        "name": name,
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
    }
    body = {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": metadata, **rest}
    path = f"/apis/{GROUP}/v1/{kind.lower()}s"
    answer = await server.request(
        ApiRequest(method="POST", path=path, body=body, user="system:apiserver", groups=(MASTERS,))
    )
    assert answer.status in (201, 409), answer.body
