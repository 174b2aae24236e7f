"""Strategic merge patches: lists are merged by the key or by the values that the kind declares, and directives say more.

``$patch`` replaces or deletes, ``$deleteFromPrimitiveList/x`` takes values away, ``$setElementOrder/x`` orders, and
``$retainKeys`` names what stays. The order of a merged list is that of the patch where it says something, and that of
the object elsewhere.
"""

from typing import Any

from simulator.kube.server.patching.typed import go_value
from simulator.kube.server.patching.value_types import DEDUCED, ValueType
from simulator.kube.server.refusals import Refusal, bad_request

Json = dict[str, Any]

_DELETE = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"
_RETAIN = "$retainKeys"
_ABSENT: Any = object()


def _broken(message: str) -> Refusal:
    return Refusal(500, "", message)


def strategically_merged(target: Any, patch: Any, kind: ValueType) -> Any:
    """``target`` with a patch merged into it; may change and keep both.

    Raises:
        Refusal: 400 or 500, a directive makes no sense, or an element has no key.
    """
    if "$patch" in patch:
        return _directed(patch)
    target = target if isinstance(target, dict) else {}
    _retain(target, patch)
    _order(target, patch, kind)
    for given, value in patch.items():
        name = given.removeprefix(_DELETE)
        deletes = name != given
        have = target.get(name, _ABSENT)
        if value is None:
            target.pop(name, None)
        elif have is _ABSENT or type(have) is not type(value):
            if not deletes:
                _put_fresh(target, name, value)
        else:
            child = _child(kind, name)
            result = _member(have, value, child, deletes=deletes)
            if result == [] or (result == {} and child.form == "map" and not child.fields):
                # Read into their type and written again, lists and maps without elements are gone.
                del target[name]
            else:
                target[name] = result
    return target


def _child(kind: ValueType, name: str) -> ValueType:
    return kind.child(name) or DEDUCED


def _member(have: Any, value: Any, kind: ValueType, *, deletes: bool) -> Any:
    """A member that both have, of the same form."""
    if isinstance(value, dict) and "replace" not in kind.strategies:
        return strategically_merged(have, value, kind)
    if isinstance(value, list) and (deletes or "merge" in kind.strategies):
        return _lists_merged(have, value, kind, deletes=deletes)
    return value


def _directed(patch: Json) -> Json:
    directive = patch["$patch"]
    if directive == "replace":
        return {name: value for name, value in patch.items() if name != "$patch"}
    if directive == "delete":
        return {}
    raise _broken(f"unknown patch type: {directive} in map: {go_value(patch)}")


def _put_fresh(target: Json, name: str, value: Any) -> None:
    """Take a value that the object does not have, without nulls and directives."""
    fresh = _plain(value)
    if fresh is _ABSENT:
        target.pop(name, None)
    else:
        target[name] = fresh


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if "$patch" in value:
            return _ABSENT
        members = {name: _plain(item) for name, item in value.items() if item is not None}
        return {name: item for name, item in members.items() if item is not _ABSENT}
    if isinstance(value, list):
        return [plain for item in value if (plain := _plain(item)) is not _ABSENT]
    return value


def _retain(target: Json, patch: Json) -> None:
    if _RETAIN not in patch:
        return
    names = patch.pop(_RETAIN)
    patched = [name for name, value in patch.items() if value is not None and not name.startswith((_DELETE, _ORDER))]
    if not isinstance(names, list) or any(name not in names for name in patched):
        raise bad_request("invalid patch format of retainKeys")
    for name in [name for name in target if name not in names]:
        del target[name]


def _order(target: Json, patch: Json, kind: ValueType) -> None:
    """Merge the lists for which an order is given, and bring them into it."""
    for directive in [name for name in patch if name.startswith(_ORDER)]:
        order = patch.pop(directive)
        name = directive.removeprefix(_ORDER)
        child = _child(kind, name)
        have, want = target.get(name, _ABSENT), patch.pop(name, _ABSENT)
        if have is _ABSENT and want is _ABSENT:
            continue
        if want is not _ABSENT:
            _check_order(want, order, child.merge_key)
        if want is _ABSENT:
            merged = have
        elif have is _ABSENT:
            merged = _plain(want)
        else:
            merged = _member(have, want, child, deletes=False)
        target[name] = _arranged(merged, order, have if have is not _ABSENT else [], child.merge_key)


def _check_order(want: list[Any], order: list[Any], key: str) -> None:
    """Whether the elements of the patch stand in the order that is asked for."""
    named = [item for item in want if not (isinstance(item, dict) and item.get("$patch") == "delete")]
    left = iter(order)
    for item in named:
        if not any(_key(item, key) == _key(one, key) for one in left):
            raise _broken(
                f"The order in patch list:\n{go_value(want)}\n doesn't match $setElementOrder list:\n{go_value(order)}\n"
            )


def _key(item: Any, key: str) -> Any:
    return item.get(key) if key and isinstance(item, dict) else item


def _lists_merged(have: list[Any], want: list[Any], kind: ValueType, *, deletes: bool) -> list[Any]:
    forms = {type(item) for item in (*have, *want)}
    if len(forms) > 1:
        raise _broken(f"list element types are not identical: {go_value([have, want])}")
    if deletes:
        return [item for item in have if item not in want]
    if forms != {dict}:
        return _arranged(list(dict.fromkeys([*have, *want])), want, have, "")
    key = kind.merge_key
    plain = [item for item in want if "$patch" not in item]
    if any(item.get("$patch") == "replace" for item in want):
        return plain
    original = have
    for item in want:
        if "$patch" in item:
            have = _without(have, item, key)
    result = list(have)
    for item in plain:
        at = next((at for at, one in enumerate(result) if one.get(key) == _required(item, key)), None)
        if at is None:
            result.append(_plain(item))
        else:
            result[at] = strategically_merged(result[at], item, kind.element())
    return _arranged(result, plain, original, key)


def _required(item: Json, key: str) -> Any:
    if key not in item:
        raise _broken(f"map: {go_value(item)} does not contain declared merge key: {key}")
    return item[key]


def _without(have: list[Any], directive: Json, key: str) -> list[Any]:
    if directive["$patch"] != "delete":
        raise _broken(f"unknown patch type: {directive['$patch']} in map: {go_value(directive)}")
    wanted = _required(directive, key)
    return [item for item in have if item.get(key) != wanted]


def _arranged(merged: list[Any], order: list[Any], before: list[Any], key: str) -> list[Any]:
    """Elements that ``order`` names, in its order; the others between them, as they stood before."""
    ranks = [_key(item, key) for item in order]
    old = [_key(item, key) for item in before]
    named = sorted((item for item in merged if _key(item, key) in ranks), key=lambda item: ranks.index(_key(item, key)))
    others = [item for item in merged if _key(item, key) not in ranks]
    others.sort(key=lambda item: old.index(_key(item, key)) if _key(item, key) in old else len(old))
    result: list[Any] = []
    while named and others:
        left, right = _key(others[0], key), _key(named[0], key)
        first = left in old and right in old and old.index(left) < old.index(right)
        result.append((others if first else named).pop(0))
    return [*result, *others, *named]
