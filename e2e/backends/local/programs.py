"""Where the programs of the local backend are on this machine."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
KUBERNETES_FOLDER = REPOSITORY / "build" / "tools" / "bin"
KUBERNETES = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kubelet")
CONTAINERD = ("containerd", "containerd-shim-runc-v2", "ctr")
CNI_PLUGINS = ("host-local", "loopback", "macvlan")
CNI_FOLDERS = (Path("/usr/lib/cni"), Path("/usr/libexec/cni"), Path("/opt/cni/bin"))
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What every program starts with: the caller's own variables would make runs differ.
ENVIRONMENT = {"PATH": SYSTEM_PATH, "HOME": "/", "LANG": "C.UTF-8"}


def find(name: str) -> str | None:
    """A program on the PATH, or where system programs lie though a login's PATH does not say so."""
    return shutil.which(name) or shutil.which(name, path=SYSTEM_PATH)


def cni_folder() -> Path | None:
    """The first known folder that holds all CNI plugins that are needed."""
    holds_all = (folder for folder in CNI_FOLDERS if all((folder / name).is_file() for name in CNI_PLUGINS))
    return next(holds_all, None)


def missing_kubernetes(folder: Path = KUBERNETES_FOLDER) -> list[str]:
    """Names of Kubernetes programs that are not built."""
    return [name for name in KUBERNETES if not os.access(folder / name, os.X_OK)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """Everything that a cluster runs, as paths."""

    kubernetes: Path
    containerd: str
    ctr: str
    runc: str
    busybox: str
    cni: Path

    def kube(self, name: str) -> str:
        """A Kubernetes program, or etcd."""
        return str(self.kubernetes / name)


def locate() -> Programs:
    """Find them all.

    Raises:
        FileNotFoundError: names one that is missing; ``requirements.missing`` has the remedy.
    """

    def need(name: str) -> str:
        path = find(name)
        if path is None:
            raise FileNotFoundError(f"{name}: not installed")
        return path

    cni = cni_folder()
    if cni is None:
        raise FileNotFoundError(f"CNI plugins {', '.join(CNI_PLUGINS)}: not installed")
    return Programs(
        kubernetes=KUBERNETES_FOLDER,
        containerd=need("containerd"),
        ctr=need("ctr"),
        runc=need("runc"),
        busybox=need("busybox"),
        cni=cni,
    )
