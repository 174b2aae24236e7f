"""What the store forgets, rebuilds and indexes."""

import asyncio

import pytest

from simulator.kube.server.api_server import ApiServer
from simulator.kube.server.tests.api_kit import CONFIGMAPS, PODS, Client, VirtualClock, configmap, pod, run, server


def test_a_watch_from_before_the_kept_history_is_told_that_it_has_expired() -> None:
    async def story() -> None:
        api = server()
        client = Client(api)
        first = await client.ok("POST", CONFIGMAPS, configmap("a"))
        await client.ok("PUT", CONFIGMAPS + "/a", configmap("a", data={"k": "v"}))
        api.store.compact()
        old = first["metadata"]["resourceVersion"]
        events = await client.events(CONFIGMAPS, 1, resourceVersion=old)
        assert [(event["type"], event["object"]["code"]) for event in events] == [("ERROR", 410)]
        assert events[0]["object"]["reason"] == "Expired"

    run(story)


def test_history_is_kept_for_minutes_and_a_quiet_resource_never_expires() -> None:
    async def story() -> None:
        client = Client(server())
        first = await client.ok("POST", CONFIGMAPS, configmap("a"))
        old = first["metadata"]["resourceVersion"]
        await client.ok("POST", PODS, pod("a"))
        await asyncio.sleep(1000)
        await client.ok("POST", PODS, pod("b"))
        events = await client.events(CONFIGMAPS, 1, resourceVersion=old, timeoutSeconds=1)
        assert events == []
        await client.ok("POST", CONFIGMAPS, configmap("b"))
        await asyncio.sleep(1000)
        await client.ok("POST", CONFIGMAPS, configmap("c"))
        events = await client.events(CONFIGMAPS, 1, resourceVersion=old)
        assert events[0]["object"]["code"] == 410

    run(story)


def test_a_page_whose_snapshot_is_forgotten_is_refused_with_a_token_to_go_on() -> None:
    async def story() -> None:
        api = server()
        client = Client(api)
        for name in ("a", "b", "c"):
            await client.ok("POST", CONFIGMAPS, configmap(name))
        page = await client.ok("GET", CONFIGMAPS, limit=1)
        token = page["metadata"]["continue"]
        await client.ok("DELETE", CONFIGMAPS + "/b")
        api.store.compact()
        answer = await client.send("GET", CONFIGMAPS, limit=1, continue_=token)
        assert (answer.status, answer.body["reason"]) == (410, "Expired")
        rest = await client.ok("GET", CONFIGMAPS, continue_=answer.body["metadata"]["continue"])
        assert [item["metadata"]["name"] for item in rest["items"]] == ["c"]

    run(story)


def test_an_index_follows_objects_from_value_to_value() -> None:
    async def story() -> None:
        client = Client(server())

        async def on(node: str) -> list[str]:
            found = await client.ok("GET", "/api/v1/pods", fieldSelector=f"spec.nodeName={node}")
            return [item["metadata"]["name"] for item in found["items"]]

        await client.ok("POST", PODS, pod("b"))
        await client.ok("POST", PODS, pod("a"))
        assert await on("") == ["a", "b"]
        binding = {"target": {"name": "n1"}}
        await client.ok("POST", PODS + "/a/binding", binding)
        await client.ok("POST", PODS + "/b/binding", binding)
        assert (await on(""), await on("n1")) == ([], ["a", "b"])
        await client.ok("DELETE", PODS + "/a", {"gracePeriodSeconds": 0})
        assert await on("n1") == ["b"]

    run(story)


def test_equal_seeds_give_equal_worlds() -> None:
    async def story() -> list[object]:
        client = Client(server())
        for _ in range(3):
            await client.ok("POST", CONFIGMAPS, {"metadata": {"generateName": "x-"}})
        return list((await client.ok("GET", CONFIGMAPS))["items"])

    assert run(story) == run(story)


class _Names:
    """Draws one name again and again, and another from the one on that is numbered ``other_from``."""

    def __init__(self, other_from: int) -> None:
        self._other_from = other_from
        self._letters = 0
        self._uids = 0

    def below(self, bound: int) -> int:
        if bound > 27:
            self._uids += 1
            return self._uids
        self._letters += 1
        return int((self._letters - 1) // 5 >= self._other_from)


@pytest.mark.parametrize(("other_from", "status"), [(8, 201), (9, 409)])
def test_eight_names_are_tried_before_none_is_generated(other_from: int, status: int) -> None:
    async def story() -> None:
        client = Client(ApiServer(VirtualClock(), _Names(other_from)))
        body = {"metadata": {"generateName": "x-"}}
        await client.ok("POST", CONFIGMAPS, body)
        answer = await client.send("POST", CONFIGMAPS, body)
        assert answer.status == status
        assert status == 201 or (answer.body["reason"], answer.body["details"]["retryAfterSeconds"]) == (
            "AlreadyExists",
            1,
        )

    run(story)


def test_one_is_not_true() -> None:
    async def story() -> None:
        client = Client(server())
        revision = {"kind": "ControllerRevision", "metadata": {"name": "a"}, "data": {"k": 1}}
        path = "/apis/apps/v1/namespaces/default/controllerrevisions"
        first = await client.ok("POST", path, {**revision, "revision": 1})
        second = await client.ok("PUT", path + "/a", {**first, "revision": True})
        assert second["revision"] is True
        assert second["metadata"]["resourceVersion"] != first["metadata"]["resourceVersion"]

    run(story)
