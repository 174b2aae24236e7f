"""The agent's files on a simulated machine: the same contract as on the real disk, and what a power cut leaves."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from simulator.cluster.disk_port import SimDiskPort
from simulator.kernel.disk import SimDisk
from spiderpool.host.port import Disk
from spiderpool.host.tests.contract import DiskContract


class TestSimulatedDisk(DiskContract):
    @contextmanager
    def place(self) -> Iterator[tuple[Disk, str]]:
        yield SimDiskPort(SimDisk()), "/var/lib/spidernet/spool"


def test_the_journal_dies_with_the_power_and_a_tombstone_does_not() -> None:
    async def story() -> None:
        machine = SimDisk()
        disk = SimDiskPort(machine)
        await disk.write("/run/spidernet/journal/c1.eth0.json", b"journal")
        await disk.write("/var/lib/spidernet/spool/c1.eth0.1.req", b"tombstone")
        await disk.write("/var/lib/spidernet/store.json", b"{}", durable=False)

        machine.power_cut()

        assert await disk.names("/run/spidernet/journal") == []
        assert await disk.read("/var/lib/spidernet/spool/c1.eth0.1.req") == b"tombstone"
        assert await disk.read("/var/lib/spidernet/store.json") is None

    asyncio.run(story())


def test_a_tombstone_that_was_removed_may_be_back_after_a_power_cut() -> None:
    async def story() -> None:
        machine = SimDisk()
        disk = SimDiskPort(machine)
        await disk.write("/var/lib/spidernet/spool/c1.eth0.1.req", b"tombstone")
        await disk.remove("/var/lib/spidernet/spool/c1.eth0.1.req")
        machine.power_cut()
        assert await disk.names("/var/lib/spidernet/spool") == ["c1.eth0.1.req"]

    asyncio.run(story())
