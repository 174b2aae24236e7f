#!/usr/bin/env python3
"""Builds the pinned Kubernetes programs that the local backend runs, once per version.

The programs are Go tool dependencies of the module beside this file. A build takes 10 to 15 minutes on two cores, so
the result is kept outside the clone, in ``${XDG_CACHE_HOME:-~/.cache}/spiderpool/tools/<hash>``, where ``<hash>``
covers go.mod, go.sum and the flags below; ``build/tools/bin`` is a link to it. A fresh clone of the same version finds
the programs there and builds nothing.

Where ``KUBEBUILDER_ASSETS`` is set, its kube-apiserver, etcd and kubectl are used instead of building them; programs
that are not in that folder are built.

Standard library only: it runs before the virtual environment exists.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LINK = HERE.parent.parent / "build" / "tools" / "bin"
HELM = HERE / "helm"
HELM_LINK = LINK.with_name("helm")
KUBERNETES = ("kubelet", "kubectl", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
PACKAGES = {name: f"k8s.io/kubernetes/cmd/{name}" for name in KUBERNETES} | {"etcd": "go.etcd.io/etcd/server/v3"}
VERSION = "k8s.io/component-base/version"


def kubernetes_version() -> str:
    """The version of ``k8s.io/kubernetes`` that go.mod requires, such as ``v1.37.2``."""
    for line in (HERE / "go.mod").read_text().splitlines():
        words = line.split()
        if words[:1] == ["k8s.io/kubernetes"]:
            return words[1]
    raise SystemExit("e2e/tools/go.mod: no requirement on k8s.io/kubernetes; restore the file from git")


def link_flags() -> str:
    """Linker flags: no debug tables, and the version that ``kubelet --version`` and the API report."""
    version = kubernetes_version()
    major, minor, _ = version.removeprefix("v").split(".", 2)
    return (
        f"-s -w -X {VERSION}.gitVersion={version} -X {VERSION}.gitMajor={major} "
        f"-X {VERSION}.gitMinor={minor} -X {VERSION}.gitTreeState=clean"
    )


def cache_folder() -> Path:
    """Where the programs of exactly this go.mod, go.sum and these flags lie."""
    digest = hashlib.sha256()
    for part in ((HERE / "go.mod").read_bytes(), (HERE / "go.sum").read_bytes(), link_flags().encode()):
        digest.update(hashlib.sha256(part).digest())
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "spiderpool" / "tools" / digest.hexdigest()[:16]


def make_helm() -> int:
    """Make helm available under build/tools/helm; it is not among the programs of a cluster, and few need it."""
    digest = hashlib.sha256((HELM / "go.mod").read_bytes() + (HELM / "go.sum").read_bytes()).hexdigest()[:16]
    folder = cache_folder().with_name(f"helm-{digest}")
    if not (folder / "helm").exists():
        if not shutil.which("go"):
            print("tools: cannot build helm: no `go` on PATH; install Go 1.26 or newer", file=sys.stderr)
            return 1
        folder.mkdir(parents=True, exist_ok=True)
        print("tools: building helm ...", flush=True)
        argv = ["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", str(folder / ".helm.part")]
        subprocess.run([*argv, "helm.sh/helm/v4/cmd/helm"], cwd=HELM, check=True)
        (folder / ".helm.part").replace(folder / "helm")
    HELM_LINK.parent.mkdir(parents=True, exist_ok=True)
    HELM_LINK.unlink(missing_ok=True)
    HELM_LINK.symlink_to(folder)
    print("tools: helm in build/tools/helm")
    return 0


def build(name: str, folder: Path) -> None:
    """Build one program into ``folder``; the name appears there only when the file is whole."""
    started = time.monotonic()
    print(f"tools: building {name} ...", flush=True)
    part = folder / f".{name}.part"
    subprocess.run(
        ["go", "build", "-trimpath", "-ldflags", link_flags(), "-o", str(part), PACKAGES[name]],
        cwd=HERE,
        check=True,
    )
    part.replace(folder / name)
    print(f"tools: {name} built in {time.monotonic() - started:.0f} s", flush=True)


def take_assets(folder: Path) -> None:
    """Link what ``KUBEBUILDER_ASSETS`` already has into ``folder``."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    for name in PACKAGES if assets else ():
        given = Path(assets or "") / name
        if given.is_file() and not (folder / name).exists():
            (folder / name).unlink(missing_ok=True)  # a link to a folder that has gone
            (folder / name).symlink_to(given.resolve())
            print(f"tools: {name} taken from KUBEBUILDER_ASSETS")


def main() -> int:
    """Make every program available under build/tools/bin; exit code 1 names what is missing to do so."""
    folder = cache_folder()
    if os.environ.get("KUBEBUILDER_ASSETS"):
        folder = folder.with_name(folder.name + "-assets")
    folder.mkdir(parents=True, exist_ok=True)
    take_assets(folder)
    missing = [name for name in PACKAGES if not (folder / name).exists()]
    if missing and not shutil.which("go"):
        print(f"tools: cannot build {', '.join(missing)}: no `go` on PATH; install Go 1.26 or newer", file=sys.stderr)
        return 1
    for name in missing:
        build(name, folder)
    LINK.parent.mkdir(parents=True, exist_ok=True)
    if LINK.is_symlink() or LINK.exists():
        LINK.unlink()
    LINK.symlink_to(folder)
    print(f"tools: {len(PACKAGES)} programs of Kubernetes {kubernetes_version()} in build/tools/bin")
    return 0


if __name__ == "__main__":
    sys.exit(make_helm() if sys.argv[1:] == ["helm"] else main())
