"""The configuration files of a node: containerd, kubelet, and the pod network that is used where none is given.

Every setting that is not a default says which obstacle it answers.
"""

import json
from pathlib import Path

from e2e.backends.local.images import PAUSE
from e2e.backends.local.wires import (
    UNDERLAY_DEVICE,
    UNDERLAY_IPV4,
    UNDERLAY_IPV4_GATEWAY,
    UNDERLAY_IPV6,
    UNDERLAY_IPV6_GATEWAY,
)

CONTAINERD = """version = 2
# It would make a folder in the machine's /opt.
disabled_plugins = ["io.containerd.internal.v1.opt"]
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  disable_apparmor = true
  # containerd asks for oom_score_adj -998, which needs CAP_SYS_RESOURCE; without it no sandbox starts.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "{runc}"
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/opt/cni/bin"
    conf_dir = "/etc/cni/net.d"
"""

# The kubelet writes these values where it finds others. They belong to the whole machine, so each node sees files of its
# own that hold them already.
KUBELET_TUNABLES = {
    "/proc/sys/vm/overcommit_memory": "1\n",
    "/proc/sys/vm/panic_on_oom": "0\n",
    "/proc/sys/kernel/panic": "10\n",
    "/proc/sys/kernel/panic_on_oops": "1\n",
    "/proc/sys/kernel/keys/root_maxkeys": "1000000\n",
    "/proc/sys/kernel/keys/root_maxbytes": "25000000\n",
}
NODE_SYSCTLS = {"/proc/sys/net/ipv4/ip_forward": "1", "/proc/sys/net/ipv6/conf/all/forwarding": "1"}


def containerd(runc: str) -> str:
    """The configuration of containerd 1.6 or 1.7."""
    return CONTAINERD.format(pause=PAUSE, runc=runc)


def kubelet(ca: Path, resolv_conf: Path) -> str:
    """The kubelet's configuration file."""
    return json.dumps(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(ca)},
            },
            "authorization": {"mode": "Webhook"},
            "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
            "cgroupDriver": "cgroupfs",
            "failCgroupV1": False,
            "failSwapOn": False,
            "makeIPTablesUtilChains": False,
            "resolvConf": str(resolv_conf),
            # The disk is the machine's: how full it is says nothing about the test.
            "evictionHard": {
                "memory.available": "100Mi",
                "nodefs.available": "0%",
                "nodefs.inodesFree": "0%",
                "imagefs.available": "0%",
            },
            "imageGCHighThresholdPercent": 100,
            "maxPods": 250,
            # The default lies in the machine's /usr/libexec.
            "volumePluginDir": "/var/lib/kubelet/volume-plugins",
        },
        indent=1,
    )


def host_local_conflist(index: int) -> str:
    """Dual-stack macvlan with the host-local IPAM: each node hands out a range of its own.

    For tests of this backend itself, and for benchmarks as the floor to compare with.
    """
    ranges = [
        [
            {
                "subnet": UNDERLAY_IPV4,
                "rangeStart": f"10.98.{index}.2",
                "rangeEnd": f"10.98.{index}.254",
                "gateway": UNDERLAY_IPV4_GATEWAY,
            }
        ],
        [
            {
                "subnet": UNDERLAY_IPV6,
                "rangeStart": f"fd00:98::{index}:2",
                "rangeEnd": f"fd00:98::{index}:fffe",
                "gateway": UNDERLAY_IPV6_GATEWAY,
            }
        ],
    ]
    ipam = {"type": "host-local", "ranges": ranges, "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]}
    plugin = {"type": "macvlan", "master": UNDERLAY_DEVICE, "mode": "bridge", "ipam": ipam}
    return json.dumps({"cniVersion": "1.0.0", "name": "underlay", "plugins": [plugin]}, indent=1)
