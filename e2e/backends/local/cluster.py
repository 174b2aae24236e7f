"""The cluster as scenarios, benchmarks and people use it: up, down, nodes, kubectl, and a way to the API server."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from e2e.backends.local import cgroups, cleanup, configs, images, pki, programs, wires
from e2e.backends.local.api import Api
from e2e.backends.local.control_plane import ControlPlane
from e2e.backends.local.node import Node, Site
from e2e.backends.local.place import Place, State, machine_boot_id, make_mount_points
from e2e.backends.local.processes import Launch, Processes
from e2e.backends.local.waiting import until

NAMESPACE = "spiderpool"
SERVICE_ACCOUNTS = ("spiderpool-agent", "spiderpool-controller")
CONTROLLER = "spiderpool-controller"
TOKEN_SECONDS = 24 * 3600


def _say(line: str) -> None:
    print(line, flush=True)


class LocalCluster:
    """A real cluster of ``nodes`` nodes; a context manager that is up inside and leaves nothing behind.

    Args:
        root: folder for disks, keys and logs; made, and removed by ``down``.
        prefix: tells clusters apart that run at the same time.
        nodes: how many.
        conflist: the pod network of every node (``/etc/cni/net.d/10-macvlan.conflist``); None: dual-stack macvlan with
            the host-local IPAM.
        plugin: file that is installed as CNI plugin ``spiderpool`` on every node.
        audit: write ``log/audit.log``, one line for each request.
        say: takes one line of progress at a time.
    """

    def __init__(
        self,
        root: Path,
        prefix: str = "spider",
        nodes: int = 2,
        *,
        conflist: str | None = None,
        plugin: Path | None = None,
        audit: bool = False,
        say: Callable[[str], None] = _say,
    ) -> None:
        self.root = root.absolute()
        self.log_folder = self.root / "log"
        self.kubeconfig = self.root / "kubeconfig" / "admin"
        self.place = Place(prefix)
        self._programs = programs.locate()
        self._processes = Processes(self.place.folder)
        self._hierarchies = cgroups.hierarchies()
        site = Site(
            root=self.root,
            place=self.place,
            programs=self._programs,
            processes=self._processes,
            hierarchies=self._hierarchies,
        )
        self.nodes = {f"n{index}": Node(site, index) for index in range(1, nodes + 1)}
        self._plane = ControlPlane(
            root=self.root, place=self.place, programs=self._programs, processes=self._processes, audit=audit
        )
        self._conflist = conflist
        self._plugin = plugin
        self._say = say
        self._began = 0.0

    @classmethod
    def attach(cls, prefix: str) -> Self:
        """The cluster of this prefix that another process started. It can be asked and taken down, not taken over:
        services that it started are not known here.

        Raises:
            LookupError: there is none.
        """
        state = Place(prefix).read()
        if state is None:
            raise LookupError(f"no cluster {prefix!r}")
        return cls(Path(state.root), prefix, state.nodes)

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    # Up and down

    def up(self) -> None:
        """Bring the cluster up: every node Ready, ServiceAccount ``default`` there. A failed ``up`` removes what it made.

        Leftovers of an earlier cluster with this prefix are removed first.

        Raises:
            ClusterInUseError: a running process owns a cluster with this prefix.
        """
        self._began = time.monotonic()
        self.place.claim()
        if self.place.read() is not None or self._processes.names():
            self._progress(f"removing what an earlier cluster {self.place.prefix!r} left")
            cleanup.remove(self.place, self._processes)
            self.place.claim()
        try:
            self._make()
        except BaseException:
            self.down()
            raise

    def down(self) -> None:
        """End and remove everything that ``up`` made; nothing there is success."""
        self.place.claim()
        cleanup.remove(self.place, self._processes)

    def copy_logs(self, target: Path) -> None:
        """Copy the logs of all programs of the cluster and its nodes, for a look after ``down``."""
        shutil.copytree(self.log_folder, target, dirs_exist_ok=True)

    def _progress(self, what: str) -> None:
        self._say(f"{time.monotonic() - self._began:6.1f} s  {what}")

    def _make(self) -> None:
        prefix = self.place.prefix
        folders = [
            str(cgroups.node_folder(hierarchy, prefix, node)) for node in self.nodes for hierarchy in self._hierarchies
        ]
        state = State(root=str(self.root), nodes=len(self.nodes), boot_id=machine_boot_id(), cgroups=folders)
        cleanup.mark_root(self.root)
        self.place.write(state)
        make_mount_points()
        self._write_credentials()
        wires.make_fabric(self.place)
        with ThreadPoolExecutor(max_workers=len(self.nodes) + 1) as pool:
            plane = pool.submit(self._plane.start_api, self.api)
            archives = images.make(self.root / "images", Path(self._programs.busybox))
            self._progress("keys, networks and images made; control plane and nodes are starting")
            for booted in [pool.submit(self._boot, node, archives) for node in self.nodes.values()]:
                booted.result()
            self._progress("containerd runs on every node")
            plane.result()
        self._progress("API server ready")
        self._plane.start_controllers()
        for node in self.nodes.values():
            node.start_kubelet()
        self._make_service_accounts()
        self.wait_ready()
        until("ServiceAccount default", self._has_default_account, within_seconds=60)
        self._progress(f"{len(self.nodes)} nodes Ready")

    def _write_credentials(self) -> None:
        folder = self.root / "pki"
        pki.make(folder, list(self.nodes))
        self.kubeconfig.parent.mkdir(exist_ok=True)
        for name in ("admin", "scheduler", *self.nodes):
            self._write_kubeconfig(name, pki.certificate_kubeconfig(folder, name))

    def _write_kubeconfig(self, name: str, text: str) -> None:
        file = self.kubeconfig.with_name(name)
        file.touch(mode=0o600)
        file.write_text(text)

    def _boot(self, node: Node, archives: Sequence[Path]) -> None:
        node.prepare(self._conflist or configs.host_local_conflist(node.index))
        if self._plugin is not None:
            node.install_plugin(self._plugin)
        node.power_on()
        node.load_images(archives)

    def _make_service_accounts(self) -> None:
        """Kubeconfigs with real tokens, so that the roles that ship decide what agent and controller may do."""
        api = self.api
        api.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        accounts = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts"
        for name in SERVICE_ACCOUNTS:
            api.create(accounts, {"metadata": {"name": name}})
            request = {"spec": {"expirationSeconds": TOKEN_SECONDS}}
            token = api.request("POST", f"{accounts}/{name}/token", request)["status"]["token"]
            self._write_kubeconfig(name, pki.token_kubeconfig(self.root / "pki", token))

    def _has_default_account(self) -> Any:
        return self.api.get("/api/v1/namespaces/default/serviceaccounts/default")

    # The API server

    @property
    def api(self) -> Api:
        """A synchronous client with the administrator's rights, usable from the machine's own network namespace."""
        return Api(self.place.netns(wires.FABRIC), self.root / "pki")

    @contextmanager
    def inside_fabric(self) -> Iterator[None]:
        """Put the calling thread into the network namespace of the API server.

        ``with cluster.inside_fabric(): asyncio.run(...)`` lets any client use ``kubeconfig`` as it stands.
        """
        with wires.inside(self.place.netns(wires.FABRIC)):
            yield

    def fabric_command(self, argv: Sequence[str]) -> list[str]:
        """The command that runs ``argv`` beside the API server."""
        return wires.command_in(self.place.netns(wires.FABRIC), argv)

    def kubectl(self, *args: str, stdin: str | None = None, timeout_seconds: float = 120) -> str:
        """Run kubectl as administrator; its output.

        Raises:
            RuntimeError: it failed; the message has what it said.
        """
        argv = [self._programs.kube("kubectl"), f"--kubeconfig={self.kubeconfig}", *args]
        done = subprocess.run(
            self.fabric_command(argv), input=stdin, capture_output=True, text=True, timeout=timeout_seconds, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"kubectl {' '.join(args)}: exit code {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def apply(self, manifest: Path | str) -> str:
        """Apply YAML: a file or folder given as ``Path``, or the text itself. Server-side, so large CRDs fit."""
        source = str(manifest) if isinstance(manifest, Path) else "-"
        text = None if isinstance(manifest, Path) else manifest
        return self.kubectl("apply", "--server-side", "--force-conflicts", "-f", source, stdin=text)

    # Nodes and the controller

    def ready_nodes(self) -> list[str]:
        """Names of the nodes whose condition Ready is True."""
        listed = self.api.request("GET", "/api/v1/nodes")["items"]
        ready = {"type": "Ready", "status": "True"}
        return [
            node["metadata"]["name"]
            for node in listed
            if any(ready.items() <= condition.items() for condition in node["status"].get("conditions", ()))
        ]

    def wait_ready(self, within_seconds: float = 120) -> None:
        """Wait until every node is Ready.

        Raises:
            TimeoutError: one is not.
        """
        wanted = sorted(self.nodes)
        until("every node Ready", lambda: sorted(self.ready_nodes()) == wanted, within_seconds=within_seconds)

    def start_controller(
        self, argv: Sequence[str], env: Mapping[str, str] | None = None, *, name: str = CONTROLLER
    ) -> None:
        """Start the controller beside the API server, with its ServiceAccount's kubeconfig in ``KUBECONFIG``.

        Its output goes to ``log_folder / <name>.log``. ``name`` tells replicas apart.
        """
        own = {"KUBECONFIG": str(self.kubeconfig.with_name(CONTROLLER))}
        launch = Launch(
            name=name,
            argv=argv,
            log=self.log_folder / f"{name}.log",
            netns=self.place.netns(wires.FABRIC),
            env={**own, **(env or {})},
        )
        self._processes.start(launch)

    @property
    def processes(self) -> Processes:
        """The processes in the fabric, by name: end one with ``processes.end(name, signal)``."""
        return self._processes
