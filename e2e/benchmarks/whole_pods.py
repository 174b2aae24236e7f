"""Whole pods on the local backend: 100 pods on 2 nodes with our IPAM against the same with host-local.

Real kubelets, containerd, runc and macvlan; dual-stack both times. host-local keeps its addresses in files of the node
and asks nobody, so it is the least that an IPAM can cost. One cluster after the other, each with nothing else
in it, and every second round begins with the other IPAM, so that a slow minute meets both alike; the figures are the
medians. The pods are bare, with their node given, so that no scheduler and no workload controller is measured.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from e2e import manifests
from e2e.backends.local import installed, requirements
from e2e.backends.local.cluster import LocalCluster
from e2e.backends.local.waiting import until
from e2e.benchmarks.figure import Figure, SkippedError, exactly, middle, ratio_at_most
from e2e.benchmarks.objects import PLAIN_PODS
from spiderpool.resources.kinds import CLAIMS, POOLS

NODES, PODS, ROUNDS = 2, 100, 4
WITHIN_SECONDS = 300.0
PREFIX = "bench"


def run() -> Iterator[Figure]:
    """100 pods on 2 real nodes, to all Running and to all gone, against host-local."""
    missing = [str(each) for each in (*requirements.missing(), *installed.missing())]
    if missing:
        raise SkippedError("; ".join(missing))
    seconds: dict[str, list[tuple[float, float]]] = {"ours": [], "host-local": []}
    left = 0
    for number in range(ROUNDS):
        for who in sorted(seconds, reverse=bool(number % 2)):
            with _cluster(who) as cluster:
                seconds[who].append(_play(cluster))
                left += _claims_left(cluster) if who == "ours" else 0
    for index, what in enumerate(("all Running", "all gone")):
        ours, floor = ([round(each[index], 1) for each in seconds[who]] for who in ("ours", "host-local"))
        yield Figure(
            name=f"{PODS} pods on {NODES} real nodes, {what}",
            value=middle(ours),
            unit="s",
            floor=middle(floor),
            goal=ratio_at_most(1.1) if what == "all Running" else None,
            note=f"ours {ours}, host-local {floor}",
        )
    yield Figure(name="claims left after all pods are gone", value=left, unit="claims", goal=exactly(0))


@contextmanager
def _cluster(who: str) -> Iterator[LocalCluster]:
    """A cluster whose nodes have host-local, or Spiderpool with pools that are large enough."""
    with tempfile.TemporaryDirectory(prefix="spiderpool-bench-") as made:
        folder = Path(made, "cluster")
        if who == "host-local":
            with LocalCluster(folder, PREFIX, NODES, say=_quiet) as cluster:
                yield cluster
            return
        with installed.make_cluster(folder, PREFIX, NODES) as cluster:
            installed.install(cluster)
            for pool in manifests.pools("10-200"):
                cluster.api.request("POST", POOLS.collection_path(), pool)
            yield cluster


def _quiet(_: str) -> None:
    """Progress of a cluster's start, which nobody wants to read here."""


def _play(cluster: LocalCluster) -> tuple[float, float]:
    """Seconds until all pods run, and until all are gone."""
    pods = PLAIN_PODS.collection_path("default")
    began = time.monotonic()
    for number in range(PODS):
        cluster.api.request("POST", pods, manifests.pod(f"pod-{number}", node=f"n{number % NODES + 1}"))
    until("all pods run", lambda: _running(cluster) == PODS, within_seconds=WITHIN_SECONDS, every_seconds=0.2)
    running = time.monotonic() - began
    began = time.monotonic()
    cluster.api.request("DELETE", pods)
    until("all pods are gone", lambda: not _pods(cluster), within_seconds=WITHIN_SECONDS, every_seconds=0.2)
    return running, time.monotonic() - began


def _pods(cluster: LocalCluster) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cluster.api.request("GET", PLAIN_PODS.collection_path("default"))["items"]
    return found


def _running(cluster: LocalCluster) -> int:
    return sum((pod.get("status") or {}).get("phase") == "Running" for pod in _pods(cluster))


def _claims_left(cluster: LocalCluster) -> int:
    """Claims that are still there a while after the last pod; a slow DEL is given its time."""

    def left() -> list[Any]:
        found: list[Any] = cluster.api.request("GET", CLAIMS.collection_path())["items"]
        return found

    try:
        until("no claim is left", lambda: not left(), within_seconds=60)
    except TimeoutError:
        return len(left())
    return 0
