"""Which pods have an identity: a name that outlives the pod and whose addresses stay with it.

A StatefulSet's pod ``web-1`` is deleted and made again with another uid; its addresses go to nobody else in between.
The identity of one interface is ``StatefulSet/<namespace>/<pod name>/<interface>``.
"""

import hashlib
import re

from spiderpool.resources.claim import ControllerRef
from spiderpool.resources.core import Pod, StatefulSet
from spiderpool.resources.meta import ObjectMeta

_LABEL = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_ORDINAL = re.compile(r"(?P<set>.+)-(?P<ordinal>0|[1-9][0-9]*)")


def controller_of(metadata: ObjectMeta) -> ControllerRef | None:
    """The owner that controls an object; None for an orphan."""
    for owner in metadata.owner_references:
        if owner.controller:
            return ControllerRef(kind=owner.kind, name=owner.name)
    return None


def identity_of(pod: Pod, interface: str) -> str:
    """The identity whose addresses an interface of this pod gets; empty for a pod without one."""
    controller = controller_of(pod.metadata)
    if controller is None or controller.kind != "StatefulSet":
        return ""
    return f"StatefulSet/{pod.metadata.namespace}/{pod.metadata.name}/{interface}"


def statefulset_of(identity: str) -> tuple[str, str, int] | None:
    """Namespace, StatefulSet name and ordinal that an identity stands for; None when it is not a StatefulSet's."""
    kind, _, rest = identity.partition("/")
    namespace, _, name = rest.partition("/")
    matched = _ORDINAL.fullmatch(name.split("/")[0])
    if kind != "StatefulSet" or matched is None:
        return None
    return namespace, matched["set"], int(matched["ordinal"])


def is_wanted(identity: str, owner: StatefulSet | None) -> bool:
    """Whether a pod of this identity is to exist, by a live read of its StatefulSet (None: there is no such set)."""
    place = statefulset_of(identity)
    if place is None or owner is None or owner.metadata.deletion_timestamp:
        return False
    start = owner.spec.ordinals.start
    return start <= place[2] < start + owner.spec.replicas


def label_value(text: str) -> str:
    """A label value for any text: the text where it is one, else a readable prefix and a hash of the whole."""
    if not text or _LABEL.fullmatch(text):
        return text
    prefix = re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:40].strip("-")
    digest = hashlib.sha256(text.encode()).hexdigest()[:20]
    return f"{prefix}-{digest}" if prefix else digest
