"""Whether a claim's address may go back: the reclaim table, and the sentence that explains each verdict.

A pod object that is gone, replaced, finished or overdue is a reason to ask, never evidence: an interface may still
carry the address. Evidence is the word of the node that holds it ("that network namespace is gone"), or a fenced node,
which carries nothing any more. Stale views nominate, live reads fill in an ``Observation``, ``judge`` decides, and a
delete or update with uid and resource version acts. Used by the agent for its own node, and by the controller for
fenced nodes, parked and cooling records.

```
                  node says: │ lives │ gone  │             no answer, and the node is
  pod                        │       │       │ present │ doubtful                │ fenced
  ───────────────────────────┼───────┼───────┼─────────┼─────────────────────────┼────────
  gone, other uid            │ keep  │ free  │ suspect │ suspect, unless switch  │ free
  pending, running           │ keep  │ keep  │ keep    │ keep                    │ suspect
  terminating within grace   │ keep  │ keep  │ keep    │ suspect                 │ suspect
  terminating past grace     │ keep  │ free  │ suspect │ suspect, unless switch  │ suspect
  succeeded or failed        │ keep  │ free  │ suspect │ suspect                 │ free
```

``free`` parks the address for an identity that is wanted and releases it otherwise. The switch is the administrator's
unsafe policy, which is on only together with address probing; it never applies to identities.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from spiderpool.ports.clock import from_rfc3339
from spiderpool.resources.core import TAINT_OUT_OF_SERVICE, Node, Pod, uids_of


class PodState(Enum):
    """What the API server says about the pod of a claim; the value is the phrase for people."""

    GONE = "its pod is gone"
    OTHER_UID = "another pod has its pod's name"
    PENDING = "its pod is pending"
    RUNNING = "its pod is running"
    TERMINATING = "its pod is terminating within its grace period"
    OVERDUE = "its pod is terminating past its grace period"
    FINISHED = "its pod has finished"


class NodeWord(Enum):
    """What the node that holds the address says about the claim's network namespace."""

    LIVES = "its network namespace lives"
    GONE = "its node says that the network namespace is gone"
    SILENT = "its node does not answer"


class NodeState(Enum):
    """What the API server says about that node. It says nothing of its health: a node that is NotReady is PRESENT."""

    PRESENT = "though the node's object is there"
    DOUBTFUL = "the node looks gone, but may still be on and carry the address"
    FENCED = "the node is fenced"


class Identity(Enum):
    """Whether the address belongs to a name that outlives the pod, and whether that name is still wanted."""

    NONE = "no identity wants it"
    WANTED = "its identity is wanted"
    UNWANTED = "its identity is no longer wanted"


