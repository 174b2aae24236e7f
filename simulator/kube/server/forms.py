"""In which form an answer is wanted: the objects themselves, their metadata alone, or rows of a Table.

The ``Accept`` header decides. A form is worked out once for each header; a client that wants plain JSON pays one
comparison. What cannot be had is refused with 406, in the words of the real server.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from simulator.kube.server.custom.crds import definition_name
from simulator.kube.server.kinds.builtins import CRD
from simulator.kube.server.refusals import Refusal, bad_request, not_acceptable
from simulator.kube.server.registry import Resource
from simulator.kube.server.store import Store
from simulator.kube.server.tables.cluster import CLUSTER, SCALE
from simulator.kube.server.tables.custom import custom_printer
from simulator.kube.server.tables.kept import KEPT
from simulator.kube.server.tables.network import NETWORK
from simulator.kube.server.tables.pods import POD
from simulator.kube.server.tables.printing import Column, Json, Printer, columns
from simulator.kube.server.tables.workloads import WORKLOADS

META = "meta.k8s.io"
PARTIAL = "PartialObjectMetadata"
PARTIAL_LIST = "PartialObjectMetadataList"
TABLE = "Table"
OFFERED = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
_STREAMS = ("application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch")
_ANY = "*/*"
_INCLUDED = ("", "Metadata", "Object", "None")

_PRINTERS: Mapping[tuple[str, str], Printer] = {("", "pods"): POD, **WORKLOADS, **CLUSTER, **NETWORK, **KEPT}


def _plain_cells(item: Json, now: float) -> list[Any]:
    return [item["metadata"]["name"], item["metadata"]["creationTimestamp"]]


_OTHERS = Printer(
    columns=(*columns(), Column("Created At", "date")),
    cells=_plain_cells,
)


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted: ``kind`` of the group meta.k8s.io in a ``version``; no kind: the objects themselves."""

    kind: str = ""
    version: str = ""

    @property
    def api_version(self) -> str:
        """``meta.k8s.io/v1``."""
        return f"{META}/{self.version}"


PLAIN = Form()


def form_of(accept: str, query: Mapping[str, str], *, listed: bool) -> Form:
    """The form that a client wants of one object, or of a list (``listed``).

    Raises:
        Refusal: 406, there is none that it would take; 400, a Table with objects in no known form.
    """
    if not accept or accept == "application/json":
        return PLAIN
    form = _wanted(accept, listed=listed)
    if form.kind == TABLE and query.get("includeObject", "") not in _INCLUDED:
        why = f"includeObject: Invalid value: \"{query['includeObject']}\": must be 'Metadata', 'Object', 'None', or empty"
        raise bad_request(f"Unable to convert to Table as requested: {why}")
    return form


@lru_cache(maxsize=256)
def _wanted(accept: str, *, listed: bool) -> Form:
    served = False
    for media_type, parameters in clauses(accept):
        if media_type not in OFFERED and media_type != _ANY:
            continue
        served = True
        kind = parameters.get("as", "")
        if not kind:
            return PLAIN
        version = parameters.get("v", "")
        if kind in (TABLE, PARTIAL, PARTIAL_LIST) and parameters.get("g") == META and version in ("v1", "v1beta1"):
            return Form(kind=kind, version=version)
    if served:
        raise not_acceptable(f"only the following media types are accepted: {', '.join(OFFERED)}")
    raise nothing_acceptable((*OFFERED, *_STREAMS) if listed else OFFERED)


def nothing_acceptable(offered: Sequence[str]) -> Refusal:
    """406: no media type that the client takes is among those that are ``offered``."""
    message = f"406: Not Acceptable\n\nAvailable representations: {', '.join(offered)}"
    return not_acceptable(message, negotiated=True)


def clauses(accept: str) -> list[tuple[str, dict[str, str]]]:
    """Media types and their parameters, the most wanted first."""
    found: list[tuple[float, str, dict[str, str]]] = []
    for clause in accept.split(","):
        media_type, *pieces = (piece.strip() for piece in clause.split(";"))
        parameters = dict(_pair(piece) for piece in pieces if piece)
        try:
            quality = float(parameters.get("q", "1"))
        except ValueError:
            quality = 0.0
        found.append((-quality, media_type, parameters))
    return [(media_type, parameters) for _, media_type, parameters in sorted(found, key=lambda one: one[0])]


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip().strip('"')


