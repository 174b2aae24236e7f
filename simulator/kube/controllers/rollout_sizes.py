"""How large the ReplicaSets of a Deployment may be: what its strategy allows, and how a change of its size is shared."""

import math
from collections.abc import Sequence

from simulator.kube.api import Json
from simulator.kube.controllers.deployment_revisions import DESIRED, MOST


def is_rolling(item: Json) -> bool:
    """Whether old and new pods may live at the same time."""
    return bool((item["spec"].get("strategy") or {}).get("type", "RollingUpdate") == "RollingUpdate")


def rolling(item: Json) -> tuple[int, int]:
    """How many pods above the wanted number, and how many fewer available, are allowed; never both none."""
    options = (item["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    wanted = item["spec"]["replicas"]
    surge = _share(options.get("maxSurge", "25%"), wanted, up=True)
    unavailable = _share(options.get("maxUnavailable", "25%"), wanted, up=False)
    return (surge, unavailable) if surge or unavailable else (0, 1)


def _share(value: int | str, whole: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    part = whole * int(value.rstrip("%")) / 100
    return math.ceil(part) if up else math.floor(part)


def least_available(item: Json) -> int:
    """With so many pods a Deployment counts as available."""
    wanted = int(item["spec"]["replicas"])
    return wanted - (min(rolling(item)[1], wanted) if is_rolling(item) else 0)


def sizes_noted(item: Json) -> dict[str, str]:
    """The annotations by which a ReplicaSet knows later for which size of the Deployment it was made as large as it is."""
    wanted = int(item["spec"]["replicas"])
    return {DESIRED: str(wanted), MOST: str(wanted + (rolling(item)[0] if is_rolling(item) else 0))}


def was_resized(item: Json, sets: Sequence[Json]) -> bool:
    """Whether the Deployment got another size since its ReplicaSets got theirs."""
    for one in sets:
        noted = (one["metadata"].get("annotations") or {}).get(DESIRED)
        if one["spec"]["replicas"] and noted is not None and noted != str(item["spec"]["replicas"]):
            return True
    return False


def shared(item: Json, new: Json | None, old: Sequence[Json]) -> list[tuple[Json, int]]:
    """The ReplicaSets with the sizes that they get when the Deployment has got another one.

    One that is alone gets all. In the middle of a rollout each gets its part of the difference, the largest what is
    left of it.
    """
    wanted = int(item["spec"]["replicas"])
    sets = [*old, *([new] if new is not None else [])]
    active = [one for one in sets if one["spec"]["replicas"]]
    if len(active) <= 1:
        return [(one, wanted) for one in active or ([new] if new is not None else [])]
    if new is not None and new["spec"]["replicas"] == wanted == _available(new):
        return [(one, 0) for one in active if one is not new]
    if not is_rolling(item):
        return []
    return _in_parts(active, wanted, wanted + rolling(item)[0] if wanted else 0)


def _in_parts(active: Sequence[Json], wanted: int, allowed: int) -> list[tuple[Json, int]]:
    change = allowed - sum(int(one["spec"]["replicas"]) for one in active)
    by_age = sorted(active, key=lambda one: str(one["metadata"]["creationTimestamp"]), reverse=change > 0)
    ordered = sorted(by_age, key=lambda one: -int(one["spec"]["replicas"]))
    sizes, left = [], change
    for one in ordered:
        size = int(one["spec"]["replicas"])
        part = _part(one, size, wanted, allowed) if change else 0
        part = max(0, min(part, left)) if change > 0 else min(0, max(part, left))
        left -= part
        sizes.append(size + part)
    sizes[0] = max(0, sizes[0] + left)
    return list(zip(ordered, sizes, strict=True))


def _part(one: Json, size: int, wanted: int, allowed: int) -> int:
    """What a ReplicaSet gains when it stays as large a part of the Deployment as it was."""
    if not wanted:
        return -size
    before = int((one["metadata"].get("annotations") or {}).get(MOST) or allowed)
    return math.floor(size * allowed / before + 0.5) - size


def _available(one: Json) -> int:
    return int((one.get("status") or {}).get("availableReplicas") or 0)
