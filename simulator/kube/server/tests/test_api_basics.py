"""Create, read, update, delete, and who wins when two write at once."""

from simulator.kube.server.tests.api_kit import CONFIGMAPS, Client, configmap, run, server


def test_a_created_object_reads_back_with_what_the_server_adds() -> None:
    async def story() -> None:
        client = Client(server())
        created = await client.ok("POST", CONFIGMAPS, configmap("a", data={"k": "v"}))
        assert created["metadata"]["uid"]
        assert created["metadata"]["creationTimestamp"] == "2027-01-15T08:00:00Z"
        assert await client.ok("GET", CONFIGMAPS + "/a") == created

    run(story)


def test_the_second_creator_of_a_name_is_told_that_it_exists() -> None:
    async def story() -> None:
        client = Client(server())
        await client.ok("POST", CONFIGMAPS, configmap("a"))
        assert await client.refused("POST", CONFIGMAPS, configmap("a")) == (409, "AlreadyExists")

    run(story)


def test_of_two_updates_from_one_version_the_second_is_a_conflict() -> None:
    async def story() -> None:
        client = Client(server())
        first = await client.ok("POST", CONFIGMAPS, configmap("a"))
        await client.ok("PUT", CONFIGMAPS + "/a", {**first, "data": {"k": "1"}})
        assert await client.refused("PUT", CONFIGMAPS + "/a", {**first, "data": {"k": "2"}}) == (409, "Conflict")
        assert (await client.ok("GET", CONFIGMAPS + "/a"))["data"] == {"k": "1"}

    run(story)


def test_an_update_that_changes_nothing_writes_nothing() -> None:
    async def story() -> None:
        api = server()
        client = Client(api)
        first = await client.ok("POST", CONFIGMAPS, configmap("a", data={"k": "v"}))
        before = api.store.revision
        assert await client.ok("PUT", CONFIGMAPS + "/a", first) == first
        assert api.store.revision == before

    run(story)


def test_what_the_caller_does_to_its_body_afterwards_does_not_reach_the_store() -> None:
    async def story() -> None:
        client = Client(server())
        body = configmap("a", data={"k": "v"})
        await client.ok("POST", CONFIGMAPS, body)
        body["data"]["k"] = "changed"
        assert (await client.ok("GET", CONFIGMAPS + "/a"))["data"] == {"k": "v"}

    run(story)


def test_a_watch_from_a_revision_tells_everything_after_it() -> None:
    async def story() -> None:
        client = Client(server())
        first = await client.ok("POST", CONFIGMAPS, configmap("a"))
        second = await client.ok("PUT", CONFIGMAPS + "/a", {**first, "data": {"k": "v"}})
        await client.ok("DELETE", CONFIGMAPS + "/a")
        events = await client.events(CONFIGMAPS, 2, resourceVersion=first["metadata"]["resourceVersion"])
        assert [event["type"] for event in events] == ["MODIFIED", "DELETED"]
        assert events[0]["object"] == second
        assert int(events[1]["object"]["metadata"]["resourceVersion"]) > int(second["metadata"]["resourceVersion"])

    run(story)


def test_every_commit_is_told_to_subscribers_in_order() -> None:
    async def story() -> None:
        api = server()
        told = []
        api.subscribe(lambda revision, kind, old, new: told.append((revision, kind, old is None, new is None)))
        client = Client(api)
        first = await client.ok("POST", CONFIGMAPS, configmap("a"))
        await client.ok("PUT", CONFIGMAPS + "/a", {**first, "data": {"k": "v"}})
        await client.ok("DELETE", CONFIGMAPS + "/a")
        base = int(first["metadata"]["resourceVersion"])
        assert told == [
            (base, "ADDED", True, False),
            (base + 1, "MODIFIED", False, False),
            (base + 2, "DELETED", False, True),
        ]

    run(story)
