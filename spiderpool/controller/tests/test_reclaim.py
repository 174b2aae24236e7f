"""What the leader gives back, and what it leaves alone, on the simulated API server."""

import pytest

from spiderpool.controller.service import Controller
from spiderpool.controller.tests.world import World, leading, owner_of, story
from spiderpool.ipam.claims import adopted, cooled
from spiderpool.kube.errors import Unavailable
from spiderpool.kube.tests.kit import running
from spiderpool.ports.clock import rfc3339
from spiderpool.resources.claim import SpiderIPAddress
from spiderpool.resources.kinds import CLAIMS, EVENTS, NODES, PODS

WEB_0 = "StatefulSet/default/web-0/eth0"
CREATED = 1_800_000_000.0


async def pool_and_node(world: World) -> None:
    await world.pool()
    await world.node("n1")


def reclaimed(world: World) -> dict[tuple[str, str], int]:
    """Verdict and reason to how often, from the counter."""
    return {
        (dict(labels)["verdict"], dict(labels)["reason"]): count
        for (metric, labels), count in world.telemetry.counters.items()
        if metric == "ip_gc"
    }


async def reasons(world: World) -> list[str]:
    return sorted(event.reason for event in (await world.admin.list(EVENTS)).items)


def test_a_pod_that_is_gone_frees_nothing_while_its_node_is_there() -> None:
    """Ledger rule R6: its interface may still be up; only the node's agent knows."""

    async def tell(world: World) -> None:
        await pool_and_node(world)
        await world.claim("10.0.0.10")
        async with leading(world):
            await world.seconds(7200)
            assert world.claims() == {"10.0.0.10": "Claimed"}

    story(tell)


def test_a_node_object_must_be_absent_for_a_whole_lease() -> None:
    async def tell(world: World) -> None:
        await pool_and_node(world)
        await world.claim("10.0.0.10")
        async with leading(world):
            await world.seconds(5)
            await world.admin.delete(NODES, "n1")
            await world.seconds(38)
            assert world.claims() == {"10.0.0.10": "Claimed"}
            await world.seconds(10)
            assert world.claims() == {}
            assert reclaimed(world) == {("release", "PodGone"): 1}
            assert await reasons(world) == ["PodGone"]

    story(tell)


def test_a_node_that_comes_back_within_the_lease_keeps_its_claims() -> None:
    async def tell(world: World) -> None:
        await pool_and_node(world)
        await world.claim("10.0.0.10")
        async with leading(world):
            await world.seconds(5)
            await world.admin.delete(NODES, "n1")
            await world.seconds(20)
            await world.node("n1")
            await world.seconds(7200)
            assert world.claims() == {"10.0.0.10": "Claimed"}

    story(tell)


def test_a_node_that_was_fenced_once_must_be_absent_for_a_whole_lease_again() -> None:
    async def tell(world: World) -> None:
        await pool_and_node(world)
        await world.claim("10.0.0.10")
        async with leading(world):
            await world.admin.delete(NODES, "n1")
            await world.seconds(60)
            assert world.claims() == {}
            await world.node("n1")
            await world.claim("10.0.0.11")
            await world.seconds(600)
            await world.admin.delete(NODES, "n1")
            await world.seconds(30)
            assert world.claims() == {"10.0.0.11": "Claimed"}
            await world.seconds(30)
            assert world.claims() == {}

    story(tell)


def test_a_node_whose_kubelet_still_renews_its_lease_is_not_fenced_whatever_its_object_says() -> None:
    async def tell(world: World) -> None:
        await pool_and_node(world)
        await world.claim("10.0.0.10")
        async with leading(world):
            await world.seconds(5)
            await world.admin.delete(NODES, "n1")
            for second in range(60):
                await world.node_lease("n1", f"2027-01-15T08:{second:02d}:00.000000Z")
                await world.seconds(10)
            assert world.claims() == {"10.0.0.10": "Claimed"}
            await world.seconds(120)
            assert world.claims() == {}

    story(tell)


def test_a_node_out_of_service_is_fenced_though_its_object_is_there() -> None:
    async def tell(world: World) -> None:
        await pool_and_node(world)
        await world.claim("10.0.0.10")
        async with leading(world):
            await world.seconds(5)
            await world.taint("n1")
            await world.seconds(60)
            assert world.claims() == {}

    story(tell)


def test_on_a_fenced_node_a_pod_whose_object_lives_keeps_its_address_until_the_object_is_gone() -> None:
    async def tell(world: World) -> None:
        await pool_and_node(world)
        uid = await world.pod("p0")
        await world.claim("10.0.0.10", name="p0", uid=uid)
        async with leading(world):
            await world.taint("n1")
            await world.seconds(600)
            assert world.claims() == {"10.0.0.10": "Claimed"}
            await world.drop(PODS.path("p0", "default"))
            await world.seconds(60)
            assert world.claims() == {}

    story(tell)


