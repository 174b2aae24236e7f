"""A server for programs that nobody here wrote: kubectl, client libraries, helm; the simulated one over HTTP, or a real one.

A ``Cluster`` is reached by a kubeconfig. Behind the real one run the controllers that such programs wait for
(Deployments, disruption budgets and so on), and neither scheduler nor kubelet: where a claim needs pods that run,
``nodes.py`` plays the node on both servers in the same way.
"""

import json
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.conformance.control_plane import control_plane
from e2e.conformance.definitions import GEARS, WIDGETS, install
from e2e.conformance.faces import ADMIN, Face, HttpFace, token_of
from e2e.conformance.served import served
from simulator.face.scaled_time import LoopClock
from simulator.kube.controllers.cronjobs import CronJobs
from simulator.kube.controllers.daemonsets import DaemonSets
from simulator.kube.controllers.deployments import Deployments
from simulator.kube.controllers.disruptions import Disruptions
from simulator.kube.controllers.finished_jobs import FinishedJobs
from simulator.kube.controllers.jobs import Jobs
from simulator.kube.controllers.plane import plane
from simulator.kube.controllers.replicas import ReplicaSets
from simulator.kube.controllers.statefulsets import StatefulSets
from simulator.kube.server.trusted import Trusted

CONTROLLERS = (
    "garbage-collector-controller",
    "namespace-controller",
    "deployment-controller",
    "replicaset-controller",
    "statefulset-controller",
    "daemonset-controller",
    "job-controller",
    "cronjob-controller",
    "ttl-after-finished-controller",
    "disruption-controller",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One server: ``arm`` is ``http`` or ``real``; ``face`` is for what is prepared and not compared."""

    arm: str
    url: str
    face: Face
    port: int

    @contextmanager
    def another_face(self) -> Iterator[Face]:
        """A connection of one's own, for a thread."""
        face = HttpFace(self.arm, self.port)
        try:
            yield face
        finally:
            face.close()

    def kubeconfig(self, folder: Path, namespace: str = "default") -> Path:
        """Write a kubeconfig of the administrator into a folder."""
        path = folder / "kubeconfig"
        path.write_text(json.dumps(kubeconfig(self.url, namespace), indent=1))
        return path

    def fresh_namespace(self, name: str) -> str:
        """Make a namespace that nobody else uses."""
        taken = {item["metadata"]["name"] for item in self.face.send("GET", "/api/v1/namespaces").body["items"]}
        free = next(one for one in (name, *(f"{name}-{number}" for number in range(1, 1000))) if one not in taken)
        answer = self.face.send("POST", "/api/v1/namespaces", {"metadata": {"name": free}})
        assert answer.status == 201, answer.body
        return free


def kubeconfig(url: str, namespace: str) -> dict[str, object]:
    """How the administrator reaches a server on loopback, which makes its own certificate."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": ADMIN, "namespace": namespace}}],
        "clusters": [{"name": "it", "cluster": {"server": url, "insecure-skip-tls-verify": True}}],
        "users": [{"name": ADMIN, "user": {"token": token_of(ADMIN)}}],
    }


@contextmanager
def real(folder: Path) -> Iterator[Cluster]:
    """The real server and the real controllers."""
    with control_plane(folder, controllers=CONTROLLERS) as running, _prepared("real", running.port) as cluster:
        yield cluster


@contextmanager
def simulated() -> Iterator[Cluster]:
    """The simulated server and the simulator's own controllers, on real time: programs have time-outs of their own."""
    with served(speed=1.0, actors=_actors) as running, _prepared("http", running.port) as cluster:
        yield cluster


def _actors(server: Trusted, clock: LoopClock) -> list[Coroutine[Any, Any, None]]:
    shared = plane(server, clock, _Steady(), _Silent(), shown=True)
    loops = [
        kind(shared).loop
        for kind in (Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs, FinishedJobs, CronJobs, Disruptions)
    ]
    views = [view.run() for view in shared.views()]
    return [*views, *[loop.run() for loop in loops], *[one.run() for one in shared.recorders()]]


class _Steady:
    """``Choices`` that are always the same: the smallest."""

    def uniform(self, label: str, low: float, high: float) -> float:
        return low

    def choose(self, label: str, bound: int) -> int:
        return 0


class _Silent:
    def event(self, actor: str, what: str, **fields: object) -> None:
        pass


@contextmanager
def _prepared(arm: str, port: int) -> Iterator[Cluster]:
    face = HttpFace(arm, port)
    try:
        install(face, WIDGETS)
        install(face, GEARS)
        yield Cluster(arm=arm, url=f"https://127.0.0.1:{port}", face=face, port=port)
    finally:
        face.close()
