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
    """The pool that an address was handed out from; counts go by address, not by this.

    Attributes:
        name: The pool's name.
        uid: The pool's uid.
    """

    name: str
    uid: str


class ControllerRef(msgspec.Struct, frozen=True, kw_only=True):
    """The top controller of a pod.

    Attributes:
        kind: Its kind, such as StatefulSet.
        name: Its name, in the pod's namespace.
    """

    kind: str
    name: str


class Netns(msgspec.Struct, frozen=True, kw_only=True):
    """A network namespace: it lives while its path is an nsfs mount with this inode.

    Attributes:
        path: Where it is mounted on the node.
        inode: Its inode, which tells it from a later namespace at the same path.
    """

    path: str
    inode: int


class Owner(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The attachment that carries an address: which pod, where, and which container of it.

    Attributes:
        namespace: The pod's namespace.
        name: The pod's name.
        uid: The pod's uid as the container runtime gives it.
        node: The node that the pod runs on.
        machine_id: The machine id of that node; only the same machine may say that the address is off the wire.
        boot_id: The boot of that node; another boot of the same machine has none of its network namespaces.
        interface: The interface inside the pod.
        container_id: The sandbox of the pod.
        netns: The network namespace of the sandbox.
        since: Boot-clock nanosecond at which the attachment began; orders the sandboxes of one pod within one boot.
        pod_created: When the pod object was created; orders the incarnations of one identity.
        controller: The pod's top controller, where it has one.
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
    """Who holds the address, and how firmly.

    Attributes:
        address: The address with the prefix length of its subnet, such as 10.0.0.10/24. It never changes.
        pool: The pool that it was handed out from.
        owner: The attachment that carries the address; absent exactly while it cools.
        identity: The lasting identity that the address belongs to, kind/namespace/name; empty for stateless pods.
        state: Claimed by its owner; Parked for its identity, on no interface; Cooling, held by nobody.
        parked_at: When it was parked.
        released_at: When its cooldown began.
    """

    address: str
    pool: PoolRef
    owner: Owner | None = None
    identity: str = ""
    state: State = "Claimed"
    parked_at: str = ""
    released_at: str = ""


class SpiderIPAddress(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The claim of one address; its name is the address. Cluster-scoped, short name ``sip``.

    Attributes:
        metadata: Standard object metadata.
        spec: Who holds the address, and how firmly.
    """

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
