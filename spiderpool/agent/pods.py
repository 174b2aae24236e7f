"""Finding the pod behind a CNI call: the node's view first, the API server when the view does not have it.

The runtime names a static pod by its config hash, not by the uid of its mirror object; both are accepted.
"""

from spiderpool.agent.parts import Parts
from spiderpool.kube.errors import NotFound
from spiderpool.resources.core import Pod, uids_of
from spiderpool.resources.kinds import PODS


def is_incarnation(pod: Pod | None, uid: str) -> bool:
    """Whether a pod object is the incarnation that the runtime calls ``uid``."""
    return pod is not None and uid in uids_of(pod)


def is_over(pod: Pod) -> bool:
    """Whether the pod has ended for good and holds no network any more."""
    return pod.status.phase in ("Succeeded", "Failed")


async def find_pod(parts: Parts, namespace: str, name: str, uid: str) -> Pod | None:
    """The pod, or None when this incarnation is gone; a miss in the view costs one live GET.

    Raises:
        KubeError: the API server could not be asked.
    """
    seen = parts.views.pods.get(name, namespace)
    return seen if is_incarnation(seen, uid) else await live_pod(parts, namespace, name, uid)


async def live_pod(parts: Parts, namespace: str, name: str, uid: str) -> Pod | None:
    """The pod by a live GET; None when this incarnation is gone."""
    try:
        pod = await parts.ports.kube.get(PODS, name, namespace=namespace)
    except NotFound:
        return None
    return pod if is_incarnation(pod, uid) else None
