"""The local backend of the scenarios: one real cluster for all of them, made when the first one needs it.

Each scenario finds a cluster without pods and pools, and leaves one; where that fails, the next one gets a new cluster.
What a failing scenario left is copied to ``build/e2e-local-logs/<scenario>`` before anything is deleted.
"""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from e2e.backends.local import installed, requirements
from e2e.backends.local.api import ApiError
from e2e.backends.local.cluster import CONTROLLER, LocalCluster
from e2e.backends.local.node import AGENT
from e2e.backends.local.programs import REPOSITORY
from e2e.backends.local.real_cluster import RealCluster
from e2e.backends.local.rest_paths import RESOURCES
from e2e.backends.local.service_logs import ServiceLogs
from e2e.backends.local.tidying import tidy
from e2e.cluster import Capability
from e2e.scenario import Body

PREFIX = "e2e-scenarios"
NODES = 2
LOGS = REPOSITORY / "build" / "e2e-local-logs"


class LocalBackend:
    """A real cluster of two nodes on this machine, without Docker.

    Args:
        prefix: tells the clusters of backends apart that run at the same time.
        logs: where what failing scenarios left is kept, one folder for each.
    """

    name = "local"
    capabilities = frozenset(Capability) - {Capability.CRASH_POINT}

    def __init__(self, prefix: str = PREFIX, logs: Path = LOGS) -> None:
        self._prefix = prefix
        self._kept = logs
        self._folder: Path | None = None
        self._cluster: LocalCluster | None = None
        self._logs = ServiceLogs(())

    def missing(self) -> list[str]:
        """What this machine lacks for it, each with the remedy."""
        return [str(each) for each in (*requirements.missing(), *installed.missing())]

    def run(self, body: Body, *, seed: int) -> None:
        """Run one scenario on a clean cluster and clean up after it; a real cluster draws nothing from the seed.

        Raises:
            AssertionError: the scenario failed, or something of it is left, or a service complained in its log.
        """
        cluster, name = self._running(), getattr(body, "__name__", "scenario")
        try:
            asyncio.run(_on(cluster, body))
        except BaseException as error:
            error.add_note(f"logs and objects: {self._keep(cluster, name)}")
            if isinstance(error, KeyboardInterrupt) or not self._is_clean_again(cluster, error):
                self.close()
            raise
        try:
            asyncio.run(_on(cluster, tidy))
            complaints = self._logs.complaints()
            assert not complaints, "services complain in their logs:\n" + "\n".join(complaints[:10])
        except BaseException as error:
            error.add_note(f"logs and objects: {self._keep(cluster, name)}")
            self.close()
            raise

    def close(self) -> None:
        """Take the cluster down; nothing is left."""
        if self._cluster is not None:
            self._cluster.down()
            self._cluster = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _running(self) -> LocalCluster:
        """The cluster, made now if there is none. What a killed run left under this prefix is removed first."""
        if self._cluster is None:
            self._folder = Path(tempfile.mkdtemp(prefix="spiderpool-e2e-"))
            cluster = installed.make_cluster(self._folder / "cluster", self._prefix, NODES)
            cluster.up()
            self._cluster = cluster
            try:
                installed.install(cluster)
            except BaseException as error:
                error.add_note(f"logs and objects: {self._keep(cluster, 'installation')}")
                self.close()
                raise
            self._logs = ServiceLogs(
                [cluster.log_folder / f"{CONTROLLER}.log", *(node.log(AGENT) for node in cluster.nodes.values())]
            )
        return self._cluster

    def _keep(self, cluster: LocalCluster, name: str) -> Path:
        """Copy logs and objects of a failure to where they stay."""
        target = self._kept / name
        shutil.rmtree(target, ignore_errors=True)
        cluster.copy_logs(target)
        for kind, each in RESOURCES.items():
            try:
                found = cluster.api.request("GET", each.path())["items"]
            except (ApiError, OSError) as error:
                found = str(error)
            (target / f"{kind}.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
        return target

    def _is_clean_again(self, cluster: LocalCluster, error: BaseException) -> bool:
        """Clean up after a failure; what cannot be cleaned is said in a note on it."""
        try:
            asyncio.run(_on(cluster, tidy))
        except Exception as unclean:  # noqa: BLE001  whatever it is, the next scenario gets a new cluster
            error.add_note(f"the cluster is given up: {unclean}")
            return False
        self._logs.complaints()
        return True


async def _on(cluster: LocalCluster, work: Callable[[RealCluster], Awaitable[None]]) -> None:
    async with RealCluster.opened(cluster) as seen:
        await work(seen)
