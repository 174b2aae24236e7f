"""Creates a kind cluster with an underlay, loads the suite's images, applies manifests.

kind's own network carries API traffic; a second Docker network is the underlay, and its device is named ``up0`` on every
node, so that the same ``10-macvlan.conflist`` fits all backends. The CNI plugins of kind's node image lack macvlan: it
is copied from the machine.

Not run yet: see the package's docstring.
"""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from e2e.backends.local import images, programs, wires

CONFIG = programs.REPOSITORY / "kind-configs" / "dual-stack.yaml"
# Nodes' own addresses on the underlay, outside of what the suite's pools hand out. They are taken off again: up0 only
# carries the pods' interfaces.
NODE_RANGE_IPV4 = "10.98.254.0/24"
NODE_RANGE_IPV6 = "fd00:98::fe00/120"
RENAME = """set -e
device=$(ip -o -4 addr show | awk '$4 ~ /^10\\.98\\.254\\./ {print $2; exit}')
test -n "$device"
ip link set "$device" down
ip link set "$device" name up0
ip addr flush dev up0
ip link set up0 up
"""


class KindCluster:
    """A kind cluster; a context manager that is up inside and deletes it afterwards.

    Args:
        root: folder for the kubeconfig and the image archives.
        name: kind's name of the cluster.
        config: cluster shape, a file of ``kind-configs``.
        busybox: the static busybox that the image ``localhost/box:1`` is made of.
    """

    def __init__(
        self,
        root: Path,
        name: str = "spiderpool",
        *,
        config: Path = CONFIG,
        busybox: Path = Path("/bin/busybox"),
        say: Callable[[str], None] = print,
    ) -> None:
        self.root = root
        self.name = name
        self.kubeconfig = root / "kubeconfig"
        self._config = config
        self._busybox = busybox
        self._say = say

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    def up(self) -> None:
        """Create the cluster, its underlay and its images. Nodes are not Ready before a pod network is installed."""
        self.root.mkdir(parents=True, exist_ok=True)
        self._say(f"creating kind cluster {self.name} from {self._config.name}")
        _run(self.create_command())
        _run(self.underlay_command())
        for node in self.nodes():
            for command in self.plug_commands(node):
                _run(command)
        for archive in images.make(self.root / "images", self._busybox):
            _run(self.load_command(archive))
        self._say(f"kind cluster {self.name} is up, without a pod network yet")

    def down(self) -> None:
        """Delete the cluster and its underlay; nothing there is success."""
        _run(["kind", "delete", "cluster", f"--name={self.name}", f"--kubeconfig={self.kubeconfig}"])
        _run(["docker", "network", "rm", self.underlay], check=False)

    @property
    def underlay(self) -> str:
        """The Docker network that is the underlay."""
        return f"{self.name}-underlay"

    def nodes(self) -> list[str]:
        """Names of all nodes, which are names of containers."""
        return sorted(_run(["kind", "get", "nodes", f"--name={self.name}"]).split())

    def install_cni(self, conflist: Path, plugins: Sequence[Path]) -> None:
        """Copy plugins to every node, and last the pod network, which makes the nodes Ready."""
        for node in self.nodes():
            for plugin in plugins:
                _run(["docker", "cp", str(plugin), f"{node}:/opt/cni/bin/{plugin.name}"])
            _run(["docker", "cp", str(conflist), f"{node}:/etc/cni/net.d/10-macvlan.conflist"])

    def kubectl(self, *args: str, stdin: str | None = None) -> str:
        """Run kubectl as administrator; its output.

        Raises:
            RuntimeError: it failed; the message has what it said.
        """
        return _run(["kubectl", f"--kubeconfig={self.kubeconfig}", *args], stdin)

    def apply(self, manifest: Path | str) -> str:
        """Apply YAML: a file or folder given as ``Path``, or the text itself."""
        source = str(manifest) if isinstance(manifest, Path) else "-"
        text = None if isinstance(manifest, Path) else manifest
        return self.kubectl("apply", "--server-side", "--force-conflicts", "-f", source, stdin=text)

    def create_command(self) -> list[str]:
        """The command that creates the cluster. It does not wait: without a pod network no node becomes Ready."""
        files = [f"--config={self._config}", f"--kubeconfig={self.kubeconfig}"]
        return ["kind", "create", "cluster", f"--name={self.name}", *files, "--wait=0s"]

    def underlay_command(self) -> list[str]:
        """The command that makes the underlay with both families and their gateways."""
        ipv4 = [f"--subnet={wires.UNDERLAY_IPV4}", f"--gateway={wires.UNDERLAY_IPV4_GATEWAY}"]
        ipv6 = [f"--subnet={wires.UNDERLAY_IPV6}", f"--gateway={wires.UNDERLAY_IPV6_GATEWAY}"]
        ranges = [f"--ip-range={NODE_RANGE_IPV4}", f"--ip-range={NODE_RANGE_IPV6}"]
        return ["docker", "network", "create", "--driver=bridge", "--ipv6", *ipv4, *ipv6, *ranges, self.underlay]

    def plug_commands(self, node: str) -> list[list[str]]:
        """The commands that give a node its ``up0``."""
        connect = ["docker", "network", "connect", self.underlay, node]
        return [connect, ["docker", "exec", node, "sh", "-c", RENAME]]

    def load_command(self, archive: Path) -> list[str]:
        """The command that loads a docker archive into every node."""
        return ["kind", "load", "image-archive", str(archive), f"--name={self.name}"]


def _run(argv: Sequence[str], text: str | None = None, *, check: bool = True) -> str:
    done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=600, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)}: exit code {done.returncode}: {done.stderr.strip()}")
    return done.stdout
