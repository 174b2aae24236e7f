"""The kinds that the product speaks with the API server about, as descriptors for the Kube port."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from spiderpool.resources import core
from spiderpool.resources.claim import SpiderIPAddress
from spiderpool.resources.endpoint import SpiderEndpoint
from spiderpool.resources.ledger import SpiderLedger
from spiderpool.resources.pool import SpiderIPPool
from spiderpool.resources.reserved import SpiderReservedIP

T = TypeVar("T")

GROUP = "spiderpool.spidernet.io"
VERSION = "v2beta1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[T]):
    """One kind: where it lives in the API and which model it is read into."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    model: type[T]

    @property
    def api_version(self) -> str:
        """``v1`` or ``group/version``, as objects carry it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def collection_path(self, namespace: str = "") -> str:
        """The URL path of the collection; an empty namespace means all of them."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return f"{root}/namespaces/{namespace}/{self.plural}" if namespace else f"{root}/{self.plural}"

    def path(self, name: str, namespace: str = "", subresource: str = "") -> str:
        """The URL path of one object or one of its subresources."""
        path = f"{self.collection_path(namespace)}/{name}"
        return f"{path}/{subresource}" if subresource else path


AnyKind = Kind[Any]


def _own(kind: str, plural: str, model: type[T], *, namespaced: bool = False) -> Kind[T]:
    return Kind(group=GROUP, version=VERSION, kind=kind, plural=plural, namespaced=namespaced, model=model)


POOLS = _own("SpiderIPPool", "spiderippools", SpiderIPPool)
RESERVED_IPS = _own("SpiderReservedIP", "spiderreservedips", SpiderReservedIP)
CLAIMS = _own("SpiderIPAddress", "spideripaddresses", SpiderIPAddress)
LEDGERS = _own("SpiderLedger", "spiderledgers", SpiderLedger)
ENDPOINTS = _own("SpiderEndpoint", "spiderendpoints", SpiderEndpoint, namespaced=True)

PODS = Kind(group="", version="v1", kind="Pod", plural="pods", namespaced=True, model=core.Pod)
NODES = Kind(group="", version="v1", kind="Node", plural="nodes", namespaced=False, model=core.Node)
NAMESPACES = Kind(group="", version="v1", kind="Namespace", plural="namespaces", namespaced=False, model=core.Namespace)
EVENTS = Kind(group="", version="v1", kind="Event", plural="events", namespaced=True, model=core.Event)
STATEFUL_SETS = Kind(
    group="apps", version="v1", kind="StatefulSet", plural="statefulsets", namespaced=True, model=core.StatefulSet
)
LEASES = Kind(
    group="coordination.k8s.io", version="v1", kind="Lease", plural="leases", namespaced=True, model=core.Lease
)
VALIDATING_WEBHOOKS = Kind(
    group="admissionregistration.k8s.io",
    version="v1",
    kind="ValidatingWebhookConfiguration",
    plural="validatingwebhookconfigurations",
    namespaced=False,
    model=core.WebhookConfiguration,
)
