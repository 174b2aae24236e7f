"""Every kind of workload gets its addresses: one per family, unique, on the wire, claimed, reachable."""

from e2e.checks import addresses_of, counted, ledger_is_empty, ledger_matches_wires, running, unique
from e2e.cluster import Capability, Cluster
from e2e.manifests import job, pod, pools, workload
from e2e.scenario import scenario


@scenario("E00001", needs=(Capability.PING,))
async def test_bare_pods_get_both_families_and_reach_each_other(cluster: Cluster) -> None:
    """E00001."""
    await cluster.apply(*pools())
    for name, node in zip(("one", "two"), cluster.nodes, strict=False):
        await cluster.apply(pod(name, node=node))
        await cluster.eventually(running(name, 1), within_seconds=60)
    for address in (await addresses_of(cluster, "two"))["two"]:
        assert await cluster.ping("one", address), f"pod one does not reach {address}"
    assert await ledger_matches_wires(cluster) is None


@scenario("E00002")
async def test_a_deployment_gets_unique_addresses_that_are_counted(cluster: Cluster) -> None:
    """E00002."""
    await cluster.apply(*pools(), workload("Deployment", "demo", 6))
    await cluster.eventually(running("demo", 6), within_seconds=90)
    await cluster.eventually(counted("v4", 6), within_seconds=10)
    assert await unique()(cluster) is None
    assert await ledger_matches_wires(cluster) is None
    await cluster.scale("Deployment", "demo", 2)
    await cluster.eventually(running("demo", 2), within_seconds=90)
    await cluster.eventually(counted("v6", 2), within_seconds=90)


@scenario("E00003")
async def test_a_statefulset_keeps_its_addresses_when_a_pod_is_made_again(cluster: Cluster) -> None:
    """E00003."""
    await cluster.apply(*pools(), workload("StatefulSet", "web", 3))
    await cluster.eventually(running("web", 3), within_seconds=90)
    before = await addresses_of(cluster, "web")
    uid = ((await cluster.get("Pod", "web-1")) or {})["metadata"]["uid"]
    await cluster.delete("Pod", "web-1")

    async def made_again(cluster: Cluster) -> str | None:
        now = await cluster.get("Pod", "web-1")
        return "web-1 is not made again" if not now or now["metadata"]["uid"] == uid else None

    await cluster.eventually(made_again, within_seconds=90)
    await cluster.eventually(running("web", 3), within_seconds=90)
    assert await addresses_of(cluster, "web") == before


@scenario("E00004")
async def test_a_daemonset_gets_addresses_on_every_node(cluster: Cluster) -> None:
    """E00004."""
    await cluster.apply(*pools(), workload("DaemonSet", "every"))
    await cluster.eventually(running("every", len(cluster.nodes)), within_seconds=90)
    assert await ledger_matches_wires(cluster) is None


@scenario("E00005")
async def test_a_job_gives_its_addresses_back_when_its_pods_have_ended(cluster: Cluster) -> None:
    """E00005, G00006."""
    await cluster.apply(*pools(), job("once", 2, seconds=3))

    async def done(cluster: Cluster) -> str | None:
        found = await cluster.get("Job", "once")
        succeeded = (found or {}).get("status", {}).get("succeeded", 0)
        return None if succeeded == 2 else f"{succeeded} of 2 pods have succeeded"

    await cluster.eventually(done, within_seconds=120)
    await cluster.eventually(ledger_is_empty, within_seconds=60)


@scenario("E00006")
async def test_a_replicaset_gets_its_addresses(cluster: Cluster) -> None:
    """E00006."""
    await cluster.apply(*pools(), workload("ReplicaSet", "plain", 3))
    await cluster.eventually(running("plain", 3), within_seconds=90)
    assert await ledger_matches_wires(cluster) is None
