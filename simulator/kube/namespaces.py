"""The namespace controller: a namespace that is being deleted is emptied, then let go.

Contents go in the order in which clients would delete them: collection by collection, each object with its own grace
period and finalizers. The namespace stays until a look at everything finds nothing, so a pod that takes its time, or
an object that somebody holds by a finalizer, keeps it.
"""

import asyncio

from simulator.kube.api import Api, ApiRequest, ApiResponse, Json
from simulator.kube.following import Pause, all_collections, follow

USER = "system:serviceaccount:kube-system:namespace-controller"
REACTION_SECONDS = 0.2
POLL_SECONDS = 2.0
_PATH = "/api/v1/namespaces"


async def run_namespace_controller(api: Api, clock: Pause) -> None:
    """The controller as an actor: run it as a task, cancel it to stop."""
    busy: dict[str, asyncio.Task[None]] = {}
    try:
        async for kind, items in follow(api, _PATH, clock, USER):
            for item in items:
                uid, name = item["metadata"]["uid"], item["metadata"]["name"]
                if kind != "GONE" and item["metadata"].get("deletionTimestamp") and uid not in busy:
                    busy[uid] = asyncio.get_running_loop().create_task(_empty(api, clock, name))
    finally:
        for task in busy.values():
            task.cancel()


async def _empty(api: Api, clock: Pause, name: str) -> None:
    """Delete what is in the namespace until nothing is left, then take the finalizer off."""
    await clock.sleep(REACTION_SECONDS)
    while True:
        try:
            if await _sweep(api, name) and await _let_go(api, name):
                return
        except (ConnectionError, TimeoutError):
            pass
        await clock.sleep(POLL_SECONDS)


async def _sweep(api: Api, name: str) -> bool:
    """Delete everything that is there; true when afterwards nothing is."""
    paths = [where.of(name) for where in await all_collections(api, USER) if where.namespaced]
    full = [path for path in paths if await _has_items(api, path)]
    for path in full:
        await _send(api, "DELETE", path)
    return not [path for path in full if await _has_items(api, path)]


async def _has_items(api: Api, path: str) -> bool:
    answer = await _send(api, "GET", path)
    return answer.status != 200 or bool(answer.body["items"])


async def _let_go(api: Api, name: str) -> bool:
    current = await _send(api, "GET", f"{_PATH}/{name}")
    if current.status == 404:
        return True
    body: Json = {**current.body, "spec": {"finalizers": []}}
    return (await _send(api, "PUT", f"{_PATH}/{name}/finalize", body)).status == 200


async def _send(api: Api, method: str, path: str, body: Json | None = None) -> ApiResponse:
    return await api.request(ApiRequest(method=method, path=path, body=body, user=USER))
