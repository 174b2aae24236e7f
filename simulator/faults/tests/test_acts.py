"""Every fault does what its name says to a world, and afterwards the world is healed."""

import pytest

from simulator.cluster.operator import Check, Operator, Refused
from simulator.cluster.world import World
from simulator.faults.acts import play
from simulator.faults.catalogue import FAULTS
from simulator.faults.fault import FaultPlan
from simulator.faults.scene import Scene
from simulator.faults.tests.small_world import BY_NAME, in_a_world, replicas, running, strike

TOUCHES = {
    "agent-crash": "crash",
    "agent-crash-at-point": "crash-point",
    "power-cut": "power-cut",
    "runtime-killed": "crash-runtime",
    "runtime-killed-in-add": "crash-runtime",
    "kubelet-killed-in-add": "crash-kubelet",
    "controller-crash": "crash",
    "etcd-timeout": "fault",
    "etcd-leader-changed": "fault",
    "etcd-leaderless": "fault",
    "token-expired": "fault",
    "names-unresolved": "fault",
    "request-lost": "fault",
    "answer-lost": "fault",
    "commit-late": "fault",
    "request-delayed": "fault",
    "request-refused": "fault",
    "committed-and-refused": "fault",
    "pod-force-deleted": "Pod-deleted",
    "pod-force-deleted-in-add": "Pod-deleted",
    "pool-edited": "SpiderIPPool-modified",
    "address-reserved": "SpiderReservedIP-added",
    "ledger-recovering": "SpiderLedger-modified",
}
"""The event of the trace that shows that a fault has struck; faults of CNI calls and watches leave none of their own."""


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_fault_strikes_and_heals(name: str) -> None:
    async def body(world: World, operator: Operator, scene: Scene) -> None:
        await operator.until(running(operator, 2), 60)
        plan = FaultPlan(kinds=(name,), strikes=(strike(BY_NAME[name], 0.5),))
        await play(scene, plan)
        await operator.until(_scaled(operator, 4), 120)
        await world.clock.sleep(20)
        await scene.heal()
        await operator.until(operator.ready, 120)
        await operator.until(running(operator, 4), 400)
        assert world.server.store.table(("spiderpool.spidernet.io", "spiderreservedips")).objects == {}

    whats = in_a_world(body, api_replicas=2 if BY_NAME[name].where == "replica" else 1)
    after = whats[whats.index(name) :]
    assert name not in TOUCHES or TOUCHES[name] in after


def test_what_a_strike_would_still_do_is_void_after_healing() -> None:
    async def body(world: World, operator: Operator, scene: Scene) -> None:
        await play(scene, FaultPlan(kinds=("agent-crash",), strikes=(strike(BY_NAME["agent-crash"], 0.0),)))
        await scene.heal()
        incarnations = world.agents["n1"].incarnations
        world.agents["n1"].crash()
        await world.clock.sleep(60)
        assert world.agents["n1"].incarnations == incarnations
        world.agents["n1"].start()

    assert in_a_world(body)[-1] == "healed"


@pytest.mark.parametrize("name", sorted(fault.name for fault in FAULTS if fault.where == "replica"))
def test_a_cluster_with_one_api_server_does_not_notice_what_happens_to_one_of_several(name: str) -> None:
    async def body(world: World, operator: Operator, scene: Scene) -> None:
        await play(scene, FaultPlan(kinds=(name,), strikes=(strike(BY_NAME[name], 0.0),)))
        await operator.until(running(operator, 2), 60)
        await scene.heal()

    assert in_a_world(body)[-1] == "healed"


def test_a_replica_that_falls_behind_catches_up_after_its_time_and_when_faults_stop() -> None:
    async def body(world: World, operator: Operator, scene: Scene) -> None:
        fault = BY_NAME["replica-behind"]
        await play(scene, FaultPlan(kinds=(fault.name,), strikes=(strike(fault, 0.0),)))
        behind, other = world.wiring.replicas
        await world.clock.sleep(10)
        assert behind.revision < other.revision == world.server.store.revision
        await world.clock.sleep(40)
        assert behind.lag_seconds == 0
        assert behind.revision == world.server.store.revision
        await play(scene, FaultPlan(kinds=(fault.name,), strikes=(strike(fault, 0.0),)))
        await scene.heal()
        assert behind.lag_seconds == 0

    assert in_a_world(body, api_replicas=2)[-1] == "healed"


def test_who_speaks_to_a_replica_that_goes_down_speaks_to_the_next_one_and_stays_there() -> None:
    async def body(world: World, operator: Operator, scene: Scene) -> None:
        first, second = world.wiring.replicas
        ends = [link.api for link in world.wiring.links.values()]
        assert set(ends) == {first, second}
        fault = BY_NAME["replica-down"]
        await play(scene, FaultPlan(kinds=(fault.name,), strikes=(strike(fault, 0.0),)))
        assert [replica.runs for replica in (first, second)] == [False, True]
        assert {link.api for link in world.wiring.links.values()} == {second}
        await world.clock.sleep(31)
        assert [replica.runs for replica in (first, second)] == [True, True]
        await operator.until(running(operator, 2), 60)
        assert {link.api for link in world.wiring.links.values()} == {second}
        second.stop()
        await scene.heal()
        assert second.runs

    assert in_a_world(body, api_replicas=2)[-1] == "healed"


def _scaled(operator: Operator, count: int) -> Check:
    """Whoever is refused it tries again."""

    async def attempt() -> str | None:
        try:
            await operator.apply(replicas(count))
        except Refused as error:
            return str(error)
        return None

    return attempt
