"""A request and its answer as values: what the handlers of agent and controller take and give.

A handler is ``async (Request) -> Response`` over bytes. In production aiohttp binds it to a socket; the simulator
calls it through its own network. So the same handler runs in both worlds, and a test needs no server.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request.

    ``headers`` has lower-case names. ``query`` has the first value of each parameter.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP answer; ``headers`` has lower-case names."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


Handler = Callable[[Request], Awaitable[Response]]


def json_response(value: object, status: int = 200) -> Response:
    """An answer with a JSON body."""
    return Response(status=status, headers={"content-type": "application/json"}, body=msgspec.json.encode(value))
