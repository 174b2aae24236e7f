"""GET and LIST: one object, or a page of a snapshot."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_right
from collections.abc import Mapping
from typing import Any, Protocol

from simulator.kube.refusals import Refusal, bad_option, bad_request, expired, not_found, version_too_large
from simulator.kube.registry import Resource
from simulator.kube.routes import Route
from simulator.kube.selection import Selection, compile_selection
from simulator.kube.store import Key, Store, Table

Json = dict[str, Any]

FRESHNESS_WAIT_SECONDS = 3.0


class Sleeper(Protocol):
    """Waiting for a revision that is not there yet."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


def selection_of(route: Route, query: Mapping[str, str]) -> Selection:
    """What a list, watch or deletecollection selects."""
    fields = query.get("fieldSelector", "")
    if route.name:  # a watch of one object by its path
        fields = f"metadata.name={route.name}" + ("," + fields if fields else "")
    return compile_selection(route.namespace, query.get("labelSelector", ""), fields, route.resource.fields)


def revision_of(query: Mapping[str, str]) -> int | None:
    """The resourceVersion parameter; ``None`` where it is not given.

    Raises:
        Refusal: 400, not a revision.
    """
    text = query.get("resourceVersion", "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise bad_request(f"resourceVersion {text!r} is not a revision")
    return int(text)


def number_of(query: Mapping[str, str], name: str) -> int:
    """A parameter that is a whole number; 0 where it is not given.

    Raises:
        Refusal: 400, not a number.
    """
    text = query.get(name, "")
    if not text:
        return 0
    try:
        return int(text)
    except ValueError as error:
        raise bad_request(f"parameter {name} must be a number, not {text!r}") from error


async def wait_until_fresh(store: Store, clock: Sleeper, revision: int) -> None:
    """Give the server a moment to reach ``revision``.

    Raises:
        Refusal: 504, it did not.
    """
    if revision > store.revision:
        await clock.sleep(FRESHNESS_WAIT_SECONDS)
    if revision > store.revision:
        raise version_too_large(revision, store.revision)


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
    limit = number_of(query, "limit")
    token = query.get("continue", "")
    exact = query.get("resourceVersionMatch", "") == "Exact"
    _check_match(query, token)
    table = store.table(route.resource.table_id)
    if token:
        return _page(store, table, route.resource, selection, limit, *_read_token(token))
    revision = revision_of(query)
    if exact and revision is not None:
        return _page(store, table, route.resource, selection, limit, revision, ("", ""))
    if limit:
        return _page(store, table, route.resource, selection, limit, store.revision, ("", ""))
    return _answer(route.resource, table.select(selection), store.revision)


def _check_match(query: Mapping[str, str], token: str) -> None:
    match = query.get("resourceVersionMatch", "")
    revision = query.get("resourceVersion", "")
    if not match:
        return
    if match not in ("Exact", "NotOlderThan"):
        message = f"{match!r} is neither Exact nor NotOlderThan"
        raise bad_option("ListOptions", "resourceVersionMatch", message, "FieldValueNotSupported")
    if token:
        raise bad_option("ListOptions", "resourceVersionMatch", "forbidden with continue")
    if not revision:
        raise bad_option("ListOptions", "resourceVersionMatch", "forbidden without resourceVersion")
    if match == "Exact" and revision == "0":
        raise bad_option("ListOptions", "resourceVersionMatch", "Exact is forbidden for resourceVersion 0")


def _answer(resource: Resource, items: list[Json], revision: int) -> Json:
    return {
        "kind": f"{resource.kind}List",
        "apiVersion": resource.api_version,
        "metadata": {"resourceVersion": str(revision)},
        "items": items,
    }


def _page(
    store: Store, table: Table, resource: Resource, selection: Selection, limit: int, revision: int, after: Key
) -> Json:
    if revision < table.forgotten:
        raise _expired_page(store, after)
    if revision >= table.revision:
        objects, keys = table.objects, table.candidates(selection)
    else:
        objects = table.snapshot(revision)
        keys = sorted(key for key in objects if selection.namespace in ("", key[0]))
    items: list[Json] = []
    start = bisect_right(keys, after) if after != ("", "") else 0
    for position in range(start, len(keys)):
        item = objects[keys[position]]
        if not selection.matches(item):
            continue
        if limit and len(items) == limit:
            return _cut(resource, items, revision, 0 if selection.selects else len(keys) - position)
        items.append(item)
    return _answer(resource, items, revision)


def _cut(resource: Resource, items: list[Json], revision: int, left: int) -> Json:
    last = items[-1]["metadata"]
    last_key = (last.get("namespace", ""), last["name"])
    answer = _answer(resource, items, revision)
    answer["metadata"]["continue"] = _write_token(revision, last_key)
    if left:
        answer["metadata"]["remainingItemCount"] = left
    return answer


def _write_token(revision: int, key: Key) -> str:
    return urlsafe_b64encode(json.dumps([revision, *key]).encode()).decode().rstrip("=")


def _read_token(token: str) -> tuple[int, Key]:
    try:
        revision, namespace, name = json.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return int(revision), (str(namespace), str(name))
    except (ValueError, TypeError) as error:
        raise bad_request("the continue token is not one of this server") from error


def _expired_page(store: Store, after: Key) -> Refusal:
    refusal = expired("the snapshot of this list is no longer kept; start again, or continue inconsistently")
    refusal.status["metadata"] = {"continue": _write_token(store.revision, after)} if after != ("", "") else {}
    return refusal
