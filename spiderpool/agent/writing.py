"""Writing claims: every create, update and delete of the agent, with what an unclear answer means.

| answer | create | update | delete |
| --- | --- | --- | --- |
| done | mine | mine | gone |
| AlreadyExists | somebody's; mine only if it carries this attempt's token and an earlier answer was lost (R5) | - | - |
| Conflict | - | look again | look again |
| NotFound | - | look again | gone |
| no answer | same name, same token, again | read it: is it what was written? | again, by the caller |
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from spiderpool.agent.parts import Parts
from spiderpool.ipam.claims import same_attempt
from spiderpool.kube.errors import (
    AlreadyExists,
    Conflict,
    NotFound,
    TooManyRequests,
    Unavailable,
    UnknownOutcome,
)
from spiderpool.ports.entropy import jitter
from spiderpool.resources.claim import SpiderIPAddress
from spiderpool.resources.kinds import CLAIMS

T = TypeVar("T")
ATTEMPTS = 5
BACK_OFF_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Somebody else holds the name; ``by`` is their claim where it had to be read."""

    by: SpiderIPAddress | None = None


async def create(parts: Parts, claim: SpiderIPAddress) -> SpiderIPAddress | Taken:
    """Claim an address: the claim as the server has it, or Taken.

    Raises:
        KubeError: the server could not be asked, or never gave a clear answer; the claim may then exist, or come to
            exist, and the pod is marked uncertain so that the ledger is read before it gets anything else. So it is
            when the call is cancelled, as by a deadline.
    """
    kube, unclear = parts.ports.kube, False
    uid = claim.spec.owner.uid if claim.spec.owner else ""
    for attempt in range(ATTEMPTS):
        try:
            created = await kube.create(CLAIMS, claim)
            return _remember(parts, created)
        except AlreadyExists:
            mine = await _mine_behind(parts, claim) if unclear else Taken()
            if mine is not None:
                return mine
        except asyncio.CancelledError:
            parts.memory.doubt(uid)
            raise
        except UnknownOutcome:
            unclear = True
            parts.memory.doubt(uid)
            if attempt == ATTEMPTS - 1:
                raise
            await _pause(parts, attempt)
        except (TooManyRequests, Unavailable) as error:
            if attempt == ATTEMPTS - 1:
                raise
            await _pause(parts, attempt, error)
    raise UnknownOutcome(f"claim {claim.name}: no clear answer in {ATTEMPTS} attempts")


async def _mine_behind(parts: Parts, claim: SpiderIPAddress) -> SpiderIPAddress | Taken | None:
    """What stands behind a 409 after an answer was lost; None when it has gone in the meantime."""
    try:
        current = await parts.ports.kube.get(CLAIMS, claim.name)
    except NotFound:
        return None
    if claim.spec.owner and same_attempt(current.spec.owner, claim.spec.owner):
        return _remember(parts, current)
    return Taken(by=current)


async def update(parts: Parts, claim: SpiderIPAddress) -> SpiderIPAddress | None:
    """Replace a claim with its resource version; None when it is no longer the one that was judged.

    Raises:
        KubeError: the server could not be asked, or never gave a clear answer; then, and when the call is cancelled,
            the pod is marked uncertain, because the ledger may say more than is remembered.
    """
    before = parts.memory.claims.get(claim.name)
    owner = claim.spec.owner or (before.spec.owner if before else None)
    try:
        return _remember(parts, await _retried(parts, lambda: parts.ports.kube.update(CLAIMS, claim)))
    except (Conflict, NotFound):
        return await _mine_after_update(parts, claim)
    except (UnknownOutcome, asyncio.CancelledError):
        parts.memory.doubt(owner.uid if owner else "")
        raise


async def _mine_after_update(parts: Parts, claim: SpiderIPAddress) -> SpiderIPAddress | None:
    """A conflict may be the echo of an own update whose answer was lost: then what stands there is what was written."""
    current = await read(parts, claim.name)
    if current is not None and current.spec == claim.spec:
        return _remember(parts, current)
    return None


async def read(parts: Parts, name: str) -> SpiderIPAddress | None:
    """A claim as it is now, remembered; None when there is none."""
    try:
        return _remember(parts, await parts.ports.kube.get(CLAIMS, name))
    except NotFound:
        parts.memory.drop(name)
        return None


async def delete(parts: Parts, claim: SpiderIPAddress) -> bool:
    """Delete exactly this incarnation of a claim; False when it is another one by now.

    Raises:
        KubeError: the server could not be asked, or gave no clear answer.
    """
    metadata = claim.metadata
    try:
        await _retried(
            parts,
            lambda: parts.ports.kube.delete(CLAIMS, claim.name, uid=metadata.uid, revision=metadata.resource_version),
        )
    except NotFound:
        pass
    except Conflict:
        return False
    parts.memory.drop(claim.name)
    return True


async def _retried(parts: Parts, call: Callable[[], Awaitable[T]]) -> T:
    """Repeat a write with preconditions while the answer is unclear: repeating it can do no harm."""
    for attempt in range(ATTEMPTS - 1):
        try:
            return await call()
        except (UnknownOutcome, TooManyRequests, Unavailable) as error:
            await _pause(parts, attempt, error)
    return await call()


async def _pause(parts: Parts, attempt: int, error: Exception | None = None) -> None:
    """Wait longer each time, never in step with other nodes, and at least as long as the server asked."""
    least = error.retry_after_seconds if isinstance(error, TooManyRequests) else 0.0
    seconds = max(least, BACK_OFF_SECONDS * 2**attempt)
    await parts.ports.clock.sleep(jitter(parts.ports.entropy, seconds, 0.5))


def _remember(parts: Parts, claim: SpiderIPAddress) -> SpiderIPAddress:
    parts.memory.put(claim, parts.ports.node.name)
    return claim
