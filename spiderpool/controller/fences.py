"""Which nodes certainly carry nothing any more.

A node is fenced when its object is absent by two live reads one lease apart, or when an administrator has set the
out-of-service taint. Both can be the act of a wrong hand while the node runs on. So a node whose kubelet still renews its
Lease is not fenced, whatever its object says: it lives, and only its own agent may give addresses back.
"""

from dataclasses import dataclass, field

from spiderpool.controller.ports import ControllerPorts
from spiderpool.ipam.reclaim import NodeState, fenced
from spiderpool.kube.errors import Forbidden, NotFound
from spiderpool.resources.core import Lease, Node
from spiderpool.resources.kinds import LEASES, NODES

NODE_LEASE_SECONDS = 40.0  # the kubelet's default
NODE_LEASES = "kube-node-lease"  # the namespace of the kubelets' Leases, one named after each node


@dataclass(frozen=True, slots=True, kw_only=True)
class _FirstLook:
    """When a node first looked fenced, by the monotonic clock, and when its kubelet had last renewed its Lease."""

    at_seconds: float
    renewed: str | None


@dataclass(slots=True)
class Fences:
    """What one leader has seen of nodes that look fenced."""

    ports: ControllerPorts
    _first_looks: dict[str, _FirstLook] = field(default_factory=dict)

    async def look(self, name: str) -> NodeState:
        """Look at a node by live reads: PRESENT when its object is there, DOUBTFUL while it may still be on.

        Raises:
            KubeError: it could not be looked at.
        """
        node, now = await self._node(name), self.ports.clock.monotonic()
        if node is not None and not fenced(node, absent_for_seconds=0.0, lease_seconds=NODE_LEASE_SECONDS):
            self.forget(name)
            return NodeState.PRESENT
        lease = await self._lease(name)
        renewed = None if lease is None else lease.spec.renew_time
        first = self._first_looks.get(name)
        if first is None or (renewed is not None and renewed != first.renewed):
            self._first_looks[name] = _FirstLook(at_seconds=now, renewed=renewed)
            return NodeState.DOUBTFUL
        seen_for = now - first.at_seconds
        is_fenced = fenced(node, absent_for_seconds=seen_for, lease_seconds=NODE_LEASE_SECONDS)
        return NodeState.FENCED if is_fenced and seen_for >= NODE_LEASE_SECONDS else NodeState.DOUBTFUL

    def forget(self, name: str) -> None:
        """A node is there: if it goes away again, that is another absence."""
        self._first_looks.pop(name, None)

    def seconds_left(self, name: str) -> float:
        """How long until another look at a node that is not fenced yet can give another answer."""
        first = self._first_looks.get(name)
        if first is None:
            return NODE_LEASE_SECONDS
        left = first.at_seconds + NODE_LEASE_SECONDS - self.ports.clock.monotonic()
        return left if left > 0 else NODE_LEASE_SECONDS

    async def _node(self, name: str) -> Node | None:
        try:
            return await self.ports.kube.get(NODES, name)
        except NotFound:
            return None

    async def _lease(self, name: str) -> Lease | None:
        try:
            return await self.ports.kube.get(LEASES, name, namespace=NODE_LEASES)
        except (NotFound, Forbidden):
            return None
