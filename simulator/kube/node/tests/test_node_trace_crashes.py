"""The CNI calls of a simulated node against the trace of real ones, continued: crashes, power cuts, limits.

Each test is one traced scenario; its number stands in the name. Times are those of the trace, with the spread that was
seen over both versions of containerd.
"""

from typing import Any

import pytest

from simulator.kube.node.machine import Upset
from simulator.kube.node.tests.node_world import CONFLIST, World, simulate
from simulator.kube.node.timings import Timings

SEEDS = (1, 2, 3)
IPAM: dict[str, Any] = {"program": "host-local"}


@pytest.mark.parametrize("restart", ["kubelet", "runtime"])
def test_traces_8_and_9_a_restart_at_rest_causes_no_call(restart: str) -> None:
    async def body(world: World) -> None:
        node = await world.booted()
        await world.create("a")
        await world.running("a")
        world.mark()
        if restart == "kubelet":
            node.crash_kubelet()
            node.start_kubelet()
        else:
            node.crash_runtime()
            node.start_runtime()
        await world.sleep(10)
        assert world.lines == []
        await world.delete("a")
        await world.gone("a")
        assert world.text() == ["DEL C1 Np"]

    simulate(body)


@pytest.mark.parametrize("seed", SEEDS)
def test_trace_10_a_runtime_killed_during_add_calls_del_while_its_orphan_still_adds(seed: int) -> None:
    async def body(world: World) -> None:
        node = await world.booted()
        world.faults.next(Upset(sleep_before_seconds=6), verb="ADD", **IPAM)
        world.mark()
        await world.create("a")
        add = await world.called("ADD")
        node.crash_runtime()
        await world.sleep(2)
        started = world.now
        node.start_runtime()
        await world.running("a")
        assert world.text() == ["ADD C1", "DEL C1 N", "ADD C2"]
        _, delete, again = world.lines
        assert 1.0 < delete.begin - started < 1.6
        assert 0.1 < again.begin - (delete.end or 0.0) < 0.8
        assert add.end is None, "the orphan still runs"
        await world.sleep(6)
        assert add.exit_code == 1, "its namespace is gone"
        assert list(world.ipam.held.values()) == ["10.98.0.1/16"], "it gave its own address back"
        await world.delete("a")
        await world.gone("a")
        await world.sleep(65)
        later = [line.text for line in world.lines[3:]]
        assert 1 <= later.count("DEL C1 -") <= 3
        assert world.ipam.held == {}

    simulate(body, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_trace_11_an_address_committed_before_the_runtime_died_is_released_by_del(seed: int) -> None:
    async def body(world: World) -> None:
        node = await world.booted()
        world.faults.next(Upset(sleep_after_seconds=6), verb="ADD", **IPAM)
        world.mark()
        await world.create("a")
        await world.called("ADD")
        await world.sleep(1)
        node.crash_runtime()
        await world.sleep(2)
        node.start_runtime()
        await world.running("a")
        assert world.text() == ["ADD C1", "DEL C1 N", "ADD C2"]
        await world.sleep(10)
        assert list(world.ipam.held.values()) == ["10.98.0.2/16"]

    simulate(body, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_trace_12_an_orphaned_ipam_plugin_commits_after_the_only_del(seed: int) -> None:
    async def body(world: World) -> None:
        node = await world.booted()
        world.faults.next(Upset(sleep_before_seconds=6), verb="ADD", **IPAM)
        world.mark()
        await world.create("a")
        add = await world.called("ADD")
        await world.sleep(0.5)
        killed = world.now
        node.crash_kubelet()
        delete = await world.called("DEL")
        assert delete.text == "DEL C1 N"
        assert delete.begin - killed < 0.15
        assert add.exit_code is None, "the main plugin was killed"
        await world.sleep(1)
        node.start_kubelet()
        await world.running("a")
        await world.sleep(130)
        assert world.text() == ["ADD C1", "DEL C1 N", "ADD C2"], "no DEL for C1 ever again"
        assert len(world.ipam.held) == 2, "one of them leaks"

    simulate(body, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_trace_13_a_dead_pause_process_gives_the_same_pod_a_new_container(seed: int) -> None:
    async def body(world: World) -> None:
        node = await world.booted()
        uid = await world.create("a")
        await world.running("a")
        world.mark()
        assert node.kill_pause(uid)
        again = await world.called("ADD")
        assert world.text() == ["DEL C1 Np", "ADD C2"]
        assert 2.2 < world.lines[0].begin < 2.7
        assert 0.1 <= again.begin - (world.lines[0].end or 0.0) < 0.8
        assert again.uid == uid
        await world.sleep(65)
        assert world.text()[2:] == ["DEL C1 -", "DEL C1 -"]
        pod = await world.pod("a")
        assert pod is not None
        assert pod["status"]["podIP"] == "10.98.0.2"

    simulate(body, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_trace_14_a_deletion_while_the_runtime_is_down_waits_for_it(seed: int) -> None:
    async def body(world: World) -> None:
        node = await world.booted()
        await world.create("a")
        await world.running("a")
        node.crash_runtime()
        await world.delete("a")
        await world.sleep(5)
        assert await world.pod("a") is not None
        world.mark()
        node.start_runtime()
        await world.gone("a")
        assert world.text() == ["DEL C1 Np"]
        assert 6.0 < world.lines[0].begin < 7.5

    simulate(body, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_trace_15_after_a_power_cut_old_containers_get_del_without_namespace_and_pods_new_ones(seed: int) -> None:
    async def body(world: World) -> None:
        node = await world.booted()
        uids = [await world.create("a"), await world.create("b")]
        await world.running("a")
        await world.running("b")
        node.power_cut()
        assert len([change for change in world.wire if change[2] == "down"]) == 2
        await world.sleep(3)
        world.mark()
        node.boot()
        await world.called("ADD", 2)
        deletes = [line for line in world.lines if line.verb == "DEL"]
        adds = [line for line in world.lines if line.verb == "ADD"]
        assert [line.how for line in deletes] == ["-p", "-p"]
        assert sorted(line.uid for line in adds) == sorted(uids)
        for delete in deletes:
            assert 1.7 < delete.begin < 2.5
            (add,) = [line for line in adds if line.pod == delete.pod]
            assert 0.1 <= add.begin - (delete.end or 0.0) < 0.8
        await world.sleep(5)
        await world.delete("a")
        await world.gone("a")
        await world.sleep(65)
        (old,) = [line.container for line in deletes if line.pod == "a"]
        late = [line.how for line in world.lines if line.verb == "DEL" and line.container == old]
        assert late[:3] == ["-p", "-", "-"]

    simulate(body, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_trace_16_a_pod_deleted_while_its_node_was_off_is_only_collected_a_minute_after_boot(seed: int) -> None:
    async def body(world: World) -> None:
        node = await world.booted()
        await world.create("a")
        await world.running("a")
        node.power_cut()
        await world.delete("a", force=True)
        world.mark()
        node.boot()
        await world.sleep(59)
        assert world.lines == []
        await world.sleep(3)
        assert world.text() == ["DEL C1 -p", "DEL C1 -"]

    simulate(body, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_trace_20_a_sandbox_over_its_limit_is_given_up_and_its_ipam_plugin_leaks(seed: int) -> None:
    async def body(world: World) -> None:
        await world.booted(timings=Timings(sandbox_limit_seconds=10))
        world.faults.next(Upset(sleep_before_seconds=25), verb="ADD", **IPAM)
        world.mark()
        await world.create("a")
        await world.running("a", 60)
        assert world.text() == ["ADD C1", "DEL C1 N", "ADD C2"]
        add, delete, again = world.lines
        assert add.exit_code is None
        assert 9.5 < delete.begin - add.begin < 10.2
        assert 13 < again.begin - (delete.end or 0.0) < 15.5
        await world.sleep(120)
        assert len(world.lines) == 3
        assert len(world.ipam.held) == 2, "C1 leaks"

    simulate(body, seed)


def test_trace_21_a_failing_status_takes_the_node_out_of_service() -> None:
    async def body(world: World) -> None:
        await world.booted()
        world.mark()
        world.faults.next(Upset(fail_before=True), verb="STATUS", times=4, **IPAM)
        await world.until(lambda: ready(world, "False"), 7)
        await world.create("z")
        until = await world.until(lambda: ready(world, "True"), 30)
        statuses = [line for line in world.lines if line.verb == "STATUS"]
        assert [line.exit_code for line in statuses[:5]] == [1, 1, 1, 1, 0]
        assert until - statuses[4].begin < 6
        await world.running("z")
        (add,) = [line for line in world.lines if line.verb == "ADD"]
        assert add.begin > statuses[4].begin

    simulate(body, conflist={**CONFLIST, "cniVersion": "1.1.0"})


async def ready(world: World, wanted: str) -> bool:
    node = await world.client.get("nodes", "n1")
    assert node is not None
    return any(one["type"] == "Ready" and one["status"] == wanted for one in node["status"]["conditions"])
