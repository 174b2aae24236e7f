"""The control around an experiment: brings a cluster up before it and takes it down after it.

chaostoolkit finds providers by module and function name and gives them no place to keep anything, so the session of
the running experiment is kept here.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaos.session import Session
from e2e.cluster import Cluster, apply_files
from e2e.manifests import pools, workload

_running: dict[str, Session] = {}


def session() -> Session:
    """The session of the running experiment.

    Raises:
        RuntimeError: there is none; the experiment lacks the control ``chaos.control``.
    """
    if "session" not in _running:
        raise RuntimeError(
            "no cluster: add the control {name: cluster, provider: {type: python, module: chaos.control}}"
        )
    return _running["session"]


def before_experiment_control(context: Mapping[str, Any], configuration: Mapping[str, Any], **_: Any) -> None:
    """Bring the cluster up with pools and a Deployment ``demo``, before the steady state is asked for."""
    opened = Session(str(configuration.get("backend", "simulator")), int(configuration.get("seed", 7)))
    _running["session"] = opened
    replicas = int(configuration.get("replicas", 4))
    files = [Path(each) for each in configuration.get("manifests", [])]

    async def prepare(cluster: Cluster) -> None:
        await apply_files(cluster, *files)
        if not files:
            await cluster.apply(*pools(), workload("Deployment", "demo", replicas))

    opened.do(prepare)


def after_experiment_control(context: Mapping[str, Any], **_: Any) -> None:
    """Take the cluster down; a rule that an oracle saw broken fails the experiment here."""
    if "session" in _running:
        _running.pop("session").close()
