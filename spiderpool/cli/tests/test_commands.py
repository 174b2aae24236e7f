"""What the commands find, on the simulated API server."""

import pytest

from spiderpool.cli.commands import NothingFound, list_pools, show_addresses
from spiderpool.cli.rows import ClaimRow, PoolRow
from spiderpool.cli.target import PodName, target_of
from spiderpool.controller.tests.world import World, leading, story
from spiderpool.resources.addresses import Address

IPV6_CLAIM = "fd00-0000-0000-0000-0000-0000-0000-0001"


async def two_pods(world: World) -> None:
    await world.pool()
    await world.pool("v6", "fd00::1-fd00::9", subnet="fd00::/64")
    await world.claim("10.0.0.11", name="web-0", uid="u0", identity="StatefulSet/default/web-0/eth0")
    await world.claim("fd00::1", "v6", name="web-0", uid="u0")
    await world.claim("10.0.0.9", name="db-0", uid="u1", node="n2")


def test_all_addresses_are_shown_by_number_ipv4_first() -> None:
    async def tell(world: World) -> None:
        await two_pods(world)
        rows = await show_addresses(world.admin, None)
        assert [row.address for row in rows] == ["10.0.0.9/24", "10.0.0.11/24", "fd00::1/64"]
        assert rows[1] == ClaimRow(
            address="10.0.0.11/24",
            state="Claimed",
            pod="default/web-0",
            interface="eth0",
            node="n1",
            pool="v4",
            identity="StatefulSet/default/web-0/eth0",
        )

    story(tell)


@pytest.mark.parametrize("text", ["fd00::1", "FD00:0::1", IPV6_CLAIM])
def test_an_address_is_found_however_it_is_written(text: str) -> None:
    async def tell(world: World) -> None:
        await two_pods(world)
        assert [row.address for row in await show_addresses(world.admin, text)] == ["fd00::1/64"]

    story(tell)


@pytest.mark.parametrize("text", ["web-0", "default/web-0"])
def test_all_addresses_of_a_pod_are_found(text: str) -> None:
    async def tell(world: World) -> None:
        await two_pods(world)
        assert [row.pool for row in await show_addresses(world.admin, text)] == ["v4", "v6"]

    story(tell)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("10.0.0.12", "nobody has 10.0.0.12"),
        ("web-7", "no pod web-7 has an address"),
        ("other/web-0", "no pod other/web-0 has an address"),
    ],
)
def test_what_is_not_there_is_said(text: str, sentence: str) -> None:
    async def tell(world: World) -> None:
        await two_pods(world)
        with pytest.raises(NothingFound, match=sentence):
            await show_addresses(world.admin, text)

    story(tell)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("10.0.0.7", Address(4, 0x0A000007)),
        ("::1", Address(6, 1)),
        ("web-0", PodName(namespace="", name="web-0")),
        ("shop/web-0", PodName(namespace="shop", name="web-0")),
        ("web.1", PodName(namespace="", name="web.1")),
        ("10-0-0-7", PodName(namespace="", name="10-0-0-7")),
    ],
)
def test_an_argument_is_an_address_or_a_pod(text: str, target: Address | PodName) -> None:
    assert target_of(text) == target


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("10.0.0.300", "is not an IP address"),
        ("10.0.0", "is not an IP address"),
        ("10.0.0.7/24", "write the address alone, 10.0.0.7"),
        ("fd00::7/64", "write the address alone, fd00::7"),
        ("fe80::1%eth0", "write the address without %eth0"),
        ("::ffff:10.0.0.7", "write it as the IPv4 address 10.0.0.7"),
        ("Web 0", r"write 10\.0\.0\.7, fd00::7, POD or NAMESPACE/POD"),
        ("", r"write 10\.0\.0\.7, fd00::7, POD or NAMESPACE/POD"),
        ("a/b/c", r"write 10\.0\.0\.7"),
        ("/web-0", r"write 10\.0\.0\.7"),
    ],
)
def test_a_wrong_argument_is_answered_with_what_to_write(text: str, remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        target_of(text)


def test_pools_show_what_the_controller_has_counted_and_nothing_before() -> None:
    async def tell(world: World) -> None:
        await two_pods(world)
        uncounted = await list_pools(world.admin)
        async with leading(world, gc_ip_enabled=False):
            await world.seconds(3)
        counted = await list_pools(world.admin)
        assert [(row.name, row.total, row.settled) for row in uncounted] == [
            ("v4", None, "Unknown"),
            ("v6", None, "Unknown"),
        ]
        # 10.0.0.9 was claimed from v4 and does not lie in it.
        assert counted[0] == PoolRow(
            name="v4", subnet="10.0.0.0/24", total=10, allocated=1, settled="False", default=False, disabled=False
        )
        assert (counted[1].allocated, counted[1].settled) == (1, "True")
        await world.edit_pool("v6", disable=True)
        assert (await list_pools(world.admin))[1].settled == "Unknown"

    story(tell)
