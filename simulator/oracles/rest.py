"""A cluster at rest: after faults have stopped and everybody had time, nothing may be leaked and nobody may lack.

Judged once, from the wires of the powered nodes, the store's claims, and the store's pods and StatefulSets.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from simulator.oracles.ledger import Claim
from simulator.oracles.violation import Rule, Violation
from simulator.oracles.wire import Carrier

Objects = Iterable[Mapping[str, Any]]


def leaks(
    claims: Iterable[Claim], carriers: Mapping[str, list[Carrier]], stateful_sets: Objects, seconds: float
) -> list[Violation]:
    """Every claim that is neither carried by its own interface nor kept for an identity that is wanted.

    Args:
        claims: all claims.
        carriers: who carries which address.
        stateful_sets: the StatefulSets as they are.
        seconds: virtual time.
    """
    wanted = {
        f"{each['metadata']['namespace']}/{each['metadata']['name']}-{ordinal}"
        for each in stateful_sets
        for ordinal in _ordinals(each)
    }
    ordered = sorted(claims, key=lambda claim: claim.name)
    sentences = [_why_leaked(claim, carriers.get(claim.address, []), wanted) for claim in ordered]
    return [Violation(rule=Rule.NO_LEAK, sentence=sentence, seconds=seconds) for sentence in sentences if sentence]


def lacks(pods: Objects, carriers: Mapping[str, list[Carrier]], seconds: float) -> list[Violation]:
    """Every address that a running pod reports and no interface carries: somebody freed it too early.

    Args:
        pods: the pods as they are.
        carriers: who carries which address, by CIDR text.
        seconds: virtual time.
    """
    carried = {address.partition("/")[0] for address, by in carriers.items() if by}
    found: list[Violation] = []
    for pod in pods:
        status = pod.get("status") or {}
        if status.get("phase") != "Running" or pod["metadata"].get("deletionTimestamp"):
            continue
        for each in status.get("podIPs") or ():
            if each["ip"] not in carried:
                sentence = f"pod {pod['metadata']['name']} reports {each['ip']}, which no interface carries"
                found.append(Violation(rule=Rule.NO_LACK, sentence=sentence, seconds=seconds))
    return found


def _ordinals(stateful_set: Mapping[str, Any]) -> range:
    spec = stateful_set["spec"]
    start = (spec.get("ordinals") or {}).get("start", 0)
    return range(start, start + spec.get("replicas", 1))


def _why_leaked(claim: Claim, carriers: list[Carrier], wanted: set[str]) -> str:
    if claim.state == "Parked":
        pod = claim.identity.removeprefix("StatefulSet/").rpartition("/")[0]
        return "" if pod in wanted else f"{claim.address} is parked for {claim.identity}, which nobody wants"
    if claim.state == "Cooling" or claim.holder is None:
        return ""
    mine = [carrier for carrier in carriers if carrier.container_id == claim.holder.container_id]
    return "" if mine else f"{claim.address} is claimed for pod {claim.holder.pod}, but its interface does not carry it"
