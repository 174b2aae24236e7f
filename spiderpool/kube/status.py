"""What an answer of the API server that is not a success means for the caller.

Two implementations of the Kube port exist (HTTP, and the simulated server); both turn an answer into the error tree of
``errors.py`` here, so that the product meets the same errors in both worlds.

| answer | to a read | to a write |
| --- | --- | --- |
| 404 | NotFound | NotFound |
| 409 with reason AlreadyExists | AlreadyExists | AlreadyExists |
| 409 otherwise | Conflict | Conflict |
| 410 | Expired | Expired |
| 401, 403 | Forbidden | Forbidden |
| 429 | TooManyRequests | TooManyRequests |
| 408, any 5xx, anything that is no HTTP error | Unavailable | UnknownOutcome |
| any other 4xx | Invalid | Invalid |
| none: the connection was refused | Unavailable | Unavailable |
| none: lost, reset, timed out | Unavailable | UnknownOutcome |

A 5xx to a write is never read as "nothing was written": the server answers 500 and 504 when etcd did not answer in
time, and a proxy answers 502 and 503 for a server that died after its commit.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from spiderpool.kube.errors import (
    AlreadyExists,
    Cause,
    Conflict,
    Expired,
    Forbidden,
    Invalid,
    KubeError,
    NotFound,
    TooManyRequests,
    Unavailable,
    UnknownOutcome,
)

_MESSAGE_CHARACTERS_MAX = 500  # of a body that is not a Status, such as a proxy's page

_BY_CODE: dict[int, type[KubeError]] = {
    401: Forbidden,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Expired,
}


class StatusCause(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of ``details.causes``."""

    field: str = ""
    message: str = ""


class StatusDetails(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The part of ``details`` that the product reads."""

    causes: tuple[StatusCause, ...] | None = None
    retry_after_seconds: int | None = None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A ``Status`` object of the API (meta/v1), as far as the product reads it; unknown fields are skipped."""

    code: int | None = None
    reason: str = ""
    message: str = ""
    details: StatusDetails | None = None


def status_of(body: bytes | Mapping[str, Any] | None) -> Status:
    """The Status in an answer. A body that is none (a proxy's page, nothing) becomes the message of an empty one."""
    try:
        if isinstance(body, bytes):
            return msgspec.json.decode(body, type=Status)
        return msgspec.convert(body or {}, Status)
    except (msgspec.DecodeError, msgspec.ValidationError):
        text = body.decode(errors="replace") if isinstance(body, bytes) else str(body)
        return Status(message=text[:_MESSAGE_CHARACTERS_MAX])


def error_of(
    code: int,
    body: bytes | Mapping[str, Any] | None,
    *,
    write: bool,
    retry_after_seconds: float | None = None,
) -> KubeError:
    """The error for an answer that is no success.

    Args:
        code: the HTTP status code; for an ERROR event of a watch, the code inside its Status.
        body: the body as bytes or as a decoded object; a Status, where the API server wrote it.
        write: whether the request could have changed something (all but GET, LIST and WATCH).
        retry_after_seconds: the Retry-After header, if there was one; it counts more than the one in the body.
    """
    status = status_of(body)
    details = status.details or StatusDetails()
    message = f"{code} {status.reason}: {status.message}" if status.reason else f"{code} {status.message}".rstrip()
    if code == 409 and status.reason == "AlreadyExists":
        return AlreadyExists(message)
    if code == 429:
        hints = (retry_after_seconds, details.retry_after_seconds, 1.0)
        return TooManyRequests(message, next(float(hint) for hint in hints if hint is not None))
    if code in _BY_CODE:
        return _BY_CODE[code](message)
    if 400 <= code < 500 and code != 408:
        return Invalid(message, tuple(Cause(cause.field, cause.message) for cause in details.causes or ()))
    return UnknownOutcome(message) if write else Unavailable(message)


def error_of_silence(cause: Exception, *, write: bool) -> KubeError:
    """The error when no whole answer came: connection lost, reset, timed out.

    A refused connection carried no request, so not even a write can have happened.
    """
    message = f"no answer: {type(cause).__name__} {cause}".rstrip()
    if write and not isinstance(cause, ConnectionRefusedError):
        return UnknownOutcome(message)
    return Unavailable(message)
