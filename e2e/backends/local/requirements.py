"""What the local backend needs of a machine, and what to do where it is missing; asked before anything is made."""

import os
import platform
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from e2e.backends.local import cgroups, programs

PACKAGES = "apt-get install -y containerd runc containernetworking-plugins busybox-static iproute2 util-linux"
TOOLS = ("ip", "mount", "nsenter", "umount", "unshare")
# In a network namespace of its own, which goes with the shell: nothing is left.
PROBE = """
ip link add probe-a type veth peer name probe-b 2>/dev/null || echo veth
ip link add probe-c type bridge 2>/dev/null || echo bridge
ip link add link probe-a name probe-e type macvlan mode bridge 2>/dev/null || echo macvlan
"""
CAP_SYS_ADMIN = 21


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """One thing that is not there, and what would make it be there."""

    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}: {self.remedy}"


def missing() -> list[Missing]:
    """Everything that keeps the local backend from running here; empty means that it can run."""
    return [*_missing_privileges(), *_missing_programs(), *_missing_files(), *_missing_cgroups(), *_missing_kernel()]


def _missing_privileges() -> Iterator[Missing]:
    if platform.system() != "Linux":
        yield Missing(what="Linux", remedy="nodes are Linux namespaces; use the simulator or kind")
    elif os.geteuid() != 0:
        yield Missing(what="root", remedy="run as root; nodes are made of mounts and network namespaces")
    elif not _effective_capabilities() >> CAP_SYS_ADMIN & 1:
        yield Missing(what="CAP_SYS_ADMIN", remedy="run on the machine itself or in a privileged container")


def _effective_capabilities() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


def _missing_programs() -> Iterator[Missing]:
    unbuilt = programs.missing_kubernetes()
    if unbuilt:
        yield Missing(what=f"{', '.join(unbuilt)} in build/tools/bin", remedy="make tools")
    absent = [name for name in (*programs.CONTAINERD, "runc", "busybox", *TOOLS) if programs.find(name) is None]
    if absent:
        yield Missing(what=", ".join(absent), remedy=PACKAGES)
    if programs.cni_folder() is None:
        yield Missing(what=f"CNI plugins {', '.join(programs.CNI_PLUGINS)}", remedy=PACKAGES)


def _missing_files() -> Iterator[Missing]:
    if not Path("/etc/machine-id").is_file():
        yield Missing(what="/etc/machine-id", remedy="touch it; each node binds an id of its own over it")


def _missing_cgroups() -> Iterator[Missing]:
    if platform.system() != "Linux":
        return
    found = cgroups.hierarchies()
    absent = cgroups.missing_controllers(found)
    if not found:
        yield Missing(
            what="cgroup v1",
            remedy="this machine has cgroup v2 only, which is not supported yet; boot with "
            "systemd.unified_cgroup_hierarchy=0, or use the simulator or kind",
        )
    elif absent:
        yield Missing(what=f"cgroup v1 controllers {', '.join(absent)}", remedy="mount them below /sys/fs/cgroup")


def _missing_kernel() -> Iterator[Missing]:
    if platform.system() != "Linux" or os.geteuid() != 0:
        return
    if not any(line.split()[-1] == "overlay" for line in Path("/proc/filesystems").read_text().splitlines()):
        yield Missing(what="overlayfs in the kernel", remedy="modprobe overlay")
    if programs.find("ip") is None or programs.find("unshare") is None:
        return
    done = subprocess.run(["unshare", "--net", "sh", "-c", PROBE], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        yield Missing(what="a network namespace of one's own", remedy=f"unshare --net: {done.stderr.strip()}")
    for kind in done.stdout.split():
        yield Missing(what=f"{kind} devices in the kernel", remedy=f"modprobe {kind}, or a kernel that has it")
