"""One attachment as the runtime names it: a container, an interface, a network namespace, and the pod behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from spiderpool.host.port import NodeIdentity
from spiderpool.ipam.identity import controller_of
from spiderpool.resources.addresses import Family
from spiderpool.resources.claim import Netns, Owner
from spiderpool.resources.core import Pod


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCall:
    """One ADD. ``since_ns`` and ``deadline_ns`` are of the boot clock; ``pools`` are the names in the CNI configuration."""

    container_id: str
    interface: str
    netns: str
    namespace: str
    name: str
    uid: str
    since_ns: int
    deadline_ns: int
    network: str = ""
    pools: Mapping[Family, Sequence[str]] = field(default_factory=dict)
    clean_gateway: bool = False

    def owner(self, pod: Pod, node: NodeIdentity, inode: int) -> Owner:
        """The owner that a claim of this attachment carries; the uid is the runtime's word (static pods)."""
        return Owner(
            namespace=self.namespace,
            name=self.name,
            uid=self.uid,
            node=node.name,
            machine_id=node.machine_id,
            boot_id=node.boot_id,
            interface=self.interface,
            container_id=self.container_id,
            netns=Netns(path=self.netns, inode=inode),
            since=self.since_ns,
            pod_created=pod.metadata.creation_timestamp or "",
            controller=controller_of(pod.metadata),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DelCall:
    """One DEL: nothing but container and interface is needed; ``netns`` may be empty. ``stamp_ns`` is when it started."""

    container_id: str
    interface: str
    netns: str
    stamp_ns: int
