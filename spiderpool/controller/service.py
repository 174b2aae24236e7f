"""The controller as a service over its ports: what it runs, and what it answers.

Every replica answers webhooks and probes. One of them leads and keeps the pools' status and reclaims; a new leader
starts with empty copies and builds them from lists, so nothing that a former leader knew is needed.
"""

import asyncio
from typing import Final

from spiderpool.controller.admission import admit
from spiderpool.controller.fences import Fences
from spiderpool.controller.pool_status import PoolStatusKeeper
from spiderpool.controller.ports import ControllerPorts
from spiderpool.controller.reclaim import Reclaimer
from spiderpool.controller.views import Views
from spiderpool.controller.webhooks import register
from spiderpool.kube.errors import KubeError
from spiderpool.kube.leadership import Leadership
from spiderpool.kube.workqueue import WorkQueue
from spiderpool.observe.events import Events
from spiderpool.ports.entropy import jitter
from spiderpool.ports.http import Request, Response, json_response
from spiderpool.resources.core import ObjectReference
from spiderpool.resources.kinds import LEDGERS
from spiderpool.resources.ledger import LEDGER_NAME

COMPONENT: Final = "spiderpool-controller"
LEASE_NAME: Final = "spiderpool-controller-leases"
REGISTER_SECONDS: Final = 2.0  # between two tries to register the webhooks
RESYNC_JITTER: Final = 0.1
_RUNTIME: Final = "/v1/runtime/"


class Controller:
    """One replica: ``run`` it, and give it the requests of its ports."""

    def __init__(self, ports: ControllerPorts) -> None:
        settings = ports.settings
        self._ports = ports
        self._events = Events(ports.kube, ports.clock, ports.entropy, COMPONENT, ports.telemetry)
        self._is_registered = ports.webhooks is None
        self._leadership = Leadership(
            ports.kube,
            ports.clock,
            ports.entropy,
            name=LEASE_NAME,
            namespace=settings.pod_namespace,
            identity=ports.identity,
            lease_seconds=settings.leader_duration,
            renew_seconds=settings.leader_renew_deadline,
            retry_seconds=settings.leader_retry_period,
            on_error=lambda error: ports.telemetry.log("warning", "leader election failed", error=str(error)),
        )

    async def run(self) -> None:
        """Register the webhooks, stand for election, and lead while elected, until cancelled.

        Whoever cannot register yet may lead all the same: reclaim needs no webhook.
        """
        self._ports.telemetry.gauge("is_leader", 0)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._register_webhooks())
            await self._leadership.run(self._lead)

    async def handle(self, request: Request) -> Response:
        """Answer a webhook call, a probe, or a scrape of the metrics."""
        if request.path.startswith(_RUNTIME):
            return self._probe(request.path.removeprefix(_RUNTIME))
        if request.path == "/metrics" and self._ports.exposition is not None:
            return Response(
                headers={"content-type": "text/plain; version=0.0.4; charset=utf-8"}, body=self._ports.exposition()
            )
        answer = await admit(self._ports, request)
        return answer or json_response({"error": f"nothing is served at {request.path}"}, 404)

    def _probe(self, what: str) -> Response:
        if what not in ("startup", "readiness", "liveness"):
            return json_response({"error": f"no probe {what!r}; there are startup, readiness, liveness"}, 404)
        if what == "readiness" and not self._is_registered:
            return json_response({"error": "the webhooks are not registered yet: the API server does not answer"}, 503)
        return json_response({"ready": self._is_registered, "leading": self._leadership.leading})

    async def _register_webhooks(self) -> None:
        clock, entropy, settings = self._ports.clock, self._ports.entropy, self._ports.settings
        while not self._is_registered and self._ports.webhooks is not None:
            try:
                await register(self._ports.kube, self._ports.webhooks, settings.pod_namespace)
                self._is_registered = True
            except KubeError as error:
                self._ports.telemetry.log("warning", "the webhooks could not be registered", error=str(error))
                await clock.sleep(jitter(entropy, REGISTER_SECONDS, 0.5))

    async def _lead(self) -> None:
        """The leader's work; its copies live and die with the leadership."""
        ports = self._ports
        nominations: WorkQueue[str] = WorkQueue(ports.clock, ports.entropy, on_failure=self._note_failure)
        fences = Fences(ports=ports)
        views = Views(ports, nominations, fences)
        keeper = PoolStatusKeeper(ports=ports, views=views)
        reclaimer = Reclaimer(ports=ports, views=views, events=self._events, fences=fences)
        ports.telemetry.gauge("is_leader", 1)
        try:
            async with asyncio.TaskGroup() as group:
                await views.open(group)
                group.create_task(keeper.run())
                if ports.settings.gc_ip_enabled:
                    group.create_task(self._warn_of_switch())
                    group.create_task(nominations.run(ports.settings.gc_ip_worker_num, reclaimer.reclaim))
                    group.create_task(self._nominate_again(views))
        finally:
            ports.telemetry.gauge("is_leader", 0)

    async def _nominate_again(self, views: Views) -> None:
        """Nominate everything now and then: whatever was missed is found."""
        interval = self._ports.settings.gc_default_interval_duration
        while True:
            await self._ports.clock.sleep(jitter(self._ports.entropy, interval, RESYNC_JITTER))
            views.nominate_all()

    async def _warn_of_switch(self) -> None:
        """Say that the unsafe switch has no effect: nothing probes an address before it is used."""
        if self._ports.settings.gc_stateless_terminating_pod_on_not_ready_node_enabled:
            sentence = (
                "GC_STATELESS_TERMINATING_POD_ON_NOT_READY_NODE_ENABLED is on, but addresses are not probed before use; "
                "the switch stays off, because a node that is not ready may still carry its addresses"
            )
            about = ObjectReference(api_version=LEDGERS.api_version, kind=LEDGERS.kind, name=LEDGER_NAME)
            self._ports.telemetry.log("warning", sentence)
            await self._events.note(about, "UnsafeReclaimOff", sentence, "Warning")

    def _note_failure(self, name: str, error: Exception, seconds: float) -> None:
        self._ports.telemetry.count("ip_gc_failure")
        self._ports.telemetry.log(
            "warning", "a claim could not be reclaimed; trying again", claim=name, error=str(error), again_in=seconds
        )
