"""helm installs, upgrades, rolls back and uninstalls a small chart alike on both servers."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from e2e.conformance.clusters import Cluster
from e2e.conformance.definitions import configmap
from e2e.tools.build import HELM_LINK

pytestmark = pytest.mark.section("Clients helm")
CHART = Path(__file__).resolve().parent / "helm" / "chart"
COMMAND_SECONDS = 60.0


@pytest.fixture
def helm(cluster: Cluster, tmp_path: Path) -> "Helm":
    if not (HELM_LINK / "helm").exists():
        pytest.skip("helm is not there: `make tools LANE=helm` builds it")
    return Helm(cluster, tmp_path, cluster.fresh_namespace("helm"))


class Helm:
    """helm in a namespace of its own."""

    def __init__(self, cluster: Cluster, folder: Path, namespace: str) -> None:
        self._cluster = cluster
        self._folder = folder
        self._namespace = namespace
        self._kubeconfig = cluster.kubeconfig(folder, namespace)

    def run(self, *arguments: str, code: int = 0) -> str:
        """What a command prints; standard error, if it is to fail."""
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self._folder),
            "KUBECONFIG": str(self._kubeconfig),
        }
        argv = [str(HELM_LINK / "helm"), *arguments]
        done = subprocess.run(
            argv, env=environment, capture_output=True, text=True, check=False, timeout=COMMAND_SECONDS
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stderr if code else done.stdout

    def history(self) -> list[tuple[int, str]]:
        """Revision and status of each release."""
        return [(one["revision"], one["status"]) for one in json.loads(self.run("history", "one", "-o", "json"))]

    def post(self, plural: str, item: Any) -> None:
        """Create an object without helm."""
        assert self._cluster.face.send("POST", f"/api/v1/namespaces/{self._namespace}/{plural}", item).status == 201

    def get(self, plural: str, name: str) -> Any:
        """An object as it is in the server; None where it is not."""
        root = "/apis/conformance.test/v1" if plural == "widgets" else "/api/v1"
        answer = self._cluster.face.send("GET", f"{root}/namespaces/{self._namespace}/{plural}/{name}")
        return answer.body if answer.status == 200 else None


def test_a_release_is_installed_upgraded_rolled_back_and_uninstalled(helm: Helm) -> None:
    helm.run("install", "one", str(CHART))
    assert helm.get("configmaps", "one-settings")["data"] == {"colour": "red", "revision": "1"}
    assert helm.get("widgets", "one-widget")["spec"]["size"] == 1
    helm.run("upgrade", "one", str(CHART), "--set", "colour=blue,size=3,extra=true")
    assert helm.get("configmaps", "one-settings")["data"] == {"colour": "blue", "revision": "2"}
    assert helm.get("widgets", "one-widget")["spec"]["size"] == 3
    assert helm.get("secrets", "one-extra")["data"] == {"word": "cGFzcw=="}
    helm.run("rollback", "one", "1")
    assert helm.get("configmaps", "one-settings")["data"] == {"colour": "red", "revision": "1"}
    assert helm.get("widgets", "one-widget")["spec"]["size"] == 1
    assert helm.get("secrets", "one-extra") is None
    assert helm.history() == [(1, "superseded"), (2, "superseded"), (3, "deployed")]
    helm.run("uninstall", "one")
    assert helm.get("configmaps", "one-settings") is None
    assert helm.get("widgets", "one-widget") is None


def test_a_release_that_the_server_refuses_is_failed_and_can_be_mended(helm: Helm) -> None:
    refused = helm.run("install", "one", str(CHART), "--set", "size=11", code=1)
    assert "spec.size in body should be less than or equal to 10" in refused
    assert helm.history() == [(1, "failed")]
    helm.run("upgrade", "--install", "one", str(CHART), "--set", "size=10")
    assert helm.history() == [(1, "superseded"), (2, "deployed")]
    assert helm.get("widgets", "one-widget")["spec"]["size"] == 10


def test_an_object_of_somebody_else_is_not_taken_over(helm: Helm) -> None:
    helm.post("configmaps", configmap("one-settings"))
    assert "cannot be imported into the current release" in helm.run("install", "one", str(CHART), code=1)
    assert helm.get("configmaps", "one-settings").get("data") is None
    assert helm.get("widgets", "one-widget") is None
