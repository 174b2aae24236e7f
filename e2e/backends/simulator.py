"""The simulator as a backend of scenarios: each scenario runs in a fresh world on virtual time, judged by the oracles."""

from collections.abc import Callable, Sequence

from e2e.cluster import Capability, Check, Json, RefusedError, Wire
from e2e.scenario import Body
from simulator.cluster.operator import LOOK_SECONDS, Operator, Refused
from simulator.cluster.shape import Shape
from simulator.cluster.world import IPAM, World
from simulator.kernel.running import run
from simulator.kernel.tape import Tape
from simulator.kube.node.machine import Upset
from simulator.kube.node.reachability import can_ping

READY_SECONDS = 30.0


class SimulatorBackend:
    """Every capability there is: on a simulated cluster nothing is out of reach.

    Attributes:
        on_world: told each world before it starts; None: nobody listens.
    """

    name = "simulator"
    capabilities = frozenset(Capability)

    def __init__(self) -> None:
        self.on_world: Callable[[World], None] | None = None

    def missing(self) -> list[str]:
        """Nothing is needed."""
        return []

    def run(self, body: Body, *, seed: int) -> None:
        """One scenario in its own world; the oracles' final word comes after the scenario's."""
        tape = Tape(seed)

        async def main() -> None:
            world = World(tape, Shape())
            if self.on_world is not None:
                self.on_world(world)
            await world.start()
            cluster = SimulatedCluster(world)
            try:
                await cluster.operator.until(cluster.operator.ready, READY_SECONDS)
                await body(cluster)
            finally:
                await world.stop()

        run(main(), tape, leaks_allowed=True)

    def close(self) -> None:
        """A world leaves nothing behind."""


class SimulatedCluster:
    """``e2e.cluster.Cluster`` over a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.operator = Operator(world)

    @property
    def nodes(self) -> Sequence[str]:
        """Names of the nodes."""
        return list(self.world.nodes)

    async def apply(self, *objects: Json) -> None:
        """Create, or replace what is there."""
        try:
            await self.operator.apply(*objects)
        except Refused as error:
            raise RefusedError(str(error)) from error

    async def get(self, kind: str, name: str, namespace: str = "default") -> Json | None:
        """One object, or None."""
        return await self.operator.get(kind, name, namespace)

    async def items(self, kind: str, namespace: str = "", labels: str = "") -> list[Json]:
        """Objects of a kind."""
        return await self.operator.items(kind, namespace, labels)

    async def delete(self, kind: str, name: str, namespace: str = "default", grace_seconds: int | None = None) -> None:
        """Delete; what is not there is success."""
        await self.operator.delete(kind, name, namespace, grace_seconds)

    async def scale(self, kind: str, name: str, replicas: int, namespace: str = "default") -> None:
        """Set the number of replicas."""
        await self.operator.scale(kind, name, replicas, namespace)

    async def wires(self) -> list[Wire]:
        """From the nodes' network tables."""
        return sorted(
            Wire(node=name, netns=path, interface=interface, address=address)
            for name, node in self.world.nodes.items()
            for path in node.machine.netstack.paths()
            for interface, addresses in (node.machine.netstack.addresses(path) or {}).items()
            for address in addresses
        )

    async def ping(self, pod: str, address: str, namespace: str = "default") -> bool:
        """By the reachability model of the underlay."""
        machines = [node.machine for node in self.world.nodes.values()]
        for name, node in self.world.nodes.items():
            runtime = node.runtime.current()
            for sandbox in runtime.sandboxes() if runtime else ():
                if (sandbox.namespace, sandbox.name) == (namespace, pod) and sandbox.ready:
                    return can_ping(machines, name, sandbox.netns, address)
        return False

    async def crash_agent(self, node: str) -> None:
        """End the agent; it stays down."""
        self.world.agents[node].wanted = False
        self.world.agents[node].crash()

    async def start_agent(self, node: str) -> None:
        """Start it again."""
        self.world.agents[node].wanted = True
        self.world.agents[node].start()

    async def crash_agent_at(self, node: str, point: str) -> None:
        """End it at a named point."""
        self.world.agents[node].crash_at(point)

    async def lose_next_del(self, node: str) -> None:
        """Both families of one interface go in one DEL; late DELs of the same container are lost too."""
        self.world.faults[node].next(Upset(lost=True), program=IPAM, verb="DEL", times=5)

    async def slow_next_add(self, node: str) -> None:
        """The kubelet is killed while the next ADD claims; the claim commits after the DEL."""
        self.world.stall_next_claim(node, 6.0)
        self.world.crash_kubelet_during_next_add(node)

    async def remove_plugin(self, node: str) -> None:
        """The IPAM executable is missing."""
        self.world.nodes[node].machine.binaries.pop(IPAM, None)

    async def restore_plugin(self, node: str) -> None:
        """It is there again."""
        self.world.install_plugin(node)

    async def power_cut(self, node: str) -> None:
        """Off at once."""
        self.world.nodes[node].power_cut()

    async def power_on(self, node: str) -> None:
        """Boot."""
        self.world.nodes[node].boot()

    async def eventually(self, check: Check, within_seconds: float) -> None:
        """Advance virtual time until a check holds."""
        await self.operator.until(lambda: check(self), within_seconds)

    async def always(self, check: Check, for_seconds: float) -> None:
        """Look every tenth of a virtual second."""
        end = self.world.clock.monotonic() + for_seconds
        while self.world.clock.monotonic() < end:
            reason = await check(self)
            assert reason is None, reason
            await self.world.clock.sleep(LOOK_SECONDS)
