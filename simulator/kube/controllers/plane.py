"""What the controllers share: one user's client, the clock, and one cached view of each collection.

As in a real controller manager the views are shared, so sixty pods are watched once and not once per controller.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from simulator.kube.api import Api, Json
from simulator.kube.client import Client
from simulator.kube.controllers.reconciler import Reconciler
from simulator.kube.ports import Choices, Clock, Trace
from simulator.kube.recorder import Events, Recorder, Unrecorded
from simulator.kube.view import View, controller_uid

USER = "system:kube-controller-manager"
PROGRAM = "kube-controller-manager"
COLLECTIONS = (
    "deployments",
    "replicasets",
    "statefulsets",
    "daemonsets",
    "jobs",
    "cronjobs",
    "nodes",
    "leases",
    "controllerrevisions",
    "poddisruptionbudgets",
)


def node_of(pod: Json) -> str:
    """The node that a pod is bound to; empty before."""
    return str((pod.get("spec") or {}).get("nodeName") or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """Views by name; ``pods`` can be asked by ``controller`` (uid of the owner) and by ``node``.

    ``shown``: people look at this cluster, so the controllers also write what nobody else reads: Events, and how many
    pods are leaving. Each of that costs a request.
    """

    client: Client
    clock: Clock
    tape: Choices
    trace: Trace
    events: Events
    shown: bool
    pods: View
    nodes: View
    leases: View
    deployments: View
    replicasets: View
    statefulsets: View
    daemonsets: View
    jobs: View
    cronjobs: View
    controllerrevisions: View
    poddisruptionbudgets: View

    def reconciler(self, name: str, reconcile: Callable[[str], Awaitable[None]]) -> Reconciler:
        """A control loop on this control plane's clock."""
        return Reconciler(name, reconcile, clock=self.clock, tape=self.tape, trace=self.trace)

    def recorders(self) -> list[Recorder]:
        """Who writes what is told: one, or nobody."""
        return [self.events] if isinstance(self.events, Recorder) else []

    def views(self) -> list[View]:
        """All of them, in the order in which they start."""
        return [
            self.nodes,
            self.leases,
            self.pods,
            self.replicasets,
            self.deployments,
            self.statefulsets,
            self.daemonsets,
            self.jobs,
            self.cronjobs,
            self.controllerrevisions,
            self.poddisruptionbudgets,
        ]


def plane(api: Api, clock: Clock, tape: Choices, trace: Trace, *, shown: bool = False) -> Plane:
    """Views that know nothing yet. ``shown``: people look at this cluster; see ``Plane``."""
    client = Client(api=api, user=USER, program=PROGRAM)
    views = {name: View(client, name, clock, tape, indexes={"controller": controller_uid}) for name in COLLECTIONS}
    pods = View(client, "pods", clock, tape, indexes={"controller": controller_uid, "node": node_of})
    told = Recorder(client, clock, tape) if shown else Unrecorded()
    return Plane(client=client, clock=clock, tape=tape, trace=trace, events=told, shown=shown, pods=pods, **views)
