"""SpiderEndpoints: each pod's own view of its addresses, written off the critical path and derived from the claims.

Nothing decides by an endpoint, so it may be late; it is written again whenever the claims of its pod change, and goes
with its pod by the garbage collector.
"""

import contextlib
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from spiderpool.agent.parts import Parts
from spiderpool.agent.pods import find_pod
from spiderpool.kube.errors import AlreadyExists, Conflict, NotFound
from spiderpool.resources.claim import Owner, SpiderIPAddress
from spiderpool.resources.core import Pod
from spiderpool.resources.endpoint import EndpointCurrent, EndpointIP, EndpointStatus, SpiderEndpoint
from spiderpool.resources.kinds import ENDPOINTS
from spiderpool.resources.meta import ObjectMeta, OwnerReference

Key = tuple[str, str, str]  # namespace, pod name, pod uid


async def write_endpoint(parts: Parts, key: Key) -> None:
    """Make a pod's endpoint say what its claims say; an endpoint without claims is deleted.

    Raises:
        KubeError: try again later.
    """
    namespace, name, uid = key
    claims = [claim for claim in parts.memory.of_pod(uid) if claim.spec.state == "Claimed"]
    if not claims:
        await _delete(parts, key)
        return
    pod = await find_pod(parts, namespace, name, uid)
    if pod is not None:
        await _write(parts, _endpoint(parts, pod, uid, claims), uid)


async def _delete(parts: Parts, key: Key) -> None:
    """Delete a pod's endpoint, and never that of its successor, which has the same name."""
    namespace, name, uid = key
    kube = parts.ports.kube
    with contextlib.suppress(NotFound, Conflict):  # nobody wrote it, or the garbage collector was faster
        written = parts.memory.endpoints.get(uid)
        if written is None:  # by another incarnation of the agent, if at all
            current = await kube.get(ENDPOINTS, name, namespace=namespace)
            written = current.metadata.uid if current.status and current.status.current.uid == uid else None
        if written is not None:
            await kube.delete(ENDPOINTS, name, namespace=namespace, uid=written)
    parts.memory.endpoints.pop(uid, None)


async def _write(parts: Parts, wanted: SpiderEndpoint, uid: str) -> None:
    """Create, since most pods are new: a look before it would double the requests of a burst."""
    kube = parts.ports.kube
    try:
        made = await kube.create(ENDPOINTS, wanted)
        parts.memory.endpoints[uid] = made.metadata.uid
    except AlreadyExists:
        current = await kube.get(ENDPOINTS, wanted.metadata.name, namespace=wanted.metadata.namespace)
        if current.status != wanted.status:
            metadata = replace(current.metadata, owner_references=wanted.metadata.owner_references)
            await kube.update(ENDPOINTS, SpiderEndpoint(metadata=metadata, status=wanted.status))
        parts.memory.endpoints[uid] = current.metadata.uid


def _endpoint(parts: Parts, pod: Pod, uid: str, claims: Sequence[SpiderIPAddress]) -> SpiderEndpoint:
    owner = claims[0].spec.owner
    controller = owner.controller if owner else None
    reference = OwnerReference(api_version="v1", kind="Pod", name=pod.metadata.name, uid=pod.metadata.uid)
    return SpiderEndpoint(
        metadata=ObjectMeta(name=pod.metadata.name, namespace=pod.metadata.namespace, owner_references=(reference,)),
        status=EndpointStatus(
            current=EndpointCurrent(uid=uid, node=parts.ports.node.name, ips=_ips(parts, claims)),
            owner_controller_type=controller.kind if controller else "Pod",
            owner_controller_name=controller.name if controller else pod.metadata.name,
        ),
    )


def _ips(parts: Parts, claims: Sequence[SpiderIPAddress]) -> tuple[EndpointIP, ...]:
    """One entry per interface, eth0 first."""
    by_interface: dict[str, dict[str, Any]] = {}
    for claim in sorted(claims, key=lambda claim: (claim.address.family, claim.name)):
        owner: Owner | None = claim.spec.owner
        if owner is None:
            continue
        pool = parts.views.pools.get(claim.spec.pool.name)
        family = f"ipv{claim.address.family}"
        by_interface.setdefault(owner.interface, {}).update(
            {
                family: claim.spec.address,
                f"{family}_pool": claim.spec.pool.name,
                f"{family}_gateway": pool.spec.gateway if pool else None,
            }
        )
    return tuple(EndpointIP(interface=name, **fields) for name, fields in sorted(by_interface.items()))
