"""Which addresses each StatefulSet ordinal was given last, for as long as it is wanted without a break."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Identities:
    """Addresses by identity, as given to the newest incarnation of its pod.

    What an incarnation is given that has been replaced already is not counted: two may then hold one claim each, and
    the newest one's stays (rule R12).
    """

    _given: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _newest: dict[str, str] = field(default_factory=dict)
    _wanted: dict[str, range] = field(default_factory=dict)

    def pod_made(self, pod: dict[str, Any]) -> None:
        """A pod object was written; the first write of each uid makes a new incarnation."""
        meta = pod["metadata"]
        self._newest[f"{meta['namespace']}/{meta['name']}"] = meta["uid"]

    def set_changed(self, stateful_set: dict[str, Any], *, gone: bool) -> None:
        """A StatefulSet was written: ordinals that it does not want lose what they had."""
        meta, spec = stateful_set["metadata"], stateful_set["spec"]
        start = (spec.get("ordinals") or {}).get("start", 0)
        unwanted = gone or bool(meta.get("deletionTimestamp"))
        place = f"{meta['namespace']}/{meta['name']}"
        self._wanted[place] = range(0) if unwanted else range(start, start + spec.get("replicas", 1))
        for identity in [each for each in self._given if not self._is_wanted(each)]:
            del self._given[identity]

    def given(self, identity: str, uid: str, addresses: tuple[str, ...]) -> tuple[str, ...] | None:
        """An ADD was told these addresses; returns what the identity had before, when that should be the same."""
        _, namespace, pod, *_ = identity.split("/")
        if self._newest.get(f"{namespace}/{pod}") != uid or not self._is_wanted(identity):
            return None
        before = self._given.get(identity)
        self._given[identity] = addresses
        return before

    def _is_wanted(self, identity: str) -> bool:
        """``StatefulSet/namespace/web-1/eth0``: whether web wants its ordinal 1."""
        _, namespace, pod, *_ = identity.split("/")
        name, _, ordinal = pod.rpartition("-")
        return int(ordinal) in self._wanted.get(f"{namespace}/{name}", range(0))
