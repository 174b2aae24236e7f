"""What the garbage collector and the namespace controller take away, and what they leave."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from simulator.kube.api import ApiRequest, ApiResponse, Json
from simulator.kube.controllers.garbage import run_garbage_collector
from simulator.kube.controllers.namespaces import run_namespace_controller
from simulator.kube.server.tests.api_kit import CONFIGMAPS, PODS, Client, VirtualClock, configmap, pod, run, server


def _owned(name: str, *owners: Json, **more: Any) -> Json:
    references = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            **more,
        }
        for owner in owners
    ]
    return configmap(name, metadata={"ownerReferences": references})


def _collected(story: Callable[[Client], Awaitable[None]]) -> None:
    async def main() -> None:
        api = server()
        tasks = [
            asyncio.ensure_future(run_garbage_collector(api, VirtualClock())),
            asyncio.ensure_future(run_namespace_controller(api, VirtualClock())),
        ]
        await asyncio.sleep(1)
        await story(Client(api))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    run(main)


async def _names(client: Client) -> list[str]:
    return [item["metadata"]["name"] for item in (await client.ok("GET", CONFIGMAPS))["items"]]


def test_an_object_goes_when_its_last_owner_has_gone() -> None:
    async def story(client: Client) -> None:
        one = await client.ok("POST", CONFIGMAPS, configmap("one"))
        two = await client.ok("POST", CONFIGMAPS, configmap("two"))
        await client.ok("POST", CONFIGMAPS, _owned("child", one, two))
        await client.ok("DELETE", CONFIGMAPS + "/one")
        await asyncio.sleep(5)
        child = await client.ok("GET", CONFIGMAPS + "/child")
        assert [owner["name"] for owner in child["metadata"]["ownerReferences"]] == ["two"]
        await client.ok("DELETE", CONFIGMAPS + "/two")
        await asyncio.sleep(5)
        assert await _names(client) == []

    _collected(story)


def test_an_owner_of_the_same_name_is_not_the_owner() -> None:
    async def story(client: Client) -> None:
        first = await client.ok("POST", CONFIGMAPS, configmap("one"))
        await client.ok("DELETE", CONFIGMAPS + "/one")
        await client.ok("POST", CONFIGMAPS, configmap("one"))
        await client.ok("POST", CONFIGMAPS, _owned("child", first))
        await asyncio.sleep(5)
        assert await _names(client) == ["one"]

    _collected(story)


def test_a_reference_that_has_the_uid_of_another_objects_name_or_kind_counts_for_nothing() -> None:
    async def story(client: Client) -> None:
        one = await client.ok("POST", CONFIGMAPS, configmap("one"))
        misnamed, mistaken = _owned("misnamed", one), _owned("mistaken", one, kind="Pod")
        misnamed["metadata"]["ownerReferences"][0]["name"] = "two"
        for child in (misnamed, mistaken, _owned("right", one)):
            await client.ok("POST", CONFIGMAPS, child)
        await asyncio.sleep(5)
        assert await _names(client) == ["one", "right"]

    _collected(story)


def test_a_child_that_comes_while_its_owner_waits_in_the_foreground_goes_too() -> None:
    async def story(client: Client) -> None:
        one = await client.ok("POST", CONFIGMAPS, configmap("one"))
        held = _owned("held", one, blockOwnerDeletion=True)
        held["metadata"]["finalizers"] = ["example.org/wait"]
        await client.ok("POST", CONFIGMAPS, held)
        await client.ok("DELETE", CONFIGMAPS + "/one", {"propagationPolicy": "Foreground"})
        await asyncio.sleep(5)
        await client.ok("POST", CONFIGMAPS, _owned("late", one))
        await asyncio.sleep(5)
        assert await _names(client) == ["held", "one"]

    _collected(story)


def test_a_child_whose_owner_is_seen_costs_no_request() -> None:
    async def main() -> None:
        api = server()
        sent = list[str]()

        class Counted:
            watch = staticmethod(api.watch)
            open = staticmethod(api.open)

            async def request(self, request: ApiRequest) -> ApiResponse:
                if "limit" not in request.query and request.path.endswith(("/one", "/child")):
                    sent.append(f"{request.method} {request.path}")
                return await api.request(request)

        collector = asyncio.ensure_future(run_garbage_collector(Counted(), VirtualClock()))
        await asyncio.sleep(1)
        client = Client(api)
        one = await client.ok("POST", CONFIGMAPS, configmap("one"))
        await client.ok("POST", CONFIGMAPS, _owned("child", one))
        await asyncio.sleep(5)
        assert sent == []
        await client.ok("DELETE", CONFIGMAPS + "/one")
        await asyncio.sleep(5)
        assert sent == [f"GET {CONFIGMAPS}/one", f"DELETE {CONFIGMAPS}/child"]
        collector.cancel()
        await asyncio.gather(collector, return_exceptions=True)

    run(main)


def test_grandchildren_go_too() -> None:
    async def story(client: Client) -> None:
        one = await client.ok("POST", CONFIGMAPS, configmap("one"))
        child = await client.ok("POST", CONFIGMAPS, _owned("child", one))
        await client.ok("POST", CONFIGMAPS, _owned("grandchild", child))
        await client.ok("DELETE", CONFIGMAPS + "/one")
        await asyncio.sleep(10)
        assert await _names(client) == []

    _collected(story)


def test_in_the_foreground_children_go_before_their_owner() -> None:
    async def story(client: Client) -> None:
        one = await client.ok("POST", CONFIGMAPS, configmap("one"))
        child = _owned("child", one, blockOwnerDeletion=True)
        child["metadata"]["finalizers"] = ["test/hold"]
        await client.ok("POST", CONFIGMAPS, child)
        await client.ok("DELETE", CONFIGMAPS + "/one", {"propagationPolicy": "Foreground"})
        await asyncio.sleep(10)
        assert await _names(client) == ["child", "one"]
        assert (await client.ok("GET", CONFIGMAPS + "/child"))["metadata"]["deletionTimestamp"]
        merge = "application/merge-patch+json"
        await client.ok("PATCH", CONFIGMAPS + "/child", {"metadata": {"finalizers": None}}, content_type=merge)
        await asyncio.sleep(10)
        assert await _names(client) == []

    _collected(story)


def test_orphans_stay_without_their_owner() -> None:
    async def story(client: Client) -> None:
        one = await client.ok("POST", CONFIGMAPS, configmap("one"))
        await client.ok("POST", CONFIGMAPS, _owned("child", one))
        await asyncio.sleep(5)
        await client.ok("DELETE", CONFIGMAPS + "/one", {"propagationPolicy": "Orphan"})
        await asyncio.sleep(10)
        assert await _names(client) == ["child"]
        assert "ownerReferences" not in (await client.ok("GET", CONFIGMAPS + "/child"))["metadata"]

    _collected(story)


def test_an_owner_of_an_unknown_kind_keeps_its_children() -> None:
    async def story(client: Client) -> None:
        stranger = {"metadata": {"name": "x", "uid": "00000000-0000-0000-0000-000000000001"}}
        body = _owned("child", stranger)
        body["metadata"]["ownerReferences"][0].update(apiVersion="nowhere.test/v1", kind="Thing")
        await client.ok("POST", CONFIGMAPS, body)
        await asyncio.sleep(60)
        assert await _names(client) == ["child"]

    _collected(story)


def test_a_deleted_namespace_is_emptied_and_goes_when_its_last_pod_has_gone() -> None:
    async def story(client: Client) -> None:
        await client.ok("POST", "/api/v1/namespaces", {"metadata": {"name": "team"}})
        pods = PODS.replace("default", "team")
        await client.ok("POST", CONFIGMAPS.replace("default", "team"), configmap("a"))
        await client.ok("POST", pods, pod("p", spec={"nodeName": "n1"}))
        await client.ok("DELETE", "/api/v1/namespaces/team")
        await asyncio.sleep(10)
        left = await client.ok("GET", pods)
        assert [item["metadata"]["deletionGracePeriodSeconds"] for item in left["items"]] == [30]
        assert (await client.ok("GET", CONFIGMAPS.replace("default", "team")))["items"] == []
        assert (await client.send("GET", "/api/v1/namespaces/team")).status == 200
        await client.ok("DELETE", pods + "/p", {"gracePeriodSeconds": 0})
        await asyncio.sleep(10)
        assert (await client.send("GET", "/api/v1/namespaces/team")).status == 404

    _collected(story)
