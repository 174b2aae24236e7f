"""The place of one controller replica: the product's own ``Controller`` on simulated ports."""

from collections.abc import Callable
from typing import Any

import msgspec

from simulator.cluster.kube_port import SimKube
from simulator.cluster.wiring import Wiring
from simulator.kernel.clock import VirtualClock
from simulator.kernel.entropy import TapeEntropy
from simulator.kernel.process import Process, guard
from spiderpool.controller.ports import ControllerPorts
from spiderpool.controller.service import Controller
from spiderpool.controller.settings import ControllerSettings
from spiderpool.controller.webhooks import WebhookAddress
from spiderpool.observe.port import MemoryTelemetry
from spiderpool.ports.http import Request, Response

USER = "system:serviceaccount:spiderpool:spiderpool-controller"
WEBHOOK_URL = "https://spiderpool-controller.simulated"


class ControllerSlot:
    """One replica, over all its incarnations."""

    def __init__(self, wiring: Wiring, number: int) -> None:
        self.name = f"controller-{number}"
        self.telemetry = MemoryTelemetry()
        self.process: Process | None = None
        self._wiring = wiring
        self._incarnations = 0
        self._ask: Callable[[Request], Any] | None = None

    def start(self) -> None:
        """Start it; nothing if it runs."""
        if self.process is not None and not self.process.gone:
            return
        self._incarnations += 1
        process = self.process = Process(self.name)
        clock = VirtualClock(self._wiring.loop)
        controller = Controller(
            ControllerPorts(
                kube=guard(SimKube(self._wiring.link(self.name), clock, user=USER), process, "kube"),
                clock=guard(clock, process, "clock"),
                entropy=TapeEntropy(self._wiring.tape, f"{self.name}/entropy"),
                telemetry=self.telemetry,
                settings=ControllerSettings(**self._wiring.shape.controller_settings),
                identity=f"{self.name}-{self._incarnations}",
                webhooks=WebhookAddress(url=WEBHOOK_URL),
            )
        )
        self._wiring.trace.event(self.name, "start", incarnation=self._incarnations)
        process.spawn(controller.run(), "run")
        self._ask = process.door(controller.handle, "request")

    def crash(self) -> None:
        """End it without warning."""
        if self.process is not None and not self.process.gone:
            self._wiring.trace.event(self.name, "crash")
            self.process.crash()

    async def call_webhook(self, client_config: dict[str, Any], review: dict[str, Any]) -> dict[str, Any]:
        """One admission review, as the API server calls it.

        Raises:
            ConnectionError: this replica does not answer.
        """
        if self._ask is None or self.process is None or self.process.gone:
            raise ConnectionRefusedError(f"{self.name} does not run")
        path = str(client_config["url"]).removeprefix(WEBHOOK_URL)
        answer: Response = await self._ask(
            Request(
                method="POST",
                path=path,
                headers={"content-type": "application/json"},
                body=msgspec.json.encode(review),
            )
        )
        if answer.status != 200:
            raise ConnectionError(f"webhook {path} answered {answer.status}")
        decoded: dict[str, Any] = msgspec.json.decode(answer.body)
        return decoded
