"""Whether an identity is still wanted, by a live read: agent and controller must answer alike, or one frees what the
other keeps.
"""

from spiderpool.ipam.identity import is_wanted, statefulset_of
from spiderpool.ipam.reclaim import Identity
from spiderpool.kube.errors import NotFound
from spiderpool.kube.port import Kube
from spiderpool.resources.core import StatefulSet
from spiderpool.resources.kinds import STATEFUL_SETS


async def ask(kube: Kube, identity: str) -> Identity:
    """Whether a pod of this identity is to exist. One of a kind that is not known here counts as wanted: a newer version
    may have given it, and only that one can tell.

    Args:
        kube: for the live read.
        identity: as a claim holds it; empty for none.

    Raises:
        KubeError: the API server could not be asked.
    """
    if not identity:
        return Identity.NONE
    place = statefulset_of(identity)
    if place is None:
        return Identity.WANTED
    found: StatefulSet | None
    try:
        found = await kube.get(STATEFUL_SETS, place[1], namespace=place[0])
    except NotFound:
        found = None
    return Identity.WANTED if is_wanted(identity, found) else Identity.UNWANTED
