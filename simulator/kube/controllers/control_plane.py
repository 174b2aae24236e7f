"""The cluster's controllers, as coroutines that a world runs: views, scheduler, workloads, budgets, node lifecycle, pod GC.

Owners' garbage collection and namespaces belong to the API server's side and are not here.
"""

from collections.abc import Coroutine
from typing import Any

from simulator.kube.api import Api
from simulator.kube.controllers.cronjobs import CronJobs
from simulator.kube.controllers.daemonsets import DaemonSets
from simulator.kube.controllers.deployments import Deployments
from simulator.kube.controllers.disruptions import Disruptions
from simulator.kube.controllers.finished_jobs import FinishedJobs
from simulator.kube.controllers.jobs import Jobs
from simulator.kube.controllers.node_lifecycle import NodeLifecycle
from simulator.kube.controllers.plane import plane
from simulator.kube.controllers.pod_gc import PodGc
from simulator.kube.controllers.replicas import ReplicaSets
from simulator.kube.controllers.scheduler import Scheduler
from simulator.kube.controllers.statefulsets import StatefulSets
from simulator.kube.ports import Choices, Clock, Trace


def control_plane(
    api: Api, clock: Clock, tape: Choices, trace: Trace, *, shown: bool = False
) -> list[Coroutine[Any, Any, None]]:
    """All controllers over shared views. Each coroutine runs until it is cancelled; cancel all to crash them.

    Args:
        api: the way to the API server.
        clock: the control plane's own clock; its monotonic time must never go back.
        tape: picks reaction times and breaks ties.
        trace: what the controllers report to.
        shown: whether people look at this cluster; see ``Plane``.
    """
    shared = plane(api, clock, tape, trace, shown=shown)
    loops = [
        kind(shared).loop
        for kind in (
            Scheduler,
            Deployments,
            ReplicaSets,
            StatefulSets,
            DaemonSets,
            Jobs,
            FinishedJobs,
            CronJobs,
            Disruptions,
        )
    ]
    rest = [NodeLifecycle(shared).run(), PodGc(shared).run(), *[one.run() for one in shared.recorders()]]
    return [*[view.run() for view in shared.views()], *[loop.run() for loop in loops], *rest]
