"""Gives back what no agent can: claims of fenced nodes, parked claims that nobody wants, cooling claims that are over.

A nominated claim is read live, so is everything that its verdict rests on (``ipam/reclaim.py`` judges), and the delete
or update carries uid and resource version of the copy that was judged: whoever wrote the claim in between wins, and the
claim is judged anew (ledger rules R1, R6, C1). A node that may still be on is left alone. Nothing is freed while the
ledger is recovering, or while the API server cannot be read.
"""

from dataclasses import dataclass

from spiderpool.controller.fences import Fences
from spiderpool.controller.ports import ControllerPorts
from spiderpool.controller.views import Views
from spiderpool.ipam.claims import is_newer_of_identity, parked
from spiderpool.ipam.reclaim import (
    Keep,
    NodeState,
    NodeWord,
    Observation,
    Park,
    Release,
    Suspect,
    Verdict,
    cooling_seconds_left,
    judge,
    judge_cooling,
    judge_parked,
    pod_state,
)
from spiderpool.kube import identities
from spiderpool.kube.errors import Conflict, NotFound
from spiderpool.observe.events import Events
from spiderpool.ports.clock import rfc3339
from spiderpool.resources.claim import Owner, SpiderIPAddress
from spiderpool.resources.core import ObjectReference, Pod
from spiderpool.resources.kinds import CLAIMS, LEDGERS, PODS
from spiderpool.resources.ledger import LEDGER_NAME

RECOVERING_SECONDS = 30.0  # between two looks at a ledger that is recovering


@dataclass(slots=True)
class Reclaimer:
    """Works the nominated claims, one call for each."""

    ports: ControllerPorts
    views: Views
    events: Events
    fences: Fences

    async def reclaim(self, name: str) -> None:
        """Look at one claim and do what its verdict says.

        Raises:
            KubeError: something could not be read, or a write had no clear answer; the claim is to be looked at again.
        """
        try:
            claim = await self.ports.kube.get(CLAIMS, name)
        except NotFound:
            return
        verdict = await self._judge(claim)
        if isinstance(verdict, Keep | Suspect):
            self._look_again(claim, verdict)
        elif not await self._is_open():
            self.views.nominations.add_after(name, RECOVERING_SECONDS)
        else:
            await self._act(claim, verdict)

    async def _judge(self, claim: SpiderIPAddress) -> Verdict:
        owner = claim.spec.owner
        if claim.spec.state == "Cooling" or owner is None:
            return judge_cooling(claim.spec.released_at, self._cooldown_seconds(claim), self.ports.clock.now())
        if claim.spec.state == "Parked":
            newer = await self._is_newer_claimed(claim)
            return judge_parked(await identities.ask(self.ports.kube, claim.spec.identity), is_newer_claimed=newer)
        node = await self.fences.look(owner.node)
        if node is NodeState.PRESENT:
            return Keep(
                sentence=f"kept: node {owner.node} is there and not fenced; only its own agent may give its addresses back"
            )
        pod = pod_state(await self._pod(owner), uid=owner.uid, now=self.ports.clock.now())
        identity = await identities.ask(self.ports.kube, claim.spec.identity)
        verdict = judge(Observation(pod=pod, word=NodeWord.SILENT, node=node, identity=identity))
        if isinstance(verdict, Park) and await self._is_newer_claimed(claim):
            return Release(reason="NewerClaim", sentence=f"{verdict.sentence}, but a newer pod of it has an address")
        return verdict

    def _look_again(self, claim: SpiderIPAddress, verdict: Keep | Suspect) -> None:
        """Set the next look where time alone can change the verdict; anything else is told by a change."""
        if claim.spec.state == "Cooling":
            left = cooling_seconds_left(claim.spec.released_at, self._cooldown_seconds(claim), self.ports.clock.now())
            self.views.nominations.add_after(claim.name, left)
        elif isinstance(verdict, Suspect) and claim.spec.owner is not None:
            self.views.nominations.add_after(claim.name, self.fences.seconds_left(claim.spec.owner.node))

    async def _act(self, claim: SpiderIPAddress, verdict: Release | Park) -> None:
        """Write the verdict against exactly the claim that was judged."""
        kube, metadata = self.ports.kube, claim.metadata
        try:
            if isinstance(verdict, Park):
                await kube.update(CLAIMS, parked(claim, rfc3339(self.ports.clock.now())))
            else:
                await kube.delete(CLAIMS, claim.name, uid=metadata.uid, revision=metadata.resource_version)
        except NotFound:
            return
        except Conflict:
            self.views.nominations.add(claim.name)
            return
        word = "park" if isinstance(verdict, Park) else "release"
        self.ports.telemetry.count("ip_gc", verdict=word, reason=verdict.reason)
        self.ports.telemetry.log("info", verdict.sentence, claim=claim.name, verdict=word, reason=verdict.reason)
        about = ObjectReference(api_version=CLAIMS.api_version, kind=CLAIMS.kind, name=claim.name, uid=metadata.uid)
        await self.events.note(about, verdict.reason, verdict.sentence)

    async def _is_open(self) -> bool:
        """Whether anything may be freed: the ledger's switch exists and is open, by a live read."""
        try:
            ledger = await self.ports.kube.get(LEDGERS, LEDGER_NAME)
        except NotFound:
            return False
        return ledger.spec.mode == "Open"

    async def _is_newer_claimed(self, claim: SpiderIPAddress) -> bool:
        """Whether a newer pod of the same identity has a claim: the copy names candidates, a live read decides."""
        for other in self.views.of_identity(claim.spec.identity) if claim.spec.identity else ():
            if is_newer_of_identity(other, claim):
                try:
                    current = await self.ports.kube.get(CLAIMS, other.name)
                except NotFound:
                    continue
                if is_newer_of_identity(current, claim):
                    return True
        return False

    async def _pod(self, owner: Owner) -> Pod | None:
        try:
            return await self.ports.kube.get(PODS, owner.name, namespace=owner.namespace)
        except NotFound:
            return None

    def _cooldown_seconds(self, claim: SpiderIPAddress) -> int:
        pool = self.views.pools.get(claim.spec.pool.name)
        return 0 if pool is None else pool.spec.cooldown_seconds
