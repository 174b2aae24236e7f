"""The verifying read: pools and reserved addresses as they stand after every claim that it serves was answered.

Many ADDs share one read, but only those whose claims were answered before it was sent (rule E3): ``Batched`` promises
that. Both reads go out at once.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from spiderpool.agent.parts import Parts
from spiderpool.resources.pool import SpiderIPPool
from spiderpool.resources.reserved import SpiderReservedIP


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyingRead:
    """Pools by name, None for one that is gone, and every reservation."""

    pools: dict[str, SpiderIPPool | None]
    reservations: Sequence[SpiderReservedIP]


async def verifying_read(parts: Parts, names: Sequence[str]) -> VerifyingRead:
    """Read the named pools and all reservations, sent after this call.

    Raises:
        KubeError: the API server could not be asked.
    """
    wanted = list(dict.fromkeys(names))
    reservations = asyncio.ensure_future(parts.reads.reservations.after_now())
    pools = [asyncio.ensure_future(parts.reads.pool.after_now(name)) for name in wanted]
    try:
        await asyncio.gather(reservations, *pools)
    except BaseException:
        for read in (reservations, *pools):
            read.cancel()
        await asyncio.gather(reservations, *pools, return_exceptions=True)
        raise
    return VerifyingRead(
        pools={name: read.result() for name, read in zip(wanted, pools, strict=True)},
        reservations=reservations.result().items,
    )
