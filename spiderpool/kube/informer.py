"""A local copy of a list that always converges to what the API server has.

List once, then follow the changes from exactly that revision. When the stream ends, follow on from the last revision
that it told; bookmarks keep that revision young on a quiet list. When the server no longer keeps it (410), or when the
stream cannot be had for a while, list again and derive the changes that were missed from the difference, deletions
included.

Promises: what a handler is told about one object is a path that the object really took, perhaps with steps left out,
and never goes back; an object that was replaced under its name by another one (other uid) is told as a deletion and an
addition. Nothing is inferred from the order of two resource versions: they are opaque, and only their equality counts.
The copy may be stale at any time. It nominates; a live read decides.
"""

import asyncio
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Generic, Literal, TypeVar

from spiderpool.kube.codec import metadata_of
from spiderpool.kube.errors import Expired, KubeError, Unavailable
from spiderpool.kube.port import Kube, WatchEvent
from spiderpool.ports.clock import Clock
from spiderpool.ports.entropy import Entropy, jitter
from spiderpool.resources.kinds import Kind

T = TypeVar("T")
Change = Literal["ADDED", "MODIFIED", "DELETED"]
Handler = Callable[[Change, T | None, T | None], None]
Key = tuple[str, str]

_JITTER_SHARE = 0.5  # of each wait, on top
_SHORT_STREAM_SECONDS = 1.0  # a stream that ends sooner and told nothing is a failure, else two ends would spin
_FAILURES_MAX = 5  # of streams in a row; then list again: perhaps the server went back in time and never reaches us


class _Next(Enum):
    """What to do when a stream is over."""

    LIST = "list"
    WATCH = "watch"


class Informer(Generic[T]):
    """The copy; ``run`` keeps it."""

    def __init__(
        self,
        kube: Kube,
        kind: Kind[T],
        clock: Clock,
        entropy: Entropy,
        *,
        namespace: str = "",
        labels: str = "",
        fields: str = "",
        on_change: Handler[T] | None = None,
        on_error: Callable[[Exception], None] | None = None,
        base_seconds: float = 0.5,
        cap_seconds: float = 30.0,
    ) -> None:
        """Make an empty copy.

        Args:
            kube: where to list and watch.
            kind: of what.
            clock: for waiting.
            entropy: for the jitter of waits.
            namespace: only this one; empty means all.
            labels: a label selector.
            fields: a field selector.
            on_change: told (change, old, new) after the copy has changed; must not block. ADDED has no old, DELETED no
                new. What it raises is reported and does not stop the copy.
            on_error: told each failure to list or watch, which will be tried again, and each error of ``on_change``.
                Errors of ``on_change`` go to the loop's exception handler as well: they are defects.
            base_seconds: the wait after the first failure; it doubles with each further one in a row.
            cap_seconds: the longest wait, before jitter.
        """
        self._kube = kube
        self._kind = kind
        self._clock = clock
        self._entropy = entropy
        self._namespace = namespace
        self._labels = labels
        self._fields = fields
        self._on_change = on_change
        self._on_error = on_error
        self._base_seconds = base_seconds
        self._cap_seconds = cap_seconds
        self._objects: dict[Key, T] = {}
        self._synced = asyncio.Event()
        self._failures = 0
        self._revision = ""

    @property
    def revision(self) -> str:
        """Up to where the copy has followed; empty before the first list."""
        return self._revision

    def get(self, name: str, namespace: str = "") -> T | None:
        """The object of this name in the copy."""
        return self._objects.get((namespace, name))

    def items(self) -> Sequence[T]:
        """All objects in the copy, by namespace and name."""
        return [self._objects[key] for key in sorted(self._objects)]

    async def synced(self) -> None:
        """Wait until the first list is in the copy and its handler has been told."""
        await self._synced.wait()

    async def run(self) -> None:
        """Keep the copy until cancelled."""
        step = _Next.LIST
        while True:
            try:
                if step is _Next.LIST:
                    await self._list()
                    step = _Next.WATCH
                else:
                    await self._watch()
            except KubeError as error:
                step = await self._after(error, step)

    async def _list(self) -> None:
        listing = await self._kube.list(self._kind, namespace=self._namespace, labels=self._labels, fields=self._fields)
        listed = {_key(item): item for item in listing.items}
        self._revision = listing.revision
        for key in sorted(self._objects.keys() - listed.keys()):
            self._remove(key, self._objects[key])
        for key in sorted(listed):
            self._put(key, listed[key])
        self._synced.set()

    async def _watch(self) -> None:
        """Follow one stream to its end.

        Raises:
            KubeError: the stream broke or could not be had.
        """
        started = self._clock.monotonic()
        told = False
        async for event in self._kube.watch(
            self._kind, revision=self._revision, namespace=self._namespace, labels=self._labels, fields=self._fields
        ):
            told = True
            self._failures = 0
            self._apply(event)
            self._revision = event.revision
        if not told and self._clock.monotonic() - started < _SHORT_STREAM_SECONDS:
            raise Unavailable(f"the watch of {self._kind.plural} ended as soon as it had begun")
        self._failures = 0

    async def _after(self, error: KubeError, step: _Next) -> _Next:
        """Report, wait, and say how to go on."""
        if self._on_error is not None:
            self._on_error(error)
        seconds = min(self._cap_seconds, self._base_seconds * 2.0 ** min(self._failures, 62))
        self._failures += 1
        await self._clock.sleep(jitter(self._entropy, seconds, _JITTER_SHARE))
        if isinstance(error, Expired) or self._failures % _FAILURES_MAX == 0:
            return _Next.LIST
        return step

    def _apply(self, event: WatchEvent[T]) -> None:
        if event.object is None:
            return
        key = _key(event.object)
        if event.type == "DELETED":
            self._remove(key, event.object)
        else:
            self._put(key, event.object)

    def _put(self, key: Key, new: T) -> None:
        old = self._objects.get(key)
        if old is not None:
            held, told = metadata_of(old), metadata_of(new)
            if held.uid != told.uid:
                self._remove(key, old)
                old = None
            elif held.resource_version == told.resource_version:
                return
        self._objects[key] = new
        self._tell("ADDED" if old is None else "MODIFIED", old, new)

    def _remove(self, key: Key, last: T) -> None:
        """Drop an object; ``last`` is its last state. A deletion of an object that is not in the copy says nothing new."""
        held = self._objects.get(key)
        if held is None or not _same_object(held, last):
            return
        del self._objects[key]
        self._tell("DELETED", last, None)

    def _tell(self, change: Change, old: T | None, new: T | None) -> None:
        if self._on_change is None:
            return
        try:
            self._on_change(change, old, new)
        except Exception as error:  # noqa: BLE001  one bad handler must not make the copy stale for all others
            if self._on_error is not None:
                self._on_error(error)
            asyncio.get_running_loop().call_exception_handler(
                {"message": f"the handler of {self._kind.plural} failed on {change}", "exception": error}
            )


def _key(item: object) -> Key:
    metadata = metadata_of(item)
    return metadata.namespace, metadata.name


def _same_object(one: object, other: object) -> bool:
    return metadata_of(one).uid == metadata_of(other).uid
