"""The product's ``Disk`` port on the disk of a simulated machine."""

from collections.abc import Sequence

from simulator.kube.ports import Disk


class SimDiskPort:
    """Implements ``spiderpool.host.port.Disk``: temporary names are no names, the power switch is out of reach."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    async def names(self, folder: str) -> Sequence[str]:
        """File names in a folder, sorted, temporary ones left out."""
        return [name for name in await self._disk.names(folder) if not name.startswith(".")]

    async def read(self, path: str) -> bytes | None:
        """The content, or None when there is no such file."""
        return await self._disk.read(path)

    async def write(self, path: str, data: bytes, *, durable: bool = True) -> None:
        """Write whole or not at all; a disk that refuses raises ``OSError``."""
        await self._disk.write(path, data, durable=durable)

    async def remove(self, path: str) -> None:
        """Remove; a file that is not there is success. After a power cut it may be there again."""
        await self._disk.remove(path)
