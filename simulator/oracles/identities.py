"""Which addresses each StatefulSet ordinal was given last, for as long as it is wanted without a break."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Identities:
    """Addresses by identity, with the incarnation that got them: pods in the order in which they were made."""

    _given: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    _order: dict[str, int] = field(default_factory=dict)

    def pod_made(self, uid: str) -> None:
        """A pod object was created."""
        self._order.setdefault(uid, len(self._order) + 1)

    def set_changed(self, stateful_set: dict[str, Any], *, gone: bool) -> None:
        """A StatefulSet was written: ordinals that it does not want lose what they had."""
        meta, spec = stateful_set["metadata"], stateful_set["spec"]
        start = (spec.get("ordinals") or {}).get("start", 0)
        unwanted = gone or bool(meta.get("deletionTimestamp"))
        wanted = () if unwanted else range(start, start + spec.get("replicas", 1))
        kept = [f"{meta['name']}-{ordinal}" for ordinal in wanted]
        for identity in list(self._given):
            kind, namespace, pod, *_ = identity.split("/")
            of_set = (kind, namespace, pod.rpartition("-")[0]) == ("StatefulSet", meta["namespace"], meta["name"])
            if of_set and pod not in kept:
                del self._given[identity]

    def given(self, identity: str, uid: str, addresses: tuple[str, ...]) -> tuple[str, ...] | None:
        """An ADD was told these addresses; returns what the identity had before, when that should be the same."""
        order = self._order.get(uid, 0)
        before = self._given.get(identity)
        if before is not None and order < before[0]:
            return None  # a ghost of an older incarnation: its addresses are its own affair
        self._given[identity] = (order, addresses)
        return before[1] if before is not None else None
