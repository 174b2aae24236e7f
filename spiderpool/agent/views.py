"""The node's view of the cluster: informers on what an ADD looks at before it claims.

A view may be stale. It nominates pools and tells a pod's labels; what is handed out is verified by live reads.
"""

from dataclasses import dataclass
from typing import Any

from spiderpool.kube.informer import Informer
from spiderpool.resources.core import Namespace, Node, Pod
from spiderpool.resources.ledger import LEDGER_NAME, SpiderLedger
from spiderpool.resources.pool import SpiderIPPool
from spiderpool.resources.reserved import SpiderReservedIP


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """One informer per kind; pods and nodes of this node only."""

    pods: Informer[Pod]
    pools: Informer[SpiderIPPool]
    reservations: Informer[SpiderReservedIP]
    namespaces: Informer[Namespace]
    nodes: Informer[Node]
    ledgers: Informer[SpiderLedger]

    def all(self) -> list[Informer[Any]]:
        """Every informer, to be run and waited for."""
        return [self.pods, self.pools, self.reservations, self.namespaces, self.nodes, self.ledgers]

    def is_open(self) -> bool:
        """Whether addresses may be handed out: the ledger's switch exists and is open."""
        ledger = self.ledgers.get(LEDGER_NAME)
        return ledger is not None and ledger.spec.mode == "Open"
