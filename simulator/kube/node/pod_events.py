"""What a kubelet tells about a pod in Events: its containers begin and end, its sandbox fails."""

from collections.abc import Iterator

from simulator.kube.api import Json
from simulator.kube.node.pod_record import PodRecord
from simulator.kube.recorder import Events

COMPONENT = "kubelet"


class PodEvents:
    """The Events of one pod. What was told once of the same containers is not told again after a crash."""

    def __init__(self, events: Events, record: PodRecord) -> None:
        self._events = events
        self._record = record

    def started(self, sandbox_id: str) -> None:
        """Its containers run now; those that ran in this sandbox before have been told of."""
        if self._record.runs_in(sandbox_id):
            return
        for container, part in _containers(self._record.pod):
            image = f'Container image "{container.get("image", "")}" already present on machine'
            self._tell("Pulled", f"{image} and can be accessed by the pod", part=part)
            self._tell("Created", "Container created", part=part)
            self._tell("Started", "Container started", part=part)

    def stopping(self) -> None:
        """Its containers, if they run, are told to end."""
        if self._record.started_at is not None:
            for container, part in _containers(self._record.pod):
                self._tell("Killing", f"Stopping container {container['name']}", part=part)

    def sandbox_changed(self) -> None:
        """A sandbox that died is replaced."""
        self._tell("SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")

    def failed(self, reason: str, message: str) -> None:
        """It cannot start, and why."""
        self._tell(reason, message, warning=True)

    def _tell(self, reason: str, message: str, *, warning: bool = False, part: str = "") -> None:
        if "uid" in self._record.pod["metadata"]:
            self._events.tell(COMPONENT, "Pod", self._record.pod, reason, message, warning=warning, part=part)


def _containers(pod: Json) -> Iterator[tuple[Json, str]]:
    """Each container, with the path by which an Event names it."""
    for container in (pod.get("spec") or {}).get("containers") or ():
        yield container, f"spec.containers{{{container['name']}}}"
