"""A whole cluster on time that passes by itself: API server, controllers, nodes with kubelets and a generic network.

It is made of the same parts as a cluster on virtual time; only the loop, the clocks and the way in differ.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from simulator.face.identity import Identities
from simulator.face.scaled_time import LoopClock
from simulator.face.webhook_calls import WebhookCalls
from simulator.kernel.entropy import TapeEntropy
from simulator.kernel.tape import Tape
from simulator.kube.server.access.bootstrap_roles import bootstrap_roles
from simulator.kube.server.access.rbac import Rbac
from simulator.kube.server.api_server import ApiServer
from simulator.kube.server.trusted import Trusted

if TYPE_CHECKING:
    from simulator.face.workers import Workers

Json = dict[str, Any]


class ServedCluster:
    """Make it inside a running ``ScaledLoop``; ``start`` and ``stop`` it once.

    Args:
        wall_start: wall time of the loop's time zero, in seconds since 1970 UTC.
        seed: of everything that is drawn.
        identities: whose tokens the server knows.
    """

    def __init__(self, *, wall_start: float, seed: int, identities: Identities) -> None:
        self._wall_start = wall_start
        self._tape = Tape(seed, record=False)
        self._webhooks = WebhookCalls()
        self._workers: Workers | None = None
        self.server = ApiServer(
            LoopClock(asyncio.get_running_loop(), wall_start=wall_start),
            TapeEntropy(self._tape, "server/entropy"),
            call_webhook=self._webhooks.call,
            managed_fields=True,
            field_validation=True,
            authorizer=Rbac,
            identify=identities.of_token,
        )

    def load(self, image: Json) -> None:
        """Begin with what ``save`` gave instead of an empty cluster; before ``start``."""
        self.server.restore(image)

    async def start(self, *, nodes: int) -> None:
        """Start the controllers and so many nodes. The server answers without that, too."""
        from simulator.face.workers import Workers  # noqa: PLC0415  loaded while the server already answers

        await bootstrap_roles(self.server)
        self._workers = Workers(Trusted(self.server), wall_start=self._wall_start, tape=self._tape)
        await self._workers.start(nodes=nodes)

    def save(self) -> Json:
        """Everything that the API server holds; pods start anew on their nodes when it is loaded."""
        return self.server.store.image()

    async def stop(self) -> None:
        """Power off, and end everything that runs."""
        if self._workers is not None:
            await self._workers.stop()
        self.server.cut_watches()
        await self._webhooks.close()
