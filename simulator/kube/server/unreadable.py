"""The answer to a body that could not be read, or that is of a type that is not taken here."""

from functools import lru_cache

from simulator.kube.api import ApiRequest, Unreadable
from simulator.kube.server.refusals import Refusal
from simulator.kube.server.registry import Resource

_PATCHES = ("application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml")
_STRATEGIC = "application/strategic-merge-patch+json"


@lru_cache(maxsize=256)
def media_type(content_type: str) -> str:
    """The media type of a body, without its parameters."""
    return content_type.partition(";")[0].strip()


def check_readable(request: ApiRequest, resource: Resource) -> None:
    """Nothing, if the body of a request could be read.

    Args:
        request: one that the caller may send, to a place that takes it.
        resource: what the body should be one of, or should change.

    Raises:
        Refusal: 415, a patch of no known type; or the body could not be read.
    """
    if request.method == "PATCH" and request.content_type not in _PATCHES:
        _check_patch(media_type(request.content_type), resource)
    body = request.body
    if type(body) is not Unreadable:
        return
    message = body.why
    if body.code == 400 and request.method in ("POST", "PUT"):
        message = f"the object provided is unrecognized (must be of type {resource.kind}): {message} ({body.shown})"
    raise Refusal(body.code, body.reason, message)


def _check_patch(media: str, resource: Resource) -> None:
    if media in _PATCHES or (media == _STRATEGIC and resource.strategic):
        return
    if resource.custom:
        taken = "the body of the request was in an unknown format - accepted media types include: "
        raise Refusal(415, "UnsupportedMediaType", taken + ", ".join(_PATCHES))
    refusal = Refusal(415, "UnsupportedMediaType", "415: Unsupported Media Type")
    refusal.status["details"] = {}
    raise refusal