class Shaper:
    """Puts answers about one resource into one form."""

    def __init__(self, form: Form, resource: Resource, query: Mapping[str, str], store: Store) -> None:
        self._form = form
        self._resource = resource
        self._include = query.get("includeObject", "") or "Metadata"
        self._printer = _printer_of(resource, store) if form.kind == TABLE else _OTHERS

    def answer(self, body: Json, now: float) -> Json:
        """An object or a list.

        Raises:
            Refusal: 406, one object was asked for as a list, or a list as one object.
        """
        if body.get("kind") == "Status":
            return body
        items = body.get("items")
        listed = isinstance(items, list) and str(body.get("kind", "")).endswith("List")
        if self._form.kind == TABLE:
            metadata = body["metadata"]
            if body.get("kind") == "Scale":
                self._printer = SCALE
            if listed:
                return self._table(items or (), {name: value for name, value in metadata.items() if value}, now)
            return self._table([body], {name: metadata[name] for name in ("resourceVersion",) if name in metadata}, now)
        if listed != (self._form.kind == PARTIAL_LIST):
            raise self._unfit(listed=listed)
        if not listed:
            return self._partial(body)
        metadata = {name: value for name, value in body["metadata"].items() if value}
        partial = [self._partial(item) for item in items or ()]
        return {"kind": PARTIAL_LIST, "apiVersion": self._form.api_version, "metadata": metadata, "items": partial}

    def event(self, event: Json, now: float, *, first: bool) -> Json:
        """An event of a watch; only the ``first`` Table has columns."""
        item = event["object"]
        if event["type"] == "ERROR":
            return event
        if self._form.kind != TABLE:
            return {"type": event["type"], "object": self._partial(item)}
        revision = item["metadata"].get("resourceVersion", "")
        if event["type"] == "BOOKMARK":
            cells = self._printer.cells({"metadata": {"name": ""}}, now)
            row = {"cells": cells, "object": self._included(item)}
            table = self._shell({"resourceVersion": revision}, [row])
        else:
            table = self._table([item], {"resourceVersion": revision}, now)
        if not first:
            table["columnDefinitions"] = None
        return {"type": event["type"], "object": table}

    def _shell(self, metadata: Json, rows: Sequence[Json]) -> Json:
        return {
            "kind": TABLE,
            "apiVersion": self._form.api_version,
            "metadata": metadata,
            "columnDefinitions": [column.json() for column in self._printer.columns],
            "rows": rows,
        }

    def _table(self, items: Sequence[Json], metadata: Json, now: float) -> Json:
        return self._shell(metadata, [self._row(item, now) for item in items])

    def _row(self, item: Json, now: float) -> Json:
        row = {"cells": self._printer.cells(item, now), "object": self._included(item)}
        conditions = self._printer.conditions(item) if self._printer.conditions else None
        if conditions:
            row["conditions"] = conditions
        return row

    def _included(self, item: Json) -> Json | None:
        if self._include == "None":
            return None
        if self._include == "Metadata":
            return self._partial(item)
        return {"kind": self._resource.kind, "apiVersion": self._resource.api_version, **item}

    def _partial(self, item: Json) -> Json:
        metadata = item["metadata"]
        if self._resource.whole_annotations:
            metadata = _without(metadata, self._resource.whole_annotations)
        return {"kind": PARTIAL, "apiVersion": self._form.api_version, "metadata": metadata}

    def _unfit(self, *, listed: bool) -> Refusal:
        resource = self._resource
        if resource.custom and not listed:
            return Refusal(500, "", "content is not a list")
        kind = f"{resource.kind}List" if listed else resource.kind
        what = f"*{resource.group.partition('.')[0] or 'core'}.{kind}"
        if resource.custom:
            what = "*unstructured.UnstructuredList"
        said = "a list" if listed else "not a list"
        return not_acceptable(f"you requested {self._form.kind}, but the requested object is {said} ({what})")


def _printer_of(resource: Resource, store: Store) -> Printer:
    if not resource.custom:
        return _PRINTERS.get(resource.table_id, _OTHERS)
    definition = store.table(CRD.table_id).objects.get(("", definition_name(resource)))
    versions = definition["spec"]["versions"] if definition else []
    version: Json = next((one for one in versions if one["name"] == resource.version), {})
    return custom_printer(version.get("additionalPrinterColumns"))


def _without(metadata: Json, annotations: Sequence[str]) -> Json:
    left = {name: value for name, value in (metadata.get("annotations") or {}).items() if name not in annotations}
    shown = {name: value for name, value in metadata.items() if name != "annotations"}
    return {**shown, "annotations": left} if left else shown
