"""Tombstones: DELs that could not be carried out, kept as the request's bytes until they are.

The plugin writes one when it cannot reach the agent, the agent when it cannot reach the API server or take an address
off the wire. A tombstone goes away only when its release has been done.
"""

from spiderpool.agent.parts import Parts
from spiderpool.cni.forwarded import Forwarded, parse_request
from spiderpool.ports.http import Request


def format_request(request: Request) -> bytes:
    """A request as the plugin puts it on the wire (``cni/forwarded.py`` reads it)."""
    head = [f"{request.method} {request.path} HTTP/1.1"]
    head += [f"{name}: {value}" for name, value in request.headers.items() if name != "content-length"]
    head.append(f"content-length: {len(request.body)}")
    return "\r\n".join(head).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + request.body


async def bury(parts: Parts, request: Request, container_id: str, interface: str, stamp_ns: int) -> None:
    """Keep a DEL for later; the same DEL kept twice is one file."""
    path = f"{parts.ports.settings.spool_folder}/{container_id}.{interface}.{stamp_ns}.req"
    await parts.ports.disk.write(path, format_request(request))


async def names(parts: Parts) -> list[str]:
    """The tombstones that lie here, oldest name first."""
    return [name for name in await parts.ports.disk.names(parts.ports.settings.spool_folder) if name.endswith(".req")]


async def dig_up(parts: Parts, name: str) -> Forwarded | None:
    """Read one; None when it is gone by now. A file that cannot be read is reported and removed."""
    path = f"{parts.ports.settings.spool_folder}/{name}"
    data = await parts.ports.disk.read(path)
    if data is None:
        return None
    try:
        return parse_request(data)
    except ValueError as error:
        parts.ports.telemetry.log("error", "tombstone cannot be read; removed", file=name, error=str(error))
        await parts.ports.disk.remove(path)
        return None


async def close(parts: Parts, name: str) -> None:
    """The release was done."""
    await parts.ports.disk.remove(f"{parts.ports.settings.spool_folder}/{name}")
