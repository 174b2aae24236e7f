"""What kubelets tell where people look, and that they are silent elsewhere."""

from simulator.kube.node.tests.node_world import World, simulate


async def _told(world: World, kind: str = "Pod") -> list[tuple[str, str]]:
    events, _ = await world.client.list("events", {})
    mine = [event for event in events if event["involvedObject"]["kind"] == kind]
    assert all(event["source"] == {"component": "kubelet", "host": "n1"} for event in mine)
    return [(event["reason"], event["involvedObject"].get("fieldPath", "")) for event in mine]


def test_the_life_of_a_pod_is_told() -> None:
    async def body(world: World) -> None:
        await world.booted(shown=True)
        await world.create("a")
        await world.running("a")
        await world.delete("a")
        await world.gone("a")
        part = "spec.containers{c}"
        assert await _told(world) == [("Pulled", part), ("Created", part), ("Started", part), ("Killing", part)]
        assert [reason for reason, _ in await _told(world, "Node")] == ["Starting", "NodeReady"]

    simulate(body)


def test_a_kubelet_that_comes_back_does_not_tell_again_what_runs() -> None:
    async def body(world: World) -> None:
        node = await world.booted(shown=True)
        await world.create("a")
        await world.running("a")
        before = await _told(world)
        node.crash_kubelet()
        node.start_kubelet()
        await world.sleep(10)
        assert await _told(world) == before

    simulate(body)


def test_a_sandbox_that_fails_or_dies_is_told() -> None:
    async def body(world: World) -> None:
        node = await world.booted(shown=True)
        uid = await world.create("a")
        await world.running("a")
        node.kill_pause(uid)
        await world.sleep(10)
        reasons = [reason for reason, _ in await _told(world)]
        assert reasons == ["Pulled", "Created", "Started", "SandboxChanged"]
        events, _ = await world.client.list("events", {})
        counts = {event["reason"]: event["count"] for event in events if event["involvedObject"]["kind"] == "Pod"}
        assert counts == {"Pulled": 2, "Created": 2, "Started": 2, "SandboxChanged": 1}

    simulate(body)


def test_where_nobody_looks_nothing_is_told() -> None:
    async def body(world: World) -> None:
        await world.booted()
        await world.create("a")
        await world.running("a")
        assert await _told(world) == []

    simulate(body)
