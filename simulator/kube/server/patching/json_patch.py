"""JSON patches (RFC 6902), with the liberties that the real server takes.

It says no more than that an operation cannot be done. Replacing a member that is not there adds it, copying one that is
not there copies null, an index may count from the end, and what stands before the first slash of a pointer is ignored.
"""

from typing import Any

from simulator.kube.server.refusals import Refusal, bad_request
from simulator.kube.server.writes import own_copy

Json = dict[str, Any]

OPERATIONS_MAX = 10_000
_ABSENT: Any = object()


class _Undone(Exception):
    """An operation cannot be done."""


class _NoPlace(_Undone):
    """There is nothing at its path."""


class _Differs(_Undone):
    """A test has found another value."""


class Undone(Exception):
    """A patch cannot be applied; the message says why, in the words of the real server's library."""


class TestFailed(Undone):
    """A test of the patch has found another value."""


def _undoable() -> Refusal:
    refusal = Refusal(422, "Invalid", "the server rejected our request due to an error in our request")
    refusal.status["details"] = {}
    return refusal


def go_name(value: Any) -> str:
    """What a JSON value is called where it is not what was expected."""
    names: dict[type, str] = {list: "array", dict: "object", str: "string", bool: "bool"}
    return names.get(type(value), "number")


def check_operations(patch: Any) -> list[Json]:
    """A patch, which must be a list of operations.

    Raises:
        Refusal: 400 it is none; 413 it is too long.
    """
    if not isinstance(patch, list):
        raise _undecodable(go_name(patch), "value of type []handlers.jsonPatchOp")
    for operation in patch:
        if not isinstance(operation, dict):
            raise _undecodable(go_name(operation), "value of type handlers.jsonPatchOp")
        for name in ("op", "path", "from"):
            if not isinstance(operation.get(name, ""), str | None):
                raise _undecodable(go_name(operation[name]), f"struct field jsonPatchOp.{name} of type string")
    if len(patch) > OPERATIONS_MAX:
        message = f"The allowed maximum operations in a JSON patch is {OPERATIONS_MAX}, got {len(patch)}"
        raise Refusal(413, "RequestEntityTooLarge", f"Request entity too large: {message}")
    return patch


def _undecodable(what: str, wanted: str) -> Refusal:
    return bad_request(f"error decoding patch: json: cannot unmarshal {what} into Go {wanted}")


def json_patched(root: Json, patch: list[Json]) -> Json:
    """Apply a patch to ``root``, in place.

    Raises:
        Refusal: 422 an operation cannot be done, or a test fails.
    """
    for operation in own_copy(patch):
        try:
            _operate(root, operation)
        except _Undone as error:
            raise _undoable() from error
    return root


def operated(root: Json, patch: list[Json]) -> Json:
    """As ``json_patched``, for those who want to know why.

    Raises:
        Undone: an operation cannot be done; ``TestFailed``: a test fails.
    """
    for operation in own_copy(patch):
        try:
            _operate(root, operation)
        except _Differs as error:
            raise TestFailed(f"testing value {operation.get('path')} failed: test failed") from error
        except _Undone as error:
            raise Undone(_why(operation, error)) from error
    return root


def _why(operation: Json, error: _Undone) -> str:
    name, path = operation.get("op"), operation.get("path")
    if isinstance(error, _NoPlace):
        shown = f'"{path}"' if name in ("add", "remove") else path
        return f"{name} operation does not apply: doc is missing path: {shown}: missing value"
    return f"error in {name} for path: '{path}': {error}"


def _operate(root: Json, operation: Json) -> None:
    name = operation.get("op")
    parent, last = _place(root, operation.get("path"))
    if name == "add":
        _add(parent, last, operation.get("value"))
    elif name == "remove":
        _remove(parent, last)
    elif name == "replace":
        _get(parent, last)
        parent[_index(parent, last) if isinstance(parent, list) else last] = operation.get("value")
    elif name == "test":
        have = _get(parent, last)
        if not _same(None if have is _ABSENT else have, operation.get("value")):
            raise _Differs(last)
    elif name == "move":
        source, key = _place(root, operation.get("from"))
        _add(parent, last, _remove(source, key))
    elif name == "copy":
        source, key = _place(root, operation.get("from"))
        value = _get(source, key)
        _add(parent, last, None if value is _ABSENT else own_copy(value))
    else:
        raise _Undone(name)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def _place(root: Json, pointer: Any) -> tuple[Any, str]:
    """The container that a pointer leads to, and the last step."""
    if not isinstance(pointer, str) or "/" not in pointer:
        raise _Undone(pointer)
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    at: Any = root
    for step in steps[:-1]:
        at = _get(at, step)
        if not isinstance(at, dict | list):
            raise _NoPlace(step)
    return at, steps[-1]


def _index(parent: list[Any], step: str, *, most: int = -1) -> int:
    size = len(parent) if most < 0 else most
    try:
        position = int(step)
    except ValueError as error:
        why = f'strconv.Atoi: parsing "{step}": invalid syntax'
        raise _Undone(f"value was not a proper array index: '{step}': {why}") from error
    if not -size <= position < size:
        raise _Undone(f"Unable to access invalid index: {position}: invalid index referenced")
    return position + size if position < 0 else position


def _get(parent: Any, step: str) -> Any:
    return parent[_index(parent, step)] if isinstance(parent, list) else parent.get(step, _ABSENT)


def _add(parent: Any, step: str, value: Any) -> None:
    if isinstance(parent, dict):
        parent[step] = value
    elif step == "-":
        parent.append(value)
    else:
        parent.insert(_index(parent, step, most=len(parent) + 1), value)


def _remove(parent: Any, step: str) -> Any:
    if isinstance(parent, list):
        return parent.pop(_index(parent, step))
    if step not in parent:
        raise _Undone(f"Unable to remove nonexistent key: {step}: missing value")
    return parent.pop(step)
