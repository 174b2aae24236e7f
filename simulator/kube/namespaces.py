"""The namespace controller: a namespace that is being deleted is emptied, then let go."""

from simulator.kube.api import Api, ApiRequest, ApiResponse, Json
from simulator.kube.following import Pause, all_collections, follow

USER = "system:serviceaccount:kube-system:namespace-controller"
POLL_SECONDS = 2.0
_PATH = "/api/v1/namespaces"


async def run_namespace_controller(api: Api, clock: Pause) -> None:
    """The controller as an actor: run it as a task, cancel it to stop."""
    async for kind, items in follow(api, _PATH, clock, USER):
        for item in items:
            if kind != "GONE" and item["metadata"].get("deletionTimestamp"):
                await _empty(api, clock, item["metadata"]["name"])


async def _empty(api: Api, clock: Pause, name: str) -> None:
    """Delete what is in the namespace until nothing is left, then take the finalizer off."""
    while True:
        try:
            if await _is_empty_now(api, name) and await _let_go(api, name):
                return
        except (ConnectionError, TimeoutError):
            pass
        await clock.sleep(POLL_SECONDS)


async def _is_empty_now(api: Api, name: str) -> bool:
    empty = True
    for where in await all_collections(api, USER):
        if not where.namespaced:
            continue
        path = where.of(name)
        if (await _send(api, "GET", path)).body.get("items"):
            empty = False
            await _send(api, "DELETE", path)
    return empty or not any(
        [
            (await _send(api, "GET", where.of(name))).body.get("items")
            for where in await all_collections(api, USER)
            if where.namespaced
        ]
    )


async def _let_go(api: Api, name: str) -> bool:
    current = await _send(api, "GET", f"{_PATH}/{name}")
    if current.status == 404:
        return True
    body: Json = {**current.body, "spec": {"finalizers": []}}
    return (await _send(api, "PUT", f"{_PATH}/{name}/finalize", body)).status == 200


async def _send(api: Api, method: str, path: str, body: Json | None = None) -> ApiResponse:
    return await api.request(ApiRequest(method=method, path=path, body=body, user=USER))
