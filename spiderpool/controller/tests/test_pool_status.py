"""The status of pools, on the simulated API server."""

from typing import Any

import pytest

from spiderpool.controller.pool_status import FINALIZER
from spiderpool.controller.tests.world import World, leading, owner_of, story
from spiderpool.ipam.claims import adopted
from spiderpool.ipam.usage import decode
from spiderpool.kube.errors import NotFound
from spiderpool.resources.kinds import CLAIMS, POOLS
from spiderpool.resources.pool import COUNT_LIMIT

CLAIMS_PATH = CLAIMS.collection_path()
EDITS: dict[str, dict[str, Any]] = {
    "ips": {"ips": ("10.0.0.10",)},
    "excludeIPs": {"exclude_ips": ("10.0.0.12",)},
    "gateway": {"gateway": "10.0.0.12"},
}


def test_counts_follow_the_ledger_by_address() -> None:
    async def tell(world: World) -> None:
        await world.pool(exclude_ips=("10.0.0.19",))
        await world.claim("10.0.0.10")
        async with leading(world):
            await world.seconds(2)
            first = (await world.admin.get(POOLS, "v4")).status
            claim = await world.claim("10.0.0.12", uid="uid-1")
            await world.seconds(3)
            second = (await world.admin.get(POOLS, "v4")).status
            await world.admin.delete(CLAIMS, claim.name)
            await world.seconds(3)
            third = (await world.admin.get(POOLS, "v4")).status
        assert first.total_ip_count == 9
        assert [status.allocated_ip_count for status in (first, second, third)] == [1, 2, 1]

    story(tell)


def test_the_usage_summary_says_which_addresses_were_taken() -> None:
    async def tell(world: World) -> None:
        pool = await world.pool()
        await world.claim("10.0.0.10")
        await world.claim("10.0.0.13", uid="uid-1")
        async with leading(world):
            await world.seconds(2)
            usage = (await world.admin.get(POOLS, "v4")).status.usage
        assert usage is not None
        hint = decode(usage, pool.usable)
        assert [hint.is_taken(position) for position in range(5)] == [True, False, False, True, False]
        assert usage.generation == pool.metadata.generation

    story(tell)


def test_a_pool_larger_than_a_64_bit_count_is_counted_as_the_largest_number() -> None:
    async def tell(world: World) -> None:
        await world.pool("v6", "fd00::1-fd00::ffff:ffff:ffff:ffff", subnet="fd00::/64")
        async with leading(world):
            await world.seconds(2)
            status = (await world.admin.get(POOLS, "v6")).status
        assert status.total_ip_count == COUNT_LIMIT
        assert status.usage is not None
        assert status.usage.encoding == "buckets"

    story(tell)


def test_at_rest_nothing_is_written_and_the_claims_are_not_listed_again() -> None:
    async def tell(world: World) -> None:
        await world.pool()
        await world.claim("10.0.0.10")
        await world.node("n1")
        async with leading(world):
            await world.seconds(10)
            writes, lists = len(world.writes()), world.transport.sent.count(("GET", CLAIMS_PATH))
            await world.seconds(3600)
            assert len(world.writes()) == writes
            assert world.transport.sent.count(("GET", CLAIMS_PATH)) == lists

    story(tell)


def test_a_change_that_alters_no_figure_writes_nothing() -> None:
    async def tell(world: World) -> None:
        await world.pool()
        claim = await world.claim("10.0.0.10")
        await world.node("n1")
        async with leading(world):
            await world.seconds(5)
            writes = len(world.writes())
            await world.admin.update(CLAIMS, adopted(claim, owner_of(name="p0", since=2), ""))
            await world.seconds(5)
            assert len(world.writes()) == writes

    story(tell)


def test_many_changes_cost_one_write_a_second() -> None:
    async def tell(world: World) -> None:
        await world.pool(ips="10.0.0.10-10.0.0.250")
        await world.node("n1")
        async with leading(world):
            await world.seconds(5)
            before = len(world.writes())
            for index in range(100):
                await world.claim(f"10.0.0.{10 + index}", uid=f"uid-{index}")
                await world.seconds(0.05)
            await world.seconds(2)
            assert 4 <= len(world.writes()) - before <= 8
            assert (await world.admin.get(POOLS, "v4")).status.allocated_ip_count == 100

    story(tell)


def test_a_pool_whose_claims_all_lie_inside_is_settled_at_its_generation() -> None:
    async def tell(world: World) -> None:
        await world.pool()
        await world.claim("10.0.0.10")
        async with leading(world):
            await world.seconds(2)
            edited = await world.edit_pool(ips=("10.0.0.10-10.0.0.15",))
            await world.seconds(3)
            condition = await world.settled()
            status = (await world.admin.get(POOLS, "v4")).status
        assert (condition.status, condition.observed_generation) == ("True", edited.metadata.generation)
        assert status.observed_generation == edited.metadata.generation

    story(tell)


@pytest.mark.parametrize("how", [*EDITS, "reserved"])
def test_a_claim_that_an_edit_leaves_outside_is_named_until_it_is_gone(how: str) -> None:
    async def tell(world: World) -> None:
        await world.pool()
        claim = await world.claim("10.0.0.12")
        await world.node("n1")
        async with leading(world):
            await world.seconds(2)
            assert (await world.settled()).status == "True"
            if how == "reserved":
                await world.reserve("10.0.0.12")
            else:
                await world.edit_pool(**EDITS[how])
            await world.seconds(3)
            condition, status = await world.settled(), (await world.admin.get(POOLS, "v4")).status
            assert (condition.status, condition.reason) == ("False", "InUseOutside")
            assert status.out_of_spec == ("10.0.0.12",)
            await world.admin.delete(CLAIMS, claim.name)
            await world.seconds(3)
            assert (await world.settled()).status == "True"
            assert not (await world.admin.get(POOLS, "v4")).status.out_of_spec

    story(tell)


