"""The scenarios' backend on a real cluster: its faults really happen, its failures leave logs, each scenario is alone.

Takes about 60 s.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from e2e.backends.local import installed, wires
from e2e.backends.local.real_cluster import RealCluster
from e2e.backends.local.scenarios import LocalBackend
from e2e.backends.local.tidying import nothing_is_configured, nothing_runs
from e2e.checks import addresses_of, ledger_is_empty, ledger_matches_wires, no_pods, running
from e2e.cluster import Cluster, RefusedError
from e2e.manifests import namespace, pod, pools, workload

MISSING = LocalBackend().missing()
pytestmark = [pytest.mark.local, pytest.mark.skipif(bool(MISSING), reason="; ".join(MISSING))]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def backend(kept: Path) -> Iterator[LocalBackend]:
    backend = LocalBackend("t-scenarios", kept)
    yield backend
    backend.close()


def adds_served(cluster: Cluster, node: str) -> int:
    """How many ADDs the agent of a node has answered since it started, by its metrics."""
    local = cast("RealCluster", cluster).local
    url = f"http://127.0.0.1:{installed.AGENT_METRICS_PORT}/metrics"
    text = local.nodes[node].run(["busybox", "wget", "-qO-", url]).output
    found = re.search(r'^spiderpool_request_seconds_count\{path="/v1/cni/add"\} (\S+)$', text, re.MULTILINE)
    return int(float(found[1])) if found else 0


def test_an_add_that_the_runtime_gave_up_is_answered_after_its_del_and_leaks_nothing(backend: LocalBackend) -> None:
    async def story(cluster: Cluster) -> None:
        node = cluster.nodes[0]
        before = adds_served(cluster, node)
        await cluster.apply(*pools())
        await cluster.slow_next_add(node)
        await cluster.apply(pod("slow", node=node))

        async def both_adds_came(cluster: Cluster) -> str | None:
            count = adds_served(cluster, node) - before
            return None if count == 2 else f"{count} ADDs were answered"

        await cluster.eventually(running("slow", 1), within_seconds=60)
        await cluster.eventually(both_adds_came, within_seconds=30)
        await cluster.eventually(ledger_matches_wires, within_seconds=30)
        assert len(await cluster.items("SpiderIPAddress")) == 2

    backend.run(story, seed=1)


def test_a_lost_del_leaves_the_claims_behind_when_the_pod_is_gone_from_the_wire(backend: LocalBackend) -> None:
    async def story(cluster: Cluster) -> None:
        node = cluster.nodes[0]
        await cluster.apply(*pools(), pod("victim", node=node))
        await cluster.eventually(running("victim", 1), within_seconds=60)
        await cluster.crash_agent(node)  # it would find the leak within two seconds
        await cluster.lose_next_del(node)
        await cluster.delete("Pod", "victim")
        await cluster.eventually(no_pods("victim"), within_seconds=60)
        assert await cluster.wires() == []
        spool = cast("RealCluster", cluster).local.nodes[node].folder / "spidernet" / "spool"
        assert not list(spool.glob("*.req"))
        assert len(await cluster.items("SpiderIPAddress")) == 2
        await cluster.start_agent(node)
        await cluster.eventually(ledger_is_empty, within_seconds=60)

    backend.run(story, seed=1)


def test_what_the_server_refuses_is_said_in_its_own_words(backend: LocalBackend) -> None:
    async def story(cluster: Cluster) -> None:
        bad = pools()[0]
        bad["spec"]["subnet"] = "10.98.0.0/99"
        with pytest.raises(RefusedError, match="subnet"):
            await cluster.apply(bad)
        with pytest.raises(RefusedError, match="not found"):
            await cluster.scale("Deployment", "absent", 1)
        await cluster.delete("Pod", "absent")

    backend.run(story, seed=1)


def test_a_failing_scenario_leaves_its_logs_and_the_next_one_a_clean_cluster(backend: LocalBackend, kept: Path) -> None:
    async def broken(cluster: Cluster) -> None:
        await cluster.apply(*pools(), namespace("left"), workload("StatefulSet", "web", 1, namespace="left"))
        await cluster.eventually(running("web", 1, namespace="left"), within_seconds=60)
        await cluster.remove_plugin(cluster.nodes[0])
        await cluster.crash_agent(cluster.nodes[1])
        assert await addresses_of(cluster, "web", "left") == {}

    async def clean(cluster: Cluster) -> None:
        assert await nothing_runs(cluster) is None
        assert await nothing_is_configured(cluster) is None
        await cluster.apply(*pools(), workload("DaemonSet", "every"))
        await cluster.eventually(running("every", len(cluster.nodes)), within_seconds=60)

    with pytest.raises(AssertionError) as failed:
        backend.run(broken, seed=1)
    backend.run(clean, seed=1)

    assert failed.value.__notes__ == [f"logs and objects: {kept / 'broken'}"]
    assert "web-0" in (kept / "broken" / "SpiderIPAddress.json").read_text()
    assert "agent started" in (kept / "broken" / "n1-agent.log").read_text()
    assert wires.UNDERLAY_IPV4_GATEWAY in (kept / "broken" / "SpiderIPPool.json").read_text()
