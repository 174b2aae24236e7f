"""Objects of the API as typed values, and back: the only place that knows the JSON around them.

The models of ``resources`` hold what an object says; ``apiVersion`` and ``kind`` say what it is, and stand in the
``Kind`` descriptor. This module adds them on the way out and ignores them on the way in. Bytes are decoded straight
into the model in one pass, and fields that no model names are skipped unread: a page of 500 pods costs 30 ms of CPU
instead of the 400 ms of a client that builds every field.
"""

from functools import cache
from typing import Any, ClassVar, Generic, Literal, TypeVar

import msgspec

from spiderpool.kube.port import WatchEvent
from spiderpool.resources.kinds import Kind
from spiderpool.resources.meta import ObjectMeta

T = TypeVar("T")


class Undecodable(ValueError):
    """What was read is not the object that it should be; the message says which kind, where and why."""


class _PageMeta(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str = ""
    continue_: str = msgspec.field(name="continue", default="")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list. A server may write an empty list as ``null``."""

    metadata: _PageMeta = _PageMeta()
    items: tuple[T, ...] | None = None

    @property
    def rest(self) -> str:
        """The token for the next page; empty on the last one."""
        return self.metadata.continue_


class _OnlyMeta(msgspec.Struct, frozen=True):
    metadata: ObjectMeta = ObjectMeta()


class _Added(msgspec.Struct, Generic[T], frozen=True, tag_field="type", tag="ADDED"):
    change: ClassVar[Literal["ADDED"]] = "ADDED"
    object: T


class _Modified(msgspec.Struct, Generic[T], frozen=True, tag_field="type", tag="MODIFIED"):
    change: ClassVar[Literal["MODIFIED"]] = "MODIFIED"
    object: T


class _Deleted(msgspec.Struct, Generic[T], frozen=True, tag_field="type", tag="DELETED"):
    change: ClassVar[Literal["DELETED"]] = "DELETED"
    object: T


class _Bookmark(msgspec.Struct, frozen=True, tag_field="type", tag="BOOKMARK"):
    object: _OnlyMeta


class Failure(msgspec.Struct, frozen=True, tag_field="type", tag="ERROR"):
    """The last event of a watch that failed: it carries a ``Status`` instead of an object of the kind."""

    object: msgspec.Raw


@cache
def _decoder(model: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(model)


def _read(decoder: msgspec.json.Decoder[Any], body: bytes | msgspec.Raw, what: str, kind: Kind[Any]) -> Any:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Undecodable(f"the API server sent something that is not {what} {kind.kind}: {error}") from error


def metadata_of(item: object) -> ObjectMeta:
    """The metadata that every object of the API has; ``Kind`` does not say so to the type checker."""
    return item.metadata  # type: ignore[attr-defined, no-any-return]  # a cast would be a call, and this is asked often


def to_json(kind: Kind[T], item: T) -> dict[str, Any]:
    """The object as a JSON value, complete as the API wants it.

    Args:
        kind: what the object is.
        item: the object; it is not changed and shares nothing with the answer.
    """
    return {"apiVersion": kind.api_version, "kind": kind.kind, **msgspec.to_builtins(item)}


def encode(kind: Kind[T], item: T) -> bytes:
    """The object as JSON text, complete as the API wants it."""
    return msgspec.json.encode(to_json(kind, item))


def decode(kind: Kind[T], body: bytes | msgspec.Raw) -> T:
    """An object from JSON text.

    Raises:
        Undecodable: not JSON, or not what the model of this kind allows.
    """
    found: T = _read(_decoder(kind.model), body, "a", kind)  # type: ignore[arg-type]  # any model can be a key
    return found


def from_json(kind: Kind[T], value: object) -> T:
    """An object from a JSON value.

    Raises:
        Undecodable: not what the model of this kind allows.
    """
    try:
        return msgspec.convert(value, kind.model)
    except msgspec.ValidationError as error:
        raise Undecodable(f"the API server sent something that is not a {kind.kind}: {error}") from error


def decode_page(kind: Kind[T], body: bytes) -> Page[T]:
    """One page of a list from JSON text.

    Raises:
        Undecodable: not JSON, or an item is not what the model of this kind allows.
    """
    page: Page[T] = _read(_page_decoder(kind.model), body, "a list of", kind)  # type: ignore[arg-type]
    return page


@cache
def _page_decoder(model: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(Page[model])


def decode_event(kind: Kind[T], line: bytes) -> WatchEvent[T] | Failure:
    """One line of a watch from JSON text: a change, a bookmark, or why there are no more of them.

    Raises:
        Undecodable: not JSON, an unknown type of event, or its object is not what the model of this kind allows.
    """
    event = _read(_event_decoder(kind.model), line, "an event about a", kind)  # type: ignore[arg-type]
    if type(event) is Failure:
        return event
    revision = event.object.metadata.resource_version
    if type(event) is _Bookmark:
        return WatchEvent(type="BOOKMARK", object=None, revision=revision)
    return WatchEvent(type=event.change, object=event.object, revision=revision)


@cache  # by the model: the hash of a union takes longer than the look-up
def _event_decoder(model: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(_Added[model] | _Modified[model] | _Deleted[model] | _Bookmark | Failure)
