"""One node: a set of namespaces with a PID 1, in which real containerd and kubelet run at their usual paths.

A node keeps its disk (state folders, machine id) over reboots and power cuts and loses the rest: processes, ``/run``, its
network namespace with all links, its boot id.
"""

import json
import shutil
import signal
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from e2e.backends.local import cgroups, configs, init, wires
from e2e.backends.local.control import Control, Finished, NodeError
from e2e.backends.local.place import RUN, Place
from e2e.backends.local.processes import Launch, Processes, last_lines
from e2e.backends.local.programs import CNI_PLUGINS, ENVIRONMENT, Programs
from e2e.backends.local.waiting import until

CONFLIST_NAME = "10-macvlan.conflist"
# Folder of the node on disk -> where the node sees it.
BINDS = {
    "cni-bin": "/opt/cni/bin",
    "cni-conf": "/etc/cni/net.d",
    "cni-state": "/var/lib/cni",
    "containerd": "/var/lib/containerd",
    "containers-log": "/var/log/containers",
    "kubelet": "/var/lib/kubelet",
    "pods-log": "/var/log/pods",
    "spidernet": "/var/lib/spidernet",
}
AGENT, CONTAINERD, KUBELET = "agent", "containerd", "kubelet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the nodes of one cluster share."""

    root: Path
    place: Place
    programs: Programs
    processes: Processes
    hierarchies: Sequence[cgroups.Hierarchy]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A program that starts again at every boot, as an init system's unit would."""

    argv: Sequence[str]
    env: Mapping[str, str]


