"""GET and LIST: one object, or a page of a snapshot."""

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

from simulator.kube.server.continue_tokens import INCONSISTENT, read_token, write_token
from simulator.kube.server.field_selectors import field_requirements
from simulator.kube.server.label_selectors import label_requirements
from simulator.kube.server.list_options import list_revision_of, number_of
from simulator.kube.server.refusals import Refusal, bad_request, expired, not_found, version_too_large
from simulator.kube.server.registry import Resource
from simulator.kube.server.routes import Route
from simulator.kube.server.selection import Selection
from simulator.kube.server.store import Key, Store, Table
from simulator.kube.server.time_limits import limit_of, not_in_time

Json = dict[str, Any]

FRESHNESS_WAIT_SECONDS = 3.0


def selection_of(route: Route, query: Mapping[str, str]) -> Selection:
    """What a list, watch or deletecollection selects.

    Raises:
        Refusal: 400, a selector cannot be read, or names a field that the kind does not offer.
    """
    labels = query.get("labelSelector", "")
    fields = query.get("fieldSelector", "")
    if route.name:  # a watch of one object by its path
        fields = f"metadata.name={route.name}" + ("," + fields if fields else "")
    if not (labels or fields):
        return Selection(namespace=route.namespace)
    found = [*field_requirements(fields, route.resource), *label_requirements(labels)]
    pins = [pin for _, pin in found if pin is not None]
    return Selection(
        namespace=route.namespace,
        predicates=tuple(predicate for predicate, _ in found),
        pin=pins[0] if pins else None,
    )


async def wait_until_fresh(store: Store, revision: int, query: Mapping[str, str]) -> None:
    """Give the server a moment to reach ``revision``; no longer than the parameters allow.

    Raises:
        Refusal: 504, it did not.
    """
    if revision > store.revision:
        patience_seconds = min(FRESHNESS_WAIT_SECONDS, limit_of(query))
        await store.reaching(revision, patience_seconds)
        if revision > store.revision and patience_seconds < FRESHNESS_WAIT_SECONDS:
            raise not_in_time()
    if revision > store.revision:
        raise version_too_large(revision, store.revision)


async def catch_up(cache: Store, etcd: Store) -> None:
    """What a list costs that must be current: the server waits until what it has at hand is as new as the common store,
    and asks the store itself when that takes too long.
    """
    if cache.revision < etcd.revision:
        await cache.reaching(etcd.revision, FRESHNESS_WAIT_SECONDS)


def get(store: Store, route: Route) -> Json:
    """One object.

    Raises:
        Refusal: 404.
    """
    resource = route.resource
    item = store.table(resource.table_id).objects.get((route.namespace, route.name))
    if item is None:
        raise not_found(resource.group, resource.plural, route.name)
    return item


def listing(store: Store, route: Route, query: Mapping[str, str]) -> Json:
    """A collection, or a page of it.

    Raises:
        Refusal: 400, 422 parameters that make no sense; 410 the snapshot is no longer kept.
    """
    selection = selection_of(route, query)
    limit = max(number_of(query, "limit"), 0)
    token = query.get("continue", "")
    exact = query.get("resourceVersionMatch", "") == "Exact"
    table = store.table(route.resource.table_id)
    if token:
        revision, after = _continued(route, query, token)
        if query.get("resourceVersion"):
            limit = 0
        return _page(store, table, route, selection, limit, revision, after)
    asked = list_revision_of(query)
    if exact and asked is not None:
        return _page(store, table, route, selection, limit, asked, _START)
    if limit and asked != 0:
        revision = asked if asked and "resourceVersionMatch" not in query else store.revision
        return _page(store, table, route, selection, limit, revision, _START)
    return list_of(route.resource, table.select(selection), store.revision)


def _continued(route: Route, query: Mapping[str, str], token: str) -> tuple[int, Key]:
    if query.get("resourceVersion", "") not in ("", "0"):
        raise bad_request("specifying resource version is not allowed when using continue")
    return read_token(token, namespace=route.namespace, namespaced=route.resource.namespaced)


def list_of(resource: Resource, items: list[Json], revision: int) -> Json:
    """All objects of a collection that were asked for, as they are answered with."""
    if resource.custom:
        metadata = {"continue": "", "resourceVersion": str(revision)}
    else:
        metadata = {"resourceVersion": str(revision)}
        items = [untyped(item) for item in items]
    return {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": metadata, "items": items}


def untyped(item: Json) -> Json:
    """An object of a built-in kind as it stands in a list: without the type, which the list has."""
    return {name: value for name, value in item.items() if name not in _TYPE}


_TYPE = ("apiVersion", "kind")
_START: Key = ("", "")


def _page(
    store: Store, table: Table, route: Route, selection: Selection, limit: int, revision: int, after: Key
) -> Json:
    if revision == INCONSISTENT:
        revision = store.revision
    if revision > store.revision:
        raise version_too_large(revision, store.revision)
    if revision < max(table.forgotten, store.compacted):
        raise _expired_page(store, route, after)
    if revision >= table.revision:
        objects, keys = table.objects, table.candidates(selection)
        last = table.last_key(selection.namespace)
    else:
        objects = table.snapshot(revision)
        keys = sorted(key for key in objects if selection.namespace in ("", key[0]))
        last = keys[-1] if keys else _START
    items: list[Json] = []
    start = bisect_right(keys, after) if after != _START else 0
    for position in range(start, len(keys)):
        item = objects[keys[position]]
        if not selection.matches(item):
            continue
        items.append(item)
        if len(items) == limit and keys[position] < last:
            return _cut(route, items, revision, 0 if selection.selects else len(keys) - position - 1)
    return list_of(route.resource, items, revision)


def _cut(route: Route, items: list[Json], revision: int, left: int) -> Json:
    """A page that is full before the last object of the collection; whether any after it matches, nobody has looked."""
    last = items[-1]["metadata"]
    last_key = (last.get("namespace", ""), last["name"])
    answer = list_of(route.resource, items, revision)
    answer["metadata"]["continue"] = _token(route, revision, last_key)
    if left:
        answer["metadata"]["remainingItemCount"] = left
    return answer


def _token(route: Route, revision: int, key: Key) -> str:
    return write_token(revision, key, namespace=route.namespace, namespaced=route.resource.namespaced)


def _expired_page(store: Store, route: Route, after: Key) -> Refusal:
    if after == _START:
        return expired("The resourceVersion for the provided list is too old.")
    refusal = expired(_EXPIRED_PAGE)
    refusal.status["metadata"] = {"continue": _token(route, INCONSISTENT, after)}
    return refusal


_EXPIRED_PAGE = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the"
    " continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing"
    " with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the"
    " time the first chunk was returned and now may show up in the list."
)
