"""The way between one client and the API server: how long it takes, what gets lost on it, and what was sent.

The server itself is never late and never fails; this is where that happens. A fault is a value (``Fault``), and who
decides which request meets which fault is handed in: a plan (``FaultPlan``) or the run's choice tape. The rule that
matters: once a request has left, the client no longer controls it. A client that gives up, is cancelled or crashes
while a write is on its way does not take the write back.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from typing import Any, Literal, Protocol

from simulator.kube.api import Api, ApiRequest, ApiResponse, Json
from simulator.kube.calls import Call, Meter, describe
from simulator.kube.request_faults import Decide, Effect, Fault, FaultPlan, FaultRule
from simulator.kube.server.watch import Feed, error_event
from simulator.kube.streams import LinkClock, Stream

State = Literal["up", "refusing", "silent"]

__all__ = ["ApiLink", "Decide", "Effect", "Fault", "FaultPlan", "FaultRule", "State"]


class Server(Api, Protocol):
    """What is at the other end of a link."""

    def open(self, request: ApiRequest) -> Feed:
        """Begin a watch whose events are taken out of its queue."""
        ...


Spawn = Callable[[Coroutine[Any, Any, None]], object]


def no_latency() -> float:
    """A link that takes no time."""
    return 0.0


class ApiLink:
    """Implements ``simulator.kube.api.Api`` on top of another one."""

    def __init__(
        self,
        api: Server,
        *,
        clock: LinkClock,
        client: str,
        latency: Callable[[], float] = no_latency,
        decide: Decide | None = None,
        meter: Meter | None = None,
        patience_seconds: float = 30.0,
        gather_seconds: float = 0.0,
        spawn: Spawn | None = None,
    ) -> None:
        """A link.

        Args:
            api: what is at the other end.
            clock: the world's time.
            client: who speaks: named in counts and rules.
            latency: seconds of one way, asked for each way of each request.
            decide: which fault a request meets, if any.
            meter: counts what is sent.
            patience_seconds: after which a client gives up on a silent link.
            gather_seconds: events of a watch that happen within so long arrive together: for a client that looks
                after what has come now and then, and not at each event.
            spawn: starts the rest of a request whose client is gone, as a task that outlives the client.
        """
        self._api = api
        self._clock = clock
        self._client = client
        self._latency = latency
        self._decide = decide
        self._meter = meter
        self._patience_seconds = patience_seconds
        self._gather_seconds = gather_seconds
        self._spawn = spawn or self._keep
        self._on_the_wire: dict[int, asyncio.Task[None]] = {}
        self._sent = 0
        self._streams: dict[int, Stream] = {}
        self._held: dict[str, None] = {}
        self._state: State = "up"

    @property
    def state(self) -> State:
        """Up; refusing connections (the server is down); or silent (packets vanish)."""
        return self._state

    def set_state(self, state: State) -> None:
        """Break or mend the link. Refusing also cuts the watches; silent leaves them half open."""
        self._state = state
        if state == "refusing":
            self.cut_watches()
        self._wake()

    def move(self, api: Server) -> None:
        """Speak to another server from now on, as when a load balancer has broken the connections and made new ones."""
        self._api = api
        self.cut_watches()

    @property
    def api(self) -> Server:
        """What is at the other end now."""
        return self._api

    def hold_watches(self, resource: str = "") -> None:
        """Deliver no more events of ``resource`` (empty: of any) until ``release_watches``; the client sees nothing."""
        self._held[resource] = None
        self._wake()

    def release_watches(self) -> None:
        """Deliver again, what was held first."""
        self._held.clear()
        self._wake()

    def cut_watches(self, resource: str = "") -> None:
        """Break the streams of ``resource`` (empty: all); the client gets a ConnectionError, what was queued is lost."""
        for stream in list(self._streams.values()):
            if resource in ("", stream.resource):
                stream.cut()

    def forsake_watches(self) -> None:
        """Let the open streams say nothing any more, for ever: the way is gone, and nobody has told the client."""
        for stream in list(self._streams.values()):
            stream.forsake()

    def _wake(self) -> None:
        for stream in list(self._streams.values()):
            stream.held = self.blocked(stream.resource)
            stream.wake()

    def blocked(self, resource: str) -> bool:
        """Whether events of ``resource`` are held back now."""
        return self._state == "silent" or "" in self._held or resource in self._held

    def request(self, request: ApiRequest) -> Coroutine[Any, Any, ApiResponse]:
        """Send a request through the link.

        Raises:
            ConnectionError: the request or its answer was lost, or the server is down.
            TimeoutError: the client has waited long enough.
        """
        call = describe(request)
        if self._meter is not None:
            self._meter.count(self._client, call)
        if self._state == "refusing":
            raise ConnectionError("the server refuses connections")
        fault = self._decide(self._client, call) if self._decide is not None else None
        if self._state == "silent":
            return self._lose(self._patience_seconds)
        if fault is None:
            return self._carry(request, call, 0.0)
        return self._suffer(request, call, fault)

    async def _lose(self, seconds: float) -> ApiResponse:
        await self._clock.sleep(seconds)
        raise TimeoutError("no answer from the server")

    async def _suffer(self, request: ApiRequest, call: Call, fault: Fault) -> ApiResponse:
        match fault.effect:
            case "delay":
                return await self._carry(request, call, fault.seconds)
            case "lose":
                await self._clock.sleep(fault.seconds)
                raise ConnectionError("the request was lost")
            case "lose_answer":
                await self._carry(request, call, 0.0)
                await self._clock.sleep(fault.seconds)
                raise ConnectionError("the answer was lost")
            case "commit_late":
                self._spawn(self._arrive(request, fault.seconds))
                return await self._lose(fault.give_up_seconds)
            case "commit_late_and_refuse":
                self._spawn(self._arrive(request, fault.seconds))
                await self._clock.sleep(fault.give_up_seconds)
                return fault.answer()
            case "commit_and_refuse":
                await self._carry(request, call, 0.0)
        await self._clock.sleep(fault.seconds)
        return fault.answer()

    async def _carry(self, request: ApiRequest, call: Call, extra_seconds: float) -> ApiResponse:
        there = self._latency() + extra_seconds
        if there > 0:
            due = self._clock.now() + there
            try:
                await self._clock.sleep(there)
            except (asyncio.CancelledError, GeneratorExit):
                if call.writes:
                    self._spawn(self._arrive(request, max(due - self._clock.now(), 0.0)))
                raise
        answer = await self._api.request(request)
        back = self._latency()
        if back > 0:
            await self._clock.sleep(back)
        if self._state == "silent":
            return await self._lose(self._patience_seconds)
        return answer

    async def _arrive(self, request: ApiRequest, seconds: float) -> None:
        """A request whose client is gone reaches the server all the same; nobody reads the answer."""
        await self._clock.sleep(seconds)
        with suppress(ConnectionError):  # the server has gone, too
            await self._api.request(request)

    def _keep(self, rest: Coroutine[Any, Any, None]) -> None:
        try:
            task = asyncio.get_running_loop().create_task(rest)
        except RuntimeError:  # the world has ended
            rest.close()
            return
        self._sent += 1
        ticket = self._sent
        self._on_the_wire[ticket] = task
        task.add_done_callback(lambda _: self._on_the_wire.pop(ticket, None))

    async def watch(self, request: ApiRequest) -> AsyncIterator[Json]:
        """Events, each at least one way's latency after it happened.

        Raises:
            ConnectionError: the stream broke; list or watch again.
        """
        call = describe(request, watch=True)
        if self._meter is not None:
            self._meter.count(self._client, call)
        if self._state == "refusing":
            raise ConnectionError("the server refuses connections")
        fault = self._decide(self._client, call) if self._decide is not None else None
        if fault is not None:
            await self._clock.sleep(fault.seconds)
            if fault.effect in ("refuse", "commit_and_refuse", "commit_late_and_refuse"):
                yield error_event(fault.refusal())
                return
            if fault.effect != "delay":
                raise ConnectionError("the watch was lost")
        await self._clock.sleep(self._latency())
        self._sent += 1
        ticket = self._sent
        feed = self._api.open(request)
        stream = Stream(call.resource, self._clock, self._latency, self._gather_seconds)
        stream.held = self.blocked(call.resource)
        self._streams[ticket] = stream
        stream.start(feed)
        try:
            while await stream.has_more():
                while (event := stream.arrived()) is not None:
                    yield event
        finally:
            stream.stop()
            del self._streams[ticket]
