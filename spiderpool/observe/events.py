"""Kubernetes Events: said once per cause, and never in the way of the work that they report.

An Event is for people who run ``kubectl describe``. Losing one costs nothing, so a failed or slow write is counted and
forgotten, and the same cause (object and reason) is said again only after ten minutes: a cause that repeats every
second must not turn into load on the API server, and at rest nobody writes.
"""

from typing import Literal

from spiderpool.kube.errors import KubeError
from spiderpool.kube.port import Kube
from spiderpool.observe.port import Telemetry
from spiderpool.ports.clock import Clock, rfc3339
from spiderpool.ports.entropy import Entropy, token
from spiderpool.resources.core import Event, ObjectReference
from spiderpool.resources.kinds import EVENTS
from spiderpool.resources.meta import ObjectMeta

QUIET_SECONDS = 600.0
WRITE_SECONDS = 2.0
CAUSES = 4096  # remembered at most; beyond it the oldest cause may be said again
_MESSAGE_CHARACTERS = 1024  # the API's limit
_CLUSTER_EVENTS = "default"  # where events about cluster-scoped objects live

Cause = tuple[str, str, str, str, str]


class Events:
    """Writes events as one component.

    Args:
        kube: where they are written.
        clock: their time, and how long a cause stays quiet.
        entropy: the random end of their names.
        component: who says it, ``spiderpool-controller``.
        telemetry: where lost events are counted.
    """

    def __init__(self, kube: Kube, clock: Clock, entropy: Entropy, component: str, telemetry: Telemetry) -> None:
        self._kube = kube
        self._clock = clock
        self._entropy = entropy
        self._component = component
        self._telemetry = telemetry
        self._quiet_until: dict[Cause, float] = {}  # in the order in which they end

    async def note(
        self,
        about: ObjectReference,
        reason: str,
        message: str,
        type: Literal["Normal", "Warning"] = "Normal",  # noqa: A002  the API's word
    ) -> None:
        """Say what happened to an object, unless it was said in the last ten minutes. Waits two seconds at most.

        Args:
            about: the object.
            reason: one word in CamelCase, for machines.
            message: one sentence, for people.
            type: ``Warning`` where somebody should look.
        """
        cause = (about.kind, about.namespace, about.name, about.uid, reason)
        if not self._is_new(cause):
            return
        try:
            async with self._clock.timeout(WRITE_SECONDS):
                await self._kube.create(EVENTS, self._event(about, reason, message, type))
        except (KubeError, TimeoutError) as error:
            self._quiet_until.pop(cause, None)
            self._telemetry.count("events_lost")
            self._telemetry.log("debug", "an event could not be written", reason=reason, error=str(error))

    def _is_new(self, cause: Cause) -> bool:
        now = self._clock.monotonic()
        while self._quiet_until:
            oldest = next(iter(self._quiet_until))
            if self._quiet_until[oldest] > now and len(self._quiet_until) < CAUSES:
                break
            del self._quiet_until[oldest]
        if cause in self._quiet_until:
            return False
        self._quiet_until[cause] = now + QUIET_SECONDS
        return True

    def _event(self, about: ObjectReference, reason: str, message: str, kind: str) -> Event:
        at = rfc3339(self._clock.now())
        namespace = about.namespace or _CLUSTER_EVENTS
        return Event(
            metadata=ObjectMeta(name=f"{about.name}.{token(self._entropy, 12)}", namespace=namespace),
            involved_object=about,
            reason=reason,
            message=message[:_MESSAGE_CHARACTERS],
            type=kind,
            reporting_component=self._component,
            first_timestamp=at,
            last_timestamp=at,
            source={"component": self._component},
        )
