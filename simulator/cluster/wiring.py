"""What the members of a world share: tape, trace, time, and the way to the API server with its faults."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from simulator.cluster.shape import Shape, Span
from simulator.kernel.clock import VirtualClock
from simulator.kernel.loop import SimLoop
from simulator.kernel.ownership import world_task
from simulator.kernel.tape import Tape
from simulator.kernel.trace import Trace
from simulator.kube.calls import Call, Meter
from simulator.kube.link import ApiLink, Fault, FaultRule
from simulator.kube.server.api_server import ApiServer
from simulator.kube.server.replica import Replica


@dataclass(slots=True, kw_only=True)
class Wiring:
    """Handed to every member. ``rules`` are asked for each request to the API server, the first that matches fires."""

    loop: SimLoop
    clock: VirtualClock
    tape: Tape
    trace: Trace
    shape: Shape
    server: ApiServer
    replicas: list[Replica] = field(default_factory=list)
    meter: Meter = field(default_factory=Meter)
    links: dict[str, ApiLink] = field(default_factory=dict)
    rules: list[FaultRule] = field(default_factory=list)
    _seen: dict[int, int] = field(default_factory=dict)

    def link(self, client: str, gather_seconds: float = 0.0) -> ApiLink:
        """A client's way to the API server, or to one of its replicas; one link for all incarnations of a client. It
        looks at what its watches bring after so many seconds, or at once.
        """
        if client not in self.links:
            low, high = self.shape.api_latency
            replicas = self.replicas
            self.links[client] = ApiLink(
                replicas[len(self.links) % len(replicas)] if replicas else self.server,
                clock=self.clock,
                client=client,
                latency=partial(self.tape.uniform, f"link:{client}/latency", low, high),
                decide=self._decide,
                meter=self.meter,
                gather_seconds=gather_seconds,
                spawn=lambda rest: world_task(rest, f"{client} on the wire"),
            )
        return self.links[client]

    def move_clients(self, replica: int) -> None:
        """Whoever speaks to this replica speaks to the next one from now on, if that runs."""
        here, there = self.replicas[replica], self.replicas[(replica + 1) % len(self.replicas)]
        for link in self.links.values():
            if link.api is here and there.runs:
                link.move(there)

    def add_rule(self, rule: FaultRule) -> None:
        """Let requests meet a fault from now on."""
        self.rules.append(rule)

    def end_rule(self, rule: FaultRule) -> None:
        """Let requests meet this fault no more."""
        self.rules[:] = [replace(each, times=0) if each is rule else each for each in self.rules]

    def forget_rules(self) -> None:
        """Requests meet no more faults."""
        self.rules.clear()
        self._seen.clear()

    async def pause(self, label: str, span: Span) -> None:
        """Let a drawn time pass."""
        await self.clock.sleep(self.tape.uniform(label, *span))

    def later(self, label: str, span: Span, act: Callable[[], None]) -> None:
        """Do something after a drawn time."""
        seconds = self.tape.uniform(label, *span)
        self.loop.call_later(seconds, act)

    def _decide(self, client: str, call: Call) -> Fault | None:
        for position, rule in enumerate(self.rules):
            if not rule.matches(client, call):
                continue
            seen = self._seen[position] = self._seen.get(position, 0) + 1
            if rule.skip < seen <= rule.skip + rule.times:
                self.trace.event(client, "fault", effect=rule.fault.effect, verb=call.verb, name=call.name)
                return rule.fault
        return None
