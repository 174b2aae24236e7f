"""fieldValidation: a write may name fields that its kind does not have; they are refused, warned of, or just dropped.

``Strict`` refuses, ``Warn`` (what holds where the request says nothing) adds a sentence for each to the answer, and
with ``Ignore`` nobody is told. In no case they are kept. To look for them costs time, so a server that serves nobody who
reads warnings looks only where a request asks for it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from simulator.kube.api import ApiRequest
from simulator.kube.server.advice import advise
from simulator.kube.server.field_errors import quoted
from simulator.kube.server.metadata_members import METADATA_MEMBERS
from simulator.kube.server.patching.builtin_types import type_of
from simulator.kube.server.patching.field_types import misfit_of, unfit_patch
from simulator.kube.server.patching.patches import STRATEGIC
from simulator.kube.server.patching.typed import go_value
from simulator.kube.server.patching.value_types import ValueType
from simulator.kube.server.refusals import Refusal, bad_request
from simulator.kube.server.registry import Resource
from simulator.kube.server.writes import Make, own_copy

Json = dict[str, Any]
YAML = "application/yaml"
_MEMBERS = frozenset(["op", "path", "from", "value"])


def taken_out(value: Json, resource: Resource, *, patched: bool = False) -> list[str]:
    """Take the fields out of an object that its kind does not have; gives their places.

    Those of built-in kinds come in the order of the body, which a patch has sorted; those of custom resources are sorted,
    the ones of the metadata, which are read by themselves, before the others.
    """
    found: list[str] = []
    _take_out(value, type_of(resource), "", found, in_order=not patched)
    if resource.custom:
        found.sort(key=lambda place: (not place.startswith("metadata."), place))
    return found


def _take_out(value: Any, kind: ValueType, place: str, found: list[str], *, in_order: bool) -> None:
    if isinstance(value, dict) and kind.form == "map":
        for name in list(value) if in_order else sorted(value):
            child = kind.child(name)
            where = f"{place}.{name}" if place else name
            if child is not None:
                _take_out(value[name], child, where, found, in_order=in_order)
            else:
                found.append(where)
                del value[name]
    elif isinstance(value, list) and kind.form == "list":
        for position, item in enumerate(value):
            _take_out(item, kind.element(), f"{place}[{position}]", found, in_order=in_order)


def validated(request: ApiRequest, resource: Resource, validation: str) -> Any:
    """The body of a POST or PUT without unknown fields.

    Raises:
        Refusal: 400, a field is of another type; it has unknown ones, or one twice, and ``validation`` is strict.
    """
    body = request.body
    if not isinstance(body, dict) or body.get("kind", resource.kind) != resource.kind:
        return body
    body = own_copy(body)
    if why := misfit_of(body, resource):
        raise bad_request(
            f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {why}'
        )
    found = _complaints(request, taken_out(body, resource))
    if found and validation == "Strict":
        lines = request.duplicates if request.content_type == YAML else ()
        text = ", ".join([*([_of_yaml(lines)] if lines else []), *found[len(lines) :]])
        shown = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}'
        raise bad_request(f"{shown}: strict decoding error: {text}")
    _tell(found, validation)
    return body


def _of_yaml(lines: Sequence[str]) -> str:
    """What the reader of YAML complains of, as one text."""
    return "\n  ".join(["yaml: unmarshal errors:", *lines])


def check_applied_once(request: ApiRequest, validation: str) -> None:
    """Whether what is applied has each key once; unknown fields are never applied.

    Raises:
        Refusal: 400, it has one twice, and ``validation`` is strict.
    """
    if validation == "Strict":
        why = _of_yaml(request.duplicates)
        raise bad_request(f"error strict decoding patch: error converting YAML to JSON: {why}")
    _tell(list(request.duplicates), validation)


def _complaints(request: ApiRequest, unknown: list[str]) -> list[str]:
    """What is said of a body: its duplicate fields, then its unknown ones, in which nothing else is looked for."""
    more = [f"unknown field {quoted(place)}" for place in unknown]
    if request.content_type == YAML:
        return [*request.duplicates, *more]
    if isinstance(request.body, list):
        return [*_of_operations(request), *more]
    within = tuple(f"{place}{end}" for place in unknown for end in (".", "["))
    twice = [place for place in request.duplicates if place not in unknown and not place.startswith(within)]
    return [*(f"duplicate field {quoted(place)}" for place in twice), *more]


def _of_operations(request: ApiRequest) -> Iterator[str]:
    """What is said of the operations of a JSON patch, one by one."""
    for number, operation in enumerate(request.body):
        here = f"[{number}]."
        for place in request.duplicates:
            if place.startswith(here):
                yield f"json patch duplicate field {quoted(place)}"
        for name in operation:
            if name not in _MEMBERS:
                yield f"json patch unknown field {quoted(here + name)}"


def _tell(found: list[str], validation: str) -> None:
    if validation != "Ignore":
        for text in found:
            advise(text)


def validating(make: Make, request: ApiRequest, resource: Resource, validation: str) -> Make:
    """A patch whose result has no unknown fields.

    Raises:
        Refusal: 422, a field is of another type; it has unknown ones, and ``validation`` is strict (when made).
    """
    strategic = request.content_type.startswith(STRATEGIC)

    def checked(old: Json) -> Json:
        item = make(old)
        if why := misfit_of(item, resource, strategic=strategic):
            raise unfit_patch(go_value(request.body) if strategic else _as_json(item, resource, request.body), why)
        if validation == "Strict":
            shown = go_value(request.body) if strategic else _as_json(item, resource, request.body)
        found = _complaints(request, taken_out(item, resource, patched=True))
        if found and validation == "Strict":
            raise _strict(shown, found)
        _tell(found, validation)
        return item

    return checked


def _as_json(item: Json, resource: Resource, patch: Any) -> str:
    """An object as the server prints it: sorted, but the metadata of built-in kinds, where a patch does not touch them, in
    the order of its declaration.
    """
    if not resource.strategic:
        return msgspec.json.encode(item, order="sorted").decode()
    data = {name: item[name] for name in sorted(item)}
    metadata = item["metadata"]
    names = [name for name in METADATA_MEMBERS if name in metadata and not _touches_metadata(patch)]
    data["metadata"] = {name: metadata[name] for name in (*names, *sorted({*metadata} - {*names}))}
    return msgspec.json.encode(data).decode()


def _touches_metadata(patch: Any) -> bool:
    if isinstance(patch, list):
        return any(str(operation.get("path", "")).startswith("/metadata/") for operation in patch)
    return isinstance(patch, dict) and "metadata" in patch


def _strict(shown: str, found: list[str]) -> Refusal:
    return unfit_patch(shown, f"strict decoding error: {', '.join(found)}")
