"""Addresses come back: after every way of deleting, and after what goes wrong on the way."""

from e2e.checks import addresses_of, ledger_is_empty, ledger_matches_wires, no_pods, running
from e2e.cluster import Capability, Check, Cluster
from e2e.manifests import job, namespace, pod, pools, workload
from e2e.scenario import scenario

KINDS = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet")


@scenario("G00001")
async def test_deleting_a_namespace_frees_its_addresses(cluster: Cluster) -> None:
    """G00001."""
    await cluster.apply(*pools(), namespace("short"), workload("Deployment", "demo", 3, namespace="short"))
    await cluster.eventually(running("demo", 3, namespace="short"), within_seconds=90)
    await cluster.delete("Namespace", "short", "")
    await cluster.eventually(ledger_is_empty, within_seconds=120)


@scenario("G00002")
async def test_deleting_a_namesake_in_another_namespace_frees_nothing_of_the_other(cluster: Cluster) -> None:
    """G00002."""
    await cluster.apply(*pools(), namespace("other"), pod("same"), pod("same", namespace="other"))
    await cluster.eventually(running("same", 1), within_seconds=60)
    await cluster.eventually(running("same", 1, namespace="other"), within_seconds=60)
    before = await addresses_of(cluster, "same")
    await cluster.delete("Pod", "same", "other")
    await cluster.eventually(no_pods("same", "other"), within_seconds=60)
    await cluster.eventually(ledger_matches_wires, within_seconds=60)
    assert await addresses_of(cluster, "same") == before


@scenario("G00003", needs=(Capability.REMOVE_PLUGIN,))
async def test_deleting_workloads_frees_addresses_though_the_plugin_was_missing_for_a_while(cluster: Cluster) -> None:
    """G00003: nothing is freed while an interface carries it, so the plugin must come back first (unlike upstream)."""
    await cluster.apply(*pools(), job("once", 1, seconds=86400))
    for kind in KINDS:
        await cluster.apply(workload(kind, kind.lower(), 1))
    for kind in KINDS:
        count = len(cluster.nodes) if kind == "DaemonSet" else 1
        await cluster.eventually(running(kind.lower(), count), within_seconds=90)
    await cluster.eventually(running("once", 1), within_seconds=90)
    await cluster.remove_plugin(cluster.nodes[0])
    for kind in KINDS:
        await cluster.delete(kind, kind.lower())
    await cluster.delete("Job", "once")
    await cluster.eventually(no_pods_but_on(cluster.nodes[0]), within_seconds=120)
    await cluster.restore_plugin(cluster.nodes[0])
    await cluster.eventually(ledger_is_empty, within_seconds=180)


@scenario("G00004")
async def test_forced_deletion_frees_addresses(cluster: Cluster) -> None:
    """G00004."""
    await cluster.apply(*pools(), pod("victim"))
    await cluster.eventually(running("victim", 1), within_seconds=60)
    await cluster.delete("Pod", "victim", grace_seconds=0)
    await cluster.eventually(ledger_is_empty, within_seconds=60)


@scenario("R00004", needs=(Capability.CRASH_AGENT,))
async def test_pods_start_and_end_while_an_agent_is_down_and_comes_back(cluster: Cluster) -> None:
    """R00004: DELs of that time are remembered as tombstones."""
    await cluster.apply(*pools(), workload("DaemonSet", "every"))
    await cluster.eventually(running("every", len(cluster.nodes)), within_seconds=90)
    await cluster.crash_agent(cluster.nodes[0])
    await cluster.delete("DaemonSet", "every")
    await cluster.eventually(no_pods("every"), within_seconds=90)
    await cluster.apply(pod("late", node=cluster.nodes[0]))
    await cluster.start_agent(cluster.nodes[0])
    await cluster.eventually(running("late", 1), within_seconds=90)
    await cluster.eventually(ledger_matches_wires, within_seconds=60)


@scenario("G00008", needs=(Capability.CNI_FAULTS,))
async def test_an_address_whose_del_was_lost_is_found_and_freed(cluster: Cluster) -> None:
    """G00008."""
    await cluster.apply(*pools(), pod("victim", node=cluster.nodes[0]))
    await cluster.eventually(running("victim", 1), within_seconds=60)
    await cluster.lose_next_del(cluster.nodes[0])
    await cluster.delete("Pod", "victim")
    await cluster.eventually(no_pods("victim"), within_seconds=60)
    await cluster.eventually(ledger_is_empty, within_seconds=120)


@scenario("G00007", needs=(Capability.SLOW_ADD,))
async def test_an_add_that_outlives_its_runtime_leaves_nothing_behind(cluster: Cluster) -> None:
    """G00007: the runtime gives an ADD up and sends its DEL; then the ADD commits. No further DEL ever comes."""
    await cluster.apply(*pools())
    await cluster.slow_next_add(cluster.nodes[0])
    await cluster.apply(pod("stalled", node=cluster.nodes[0]))
    await cluster.eventually(running("stalled", 1), within_seconds=180)
    await cluster.eventually(ledger_matches_wires, within_seconds=120)
    await cluster.delete("Pod", "stalled")
    await cluster.eventually(ledger_is_empty, within_seconds=120)


@scenario("R00004", needs=(Capability.CRASH_POINT,))
async def test_an_agent_that_dies_between_claim_and_reply_leaves_nothing_behind(cluster: Cluster) -> None:
    """R00004, at the worst moment: the first family is claimed, nobody was told."""
    await cluster.apply(*pools())
    await cluster.crash_agent_at(cluster.nodes[0], "kube.create after")
    await cluster.apply(pod("unlucky", node=cluster.nodes[0]))
    await cluster.eventually(running("unlucky", 1), within_seconds=120)
    await cluster.eventually(ledger_matches_wires, within_seconds=60)
    await cluster.delete("Pod", "unlucky")
    await cluster.eventually(ledger_is_empty, within_seconds=120)


@scenario("R00006", needs=(Capability.POWER,))
async def test_pods_come_back_after_a_power_cut_and_nothing_leaks(cluster: Cluster) -> None:
    """R00006."""
    await cluster.apply(*pools(), workload("DaemonSet", "every"))
    await cluster.eventually(running("every", len(cluster.nodes)), within_seconds=90)
    await cluster.power_cut(cluster.nodes[0])
    await cluster.power_on(cluster.nodes[0])
    await cluster.eventually(ledger_matches_wires, within_seconds=180)
    await cluster.eventually(running("every", len(cluster.nodes)), within_seconds=180)
    await cluster.delete("DaemonSet", "every")
    await cluster.eventually(ledger_is_empty, within_seconds=180)


def no_pods_but_on(node: str) -> Check:
    """No pod is left on any other node than this one, whose runtime cannot take interfaces down."""

    async def check(cluster: Cluster) -> str | None:
        pods = [pod for pod in await cluster.items("Pod", "default") if pod["spec"].get("nodeName") != node]
        return f"{len(pods)} pods are left on other nodes" if pods else None

    return check
