"""What each fault in and around the API server does to those who speak to it, while it lasts and afterwards."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from simulator.cluster.operator import Operator, Refused
from simulator.cluster.world import World
from simulator.faults.acts import play
from simulator.faults.fault import FaultPlan
from simulator.faults.scene import Scene
from simulator.faults.tests.small_world import BY_NAME, in_a_world, replicas, running, strike
from simulator.kube.api import ApiRequest, ApiResponse, Json

CLAIMS = "/apis/spiderpool.spidernet.io/v2beta1/spideripaddresses"
MAPS = "/api/v1/namespaces/default/configmaps"
Body = Callable[[World, Operator, Scene], Awaitable[None]]


def _under(name: str, body: Body, **numbers: float) -> None:
    """Let one fault strike and look; then the world is healed, and all pods run."""

    async def story(world: World, operator: Operator, scene: Scene) -> None:
        await operator.until(running(operator, 2), 60)
        await play(scene, FaultPlan(kinds=(name,), strikes=(strike(BY_NAME[name], **numbers),)))
        await body(world, operator, scene)
        await scene.heal()
        await operator.until(running(operator, 2), 400)

    assert in_a_world(story)[-1] == "healed"


async def _ask(world: World, method: str, path: str, body: Json | None = None) -> ApiResponse:
    """As the agent of the node."""
    return await world.wiring.link("agent@n1").request(ApiRequest(method=method, path=path, body=body))


def _map(name: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


def _told(answer: ApiResponse) -> tuple[int, str]:
    return answer.status, answer.body["message"]


def _maps(world: World) -> list[str]:
    return [name for _, name in world.server.store.table(("", "configmaps")).keys]


@pytest.mark.parametrize(("applied", "claims"), [(0.0, [2, 2]), (1.0, [3, 3]), (2.0, [2, 3])])
def test_a_time_out_of_etcd_says_nothing_about_the_write(applied: float, claims: list[int]) -> None:
    async def look(world: World, operator: Operator, scene: Scene) -> None:
        table = world.server.store.table(("spiderpool.spidernet.io", "spideripaddresses")).objects
        one = dict(next(iter(table.values())))
        claim = {**one, "metadata": {"name": "10.98.10.20"}, "spec": {**one["spec"], "address": "10.98.10.20/16"}}
        began = world.clock.monotonic()
        answer = await _ask(world, "POST", CLAIMS, claim)
        assert _told(answer) == (500, "etcdserver: request timed out")
        assert world.clock.monotonic() - began > 6.9
        found = [len(table)]
        await world.clock.sleep(1)
        found.append(len(table))
        assert found == claims, answer.body

    _under("etcd-timeout", look, applied=applied, verb=0.0, times=1.0, late_seconds=0.5)


@pytest.mark.parametrize(("applied", "made"), [(0.0, []), (1.0, ["a"])])
def test_a_change_of_the_leader_fails_writes_of_everybody(applied: float, made: list[str]) -> None:
    async def look(world: World, operator: Operator, scene: Scene) -> None:
        for client in ("agent@n1", "kubelet@n1"):
            link = world.wiring.link(client)
            assert (await link.request(ApiRequest(method="GET", path=MAPS))).status == 200
            answer = await link.request(ApiRequest(method="POST", path=MAPS, body=_map("a")))
            assert _told(answer) == (500, "etcdserver: leader changed")
        assert [name for name in _maps(world) if name == "a"] == made

    _under("etcd-leader-changed", look, applied=applied, writes=20.0)


def test_without_a_leader_reads_go_on_and_writes_fail_late() -> None:
    async def look(world: World, operator: Operator, scene: Scene) -> None:
        assert (await _ask(world, "GET", MAPS)).status == 200
        began = world.clock.monotonic()
        assert _told(await _ask(world, "POST", MAPS, _map("a"))) == (500, "etcdserver: request timed out")
        assert world.clock.monotonic() - began > 6.9
        await world.clock.sleep(10)
        assert (await _ask(world, "POST", MAPS, _map("a"))).status == 201

    _under("etcd-leaderless", look, hold_seconds=10.0)


def test_a_full_store_takes_nothing_and_gives_and_deletes() -> None:
    async def look(world: World, operator: Operator, scene: Scene) -> None:
        full = (500, "etcdserver: mvcc: database space exceeded")
        assert _told(await _ask(world, "POST", MAPS, _map("a"))) == full
        assert (await _ask(world, "GET", MAPS)).status == 200
        claim = next(iter(world.server.store.table(("spiderpool.spidernet.io", "spideripaddresses")).objects))[1]
        assert (await _ask(world, "GET", f"{CLAIMS}/{claim}")).status == 200
        await world.clock.sleep(10)
        assert (await _ask(world, "POST", MAPS, _map("a"))).status == 201
        world.server.store.full = True
        assert (await _ask(world, "DELETE", f"{MAPS}/a")).status == 200
        world.server.store.full = False

    _under("store-full", look, hold_seconds=10.0)


def test_an_expired_token_is_refused_while_open_watches_go_on() -> None:
    async def look(world: World, operator: Operator, scene: Scene) -> None:
        watches = world.server.watches_open
        assert _told(await _ask(world, "GET", MAPS)) == (401, "Unauthorized")
        event = await anext(aiter(world.wiring.link("agent@n1").watch(ApiRequest(method="GET", path=MAPS))))
        assert (event["type"], event["object"]["code"]) == ("ERROR", 401)
        assert (await world.wiring.link("kubelet@n1").request(ApiRequest(method="GET", path=MAPS))).status == 200
        assert world.server.watches_open == watches
        await world.clock.sleep(10)
        assert (await _ask(world, "GET", MAPS)).status == 200

    _under("token-expired", look, hold_seconds=10.0)


@pytest.mark.parametrize(("denied", "method"), [(0.0, "POST"), (4.0, "GET")])
def test_a_verb_that_is_missing_is_named_and_the_others_are_there(denied: float, method: str) -> None:
    async def look(world: World, operator: Operator, scene: Scene) -> None:
        for each in ("GET", "POST"):
            answer = await _ask(world, each, CLAIMS, {"metadata": {}} if each == "POST" else None)
            assert (answer.status == 403) == (each == method), answer.body
            assert each != method or 'spiderpool-agent" cannot' in answer.body["message"]
        assert (await _ask(world, "GET", MAPS)).status == 200
        await world.clock.sleep(10)
        assert (await _ask(world, method, CLAIMS, {"metadata": {}} if method == "POST" else None)).status != 403

    _under("verb-denied", look, denied=denied, hold_seconds=10.0)


def test_a_name_that_is_not_resolved_stops_requests_and_no_watch() -> None:
    async def look(world: World, operator: Operator, scene: Scene) -> None:
        watches = world.server.watches_open
        with pytest.raises(ConnectionError):
            await _ask(world, "GET", MAPS)
        assert world.server.watches_open == watches
        await world.clock.sleep(10)
        assert (await _ask(world, "GET", MAPS)).status == 200

    _under("names-unresolved", look, hold_seconds=10.0, resolver_seconds=1.0)


def test_a_half_open_watch_is_given_up_by_its_client_after_three_minutes_of_silence() -> None:
    async def look(world: World, operator: Operator, scene: Scene) -> None:
        watches = world.server.watches_open
        await world.clock.sleep(170)
        assert world.server.watches_open == watches
        await world.clock.sleep(20)
        assert world.server.watches_open > watches

    _under("watch-half-open", look)


def _exclude(operator: Operator) -> Awaitable[None]:
    return operator.patch("SpiderIPPool", "v4", {"spec": {"excludeIPs": ["10.98.10.20"]}}, "")


def test_while_webhooks_are_down_what_they_guard_cannot_be_changed_and_claims_can() -> None:
    async def look(world: World, operator: Operator, scene: Scene) -> None:
        with pytest.raises(Refused, match="failed calling webhook"):
            await _exclude(operator)
        await operator.apply(replicas(3))
        await operator.until(running(operator, 3), 30)
        await operator.apply(replicas(2))
        await operator.until(running(operator, 2), 60)
        await world.clock.sleep(100)
        await _exclude(operator)

    _under("webhooks-down", look, hold_seconds=100.0)


@pytest.mark.parametrize("late_seconds", [3.0, 11.0])
def test_slow_webhooks_are_waited_for_as_long_as_they_may_take(late_seconds: float) -> None:
    async def look(world: World, operator: Operator, scene: Scene) -> None:
        began = world.clock.monotonic()
        if late_seconds > 10:
            with pytest.raises(Refused, match="context deadline exceeded"):
                await _exclude(operator)
        else:
            await _exclude(operator)
            assert world.clock.monotonic() - began >= late_seconds
        assert world.clock.monotonic() - began <= 2 * late_seconds + 1

    _under("webhooks-slow", look, late_seconds=late_seconds, hold_seconds=60.0)


async def _gone_after(world: World, operator: Operator) -> float:
    """How long the pods of a deleted workload stay."""
    began = world.clock.monotonic()
    await operator.delete("ReplicaSet", "box")

    async def check() -> str | None:
        return "pods are there" if await operator.items("Pod", "default", "app=box") else None

    await operator.until(check, 120)
    seconds = world.clock.monotonic() - began
    await operator.apply(replicas(2))
    return seconds


@pytest.mark.parametrize(
    ("name", "numbers"),
    [("collector-crash", {"down_seconds": 30.0}), ("collector-late", {"late_seconds": 30.0, "hold_seconds": 60.0})],
)
def test_without_a_collector_in_time_children_stay_and_then_go(name: str, numbers: dict[str, Any]) -> None:
    async def look(world: World, operator: Operator, scene: Scene) -> None:
        assert 30 <= await _gone_after(world, operator) < 75

    _under(name, look, **numbers)
