"""The stage of the address benchmarks: an API server, agents as processes, pods as objects, and two clients.

```
admin ──▶ pools, nodes, pods                    bare ──▶ creates that nothing else is done for: the floor
calls ──▶ sockets of real agents ──▶ API server (audit log) ◀── controller, where it runs
```
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from uuid import uuid4

from e2e.benchmarks.agents import AgentProcess, agents
from e2e.benchmarks.api_server import ApiServer, api_server
from e2e.benchmarks.cni import Answer, Attachment, by_socket
from e2e.benchmarks.figure import Figure
from e2e.benchmarks.namespaces import network_namespaces
from e2e.benchmarks.objects import CALLERS, PLAIN_NODES, PlainObject, bare_claim, each, make_pods
from spiderpool.kube.http import HttpKube, connect
from spiderpool.kube.port import Kube
from spiderpool.resources.addresses import Address
from spiderpool.resources.claim import SpiderIPAddress
from spiderpool.resources.kinds import CLAIMS, ENDPOINTS
from spiderpool.resources.meta import ObjectMeta
from spiderpool.resources.pool import SpiderIPPool

ELSEWHERE = "elsewhere"
QUIET_SECONDS = 60.0
PAUSE_SECONDS = 0.15  # a consistent LIST that comes less than 0.1 s after another waits for the rest of it
AGENT_NAME = "spiderpool-agent/"
LATER = "spiderendpoints"  # written off the critical path


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything is up; ``attachments`` come node after node in turn."""

    server: ApiServer
    admin: Kube
    bare: Kube
    agents: dict[str, AgentProcess]
    attachments: Sequence[Attachment]

    async def call(self, verb: str, attachment: Attachment, stdin: bytes) -> Answer:
        """One CNI call at the socket of the attachment's agent."""
        return await by_socket(self.agents[attachment.node].socket, verb, attachment, stdin)

    def claims(self, count: int, pool: SpiderIPPool) -> list[SpiderIPAddress]:
        """Bare claims of the pool's first addresses, as an agent of no node here would make them."""
        attachment, usable = replace(self.attachments[0], node=ELSEWHERE), pool.usable
        return [bare_claim(Address(pool.family, usable.at(number)), pool, attachment) for number in range(count)]

    async def creates(self, count: int, pool: SpiderIPPool, *, at_once: int = CALLERS) -> float:
        """The floor of a burst: so many bare creates by one client; the seconds that all took. Deleted afterwards."""
        claims = self.claims(count, pool)
        began = time.perf_counter()
        await each(claims, lambda claim: self.bare.create(CLAIMS, claim), at_once=at_once)
        seconds = time.perf_counter() - began
        await self.forget(claims)
        return seconds

    async def forget(self, claims: Sequence[SpiderIPAddress]) -> None:
        """Delete bare claims."""
        await each(claims, lambda claim: self.bare.delete(CLAIMS, claim.name))

    async def quiet(self, endpoints: int) -> None:
        """Wait until the agents have written what they write later: so many SpiderEndpoints.

        Raises:
            TimeoutError: they do not.
        """

        async def found() -> int:
            return len((await self.admin.list(ENDPOINTS)).items)

        end = time.monotonic() + QUIET_SECONDS
        while (number := await found()) != endpoints:
            if time.monotonic() > end:
                raise TimeoutError(f"{number} endpoints and not {endpoints} after {QUIET_SECONDS:g} s")
            await asyncio.sleep(0.2)


@asynccontextmanager
async def stage(*, nodes: int, pods_per_node: int) -> AsyncIterator[Stage]:
    """Set the stage, and clear it.

    Raises:
        SkippedError: this machine cannot.
    """
    async with AsyncExitStack() as stack:
        server = stack.enter_context(api_server())
        places = stack.enter_context(network_namespaces(nodes))
        admin = await _client(stack, server, "admin", "bench-admin")
        bare = await _client(stack, server, "agent", "bench-bare")
        names = [f"n{number}" for number in range(1, nodes + 1)]
        await admin.create(PLAIN_NODES, PlainObject(metadata=ObjectMeta(name=ELSEWHERE)))
        attachments = await make_pods(admin, names, pods_per_node, places)
        running = stack.enter_context(agents(server, names))
        yield Stage(
            server=server,
            admin=admin,
            bare=bare,
            agents={agent.node: agent for agent in running},
            attachments=attachments,
        )


async def _client(stack: AsyncExitStack, server: ApiServer, who: str, agent: str) -> HttpKube:
    kube = await connect(str(server.kubeconfigs[who]), user_agent=agent)
    stack.push_async_callback(kube.close)
    return kube


def fresh(attachment: Attachment) -> Attachment:
    """The same pod in a new container, as after a DEL."""
    return replace(attachment, container_id=uuid4().hex * 2)


def on_stage(work: Callable[[Stage], AsyncIterator[Figure]], *, nodes: int, pods_per_node: int) -> Iterator[Figure]:
    """Run an asynchronous benchmark on a stage of its own; its figures come as they are taken."""

    async def play() -> AsyncGenerator[Figure]:
        async with stage(nodes=nodes, pods_per_node=pods_per_node) as made:
            async for figure in work(made):
                yield figure

    with asyncio.Runner() as runner:
        figures = play()
        try:
            while (figure := runner.run(anext(figures, None))) is not None:
                yield figure
        finally:
            runner.run(figures.aclose())
