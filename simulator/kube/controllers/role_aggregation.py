"""The aggregation of cluster roles: a role with an aggregation rule has the rules of all roles that its selectors match.

Whoever brings a new kind can so add to ``view`` or ``admin`` without changing them. What else stands in the rules of such
a role is replaced. All roles are settled again after any has changed, as a part may be put together itself.
"""

from typing import Any

from simulator.kube.api import Api, ApiRequest
from simulator.kube.controllers.following import Pause, follow
from simulator.kube.server.selector_rules import matches

Json = dict[str, Any]

USER = "system:serviceaccount:kube-system:clusterrole-aggregation-controller"
_MANAGER = "clusterrole-aggregation-controller"
_GROUP = "rbac.authorization.k8s.io"
_PATH = f"/apis/{_GROUP}/v1/clusterroles"


async def run_role_aggregation(api: Api, clock: Pause) -> None:
    """The controller as an actor: run it as a task, cancel it to stop."""
    known: dict[str, Json] = {}
    async for kind, items in follow(api, _PATH, clock, USER):
        if kind == "LIST":
            known.clear()
        for item in items:
            name = item["metadata"]["name"]
            if kind == "GONE":
                known.pop(name, None)
            else:
                known[name] = item
        for name in sorted(known):
            await _settle(api, known[name], known)


def aggregated(role: Json, roles: dict[str, Json]) -> list[Json]:
    """The rules that a role with an aggregation rule is to have, each once, in the order of the names of their roles."""
    rules: list[Json] = []
    for selector in role["aggregationRule"].get("clusterRoleSelectors") or ():
        for name in sorted(roles):
            metadata = roles[name]["metadata"]
            if name != role["metadata"]["name"] and matches(selector, metadata.get("labels") or {}):
                rules += [rule for rule in roles[name].get("rules") or () if rule not in rules]
    return rules


async def _settle(api: Api, role: Json, roles: dict[str, Json]) -> None:
    if not role.get("aggregationRule"):
        return
    rules = aggregated(role, roles)
    if rules == (role.get("rules") or []):
        return
    name = role["metadata"]["name"]
    body: Json = {"apiVersion": f"{_GROUP}/v1", "kind": "ClusterRole", "metadata": {"name": name}}
    if rules:
        body["rules"] = rules
    await api.request(
        ApiRequest(
            method="PATCH",
            path=f"{_PATH}/{name}",
            body=body,
            content_type="application/apply-patch+yaml",
            query={"fieldManager": _MANAGER, "force": "true"},
            user=USER,
        )
    )
