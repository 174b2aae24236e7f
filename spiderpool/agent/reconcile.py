"""The agent's own reclaim: it finds the claims of its node whose network namespace is gone and gives them back.

This is the only way by which an address of a living node is freed without a DEL. The evidence is the node's own look
at its namespaces, under the attachment's lock, so that an ADD under way owns its claims (rule R8); "the namespace
exists" is judged, never "the address is on the interface", because between reply and configuration the interface is
still bare (rule R8b).
"""

from spiderpool.agent import writing
from spiderpool.agent.leftovers import sweep_journal, tell_replaced
from spiderpool.agent.parts import Parts
from spiderpool.agent.release import is_carried, lives, refresh, settle
from spiderpool.host.port import HostError
from spiderpool.ipam.reclaim import (
    Keep,
    NodeState,
    NodeWord,
    Observation,
    Park,
    Release,
    Suspect,
    Verdict,
    judge,
    pod_state,
)
from spiderpool.kube import identities
from spiderpool.kube.errors import KubeError, NotFound
from spiderpool.resources.claim import Owner, SpiderIPAddress
from spiderpool.resources.core import ObjectReference
from spiderpool.resources.kinds import CLAIMS, PODS


async def reconcile_node(parts: Parts) -> None:
    """Judge every claim of this node, from a consistent list.

    Raises:
        KubeError: the list could not be had; nothing was freed.
    """
    await refresh(parts)
    for claim in sorted(parts.memory.claims.values(), key=lambda claim: claim.name):
        await reconcile_claim(parts, claim.name)
    await sweep_journal(parts)
    await tell_replaced(parts)


async def reconcile_pod(parts: Parts, uid: str) -> bool:
    """Judge the claims of one pod; True when it has none left."""
    for claim in sorted(parts.memory.of_pod(uid), key=lambda claim: claim.name):
        await reconcile_claim(parts, claim.name)
    return not [claim for claim in parts.memory.of_pod(uid) if claim.spec.state == "Claimed"]


async def reconcile_claim(parts: Parts, name: str) -> None:
    """Judge one claim under its attachment's lock and do what the verdict says. An API server or a node that cannot
    be asked frees nothing.
    """
    claim = parts.memory.claims.get(name)
    owner = claim.spec.owner if claim else None
    if owner is None or not parts.views.is_open():  # what a restored store says is no reason to free anything
        return
    async with parts.locks.of(owner.uid, owner.interface):
        claim = parts.memory.claims.get(name)
        if claim is None or claim.spec.owner != owner or claim.spec.state != "Claimed":
            return
        try:
            await _act(parts, claim, owner)
        except (KubeError, HostError) as error:
            parts.ports.telemetry.log("warning", "claim not judged", address=name, error=str(error))


async def _act(parts: Parts, claim: SpiderIPAddress, owner: Owner) -> None:
    verdict = await _verdict(parts, claim, owner)
    match verdict:
        case Keep() | Suspect():
            return
        case Release(reason="SpareClaim"):  # its identity has another address: parking this one would lose it
            done = await writing.delete(parts, claim)
        case Release() | Park():
            done = await settle(parts, claim) is not None
    if done:
        await _tell(parts, claim, verdict)


async def _verdict(parts: Parts, claim: SpiderIPAddress, owner: Owner) -> Verdict:
    """The reclaim table's word on a claim of this machine; another machine's claims are not ours to attest."""
    if owner.machine_id != parts.ports.node.machine_id:
        return Keep(sentence="kept: claimed by another machine of this node's name; only it may attest")
    if await _is_spare(parts, claim, owner):
        return Release(reason="SpareClaim", sentence="released: another claim of this interface is on the wire")
    if await lives(parts, owner):
        return Keep(sentence="kept: its network namespace lives")
    if await _is_left_behind(parts, owner):
        return Release(reason="LeftBehind", sentence="released: a newer container of its interface runs without it")
    kube = parts.ports.kube
    try:
        pod = await kube.get(PODS, owner.name, namespace=owner.namespace)
    except NotFound:
        pod = None
    return judge(
        Observation(
            pod=pod_state(pod, uid=owner.uid, now=parts.ports.clock.now()),
            word=NodeWord.GONE,
            node=NodeState.PRESENT,
            identity=await identities.ask(kube, claim.spec.identity),
        )
    )


async def _is_spare(parts: Parts, claim: SpiderIPAddress, owner: Owner) -> bool:
    """Whether another claim of this interface and family is on the wire and this one is not (rule R9): the trace of a
    create that committed after it was given up, by this container or by one that is gone.
    """
    siblings = [
        other
        for other in parts.memory.of_attachment(owner.uid, owner.interface)
        if other.name != claim.name and other.address.family == claim.address.family
    ]
    if not siblings or await is_carried(parts, claim):
        return False
    return any([await is_carried(parts, other) for other in siblings])


async def _is_left_behind(parts: Parts, owner: Owner) -> bool:
    """Whether a newer container of this interface is on the wire: it had the choice to adopt the claim, and did not want
    the family. ADD gives such a claim back itself, unless the older container could still bring it up.
    """
    newer = [
        other
        for other in parts.memory.of_attachment(owner.uid, owner.interface)
        if (holder := other.spec.owner) and holder.boot_id == owner.boot_id and holder.since > owner.since
    ]
    return any([await is_carried(parts, other) for other in newer])


async def _tell(parts: Parts, claim: SpiderIPAddress, verdict: Release | Park) -> None:
    owner = claim.spec.owner
    parts.ports.telemetry.count("reclaimed", 1, reason=verdict.reason)
    parts.ports.telemetry.log(
        "info", "leaked address reclaimed", address=claim.spec.address, reason=verdict.reason, verdict=verdict.sentence
    )
    about = ObjectReference(api_version=CLAIMS.api_version, kind=CLAIMS.kind, name=claim.name)
    pod = f"{owner.namespace}/{owner.name}" if owner else "?"
    await parts.events.note(
        about, "AddressReclaimed", f"{claim.spec.address} of pod {pod} {verdict.sentence}", "Normal"
    )
