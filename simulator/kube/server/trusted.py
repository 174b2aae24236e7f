"""The API as the server's own controllers use it: they live beside it, and no rule keeps them from anything."""

from collections.abc import AsyncIterator

import msgspec

from simulator.kube.api import ApiRequest, ApiResponse, Json
from simulator.kube.server.access.users import MASTERS
from simulator.kube.server.api_server import ApiServer
from simulator.kube.server.watch import Feed


class Trusted:
    """Implements ``simulator.kube.api.Api``: every request is sent as one of the masters' group."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server

    async def request(self, request: ApiRequest) -> ApiResponse:
        """As ``ApiServer.request``."""
        return await self._server.request(_as_master(request))

    def watch(self, request: ApiRequest) -> AsyncIterator[Json]:
        """As ``ApiServer.watch``."""
        return self._server.watch(_as_master(request))

    def open(self, request: ApiRequest) -> Feed:
        """As ``ApiServer.open``."""
        return self._server.open(_as_master(request))


def _as_master(request: ApiRequest) -> ApiRequest:
    return msgspec.structs.replace(request, groups=(*request.groups, MASTERS))
