"""The garbage collector: what has lost its owners is deleted, by the uid of the owner and never by its name.

It follows every collection and keeps the edges from dependents to owners. An object whose owners it sees is left in
peace; else it acts on what it has verified by a live read, with the dependent's uid as a precondition. Three cases:

- background: an object whose owners are all gone is deleted; one that has lost some of them is relieved of those;
- foreground: an owner that waits with the finalizer ``foregroundDeletion`` has its dependents deleted first;
- orphan: an owner that waits with the finalizer ``orphan`` has itself taken out of its dependents' references.

A cluster-scoped object may not have a namespaced owner; such an object is left alone. An owner in another namespace
does not count: it is as if it did not exist.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from simulator.kube.api import Api, ApiRequest, Json
from simulator.kube.controllers.following import WORKED_WITH, Collection, Pause, defined_collection, follow

USER = "system:serviceaccount:kube-system:generic-garbage-collector"
REACTION_SECONDS = 0.1
RETRY_SECONDS = 5.0
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


class _Node(msgspec.Struct, frozen=True, kw_only=True):
    """One object that is there."""

    where: Collection
    item: Json

    @property
    def owners(self) -> list[Json]:
        return self.item["metadata"].get("ownerReferences") or []

    @property
    def path(self) -> str:
        metadata = self.item["metadata"]
        return self.where.of(metadata.get("namespace", ""), metadata["name"])

    def waits_for(self, finalizer: str) -> bool:
        metadata = self.item["metadata"]
        return bool(metadata.get("deletionTimestamp")) and finalizer in (metadata.get("finalizers") or [])


class GarbageCollector:
    """See the module."""

    def __init__(self, api: Api, clock: Pause, builtin: Sequence[Collection] = WORKED_WITH) -> None:
        self._api = api
        self._builtin = builtin
        self._clock = clock
        self._collections: dict[tuple[str, str], Collection] = {}
        self._nodes: dict[str, _Node] = {}
        self._dependents: dict[str, dict[str, None]] = {}
        self._waiting: dict[str, None] = {}
        self._wake = asyncio.Event()
        self._followers: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Collect for ever."""
        for where in self._builtin:
            self._add(where)
        try:
            while True:
                await self._wake.wait()
                await self._clock.sleep(REACTION_SECONDS)
                self._wake.clear()
                for uid in list(self._waiting):
                    del self._waiting[uid]
                    await self._attend_safely(uid)
        finally:
            for task in self._followers.values():
                task.cancel()

    def _add(self, where: Collection) -> None:
        if where.path not in self._followers:
            self._collections[where.api_version, where.kind] = where
            self._followers[where.path] = asyncio.get_running_loop().create_task(self._watch(where))

    async def _watch(self, where: Collection) -> None:
        async for kind, items in follow(self._api, where.path, self._clock, USER):
            if kind == "LIST":
                listed = {item["metadata"]["uid"] for item in items}
                gone = [uid for uid, node in self._nodes.items() if node.where is where and uid not in listed]
                for uid in gone:
                    self._forget(uid)
            for item in items:
                if kind == "GONE":
                    self._forget(item["metadata"]["uid"])
                else:
                    self._remember(where, item)
                if where.path == _DEFINITIONS and kind != "GONE":
                    self._add(defined_collection(item))

    def _remember(self, where: Collection, item: Json) -> None:
        metadata = item["metadata"]
        uid = metadata["uid"]
        known, node = self._nodes.get(uid), _Node(where=where, item=item)
        same = known is not None and known.item["metadata"].get("ownerReferences") == metadata.get("ownerReferences")
        if same and "deletionTimestamp" not in metadata:
            self._nodes[uid] = node  # nothing that concerns us has changed
            return
        self._unlink(uid)
        self._nodes[uid] = node
        for owner in node.owners:
            self._dependents.setdefault(owner["uid"], {})[uid] = None
        waits = node.waits_for("foregroundDeletion") or node.waits_for("orphan")
        if waits or not all(self._is_seen(owner, node) for owner in node.owners):
            self._queue(uid)

    def _is_seen(self, owner: Json, node: _Node) -> bool:
        """Whether an owner is there, by what was followed, and nothing is to be done about its dependents."""
        found = self._nodes.get(owner["uid"])
        if found is None or found.where is not self._collections.get((owner["apiVersion"], owner["kind"])):
            return False
        metadata = found.item["metadata"]
        if found.where.namespaced and metadata["namespace"] != node.item["metadata"].get("namespace"):
            return False
        return metadata["name"] == owner["name"] and not found.waits_for("foregroundDeletion")

    def _forget(self, uid: str) -> None:
        owners = [owner["uid"] for owner in self._nodes[uid].owners] if uid in self._nodes else []
        self._unlink(uid)
        self._nodes.pop(uid, None)
        for other in [*self._dependents.get(uid, ()), *owners]:
            self._queue(other)

    def _unlink(self, uid: str) -> None:
        known = self._nodes.get(uid)
        for owner in known.owners if known is not None else ():
            siblings = self._dependents.get(owner["uid"], {})
            siblings.pop(uid, None)
            if not siblings:
                self._dependents.pop(owner["uid"], None)

    def _queue(self, uid: str) -> None:
        self._waiting[uid] = None
        self._wake.set()

    async def _attend_safely(self, uid: str) -> None:
        try:
            done = await self._attend(uid)
        except (ConnectionError, TimeoutError):
            done = False
        if not done:
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._queue, uid)

    async def _attend(self, uid: str) -> bool:
        """Do what one object needs now; false: try again."""
        node = self._nodes.get(uid)
        if node is None:
            return True
        if node.waits_for("orphan"):
            return await self._orphan(uid, node)
        if node.waits_for("foregroundDeletion"):
            return await self._delete_dependents(uid, node)
        if not node.owners or node.item["metadata"].get("deletionTimestamp"):
            return True
        return await self._check_owners(node)

    async def _check_owners(self, node: _Node) -> bool:
        standing: list[Json] = []
        waiting: list[Json] = []
        for owner in node.owners:
            state = await self._owner_state(node, owner)
            if state == "unknown":
                return False
            if state == "invalid":
                return True
            if state == "there":
                standing.append(owner)
            if state == "waits":
                waiting.append(owner)
        if len(standing) + len(waiting) == len(node.owners) and not waiting:
            return True
        if standing:
            return await self._patch(node, {"metadata": {"ownerReferences": standing}})
        has_dependents = bool(self._dependents.get(node.item["metadata"]["uid"]))
        return await self._delete(node, "Foreground" if waiting and has_dependents else "Background")

    async def _owner_state(self, node: _Node, owner: Json) -> str:
        """There, waits (for its dependents), gone, invalid (a reference that cannot be), or unknown."""
        where = self._collections.get((owner["apiVersion"], owner["kind"]))
        if where is None:
            return "unknown"
        namespace = node.item["metadata"].get("namespace", "")
        if where.namespaced and not namespace:
            return "invalid"
        response = await self._send("GET", where.of(namespace if where.namespaced else "", owner["name"]))
        if response.status == 404:
            return "gone"
        if response.status != 200:
            return "unknown"
        if response.body["metadata"]["uid"] != owner["uid"]:
            return "gone"
        found = _Node(where=where, item=response.body)
        blocks = found.waits_for("foregroundDeletion")
        return "waits" if blocks else "there"

    async def _delete_dependents(self, uid: str, node: _Node) -> bool:
        done = True
        blocking = False
        for other in list(self._dependents.get(uid, ())):
            dependent = self._nodes[other]
            blocking |= any(owner["uid"] == uid and owner.get("blockOwnerDeletion") for owner in dependent.owners)
            if not dependent.item["metadata"].get("deletionTimestamp"):
                done &= await self._check_owners(dependent)
        return done and (blocking or await self._drop_finalizer(node, "foregroundDeletion"))

    async def _orphan(self, uid: str, node: _Node) -> bool:
        for other in list(self._dependents.get(uid, ())):
            dependent = self._nodes[other]
            left = [owner for owner in dependent.owners if owner["uid"] != uid]
            if not await self._patch(dependent, {"metadata": {"ownerReferences": left or None}}):
                return False
        return await self._drop_finalizer(node, "orphan")

    async def _drop_finalizer(self, node: _Node, finalizer: str) -> bool:
        left = [name for name in node.item["metadata"].get("finalizers") or [] if name != finalizer]
        return await self._patch(node, {"metadata": {"finalizers": left or None}})

    async def _patch(self, node: _Node, patch: Mapping[str, Any]) -> bool:
        metadata = {**patch["metadata"], "uid": node.item["metadata"]["uid"]}
        metadata["resourceVersion"] = node.item["metadata"]["resourceVersion"]
        response = await self._send("PATCH", node.path, {"metadata": metadata}, "application/merge-patch+json")
        return response.status in (200, 404)

    async def _delete(self, node: _Node, propagation: str) -> bool:
        preconditions = {"uid": node.item["metadata"]["uid"]}
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": preconditions}
        response = await self._send("DELETE", node.path, {**body, "propagationPolicy": propagation})
        return response.status in (200, 404, 409)

    async def _send(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Any:
        return await self._api.request(
            ApiRequest(method=method, path=path, body=body, content_type=content_type, user=USER)
        )


async def run_garbage_collector(api: Api, clock: Pause, builtin: Sequence[Collection] = WORKED_WITH) -> None:
    """The garbage collector as an actor: run it as a task, cancel it to stop. ``builtin`` is what it follows beside
    what definitions declare.
    """
    await GarbageCollector(api, clock, builtin).run()
