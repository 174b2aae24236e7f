"""``/opt/cni/bin/spiderpool`` of a simulated node: the product's own plugin code, started as a process."""

from simulator.cluster.agent_slot import AgentSlot
from simulator.cluster.plugin_driver import execute
from simulator.cluster.wiring import Wiring
from simulator.kernel.clock import VirtualClock
from simulator.kube.node.machine import Exec, Executable, Machine, Result

SPOOL = "/var/lib/spidernet/spool"


def ipam_program(wiring: Wiring, machine: Machine, agent: AgentSlot, clock: VirtualClock) -> Executable:
    """The executable of one node."""

    async def spiderpool(call: Exec) -> Result:
        await wiring.pause(f"program@{machine.name}/start", wiring.shape.program_start)

        async def spool(name: bytes, data: bytes) -> None:
            await machine.disk.write(f"{SPOOL}/{name.decode()}", data, durable=True)

        exit_code, stdout = await execute(
            dict(call.environ),
            call.stdin,
            clock=clock,
            connect=agent.ask,
            spool=spool,
            parent_alive=lambda: call.parent.alive,
            listens=lambda: agent.listens,
        )
        return Result(exit_code=exit_code, stdout=stdout)

    return spiderpool
