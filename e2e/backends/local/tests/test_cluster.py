"""A whole cluster of two nodes: pods with two addresses that reach each other, services, reboot. Takes about 20 s."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.backends.local import requirements
from e2e.backends.local.cluster import LocalCluster
from e2e.backends.local.node import AGENT, CONTAINERD, KUBELET
from e2e.backends.local.waiting import until

MISSING = requirements.missing()
pytestmark = [pytest.mark.local, pytest.mark.skipif(bool(MISSING), reason="; ".join(map(str, MISSING)))]
PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    with LocalCluster(tmp_path_factory.mktemp("cluster") / "state", "t-cluster", nodes=2) as running:
        for node in running.nodes:
            running.api.create(PODS, pod(f"on-{node}", node))
        yield running


def pod(name: str, node: str) -> dict[str, Any]:
    container = {"name": "box", "image": "localhost/box:1", "imagePullPolicy": "Never"}
    return {"metadata": {"name": name}, "spec": {"nodeName": node, "containers": [container]}}


def running_pod(cluster: LocalCluster, name: str, restarts: int = 0) -> Any:
    """The pod once its container runs after at least so many restarts."""

    def probe() -> Any:
        seen = cluster.api.get(f"{PODS}/{name}")
        (container,) = seen["status"].get("containerStatuses") or [{"ready": False}]
        return seen if container["ready"] and container["restartCount"] >= restarts else None

    return until(f"pod {name} runs", probe, within_seconds=120, every_seconds=0.2)


def addresses(seen: Any) -> list[str]:
    return [entry["ip"] for entry in seen["status"]["podIPs"]]


def test_pods_on_two_nodes_have_an_address_of_each_family_and_ping_each_other(cluster: LocalCluster) -> None:
    first = addresses(running_pod(cluster, "on-n1"))
    second = addresses(running_pod(cluster, "on-n2"))

    assert [":" in address for address in first + second] == [False, True, False, True]
    for address in second:
        assert " 0% packet loss" in cluster.kubectl("exec", "on-n1", "--", "ping", "-c1", "-W5", address)
    for address in first:
        assert " 0% packet loss" in cluster.kubectl("exec", "on-n2", "--", "ping", "-c1", "-W5", address)


def test_every_node_has_an_identity_of_its_own(cluster: LocalCluster) -> None:
    listed = cluster.api.get("/api/v1/nodes")["items"]

    infos = {item["metadata"]["name"]: item["status"]["nodeInfo"] for item in listed}
    assert {name: (info["machineID"], info["bootID"]) for name, info in infos.items()} == {
        name: (node.machine_id, node.boot_id) for name, node in cluster.nodes.items()
    }
    assert len({node.machine_id for node in cluster.nodes.values()}) == 2


def test_agent_and_controller_have_the_rights_of_their_service_accounts_only(cluster: LocalCluster) -> None:
    for name in ("spiderpool-agent", "spiderpool-controller"):
        config = f"--kubeconfig={cluster.kubeconfig.with_name(name)}"
        assert f"system:serviceaccount:spiderpool:{name}" in cluster.kubectl(config, "auth", "whoami")
        with pytest.raises(RuntimeError, match="forbidden"):
            cluster.kubectl(config, "get", "pods")


def test_manifests_are_applied_from_text_and_from_files(cluster: LocalCluster, tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: given}\ndata: {key: text}\n"
    (tmp_path / "map.yaml").write_text(text.replace("text", "file"))

    cluster.apply(text)
    assert cluster.api.get("/api/v1/namespaces/default/configmaps/given")["data"] == {"key": "text"}
    cluster.apply(tmp_path)
    assert cluster.api.get("/api/v1/namespaces/default/configmaps/given")["data"] == {"key": "file"}


def test_an_asynchronous_client_of_this_process_reaches_the_api_server_inside_the_fabric(cluster: LocalCluster) -> None:
    async def connects() -> bool:
        _, writer = await asyncio.open_connection("10.99.0.1", 443)
        writer.close()
        await writer.wait_closed()
        return True

    with cluster.inside_fabric():
        assert asyncio.run(connects())


def test_a_controller_runs_beside_the_api_server_with_its_own_credentials(cluster: LocalCluster) -> None:
    cluster.start_controller(["sh", "-c", "echo $KUBECONFIG; ip -o addr; exec sleep 600"])
    log = cluster.log_folder / "spiderpool-controller.log"
    until("the controller sees the fabric", lambda: "10.98.255.254" in log.read_text(), within_seconds=10)
    assert log.read_text().splitlines()[0] == str(cluster.kubeconfig.with_name("spiderpool-controller"))
    cluster.processes.end("spiderpool-controller", signal.SIGTERM)


def test_a_reboot_changes_the_boot_id_keeps_the_disk_and_brings_services_and_pods_back(cluster: LocalCluster) -> None:
    node = cluster.nodes["n1"]
    running_pod(cluster, "on-n1")
    node.start_agent(["sh", "-c", "echo $SPIDERPOOL_NODE_NAME; exec sleep 600"])
    node.run(["sh", "-c", "echo kept >/var/lib/spidernet/file; echo lost >/run/file"])
    before, machine_id = node.boot_id, node.machine_id

    node.reboot()

    assert node.programs() == {CONTAINERD: True, KUBELET: True, AGENT: True}
    assert node.run(["cat", "/proc/sys/kernel/random/boot_id", "/etc/machine-id"]).output.split() == [
        node.boot_id,
        machine_id,
    ]
    assert node.boot_id != before
    assert node.run(["cat", "/var/lib/spidernet/file"]).output == "kept\n"
    assert node.run(["test", "-e", "/run/file"], check=False).code == 1
    until("the kubelet reports the boot", lambda: boot_id(cluster, "n1") == node.boot_id, within_seconds=60)
    assert len(addresses(running_pod(cluster, "on-n1", restarts=1))) == 2


def boot_id(cluster: LocalCluster, name: str) -> str:
    return str(cluster.api.get(f"/api/v1/nodes/{name}")["status"]["nodeInfo"]["bootID"])


def test_a_power_cut_ends_everything_at_once_and_the_node_can_be_switched_on_again(cluster: LocalCluster) -> None:
    node = cluster.nodes["n2"]
    running_pod(cluster, "on-n2")
    node.start_agent(["sleep", "600"])
    assert node.kill(AGENT)
    assert not node.kill(AGENT)

    node.power_cut()
    assert not cluster.processes.alive("n2")
    node.power_on()

    assert node.programs() == {CONTAINERD: True, KUBELET: True, AGENT: True}
    assert len(addresses(running_pod(cluster, "on-n2", restarts=1))) == 2
