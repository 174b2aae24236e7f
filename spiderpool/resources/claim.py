"""SpiderIPAddress: one object per claimed address; its name is the lock (``addresses.claim_name``).

Claiming an address is creating this object, and the API server lets one creator win. There is no finalizer and there
are no owner references: the garbage collector would free an address while an interface still carries it.
"""

from typing import Literal

import msgspec

from spiderpool.resources.addresses import Address, address_of_claim
from spiderpool.resources.meta import ObjectMeta

State = Literal["Claimed", "Parked", "Cooling"]

LABEL_POOL = "ipam.spidernet.io/pool"
LABEL_NODE = "ipam.spidernet.io/node"
LABEL_FAMILY = "ipam.spidernet.io/family"
LABEL_POD_UID = "ipam.spidernet.io/pod-uid"
LABEL_IDENTITY = "ipam.spidernet.io/identity"


class PoolRef(msgspec.Struct, frozen=True, kw_only=True):
    """The pool that an address was handed out from; counts go by address, not by this."""

    name: str
    uid: str


class ControllerRef(msgspec.Struct, frozen=True, kw_only=True):
    """The top controller of a pod."""

    kind: str
    name: str


class Netns(msgspec.Struct, frozen=True, kw_only=True):
    """A network namespace: it lives while ``path`` is an nsfs mount with this inode."""

    path: str
    inode: int


class Owner(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The attachment that carries an address: which pod, where, and which container of it.

    ``since`` is the boot-clock nanosecond at which the plugin process of the ADD started: it orders the containers of
    one pod within one ``boot_id``. ``uid`` is the pod uid as the CNI arguments give it.
    """

    namespace: str
    name: str
    uid: str
    node: str
    machine_id: str = msgspec.field(name="machineID")
    boot_id: str = msgspec.field(name="bootID")
    interface: str
    container_id: str = msgspec.field(name="containerID")
    netns: Netns
    since: int
    pod_created: str = ""
    controller: ControllerRef | None = None


class ClaimSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """``owner`` is absent exactly while the address cools."""

    address: str
    pool: PoolRef
    owner: Owner | None = None
    identity: str = ""
    state: State = "Claimed"
    parked_at: str = ""
    released_at: str = ""


class SpiderIPAddress(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One claim; cluster-scoped, short name ``sip``."""

    metadata: ObjectMeta
    spec: ClaimSpec

    @property
    def address(self) -> Address:
        """The address that this claim locks, from its name."""
        return address_of_claim(self.metadata.name)

    @property
    def name(self) -> str:
        """The canonical name."""
        return self.metadata.name
