"""What a person does to a simulated cluster: apply, look, scale, delete, wait. For demos, scenarios and tests.

Requests go straight to the API server, as from a machine beside it; waiting is virtual.
"""

import copy
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import yaml

from simulator.cluster.world import World
from simulator.kube.api import ApiRequest, Json

LOOK_SECONDS = 0.1
MERGE_PATCH = "application/merge-patch+json"
Check = Callable[[], Awaitable[str | None]]
"""None when it holds, else why not yet."""


class Refused(Exception):
    """The API server said no, in its own words."""


class Operator:
    """An administrator with every right."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def ready(self) -> str | None:
        """A check: nodes are Ready, every agent and the controller serve."""
        for node in await self.items("Node"):
            conditions = (node.get("status") or {}).get("conditions") or ()
            if not any(each["type"] == "Ready" and each["status"] == "True" for each in conditions):
                return f"node {node['metadata']['name']} is not Ready"
        for name, agent in self.world.agents.items():
            if not agent.is_ready:
                return f"the agent of {name} is not ready"
        hooks = self.world.server.store.table(("admissionregistration.k8s.io", "validatingwebhookconfigurations"))
        return None if hooks.objects else "the controller has not registered its webhooks"

    async def apply_files(self, *files: Path) -> None:
        """Apply manifest files as they are."""
        for file in files:
            loaded = yaml.safe_load_all(file.read_text(encoding="utf-8"))
            await self.apply(*[each for each in loaded if each])

    async def apply(self, *objects: Json) -> None:
        """Create, or replace what is there.

        Raises:
            Refused: validation or admission said no.
        """
        for given in objects:
            item = copy.deepcopy(given)
            if self.world.is_namespaced(item["kind"]):
                item["metadata"].setdefault("namespace", "default")
            metadata = item["metadata"]
            present = await self.get(item["kind"], metadata["name"], metadata.get("namespace", ""))
            if present is None:
                await self._send("POST", self.world.path_of(item), item)
            else:
                item["metadata"] = {**present["metadata"], **metadata}
                await self._send("PUT", self.world.path_of(item, named=True), item)

    async def get(self, kind: str, name: str, namespace: str = "default") -> Json | None:
        """One object, or None."""
        path = self.world.path(kind, namespace, name)
        answer = await self.world.server.request(ApiRequest(method="GET", path=path))
        return answer.body if answer.status == 200 else None

    async def items(self, kind: str, namespace: str = "", labels: str = "") -> list[Json]:
        """Objects of a kind; an empty namespace means all."""
        query = {"labelSelector": labels} if labels else {}
        body = await self._send("GET", self.world.path(kind, namespace), None, query)
        return list(body.get("items") or [])

    async def patch(self, kind: str, name: str, merge: Json, namespace: str = "default") -> None:
        """A JSON merge patch."""
        path = self.world.path(kind, namespace, name)
        await self._send("PATCH", path, merge, content_type=MERGE_PATCH)

    async def scale(self, kind: str, name: str, replicas: int, namespace: str = "default") -> None:
        """Set the number of replicas."""
        await self.patch(kind, name, {"spec": {"replicas": replicas}}, namespace)

    async def delete(self, kind: str, name: str, namespace: str = "default", grace_seconds: int | None = None) -> None:
        """Delete; what is not there is success."""
        options: Json = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        path = self.world.path(kind, namespace, name)
        answer = await self.world.server.request(ApiRequest(method="DELETE", path=path, body=options))
        if answer.status >= 400 and answer.status != 404:
            raise Refused(answer.body.get("message", ""))

    async def until(self, check: Check, within_seconds: float) -> None:
        """Let virtual time pass until a check holds.

        Raises:
            AssertionError: it did not, with its last reason.
        """
        end = self.world.clock.monotonic() + within_seconds
        while (reason := await check()) is not None:
            assert self.world.clock.monotonic() < end, f"not within {within_seconds} s: {reason}"
            await self.world.clock.sleep(LOOK_SECONDS)

    async def _send(
        self,
        method: str,
        path: str,
        body: Json | None,
        query: dict[str, str] | None = None,
        content_type: str = "application/json",
    ) -> dict[str, Any]:
        request = ApiRequest(method=method, path=path, body=body, query=query or {}, content_type=content_type)
        answer = await self.world.server.request(request)
        if answer.status >= 400:
            raise Refused(answer.body.get("message", ""))
        return answer.body
