"""PATCH: which media types a kind understands, and how the body of each becomes the next version.

JSON patches are in ``json_patch.py``, strategic merge patches in ``strategic_merge.py``, server-side apply is no patch
but a write of its own (``applying.py``). Merge patches (RFC 7386) are here.
"""

from typing import Any

import msgspec

from simulator.kube.server.field_errors import invalid_value
from simulator.kube.server.patching.builtin_types import type_of
from simulator.kube.server.patching.json_patch import check_operations, go_name, json_patched
from simulator.kube.server.patching.strategic_merge import strategically_merged
from simulator.kube.server.patching.typed import go_value
from simulator.kube.server.patching.value_types import ValueType
from simulator.kube.server.refusals import Refusal, bad_request, invalid, unsupported_media
from simulator.kube.server.registry import Resource
from simulator.kube.server.unreadable import media_type
from simulator.kube.server.writes import Make, encoded, own_copy, partly_own

Json = dict[str, Any]

JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
_OF_CUSTOM = f"{JSON_PATCH}, {MERGE}, application/apply-patch+yaml"


def patching(content_type: str, patch: Any, resource: Resource) -> Make:
    """From the media type and body of a PATCH to the function that makes the next version.

    Raises:
        Refusal: 415 this kind of patch is not understood; the function: 400 the patch is malformed, 422 it cannot be
            done.
    """
    media = media_type(content_type)
    data = encoded(patch)
    if media == MERGE:
        return lambda old: _kept(_merging(old, msgspec.json.decode(data), resource), old, resource)
    if media == JSON_PATCH:
        return lambda old: _kept(_operated(old, msgspec.json.decode(data)), old, resource)
    if media == STRATEGIC and resource.strategic:
        return lambda old: _kept(_strategic(old, msgspec.json.decode(data), type_of(resource)), old, resource)
    if not resource.strategic:
        message = "the body of the request was in an unknown format - accepted media types include: "
        raise unsupported_media(message + _OF_CUSTOM)
    refusal = unsupported_media("415: Unsupported Media Type")
    refusal.status["details"] = {}
    raise refusal


def _kept(item: Json, old: Json, resource: Resource) -> Json:
    """The result of a patch, which must have kept its name and identity."""
    metadata, current = item.get("metadata"), old["metadata"]
    if isinstance(metadata, dict):
        name = metadata.get("name") or ""
        if isinstance(name, str):  # what else it is, is refused for that
            check_name(name, current["name"])
        check_uid(metadata.get("uid"), current, resource)
    return item


def check_name(name: str, wanted: str) -> None:
    """Whether an object is called as the path says.

    Raises:
        Refusal: 400, it is not.
    """
    if not name:
        message = f"the name of the object ({wanted} based on URL) was undeterminable: name must be provided"
        raise bad_request(message)
    if name != wanted:
        raise bad_request(f"the name of the object ({name}) does not match the name on the URL ({wanted})")


def check_uid(uid: Any, current: Json, resource: Resource) -> None:
    """Whether a patch leaves the identity.

    Raises:
        Refusal: 422, it names another. For custom resources the real server finds that twice.
    """
    if not uid or uid == current["uid"]:
        return
    cause = invalid_value("metadata.uid", uid, "field is immutable")
    raise invalid(resource.group, resource.kind, current["name"], [cause] * (1 if resource.strategic else 2))


def _undecodable(patch: Any, prefix: str = "") -> Refusal:
    return bad_request(
        f"{prefix}json: cannot unmarshal {go_name(patch)} into Go value of type map[string]interface {{}}"
    )


def _operated(old: Json, patch: Any) -> Json:
    return json_patched(own_copy(old), check_operations(patch))


def _merging(old: Json, patch: Any, resource: Resource) -> Json:
    if not isinstance(patch, dict):
        raise _undecodable(patch, "error decoding patch: ")
    if not resource.strategic:
        # Those of built-in kinds come back when the object is read into its type.
        patch = _without_nulls_in_lists(patch, listed=False)
    result: Json = merged(partly_own(old, patch), patch)
    return result


def _without_nulls_in_lists(value: Any, *, listed: bool) -> Any:
    """The real server takes the nulls out of objects inside of lists, too."""
    if isinstance(value, list):
        return [_without_nulls_in_lists(item, listed=True) for item in value]
    if isinstance(value, dict):
        return {
            name: _without_nulls_in_lists(item, listed=listed)
            for name, item in value.items()
            if item is not None or not listed
        }
    return value


def merged(target: Any, patch: Any) -> Any:
    """RFC 7386; may change and keep both arguments."""
    if not isinstance(patch, dict):
        return patch
    if not isinstance(target, dict):
        target = {}
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = merged(target.get(name), value) if type(value) is dict else value
    return target


def _strategic(old: Json, patch: Any, kind: ValueType) -> Json:
    if not isinstance(patch, dict):
        raise _undecodable(patch)
    shown = go_value(patch)
    result: Json = strategically_merged(partly_own(old, patch), patch, kind)
    fault = _form_fault(result, kind)
    if fault:
        raise _unfit(shown, fault)
    return result


def _form_fault(value: Any, kind: ValueType) -> str:
    """An object where the kind has a list: the only misfit that the merge itself lets through."""
    if isinstance(value, dict):
        if kind.form == "list":
            return "cannot restore slice from map"
        for name, item in value.items():
            child = kind.child(name)
            if child is not None and (fault := _form_fault(item, child)):
                return fault
    return ""


def _unfit(shown: str, fault: str) -> Refusal:
    refusal = invalid("", "", "", [invalid_value("patch", shown, fault)])
    refusal.status["details"].pop("kind")
    return refusal
