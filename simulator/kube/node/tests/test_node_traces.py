"""The CNI calls of a simulated node against the trace of real ones: order, repetition, timing.

Each test is one traced scenario; its number stands in the name. Times are those of the trace, with the spread that was
seen over both versions of containerd.
"""

from typing import Any

import pytest

from simulator.kube.node.machine import Exec, Result, Upset
from simulator.kube.node.tests.node_world import World, simulate

SEEDS = (1, 2, 3)
IPAM: dict[str, Any] = {"program": "host-local"}


@pytest.mark.parametrize("seed", SEEDS)
def test_trace_1_a_pod_gets_one_add_and_three_dels(seed: int) -> None:
    async def body(world: World) -> None:
        await world.booted()
        world.mark()
        await world.create("a")
        assert await world.running("a") < 3
        assert world.text() == ["ADD C1"]
        pod = await world.pod("a")
        assert pod is not None
        assert pod["status"]["podIPs"] == [{"ip": "10.98.0.1"}]

        deleted = world.now
        await world.delete("a")
        gone = await world.gone("a")
        assert world.text() == ["ADD C1", "DEL C1 Np"]
        assert 2.0 < world.lines[1].begin - deleted < 2.8
        assert 0.8 < gone - world.lines[1].begin < 1.4
        assert world.ipam.held == {}

        await world.sleep(62)
        assert world.text()[2:] == ["DEL C1 -", "DEL C1 -"]
        assert world.lines[2].begin - gone <= 60.5
        await world.sleep(120)
        assert len(world.lines) == 4

    simulate(body, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_trace_2_a_forced_deletion_is_followed_by_a_del_two_seconds_later(seed: int) -> None:
    async def body(world: World) -> None:
        await world.booted()
        world.mark()
        await world.create("a")
        await world.running("a")
        await world.delete("a", force=True)
        gone = await world.gone("a", 0.1)
        delete = await world.called("DEL")
        assert delete.text == "DEL C1 Np"
        assert 1.8 < delete.begin - gone < 2.3
        await world.sleep(65)
        assert world.text() == ["ADD C1", "DEL C1 Np", "DEL C1 -", "DEL C1 -"]

    simulate(body, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_trace_3_a_failed_add_is_rolled_back_and_tried_again_with_a_new_container(seed: int) -> None:
    async def body(world: World) -> None:
        await world.booted()
        world.faults.next(Upset(fail_before=True), verb="ADD", times=3, **IPAM)
        world.mark()
        await world.create("a")
        await world.running("a", 120)
        rolled = ["ADD C1", "DEL C1 N", "ADD C2", "DEL C2 N", "ADD C3", "DEL C3 N", "ADD C4"]
        assert world.text() == rolled
        for failed, undone in ((0, 1), (2, 3), (4, 5)):
            assert world.lines[failed].exit_code == 1
            assert 0.029 < world.lines[undone].begin - (world.lines[failed].end or 0.0) < 0.06
        for failed, again in ((0, 2), (2, 4), (4, 6)):
            assert 12.9 < world.lines[again].begin - (world.lines[failed].end or 0.0) < 15.5
        await world.sleep(130)
        assert world.text() == rolled, "failed sandboxes get no late DEL"
        assert len(world.ipam.held) == 1

    simulate(body, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_trace_4_an_add_that_fails_after_the_commit_is_released_by_its_rollback(seed: int) -> None:
    async def body(world: World) -> None:
        await world.booted()
        world.faults.next(Upset(fail_after=True), verb="ADD", **IPAM)
        world.mark()
        await world.create("a")
        await world.running("a")
        assert world.text() == ["ADD C1", "DEL C1 N", "ADD C2"]
        assert list(world.ipam.held.values()) == ["10.98.0.2/16"]

    simulate(body, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_trace_5_the_object_stays_until_del_succeeds(seed: int) -> None:
    async def body(world: World) -> None:
        await world.booted()
        await world.create("a")
        await world.running("a")
        world.faults.next(Upset(fail_before=True), verb="DEL", times=2, **IPAM)
        world.mark()
        await world.delete("a")
        gone = await world.gone("a")
        first, second, third = world.lines
        assert world.text() == ["DEL C1 Np"] * 3
        assert (first.exit_code, second.exit_code, third.exit_code) == (1, 1, 0)
        assert 0.8 < second.begin - first.begin < 1.3
        assert 14.5 < third.begin - second.begin < 16.5
        assert gone > third.begin

    simulate(body, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_trace_6_a_deletion_does_not_cancel_a_slow_add(seed: int) -> None:
    async def body(world: World) -> None:
        await world.booted()
        world.faults.next(Upset(sleep_before_seconds=8), verb="ADD", **IPAM)
        world.mark()
        await world.create("a")
        add = await world.called("ADD")
        await world.delete("a")
        gone = await world.gone("a")
        assert world.text() == ["ADD C1", "DEL C1 Np"]
        assert add.end is not None
        assert add.end - add.begin > 7.99
        assert 2.0 < world.lines[1].begin - add.end < 3.0
        assert gone > world.lines[1].begin
        assert world.ipam.held == {}

    simulate(body, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_trace_7_an_add_commits_for_a_pod_that_no_longer_exists(seed: int) -> None:
    async def body(world: World) -> None:
        await world.booted()
        world.faults.next(Upset(sleep_before_seconds=8), verb="ADD", **IPAM)
        world.mark()
        await world.create("a")
        add = await world.called("ADD")
        await world.delete("a", force=True)
        assert await world.gone("a", 0.1) < 2
        delete = await world.called("DEL")
        assert delete.text == "DEL C1 Np"
        assert add.exit_code == 0
        assert add.end is not None
        assert 2.0 < delete.begin - add.end < 3.0

    simulate(body, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_trace_17_a_pod_that_ends_by_itself_loses_its_network_before_it_shows(seed: int) -> None:
    async def body(world: World) -> None:
        await world.booted()
        world.mark()
        containers = [{"name": "c", "image": "localhost/box:1", "command": ["/bin/sleep", "2"]}]
        await world.create("a", restartPolicy="Never", containers=containers)
        delete = await world.called("DEL")
        assert delete.text == "DEL C1 Np"
        assert await world.phase("a") == "Running"

        async def succeeded() -> bool:
            return (await world.phase("a")) == "Succeeded"

        assert await world.until(succeeded, 5) > delete.begin
        await world.sleep(12)
        await world.delete("a")
        await world.gone("a", 2)
        await world.sleep(5)
        assert world.text() == ["ADD C1", "DEL C1 Np"]

    simulate(body, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_trace_18_the_new_pod_of_a_name_is_added_before_the_old_one_is_deleted(seed: int) -> None:
    async def body(world: World) -> None:
        await world.booted()
        old = await world.create("a")
        await world.running("a")
        world.mark()
        await world.delete("a", force=True)
        new = await world.create("a")
        await world.running("a")
        await world.called("DEL")
        assert world.text() == ["ADD C2", "DEL C1 Np"]
        add, delete = world.lines
        assert (add.uid, delete.uid) == (new, old)
        assert 1.0 < delete.begin - add.begin < 3.0
        await world.sleep(5)
        pod = await world.pod("a")
        assert pod is not None
        assert (pod["status"]["phase"], pod["metadata"]["uid"]) == ("Running", new)

    simulate(body, seed)


def test_trace_19_an_add_of_150_seconds_is_waited_for() -> None:
    async def body(world: World) -> None:
        await world.booted()
        world.faults.next(Upset(sleep_before_seconds=150), verb="ADD", **IPAM)
        world.mark()
        await world.create("a")
        assert await world.running("a", 200) > 150
        assert world.text() == ["ADD C1"]

    simulate(body)


def test_the_arguments_come_in_any_order() -> None:
    orders: dict[bytes, None] = {}

    async def body(world: World) -> None:
        node = await world.booted()
        inner = node.machine.binaries["host-local"]

        async def spy(request: Exec) -> Result:
            names = b" ".join(part.partition(b"=")[0] for part in request.environ[b"CNI_ARGS"].split(b";"))
            orders[names] = None
            return await inner(request)

        node.machine.binaries["host-local"] = spy
        for number in range(12):
            await world.create(f"a{number}")
        await world.sleep(10)

    simulate(body)
    assert len(orders) > 3
    assert {tuple(sorted(order.split())) for order in orders} == {
        (b"IgnoreUnknown", b"K8S_POD_INFRA_CONTAINER_ID", b"K8S_POD_NAME", b"K8S_POD_NAMESPACE", b"K8S_POD_UID")
    }


def test_the_same_seed_gives_the_same_trace() -> None:
    async def body(world: World) -> None:
        await world.booted()
        world.faults.next(Upset(fail_after=True), verb="ADD", **IPAM)
        for number in range(4):
            await world.create(f"a{number}")
        await world.sleep(30)
        await world.delete("a1")
        await world.sleep(70)

    hashes = [simulate(body, seed).trace.hash for seed in (1, 1, 2)]
    assert hashes[0] == hashes[1]
    assert hashes[0] != hashes[2]


def test_a_lost_del_is_never_made_and_believed() -> None:
    async def body(world: World) -> None:
        await world.booted()
        await world.create("a")
        await world.running("a")
        world.faults.lose_next_del("macvlan", pod="a")
        await world.delete("a")
        await world.gone("a")
        assert len(world.ipam.held) == 1
        assert world.wire[-1][1:] == ("10.98.0.1/16", "down")

    simulate(body)


def test_a_pod_on_the_host_network_causes_no_call() -> None:
    async def body(world: World) -> None:
        await world.booted()
        world.mark()
        await world.create("a", hostNetwork=True)
        await world.running("a")
        pod = await world.pod("a")
        assert pod is not None
        assert pod["status"]["podIP"] == "192.0.2.1"
        await world.delete("a")
        await world.gone("a")
        assert world.lines == []

    simulate(body)
