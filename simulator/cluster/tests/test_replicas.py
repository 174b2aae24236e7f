"""Worlds with several API servers: the clients are spread over them, may be behind and be moved, and every rule holds."""

from collections.abc import Awaitable, Callable

import pytest

from simulator.campaign import Scale, play_seed
from simulator.cluster.operator import Operator
from simulator.cluster.shape import Shape
from simulator.cluster.world import World
from simulator.faults.catalogue import FAULTS
from simulator.kernel.running import run
from simulator.kernel.tape import Tape
from simulator.kube.api import ApiRequest

KINDS = (
    "replica-behind",
    "replica-down",
    "clients-moved",
    "agent-crash",
    "pool-edited",
    "pod-force-deleted",
    "del-late",
)
SCALE = Scale(
    nodes=2,
    pods=6,
    minutes=2.0,
    faults=tuple(fault for fault in FAULTS if fault.name in KINDS),
    share=1.0,
    api_replicas=3,
)
NAMESPACES = "/api/v1/namespaces"


def in_a_world(body: Callable[[World], Awaitable[None]], *, api_replicas: int) -> None:
    async def main() -> None:
        world = World(Tape(5, record=False), Shape(nodes=1, api_replicas=api_replicas))
        operator = Operator(world)
        try:
            await world.start()
            await operator.until(operator.ready, 60)
            await body(world)
        finally:
            await world.stop()

    run(main(), Tape(5), leaks_allowed=True)


@pytest.mark.parametrize("seed", range(6))
def test_replicas_that_fall_behind_go_down_and_exchange_their_clients_break_no_rule(seed: int) -> None:
    outcome = play_seed(seed, SCALE)
    assert outcome.why == ""
    assert outcome.judged > 10


def test_one_seed_gives_one_trace_with_several_replicas() -> None:
    first, second, other = (play_seed(seed, SCALE) for seed in (4, 4, 5))
    assert first.trace == second.trace != other.trace


def test_a_client_that_is_moved_to_a_replica_that_is_behind_goes_back_in_time() -> None:
    async def body(world: World) -> None:
        link = world.wiring.link("agent@n1")
        here, there = (0, 1) if link.api is world.wiring.replicas[0] else (1, 0)
        world.wiring.replicas[there].set_lag(60)
        await world.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "new"}})
        read = ApiRequest(method="GET", path=f"{NAMESPACES}/new", query={"resourceVersion": "0"})
        assert (await link.request(read)).status == 200
        world.wiring.move_clients(here)
        assert (await link.request(read)).status == 404
        current = ApiRequest(method="GET", path=f"{NAMESPACES}/new")
        assert (await link.request(current)).status == 200

    in_a_world(body, api_replicas=2)


def test_clients_are_not_moved_to_a_replica_that_is_down() -> None:
    async def body(world: World) -> None:
        ends = [link.api for link in world.wiring.links.values()]
        world.wiring.replicas[1].stop()
        world.wiring.move_clients(0)
        assert [link.api for link in world.wiring.links.values()] == ends

    in_a_world(body, api_replicas=2)


def test_a_world_with_one_api_server_has_no_replicas() -> None:
    async def body(world: World) -> None:
        assert world.wiring.replicas == []
        assert {link.api for link in world.wiring.links.values()} == {world.server}

    in_a_world(body, api_replicas=1)
