"""The agent of one node: what it does in the background, and how it answers a request.

```
run ─┬─ informers (own pods, own node, pools, reservations, namespaces, the ledger's switch)
     ├─ start, then for ever: reclaim every 10 minutes
     ├─ pods that ended: reclaim until nothing of them is left
     ├─ endpoints, off the critical path
     └─ tombstones, until the spool is empty
```
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import TypeVar

from spiderpool.agent import tombstones, upstream_calls
from spiderpool.agent.cni_calls import replay_del, serve_cni
from spiderpool.agent.endpoints import Key, write_endpoint
from spiderpool.agent.memory import Memory
from spiderpool.agent.parts import AgentPorts, Parts, SharedReads
from spiderpool.agent.reconcile import reconcile_node, reconcile_pod
from spiderpool.agent.startup import start
from spiderpool.agent.views import Views
from spiderpool.cni.forwarded import PATH_PREFIX
from spiderpool.ipam.identity import label_value
from spiderpool.kube.batched import Batched, BatchedByKey
from spiderpool.kube.errors import KubeError, NotFound
from spiderpool.kube.informer import Change, Handler, Informer
from spiderpool.kube.workqueue import WorkQueue
from spiderpool.observe.events import Events
from spiderpool.ports.entropy import jitter
from spiderpool.ports.http import Request, Response, json_response
from spiderpool.resources.claim import LABEL_FAMILY, LABEL_NODE, LABEL_POOL
from spiderpool.resources.core import Pod, uids_of
from spiderpool.resources.kinds import CLAIMS, LEDGERS, NAMESPACES, NODES, PODS, POOLS, RESERVED_IPS, Kind
from spiderpool.resources.pool import SpiderIPPool

T = TypeVar("T")

REPLAY_SECONDS = 10.0
ENDED_POD_SECONDS = 2.0
ENDPOINT_SECONDS = 0.3
ENDPOINT_PATIENCE_SECONDS = 1.0  # that an endpoint lets requests go first: in a burst it would double their writes
REQUESTS_MAX = 1000
PROBES = (f"{PATH_PREFIX}status", "/v1/ipam/healthy", "/v1/runtime/")  # short, and a node goes out of service by them


class Agent:
    """One incarnation of the agent; a crash loses it, and the next one rebuilds its memory from the ledger."""

    def __init__(self, ports: AgentPorts) -> None:
        self._ports = ports
        self._ended: WorkQueue[str] = WorkQueue(
            ports.clock, ports.entropy, base_seconds=1.0, on_failure=self._failed("a pod's claims were not judged")
        )
        self._endpoints: WorkQueue[Key] = WorkQueue(
            ports.clock, ports.entropy, base_seconds=0.5, on_failure=self._failed("an endpoint was not written")
        )
        self._parts = Parts(
            ports=ports,
            views=_views(ports, self._on_pod),
            memory=Memory(on_change=self._on_claim),
            reads=_shared_reads(ports),
            events=Events(ports.kube, ports.clock, ports.entropy, "spiderpool-agent", ports.telemetry),
        )
        self._started_at = ports.clock.monotonic()
        self._requests = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def is_ready(self) -> bool:
        """Whether the agent knows its node's claims."""
        return self._parts.memory.started

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for view in self._parts.views.all():
                tasks.create_task(view.run())
            tasks.create_task(self._start_and_reclaim())
            tasks.create_task(self._replay())
            tasks.create_task(self._ended.run(1, self._reclaim_pod))
            tasks.create_task(self._endpoints.run(2, self._write_endpoint))

    async def handle(self, request: Request) -> Response:
        """Answer one request of the unix socket."""
        if self._requests >= REQUESTS_MAX and not request.path.startswith(PROBES):
            # Without an exit header the plugin takes this for no answer: it writes a DEL down and says what is wrong.
            self._ports.telemetry.count("requests_turned_away")
            return json_response(f"the agent has {REQUESTS_MAX} requests under way; send it again", 503)
        self._requests += 1
        self._idle.clear()
        began, path = self._ports.clock.monotonic(), request.path
        try:
            answer = await self._route(request)
            path = path if answer.status != 404 else "other"  # callers must not be able to make series
            return answer
        finally:
            self._requests -= 1
            if not self._requests:
                self._idle.set()
            self._ports.telemetry.seconds("request", self._ports.clock.monotonic() - began, path=path)

    async def _route(self, request: Request) -> Response:
        if request.path.startswith(PATH_PREFIX):
            return await serve_cni(self._parts, request, self._started_at)
        match request.method, request.path:
            case "POST", "/v1/ipam/ip":
                return await upstream_calls.add(self._parts, request)
            case "DELETE", "/v1/ipam/ip":
                return await upstream_calls.delete(self._parts, request)
            case "GET", "/v1/workloadendpoint":
                return await upstream_calls.endpoint(self._parts, request)
            case "GET", "/v1/ipam/healthy" | "/v1/runtime/startup" | "/v1/runtime/readiness":
                return Response() if self.is_ready else json_response("the agent is starting", 500)
            case "GET", "/v1/runtime/liveness":
                return Response()
        return json_response(f"{request.method} {request.path} is not served here", 404)

    async def _start_and_reclaim(self) -> None:
        await start(self._parts)
        await self._replay_once()
        self._parts.memory.started = True
        self._ports.telemetry.log("info", "agent started", claims=len(self._parts.memory.claims))
        while True:
            try:
                await reconcile_node(self._parts)
            except KubeError as error:
                self._ports.telemetry.log("warning", "node not reconciled", error=str(error))
            seconds = jitter(self._ports.entropy, self._ports.settings.reconcile_seconds, 0.2)
            await self._ports.clock.sleep(seconds)

    async def _replay(self) -> None:
        """Look into the spool from time to time."""
        while True:
            await self._ports.clock.sleep(jitter(self._ports.entropy, REPLAY_SECONDS, 0.2))
            if self.is_ready:
                await self._replay_once()

    async def _replay_once(self) -> None:
        """Carry out tombstones, the plugin's and our own; what cannot be done yet stays. A disk that fails is reported,
        and no reason to end: ADD needs it less than an administrator needs the node.
        """
        try:
            names = await tombstones.names(self._parts)
        except OSError as error:
            self._spool_failed(self._ports.settings.spool_folder, error)
            return
        for name in names:
            try:
                forwarded = await tombstones.dig_up(self._parts, name)
                if forwarded is not None and await replay_del(self._parts, forwarded):
                    await tombstones.close(self._parts, name)
            except OSError as error:
                self._spool_failed(name, error)

    def _spool_failed(self, what: str, error: OSError) -> None:
        self._ports.telemetry.count("spool_errors")
        self._ports.telemetry.log("error", "the disk fails; a buried DEL waits", what=what, error=str(error))

    async def _reclaim_pod(self, uid: str) -> None:
        if not await reconcile_pod(self._parts, uid):
            self._ended.add_after(uid, jitter(self._ports.entropy, 30.0, 0.5))

    async def _write_endpoint(self, key: Key) -> None:
        """Write an endpoint while no request is under way, or after a moment all the same."""
        with contextlib.suppress(TimeoutError):
            async with self._ports.clock.timeout(ENDPOINT_PATIENCE_SECONDS):
                await self._idle.wait()
        await write_endpoint(self._parts, key)

    def _failed(self, what: str) -> Callable[[object, Exception, float], None]:
        def note(key: object, error: Exception, again_seconds: float) -> None:
            telemetry = self._ports.telemetry
            telemetry.log("warning", what, key=str(key), error=str(error), again_in=round(again_seconds, 1))

        return note

    def _on_pod(self, change: Change, old: Pod | None, new: Pod | None) -> None:
        """A pod that is gone or has ended may leave claims behind; its DEL is given a moment first."""
        pod = new or old
        if pod is not None and (new is None or new.status.phase in ("Succeeded", "Failed")):
            for uid in uids_of(pod):
                self._ended.add_after(uid, ENDED_POD_SECONDS)

    def _on_claim(self, key: Key) -> None:
        """Claims of a pod come and go by twos; its endpoint is written when they have settled."""
        self._endpoints.add_after(key, ENDPOINT_SECONDS)


