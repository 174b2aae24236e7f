"""The API as the actors of the cluster use it: a few verbs on named resources, refusals as one exception.

Paths, content types and Status objects end here. A lost answer stays what the link made of it (``ConnectionError``,
``TimeoutError``); the actors are level-triggered and look again.
"""

from collections.abc import AsyncIterator, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.kube.api import Api, ApiRequest, Json

ROOTS: Mapping[str, str] = {
    "pods": "/api/v1",
    "nodes": "/api/v1",
    "namespaces": "/api/v1",
    "deployments": "/apis/apps/v1",
    "replicasets": "/apis/apps/v1",
    "statefulsets": "/apis/apps/v1",
    "daemonsets": "/apis/apps/v1",
    "jobs": "/apis/batch/v1",
    "cronjobs": "/apis/batch/v1",
    "leases": "/apis/coordination.k8s.io/v1",
    "events": "/api/v1",
    "controllerrevisions": "/apis/apps/v1",
    "poddisruptionbudgets": "/apis/policy/v1",
}
CLUSTER_SCOPED = ("nodes", "namespaces")


class ApiError(Exception):
    """The server refused: HTTP status, reason and message of its Status object."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(f"{status} {body.get('reason', '')}: {body.get('message', '')}")
        self.status = status
        self.reason = str(body.get("reason", ""))
        self.message = str(body.get("message", ""))

    @property
    def gone(self) -> bool:
        """404: no such object."""
        return self.status == 404

    @property
    def conflict(self) -> bool:
        """409: changed, exists already, or another uid."""
        return self.status == 409


API_FAILURES = (ApiError, ConnectionError, TimeoutError)
"""What an actor survives: it tries again later."""


def path(resource: str, namespace: str = "", name: str = "", subresource: str = "") -> str:
    """Where a resource lives: a collection (of one or of all namespaces), an object, or a part of it."""
    root = ROOTS[resource]
    where = f"{root}/namespaces/{namespace}" if namespace and resource not in CLUSTER_SCOPED else root
    where = f"{where}/{resource}/{name}" if name else f"{where}/{resource}"
    return f"{where}/{subresource}" if subresource else where


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One user's way to the API; ``program`` is what the user runs, which owns the fields that it writes."""

    api: Api
    user: str
    program: str = ""

    async def get(self, resource: str, name: str, namespace: str = "") -> Json | None:
        """One object, read consistently; None when there is none."""
        try:
            return await self._send("GET", path(resource, namespace, name))
        except ApiError as error:
            if error.gone:
                return None
            raise

    async def list(self, resource: str, query: Mapping[str, str]) -> tuple[list[Json], str]:
        """All objects of all namespaces that match, and the revision of that list."""
        body = await self._send("GET", path(resource), query=query)
        return body.get("items") or [], body["metadata"]["resourceVersion"]

    def watch(self, resource: str, query: Mapping[str, str]) -> AsyncIterator[Json]:
        """Events after ``query["resourceVersion"]``."""
        wanted = {**query, "watch": "true", "allowWatchBookmarks": "true"}
        return self.api.watch(ApiRequest(method="GET", path=path(resource), query=wanted, user=self.user))

    def create(self, resource: str, body: Json, namespace: str = "") -> Coroutine[Any, Any, Json]:
        """A new object, as the server completed it."""
        return self._send("POST", path(resource, namespace), body)

    def patch(
        self, resource: str, name: str, body: Any, *, namespace: str = "", subresource: str = ""
    ) -> Coroutine[Any, Any, Json]:
        """A JSON merge patch."""
        where = path(resource, namespace, name, subresource)
        return self._send("PATCH", where, body, content_type="application/merge-patch+json")

    async def bind(self, namespace: str, name: str, uid: str, node: str) -> None:
        """Give a pod its node."""
        body = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": name, "namespace": namespace, "uid": uid},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        }
        await self._send("POST", path("pods", namespace, name, "binding"), body)

    async def delete(
        self,
        resource: str,
        name: str,
        *,
        namespace: str = "",
        uid: str = "",
        grace_seconds: int | None = None,
        propagation: str = "",
    ) -> None:
        """Delete; an object that is gone, or is another one by now (``uid``), is success."""
        body: Json = {"apiVersion": "v1", "kind": "DeleteOptions"}
        if uid:
            body["preconditions"] = {"uid": uid}
        if grace_seconds is not None:
            body["gracePeriodSeconds"] = grace_seconds
        if propagation:
            body["propagationPolicy"] = propagation
        try:
            await self._send("DELETE", path(resource, namespace, name), body)
        except ApiError as error:
            if not (error.gone or (uid and error.conflict)):
                raise

    async def _send(
        self,
        method: str,
        where: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Json:
        request = ApiRequest(
            method=method,
            path=where,
            query=query or {},
            body=body,
            content_type=content_type,
            user=self.user,
            user_agent=self.program,
        )
        answer = await self.api.request(request)
        if answer.status >= 400:
            raise ApiError(answer.status, answer.body)
        return answer.body
