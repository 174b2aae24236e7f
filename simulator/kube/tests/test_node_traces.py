"""The CNI calls of a simulated node against the trace of real ones: order, repetition, timing.

Each test is one traced scenario; its number stands in the name. Times are those of the trace, with the spread that was
seen over both versions of containerd.
"""

import pytest

from simulator.kube.tests.node_world import World, simulate

SEEDS = (1, 2, 3)
IPAM = {"program": "host-local"}


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