def _views(ports: AgentPorts, on_pod: Handler[Pod]) -> Views:
    """Views that report what they cannot read."""

    def view(kind: Kind[T], fields: str = "", on_change: Handler[T] | None = None) -> Informer[T]:
        def failed(error: Exception) -> None:
            ports.telemetry.count("view_errors", 1, kind=kind.kind)
            ports.telemetry.log("warning", "a view is behind", kind=kind.kind, error=str(error))

        return Informer(
            ports.kube, kind, ports.clock, ports.entropy, fields=fields, on_change=on_change, on_error=failed
        )

    node = ports.node.name
    return Views(
        pods=view(PODS, f"spec.nodeName={node}", on_pod),
        pools=view(POOLS),
        reservations=view(RESERVED_IPS),
        namespaces=view(NAMESPACES),
        nodes=view(NODES, f"metadata.name={node}"),
        ledgers=view(LEDGERS),
    )


def _shared_reads(ports: AgentPorts) -> SharedReads:
    kube = ports.kube

    async def pool(name: str) -> SpiderIPPool | None:
        try:
            return await kube.get(POOLS, name)
        except NotFound:
            return None

    return SharedReads(
        pool=BatchedByKey(pool),
        reservations=Batched(lambda: kube.list(RESERVED_IPS)),
        pool_claims=BatchedByKey(lambda name: kube.list(CLAIMS, labels=f"{LABEL_POOL}={label_value(name)}")),
        family_claims=BatchedByKey(lambda family: kube.list(CLAIMS, labels=f"{LABEL_FAMILY}={family}")),
        node_claims=Batched(lambda: kube.list(CLAIMS, labels=f"{LABEL_NODE}={label_value(ports.node.name)}")),
    )
