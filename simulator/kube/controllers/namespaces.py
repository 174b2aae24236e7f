"""The namespace controller: a namespace that is being deleted is emptied, then let go.

Contents go in the order in which clients would delete them: collection by collection, each object with its own grace
period and finalizers. The namespace stays until a look at everything finds nothing, so a pod that takes its time, or
an object that somebody holds by a finalizer, keeps it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from simulator.kube.api import Api, ApiRequest, ApiResponse, Json
from simulator.kube.api_time import api_time
from simulator.kube.controllers.following import WORKED_WITH, Collection, Pause, all_collections, follow

USER = "system:serviceaccount:kube-system:namespace-controller"
PROGRAM = "kube-controller-manager"
REACTION_SECONDS = 0.2
POLL_SECONDS = 2.0
_PATH = "/api/v1/namespaces"


class WallPause(Pause, Protocol):
    """A clock that can be waited for."""

    def now(self) -> float:
        """Seconds since 1970."""
        ...


async def run_namespace_controller(api: Api, clock: WallPause, builtin: Sequence[Collection] = WORKED_WITH) -> None:
    """The controller as an actor: run it as a task, cancel it to stop. ``builtin`` is what it empties beside what
    definitions declare.
    """
    busy: dict[str, asyncio.Task[None]] = {}
    try:
        async for kind, items in follow(api, _PATH, clock, USER):
            for item in items:
                uid, name = item["metadata"]["uid"], item["metadata"]["name"]
                if kind != "GONE" and item["metadata"].get("deletionTimestamp") and uid not in busy:
                    busy[uid] = asyncio.get_running_loop().create_task(_empty(api, clock, name, builtin))
    finally:
        for task in busy.values():
            task.cancel()


async def _empty(api: Api, clock: WallPause, name: str, builtin: Sequence[Collection]) -> None:
    """Delete what is in the namespace until nothing is left, then take the finalizer off."""
    await clock.sleep(REACTION_SECONDS)
    while True:
        try:
            left = await _sweep(api, name, builtin)
            if not left and await _let_go(api, name):
                return
            await _tell(api, name, left, api_time(clock.now()))
        except (ConnectionError, TimeoutError):
            pass
        await clock.sleep(POLL_SECONDS)


async def _sweep(api: Api, name: str, builtin: Sequence[Collection]) -> list[tuple[str, list[Json]]]:
    """Delete everything that is there; gives what is there afterwards, by resource and group."""
    places = [where for where in await all_collections(api, USER, builtin) if where.namespaced]
    full = [where for where in places if await _items(api, where.of(name))]
    for where in full:
        await _send(api, "DELETE", where.of(name))
    left = []
    for where in full:
        if items := await _items(api, where.of(name)):
            group = where.api_version.rpartition("/")[0]
            left.append((f"{where.path.rpartition('/')[2]}.{group}", items))
    return left


async def _items(api: Api, path: str) -> list[Json]:
    answer = await _send(api, "GET", path)
    if answer.status != 200:
        raise ConnectionError(f"{path} cannot be listed: {answer.status}")
    items: list[Json] = answer.body["items"]
    return items


async def _let_go(api: Api, name: str) -> bool:
    current = await _send(api, "GET", f"{_PATH}/{name}")
    if current.status == 404:
        return True
    body: Json = {**current.body, "spec": {"finalizers": []}}
    return (await _send(api, "PUT", f"{_PATH}/{name}/finalize", body)).status == 200


async def _tell(api: Api, name: str, left: list[tuple[str, list[Json]]], now: str) -> None:
    """Say in the status of the namespace what it still waits for."""
    current = await _send(api, "GET", f"{_PATH}/{name}")
    if current.status != 200:
        return
    status = current.body.get("status") or {}
    before = {condition["type"]: condition for condition in status.get("conditions") or ()}
    conditions = [_dated(condition, before, now) for condition in conditions_of(left)]
    if conditions != status.get("conditions"):
        body = {**current.body, "status": {**status, "conditions": conditions}}
        await _send(api, "PUT", f"{_PATH}/{name}/status", body)


def _dated(condition: Json, before: Mapping[str, Json], now: str) -> Json:
    old = before.get(condition["type"], {})
    same = old.get("status") == condition["status"]
    return {**condition, "lastTransitionTime": old["lastTransitionTime"] if same else now}


_FINE = (
    ("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
    ("NamespaceDeletionGroupVersionParsingFailure", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
    (
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
)


def conditions_of(left: list[tuple[str, list[Json]]]) -> list[Json]:
    """What a terminating namespace says about itself; pods that end in their own time are not counted."""
    counted = [(resource, items) for resource, items in left if resource != "pods."]
    finalizers: dict[str, int] = {}
    for _, items in counted:
        for item in items:
            for finalizer in item["metadata"].get("finalizers") or ():
                finalizers[finalizer] = finalizers.get(finalizer, 0) + 1
    content = ("NamespaceContentRemaining", "ContentRemoved", "All content successfully removed")
    held = ("NamespaceFinalizersRemaining", "ContentHasNoFinalizers", "All content-preserving finalizers finished")
    if counted:
        terms = ", ".join(f"{resource} has {len(items)} resource instances" for resource, items in sorted(counted))
        content = (content[0], "SomeResourcesRemain", f"Some resources are remaining: {terms}")
    if finalizers:
        terms = ", ".join(f"{name} in {count} resource instances" for name, count in sorted(finalizers.items()))
        held = (held[0], "SomeFinalizersRemain", f"Some content in the namespace has finalizers remaining: {terms}")
    states = [*(("False", row) for row in _FINE), (str(bool(counted)), content), (str(bool(finalizers)), held)]
    return [
        {"type": kind, "status": status, "reason": reason, "message": message}
        for status, (kind, reason, message) in states
    ]


async def _send(api: Api, method: str, path: str, body: Json | None = None) -> ApiResponse:
    return await api.request(ApiRequest(method=method, path=path, body=body, user=USER, user_agent=PROGRAM))
