"""Pools decide what is handed out: overlaps refused, reserved and excluded addresses never given, precedence kept."""

import pytest

from e2e.checks import addresses_of, ledger_is_empty, running
from e2e.cluster import Cluster, RefusedError
from e2e.manifests import namespace, pod, pool, pools, reserved, workload
from e2e.scenario import scenario


@scenario("D00001")
async def test_an_address_of_another_pool_is_refused(cluster: Cluster) -> None:
    """D00001."""
    await cluster.apply(pool("first", "10.98.20.10-10.98.20.20"))
    with pytest.raises(RefusedError, match="first"):
        await cluster.apply(pool("second", "10.98.20.15-10.98.20.30"))
    await cluster.apply(pool("second", "10.98.20.21-10.98.20.30"))


@scenario("S00001")
async def test_a_reserved_address_is_never_handed_out(cluster: Cluster) -> None:
    """S00001."""
    await cluster.apply(reserved("keep-out", "10.98.21.11-10.98.21.12"), pool("tight", "10.98.21.10-10.98.21.13"))
    await cluster.apply(workload("ReplicaSet", "two", 2))
    await cluster.eventually(running("two", 2, families=1), within_seconds=90)
    got = sorted(ip for ips in (await addresses_of(cluster, "two")).values() for ip in ips)
    assert got == ["10.98.21.10", "10.98.21.13"]


@scenario("S00002")
async def test_an_excluded_address_is_never_handed_out(cluster: Cluster) -> None:
    """S00002."""
    await cluster.apply(pool("tight", "10.98.22.10-10.98.22.13", excludeIPs=["10.98.22.10", "10.98.22.12"]))
    await cluster.apply(workload("ReplicaSet", "two", 2))
    await cluster.eventually(running("two", 2, families=1), within_seconds=90)
    got = sorted(ip for ips in (await addresses_of(cluster, "two")).values() for ip in ips)
    assert got == ["10.98.22.11", "10.98.22.13"]


@scenario("S00003")
async def test_an_address_in_use_cannot_be_excluded(cluster: Cluster) -> None:
    """S00003."""
    await cluster.apply(pool("small", "10.98.23.10-10.98.23.11"), pod("user"))
    await cluster.eventually(running("user", 1, families=1), within_seconds=60)
    (used,) = (await addresses_of(cluster, "user"))["user"]
    with pytest.raises(RefusedError, match=used.replace(".", r"\.")):
        await cluster.apply(pool("small", "10.98.23.10-10.98.23.11", excludeIPs=[used]))


@scenario("A00006")
async def test_the_namespace_annotation_beats_the_cluster_default(cluster: Cluster) -> None:
    """A00006."""
    await cluster.apply(*pools(), pool("own", "10.98.24.10-10.98.24.12", default=False))
    await cluster.apply(namespace("chosen", **{"ipam.spidernet.io/default-ipv4-ippool": '["own"]'}))
    await cluster.apply(pod("here", namespace="chosen"), pod("there"))
    await cluster.eventually(running("here", 1, families=1, namespace="chosen"), within_seconds=60)
    await cluster.eventually(running("there", 1), within_seconds=60)
    assert (await addresses_of(cluster, "here", "chosen"))["here"][0].startswith("10.98.24.")
    assert (await addresses_of(cluster, "there"))["there"][0].startswith("10.98.10.")


@scenario("E00008")
async def test_a_full_pool_holds_a_pod_back_until_an_address_comes_free(cluster: Cluster) -> None:
    """E00008."""
    await cluster.apply(pool("one", "10.98.25.10"), pod("first"))
    await cluster.eventually(running("first", 1, families=1), within_seconds=60)
    await cluster.apply(pod("second"))

    async def waits(cluster: Cluster) -> str | None:
        return None if await running("second", 1, families=1)(cluster) else "the second pod runs without an address"

    await cluster.always(waits, for_seconds=10)
    await cluster.delete("Pod", "first")
    await cluster.eventually(running("second", 1, families=1), within_seconds=90)
    await cluster.delete("Pod", "second")
    await cluster.eventually(ledger_is_empty, within_seconds=90)
