"""One leader among replicas, by a Lease of coordination.k8s.io.

The leader renews its Lease; a replica that has seen no renewal for the length of the Lease takes it over by an update
of the version that it saw, so that of two takers one wins. Wall clocks of two machines are never compared: a replica
counts, on its own monotonic clock, from the moment at which it *saw* the last renewal; the leader counts from the moment
at which it *sent* it, and with a shorter limit. So the leader has stopped before anyone else starts, as long as clocks
run at about the same rate and the leader's process is not frozen as a whole. What a leader writes must therefore still
carry preconditions (resource versions): leadership avoids double work, it does not make writes safe.

| state | leaves it by |
| --- | --- |
| candidate | the Lease is free, released, ours, or silent for its length: take it |
| leader | the renewal deadline passes: the work is cancelled, then candidate · the work ends: release, done · cancelled: the work is cancelled, release |
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import msgspec

from spiderpool.kube.errors import Conflict, KubeError, NotFound
from spiderpool.kube.port import Kube
from spiderpool.ports.clock import Clock, rfc3339
from spiderpool.ports.entropy import Entropy, jitter
from spiderpool.resources.core import Lease, LeaseSpec
from spiderpool.resources.kinds import LEASES
from spiderpool.resources.meta import ObjectMeta

_JITTER_SHARE = 0.2  # of the wait between two tries, on top


class Leadership:
    """Takes part in the election for one Lease."""

    def __init__(
        self,
        kube: Kube,
        clock: Clock,
        entropy: Entropy,
        *,
        name: str,
        namespace: str,
        identity: str,
        lease_seconds: float = 15.0,
        renew_seconds: float = 10.0,
        retry_seconds: float = 2.0,
        on_error: Callable[[Exception], None] | None = None,
    ) -> None:
        """Prepare; nothing is sent before ``run``.

        Args:
            kube: where the Lease is.
            clock: for waiting, and for the times that people read in the Lease.
            entropy: for the jitter between tries.
            name: of the Lease.
            namespace: of the Lease.
            identity: of this process; no other living process may have it.
            lease_seconds: a silence of this length ends a leadership in the eyes of others; whole seconds.
            renew_seconds: a leader that could not renew for so long stops; less than ``lease_seconds``.
            retry_seconds: between two tries to take, and to renew after one that failed. A leader that has renewed lets
                half of ``renew_seconds`` pass before it does so again.
            on_error: told each failed try.

        Raises:
            ValueError: the three times are not in the order retry < renew < lease, or the Lease's is no whole number.
        """
        if not 0 < retry_seconds < renew_seconds < lease_seconds or lease_seconds != int(lease_seconds):
            raise ValueError(
                f"leader election needs retry < renew < lease in seconds, the last one whole; "
                f"not {retry_seconds}, {renew_seconds}, {lease_seconds}"
            )
        self._kube = kube
        self._clock = clock
        self._entropy = entropy
        self._name = name
        self._namespace = namespace
        self._identity = identity
        self._lease_seconds = lease_seconds
        self._renew_seconds = renew_seconds
        self._retry_seconds = retry_seconds
        self._on_error = on_error
        self._seen_version = ""
        self._seen_at = 0.0
        self._held: Lease | None = None  # as we have written it last
        self._leading = False
        self._leader = ""

    @property
    def leading(self) -> bool:
        """Whether the work runs here."""
        return self._leading

    @property
    def leader(self) -> str:
        """The identity that held the Lease when it was last read; empty if nobody did."""
        return self._leader

    async def run(self, on_lead: Callable[[], Awaitable[None]]) -> None:
        """Stand for election, again and again, and run ``on_lead`` while leading.

        Returns when ``on_lead`` returns, and raises what it raises. ``on_lead`` is cancelled when the leadership is
        lost, and started anew with the next one. However this ends, the Lease is released if it is held, after
        ``on_lead`` has ended.
        """
        while True:
            deadline = await self._become_leader()
            if await self._lead(on_lead, deadline):
                return

    async def _become_leader(self) -> float:
        while True:
            deadline = await self._try(self._renew_seconds)
            if deadline is not None:
                return deadline
            await self._clock.sleep(jitter(self._entropy, self._retry_seconds, _JITTER_SHARE))

    async def _lead(self, on_lead: Callable[[], Awaitable[None]], deadline: float) -> bool:
        """Work until the end of the work or of the leadership; say which: True when the work has ended."""
        ended = asyncio.Event()
        work = asyncio.get_running_loop().create_task(_awaited(on_lead))
        work.add_done_callback(lambda _: ended.set())
        self._leading = True
        try:
            await self._renew_until_late(deadline, ended)
            by_itself = work.done()
        finally:
            await _end(work)
            self._leading = False
            await self._release()
        if not work.cancelled():
            work.result()
        return by_itself

    async def _renew_until_late(self, deadline: float, ended: asyncio.Event) -> None:
        """Renew until the work ends, or the deadline of the last renewal passes."""
        pause = self._renew_seconds / 2
        while (left := deadline - self._clock.monotonic()) > 0:
            try:
                async with self._clock.timeout(min(left, jitter(self._entropy, pause, _JITTER_SHARE))):
                    await ended.wait()
                return
            except TimeoutError:
                left = deadline - self._clock.monotonic()
            renewed = await self._try(left) if left > 0 else None
            pause = self._retry_seconds if renewed is None else self._renew_seconds / 2
            deadline = deadline if renewed is None else renewed

    async def _try(self, seconds: float) -> float | None:
        """Take or renew the Lease once, within ``seconds``.

        Returns:
            The monotonic time until which we lead, or None if we could not make sure that we do.
        """
        sent = self._clock.monotonic()
        try:
            async with self._clock.timeout(seconds):
                held = await self._take()
        except (KubeError, TimeoutError) as error:
            if self._on_error is not None:
                self._on_error(error)
            return None
        return sent + self._renew_seconds if held else None

    async def _take(self) -> bool:
        if (held := self._held) is not None:  # nobody else has written it, most probably: no need to look
            self._held = None
            with contextlib.suppress(Conflict, NotFound):
                await self._hold(held)
                return True
        try:
            lease = await self._kube.get(LEASES, self._name, namespace=self._namespace)
        except NotFound:
            metadata = ObjectMeta(name=self._name, namespace=self._namespace)
            self._held = await self._kube.create(LEASES, Lease(metadata=metadata, spec=self._spec(None)))
            self._see(self._held)
            return True
        self._see(lease)
        if not self._may_take(lease.spec):
            return False
        await self._hold(lease)
        return True

    async def _hold(self, lease: Lease) -> None:
        """Take or renew this version of the Lease."""
        self._held = await self._kube.update(LEASES, msgspec.structs.replace(lease, spec=self._spec(lease.spec)))
        self._see(self._held)

    def _see(self, lease: Lease) -> None:
        """Note who holds the Lease, and since when, by our own clock, this version of it has been silent."""
        self._leader = lease.spec.holder_identity or ""
        if lease.metadata.resource_version != self._seen_version:
            self._seen_version = lease.metadata.resource_version
            self._seen_at = self._clock.monotonic()

    def _may_take(self, spec: LeaseSpec) -> bool:
        if not spec.holder_identity or spec.holder_identity == self._identity:
            return True
        length = self._lease_seconds if spec.lease_duration_seconds is None else spec.lease_duration_seconds
        return self._clock.monotonic() - self._seen_at >= length

    def _spec(self, before: LeaseSpec | None) -> LeaseSpec:
        """The Lease in our hands, renewed now."""
        now = _micro_time(self._clock.now())
        ours = before is not None and before.holder_identity == self._identity
        transitions = 0 if before is None else (before.lease_transitions or 0) + (not ours)
        return LeaseSpec(
            holder_identity=self._identity,
            lease_duration_seconds=int(self._lease_seconds),
            acquire_time=before.acquire_time if ours and before is not None else now,
            renew_time=now,
            lease_transitions=transitions,
        )

    async def _release(self) -> None:
        """Let the next one in at once. A Lease that cannot be released in time runs out by itself."""
        self._held = None
        try:
            async with self._clock.timeout(self._retry_seconds):
                lease = await self._kube.get(LEASES, self._name, namespace=self._namespace)
                if lease.spec.holder_identity == self._identity:
                    free = msgspec.structs.replace(lease.spec, holder_identity="")
                    self._see(await self._kube.update(LEASES, msgspec.structs.replace(lease, spec=free)))
        except (KubeError, TimeoutError) as error:
            if self._on_error is not None:
                self._on_error(error)


async def _awaited(on_lead: Callable[[], Awaitable[None]]) -> None:
    await on_lead()


async def _end(work: asyncio.Task[None]) -> None:
    """Cancel the work if it still runs, and wait until it has ended; what it raised stays in it."""
    if not work.done():
        work.cancel()
        await asyncio.wait((work,))


def _micro_time(seconds: float) -> str:
    """Wall time as Leases write it, with exactly six digits after the point: the API server refuses any other form."""
    return f"{rfc3339(seconds)[:-1]}.{int(seconds * 1_000_000) % 1_000_000:06d}Z"
