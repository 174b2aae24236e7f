"""A real kube-apiserver with its etcd on loopback, for tests that ask what a real server makes of our definitions.

State lives in a directory that the caller gives; the two processes are ended by their own handles.
"""

import http.client
import json
import os
import secrets
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

Json = dict[str, Any]
START_SECONDS = 90.0


def missing_programs() -> str:
    """Why no server can be started here; empty when one can."""
    absent = [name for name in ("etcd", "kube-apiserver") if not (_programs() / name).is_file()]
    return f"no {' and no '.join(absent)}: `make tools` builds them, or set KUBEBUILDER_ASSETS" if absent else ""


def _programs() -> Path:
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    return Path(assets) if assets else Path(__file__).parents[3] / "build" / "tools" / "bin"


class KubeApiserver:
    """A client of one server, as cluster administrator."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.token = token
        unverified = ssl.create_default_context()
        unverified.check_hostname = False
        unverified.verify_mode = ssl.CERT_NONE
        self._connection = http.client.HTTPSConnection("127.0.0.1", port, context=unverified, timeout=30)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def request(self, method: str, path: str, body: Json | None = None) -> tuple[int, Json]:
        """One request; HTTP status and JSON body."""
        status, raw = self._send(method, path, body)
        return status, json.loads(raw)

    def is_ready(self) -> bool:
        """Whether the server answers and says that it is ready."""
        try:
            return self._send("GET", "/readyz", None)[0] == 200
        except (OSError, http.client.HTTPException):
            self.close()
            return False

    def close(self) -> None:
        """Give the connection back; the next request opens another."""
        self._connection.close()

    def _send(self, method: str, path: str, body: Json | None) -> tuple[int, bytes]:
        self._connection.request(method, path, None if body is None else json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()


@contextmanager
def running(folder: Path, *, accounts: Sequence[str] = (), arguments: Sequence[str] = ()) -> Iterator[KubeApiserver]:
    """A server that lives as long as the block.

    Args:
        folder: for its state.
        accounts: further lines of its token file: token, user, uid and, in quotes, groups.
        arguments: further arguments of kube-apiserver.
    """
    store, peers, secure = _free_ports(3)
    _write_keys(folder)
    token = secrets.token_hex(16)
    lines = [f'{token},admin,admin,"system:masters"', *accounts]
    (folder / "tokens.csv").write_text("".join(f"{line}\n" for line in lines))
    url = f"http://127.0.0.1:{store}"
    commands = {
        "etcd": _etcd(folder, url, f"http://127.0.0.1:{peers}"),
        "kube-apiserver": [*_kube_apiserver(folder, url, secure), *arguments],
    }
    server = KubeApiserver(secure, token)
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for name, options in commands.items():
            with (folder / f"{name}.log").open("wb") as log:
                command = [str(_programs() / name), *options]
                processes.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT))
        until(server.is_ready, lambda: (folder / "kube-apiserver.log").read_text()[-2000:])
        yield server
    finally:
        server.close()
        for process in reversed(processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def until(holds: Callable[[], bool], explain: Callable[[], object]) -> None:
    """Look again and again at a process outside of this one; no event tells us.

    Raises:
        TimeoutError: it never held; ``explain()`` says what was seen last.
    """
    deadline = time.monotonic() + START_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(explain())
        time.sleep(0.1)


def _etcd(folder: Path, url: str, peer_url: str) -> list[str]:
    return [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls={peer_url}",
        f"--initial-advertise-peer-urls={peer_url}",
        f"--initial-cluster=default={peer_url}",
        "--unsafe-no-fsync",
    ]


def _kube_apiserver(folder: Path, store_url: str, port: int) -> list[str]:
    return [
        f"--etcd-servers={store_url}",
        f"--secure-port={port}",
        "--bind-address=127.0.0.1",
        f"--cert-dir={folder / 'pki'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--anonymous-auth=false",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder / 'sa.pub'}",
        f"--service-account-signing-key-file={folder / 'sa.key'}",
        "--service-cluster-ip-range=10.255.0.0/24",
        "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition",
        "--endpoint-reconciler-type=none",
        "--profiling=false",
    ]


def _write_keys(folder: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (folder / "sa.key").write_bytes(private)
    (folder / "sa.pub").write_bytes(public)


def _free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()
