"""Machine, processes and the macvlan plugin on them, without any Kubernetes."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from simulator.kernel.clock import VirtualClock
from simulator.kernel.disk import SimDisk
from simulator.kernel.loop import SimLoop
from simulator.kernel.running import Unhandled, run
from simulator.kernel.tape import Tape
from simulator.kernel.trace import Trace
from simulator.kube.node.fault_script import FaultScript
from simulator.kube.node.machine import KILLED, Exec, Machine, Result, Upset
from simulator.kube.node.macvlan import macvlan
from simulator.kube.node.netstack import Inodes
from simulator.kube.node.process import Process

NETNS = "/var/run/netns/cni-a"
CONFIG = {"cniVersion": "1.0.0", "name": "net", "type": "macvlan", "master": "up0", "ipam": {"type": "ipam"}}
ANSWER = {"cniVersion": "1.0.0", "ips": [{"address": "10.0.0.5/24"}, {"address": "fd00::5/64"}]}


class Bench:
    """One machine with macvlan and an IPAM plugin that does as it is told."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimLoop)
        self.faults = FaultScript()
        self.clock = VirtualClock(loop)
        self.machine = Machine(
            name="n1",
            machine_id="1" * 32,
            disk=SimDisk(),
            clock=self.clock,
            trace=Trace(loop.time),
            inodes=Inodes(),
            faults=self.faults,
        )
        self.machine.binaries |= {"macvlan": macvlan(self.machine, Tape(1)), "ipam": self._ipam}
        self.machine.boot()
        self.parent: Process = self.machine.start("containerd")
        self.asked: list[str] = []
        self.answers: dict[str, Result] = {"ADD": Result(stdout=json.dumps(ANSWER).encode())}
        self.seconds = 0.0
        self.links_at_del: list[bool] = []

    async def _ipam(self, request: Exec) -> Result:
        verb = request.environ[b"CNI_COMMAND"].decode()
        await self.clock.sleep(self.seconds)
        self.asked.append(verb)
        if verb == "DEL":
            self.links_at_del.append("eth0" in (self.machine.netstack.addresses(NETNS) or {}))
        return self.answers.get(verb, Result())

    def environ(self, verb: str, netns: str = NETNS) -> dict[bytes, bytes]:
        return {
            b"CNI_COMMAND": verb.encode(),
            b"CNI_CONTAINERID": b"c1",
            b"CNI_NETNS": netns.encode(),
            b"CNI_IFNAME": b"eth0",
        }

    async def call(self, verb: str, netns: str = NETNS, **more: Any) -> Result:
        stdin = json.dumps({**CONFIG, **more}).encode()
        return await self.machine.execute("macvlan", self.environ(verb, netns), stdin, self.parent)


def bench(body: Callable[[Bench], Awaitable[None]]) -> None:
    async def main() -> None:
        made = Bench()
        try:
            await body(made)
        finally:
            made.machine.power_cut()
        await made.clock.sleep(1)

    run(main())


def test_add_puts_the_addresses_on_the_wire_and_prints_them() -> None:
    async def body(at: Bench) -> None:
        at.machine.netstack.create(NETNS, "c1")
        result = await at.call("ADD")
        printed = json.loads(result.stdout)
        assert result.exit_code == 0
        assert at.machine.netstack.addresses(NETNS) == {"eth0": ("10.0.0.5/24", "fd00::5/64")}
        assert printed["interfaces"][0]["sandbox"] == NETNS
        assert [ip["interface"] for ip in printed["ips"]] == [0, 0]

    bench(body)


def test_a_failing_ipam_leaves_no_link_and_passes_its_error_on() -> None:
    async def body(at: Bench) -> None:
        at.machine.netstack.create(NETNS, "c1")
        at.answers["ADD"] = Result(exit_code=1, stdout=b'{"code": 11, "msg": "pool is full", "details": "p4"}')
        result = await at.call("ADD")
        assert json.loads(result.stdout) == {"cniVersion": "1.0.0", "code": 11, "msg": "pool is full: p4"}
        assert result.exit_code == 1
        assert at.machine.netstack.addresses(NETNS) == {}
        assert at.asked == ["ADD"]

    bench(body)


def test_a_failure_after_the_ipams_add_gives_the_addresses_back() -> None:
    async def body(at: Bench) -> None:
        at.machine.netstack.create(NETNS, "c1")
        at.answers["ADD"] = Result(stdout=b'{"ips": [{"address": "10.0.0.5/24"}, {"address": "10.0.0.5/24"}]}')
        assert (await at.call("ADD")).exit_code == 1
        assert at.asked == ["ADD", "DEL"]
        assert at.machine.netstack.addresses(NETNS) == {}

    bench(body)


def test_del_asks_the_ipam_first_and_removes_the_link_afterwards() -> None:
    async def body(at: Bench) -> None:
        at.machine.netstack.create(NETNS, "c1")
        await at.call("ADD")
        before = at.clock.monotonic()
        assert (await at.call("DEL")).exit_code == 0
        assert at.links_at_del == [True]
        assert at.clock.monotonic() > before, "there is a gap"
        assert at.machine.netstack.addresses(NETNS) == {}

    bench(body)


