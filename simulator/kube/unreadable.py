"""The answer to a body that could not be read."""

from simulator.kube.api import ApiRequest, Unreadable
from simulator.kube.refusals import Refusal


def check_readable(request: ApiRequest, kind: str) -> None:
    """Nothing, if the body of a request could be read.

    Args:
        request: one that the caller may send, to a place that takes it.
        kind: what the body should be.

    Raises:
        Refusal: the body could not be read.
    """
    body = request.body
    if type(body) is not Unreadable:
        return
    message = body.why
    if body.code == 400 and request.method in ("POST", "PUT"):
        message = f"the object provided is unrecognized (must be of type {kind}): {message} ({body.shown})"
    raise Refusal(body.code, body.reason, message)
