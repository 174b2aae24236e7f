"""Spiderpool on a local cluster, installed as its users do it: charts applied, plugin and pod network on every node, the
agent beside the kubelet, the controller beside the API server, each with the rights that ship.
"""

import http.client
import sys
from pathlib import Path

from e2e.backends.local import wires
from e2e.backends.local.cluster import CONTROLLER, LocalCluster
from e2e.backends.local.node import AGENT, Node
from e2e.backends.local.processes import last_lines
from e2e.backends.local.programs import REPOSITORY
from e2e.backends.local.requirements import Missing
from e2e.backends.local.waiting import until
from spiderpool.agent.settings import AgentSettings
from spiderpool.controller.settings import ControllerSettings
from spiderpool.plugin import build

CHARTS = tuple(REPOSITORY / "charts" / "spiderpool" / part for part in ("crds", "rbac", "ledger"))
CONFLIST = REPOSITORY / "docs" / "examples" / "quickstart" / "10-macvlan.conflist"
PLUGIN = REPOSITORY / "build" / "bin" / "spiderpool"
AGENT_PROGRAM, CONTROLLER_PROGRAM = "spiderpool-agent", "spiderpool-controller"
READY_SECONDS = 60.0
WEBHOOK_PORT = ControllerSettings().webhook_port
CONTROLLER_HEALTH_PORT = ControllerSettings().health_port
AGENT_HEALTH_PORT = AgentSettings(node_name="any").health_port
AGENT_METRICS_PORT = AgentSettings(node_name="any").metric_http_port


def executable(name: str) -> Path:
    """A program of the environment that this process runs in."""
    return Path(sys.executable).with_name(name)


def missing() -> list[Missing]:
    """Services that this environment lacks."""
    programs = (AGENT_PROGRAM, CONTROLLER_PROGRAM)
    return [Missing(what=name, remedy="make setup") for name in programs if not executable(name).is_file()]


def make_cluster(root: Path, prefix: str, nodes: int = 2) -> LocalCluster:
    """A cluster whose nodes have our plugin and pod network; it is not up yet. Its progress is not printed."""
    build.write(PLUGIN)
    conflist = CONFLIST.read_text(encoding="utf-8")
    return LocalCluster(root, prefix, nodes, conflist=conflist, plugin=PLUGIN, say=lambda _: None)


def install(cluster: LocalCluster) -> None:
    """Bring Spiderpool up on a cluster that is up; returns when controller and agents are ready.

    Raises:
        TimeoutError: one of them is not; the message has the end of its log.
    """
    for chart in CHARTS:
        cluster.apply(chart)
    url = f"https://{wires.API_ADDRESS}:{WEBHOOK_PORT}"
    kubeconfig = cluster.kubeconfig.with_name(CONTROLLER_PROGRAM)
    cluster.start_controller(
        [str(executable(CONTROLLER_PROGRAM)), f"--kubeconfig={kubeconfig}", f"--webhook-url={url}"]
    )
    kubeconfig = cluster.kubeconfig.with_name(AGENT_PROGRAM)
    for node in cluster.nodes.values():
        node.start_agent([str(executable(AGENT_PROGRAM)), f"--kubeconfig={kubeconfig}"])
    _wait_for_controller(cluster)
    for node in cluster.nodes.values():
        wait_for_agent(cluster, node)


def _wait_for_controller(cluster: LocalCluster) -> None:
    netns = cluster.place.netns(wires.FABRIC)
    _wait("the controller", netns, CONTROLLER_HEALTH_PORT, cluster.log_folder / f"{CONTROLLER}.log")


def wait_for_agent(cluster: LocalCluster, node: Node) -> None:
    """Wait until the agent of a node knows its claims.

    Raises:
        TimeoutError: it does not; the message has the end of its log.
    """
    _wait(f"the agent of {node.name}", cluster.place.netns(node.name), AGENT_HEALTH_PORT, node.log(AGENT))


def _wait(who: str, netns: Path, port: int, log: Path) -> None:
    try:
        until(f"{who} is ready", lambda: _is_ready(netns, port), within_seconds=READY_SECONDS)
    except TimeoutError as error:
        raise TimeoutError(f"{error}\n{last_lines(log)}") from None


def _is_ready(netns: Path, port: int) -> bool:
    """Whether a service that listens in this network namespace says that it is ready."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        with wires.inside(netns):
            connection.connect()
        connection.request("GET", "/v1/runtime/readiness")
        return connection.getresponse().status == 200
    except http.client.HTTPException as error:
        raise OSError(f"readiness: {error!r}") from error
    finally:
        connection.close()
