"""How long a node takes for what: the figures of a traced real kubelet v1.37 with containerd 1.6 and 2.4.

One frozen value, so that a test or a world can change a single figure with ``dataclasses.replace``. A span is drawn
from the tape each time; the comment says where in the trace the figure comes from (scenario number).
"""

from dataclasses import dataclass

from simulator.kube.ports import Choices, Clock, Span, draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Seconds. Periods and limits are single figures, everything else is a span."""

    # The runtime
    sandbox_prepare: Span = (0.03, 0.12)  # from the request to the ADD: image check, namespace, pause process
    rollback: Span = (0.03, 0.05)  # from a failed ADD to its DEL (3, 4)
    give_up: Span = (0.02, 0.1)  # from a broken connection to the DEL (12)
    sandbox_limit_seconds: float = 240.0  # RunPodSandbox, 2 x runtimeRequestTimeout (19, 20)
    rollback_limit_seconds: float = 60.0  # one rollback DEL
    stop_limit_seconds: float = 120.0  # one StopPodSandbox

    # The kubelet: pods
    first_sync: Span = (1.75, 2.05)  # from kubelet start to the first pod (15)
    sync: Span = (0.02, 0.15)  # from seeing a pod to asking for its sandbox
    runtime_back: Span = (1.2, 1.4)  # from a runtime that answers again to the first call (10)
    runtime_back_deleted: Span = (6.5, 6.9)  # the same for a pod that was deleted meanwhile (14)
    sandbox_retry: Span = (13.0, 15.0)  # from a failed sandbox to the next one (3, 4, 20)
    new_after_old: Span = (0.1, 0.5)  # from the last DEL of an old sandbox to the new ADD (10, 13, 15)
    container_start: Span = (0.2, 0.6)
    container_stop: Span = (0.8, 1.0)  # how long a container takes to end, if the grace period allows (1)
    stopped_to_del: Span = (1.4, 1.6)  # from the end of the containers to the DEL: the next relist (1, 6, 7)
    forced_to_del: Span = (1.9, 2.1)  # from the object's end to the DEL of a force-deleted pod (2)
    pause_killed_to_del: Span = (2.3, 2.5)  # (13)
    exit_to_del: Span = (0.9, 1.3)  # from a container that ends by itself to the DEL (17)
    del_to_gone: Span = (0.9, 1.2)  # from the DEL to the final DELETE, or to phase Succeeded (1, 17)
    del_retry_first: Span = (0.9, 1.1)  # (5)
    del_retry: Span = (15.0, 16.0)  # every later one (5)

    # The kubelet: periodic
    collect_seconds: float = 60.0  # container garbage collection (1, 16)
    collect_gap: Span = (0.02, 0.08)  # between the DELs of a batch
    runtime_poll_seconds: float = 5.0  # STATUS (21)
    node_ready: Span = (0.8, 1.4)  # from kubelet start to Ready
    lease_seconds: float = 10.0
    node_status_seconds: float = 300.0
    api_retry: Span = (0.5, 1.5)  # after a request that failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The timings of one actor, drawn under its own name: ``kubelet@n1``."""

    actor: str
    timings: Timings
    clock: Clock
    tape: Choices

    def seconds(self, what: str) -> float:
        """How long ``what``, a field of ``Timings``, takes this time."""
        return draw(self.tape, f"{self.actor}/{what}", getattr(self.timings, what))

    async def wait(self, what: str) -> None:
        """Take that long."""
        await self.clock.sleep(self.seconds(what))
