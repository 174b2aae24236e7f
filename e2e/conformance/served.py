"""The simulated API server behind its HTTP face, in a thread of the test process, on scaled time.

The claims speak to it through the same client as to the real server: HTTPS, bearer tokens, webhooks over HTTPS.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from e2e.conformance.faces import USERS, Seeded, token_of
from simulator.face.certificates import self_made
from simulator.face.http_face import HttpFace
from simulator.face.identity import Identities, read_tokens
from simulator.face.scaled_time import LoopClock, ScaledLoop
from simulator.face.serving import serve
from simulator.face.webhook_calls import WebhookCalls
from simulator.kube.controllers.following import ALL_KEPT
from simulator.kube.controllers.garbage import run_garbage_collector
from simulator.kube.controllers.namespaces import run_namespace_controller
from simulator.kube.controllers.role_aggregation import run_role_aggregation
from simulator.kube.server.access.bootstrap_roles import bootstrap_roles
from simulator.kube.server.access.rbac import Rbac
from simulator.kube.server.api_server import ApiServer
from simulator.kube.server.trusted import Trusted

SPEED = 10.0
START_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The server while it runs; everything of it belongs to its thread."""

    port: int
    loop: ScaledLoop
    server: ApiServer

    def compact(self) -> None:
        """Forget the history."""
        self._act(self.server.store.compact)

    def fill(self, full: bool) -> None:  # noqa: FBT001  it is all that is said
        """Let the store have no space left, or some again."""
        self._act(lambda: setattr(self.server.store, "full", full))

    def _act(self, act: Callable[[], None]) -> None:
        async def work() -> None:
            act()

        asyncio.run_coroutine_threadsafe(work(), self.loop).result(START_SECONDS)


def tokens_file() -> str:
    """The users of the claims as a static token file."""
    lines = []
    for user, groups in USERS.items():
        line = f"{token_of(user)},{user},{user}"
        lines.append(f'{line},"{",".join(groups)}"' if groups else line)
    return "\n".join(lines) + "\n"


@contextmanager
def served(
    *,
    speed: float = SPEED,
    actors: Callable[[Trusted, LoopClock], Sequence[Coroutine[Any, Any, None]]] | None = None,
) -> Iterator[Running]:
    """Start it, give what a client needs, stop it.

    Args:
        speed: how fast its time passes.
        actors: who acts on it, beside the collectors and the aggregation of roles.

    Raises:
        RuntimeError: it did not start.
    """
    loop = ScaledLoop(speed)
    over = asyncio.Event()
    ports: list[int] = []
    started = threading.Event()

    async def main() -> None:
        await bootstrap_roles(server)
        trusted = Trusted(server)
        async with serve(face, certificate=self_made("127.0.0.1", time.time()), speed=speed) as url:
            ports.append(int(url.rpartition(":")[2]))
            collectors = [
                run_garbage_collector(trusted, clock, ALL_KEPT),
                run_namespace_controller(trusted, clock, ALL_KEPT),
            ]
            coroutines = [*collectors, run_role_aggregation(trusted, clock)]
            tasks = [loop.create_task(one) for one in (*coroutines, *(actors(trusted, clock) if actors else ()))]
            started.set()
            await over.wait()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            server.cut_watches()
            await webhooks.close()

    clock, draws, webhooks = LoopClock(loop, wall_start=time.time()), Seeded(), WebhookCalls()
    identities = Identities(read_tokens(tokens_file()))
    server = ApiServer(
        clock,
        draws,
        call_webhook=webhooks.call,
        managed_fields=True,
        field_validation=True,
        authorizer=Rbac,
        identify=identities.of_token,
    )
    face = HttpFace(server, identities, draws)
    thread = threading.Thread(target=lambda: loop.run_until_complete(main()), name="http face", daemon=True)
    thread.start()
    try:
        if not started.wait(START_SECONDS):
            raise RuntimeError("the HTTP face did not start")
        yield Running(port=ports[0], loop=loop, server=server)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(START_SECONDS)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
