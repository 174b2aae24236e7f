"""How long a request may take: a minute, a patch 34 seconds, and less if it says so itself (``timeout=10s``).

Within the server time passes only where it asks others (webhooks) or waits for a revision; so that is where the limit
is looked at, and a request that waits for nobody costs nothing. Watches have an end of their own.
"""

import re
from collections.abc import Mapping
from contextvars import ContextVar

from simulator.kube.api import ApiRequest
from simulator.kube.server.asking import asked
from simulator.kube.server.field_errors import quoted
from simulator.kube.server.refusals import Refusal, bad_request

REQUEST_SECONDS = 60.0
PATCH_SECONDS = 34.0

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PIECE = re.compile(r"(\d+\.?\d*|\.\d+)([^\d.]*)")
_began: ContextVar[tuple[ApiRequest, float] | None] = ContextVar("began", default=None)


def limit_of(query: Mapping[str, str]) -> float:
    """The seconds that a request with these parameters may take.

    Raises:
        Refusal: 400, its ``timeout`` is no duration.
    """
    text = query.get("timeout", "")
    given = _duration(text) if text else 0.0
    return min(given, REQUEST_SECONDS) if given > 0 else REQUEST_SECONDS


def _duration(text: str) -> float:
    """A duration as Go writes it, in seconds."""
    rest = text[1:] if text[0] in "+-" else text
    if rest == "0":
        return 0.0
    seconds, at = 0.0, 0
    while at < len(rest):
        piece = _PIECE.match(rest, at)
        if piece is None:
            raise _no_duration(f"invalid duration {quoted(text)}")
        number, unit = piece.groups()
        if not unit:
            raise _no_duration(f"missing unit in duration {quoted(text)}")
        if unit not in _UNITS:
            raise _no_duration(f"unknown unit {quoted(unit)} in duration {quoted(text)}")
        seconds += float(number) * _UNITS[unit]
        at = piece.end()
    if not rest:
        raise _no_duration(f"invalid duration {quoted(text)}")
    return -seconds if text[0] == "-" else seconds


def _no_duration(why: str) -> Refusal:
    return bad_request(f"invalid timeout specified in the request URL - time: {why}")


def seconds_left(now: float) -> float:
    """How long the request that is being served may still take. It is asked before the first wait of a request, and
    before each other one.
    """
    request = asked.get()
    if request is None:
        return REQUEST_SECONDS
    began = _began.get()
    if began is None or began[0] is not request:
        began = (request, now)
        _began.set(began)
    return began[1] + _limit(request) - now


def _limit(request: ApiRequest) -> float:
    limit = limit_of(request.query)
    return min(limit, PATCH_SECONDS) if request.method == "PATCH" else limit


def out_of_time() -> Refusal:
    """504: the time of the request that is being served is over."""
    request = asked.get()
    if request is not None and request.method == "PATCH" and limit_of(request.query) >= PATCH_SECONDS:
        said = "request did not complete within requested timeout - context deadline exceeded"
        refusal = Refusal(504, "Timeout", f"Timeout: {said}")
        refusal.status["details"] = {}
        return refusal
    return not_in_time()


def not_in_time() -> Refusal:
    """504: the time that every request has, or that this one has asked for, is over. The answer is not even called a
    Status, as it does not come from where answers are written.
    """
    refusal = Refusal(504, "Timeout", "Timeout: request did not complete within the allotted timeout")
    refusal.status["details"] = {}
    del refusal.status["kind"], refusal.status["apiVersion"]
    return refusal
