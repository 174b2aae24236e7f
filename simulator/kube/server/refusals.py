"""What the server says when it does not do what was asked: one ``Status`` object per reason.

Clients decide by ``code`` and ``reason`` (409 ``AlreadyExists`` is another thing than 409 ``Conflict``) and show the
message to people. So every refusal is made here, with the reason, the details and the causes that the real server
gives; the sentences are our own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One thing that is wrong with one field; ``reason`` is a cause type such as ``FieldValueInvalid``."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"

    def json(self) -> Json:
        """As it stands in ``details.causes``."""
        return {"reason": self.reason, "message": self.message, "field": self.field}


class Refusal(Exception):
    """The request was refused; ``status`` is the body of the answer, unless that is a ``text``.

    Nothing was written, except where ``code`` is 500 or above and the refusal came from a link.
    """

    def __init__(
        self, code: int, reason: str, message: str, *, details: Json | None = None, retry_after_seconds: int = 0
    ) -> None:
        super().__init__(message)
        self.code = code
        self.text = ""
        self.unserved = False  # no resource is served at the path
        details = dict(details or {})
        if retry_after_seconds:
            details["retryAfterSeconds"] = retry_after_seconds
        self.status: Json = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "code": code,
        }
        if reason:
            self.status["reason"] = reason
        if details:
            self.status["details"] = details


def _details(group: str, kind: str, name: str, causes: Sequence[Cause] = ()) -> Json:
    details: Json = {"kind": kind}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    if causes:
        details["causes"] = [cause.json() for cause in causes]
    return details


def qualified(group: str, plural: str) -> str:
    """``pods`` or ``spiderippools.spiderpool.spidernet.io``: how messages name a resource."""
    return f"{plural}.{group}" if group else plural


def not_found(group: str, plural: str, name: str) -> Refusal:
    """404: no such object."""
    message = f'{qualified(group, plural)} "{name}" not found'
    return Refusal(404, "NotFound", message, details=_details(group, plural, name))


def unknown_resource() -> Refusal:
    """404: the group is served, and there is no such resource in it."""
    refusal = Refusal(404, "NotFound", "the server could not find the requested resource")
    refusal.status["details"] = {}
    refusal.unserved = True
    return refusal


def unknown_path() -> Refusal:
    """404: nothing at all is served there; the answer is a text."""
    refusal = Refusal(404, "NotFound", "404 page not found")
    refusal.text = "404 page not found\n"
    refusal.unserved = True
    return refusal


def already_exists(group: str, plural: str, name: str) -> Refusal:
    """409: the name is taken."""
    message = f'{qualified(group, plural)} "{name}" already exists'
    return Refusal(409, "AlreadyExists", message, details=_details(group, plural, name))


def name_not_generated(group: str, plural: str, name: str) -> Refusal:
    """409: the name is taken, and with it every other that was drawn."""
    message = f'{qualified(group, plural)} "{name}" already exists, the server was not able to generate a unique name for the object'
    return Refusal(409, "AlreadyExists", message, details=_details(group, plural, name), retry_after_seconds=1)


def conflict(group: str, plural: str, name: str, why: str) -> Refusal:
    """409: the object is not the one that the caller has seen."""
    message = f'Operation cannot be fulfilled on {qualified(group, plural)} "{name}": {why}'
    return Refusal(409, "Conflict", message, details=_details(group, plural, name))


_MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def stale(group: str, plural: str, name: str) -> Refusal:
    """409: the resourceVersion of a write is not the current one."""
    return conflict(group, plural, name, _MODIFIED)


def invalid(group: str, kind: str, name: str, causes: Sequence[Cause]) -> Refusal:
    """422: the object breaks rules of its kind; one cause for each."""
    lines = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    text = lines[0] if len(lines) == 1 else f"[{', '.join(lines)}]"
    message = f'{kind}{"." + group if group else ""} "{name}" is invalid: {text}'
    return Refusal(422, "Invalid", message, details=_details(group, kind, name, causes))


def forbidden(group: str, plural: str, name: str, why: str, causes: Sequence[Cause] = ()) -> Refusal:
    """403: the server's rules do not allow this now."""
    message = f'{qualified(group, plural)} "{name}" is forbidden: {why}'
    return Refusal(403, "Forbidden", message, details=_details(group, plural, name, causes))


def bad_request(message: str) -> Refusal:
    """400: the request cannot be understood."""
    return Refusal(400, "BadRequest", message)


def bad_option(kind: str, field: str, message: str, reason: str = "FieldValueForbidden") -> Refusal:
    """422: a parameter of the request makes no sense; ``kind`` is ListOptions, DeleteOptions and so on."""
    return invalid("meta.k8s.io", kind, "", [Cause(field=field, message=message, reason=reason)])


def expired(message: str) -> Refusal:
    """410: the history that the request needs is no longer kept."""
    return Refusal(410, "Expired", message)


def version_too_large(asked: int, current: int) -> Refusal:
    """504: the caller has seen a revision that this server has not."""
    said = "Too large resource version"
    cause = {"reason": "ResourceVersionTooLarge", "message": said}
    message = f"Timeout: {said}: {asked}, current: {current}"
    return Refusal(504, "Timeout", message, details={"causes": [cause]}, retry_after_seconds=1)


def version_without_meaning(text: str, why: str) -> Refusal:
    """500: a resourceVersion that is no number; the real server gives no reason."""
    return Refusal(500, "", f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": {why}')


def not_acceptable(message: str, *, negotiated: bool = False) -> Refusal:
    """406: the answer cannot be had in the form that was asked for; ``negotiated``: no form of the list would do."""
    refusal = Refusal(406, "NotAcceptable", message)
    if negotiated:
        refusal.status["details"] = {}
    return refusal


def method_not_allowed() -> Refusal:
    """405: the resource does not know this verb."""
    message = "the server does not allow this method on the requested resource"
    refusal = Refusal(405, "MethodNotAllowed", message)
    refusal.status["details"] = {}
    return refusal


def unsupported_media(message: str) -> Refusal:
    """415: this kind of patch is not understood here."""
    return Refusal(415, "UnsupportedMediaType", message)


def no_space() -> Refusal:
    """500: the store has used the space that it may use, and takes nothing new until somebody makes some."""
    return Refusal(500, "", "etcdserver: mvcc: database space exceeded")


def internal(message: str) -> Refusal:
    """500: something behind the server failed."""
    details = {"causes": [{"message": message}]}
    return Refusal(500, "InternalError", f"Internal error occurred: {message}", details=details)
