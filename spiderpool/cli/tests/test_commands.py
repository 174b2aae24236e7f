"""What the commands find, on the simulated API server."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from msgspec.structs import replace

from spiderpool.cli.commands import NothingFound, list_pools, show_addresses
from spiderpool.cli.rows import ClaimRow, PoolRow
from spiderpool.cli.target import PodName, target_of
from spiderpool.ipam.claims import new_claim
from spiderpool.kube.port import Kube
from spiderpool.kube.rest import JSON
from spiderpool.kube.tests.kit import cluster, run
from spiderpool.resources.addresses import Address, parse_address
from spiderpool.resources.claim import Netns, Owner
from spiderpool.resources.crds import definitions
from spiderpool.resources.kinds import CLAIMS, POOLS
from spiderpool.resources.meta import Condition, ObjectMeta
from spiderpool.resources.pool import PoolSpec, PoolStatus, SpiderIPPool

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
IPV6_CLAIM = "fd00-0000-0000-0000-0000-0000-0000-0001"


def owner(name: str, node: str = "n1") -> Owner:
    return Owner(
        namespace="default",
        name=name,
        uid=f"uid-of-{name}",
        node=node,
        machine_id="m1",
        boot_id="b1",
        interface="eth0",
        container_id="c" * 64,
        netns=Netns(path="/run/netns/x", inode=1),
        since=1,
    )


def story(tell: Callable[[Kube], Coroutine[Any, Any, None]]) -> None:
    """Tell it in a cluster with two pools and three claims."""

    async def whole() -> None:
        transport, kube = cluster()
        for document in definitions().values():
            await transport.write("POST", DEFINITIONS, document, JSON)
        pools = {}
        for name, subnet, ips in (("v4", "10.0.0.0/24", "10.0.0.9-10.0.0.18"), ("v6", "fd00::/64", "fd00::1-fd00::9")):
            spec = PoolSpec(subnet=subnet, ips=(ips,))
            pools[name] = await kube.create(POOLS, SpiderIPPool(metadata=ObjectMeta(name=name), spec=spec))
        for text, pool, of, identity in (
            ("10.0.0.11", "v4", owner("web-0"), "StatefulSet/default/web-0/eth0"),
            ("fd00::1", "v6", owner("web-0"), ""),
            ("10.0.0.9", "v4", owner("db-0", "n2"), ""),
        ):
            await kube.create(CLAIMS, new_claim(parse_address(text), pools[pool], of, identity))
        await tell(kube)

    run(whole())


def test_all_addresses_are_shown_by_number_ipv4_first() -> None:
    async def tell(kube: Kube) -> None:
        rows = await show_addresses(kube, None)
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
    async def tell(kube: Kube) -> None:
        assert [row.address for row in await show_addresses(kube, text)] == ["fd00::1/64"]

    story(tell)


@pytest.mark.parametrize("text", ["web-0", "default/web-0"])
def test_all_addresses_of_a_pod_are_found(text: str) -> None:
    async def tell(kube: Kube) -> None:
        assert [row.pool for row in await show_addresses(kube, text)] == ["v4", "v6"]

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
    async def tell(kube: Kube) -> None:
        with pytest.raises(NothingFound, match=sentence):
            await show_addresses(kube, text)

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
    async def tell(kube: Kube) -> None:
        uncounted = await list_pools(kube)
        assert [(row.name, row.total, row.settled) for row in uncounted] == [
            ("v4", None, "Unknown"),
            ("v6", None, "Unknown"),
        ]
        pool = await kube.get(POOLS, "v4")
        settled = Condition(
            type="Settled", status="True", reason="NobodyOutside", last_transition_time="2027-01-15T08:00:00Z"
        )
        status = PoolStatus(total_ip_count=10, allocated_ip_count=2, observed_generation=1, conditions=(settled,))
        counted = await kube.update_status(POOLS, replace(pool, status=status))
        assert (await list_pools(kube))[0] == PoolRow(
            name="v4", subnet="10.0.0.0/24", total=10, allocated=2, settled="True", default=False, disabled=False
        )
        await kube.update(POOLS, replace(counted, spec=replace(counted.spec, disable=True)))
        edited = (await list_pools(kube))[0]
        assert (edited.disabled, edited.settled) == (True, "Unknown")

    story(tell)
