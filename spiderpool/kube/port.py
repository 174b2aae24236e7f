"""The API server as a port: the calls that the product needs, typed, with one error tree (``errors.py``).

Two implementations: ``kube/http.py`` speaks HTTP(S) to a real server; ``simulator/cluster`` speaks to the simulated
one through its network. Both keep these promises:

- A read without ``revision`` is consistent: it sees every write that was answered before it was sent.
- A write that raises ``Refused`` wrote nothing; one that raises ``UnknownOutcome`` may have been committed, or be
  committed later.
- A cancelled write has an unknown outcome as well.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar

import msgspec

from spiderpool.resources.kinds import Kind

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[T]):
    """All objects of a list, and the revision at which the list was true."""

    items: Sequence[T]
    revision: str


class WatchEvent(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One change. A bookmark has no object, only the revision up to which the watch has told everything."""

    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
    object: T | None
    revision: str


class Kube(Protocol):
    """Eight calls. ``namespace`` is empty for cluster-scoped kinds and, in lists and watches, means all of them."""

    async def get(self, kind: Kind[T], name: str, *, namespace: str = "") -> T:
        """One object as it is now."""
        ...

    async def list(
        self, kind: Kind[T], *, namespace: str = "", labels: str = "", fields: str = "", revision: str = ""
    ) -> Listing[T]:
        """All objects that match; large lists are read in pages of one snapshot.

        Args:
            kind: what to list.
            namespace: only this namespace.
            labels: a label selector, such as ``a=b,c``.
            fields: a field selector, such as ``spec.nodeName=n1``.
            revision: empty for a consistent read; ``"0"`` for whatever the server has at hand.
        """
        ...

    def watch(
        self, kind: Kind[T], *, revision: str, namespace: str = "", labels: str = "", fields: str = ""
    ) -> AsyncIterator[WatchEvent[T]]:
        """Changes after ``revision``, in order. Ends when the server ends the stream; raises ``Expired`` on 410."""
        ...

    async def create(self, kind: Kind[T], item: T) -> T:
        """Create; the answer has what the server added."""
        ...

    async def update(self, kind: Kind[T], item: T) -> T:
        """Replace; its metadata carries the resource version that must still be current."""
        ...

    async def update_status(self, kind: Kind[T], item: T) -> T:
        """Replace the status only."""
        ...

    async def patch(self, kind: Kind[T], name: str, merge: Mapping[str, Any], *, namespace: str = "") -> T:
        """Apply a JSON merge patch (RFC 7386)."""
        ...

    async def delete(self, kind: Kind[T], name: str, *, namespace: str = "", uid: str = "", revision: str = "") -> None:
        """Delete; ``uid`` and ``revision`` are preconditions, ``Conflict`` when the object is another one by now."""
        ...
