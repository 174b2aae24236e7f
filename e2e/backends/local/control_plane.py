"""etcd, kube-apiserver, kube-controller-manager and kube-scheduler, in the fabric's network namespace."""

import json
from pathlib import Path

from e2e.backends.local.api import Api
from e2e.backends.local.place import Place
from e2e.backends.local.processes import Launch, Processes, last_lines
from e2e.backends.local.programs import Programs
from e2e.backends.local.waiting import until
from e2e.backends.local.wires import API_ADDRESS, FABRIC, SERVICE_RANGE

ETCD = "http://127.0.0.1:2379"
# One line for each answered request: benchmarks count requests by user and verb.
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}


class ControlPlane:
    """The four servers of one cluster."""

    def __init__(self, *, root: Path, place: Place, programs: Programs, processes: Processes, audit: bool) -> None:
        self._root = root
        self._place = place
        self._programs = programs
        self._processes = processes
        self._audit = audit

    def start_api(self, api: Api) -> None:
        """Start etcd and the API server; returns when it is ready.

        Raises:
            TimeoutError: it did not get ready; the message has the end of its log.
        """
        self._start("etcd", self._etcd())
        self._start("kube-apiserver", self._api_server())
        try:
            until("API server ready", api.ready, within_seconds=120)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{last_lines(self._log('kube-apiserver'))}") from None

    def start_controllers(self) -> None:
        """Start the controller-manager and the scheduler; both find the API server ready."""
        self._start("kube-controller-manager", self._controller_manager())
        self._start("kube-scheduler", self._scheduler())

    def _log(self, name: str) -> Path:
        return self._root / "log" / f"{name}.log"

    def _start(self, name: str, arguments: list[str]) -> None:
        argv = [self._programs.kube(name), *arguments]
        self._processes.start(Launch(name=name, argv=argv, log=self._log(name), netns=self._place.netns(FABRIC)))

    def _etcd(self) -> list[str]:
        peer = "http://127.0.0.1:2380"
        return [
            f"--data-dir={self._root / 'etcd'}",
            "--unsafe-no-fsync",  # the data dies with the cluster
            f"--listen-client-urls={ETCD}",
            f"--advertise-client-urls={ETCD}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--log-level=warn",
        ]

    def _api_server(self) -> list[str]:
        pki = self._root / "pki"
        return [
            f"--etcd-servers={ETCD}",
            # Dial a webhook's endpoint instead of its ClusterIP: there is no kube-proxy.
            "--enable-aggregator-routing=true",
            "--secure-port=443",
            "--bind-address=0.0.0.0",
            f"--advertise-address={API_ADDRESS}",
            f"--tls-cert-file={pki / 'apiserver.crt'}",
            f"--tls-private-key-file={pki / 'apiserver.key'}",
            f"--client-ca-file={pki / 'ca.crt'}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={pki / 'sa.pub'}",
            f"--service-account-signing-key-file={pki / 'sa.key'}",
            f"--service-cluster-ip-range={SERVICE_RANGE}",
            "--allow-privileged=true",
            f"--kubelet-client-certificate={pki / 'kubelet-client.crt'}",
            f"--kubelet-client-key={pki / 'kubelet-client.key'}",
            "--kubelet-preferred-address-types=InternalIP",
            "--profiling=false",
            *self._audit_arguments(),
        ]

    def _audit_arguments(self) -> list[str]:
        if not self._audit:
            return []
        policy = self._root / "audit-policy.json"
        policy.write_text(json.dumps(AUDIT_POLICY))
        return [f"--audit-policy-file={policy}", f"--audit-log-path={self._root / 'log' / 'audit.log'}"]

    def _controller_manager(self) -> list[str]:
        pki = self._root / "pki"
        return [
            f"--kubeconfig={self._root / 'kubeconfig' / 'admin'}",
            "--leader-elect=false",
            "--secure-port=0",
            "--profiling=false",
            f"--root-ca-file={pki / 'ca.crt'}",
            f"--service-account-private-key-file={pki / 'sa.key'}",
            # With credentials of their own for each controller, ServiceAccount "default" comes seconds later.
            "--use-service-account-credentials=false",
        ]

    def _scheduler(self) -> list[str]:
        kubeconfig = self._root / "kubeconfig" / "scheduler"
        return [
            f"--kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            "--leader-elect=false",
            "--secure-port=0",
            "--profiling=false",
        ]
