"""Whether an identity's address that another incarnation still claims is certainly off the wire (rule R7).

Evidence is this node's own look at its own namespaces. An address of another node comes when it is parked: by that node's
agent, or by the controller once the node is fenced. Everything else means: wait, and never choose another address.
"""

from spiderpool.agent.parts import Parts
from spiderpool.agent.pods import is_over, live_pod
from spiderpool.agent.release import lives
from spiderpool.ipam.attach import HolderFacts, may_take_over
from spiderpool.ipam.refusals import Code, Refusal
from spiderpool.resources.claim import Owner, SpiderIPAddress


async def may_adopt_held(parts: Parts, claim: SpiderIPAddress) -> Refusal | None:
    """None when the address may be adopted; else the refusal that makes the runtime come again.

    Raises:
        KubeError: the API server could not be asked.
    """
    owner = claim.spec.owner
    if owner is None or may_take_over(await _facts(parts, owner)):
        return None
    return Refusal(
        code=Code.TRY_AGAIN,
        message=f"address {claim.spec.address} of {claim.spec.identity} is still on node {owner.node} "
        f"(pod uid {owner.uid}); it moves when that node gives it back, or is taken out of service",
    )


async def _facts(parts: Parts, owner: Owner) -> HolderFacts:
    same_machine = owner.machine_id == parts.ports.node.machine_id and owner.node == parts.ports.node.name
    pod = await live_pod(parts, owner.namespace, owner.name, owner.uid)
    return HolderFacts(
        same_machine=same_machine,
        netns_gone=same_machine and not await lives(parts, owner),
        pod_gone=pod is None or is_over(pod),
    )
