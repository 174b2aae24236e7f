"""The page about ``spidersim up`` shows a controller: it does what the page says."""

import json
import re
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import yaml

PAGE = Path(__file__).parents[1] / "simulator" / "up.md"
WAIT_SECONDS = 60.0


def ask(config: Any, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}", "Content-Type": "application/json"}
    url = config["clusters"][0]["cluster"]["server"] + path
    request = urllib.request.Request(url, json.dumps(body).encode() if body else None, headers, method=method)
    with urllib.request.urlopen(request, context=ssl._create_unverified_context(), timeout=WAIT_SECONDS) as answer:
        return json.load(answer)


def test_the_controller_of_the_page_gives_a_deployment_a_replica_for_each_node(tmp_path: Path) -> None:
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    options = ["--nodes", "3", "--speed", "10", "--kubeconfig", "spidersim.kubeconfig"]
    command = [sys.executable, "-c", "from simulator.up import up; up()", *options]
    cluster = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert cluster.stdout is not None
    assert [cluster.stdout.readline().split()[0] for _ in range(2)] == ["kubectl", "ready"]
    controller = subprocess.Popen([sys.executable, "-c", found[1]], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    try:
        config = yaml.safe_load((tmp_path / "spidersim.kubeconfig").read_text())
        deadline = time.monotonic() + WAIT_SECONDS
        while len(ask(config, "GET", "/api/v1/nodes")["items"]) < 3:
            assert time.monotonic() < deadline, "the nodes did not come up"
        labels = {"app": "web"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
        body = {
            "metadata": {"name": "web", "labels": {"one-per-node": "true"}},
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
        }
        ask(config, "POST", "/apis/apps/v1/namespaces/default/deployments", body)
        assert controller.stdout is not None
        assert controller.stdout.readline() == "default/web: 1 -> 3\n"
    finally:
        controller.kill()
        controller.communicate()
        cluster.terminate()
        cluster.communicate(timeout=WAIT_SECONDS)
    assert cluster.returncode == 0
