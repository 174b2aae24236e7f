"""Following a collection: list, watch from there, list again when the stream is lost; and which collections there are."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass
from typing import Protocol

from simulator.kube.api import Api, ApiRequest, Json
from simulator.kube.server.kinds.builtins import BUILTINS
from simulator.kube.server.kinds.everything import EVERYTHING
from simulator.kube.server.registry import Resource
from simulator.kube.server.routes import collection_path

RETRY_SECONDS = 1.0
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


class Pause(Protocol):
    """Waiting before another try."""

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Wait."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One resource as clients know it."""

    api_version: str
    kind: str
    path: str
    namespaced: bool

    def of(self, namespace: str, name: str = "") -> str:
        """The path of the collection in one namespace, or of one object."""
        root, _, plural = self.path.rpartition("/")
        within = f"{root}/namespaces/{namespace}/{plural}" if self.namespaced else self.path
        return f"{within}/{name}" if name else within


def collections_of(kinds: Sequence[Resource]) -> list[Collection]:
    """The collections of what is kept; what is seen as two kinds is collected as the one that it is kept as."""
    return [
        Collection(
            api_version=resource.api_version,
            kind=resource.kind,
            path=collection_path(resource),
            namespaced=resource.namespaced,
        )
        for resource in kinds
        if resource.kept and resource.stored is None
    ]


WORKED_WITH: Sequence[Collection] = tuple(collections_of(BUILTINS))
"""What somebody in a simulated world writes; who serves strangers follows every collection (``ALL_KEPT``)."""
ALL_KEPT: Sequence[Collection] = tuple(collections_of(EVERYTHING))


def defined_collection(definition: Json) -> Collection:
    """The collection that a CustomResourceDefinition declares."""
    spec = definition["spec"]
    version = next(version["name"] for version in spec["versions"] if version.get("served"))
    return Collection(
        api_version=f"{spec['group']}/{version}",
        kind=spec["names"]["kind"],
        path=f"/apis/{spec['group']}/{version}/{spec['names']['plural']}",
        namespaced=spec["scope"] == "Namespaced",
    )


async def all_collections(api: Api, user: str, builtin: Sequence[Collection]) -> Sequence[Collection]:
    """The built-in ones and those of the definitions that the server has now.

    Raises:
        ConnectionError: the server did not say.
    """
    response = await api.request(ApiRequest(method="GET", path=_DEFINITIONS, user=user))
    if response.status != 200:
        raise ConnectionError(f"the definitions cannot be listed: {response.status}")
    return [*builtin, *(defined_collection(item) for item in response.body["items"])]


async def follow(api: Api, path: str, clock: Pause, user: str) -> AsyncIterator[tuple[str, list[Json]]]:
    """For ever: ``("LIST", everything)`` at first and after each gap, then ``("SET" or "GONE", [object])``."""
    while True:
        try:
            response = await api.request(ApiRequest(method="GET", path=path, user=user))
            if response.status == 200:
                yield "LIST", response.body["items"]
                query = {"resourceVersion": response.body["metadata"]["resourceVersion"]}
                async for event in api.watch(ApiRequest(method="GET", path=path, query=query, user=user)):
                    if event["type"] == "ERROR":
                        break
                    yield "GONE" if event["type"] == "DELETED" else "SET", [event["object"]]
        except (ConnectionError, TimeoutError):
            pass
        await clock.sleep(RETRY_SECONDS)
