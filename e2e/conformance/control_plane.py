"""A real etcd, kube-apiserver and, where it is there, controller manager on loopback, for as long as the claims are checked.

The programs come from ``make tools`` (``build/tools/bin``) or ``KUBEBUILDER_ASSETS``. Ports are free ones, state lives
in a temporary directory, and all processes are ended by their own handles.
"""

import http.client
import json
import os
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.conformance.faces import ADMIN, token_of
from e2e.conformance.served import tokens_file

START_SECONDS = 40.0
COLLECTORS = ("garbage-collector-controller", "namespace-controller", "clusterrole-aggregation-controller")
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlane:
    """The ports of a running API server and of its etcd."""

    port: int
    store_port: int

    def compact(self) -> None:
        """Let etcd forget every revision but the current one."""
        connection = http.client.HTTPConnection("127.0.0.1", self.store_port, timeout=5)
        try:
            status = _ask_store(connection, "/v3/kv/range", {"key": "AA=="})
            assert "header" in _ask_store(connection, "/v3/kv/compaction", {"revision": status["header"]["revision"]})
        finally:
            connection.close()

    def fill(self, full: bool) -> None:  # noqa: FBT001  it is all that is said
        """Raise or take back the alarm that etcd raises when it has used the space that it may use."""
        connection = http.client.HTTPConnection("127.0.0.1", self.store_port, timeout=5)
        try:
            member = _ask_store(connection, "/v3/maintenance/status", {})["header"]["member_id"]
            action = "ACTIVATE" if full else "DEACTIVATE"
            asked = {"action": action, "memberID": member, "alarm": "NOSPACE"}
            assert "header" in _ask_store(connection, "/v3/maintenance/alarm", asked)
        finally:
            connection.close()


def _ask_store(connection: http.client.HTTPConnection, path: str, body: dict[str, str]) -> Any:
    connection.request("POST", path, body=json.dumps(body))
    return json.loads(connection.getresponse().read())


def programs() -> Path | None:
    """The folder that has both programs."""
    for folder in (os.environ.get("KUBEBUILDER_ASSETS", ""), str(ROOT / "build/tools/bin")):
        path = Path(folder)
        if folder and (path / "kube-apiserver").exists() and (path / "etcd").exists():
            return path
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def control_plane(folder: Path, *, controllers: Sequence[str] = COLLECTORS) -> Iterator[ControlPlane]:
    """Start all, give the ports, stop all.

    Args:
        folder: where the programs are.
        controllers: the controllers that the controller manager, if it is there, is to run.

    Raises:
        RuntimeError: it did not become ready; the message has the end of its log.
    """
    with tempfile.TemporaryDirectory(prefix="conformance-") as state:
        started: list[subprocess.Popen[bytes]] = []
        try:
            yield _start(folder, Path(state), started, controllers)
        finally:
            for process in reversed(started):
                process.kill()
                process.wait()


def _start(
    folder: Path, state: Path, started: list[subprocess.Popen[bytes]], controllers: Sequence[str]
) -> ControlPlane:
    client, peer, port = _free_port(), _free_port(), _free_port()
    store = f"http://127.0.0.1:{client}"
    _keys(state)
    etcd = _run(state / "etcd.log", folder / "etcd", *_etcd(state, store, f"http://127.0.0.1:{peer}"))
    started.append(etcd)
    started.append(_run(state / "apiserver.log", folder / "kube-apiserver", *_api_server(state, store, port)))
    _wait_ready(port, started, state)
    if (folder / "kube-controller-manager").exists():
        arguments = _controllers(state, port, controllers)
        started.append(_run(state / "controllers.log", folder / "kube-controller-manager", *arguments))
    return ControlPlane(port=port, store_port=client)


def _etcd(state: Path, store: str, peer: str) -> list[str]:
    return [
        f"--data-dir={state}/etcd",
        f"--listen-client-urls={store}",
        f"--advertise-client-urls={store}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
    ]


def _api_server(state: Path, store: str, port: int) -> list[str]:
    return [
        f"--etcd-servers={store}",
        f"--secure-port={port}",
        "--bind-address=127.0.0.1",
        f"--cert-dir={state}/pki",
        f"--token-auth-file={state}/tokens.csv",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={state}/sa.pub",
        f"--service-account-signing-key-file={state}/sa.key",
        "--service-cluster-ip-range=10.255.0.0/24",
        "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition",
        "--endpoint-reconciler-type=none",
        "--profiling=false",
    ]


def _controllers(state: Path, port: int, controllers: Sequence[str]) -> list[str]:
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "clusters": [
            {"name": "it", "cluster": {"server": f"https://127.0.0.1:{port}", "insecure-skip-tls-verify": True}}
        ],
        "users": [{"name": "it", "user": {"token": token_of(ADMIN)}}],
    }
    (state / "kubeconfig").write_text(json.dumps(kubeconfig))
    return [
        f"--kubeconfig={state}/kubeconfig",
        "--leader-elect=false",
        "--secure-port=0",
        "--profiling=false",
        "--use-service-account-credentials=false",
        f"--controllers={','.join(controllers)}",
    ]


def _keys(state: Path) -> None:
    key = str(state / "sa.key")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, **quiet)  # type: ignore[call-overload]
    subprocess.run(
        ["openssl", "rsa", "-in", key, "-pubout", "-out", str(state / "sa.pub")],
        check=True,
        **quiet,  # type: ignore[call-overload]
    )
    (state / "tokens.csv").write_text(tokens_file())


def _run(log: Path, program: Path, *arguments: str) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen([str(program), *arguments], stdout=output, stderr=subprocess.STDOUT)


def _wait_ready(port: int, started: list[subprocess.Popen[bytes]], state: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and all(process.poll() is None for process in started):
        if _ready(port):
            return
        time.sleep(0.1)
    raise RuntimeError(f"the API server did not become ready: {(state / 'apiserver.log').read_text()[-2000:]}")


def _ready(port: int) -> bool:
    context = ssl._create_unverified_context()  # noqa: SLF001  its certificate is its own, on loopback
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=5)
    try:
        connection.request("GET", "/readyz", headers={"Authorization": f"Bearer {token_of(ADMIN)}"})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
