"""What a claim looks like, whose it is, and which states follow which.

```
            create                  DEL, or verdict: identity wanted
  free ───────────────▶ Claimed ───────────────────────────────────▶ Parked
    ▲                   │ ▲  ▲ └── adopt: newer container, same pod     │
    │ delete            │ │  └───── adopt by the same identity ─────────┤
    ├───────────────────┘ │ in place, when nothing else is free         │ delete: not wanted
    │                  Cooling ◀── DEL, pool with a cooldown            │
    └─────────────────────┴─────────────────────────────────────────────┘
```

Every arrow but create is an update or a delete with the resource version of the copy that was judged. CEL rules in the
CRD guard the same arrows.
"""

from collections.abc import Iterable
from functools import cmp_to_key

from msgspec.structs import replace

from spiderpool.ipam.identity import label_value
from spiderpool.resources.addresses import Address, Family, claim_name, interface_text
from spiderpool.resources.claim import (
    LABEL_FAMILY,
    LABEL_IDENTITY,
    LABEL_NODE,
    LABEL_POD_UID,
    LABEL_POOL,
    ClaimSpec,
    Owner,
    PoolRef,
    SpiderIPAddress,
)
from spiderpool.resources.meta import ObjectMeta
from spiderpool.resources.pool import SpiderIPPool

STILL_IN_USE = "~"  # sorts after every time


def labels_of(spec: ClaimSpec, family: Family) -> dict[str, str]:
    """The labels by which claims are listed; what is too long for a label stands there as prefix and hash."""
    labels = {LABEL_POOL: label_value(spec.pool.name), LABEL_FAMILY: str(family)}
    if spec.owner is not None:
        labels[LABEL_NODE] = label_value(spec.owner.node)
        labels[LABEL_POD_UID] = label_value(spec.owner.uid)
    if spec.identity:
        labels[LABEL_IDENTITY] = label_value(spec.identity)
    return labels


def _claim(metadata: ObjectMeta, spec: ClaimSpec, family: Family) -> SpiderIPAddress:
    return SpiderIPAddress(metadata=replace(metadata, labels=labels_of(spec, family)), spec=spec)


def new_claim(address: Address, pool: SpiderIPPool, owner: Owner, identity: str) -> SpiderIPAddress:
    """The object whose creation claims an address."""
    spec = ClaimSpec(
        address=interface_text(address, pool.subnet.prefix),
        pool=PoolRef(name=pool.metadata.name, uid=pool.metadata.uid),
        owner=owner,
        identity=identity,
    )
    return _claim(ObjectMeta(name=claim_name(address)), spec, address.family)


def adopted(claim: SpiderIPAddress, owner: Owner, identity: str, pool: PoolRef | None = None) -> SpiderIPAddress:
    """The claim handed over to another incarnation; ``pool`` when a cooling address changes hands."""
    spec = replace(
        claim.spec,
        owner=owner,
        identity=identity,
        state="Claimed",
        parked_at="",
        released_at="",
        pool=pool or claim.spec.pool,
    )
    return _claim(claim.metadata, spec, claim.address.family)


def parked(claim: SpiderIPAddress, at: str) -> SpiderIPAddress:
    """The claim kept for its identity while no interface carries it; ``at`` is a Kubernetes time."""
    return _claim(claim.metadata, replace(claim.spec, state="Parked", parked_at=at), claim.address.family)


def cooled(claim: SpiderIPAddress, at: str) -> SpiderIPAddress:
    """The claim without an owner, until the pool's cooldown is over or nothing else is free."""
    spec = replace(claim.spec, state="Cooling", owner=None, identity="", released_at=at)
    return _claim(claim.metadata, spec, claim.address.family)


def same_attempt(one: Owner | None, other: Owner) -> bool:
    """Whether two claims stem from one ADD process: answers "is the object behind this 409 mine?"."""
    return one is not None and _token(one) == _token(other)


def _token(owner: Owner) -> tuple[str, str, str, int, str]:
    return owner.uid, owner.interface, owner.container_id, owner.since, owner.boot_id


def is_of_attachment(claim: SpiderIPAddress, caller: Owner) -> bool:
    """Whether a claim is held by the caller's pod and interface on this node, whichever container it names."""
    owner = claim.spec.owner
    return (
        claim.spec.state == "Claimed"
        and owner is not None
        and (owner.uid, owner.interface, owner.node) == (caller.uid, caller.interface, caller.node)
    )


def newest(claims: Iterable[SpiderIPAddress]) -> SpiderIPAddress | None:
    """The claim of the newest incarnation: by the pod's creation, then by the container's start, then by name.

    Two incarnations may be made within the one second that a creation time tells apart. On one boot of one machine the
    start stamps order them; on two they say nothing about each other, and what was in use last counts.
    """
    ordered = sorted(claims, key=cmp_to_key(_older_first))
    return ordered[-1] if ordered else None


def _older_first(one: SpiderIPAddress, other: SpiderIPAddress) -> int:
    mine, theirs = one.spec.owner, other.spec.owner
    if mine is None or theirs is None:
        return _sign(mine is not None, theirs is not None) or _sign(one.name, other.name)
    by_creation = _sign(mine.pod_created, theirs.pod_created)
    if mine.boot_id == theirs.boot_id:
        by_use = _sign(mine.since, theirs.since)
    else:
        by_use = _sign(one.spec.parked_at or STILL_IN_USE, other.spec.parked_at or STILL_IN_USE)
    return by_creation or by_use or _sign(one.name, other.name)


def _sign(one: str | int, other: str | int) -> int:
    """-1, 0 or 1, of two texts or two numbers."""
    return int(one > other) - int(one < other)  # type: ignore[operator]


def is_newer_of_identity(claim: SpiderIPAddress, than: SpiderIPAddress) -> bool:
    """Whether ``claim`` is of the same identity and family and of a newer incarnation than ``than``.

    Incarnations count by pod, not by container: keeping "any other" claim would move an identity to a ghost's address
    (ledger rule R12).
    """
    mine, other = claim.spec.owner, than.spec.owner
    if claim.name == than.name or claim.spec.identity != than.spec.identity or not mine or not other:
        return False
    if claim.address.family != than.address.family or mine.uid == other.uid:
        return False
    return mine.pod_created > other.pod_created
