"""``spiderpool-controller`` as a process with the rights that ship, beside a real API server; and ``spiderpoolctl``."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from spiderpool.controller.admission import FORCE_RELEASE
from spiderpool.controller.pool_status import FINALIZER
from spiderpool.controller.tests.world import owner_of
from spiderpool.ipam.claims import new_claim, parked
from spiderpool.kube.codec import from_json, to_json
from spiderpool.resources.addresses import parse_address
from spiderpool.resources.kinds import CLAIMS, POOLS
from spiderpool.resources.tests import kube_apiserver
from spiderpool.resources.tests.faces import install

CHART = Path(__file__).parents[3] / "charts" / "spiderpool"
COLLECTIONS = {
    "Namespace": "/api/v1/namespaces",
    "ServiceAccount": "/api/v1/namespaces/{namespace}/serviceaccounts",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings",
    "SpiderLedger": "/apis/spiderpool.spidernet.io/v2beta1/spiderledgers",
}

pytestmark = [
    pytest.mark.local,
    pytest.mark.skipif(bool(kube_apiserver.missing_programs()), reason=kube_apiserver.missing_programs()),
]


@dataclass(frozen=True, slots=True)
class Cluster:
    """A real API server with our manifests, and a controller beside it."""

    api: kube_apiserver.KubeApiserver
    process: subprocess.Popen[bytes]
    health_port: int
    kubeconfig: Path

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.api.request(method, path, body)
        assert status < 300, answer
        return answer

    def pool(self, name: str) -> Any:
        return self.ok("GET", POOLS.path(name))

    def spiderpoolctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "spiderpool.cli.main", *arguments, "--kubeconfig", str(self.kubeconfig)]
        return subprocess.run(command, capture_output=True, text=True, check=False)


def make_pool(name: str, ips: list[str], subnet: str = "10.0.0.0/24") -> dict[str, Any]:
    metadata = {"name": name}
    return {
        "apiVersion": POOLS.api_version,
        "kind": POOLS.kind,
        "metadata": metadata,
        "spec": {"subnet": subnet, "ips": ips},
    }


def apply_chart(api: kube_apiserver.KubeApiserver) -> None:
    install(api)
    for file in sorted([*(CHART / "rbac").glob("*.yaml"), *(CHART / "ledger").glob("*.yaml")]):
        for item in yaml.safe_load_all(file.read_text()):
            path = COLLECTIONS[item["kind"]].format(namespace=item["metadata"].get("namespace", ""))
            status, answer = api.request("POST", path, item)
            assert status == 201, answer


def write_kubeconfig(file: Path, server: str, token: str) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "clusters": [{"name": "it", "cluster": {"server": server, "insecure-skip-tls-verify": True}}],
        "users": [{"name": "it", "user": {"token": token}}],
    }
    file.write_text(yaml.safe_dump(config))


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/v1/runtime/readiness")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("controller")
    with kube_apiserver.running(folder) as api:
        apply_chart(api)
        path = "/api/v1/namespaces/spiderpool/serviceaccounts/spiderpool-controller/token"
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        _, answer = api.request("POST", path, request)
        host = api._connection.host, api._connection.port
        kubeconfig = folder / "controller.kubeconfig"
        write_kubeconfig(kubeconfig, f"https://{host[0]}:{host[1]}", answer["status"]["token"])
        health, metrics, webhook = free_ports(3)
        environment = {
            "PATH": os.environ["PATH"],
            "SPIDERPOOL_HEALTH_PORT": str(health),
            "SPIDERPOOL_METRIC_HTTP_PORT": str(metrics),
            "SPIDERPOOL_WEBHOOK_PORT": str(webhook),
        }
        command = [sys.executable, "-m", "spiderpool.controller", "--kubeconfig", str(kubeconfig)]
        with (folder / "controller.log").open("wb") as log:
            process = subprocess.Popen(
                [*command, "--webhook-url", f"https://127.0.0.1:{webhook}"], env=environment, stderr=log
            )
        try:
            kube_apiserver.until(lambda: is_ready(health), (folder / "controller.log").read_text)
            yield Cluster(api, process, health, kubeconfig)
        finally:
            process.kill()
            process.wait()


def test_a_pool_is_completed_counted_and_settled(cluster: Cluster) -> None:
    cluster.ok("POST", POOLS.collection_path(), make_pool("v4", ["10.0.0.12", "10.0.0.10-10.0.0.11"]))
    kube_apiserver.until(lambda: "conditions" in cluster.pool("v4").get("status", {}), lambda: cluster.pool("v4"))
    pool = cluster.pool("v4")
    assert pool["spec"]["ips"] == ["10.0.0.10-10.0.0.12"]
    assert pool["spec"]["ipVersion"] == 4
    assert pool["metadata"]["finalizers"] == [FINALIZER]
    assert (pool["status"]["totalIPCount"], pool["status"]["allocatedIPCount"]) == (3, 0)
    assert [(item["type"], item["status"]) for item in pool["status"]["conditions"]] == [("Settled", "True")]


def test_a_wrong_pool_is_refused_by_field(cluster: Cluster) -> None:
    status, answer = cluster.api.request("POST", POOLS.collection_path(), make_pool("bad", ["10.0.1.1"]))
    assert status == 422
    assert "spec.ips[0]" in answer["message"]


def test_an_address_is_released_by_force_only_when_it_is_announced(cluster: Cluster) -> None:
    cluster.ok("POST", POOLS.collection_path(), make_pool("forced", ["10.0.0.50"]))
    pool = from_json(POOLS, cluster.pool("forced"))
    claim = to_json(CLAIMS, new_claim(parse_address("10.0.0.50"), pool, owner_of(node="absent"), ""))
    cluster.ok("POST", CLAIMS.collection_path(), claim)
    path = CLAIMS.path("10.0.0.50")
    status, answer = cluster.api.request("DELETE", path)
    assert status == 403
    assert FORCE_RELEASE in answer["message"]
    stored = cluster.ok("GET", path)
    stored["metadata"]["annotations"] = {FORCE_RELEASE: "true"}
    cluster.ok("PUT", path, stored)
    cluster.ok("DELETE", path)


def test_a_parked_address_that_nobody_wants_is_released_and_its_pool_may_go(cluster: Cluster) -> None:
    """The controller passes its own webhook without the annotation: it is one of the two accounts that release."""
    cluster.ok("POST", POOLS.collection_path(), make_pool("left", ["10.0.0.60"]))
    pool = from_json(POOLS, cluster.pool("left"))
    claim = new_claim(parse_address("10.0.0.60"), pool, owner_of(node="absent"), "StatefulSet/default/none-0/eth0")
    stored = from_json(CLAIMS, cluster.ok("POST", CLAIMS.collection_path(), to_json(CLAIMS, claim)))
    cluster.ok("DELETE", POOLS.path("left"))
    assert cluster.api.request("GET", POOLS.path("left"))[0] == 200
    cluster.ok("PUT", CLAIMS.path("10.0.0.60"), to_json(CLAIMS, parked(stored, "2027-01-15T08:00:00Z")))
    kube_apiserver.until(lambda: cluster.api.request("GET", POOLS.path("left"))[0] == 404, lambda: "still there")
    assert cluster.api.request("GET", CLAIMS.path("10.0.0.60"))[0] == 404


def test_spiderpoolctl_shows_pools_and_addresses(cluster: Cluster) -> None:
    cluster.ok("POST", "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "present"}})
    cluster.ok("POST", POOLS.collection_path(), make_pool("shown", ["10.0.0.70-10.0.0.79"]))
    pool = from_json(POOLS, cluster.pool("shown"))
    claim = to_json(CLAIMS, new_claim(parse_address("10.0.0.70"), pool, owner_of(name="web-0", node="present"), ""))
    cluster.ok("POST", CLAIMS.collection_path(), claim)
    kube_apiserver.until(
        lambda: cluster.pool("shown").get("status", {}).get("allocatedIPCount") == 1, lambda: cluster.pool("shown")
    )
    pools = json.loads(cluster.spiderpoolctl("pool", "list", "-o", "json").stdout)
    assert {row["name"]: row["allocated"] for row in pools}["shown"] == 1
    rows = json.loads(cluster.spiderpoolctl("ip", "show", "web-0", "-o", "json").stdout)
    assert [(row["address"], row["pool"]) for row in rows] == [("10.0.0.70/24", "shown")]
    nobody = cluster.spiderpoolctl("ip", "show", "10.0.0.71")
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "nobody has 10.0.0.71" in nobody.stderr


def test_the_controller_stops_cleanly_when_it_is_told_to(cluster: Cluster) -> None:
    cluster.process.send_signal(signal.SIGTERM)
    assert cluster.process.wait(20) == 0
    lease = cluster.ok("GET", "/apis/coordination.k8s.io/v1/namespaces/spiderpool/leases/spiderpool-controller-leases")
    assert not lease["spec"].get("holderIdentity")


def test_a_mistyped_setting_stops_the_start_with_a_remedy() -> None:
    environment = {"PATH": os.environ["PATH"], "SPIDERPOOL_WEBHOK_PORT": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "spiderpool.controller"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "SPIDERPOOL_WEBHOOK_PORT" in done.stderr
