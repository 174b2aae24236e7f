"""From client-side to server-side apply: what ``kubectl apply`` has written into an annotation, it still owns.

An apply by ``kubectl`` that meets with a conflict only about fields that its annotation names, with the values that they
still have, is forced; and the annotation is kept in step with what was applied, for as long as it is there.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from simulator.kube.server.patching.field_sets import Difference, Fields, fields_of
from simulator.kube.server.patching.value_types import ValueType

Json = dict[str, Any]
ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"
MANAGER = "kubectl"
_ANNOTATIONS_BYTES = 256 * 1024


def _noted(item: Mapping[str, Any]) -> str:
    annotations = (item.get("metadata") or {}).get("annotations") or {}
    return annotations.get(ANNOTATION) or ""


def owned_by_annotation(live: Json | None, kind: ValueType) -> Fields:
    """The fields that the annotation of an object names and that are still as it says."""
    try:
        last = msgspec.json.decode(_noted(live or {}) or "null")
    except msgspec.DecodeError:
        return frozenset()
    if not isinstance(last, dict):
        return frozenset()
    since = Difference(last, live or {}, kind)
    return fields_of(last, kind) - since.written - since.removed


def kept_in_step(item: Json, config: Json) -> Json:
    """An object after an apply, with the annotation, if it has it, saying what was applied."""
    if not _noted(item):
        return item
    metadata: Json = dict(config.get("metadata") or {})
    annotations = {name: text for name, text in (metadata.pop("annotations", None) or {}).items() if name != ANNOTATION}
    if annotations:
        metadata["annotations"] = annotations
    text = msgspec.json.encode({**config, "metadata": metadata}, order="sorted").decode() + "\n"
    shown: Json = {**item["metadata"]["annotations"], ANNOTATION: text}
    if sum(len(name) + len(value) for name, value in shown.items()) > _ANNOTATIONS_BYTES:
        shown[ANNOTATION] = ""
    return {**item, "metadata": {**item["metadata"], "annotations": shown}}
