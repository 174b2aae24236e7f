"""Events are counted, combined and cut off as those of the real controllers are."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from simulator.kube.api import Json
from simulator.kube.client import Client
from simulator.kube.node.tests.node_world import World, simulate
from simulator.kube.recorder import BURST, SIMILAR_MOST, Recorder

ITEM: Json = {"metadata": {"name": "web", "namespace": "default", "uid": "u1", "resourceVersion": "7"}}


def recording(body: Callable[[World, Recorder], Awaitable[None]], *, lost: int = 0) -> None:
    async def main(world: World) -> None:
        left = lost

        class Link:
            async def request(self, request: Any) -> Any:
                nonlocal left
                if left:
                    left -= 1
                    raise ConnectionError("not now")
                return await world.api.request(request)

            def watch(self, request: Any) -> Any:
                return world.api.watch(request)

        recorder = Recorder(Client(api=Link(), user="admin"), world.clock, world.tape)
        world.spawn(recorder.run())
        await asyncio.sleep(0)
        await body(world, recorder)

    simulate(main)


async def told(world: World) -> list[tuple[str, int]]:
    await world.sleep(5)
    return [(each["message"], each["count"]) for each in (await world.client.list("events", {}))[0]]


def say(recorder: Recorder, message: str) -> None:
    recorder.tell("deployment-controller", "Deployment", ITEM, "ScalingReplicaSet", message)


def test_the_same_words_are_one_event_that_counts() -> None:
    async def body(world: World, recorder: Recorder) -> None:
        for message in ("up", "down", "up"):
            say(recorder, message)
        assert sorted(await told(world)) == [("down", 1), ("up", 2)]
        (event, *_) = (await world.client.list("events", {}))[0]
        assert event["involvedObject"]["apiVersion"] == "apps/v1"
        assert event["source"] == {"component": "deployment-controller"}

    recording(body)


def test_many_different_words_for_the_same_reason_are_combined() -> None:
    async def body(world: World, recorder: Recorder) -> None:
        for number in range(SIMILAR_MOST + 2):
            say(recorder, f"step {number}")
        found = await told(world)
        assert len(found) == SIMILAR_MOST
        assert ("(combined from similar events): step 11", 3) in found

    recording(body)


def test_an_object_that_is_talked_about_without_end_falls_silent_for_a_while() -> None:
    async def body(world: World, recorder: Recorder) -> None:
        for _ in range(BURST + 5):
            say(recorder, "up")
        assert await told(world) == [("up", BURST)]
        await world.sleep(301)
        say(recorder, "up")
        assert await told(world) == [("up", BURST + 1)]

    recording(body)


def test_an_event_that_does_not_reach_the_server_is_sent_again_in_its_turn() -> None:
    async def body(world: World, recorder: Recorder) -> None:
        say(recorder, "first")
        say(recorder, "second")
        assert sorted(await told(world)) == [("first", 1), ("second", 1)]

    recording(body, lost=2)


def test_an_event_that_was_deleted_is_made_again_and_one_that_is_refused_stops_nobody() -> None:
    async def body(world: World, recorder: Recorder) -> None:
        say(recorder, "up")
        await told(world)
        (event,) = (await world.client.list("events", {}))[0]
        await world.client.delete("events", event["metadata"]["name"], namespace="default")
        elsewhere = {"metadata": {**ITEM["metadata"], "namespace": "nowhere"}}
        recorder.tell("deployment-controller", "Deployment", elsewhere, "ScalingReplicaSet", "up")
        say(recorder, "up")
        assert await told(world) == [("up", 1)]

    recording(body)
