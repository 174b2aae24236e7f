"""The calls of the Kube port as requests of the API's REST protocol: paths, queries, bodies, pages, events.

It knows no sockets: a ``Transport`` carries the bytes and turns what went wrong on the way into the error tree
(``http.py``). Names are checked before they become part of a path, because some come from what users wrote into
annotations: ``../../namespaces/x`` must not become another request.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import lru_cache
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from spiderpool.kube import codec
from spiderpool.kube.errors import Cause, Expired, Invalid, Unavailable, UnknownOutcome
from spiderpool.kube.port import Listing, WatchEvent
from spiderpool.kube.status import error_of, status_of
from spiderpool.resources.kinds import AnyKind, Kind

T = TypeVar("T")

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
_CODE_OF_A_NAMELESS_ERROR = 500


class Transport(Protocol):
    """Carries requests; parameters of a query that are empty are left out."""

    async def read(self, path: str, query: Mapping[str, str]) -> bytes:
        """The answer to a GET.

        Raises:
            KubeError: there was none, or none of success.
        """
        ...

    async def write(self, method: str, path: str, body: Mapping[str, Any], content_type: str) -> bytes:
        """The answer to a request that may change something; it is sent at most once.

        Raises:
            KubeError: there was none, or none of success.
        """
        ...

    def lines(self, path: str, query: Mapping[str, str]) -> AsyncGenerator[bytes, None]:
        """The lines of a long answer to a GET, as they come; ends when the server ends it. Closing it hangs up.

        Raises:
            KubeError: there was no answer, none of success, or it broke.
        """
        ...


class RestKube:
    """The Kube port over a transport."""

    def __init__(self, transport: Transport, *, watch_seconds: int, page_items: int) -> None:
        """Speak over ``transport``.

        Args:
            transport: carries the requests.
            watch_seconds: the server is asked to end a watch after this.
            page_items: how many objects to ask for in one page of a list.
        """
        self._transport = transport
        self._watch_seconds = watch_seconds
        self._page_items = page_items

    async def get(self, kind: Kind[T], name: str, *, namespace: str = "") -> T:
        """One object as it is now."""
        body = await self._transport.read(_path(kind, name, namespace), {})
        try:
            return codec.decode(kind, body)
        except codec.Undecodable as error:
            raise Unavailable(str(error)) from error

    async def list(
        self, kind: Kind[T], *, namespace: str = "", labels: str = "", fields: str = "", revision: str = ""
    ) -> Listing[T]:
        """All objects that match, in pages of one snapshot; if that expires between two pages, in one piece."""
        query = {"labelSelector": labels, "fieldSelector": fields, "resourceVersion": revision}
        path = _collection(kind, namespace)
        try:
            return await self._pages(kind, path, query, str(self._page_items))
        except Expired:
            return await self._pages(kind, path, query, "")

    async def watch(
        self, kind: Kind[T], *, revision: str, namespace: str = "", labels: str = "", fields: str = ""
    ) -> AsyncGenerator[WatchEvent[T], None]:
        """Changes after ``revision``, in order."""
        query = {
            "watch": "1",
            "resourceVersion": revision,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(self._watch_seconds),
            "labelSelector": labels,
            "fieldSelector": fields,
        }
        async with aclosing(self._transport.lines(_collection(kind, namespace), query)) as lines:
            async for line in lines:
                yield _event(kind, line)

    async def create(self, kind: Kind[T], item: T) -> T:
        """Create; the answer has what the server added."""
        namespace = codec.metadata_of(item).namespace
        if kind.namespaced:
            _segment(kind, "namespace", namespace)
        return await self._write(kind, "POST", _collection(kind, namespace), codec.to_json(kind, item))

    async def update(self, kind: Kind[T], item: T) -> T:
        """Replace; its metadata carries the resource version that must still be current."""
        metadata = codec.metadata_of(item)
        path = _path(kind, metadata.name, metadata.namespace)
        return await self._write(kind, "PUT", path, codec.to_json(kind, item))

    async def update_status(self, kind: Kind[T], item: T) -> T:
        """Replace the status only."""
        metadata = codec.metadata_of(item)
        path = _path(kind, metadata.name, metadata.namespace, "status")
        return await self._write(kind, "PUT", path, codec.to_json(kind, item))

    async def patch(self, kind: Kind[T], name: str, merge: Mapping[str, Any], *, namespace: str = "") -> T:
        """Apply a JSON merge patch (RFC 7386)."""
        return await self._write(kind, "PATCH", _path(kind, name, namespace), merge, MERGE_PATCH)

    async def delete(self, kind: Kind[T], name: str, *, namespace: str = "", uid: str = "", revision: str = "") -> None:
        """Delete; ``uid`` and ``revision`` are preconditions."""
        wanted = {"uid": uid, "resourceVersion": revision}
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {field: value for field, value in wanted.items() if value},
        }
        await self._transport.write("DELETE", _path(kind, name, namespace), options, JSON)

    async def _write(
        self, kind: Kind[T], method: str, path: str, body: Mapping[str, Any], content_type: str = JSON
    ) -> T:
        answer = await self._transport.write(method, path, body, content_type)
        try:
            return codec.decode(kind, answer)
        except codec.Undecodable as error:
            raise UnknownOutcome(str(error)) from error

    async def _pages(self, kind: Kind[T], path: str, query: Mapping[str, str], limit: str) -> Listing[T]:
        items: list[T] = []
        rest = ""
        while True:
            # A token for the rest names its snapshot; the server refuses a revision beside it.
            place = {"continue": rest, "resourceVersion": ""} if rest else {}
            body = await self._transport.read(path, {**query, "limit": limit, **place})
            try:
                page = codec.decode_page(kind, body)
            except codec.Undecodable as error:
                raise Unavailable(str(error)) from error
            items.extend(page.items or ())
            rest = page.rest
            if not rest:
                return Listing(items=tuple(items), revision=page.metadata.resource_version)


def _event(kind: Kind[T], line: bytes) -> WatchEvent[T]:
    try:
        event = codec.decode_event(kind, line)
    except codec.Undecodable as error:
        raise Unavailable(str(error)) from error
    if isinstance(event, codec.Failure):
        status = bytes(event.object)
        raise error_of(status_of(status).code or _CODE_OF_A_NAMELESS_ERROR, status, write=False)
    return event


def _collection(kind: AnyKind, namespace: str) -> str:
    return kind.collection_path(_segment(kind, "namespace", namespace) if namespace else "")


def _path(kind: AnyKind, name: str, namespace: str, subresource: str = "") -> str:
    inside = _segment(kind, "namespace", namespace) if kind.namespaced else ""
    return kind.path(_segment(kind, "name", name), inside, subresource)


def _segment(kind: AnyKind, field: str, text: str) -> str:
    """A name or namespace as a part of a path.

    Raises:
        Invalid: no object can have it; nothing was sent.
    """
    if text in ("", ".", "..") or "/" in text or "%" in text:
        why = f"{text!r} cannot be the {field} of a {kind.kind}"
        raise Invalid(why, (Cause(f"metadata.{field}", why),))
    return _quoted(text)


@lru_cache(maxsize=1024)  # the same objects are asked for again and again
def _quoted(text: str) -> str:
    return quote(text, safe="")
