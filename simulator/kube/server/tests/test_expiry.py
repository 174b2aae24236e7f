"""Events do not stay for ever."""

import asyncio

from simulator.kube.api import ApiRequest, Json
from simulator.kube.server.tests.api_kit import Client, run, server

EVENTS = "/api/v1/namespaces/default/events"
HOUR_SECONDS = 3600


def _event(name: str) -> Json:
    involved = {"kind": "Pod", "namespace": "default", "name": "web-1"}
    return {"metadata": {"name": name}, "involvedObject": involved, "reason": "Started", "message": "It runs."}


async def _names(client: Client) -> list[str]:
    return [item["metadata"]["name"] for item in (await client.ok("GET", EVENTS))["items"]]


def test_an_event_is_gone_an_hour_after_it_was_written() -> None:
    async def story() -> None:
        client = Client(server())
        await client.ok("POST", EVENTS, _event("first"))
        await asyncio.sleep(60)
        await client.ok("POST", EVENTS, _event("second"))
        await asyncio.sleep(HOUR_SECONDS - 61)
        assert await _names(client) == ["first", "second"]
        await asyncio.sleep(2)
        assert await _names(client) == ["second"]
        await asyncio.sleep(60)
        assert await _names(client) == []

    run(story)


def test_an_event_that_is_counted_on_lives_an_hour_longer() -> None:
    async def story() -> None:
        client = Client(server())
        await client.ok("POST", EVENTS, _event("often"))
        await client.ok("POST", EVENTS, _event("once"))
        await asyncio.sleep(HOUR_SECONDS - 1)
        merge = "application/merge-patch+json"
        await client.ok("PATCH", f"{EVENTS}/often", {"count": 2}, content_type=merge)
        await asyncio.sleep(2)
        assert await _names(client) == ["often"]
        await asyncio.sleep(HOUR_SECONDS)
        assert await _names(client) == []

    run(story)


def test_who_watches_is_told_that_an_event_is_gone() -> None:
    async def story() -> None:
        api = server()
        client = Client(api)
        await client.ok("POST", EVENTS, _event("first"))
        stream = api.watch(ApiRequest(method="GET", path=EVENTS, query={"timeoutSeconds": "4000"}))
        told = [(event["type"], event["object"]["metadata"]["name"]) async for event in stream]
        assert told == [("ADDED", "first"), ("DELETED", "first")]

    run(story)


def test_an_event_that_was_deleted_meanwhile_is_no_trouble() -> None:
    async def story() -> None:
        client = Client(server())
        await client.ok("POST", EVENTS, _event("first"))
        await client.ok("POST", EVENTS, _event("second"))
        await client.ok("DELETE", f"{EVENTS}/first")
        await asyncio.sleep(HOUR_SECONDS + 1)
        assert await _names(client) == []

    run(story)


def test_an_event_of_a_saved_state_is_gone_an_hour_after_it_was_loaded() -> None:
    async def story() -> None:
        first = server()
        await Client(first).ok("POST", EVENTS, _event("kept"))
        second = server()
        second.restore(first.store.image())
        client = Client(second)
        assert await _names(client) == ["kept"]
        await asyncio.sleep(HOUR_SECONDS + 1)
        assert await _names(client) == []

    run(story)
