"""The cached collection and the control loop that the simulated controllers stand on."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from simulator.kernel.clock import VirtualClock
from simulator.kernel.loop import SimLoop
from simulator.kernel.running import run
from simulator.kernel.tape import Tape
from simulator.kernel.trace import Trace
from simulator.kube.api import ApiRequest, ApiResponse, Json
from simulator.kube.client import ApiError, Client
from simulator.kube.controllers.reconciler import Reconciler
from simulator.kube.view import View


def item(name: str, revision: int, uid: str = "u1", **spec: Any) -> Json:
    meta = {"name": name, "namespace": "default", "uid": uid, "resourceVersion": str(revision)}
    return {"metadata": meta, "spec": spec}


class Script:
    """An API whose lists and watch events a test writes down."""

    def __init__(self) -> None:
        self.lists: list[tuple[list[Json], int]] = []
        self.events: list[asyncio.Queue[Json | None]] = [asyncio.Queue()]
        self.watched_from: list[str] = []

    async def request(self, request: ApiRequest) -> ApiResponse:
        if not self.lists:
            raise ConnectionError
        items, revision = self.lists.pop(0)
        return ApiResponse(status=200, body={"items": items, "metadata": {"resourceVersion": str(revision)}})

    async def watch(self, request: ApiRequest) -> Any:
        self.watched_from.append(request.query["resourceVersion"])
        queue = self.events[-1]
        while (event := await queue.get()) is not None:
            yield event


def viewed(body: Callable[[Script, View, list[tuple[str, str]]], Awaitable[None]]) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimLoop)
        script, told = Script(), []
        script.lists.append(([item("a", 5, node="n1")], 7))
        view = View(
            Client(api=script, user="test"),
            "pods",
            VirtualClock(loop),
            Tape(1),
            indexes={"node": lambda one: str(one["spec"].get("node"))},
        )

        def note(before: Json | None, after: Json | None) -> None:
            told.append(
                (
                    "-" if before is None else before["metadata"]["resourceVersion"],
                    "-" if after is None else after["metadata"]["resourceVersion"],
                )
            )

        view.subscribe(note)
        task = loop.create_task(view.run())
        await settle()
        try:
            await body(script, view, told)
        finally:
            task.cancel()
        await settle()

    run(main())


async def settle() -> None:
    await asyncio.sleep(0.2)


def test_a_view_lists_then_follows_from_there() -> None:
    async def body(script: Script, view: View, told: list[tuple[str, str]]) -> None:
        assert view.synced
        assert script.watched_from == ["7"]
        script.events[-1].put_nowait({"type": "MODIFIED", "object": item("a", 8, node="n2")})
        script.events[-1].put_nowait({"type": "ADDED", "object": item("b", 9, uid="u2", node="n2")})
        script.events[-1].put_nowait({"type": "DELETED", "object": item("a", 10, node="n2")})
        await settle()
        assert told == [("-", "5"), ("5", "8"), ("-", "9"), ("8", "-")]
        assert view.indexed("node", "n1") == []
        assert [one["metadata"]["name"] for one in view.indexed("node", "n2")] == ["b"]

    viewed(body)


def test_an_own_write_is_known_at_once_and_not_told_again() -> None:
    async def body(script: Script, view: View, told: list[tuple[str, str]]) -> None:
        view.observe(item("a", 9, node="n3"))
        script.events[-1].put_nowait({"type": "MODIFIED", "object": item("a", 8, node="n2")})
        script.events[-1].put_nowait({"type": "MODIFIED", "object": item("a", 9, node="n3")})
        await settle()
        assert told == [("-", "5"), ("5", "9")]
        assert view.count("node", "n3") == 1

    viewed(body)


def test_a_name_with_a_new_uid_is_one_object_that_goes_and_one_that_comes() -> None:
    async def body(script: Script, view: View, told: list[tuple[str, str]]) -> None:
        script.events[-1].put_nowait({"type": "MODIFIED", "object": item("a", 8, uid="u2")})
        script.events[-1].put_nowait({"type": "DELETED", "object": item("a", 7, uid="u1")})
        await settle()
        assert told == [("-", "5"), ("5", "-"), ("-", "8")]

    viewed(body)


def test_an_expired_watch_lists_again_and_tells_what_went_meanwhile() -> None:
    async def body(script: Script, view: View, told: list[tuple[str, str]]) -> None:
        script.lists.append(([item("b", 20, uid="u2")], 21))
        script.events[-1].put_nowait({"type": "ERROR", "object": {"kind": "Status", "code": 410}})
        script.events[-1].put_nowait(None)
        await settle()
        assert told == [("-", "5"), ("5", "-"), ("-", "20")]
        assert script.watched_from == ["7", "21"]

    viewed(body)


def test_a_store_that_went_back_in_time_is_believed_when_it_is_listed() -> None:
    async def body(script: Script, view: View, told: list[tuple[str, str]]) -> None:
        script.lists.append(([item("a", 3, node="n9")], 4))
        script.events[-1].put_nowait({"type": "ERROR", "object": {"kind": "Status", "code": 410}})
        script.events[-1].put_nowait(None)
        await settle()
        assert told[-1] == ("5", "3")

    viewed(body)


def test_a_watch_that_ends_goes_on_where_it_was() -> None:
    async def body(script: Script, view: View, told: list[tuple[str, str]]) -> None:
        bookmark = {"metadata": {"resourceVersion": "30"}}
        script.events[-1].put_nowait({"type": "BOOKMARK", "object": bookmark})
        script.events[-1].put_nowait(None)
        await settle()
        assert script.watched_from == ["7", "30"]

    viewed(body)


def test_what_was_asked_to_be_deleted_is_not_active_any_more() -> None:
    async def body(script: Script, view: View, told: list[tuple[str, str]]) -> None:
        known = view.get("default", "a")
        assert known is not None
        assert view.active([known]) == [known]
        view.expect_deletion(known)
        assert view.active([known]) == []
        script.events[-1].put_nowait({"type": "DELETED", "object": item("a", 10)})
        await settle()
        assert view.deleting == {}

    viewed(body)


def test_a_key_is_settled_once_for_many_events_and_again_after_a_failure() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimLoop)
        settled: list[tuple[str, float]] = []

        async def reconcile(key: str) -> None:
            settled.append((key, round(loop.time(), 1)))
            if len(settled) == 1:
                raise ApiError(409, {"reason": "Conflict"})

        reconciler = Reconciler(
            "test", reconcile, clock=VirtualClock(loop), tape=Tape(1), trace=Trace(loop.time), delay=(0.0, 0.0)
        )
        task = loop.create_task(reconciler.run())
        for _ in range(3):
            reconciler.add("a")
        reconciler.add_after("b", 10)
        await asyncio.sleep(20)
        task.cancel()
        await settle()
        assert [key for key, _ in settled] == ["a", "a", "b"]
        assert 0.5 <= settled[1][1] <= 1.6
        assert settled[2][1] == 10

    run(main())