class Ruling(Enum):
    """What a cell of the table says."""

    KEEP = "keep"
    SUSPECT = "suspect"
    FREE = "free"
    SWITCH = "suspect, unless switch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What was seen of one claim. ``since_seconds`` is the wall time at which it first looked like this."""

    pod: PodState
    word: NodeWord
    node: NodeState
    identity: Identity = Identity.NONE
    unsafe_switch: bool = False
    since_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """Nothing to do."""

    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """Probably a leak, without evidence that the address is off the wire."""

    since_seconds: float
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Delete the claim. ``reason`` is a word for counters and events."""

    reason: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Park:
    """Keep the claim for its identity, marked as carried by no interface."""

    reason: str
    sentence: str


Verdict = Keep | Suspect | Release | Park

_K, _S, _F, _U = Ruling.KEEP, Ruling.SUSPECT, Ruling.FREE, Ruling.SWITCH
_COLUMNS: Final = (
    (NodeWord.LIVES, None),
    (NodeWord.GONE, None),
    (NodeWord.SILENT, NodeState.PRESENT),
    (NodeWord.SILENT, NodeState.DOUBTFUL),
    (NodeWord.SILENT, NodeState.FENCED),
)
TABLE: Final[dict[PodState, tuple[Ruling, ...]]] = {
    PodState.GONE: (_K, _F, _S, _U, _F),
    PodState.OTHER_UID: (_K, _F, _S, _U, _F),
    PodState.PENDING: (_K, _K, _K, _K, _S),
    PodState.RUNNING: (_K, _K, _K, _K, _S),
    PodState.TERMINATING: (_K, _K, _K, _S, _S),
    PodState.OVERDUE: (_K, _F, _S, _U, _S),
    PodState.FINISHED: (_K, _F, _S, _S, _F),
}
_POD_REASON: Final = {
    PodState.GONE: "PodGone",
    PodState.OTHER_UID: "PodReplaced",
    PodState.OVERDUE: "PodOverdue",
    PodState.FINISHED: "PodFinished",
}


def ruling(pod: PodState, word: NodeWord, node: NodeState) -> Ruling:
    """The cell of the table. A node that speaks is believed, whatever the API server thinks of it."""
    column = (word, node if word is NodeWord.SILENT else None)
    return TABLE[pod][_COLUMNS.index(column)]


def judge(observation: Observation) -> Verdict:
    """What becomes of a claim in state Claimed."""
    pod, word, node, identity = observation.pod, observation.word, observation.node, observation.identity
    cell = ruling(pod, word, node)
    evidence = word.value if word is not NodeWord.SILENT else f"{word.value}, {node.value}"
    if cell is Ruling.KEEP:
        return Keep(sentence=f"kept: {pod.value}; {evidence}")
    switched = cell is Ruling.SWITCH and observation.unsafe_switch and identity is Identity.NONE
    if cell is not Ruling.FREE and not switched:
        return Suspect(since_seconds=observation.since_seconds, sentence=f"suspect: {pod.value}; {evidence}")
    reason = f"{_POD_REASON[pod]}{'Unsafe' if switched else ''}"
    if identity is Identity.WANTED:
        return Park(reason=reason, sentence=f"parked: {pod.value}; {evidence}; {identity.value}")
    policy = "; the administrator's unsafe policy frees it" if switched else ""
    return Release(reason=reason, sentence=f"released: {pod.value}; {evidence}; {identity.value}{policy}")


def judge_parked(identity: Identity, *, is_newer_claimed: bool) -> Verdict:
    """What becomes of a parked claim: no interface carries it, so only its identity matters (ledger rule R12)."""
    if is_newer_claimed:
        return Release(
            reason="NewerClaim", sentence="released: parked, and a newer pod of its identity has another address"
        )
    if identity is Identity.WANTED:
        return Keep(sentence=f"kept: parked, and {identity.value}")
    return Release(reason="IdentityUnwanted", sentence=f"released: parked, and {identity.value}")


def judge_cooling(released_at: str, cooldown_seconds: int, now: float) -> Verdict:
    """What becomes of a cooling claim. Nobody carries it, so a time that cannot be read counts as long ago."""
    left = cooling_seconds_left(released_at, cooldown_seconds, now)
    if left > 0:
        return Keep(sentence=f"kept: cooling for another {left:.0f} s")
    return Release(reason="CooldownOver", sentence="released: its cooldown is over")


def cooling_seconds_left(released_at: str, cooldown_seconds: int, now: float) -> float:
    """How long a cooling claim still waits; 0 when it is over."""
    try:
        return max(0.0, from_rfc3339(released_at) + cooldown_seconds - now)
    except ValueError:
        return 0.0


def pod_state(pod: Pod | None, *, uid: str, now: float) -> PodState:
    """What a live read says about the pod of a claim.

    Args:
        pod: the pod object of the claim's namespace and name; None when there is none.
        uid: the pod uid in the claim, as the CNI arguments gave it.
        now: wall time. A pod's deletionTimestamp already includes its grace period.
    """
    if pod is None:
        return PodState.GONE
    if uid not in uids_of(pod):
        return PodState.OTHER_UID
    if pod.status.phase in ("Succeeded", "Failed"):
        return PodState.FINISHED
    if pod.metadata.deletion_timestamp:
        return PodState.OVERDUE if now > from_rfc3339(pod.metadata.deletion_timestamp) else PodState.TERMINATING
    return PodState.RUNNING if pod.status.phase == "Running" else PodState.PENDING


def fenced(node: Node | None, *, absent_for_seconds: float, lease_seconds: float) -> bool:
    """Whether a node certainly carries nothing: its object is gone for a lease's duration, or it is out of service.

    Args:
        node: by a live read; None when there is none.
        absent_for_seconds: time between the first and the last live read that found no object.
        lease_seconds: how long a living node may go without a word.
    """
    if node is None:
        return absent_for_seconds >= lease_seconds
    return any(taint.key == TAINT_OUT_OF_SERVICE for taint in node.spec.taints)
