"""The parameters of lists and watches: what they mean, and which of them make no sense together.

The rules of ``resourceVersionMatch``, ``continue`` and ``sendInitialEvents`` are checked before anything is read, each
with the sentence of the real server; a client that combines them wrongly finds out here and not in production.
"""

from collections.abc import Mapping

from simulator.kube.server.field_errors import forbidden_field, not_supported
from simulator.kube.server.refusals import Cause, Refusal, bad_request, invalid, version_without_meaning

_WIDEST = 1 << 64
_WIDEST_NUMBER = 1 << 63
_MATCH = "resourceVersionMatch"


def flag(query: Mapping[str, str], name: str) -> bool:
    """Whether a boolean parameter is on: if it is there with any value but 0 and false."""
    value = query.get(name)
    return value is not None and value.lower() not in ("0", "false")


def number_of(query: Mapping[str, str], name: str) -> int:
    """A parameter that is a whole number; 0 where it is not given.

    Raises:
        Refusal: 400, not a number.
    """
    text = query.get(name, "")
    if not text:
        return 0
    digits = text[1:] if text[0] in "+-" else text
    if not (digits.isascii() and digits.isdigit()):
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if not -_WIDEST_NUMBER <= int(text) < _WIDEST_NUMBER:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": value out of range')
    return int(text)


def revision_of(query: Mapping[str, str]) -> int | None:
    """The resourceVersion parameter; ``None`` where it is not given.

    Raises:
        Refusal: 500, not a revision.
    """
    text = query.get("resourceVersion", "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise version_without_meaning(text, "invalid syntax")
    revision = int(text)
    if revision >= _WIDEST:
        raise version_without_meaning(text, "value out of range")
    return revision


def list_revision_of(query: Mapping[str, str]) -> int | None:
    """As ``revision_of``; a list says what is wrong in other words.

    Raises:
        Refusal: 400, not a revision.
    """
    try:
        return revision_of(query)
    except Refusal as refusal:
        raise bad_request(f"invalid resource version: {refusal}") from refusal


def check_list(query: Mapping[str, str]) -> None:
    """Whether the parameters of a list make sense together.

    Raises:
        Refusal: 422.
    """
    match = query.get(_MATCH, "")
    if not match and "sendInitialEvents" not in query:
        return
    causes: list[Cause] = []
    revision = query.get("resourceVersion", "")
    if match:
        if not revision:
            causes.append(forbidden_field(_MATCH, f"{_MATCH} is forbidden unless resourceVersion is provided"))
        if query.get("continue"):
            causes.append(forbidden_field(_MATCH, f"{_MATCH} is forbidden when continue is provided"))
        if match not in ("Exact", "NotOlderThan"):
            causes.append(not_supported(_MATCH, match, ("Exact", "NotOlderThan", "")))
        if match == "Exact" and revision == "0":
            causes.append(forbidden_field(_MATCH, f'{_MATCH} "exact" is forbidden for resourceVersion "0"'))
    if "sendInitialEvents" in query:
        causes.append(forbidden_field("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    _refuse(causes)


def from_cache(query: Mapping[str, str]) -> bool:
    """Whether a list may be answered with what a server has at hand, instead of what the common store says: when it
    names a revision, and neither that one exactly nor the rest of a list that has begun.
    """
    revision, match = query.get("resourceVersion", ""), query.get(_MATCH, "")
    if not revision or query.get("continue") or match == "Exact":
        return False
    return revision == "0" or bool(match) or query.get("limit", "0") in ("", "0")


def check_watch(query: Mapping[str, str]) -> None:
    """Whether the parameters of a watch make sense together.

    Raises:
        Refusal: 422.
    """
    match = query.get(_MATCH, "")
    initial = "sendInitialEvents" in query
    causes: list[Cause] = []
    if match and not initial:
        causes.append(forbidden_field(_MATCH, f"{_MATCH} is forbidden for watch unless sendInitialEvents is provided"))
    if initial and match != "NotOlderThan":
        causes.append(forbidden_field(_MATCH, f"sendInitialEvents requires setting {_MATCH} to NotOlderThan"))
    if match and match != "NotOlderThan":
        causes.append(not_supported(_MATCH, match, ("NotOlderThan",)))
    if query.get("continue"):
        causes.append(forbidden_field(_MATCH, f"{_MATCH} is forbidden when continue is provided"))
    _refuse(causes)


def _refuse(causes: list[Cause]) -> None:
    if causes:
        raise invalid("meta.k8s.io", "ListOptions", "", causes)
