"""fieldValidation: a write may name fields that its kind does not have; they are refused, warned of, or just dropped.

``Strict`` refuses, ``Warn`` (what holds where the request says nothing) adds a sentence for each to the answer, and
with ``Ignore`` nobody is told. In no case they are kept. To look for them costs time, so a server that serves nobody who
reads warnings looks only where a request asks for it.
"""

from typing import Any

import msgspec

from simulator.kube.api import ApiRequest
from simulator.kube.server.advice import advise
from simulator.kube.server.field_errors import invalid_value, not_supported, quoted
from simulator.kube.server.metadata_members import METADATA_MEMBERS
from simulator.kube.server.patching.builtin_types import type_of
from simulator.kube.server.patching.patches import STRATEGIC
from simulator.kube.server.patching.typed import go_value
from simulator.kube.server.patching.value_types import ValueType
from simulator.kube.server.refusals import Refusal, bad_request, invalid
from simulator.kube.server.registry import Resource
from simulator.kube.server.writes import Make, own_copy

Json = dict[str, Any]

_OPTIONS = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions", "DELETE": "DeleteOptions"}


def check_write_options(request: ApiRequest) -> None:
    """Whether dryRun and fieldValidation say something that the server knows.

    Raises:
        Refusal: 422, one does not.
    """
    kind = _OPTIONS.get(request.method, "")
    dry_run, validation = request.query.get("dryRun"), request.query.get("fieldValidation")
    causes = []
    if dry_run and dry_run != "All":
        causes.append(not_supported("dryRun", [dry_run], ["All"]))
    if validation and validation not in ("Ignore", "Strict", "Warn"):
        causes.append(not_supported("fieldValidation", validation, ["", "Ignore", "Strict", "Warn"]))
    if causes:
        raise invalid("meta.k8s.io", kind, "", causes)


def taken_out(value: Any, kind: ValueType, place: str = "") -> list[str]:
    """Take the fields out of a value that its type does not have; gives their places, sorted."""
    found: list[str] = []
    _take_out(value, kind, place, found)
    return sorted(found)


def _take_out(value: Any, kind: ValueType, place: str, found: list[str]) -> None:
    if isinstance(value, dict) and kind.form == "map":
        for name in list(value):
            child = kind.child(name)
            where = f"{place}.{name}" if place else name
            if child is not None:
                _take_out(value[name], child, where, found)
            else:
                found.append(where)
                del value[name]
    elif isinstance(value, list) and kind.form == "list":
        for position, item in enumerate(value):
            _take_out(item, kind.element(), f"{place}[{position}]", found)


def validated(request: ApiRequest, resource: Resource, validation: str) -> Any:
    """The body of a POST or PUT without unknown fields.

    Raises:
        Refusal: 400, it has some, or a field twice, and ``validation`` is strict.
    """
    body = request.body
    if not isinstance(body, dict) or body.get("kind", resource.kind) != resource.kind:
        return body
    body = own_copy(body)
    found = _complaints(request, taken_out(body, type_of(resource)))
    if found and validation == "Strict":
        text = ", ".join(found)
        shown = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}'
        raise bad_request(f"{shown}: strict decoding error: {text}")
    _tell(found, validation)
    return body


def _complaints(request: ApiRequest, unknown: list[str]) -> list[str]:
    """What is said of a body: its duplicate fields, then its unknown ones, in which nothing else is looked for."""
    within = tuple(f"{place}{end}" for place in unknown for end in (".", "["))
    twice = [place for place in request.duplicates if place not in unknown and not place.startswith(within)]
    return [
        *(f"duplicate field {quoted(place)}" for place in twice),
        *(f"unknown field {quoted(place)}" for place in unknown),
    ]


def _tell(found: list[str], validation: str) -> None:
    if validation != "Ignore":
        for text in found:
            advise(text)


def validating(make: Make, request: ApiRequest, resource: Resource, validation: str) -> Make:
    """A patch whose result has no unknown fields.

    Raises:
        Refusal: 422, it has some, and ``validation`` is strict (when made).
    """
    strategic = request.content_type.startswith(STRATEGIC)

    def checked(old: Json) -> Json:
        item = make(old)
        if validation == "Strict":
            shown = go_value(request.body) if strategic else _as_json(item, resource)
        found = _complaints(request, taken_out(item, type_of(resource)))
        if found and validation == "Strict":
            raise _strict(shown, found)
        _tell(found, validation)
        return item

    return checked


def _as_json(item: Json, resource: Resource) -> str:
    """An object as the server prints it: sorted, but the metadata of built-in kinds in the order of its declaration."""
    data = {name: item[name] for name in sorted(item)}
    if not resource.strategic:
        return msgspec.json.encode(data, order="sorted").decode()
    metadata = item["metadata"]
    names = [name for name in METADATA_MEMBERS if name in metadata]
    data["metadata"] = {name: metadata[name] for name in (*names, *sorted({*metadata} - {*names}))}
    return msgspec.json.encode(data).decode()


def _strict(shown: str, found: list[str]) -> Refusal:
    text = ", ".join(found)
    refusal = invalid("", "", "", [invalid_value("patch", shown, f"strict decoding error: {text}")])
    refusal.status["details"].pop("kind")
    return refusal
