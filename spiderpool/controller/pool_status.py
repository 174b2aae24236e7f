"""Keeps the status of every pool true: counts, usage summary, who is outside, ``Settled``; and lets deleted pools go.

Level-triggered: any change of a pool, a reservation or a claim asks for a pass; a pass looks at everything as it stands
and writes what differs, at most once a second, and nothing at rest. Runs on the leader only.

| what is published | read from |
| --- | --- |
| counts, usage summary | the informer's copy of the claims: they are hints and converge |
| ``outOfSpec``, ``Settled`` | one consistent list, sent *after* the specs of the pass were read (ledger rule E4) |
| finalizer taken off | one consistent list, sent *after* the deletionTimestamp was seen |

Why the order: an agent creates its claim and then reads the pool. A claim that the list does not show was created after
it, so the agent's read comes after the edit, and the agent gives the claim back. Once a list has settled a generation it
stays settled; the list is asked again only when the copy shows another set of claims outside than the list did.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from spiderpool.controller.census import Census
from spiderpool.controller.pool_figures import (
    Ranges,
    holders,
    outside,
    ranges_of,
    says_the_same,
    status_of,
    unreadable_status,
)
from spiderpool.controller.ports import ControllerPorts
from spiderpool.controller.views import Views
from spiderpool.kube.errors import Conflict, KubeError, NotFound
from spiderpool.ports.clock import rfc3339
from spiderpool.ports.entropy import jitter
from spiderpool.resources.addresses import Address
from spiderpool.resources.intervals import IntervalSet
from spiderpool.resources.kinds import CLAIMS, POOLS
from spiderpool.resources.pool import PoolStatus, SpiderIPPool
from spiderpool.resources.reserved import SpiderReservedIP

FINALIZER = "spiderpool.spidernet.io"
PASS_SECONDS = 1.0  # between two passes; doubled after each failure in a row, five times at most
FAILURES_MAX = 5
JITTER_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """What the last consistent list said of a pool, and for which uid, generation and allowed addresses."""

    uid: str
    generation: int
    allowed: IntervalSet
    out_of_spec: tuple[Address, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """One pool as a pass sees it; ``ranges`` is absent where the texts cannot be read, ``error`` says why."""

    pool: SpiderIPPool
    ranges: Ranges | None = None
    error: str = ""


@dataclass(slots=True)
class PoolStatusKeeper:
    """The leader's memory of the pools; a new leader starts with an empty one."""

    ports: ControllerPorts
    views: Views
    _judged: dict[str, _Judged] = field(default_factory=dict)

    async def run(self) -> None:
        """Make a pass whenever something has changed, until cancelled."""
        clock, changed, failures = self.ports.clock, self.views.pools_changed, 0
        changed.set()
        while True:
            await changed.wait()
            changed.clear()
            try:
                await self.look_once()
                failures = 0
            except KubeError as error:
                changed.set()
                failures = min(failures + 1, FAILURES_MAX)
                self.ports.telemetry.log("warning", "pools could not be counted; trying again", error=str(error))
            await clock.sleep(jitter(self.ports.entropy, PASS_SECONDS * 2**failures, JITTER_SHARE * bool(failures)))

    async def look_once(self) -> None:
        """One pass over all pools.

        Raises:
            KubeError: the claims could not be listed, or a write had no clear answer; the pass is to be repeated.
        """
        reservations = self.views.reservations.items()
        looks = [_look(pool, reservations) for pool in self.views.pools.items()]
        self._forget_others(looks)
        census, revision = self.views.census, self.views.claims.revision
        if any(self._needs_list(look, census) for look in looks):
            listing = await self.ports.kube.list(CLAIMS)
            census, revision = Census(listing.items), listing.revision
            for look in looks:
                self._judge(look, census)
            await self._take_off_finalizers(looks, census)
        for look in looks:
            await self._settle(look, census, revision)

    def _needs_list(self, look: _Look, census: Census) -> bool:
        """Whether the copy of the claims gives reason to ask for the truth."""
        pool, ranges = look.pool, look.ranges
        if pool.metadata.deletion_timestamp and not holders(pool, ranges, census):
            return True
        return ranges is not None and self._judged.get(pool.metadata.name) != _judgement(pool, ranges, census)

    def _judge(self, look: _Look, census: Census) -> None:
        if look.ranges is not None:
            self._judged[look.pool.metadata.name] = _judgement(look.pool, look.ranges, census)

    async def _take_off_finalizers(self, looks: Sequence[_Look], census: Census) -> None:
        for look in looks:
            metadata = look.pool.metadata
            is_mine = metadata.deletion_timestamp and FINALIZER in metadata.finalizers
            if is_mine and not holders(look.pool, look.ranges, census):
                await self._write_finalizers(look.pool, [item for item in metadata.finalizers if item != FINALIZER])

    async def _settle(self, look: _Look, census: Census, revision: str) -> None:
        """Write what differs for one pool."""
        pool, now = look.pool, rfc3339(self.ports.clock.now())
        if pool.metadata.deletion_timestamp and not holders(pool, look.ranges, census):
            return  # it is going, or waits for finalizers of others
        if not pool.metadata.deletion_timestamp and FINALIZER not in pool.metadata.finalizers:
            await self._write_finalizers(pool, [*pool.metadata.finalizers, FINALIZER])
            return  # the pool has another resource version now; its change asks for the next pass
        if look.ranges is None:
            await self._write_status(pool, unreadable_status(pool, look.error, now))
            return
        judged = self._judged[pool.metadata.name]
        status = status_of(pool, look.ranges, census, revision=revision, out_of_spec=judged.out_of_spec, now=now)
        labels = {"pool": pool.metadata.name}
        self.ports.telemetry.gauge("pool_total", float(status.total_ip_count or 0), **labels)
        self.ports.telemetry.gauge("pool_allocated", float(status.allocated_ip_count or 0), **labels)
        self.ports.telemetry.gauge("pool_out_of_spec", float(len(judged.out_of_spec)), **labels)
        await self._write_status(pool, status)

    async def _write_status(self, pool: SpiderIPPool, status: PoolStatus) -> None:
        if says_the_same(pool.status, status):
            return
        try:
            await self.ports.kube.update_status(POOLS, replace(pool, status=status))
        except (Conflict, NotFound):
            # The pool has changed: the informer will tell, and that asks for the next pass.
            self.ports.telemetry.count("pool_status_writes", outcome="conflict")
        else:
            self.ports.telemetry.count("pool_status_writes", outcome="written")

    async def _write_finalizers(self, pool: SpiderIPPool, finalizers: Sequence[str]) -> None:
        merge = {"metadata": {"finalizers": list(finalizers), "resourceVersion": pool.metadata.resource_version}}
        try:
            await self.ports.kube.patch(POOLS, pool.metadata.name, merge)
        except (Conflict, NotFound):
            self.ports.telemetry.count("pool_status_writes", outcome="conflict")

    def _forget_others(self, looks: Sequence[_Look]) -> None:
        known = {look.pool.metadata.name: None for look in looks}
        self._judged = {name: judged for name, judged in self._judged.items() if name in known}


def _look(pool: SpiderIPPool, reservations: Sequence[SpiderReservedIP]) -> _Look:
    try:
        return _Look(pool=pool, ranges=ranges_of(pool, reservations))
    except ValueError as error:
        return _Look(pool=pool, error=str(error))


def _judgement(pool: SpiderIPPool, ranges: Ranges, census: Census) -> _Judged:
    return _Judged(
        uid=pool.metadata.uid,
        generation=pool.metadata.generation,
        allowed=ranges.allowed,
        out_of_spec=outside(pool, ranges, census),
    )
