"""kubectl says the same of both servers: one claim for each topic of ``kubectl/topics/``."""

import shutil
import subprocess
from pathlib import Path

import pytest

from e2e.conformance.clusters import Cluster
from e2e.conformance.kubectl import transcripts
from e2e.conformance.kubectl.terminal import Terminal
from e2e.tools.build import kubernetes_version

pytestmark = pytest.mark.section("Clients kubectl")
HERE = Path(__file__).parent / "kubectl"
ARMS = ("http", pytest.param("real", marks=pytest.mark.local))
TOPICS = sorted(path.stem for path in (HERE / "topics").glob("*.txt"))


@pytest.fixture(scope="session")
def kubectl() -> Path:
    """The kubectl of the version that made the recordings: the one that was built, or the one on PATH."""
    built = Path(__file__).resolve().parents[2] / "build/tools/bin/kubectl"
    found = str(built) if built.exists() else shutil.which("kubectl")
    if not found:
        pytest.skip("kubectl is not there: `make tools` builds it")
    said = subprocess.run([found, "version", "--client"], capture_output=True, text=True, check=False).stdout
    if kubernetes_version() not in said:
        pytest.skip(f"{said.splitlines()[0]} is not {kubernetes_version()}, which the recordings are of: `make tools`")
    return Path(found)


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("cluster", ARMS, indirect=True)
def test_kubectl_says_the_same(
    topic: str, cluster: Cluster, kubectl: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    for node in cluster.face.send("GET", "/api/v1/nodes").body["items"]:  # of a topic that was given up
        cluster.face.send("DELETE", f"/api/v1/nodes/{node['metadata']['name']}")
    folder = tmp_path / "home"
    shutil.copytree(HERE / "manifests", folder)
    terminal = Terminal(
        kubectl=kubectl, cluster=cluster, folder=folder, namespace=cluster.fresh_namespace(f"k-{topic}")
    )
    lines = transcripts.lines_of(terminal.run((HERE / "topics" / f"{topic}.txt").read_text()), folder)
    if cluster.arm == "real" and request.config.getoption("--record"):
        transcripts.keep(topic, lines)
    else:
        found = transcripts.differences(topic, lines)
        assert not found, "\n".join(["kubectl said something else:", *found])
