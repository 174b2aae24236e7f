"""Who asks, and which pools may serve: the pod behind an ADD, its identity's claims, and the candidate pools."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spiderpool.agent.attachment import AddCall
from spiderpool.agent.parts import Parts
from spiderpool.agent.pods import find_pod, is_over
from spiderpool.agent.release import claims_of_identity
from spiderpool.ipam.candidates import Candidates, Request, find_candidates
from spiderpool.ipam.identity import identity_of
from spiderpool.ipam.refusals import Code, PoolRefusal, Refusal
from spiderpool.resources.addresses import FAMILIES, Family
from spiderpool.resources.claim import SpiderIPAddress
from spiderpool.resources.core import Pod
from spiderpool.resources.pool import SpiderIPPool


@dataclass(frozen=True, slots=True, kw_only=True)
class Nominated:
    """The pod and what may serve it. ``families`` are those that the interface is to get, IPv4 first."""

    pod: Pod
    identity: str
    of_identity: Sequence[SpiderIPAddress]
    families: tuple[Family, ...]
    pools: Mapping[Family, tuple[SpiderIPPool, ...]]
    source: str
    clean_gateway: bool
    passed_over: tuple[PoolRefusal, ...] = ()


async def nominate(parts: Parts, call: AddCall, answered: Sequence[SpiderIPAddress]) -> Nominated | Refusal:
    """The pod and its candidate pools, or why there are none.

    A pod or identity that was given addresses keeps its families even when no pool would serve it anew: its pool may
    have been disabled since. What a crashed ADD has claimed and nobody was given does not count.

    Args:
        parts: the agent.
        call: the ADD.
        answered: claims of this pod's interface that were given to it.

    Raises:
        KubeError: the API server could not be asked.
    """
    pod = await find_pod(parts, call.namespace, call.name, call.uid)
    if pod is None or pod.metadata.deletion_timestamp or is_over(pod):
        state = "is gone" if pod is None else "is being deleted" if pod.metadata.deletion_timestamp else "has ended"
        return Refusal(
            code=Code.POD_GONE,
            message=f"pod {call.namespace}/{call.name} with uid {call.uid} {state}; nothing to attach",
        )
    identity = identity_of(pod, call.interface)
    of_identity = await claims_of_identity(parts, identity) if identity else []
    found = find_candidates(_request(parts, call, pod), parts.views.pools.items(), _enabled(parts))
    if isinstance(found, Candidates):
        return Nominated(
            pod=pod,
            identity=identity,
            of_identity=of_identity,
            families=tuple(found.pools),
            pools=found.pools,
            source=found.source,
            clean_gateway=found.clean_gateway,
            passed_over=found.passed_over,
        )
    kept = [claim for claim in of_identity if claim.spec.state == "Parked"]
    held = {claim.address.family for claim in (*answered, *kept)}
    if not held:
        return found
    return Nominated(
        pod=pod,
        identity=identity,
        of_identity=of_identity,
        families=tuple(family for family in FAMILIES if family in held),
        pools={},
        source="its present claims",
        clean_gateway=call.clean_gateway,
    )


def _enabled(parts: Parts) -> list[Family]:
    settings = parts.ports.settings
    enabled: dict[Family, bool] = {4: settings.enable_ipv4, 6: settings.enable_ipv6}
    return [family for family in FAMILIES if enabled[family]]


def _request(parts: Parts, call: AddCall, pod: Pod) -> Request:
    namespace = parts.views.namespaces.get(call.namespace)
    node = parts.views.nodes.get(parts.ports.node.name)
    return Request(
        interface=call.interface,
        namespace=call.namespace,
        node=parts.ports.node.name,
        pod_annotations=pod.metadata.annotations,
        pod_labels=pod.metadata.labels,
        namespace_annotations=namespace.metadata.annotations if namespace else {},
        namespace_labels=namespace.metadata.labels if namespace else {},
        node_labels=node.metadata.labels if node else {},
        configured=call.pools,
        clean_gateway=call.clean_gateway,
    )
