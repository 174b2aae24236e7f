"""The door of the simulated API server: a request as REST sees it, and its answer, as values.

Every simulated client speaks through this door: the workload controllers and kubelets of this folder, the product's
Kube port (``simulator/cluster/kube_port.py``), and the HTTP face. Bodies are JSON values. What the server hands out is
shared with its store: a receiver must treat it as frozen and copy before changing.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec

Json = dict[str, Any]


class ApiRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request: ``path`` such as ``/api/v1/namespaces/default/pods/web-0``, ``query`` with the API's parameter names
    (labelSelector, fieldSelector, limit, continue, resourceVersion, dryRun, allowWatchBookmarks, ...).
    ``content_type`` selects the kind of a PATCH, ``accept`` the form of the answer (a Table, metadata alone). ``user``,
    ``groups``, ``user_uid`` and ``user_extra`` are who asks, by what the face has verified; ``user_agent`` is the
    program, by its own word. ``body`` may be an ``Unreadable``; ``duplicates`` are the places of the members that it had
    more than once in the text that a face has read; of YAML, what its reader says of them.
    """

    method: str
    path: str
    query: Mapping[str, str] = msgspec.field(default_factory=dict)
    body: Any = None
    duplicates: tuple[str, ...] = ()
    content_type: str = "application/json"
    accept: str = ""
    user: str = "admin"
    groups: tuple[str, ...] = ()
    user_agent: str = ""
    user_uid: str = ""
    user_extra: Mapping[str, Sequence[str]] | None = None


class Unreadable(msgspec.Struct, frozen=True, kw_only=True):
    """A body that a face could not read. The server refuses it where it would have looked at it: after it has decided
    whether the caller may do this at all, and whether it can be done here.

    ``why`` is what the reader of the format said; ``shown`` is how the beginning of the body is shown to people.
    """

    code: int
    reason: str
    why: str
    shown: str = ""


class ApiResponse(msgspec.Struct, frozen=True, kw_only=True):
    """HTTP status and JSON body; an error has a ``Status`` object as its body. ``warnings`` are sentences for people,
    one for each ``Warning`` header. The few answers that are plain text have a body with nothing but ``text``.
    """

    status: int
    body: Json
    warnings: tuple[str, ...] = ()


class Api(Protocol):
    """A way to the API server: the server itself, or a link that delays, loses and refuses."""

    async def request(self, request: ApiRequest) -> ApiResponse:
        """One request and its answer. A link may raise ``ConnectionError`` or ``TimeoutError``: the answer never came,
        and a write may have been committed, or still be.
        """
        ...

    def watch(self, request: ApiRequest) -> AsyncIterator[Json]:
        """Events ``{"type": ..., "object": ...}`` of a collection; an ERROR event carries a ``Status``. The iterator ends
        when the server or the link ends the stream.
        """
        ...


def copy_of(value: Any) -> Any:
    """A copy of a JSON value that shares nothing with it; faster than a copy that knows all of Python."""
    return msgspec.json.decode(msgspec.json.encode(value))