def test_a_failing_del_keeps_the_link() -> None:
    async def body(at: Bench) -> None:
        at.machine.netstack.create(NETNS, "c1")
        await at.call("ADD")
        at.answers["DEL"] = Result(exit_code=1, stdout=b"{}")
        assert (await at.call("DEL")).exit_code == 1
        assert "eth0" in (at.machine.netstack.addresses(NETNS) or {})

    bench(body)


@pytest.mark.parametrize("netns", ["", NETNS])
def test_del_without_a_namespace_still_asks_the_ipam_and_succeeds(netns: str) -> None:
    async def body(at: Bench) -> None:
        assert (await at.call("DEL", netns)).exit_code == 0
        assert at.asked == ["DEL"]

    bench(body)


def test_check_compares_the_wire_with_prev_result() -> None:
    async def body(at: Bench) -> None:
        at.machine.netstack.create(NETNS, "c1")
        await at.call("ADD")
        assert (await at.call("CHECK", prevResult=ANSWER)).exit_code == 0
        at.machine.netstack.remove_address(NETNS, "eth0", "fd00::5/64")
        assert (await at.call("CHECK", prevResult=ANSWER)).exit_code == 1

    bench(body)


def test_status_and_version_and_nonsense_are_answered() -> None:
    async def body(at: Bench) -> None:
        at.answers["STATUS"] = Result(exit_code=1, stdout=b'{"code": 50, "msg": "no agent"}')
        assert json.loads((await at.call("STATUS")).stdout)["code"] == 50
        assert "1.1.0" in json.loads((await at.call("VERSION")).stdout)["supportedVersions"]
        assert json.loads((await at.call("JUMP")).stdout)["code"] == 4
        assert json.loads((await at.call("ADD", netns="")).stdout)["code"] == 4

    bench(body)


def test_a_killed_main_plugin_leaves_its_ipam_as_an_orphan_that_still_acts() -> None:
    async def body(at: Bench) -> None:
        at.machine.netstack.create(NETNS, "c1")
        at.seconds = 5
        child = at.machine.launch("macvlan", at.environ("ADD"), json.dumps(CONFIG).encode(), at.parent)
        await at.clock.sleep(1)
        orphan = at.machine.processes()[-1]
        assert orphan.name == "ipam"
        child.process.kill()
        assert (await child.wait()).exit_code == KILLED
        assert orphan in at.machine.processes()
        assert orphan.parent is child.process
        assert not child.process.alive
        await at.clock.sleep(5)
        assert at.asked == ["ADD"]
        assert orphan not in at.machine.processes()
        assert at.machine.netstack.addresses(NETNS) == {"eth0": ()}

    bench(body)


def test_a_power_cut_ends_every_process_and_namespace_and_the_next_boot_has_a_new_id() -> None:
    async def body(at: Bench) -> None:
        at.machine.netstack.create(NETNS, "c1")
        at.seconds = 5
        child = at.machine.launch("macvlan", at.environ("ADD"), json.dumps(CONFIG).encode(), at.parent)
        await at.clock.sleep(1)
        first = at.machine.boot_id
        at.machine.power_cut()
        at.machine.power_cut()
        assert at.machine.processes() == []
        assert at.machine.netstack.paths() == []
        await at.clock.sleep(10)
        assert at.asked == []
        assert (await child.wait()).exit_code == KILLED
        at.machine.boot()
        assert at.machine.boot_id != first

    bench(body)


def test_a_program_that_is_not_installed_cannot_be_started() -> None:
    async def body(at: Bench) -> None:
        with pytest.raises(FileNotFoundError, match="ipvlan"):
            at.machine.launch("ipvlan", {}, b"", at.parent)
        del at.machine.binaries["ipam"]
        at.machine.netstack.create(NETNS, "c1")
        assert "ipam" in json.loads((await at.call("ADD")).stdout)["msg"]

    bench(body)


def test_faults_happen_in_their_order_and_are_used_up() -> None:
    async def body(at: Bench) -> None:
        at.machine.netstack.create(NETNS, "c1")
        at.faults.next(Upset(sleep_before_seconds=2, repeat=1, sleep_after_seconds=3, fail_after=True), program="ipam")
        before = at.clock.monotonic()
        assert (await at.call("ADD")).exit_code == 1
        assert at.clock.monotonic() - before >= 5
        assert at.asked == ["ADD", "ADD"]
        at.faults.next(Upset(fail_before=True), program="ipam", verb="DEL", container_id="c1")
        at.faults.lose_next_del("ipam", container_id="other")
        assert (await at.call("DEL")).exit_code == 1
        assert (await at.call("DEL")).exit_code == 0
        assert at.asked == ["ADD", "ADD", "DEL"]
        at.faults.forget()

    bench(body)


def test_a_program_that_breaks_is_seen() -> None:
    async def body(at: Bench) -> None:
        async def broken(request: Exec) -> Result:
            raise ZeroDivisionError

        at.machine.binaries["ipam"] = broken
        at.machine.netstack.create(NETNS, "c1")
        assert (await at.call("ADD")).exit_code == 1

    with pytest.raises(Unhandled, match="ZeroDivisionError"):
        bench(body)
