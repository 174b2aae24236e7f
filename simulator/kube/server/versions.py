"""Several versions of one resource: stored in one, seen in each.

Where nothing else is said, nothing is converted but the name of the version: fields that a version does not know are
dropped on the way in and on the way out, and its defaults filled in. A definition may name a webhook that converts
(``conversion.py``), and some built-in kinds have other names for some fields. A resource whose definition has one version
never comes here.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from simulator.kube.server import metadata as meta
from simulator.kube.server.refusals import invalid
from simulator.kube.server.registry import Resource
from simulator.kube.server.writes import Make, own_copy

Json = dict[str, Any]


def shown(item: Json, resource: Resource) -> Json:
    """A stored object as a version shows it."""
    if item.get("apiVersion") == resource.api_version and resource.stored is not None:
        return item
    fresh: Json = own_copy(item)
    fresh["apiVersion"] = resource.api_version
    if resource.from_stored is not None:
        resource.from_stored(fresh)
    resource.complete(fresh, None)
    return fresh


def reread(item: Json, resource: Resource) -> Json:
    """A stored object as the schema of today has it."""
    if item.get("apiVersion") != resource.api_version:
        return shown(item, resource)
    fresh: Json = own_copy(item)
    resource.complete(fresh, None)
    return fresh


def listed_in(body: Json, items: list[Json], resource: Resource) -> Json:
    """A list of stored objects as a version shows it."""
    if not resource.custom:  # whose kind the list alone says
        items = [{name: value for name, value in item.items() if name != "apiVersion"} for item in items]
    return {**body, "apiVersion": resource.api_version, "items": items}


def stored_form(item: Json, old: Json | None, resource: Resource) -> Json:
    """An object that came in a version, as it is stored.

    Raises:
        Refusal: 400, 422 it is none of this version.
    """
    item = meta.require_object(item, resource)
    resource.complete(item, None)
    causes = resource.check(item, old) if item["metadata"].get("name") else ()
    if causes:
        group = (resource.stored or resource).group
        raise invalid(group, resource.kind, str(item["metadata"].get("name", "")), causes)
    if resource.stored is not None:
        item["apiVersion"] = resource.stored.api_version
    if resource.to_stored is not None:
        resource.to_stored(item)
    return item


def through(make: Make, resource: Resource) -> Make:
    """A change in terms of one version, as a change of what is stored."""

    def changed(old: Json) -> Json:
        seen = shown(old, resource)
        return stored_form(make(seen), seen, resource)

    return changed


class Converts(Protocol):
    """Who converts objects of custom resources."""

    async def converted(self, item: Json, target: Resource) -> Json:
        """An object in another version; raises where it cannot be converted."""
        ...


class ConvertedQueue(deque[Json]):
    """The events of a watch in a version into which somebody converts: each waits for the one before it."""

    def __init__(self, resource: Resource, conversion: Converts, on_news: Callable[[], None]) -> None:
        super().__init__()
        self._resource = resource
        self._conversion = conversion
        self._on_news = on_news
        self._waiting: deque[Json] = deque()
        self._worker: asyncio.Task[None] | None = None

    def append(self, event: Json) -> None:
        """Queue one event, when it is converted."""
        self._waiting.append(event)
        if self._worker is None:
            self._worker = asyncio.get_running_loop().create_task(self._convert())

    async def _convert(self) -> None:
        while self._waiting:
            event = self._waiting.popleft()
            if event["type"] in ("ADDED", "MODIFIED", "DELETED"):
                try:
                    item = await self._conversion.converted(event["object"], self._resource)
                except Exception:  # noqa: BLE001, S112  what cannot be converted cannot be told
                    continue
                event = {**event, "object": item}
            super().append(event)
            self._on_news()
        self._worker = None


class ShownQueue(deque[Json]):
    """The events of a watch, as a version shows them."""

    def __init__(self, resource: Resource) -> None:
        super().__init__()
        self._resource = resource

    def append(self, event: Json) -> None:
        """Queue one event."""
        super().append(self._shown(event))

    def extend(self, events: Iterable[Json]) -> None:
        """Queue several."""
        super().extend(self._shown(event) for event in events)

    def _shown(self, event: Json) -> Json:
        if event["type"] in ("ADDED", "MODIFIED", "DELETED"):
            return {**event, "object": shown(event["object"], self._resource)}
        return event