def test_an_identity_that_is_wanted_is_parked_on_a_fenced_node_and_kept() -> None:
    async def tell(world: World) -> None:
        await pool_and_node(world)
        await world.stateful_set("web", 1)
        await world.claim("10.0.0.10", name="web-0", identity=WEB_0)
        async with leading(world):
            await world.taint("n1")
            await world.seconds(3600)
            assert world.claims() == {"10.0.0.10": "Parked"}
            assert reclaimed(world) == {("park", "PodGone"): 1}

    story(tell)


@pytest.mark.parametrize("how", ["scaled down", "deleted"])
def test_a_parked_address_goes_when_its_identity_is_no_longer_wanted(how: str) -> None:
    async def tell(world: World) -> None:
        await pool_and_node(world)
        await world.stateful_set("web", 1)
        await world.park(await world.claim("10.0.0.10", name="web-0", identity=WEB_0))
        async with leading(world):
            await world.seconds(700)
            assert world.claims() == {"10.0.0.10": "Parked"}
            if how == "scaled down":
                await world.scale("web", 0)
            else:
                await world.drop("/apis/apps/v1/namespaces/default/statefulsets/web")
            await world.seconds(5)
            assert world.claims() == {}
            assert reclaimed(world) == {("release", "IdentityUnwanted"): 1}

    story(tell)


def test_of_two_claims_of_one_identity_the_parked_older_one_goes() -> None:
    """Ledger rule R12; the newest incarnation's stays, whatever it is doing."""

    async def tell(world: World) -> None:
        await pool_and_node(world)
        await world.stateful_set("web", 1)
        older = await world.claim("10.0.0.10", name="web-0", identity=WEB_0, created=CREATED)
        await world.park(older)
        async with leading(world):
            await world.seconds(60)
            assert world.claims() == {"10.0.0.10": "Parked"}
            newer = await world.claim("10.0.0.11", name="web-0", uid="uid-1", identity=WEB_0, created=CREATED + 9)
            await world.seconds(5)
            assert world.claims() == {"10.0.0.11": "Claimed"}
            await world.park(newer)
            await world.seconds(3600)
            assert world.claims() == {"10.0.0.11": "Parked"}
            assert reclaimed(world) == {("release", "NewerClaim"): 1}

    story(tell)


def test_claims_of_two_families_of_one_identity_do_not_compete() -> None:
    async def tell(world: World) -> None:
        await pool_and_node(world)
        await world.pool("v6", "fd00::1-fd00::9", subnet="fd00::/64")
        await world.stateful_set("web", 1)
        await world.park(await world.claim("10.0.0.10", name="web-0", identity=WEB_0))
        await world.claim("fd00::1", "v6", name="web-0", uid="uid-1", identity=WEB_0, created=CREATED + 9)
        async with leading(world):
            await world.seconds(700)
            assert sorted(world.claims().values()) == ["Claimed", "Parked"]

    story(tell)


def test_on_a_fenced_node_a_ghost_of_an_identity_is_released_instead_of_parked() -> None:
    async def tell(world: World) -> None:
        await pool_and_node(world)
        await world.node("n2")
        await world.stateful_set("web", 1)
        await world.claim("10.0.0.10", name="web-0", identity=WEB_0, created=CREATED)
        await world.claim("10.0.0.11", name="web-0", uid="u1", node="n2", identity=WEB_0, created=CREATED + 9)
        async with leading(world):
            await world.taint("n1")
            await world.seconds(60)
            assert world.claims() == {"10.0.0.11": "Claimed"}
            assert reclaimed(world) == {("release", "NewerClaim"): 1}

    story(tell)


def test_an_identity_of_an_unknown_kind_stays_parked() -> None:
    async def tell(world: World) -> None:
        await pool_and_node(world)
        await world.park(await world.claim("10.0.0.10", identity="VirtualMachine/default/vm/eth0"))
        async with leading(world):
            await world.seconds(3600)
            assert world.claims() == {"10.0.0.10": "Parked"}

    story(tell)


async def cooling(world: World) -> SpiderIPAddress:
    await world.pool(cooldown_seconds=60)
    await world.node("n1")
    claim = await world.claim("10.0.0.10")
    return await world.admin.update(CLAIMS, cooled(claim, rfc3339(world.clock.now())))


def test_a_cooling_address_is_free_when_its_cooldown_is_over_and_not_before() -> None:
    async def tell(world: World) -> None:
        await cooling(world)
        async with leading(world):
            await world.seconds(58)
            assert world.claims() == {"10.0.0.10": "Cooling"}
            await world.seconds(4)
            assert world.claims() == {}
            assert reclaimed(world) == {("release", "CooldownOver"): 1}

    story(tell)


