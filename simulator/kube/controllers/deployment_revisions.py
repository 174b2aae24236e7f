"""Which ReplicaSet was which revision of its Deployment, so that a rollout has a history and can be undone.

All of it stands in annotations: the newest ReplicaSet has the highest number, and one that becomes the newest again
gets a new number and keeps its old ones beside it. What is annotated on the Deployment goes to its newest ReplicaSet.
"""

from collections.abc import Sequence

from simulator.kube.api import Json

_PREFIX = "deployment.kubernetes.io/"
REVISION = f"{_PREFIX}revision"
HISTORY = f"{_PREFIX}revision-history"
DESIRED = f"{_PREFIX}desired-replicas"
MOST = f"{_PREFIX}max-replicas"
_NOT_COPIED = frozenset(
    (
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION,
        HISTORY,
        DESIRED,
        MOST,
        "deprecated.deployment.rollback.to",
    )
)
_LONGEST_HISTORY = 2000


def annotations(item: Json) -> Json:
    """The annotations of an object, none too."""
    return item["metadata"].get("annotations") or {}


def revision_of(item: Json) -> int:
    """The number of a ReplicaSet; 0 as long as it has none."""
    text = str(annotations(item).get(REVISION, "0"))
    return int(text) if text.isdigit() else 0


def annotations_due(item: Json, new: Json | None, old: Sequence[Json]) -> dict[str, str]:
    """The annotations that the newest ReplicaSet lacks, whether it is there already or has yet to be made."""
    have = annotations(new) if new is not None else {}
    due = {name: text for name, text in annotations(item).items() if name not in _NOT_COPIED and have.get(name) != text}
    number = 1 + max((revision_of(one) for one in old), default=0)
    before = revision_of(new) if new is not None else 0
    if before < number:
        due[REVISION] = str(number)
        if before:
            history = [*filter(None, have.get(HISTORY, "").split(",")), str(before)]
            while len(",".join(history)) > _LONGEST_HISTORY:
                history.pop(0)
            due[HISTORY] = ",".join(history)
    return due
