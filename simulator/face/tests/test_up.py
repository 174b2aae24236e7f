import json
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from simulator.up import up

WAIT_SECONDS = 60.0


class Cluster:
    """``spidersim up`` in a process of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._file = folder / "kubeconfig"
        command = [sys.executable, "-c", "from simulator.up import up; up()", "--kubeconfig", str(self._file), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert self.process.stdout is not None
        self.first = self.process.stdout.readline().strip()
        self.second = self.process.stdout.readline().strip()
        assert self.second.startswith("ready "), self.second + self.process.stdout.read()
        config = yaml.safe_load(self._file.read_text())
        self.url = config["clusters"][0]["cluster"]["server"]
        self._token = config["users"][0]["user"]["token"]
        self._context = ssl._create_unverified_context()

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, context=self._context, timeout=WAIT_SECONDS) as answer:
            return json.load(answer)

    def until(self, holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not holds():
            assert time.monotonic() < deadline, "it did not come to pass"

    def stop(self, number: int = signal.SIGTERM) -> str:
        self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=WAIT_SECONDS)
        assert self.process.returncode == 0, output
        return output


def deployment(replicas: int) -> dict[str, Any]:
    labels = {"app": "web"}
    spec = {"containers": [{"name": "c", "image": "x"}]}
    template = {"metadata": {"labels": labels}, "spec": spec}
    return {
        "metadata": {"name": "web"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


def running(cluster: Cluster) -> list[str]:
    pods = cluster.ask("GET", "/api/v1/namespaces/default/pods")["items"]
    return sorted(pod["status"]["podIP"] for pod in pods if pod.get("status", {}).get("phase") == "Running")


def test_a_cluster_is_served_with_what_runs_on_it_kept_and_restored(tmp_path: Path) -> None:
    saved = tmp_path / "state.json"
    cluster = Cluster(tmp_path, "--nodes", "2", "--speed", "20", "--save", str(saved))
    try:
        assert cluster.first == f"kubectl --kubeconfig {tmp_path / 'kubeconfig'} get nodes"
        assert cluster.second == f"ready {cluster.url}"
        cluster.ask("POST", "/apis/apps/v1/namespaces/default/deployments", deployment(3))
        cluster.until(lambda: len(running(cluster)) == 3)
        addresses = running(cluster)
        assert len(set(addresses)) == 3
        assert len(cluster.ask("GET", "/api/v1/nodes")["items"]) == 2
    finally:
        cluster.stop()
    again = Cluster(tmp_path, "--nodes", "2", "--speed", "20", "--load", str(saved))
    try:
        assert again.ask("GET", "/apis/apps/v1/namespaces/default/deployments/web")["spec"]["replicas"] == 3
        again.until(lambda: len(running(again)) == 3)
    finally:
        assert again.stop(signal.SIGINT) == "stopped\n"


def test_a_token_is_needed_and_the_kubeconfig_is_private(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, "--nodes", "0")
    try:
        assert (tmp_path / "kubeconfig").stat().st_mode & 0o077 == 0
        cluster._token = "wrong"
        with pytest.raises(urllib.error.HTTPError, match="401"):
            cluster.ask("GET", "/version")
    finally:
        cluster.stop()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--speed", "0"], ["--speed", "0.1<=x<=600"]),
        (["--nodes", "-1"], ["--nodes", "0<=x<=1000"]),
        (["--port", "70000"], ["--port", "0<=x<=65535"]),
        (["--load", "none.json"], ["--load", "none.json", "give a file that --save has written"]),
    ],
)
def test_a_wrong_option_is_named_with_its_value_and_what_to_do(options: list[str], words: list[str]) -> None:
    answer = CliRunner().invoke(up, options)
    assert answer.exit_code == 2
    for word in words:
        assert word in answer.output


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, "--nodes", "0")
    try:
        port = cluster.url.rpartition(":")[2]
        command = [sys.executable, "-c", "from simulator.up import up; up()", "--port", port, "--kubeconfig"]
        second = subprocess.run([*command, str(tmp_path / "other")], capture_output=True, text=True, check=False)
        assert second.returncode == 2
        assert f"{port} cannot be listened on" in second.stderr
        assert "0 to pick one" in second.stderr
    finally:
        cluster.stop()


def test_who_starts_a_cluster_does_not_wait_for_what_it_does_not_need() -> None:
    script = (
        "import sys, simulator.cli as cli; cli.main.get_command(None, 'up'); "
        "print([name for name in ('spiderpool', 'rich', 'kubernetes', 'e2e') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