class Node:
    """A node of the cluster; ``index`` counts from 1."""

    def __init__(self, site: Site, index: int) -> None:
        self.name = f"n{index}"
        self.index = index
        self.address = wires.node_address(index)
        self.folder = site.root / "nodes" / self.name
        self.boot_id = ""
        self._site = site
        self._control = Control(site.place.socket(self.name))
        self._services: dict[str, Service] = {}

    # Disk

    def prepare(self, conflist: str) -> None:
        """Write what a fresh node has on its disk."""
        for folder in BINDS:
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
        resolv_conf = self.folder / "resolv.conf"
        resolv_conf.write_text("nameserver 127.0.0.1\n")
        (self.folder / "machine-id").write_text(uuid.uuid4().hex + "\n")
        (self.folder / "containerd.toml").write_text(configs.containerd(self._site.programs.runc))
        (self.folder / "kubelet.json").write_text(configs.kubelet(self._site.root / "pki" / "ca.crt", resolv_conf))
        for plugin in CNI_PLUGINS:
            shutil.copy2(self._site.programs.cni / plugin, self.folder / "cni-bin" / plugin)
        self.install_conflist(conflist)

    def install_plugin(self, file: Path, name: str = "spiderpool") -> None:
        """Put a CNI plugin into the node's ``/opt/cni/bin``, replacing it in one step."""
        target = self.folder / "cni-bin" / name
        part = target.with_name(f".{name}.part")
        shutil.copy2(file, part)
        part.chmod(0o755)
        part.replace(target)

    def install_conflist(self, text: str) -> None:
        """Replace the pod network; containerd reads it again by itself."""
        target = self.folder / "cni-conf" / CONFLIST_NAME
        part = target.with_name("conflist.part")  # a suffix that containerd does not read
        part.write_text(text)
        part.replace(target)

    @property
    def machine_id(self) -> str:
        """The node's own ``/etc/machine-id``."""
        return (self.folder / "machine-id").read_text().strip()

    def log(self, name: str) -> Path:
        """The log of one of the node's programs."""
        return self._site.root / "log" / f"{self.name}-{name}.log"

    # Power

    def power_on(self) -> None:
        """Boot: network, PID 1, containerd, then the services that ran before.

        Raises:
            NodeError: PID 1 or containerd did not come up; the message has the end of its log.
        """
        wires.make_node_network(self._site.place, self.index)
        self._start_pid1()
        self._control.start(CONTAINERD, self._containerd_argv(), ENVIRONMENT, self.log(CONTAINERD))
        ctr = [self._site.programs.ctr, "version"]
        try:
            until("containerd answers", lambda: self.run(ctr, check=False).code == 0, within_seconds=60)
        except TimeoutError as error:
            raise NodeError(f"{self.name}: {error}\n{last_lines(self.log(CONTAINERD))}") from None
        for name in self._services:
            self.restart(name)

    def power_cut(self) -> None:
        """Everything that is not on disk is gone at once; nobody is told."""
        self._site.processes.end(self.name)
        cgroups.remove(self._cgroups())  # waits for the last process
        wires.remove_node_network(self._site.place, self.name)

    def reboot(self) -> None:
        """An orderly reboot: services get SIGTERM, pods go down with the machine, the same services come up again."""
        for name in (*reversed(self._services), CONTAINERD):
            if self._control.kill(name, signal.SIGTERM):
                try:
                    self._control.wait(name, timeout_seconds=5)
                except TimeoutError:
                    self._control.kill(name, signal.SIGKILL)
        self.power_cut()
        self.power_on()

    def _cgroups(self) -> list[Path]:
        return [
            cgroups.node_folder(hierarchy, self._site.place.prefix, self.name) for hierarchy in self._site.hierarchies
        ]

    def _containerd_argv(self) -> list[str]:
        return [self._site.programs.containerd, "--config", str(self.folder / "containerd.toml")]

    def _start_pid1(self) -> None:
        self.boot_id = str(uuid.uuid4())
        self._site.place.socket(self.name).unlink(missing_ok=True)
        unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--cgroup"]
        launch = Launch(
            name=self.name,
            argv=[*unshare, "--propagation=private", sys.executable, "-ISE", init.__file__, json.dumps(self._spec())],
            log=self.log("init"),
            netns=self._site.place.netns(self.name),
            cgroup_files=cgroups.make(self._cgroups()),
        )
        self._site.processes.start(launch)
        try:
            self._control.ready()
        except (NodeError, TimeoutError) as error:
            raise NodeError(f"{self.name} does not boot: {error}\n{last_lines(launch.log)}") from None

    def _spec(self) -> dict[str, object]:
        binds = [[str(self.folder / own), path] for own, path in BINDS.items()]
        return {
            "hostname": self.name,
            "socket": str(self._site.place.socket(self.name)),
            "run_folder": str(RUN),
            "hierarchies": [hierarchy.controllers for hierarchy in self._site.hierarchies],
            "binds": [*binds, [str(self.folder / "machine-id"), "/etc/machine-id"]],
            "files": {**configs.KUBELET_TUNABLES, "/proc/sys/kernel/random/boot_id": self.boot_id + "\n"},
            "sysctls": configs.NODE_SYSCTLS,
        }

    # Programs

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: str = "",
        check: bool = True,
        timeout_seconds: float = 60,
    ) -> Finished:
        """Run a command inside all namespaces of the node.

        Raises:
            NodeError: the exit code is not 0 (unless ``check`` is False), or the node is off.
            TimeoutError: it took too long, and was killed.
        """
        done = self._control.run(argv, {**ENVIRONMENT, **(env or {})}, stdin=stdin, timeout_seconds=timeout_seconds)
        if check and done.code != 0:
            raise NodeError(f"{self.name}: {' '.join(argv)}: exit code {done.code}: {done.error or done.output}")
        return done

    def start(self, name: str, argv: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        """Start a service, a child of PID 1; it starts again at every boot. Its output goes to ``log(name)``."""
        self._services[name] = Service(argv=list(argv), env=dict(env or {}))
        self.restart(name)

    def restart(self, name: str) -> None:
        """Start a service again that has ended."""
        service = self._services[name]
        self._control.start(name, service.argv, {**ENVIRONMENT, **service.env}, self.log(name))

    def start_agent(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        """Start the agent with its ServiceAccount's kubeconfig (``KUBECONFIG``) and ``SPIDERPOOL_NODE_NAME``."""
        kubeconfig = self._site.root / "kubeconfig" / "spiderpool-agent"
        own = {"KUBECONFIG": str(kubeconfig), "SPIDERPOOL_NODE_NAME": self.name}
        self.start(AGENT, argv, {**own, **(env or {})})

    def start_kubelet(self) -> None:
        """Start the kubelet; it registers the node."""
        argv = [
            self._site.programs.kube("kubelet"),
            f"--config={self.folder / 'kubelet.json'}",
            f"--kubeconfig={self._site.root / 'kubeconfig' / self.name}",
            f"--node-ip={self.address}",
        ]
        self.start(KUBELET, argv)

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL, *, within_seconds: float = 10) -> bool:
        """Signal a service and wait for its end; False when it did not run.

        Raises:
            TimeoutError: it goes on.
        """
        if not self._control.kill(name, how):
            return False
        self._control.wait(name, within_seconds)
        return True

    def send(self, name: str, how: signal.Signals) -> bool:
        """Signal a service without waiting (SIGSTOP, SIGCONT); False when it did not run."""
        return self._control.kill(name, how)

    def programs(self) -> dict[str, bool]:
        """Programs that were started since boot, and whether each still runs."""
        return self._control.programs()

    def load_images(self, archives: Sequence[Path]) -> None:
        """Import images into the node's containerd."""
        for archive in archives:
            self.run([self._site.programs.ctr, "-n", "k8s.io", "images", "import", str(archive)])

    def pid1(self) -> int:
        """The pid of the node's PID 1 on the machine, for a look with ``nsenter``."""
        return self._control.pid1()
