"""A real etcd and kube-apiserver on loopback with Spiderpool's charts and an audit log, for as long as a benchmark runs.

Agents and the bare creates that they are compared with come as the agent's service account, with the roles that ship
and under the server's fairness rules; nobody is exempt from anything.
"""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from e2e.backends.local.programs import KUBERNETES_FOLDER
from e2e.benchmarks.audit import POLICY, AuditLog
from e2e.benchmarks.figure import SkippedError
from spiderpool.resources.tests import kube_apiserver

ROOT = Path(__file__).resolve().parents[2]
CHARTS = [ROOT / "charts" / "spiderpool" / part for part in ("crds", "rbac", "ledger")]
SERVICES = ("agent", "controller")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiServer:
    """A running server. ``kubeconfigs`` has one file each for admin, agent and controller."""

    admin: kube_apiserver.KubeApiserver
    audit: AuditLog
    kubeconfigs: dict[str, Path]
    folder: Path


@contextmanager
def api_server() -> Iterator[ApiServer]:
    """Start both programs, apply the charts, and stop them at the end.

    Raises:
        SkippedError: a program is missing.
    """
    missing = kube_apiserver.missing_programs()
    if missing:
        raise SkippedError(missing)
    with tempfile.TemporaryDirectory(prefix="spiderpool-bench-") as name:
        folder = Path(name)
        log, policy = folder / "audit.log", folder / "audit-policy.json"
        policy.write_text(json.dumps(POLICY))
        arguments = [f"--audit-policy-file={policy}", f"--audit-log-path={log}", "--audit-log-maxsize=2000"]
        accounts = [_account(service) for service in SERVICES]
        with kube_apiserver.running(folder, accounts=accounts, arguments=arguments) as admin:
            tokens = {"admin": admin.token, **{service: f"token-of-{service}" for service in SERVICES}}
            files = {who: folder / f"{who}.kubeconfig" for who in tokens}
            for who, token in tokens.items():
                _write_kubeconfig(files[who], admin.port, token)
            for chart in CHARTS:
                _apply(files["admin"], chart)
            yield ApiServer(
                admin=admin,
                audit=AuditLog(log, lambda name: _mark(admin, name)),
                kubeconfigs=files,
                folder=folder,
            )


def _account(service: str) -> str:
    user = f"system:serviceaccount:spiderpool:spiderpool-{service}"
    groups = "system:serviceaccounts,system:serviceaccounts:spiderpool"
    return f'token-of-{service},{user},{service},"{groups}"'


def _mark(admin: kube_apiserver.KubeApiserver, name: str) -> None:
    admin.request("GET", f"/api/v1/namespaces/{name}")


def _write_kubeconfig(file: Path, port: int, token: str) -> None:
    cluster = {"server": f"https://127.0.0.1:{port}", "insecure-skip-tls-verify": True}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "clusters": [{"name": "it", "cluster": cluster}],
        "users": [{"name": "it", "user": {"token": token}}],
    }
    file.write_text(yaml.safe_dump(config))


def _apply(kubeconfig: Path, chart: Path) -> None:
    kubectl = [str(KUBERNETES_FOLDER / "kubectl"), f"--kubeconfig={kubeconfig}", "apply", "--server-side"]
    done = subprocess.run([*kubectl, "-f", str(chart)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{chart.name}: {done.stderr.strip()}")