def test_a_cooling_address_that_was_claimed_again_in_the_last_moment_stays_claimed() -> None:
    """Ledger rule C1: the collector reads the cooling record, an agent takes it, then the collector deletes."""

    async def tell(world: World) -> None:
        cold = await cooling(world)
        deletes: list[str] = []

        async def take_it_first(method: str, path: str) -> None:
            if method == "DELETE" and not deletes:
                deletes.append(path)
                await world.admin.update(CLAIMS, adopted(cold, owner_of("p1", uid="uid-1"), ""))

        world.transport.before = take_it_first
        async with leading(world):
            await world.seconds(7200)
            assert deletes == [CLAIMS.path("10.0.0.10")]
            assert world.claims() == {"10.0.0.10": "Claimed"}

    story(tell)


def test_a_claim_adopted_between_verdict_and_delete_is_judged_anew() -> None:
    """Ledger rule R1 for the controller: a delete names the resource version that was judged."""

    async def tell(world: World) -> None:
        await pool_and_node(world)
        await world.node("n2")
        claim = await world.claim("10.0.0.10")
        moved: list[str] = []

        async def move_it(method: str, path: str) -> None:
            if method == "DELETE" and not moved:
                moved.append(path)
                await world.admin.update(CLAIMS, adopted(claim, owner_of(node="n2"), ""))

        world.transport.before = move_it
        async with leading(world):
            await world.taint("n1")
            await world.seconds(7200)
            assert moved
            assert world.claims() == {"10.0.0.10": "Claimed"}

    story(tell)


def test_a_stale_copy_of_the_nodes_frees_nothing() -> None:
    """Views nominate, live reads decide: the watch of nodes never tells that the node has come back."""

    async def tell(world: World) -> None:
        await world.pool()
        await world.claim("10.0.0.10")

        async def deaf(method: str, path: str) -> None:
            if method == "WATCH" and path == NODES.collection_path():
                raise Unavailable("the watch is cut")
            if method == "GET" and path == NODES.collection_path():
                blind.append(path)
                if len(blind) > 1:
                    raise Unavailable("and so is the list")

        blind: list[str] = []
        world.transport.before = deaf
        async with leading(world):
            await world.seconds(5)
            await world.node("n1")
            await world.seconds(3600)
            assert world.claims() == {"10.0.0.10": "Claimed"}

    story(tell)


@pytest.mark.parametrize("is_there", [True, False], ids=["recovering", "no ledger"])
def test_while_the_ledger_is_recovering_nothing_is_freed(is_there: bool) -> None:
    async def tell(world: World) -> None:
        await pool_and_node(world)
        await world.claim("10.0.0.10")
        await world.park(await world.claim("10.0.0.11", identity=WEB_0))
        if is_there:
            await world.ledger("Recovering")
        async with leading(world):
            await world.taint("n1")
            await world.seconds(3600)
            assert world.claims() == {"10.0.0.10": "Claimed", "10.0.0.11": "Parked"}
            if is_there:
                await world.ledger("Open")
                await world.seconds(120)
                assert world.claims() == {}

    story(tell, is_open=is_there)


@pytest.mark.parametrize("unreadable", ["pods", "nodes", "spiderledgers"])
def test_while_something_cannot_be_read_nothing_is_freed(unreadable: str) -> None:
    async def tell(world: World) -> None:
        await pool_and_node(world)
        await world.claim("10.0.0.10")

        async def cut(method: str, path: str) -> None:
            if method == "GET" and f"/{unreadable}/" in path:
                raise Unavailable("no route to host")

        world.transport.before = cut
        async with leading(world):
            await world.taint("n1")
            await world.seconds(3600)
            assert world.claims() == {"10.0.0.10": "Claimed"}
            assert world.telemetry.counters["ip_gc_failure", ()] > 1
            world.transport.before = None
            await world.seconds(200)
            assert world.claims() == {}

    story(tell)


def test_reclaim_can_be_switched_off() -> None:
    async def tell(world: World) -> None:
        await pool_and_node(world)
        await world.claim("10.0.0.10")
        async with leading(world, gc_ip_enabled=False):
            await world.taint("n1")
            await world.seconds(3600)
            assert world.claims() == {"10.0.0.10": "Claimed"}

    story(tell)


def test_the_unsafe_switch_without_probing_frees_nothing_and_says_so() -> None:
    async def tell(world: World) -> None:
        await pool_and_node(world)
        await world.claim("10.0.0.10")
        async with leading(world, gc_stateless_terminating_pod_on_not_ready_node_enabled=True):
            await world.seconds(1800)
            assert await reasons(world) == ["UnsafeReclaimOff"]  # for an hour, as any Event
            await world.seconds(5400)
            assert world.claims() == {"10.0.0.10": "Claimed"}

    story(tell)


def test_of_two_replicas_one_leads_and_the_other_takes_over() -> None:
    async def tell(world: World) -> None:
        await pool_and_node(world)
        await world.claim("10.0.0.10")
        one, two = Controller(world.ports("one")), Controller(world.ports("two"))
        async with running(two.run()):
            async with running(one.run()):
                await world.seconds(60)
            await world.taint("n1")
            await world.seconds(90)
            assert world.claims() == {}
            assert reclaimed(world) == {("release", "PodGone"): 1}

    story(tell)
