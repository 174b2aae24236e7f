"""PATCH: merge patch (RFC 7386), JSON patch (RFC 6902), and the part of strategic merge that is used here.

Strategic merge patches merge lists by the key that each kind declares; ``MERGE_KEYS`` has the lists of the built-in
kinds that the simulated clients patch. A list that is not in it is replaced, as with a merge patch. The directives
``$patch: delete`` and ``$patch: replace`` work; ``$setElementOrder`` is dropped, ``$deleteFromPrimitiveList`` and
``$retainKeys`` are refused.
"""

from typing import Any

import msgspec

from simulator.kube.refusals import Refusal, bad_request, unsupported_media
from simulator.kube.registry import Resource
from simulator.kube.writes import Make, encoded, own_copy, partly_own

Json = dict[str, Any]

MERGE_KEYS = {
    "conditions": "type",
    "containers": "name",
    "initContainers": "name",
    "containerStatuses": "",
    "initContainerStatuses": "",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "ports": "containerPort",
    "podIPs": "ip",
    "hostIPs": "ip",
    "addresses": "type",
    "ownerReferences": "uid",
    "imagePullSecrets": "name",
    "taints": "key",
    "tolerations": "",
}


def patching(content_type: str, patch: Any, resource: Resource) -> Make:
    """From the media type and body of a PATCH to the function that makes the next version.

    Raises:
        Refusal: 400 the patch is malformed; 415 this kind of patch is not understood.
    """
    media = content_type.partition(";")[0].strip()
    data = encoded(patch)
    patch = msgspec.json.decode(data)
    if media == "application/json-patch+json":
        if not isinstance(patch, list):
            raise bad_request("a JSON patch is a list of operations")
        return lambda old: json_patched(own_copy(old), patch, resource)
    if not isinstance(patch, dict):
        raise bad_request("a merge patch is an object")
    if media == "application/merge-patch+json":
        return lambda old: _object(merged(partly_own(old, patch), msgspec.json.decode(data)))
    if media == "application/strategic-merge-patch+json" and resource.strategic:
        return lambda old: _object(strategically_merged(partly_own(old, patch), msgspec.json.decode(data)))
    raise unsupported_media(
        f"patches of type {media} are not understood for {resource.plural}; use application/merge-patch+json"
        " or application/json-patch+json (server-side apply is not served)"
    )


def _object(value: Any) -> Json:
    if not isinstance(value, dict):
        raise bad_request("the patch does not leave an object")
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
            target[name] = merged(target.get(name), value)
    return target


def strategically_merged(target: Any, patch: Any) -> Any:
    """Like ``merged``, but lists in ``MERGE_KEYS`` are merged element by element."""
    if not isinstance(patch, dict):
        return patch
    if not isinstance(target, dict):
        target = {}
    directive = patch.pop("$patch", "")
    if directive == "replace":
        return patch
    for name, value in patch.items():
        if name.startswith("$setElementOrder/"):
            continue
        if name.startswith("$"):
            raise bad_request(f"the directive {name} of strategic merge patches is not served")
        if value is None:
            target.pop(name, None)
        elif isinstance(value, list) and MERGE_KEYS.get(name):
            target[name] = _merged_list(target.get(name) or [], value, MERGE_KEYS[name])
        else:
            target[name] = strategically_merged(target.get(name), value)
    return target


def _merged_list(target: list[Any], patch: list[Any], key: str) -> list[Any]:
    if any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch):
        return [item for item in patch if item.get("$patch") != "replace"]
    result = list(target)
    for item in patch:
        if not isinstance(item, dict) or key not in item:
            raise bad_request(f"an element of the patch has no {key!r} to merge it by")
        position = next((at for at, have in enumerate(result) if have.get(key) == item[key]), None)
        if item.get("$patch") == "delete":
            if position is not None:
                del result[position]
        elif position is None:
            result.append(item)
        else:
            result[position] = strategically_merged(result[position], item)
    return result


def _steps(pointer: Any) -> list[str]:
    if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
        raise bad_request(f"{pointer!r} is not a JSON pointer")
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


class _Missing(Exception):
    """A pointer leads nowhere."""


def _child(value: Any, step: str) -> Any:
    try:
        return value[int(step)] if isinstance(value, list) else value[step]
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise _Missing(step) from error


def _find(root: Any, steps: list[str]) -> Any:
    for step in steps:
        root = _child(root, step)
    return root


def _add(root: Any, steps: list[str], value: Any) -> None:
    parent, last = _find(root, steps[:-1]), steps[-1]
    if isinstance(parent, list):
        position = len(parent) if last == "-" else int(last) if last.isdigit() else -1
        if not 0 <= position <= len(parent):
            raise _Missing(last)
        parent.insert(position, value)
    elif isinstance(parent, dict):
        parent[last] = value
    else:
        raise _Missing(last)


def _remove(root: Any, steps: list[str]) -> Any:
    parent, last = _find(root, steps[:-1]), steps[-1]
    value = _child(parent, last)
    if isinstance(parent, list):
        del parent[int(last)]
    else:
        del parent[last]
    return value


def _operate(root: Json, operation: Json) -> None:
    name, steps = operation.get("op"), _steps(operation.get("path", ""))
    if not steps:
        raise bad_request("operations on the whole document are not served")
    if name == "test":
        if _find(root, steps) != operation.get("value"):
            raise _Missing(f"test of {operation['path']} failed")
    elif name == "add":
        _add(root, steps, operation.get("value"))
    elif name == "remove":
        _remove(root, steps)
    elif name == "replace":
        _remove(root, steps)
        _add(root, steps, operation.get("value"))
    elif name == "move":
        _add(root, steps, _remove(root, _steps(operation.get("from"))))
    elif name == "copy":
        _add(root, steps, own_copy(_find(root, _steps(operation.get("from")))))
    else:
        raise bad_request(f"{name!r} is not an operation of a JSON patch")


def json_patched(root: Json, patch: list[Any], resource: Resource) -> Json:
    """Apply a JSON patch to ``root``, in place.

    Raises:
        Refusal: 422 an operation cannot be done, or a test fails; 400 the patch is malformed.
    """
    for operation in own_copy(patch):
        try:
            _operate(root, operation)
        except _Missing as error:
            message = f"the patch of {resource.plural} fails at {operation.get('path')!r}: {error}"
            raise Refusal(422, "Invalid", message) from error
    return root
