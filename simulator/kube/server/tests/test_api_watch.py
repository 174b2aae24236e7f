"""Open watches: who is told what, when they end."""

import asyncio

from simulator.kube.api import ApiRequest, Json
from simulator.kube.server.tests.api_kit import CONFIGMAPS, PODS, Client, configmap, pod, run, server


def test_an_open_watch_is_told_at_once_and_shares_the_stored_object() -> None:
    async def story() -> None:
        api = server()
        client = Client(api)
        told: list[Json] = []

        async def follow() -> None:
            stream = api.watch(ApiRequest(method="GET", path=CONFIGMAPS))
            told.append(await anext(stream))

        task = asyncio.ensure_future(follow())
        await asyncio.sleep(1)
        created = await client.ok("POST", CONFIGMAPS, configmap("a"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [event["type"] for event in told] == ["ADDED"]
        assert told[0]["object"] is created
        await task

    run(story)


def test_a_reader_who_does_not_read_is_cut_off() -> None:
    async def story() -> None:
        api = server(watch_buffer=3)
        client = Client(api)
        stream = api.watch(ApiRequest(method="GET", path=CONFIGMAPS))
        await client.ok("POST", CONFIGMAPS, configmap("first"))
        seen = [(await stream.__anext__())["object"]["metadata"]["name"]]
        for number in range(10):
            await client.ok("POST", CONFIGMAPS, configmap(f"a{number}"))
        seen += [event["object"]["metadata"]["name"] async for event in stream]
        assert seen == ["first", "a0", "a1", "a2", "a3"]

    run(story)


def test_who_reads_is_not_cut_off_and_who_was_cut_off_goes_on_from_where_it_stood() -> None:
    async def story() -> None:
        api = server(watch_buffer=3)
        client = Client(api)
        slow, quick = (api.open(ApiRequest(method="GET", path=CONFIGMAPS)) for _ in range(2))
        heard: list[str] = []
        for number in range(10):
            await client.ok("POST", CONFIGMAPS, configmap(f"a{number}"))
            heard += [quick.queue.popleft()["object"]["metadata"]["name"] for _ in range(len(quick.queue))]
        assert (slow.closed, len(slow.queue), quick.closed) == (True, 4, False)
        assert heard == [f"a{number}" for number in range(10)]
        last = slow.queue[-1]["object"]["metadata"]
        again = api.open(ApiRequest(method="GET", path=CONFIGMAPS, query={"resourceVersion": last["resourceVersion"]}))
        assert [event["object"]["metadata"]["name"] for event in again.queue][:2] == ["a4", "a5"]

    run(story)


def test_bookmarks_come_every_minute_to_those_who_asked() -> None:
    async def story() -> None:
        api = server()
        client = Client(api)
        revision = (await client.ok("GET", CONFIGMAPS))["metadata"]["resourceVersion"]
        await client.ok("POST", PODS, pod("a"))
        events = await client.events(
            CONFIGMAPS, 9, resourceVersion=revision, allowWatchBookmarks="true", timeoutSeconds=130
        )
        assert [event["type"] for event in events] == ["BOOKMARK", "BOOKMARK", "BOOKMARK"]  # the last before the end
        assert events[0]["object"]["metadata"] == {"resourceVersion": str(api.store.revision)}
        assert await client.events(CONFIGMAPS, 9, resourceVersion=revision, timeoutSeconds=130) == []

    run(story)


def test_a_watch_that_names_no_end_is_ended_by_the_server_within_an_hour() -> None:
    async def story() -> None:
        client = Client(server())
        start = asyncio.get_running_loop().time()
        assert await client.events(CONFIGMAPS, 1) == []
        assert 1800 <= asyncio.get_running_loop().time() - start <= 3600

    run(story)


def test_a_restart_of_the_server_ends_every_watch() -> None:
    async def story() -> None:
        api = server()
        task = asyncio.ensure_future(Client(api).events(CONFIGMAPS, 1))
        await asyncio.sleep(1)
        api.cut_watches()
        assert await task == []
        assert asyncio.get_running_loop().time() < 2

    run(story)


def test_refusals_of_a_watch_arrive_as_an_error_event() -> None:
    async def story() -> None:
        client = Client(server())
        missing = await client.events("/apis/nothing.test/v1/things", 1)
        assert (missing[0]["type"], missing[0]["object"]["code"]) == ("ERROR", 404)
        fields = await client.events(CONFIGMAPS, 1, fieldSelector="spec.x=1")
        assert (fields[0]["type"], fields[0]["object"]["code"]) == ("ERROR", 400)

    run(story)
