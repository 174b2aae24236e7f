"""DEL and release, decided: what becomes of a claim that no interface carries any more."""

from collections.abc import Iterable
from typing import Literal

from spiderpool.ipam.claims import is_newer_of_identity
from spiderpool.resources.claim import SpiderIPAddress

Fate = Literal["delete", "park", "cool"]


def fate(
    claim: SpiderIPAddress,
    *,
    identity_wanted: bool,
    of_identity: Iterable[SpiderIPAddress],
    cooldown_seconds: int,
) -> Fate:
    """Park for an identity that lives, unless a newer incarnation has its own claim (rule R12); else cool or delete.

    Only an identity keeps its address across a DEL: a plain pod that kept it would deadlock pods with two interfaces
    in tight pools (rule L2).
    """
    if identity_wanted and not any(is_newer_of_identity(other, claim) for other in of_identity):
        return "park"
    return "cool" if cooldown_seconds > 0 else "delete"