def test_settled_is_never_said_of_an_edit_that_came_after_the_list() -> None:
    """Ledger rule E4: the list is empty, then a claim comes, then the edit that takes its address away commits."""

    async def tell(world: World) -> None:
        await world.pool()
        await world.node("n1")
        said: list[tuple[int, str]] = []
        happened: list[int] = []

        def hear(revision: int, change: str, old: Any, new: Any) -> None:
            """Every status that was ever stored at the generation of the edit."""
            if new is not None and new["kind"] == "SpiderIPPool" and happened:
                generation = new["metadata"]["generation"]
                conditions = new.get("status", {}).get("conditions", ())
                said.extend(
                    (generation, item["status"]) for item in conditions if item["observedGeneration"] == generation
                )

        async def claim_then_edit(method: str, path: str) -> None:
            if (method, path) == ("GET", CLAIMS_PATH) and not happened:
                await world.claim("10.0.0.12")
                happened.append((await world.edit_pool(ips=("10.0.0.10",))).metadata.generation)
                await world.seconds(0.5)  # all copies hear of it before the list is answered to the caller

        world.transport.server.subscribe(hear)
        async with leading(world, gc_ip_enabled=False):
            await world.seconds(5)
            world.transport.after = claim_then_edit
            await world.edit_pool(ips=("10.0.0.10-10.0.0.15",))
            await world.seconds(10)
        assert happened
        assert said
        assert set(said) == {(happened[0], "False")}

    story(tell)


def test_a_list_that_is_older_than_the_spec_settles_nothing_even_for_the_copy() -> None:
    """Rule E4 again, with a copy of the claims that never hears of the claim: only a new list can tell the truth."""

    async def tell(world: World) -> None:
        await world.pool()
        async with leading(world, gc_ip_enabled=False):
            await world.seconds(3)
            lists = world.transport.sent.count(("GET", CLAIMS_PATH))
            await world.edit_pool(ips=("10.0.0.10",))
            await world.seconds(3)
            assert world.transport.sent.count(("GET", CLAIMS_PATH)) == lists + 1

    story(tell)


def test_a_pool_gets_the_finalizer_where_the_webhook_did_not_add_it() -> None:
    async def tell(world: World) -> None:
        await world.pool()
        async with leading(world):
            await world.seconds(3)
            assert (await world.admin.get(POOLS, "v4")).metadata.finalizers == (FINALIZER,)

    story(tell)


def test_a_deleted_pool_goes_when_no_claim_lies_in_it_any_more() -> None:
    async def tell(world: World) -> None:
        await world.pool()
        claim = await world.claim("10.0.0.12")
        await world.node("n1")
        async with leading(world):
            await world.seconds(3)
            await world.admin.delete(POOLS, "v4")
            await world.seconds(30)
            assert (await world.admin.get(POOLS, "v4")).metadata.deletion_timestamp
            await world.admin.delete(CLAIMS, claim.name)
            await world.seconds(3)
            with pytest.raises(NotFound):
                await world.admin.get(POOLS, "v4")

    story(tell)


def test_a_claim_that_was_created_before_the_deletion_keeps_the_pool_though_the_copy_has_not_heard_of_it() -> None:
    """The deletion pair: deletionTimestamp first, then the list. The copy alone would let the pool go."""

    async def tell(world: World) -> None:
        await world.pool()
        await world.node("n1")
        async with leading(world, gc_ip_enabled=False):
            await world.seconds(3)

            late: list[str] = []

            async def claim_late(method: str, path: str) -> None:
                if (method, path) == ("GET", CLAIMS_PATH) and not late:
                    late.append((await world.claim("10.0.0.12")).name)

            world.transport.before = claim_late
            await world.admin.delete(POOLS, "v4")
            await world.seconds(30)
            assert late == ["10.0.0.12"]
            assert (await world.admin.get(POOLS, "v4")).metadata.finalizers == (FINALIZER,)

    story(tell)


def test_a_pool_that_nobody_can_read_is_said_to_be_unreadable_and_harms_no_other() -> None:
    async def tell(world: World) -> None:
        await world.pool("bad", "ten to twenty")
        await world.pool("v4")
        async with leading(world):
            await world.seconds(3)
            bad, good = await world.settled("bad"), await world.settled("v4")
        assert (bad.status, bad.reason) == ("False", "Unreadable")
        assert "ten to twenty" in bad.message
        assert good.status == "True"

    story(tell)


def test_an_api_server_that_cannot_list_leaves_the_status_alone_and_is_asked_again() -> None:
    async def tell(world: World) -> None:
        await world.pool()
        await world.node("n1")
        async with leading(world, gc_ip_enabled=False):
            await world.seconds(3)
            before = await world.settled()

            async def refuse(method: str, path: str) -> None:
                if (method, path) == ("GET", CLAIMS_PATH):
                    raise NotFound("the list is broken")

            world.transport.before = refuse
            await world.edit_pool(ips=("10.0.0.10",))
            await world.seconds(20)
            assert await world.settled() == before
            world.transport.before = None
            await world.seconds(60)
            assert (await world.settled()).observed_generation == before.observed_generation + 1

    story(tell)
