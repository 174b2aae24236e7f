"""Tombstones: DELs that could not be carried out, kept as the request's bytes until they are.

The plugin writes one when it cannot reach the agent, the agent when it cannot reach the API server or take an address
off the wire. A tombstone goes away only when its release has been done.
"""

from spiderpool.agent.parts import Parts
from spiderpool.ports.http import Request


def format_request(request: Request) -> bytes:
    """A request as it stands on the wire."""
    head = [f"{request.method} {request.path} HTTP/1.1"]
    head += [f"{name}: {value}" for name, value in request.headers.items() if name != "content-length"]
    head.append(f"content-length: {len(request.body)}")
    return "\r\n".join(head).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + request.body


def parse_request(data: bytes) -> Request:
    """The inverse; header names come in lower case.

    Raises:
        ValueError: the file is not a whole request.
    """
    head, blank, body = data.partition(b"\r\n\r\n")
    lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    words = lines[0].split(" ")
    if not blank or len(words) != 3:
        raise ValueError("the file is not a whole request")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    if int(headers.get("content-length", "0")) > len(body):
        raise ValueError("the request's body is cut off")
    return Request(method=words[0], path=words[1], headers=headers, body=body)


async def bury(parts: Parts, request: Request, container_id: str, interface: str, stamp_ns: int) -> None:
    """Keep a DEL for later; the same DEL kept twice is one file."""
    path = f"{parts.ports.settings.spool_folder}/{container_id}.{interface}.{stamp_ns}.req"
    await parts.ports.disk.write(path, format_request(request))


async def names(parts: Parts) -> list[str]:
    """The tombstones that lie here, oldest name first."""
    return [name for name in await parts.ports.disk.names(parts.ports.settings.spool_folder) if name.endswith(".req")]


async def dig_up(parts: Parts, name: str) -> Request | None:
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
