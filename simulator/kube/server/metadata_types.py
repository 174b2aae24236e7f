"""Of which types the parts of metadata have to be, down to the items of lists and maps.

Everything behind it takes metadata as it is declared: labels whose values are texts, owners that are objects. What is
of another type is refused here, with the words of the real server's decoder.
"""

from typing import Any

import msgspec

from simulator.kube.server.refusals import Refusal, bad_request
from simulator.kube.server.registry import Resource

Json = dict[str, Any]

_TEXTS = ("labels", "annotations")
_TYPES: dict[str, tuple[type, str]] = {
    "labels": (dict, "map[string]string"),
    "annotations": (dict, "map[string]string"),
    "finalizers": (list, "[]string"),
    "ownerReferences": (list, "[]v1.OwnerReference"),
    "managedFields": (list, "[]v1.ManagedFieldsEntry"),
    "generation": (int, "int64"),
    "deletionGracePeriodSeconds": (int, "int64"),
}
_ITEMS: dict[str, tuple[type[Any], str]] = {
    "finalizers": (str, "string"),
    "ownerReferences": (dict, "v1.OwnerReference"),
    "managedFields": (dict, "v1.ManagedFieldsEntry"),
}
_FIELDS: dict[str, tuple[str, dict[str, tuple[type, str]]]] = {
    "ownerReferences": (
        "OwnerReference",
        {
            **dict.fromkeys(("apiVersion", "kind", "name", "uid"), (str, "string")),
            **dict.fromkeys(("controller", "blockOwnerDeletion"), (bool, "bool")),
        },
    ),
    "managedFields": (
        "ManagedFieldsEntry",
        dict.fromkeys(("manager", "operation", "apiVersion", "fieldsType", "subresource"), (str, "string")),
    ),
}
_JSON_NAMES: tuple[tuple[tuple[type, ...], str], ...] = (
    ((bool,), "bool"),
    ((str,), "string"),
    ((dict,), "object"),
    ((list,), "array"),
    ((int, float), "number"),
)


_Text = str | None
_Texts = dict[str, str] | None


class _Owner(msgspec.Struct, gc=False, rename="camel"):
    api_version: _Text = None
    kind: _Text = None
    name: _Text = None
    uid: _Text = None
    controller: bool | None = None
    block_owner_deletion: bool | None = None


class _Fitting(msgspec.Struct, gc=False, rename="camel", forbid_unknown_fields=True):
    """Metadata as most of it is: a decoder sees in one step that all of it is of its type."""

    name: _Text = None
    generate_name: _Text = None
    namespace: _Text = None
    uid: _Text = None
    resource_version: _Text = None
    creation_timestamp: _Text = None
    deletion_timestamp: _Text = None
    generation: int | None = None
    deletion_grace_period_seconds: int | None = None
    labels: _Texts = None
    annotations: _Texts = None
    finalizers: list[str] | None = None
    owner_references: list[_Owner] | None = None


def require_types(metadata: Any, resource: Resource) -> None:
    """Nothing, if everything in ``metadata`` is of its type; a null among labels or annotations becomes an empty text.

    Raises:
        Refusal: 400, something is not.
    """
    try:
        msgspec.convert(metadata, _Fitting)
    except msgspec.ValidationError:
        _require_each(metadata, resource)


def _require_each(metadata: Any, resource: Resource) -> None:
    if not isinstance(metadata, dict):
        raise _refusal(resource, metadata, "ObjectMeta", "", "v1.ObjectMeta")
    for name, value in metadata.items():
        if type(value) is str and name not in _TYPES:
            continue
        expected, word = _TYPES.get(name, (str, "string"))
        if value is None:
            continue
        part: Any = value
        if not isinstance(part, expected):
            raise _refusal(resource, part, "ObjectMeta", name, word)
        if name in _TEXTS:
            _require_texts(resource, name, part)
        elif name in _ITEMS:
            _require_items(resource, name, part)


def _require_texts(resource: Resource, name: str, texts: Any) -> None:
    for key, text in texts.items():
        if type(text) is str:
            continue
        if text is not None:
            raise _refusal(resource, text, "ObjectMeta", name, "string")
        texts[key] = ""


def _require_items(resource: Resource, name: str, items: Any) -> None:
    expected, word = _ITEMS[name]
    owner, fields = _FIELDS.get(name, ("", {}))
    for item in items:
        if not isinstance(item, expected):
            raise _refusal(resource, item, "ObjectMeta", name, word)
        for field, (kind, kind_word) in fields.items():
            value = item.get(field)
            if value is not None and not isinstance(value, kind):
                raise _refusal(resource, value, owner, f"{name}.{field}", kind_word)


def _refusal(resource: Resource, value: Any, struct: str, field: str, word: str) -> Refusal:
    """The metadata of a custom resource is read by itself, that of a built-in kind with all of it."""
    found = "null" if value is None else next(name for types, name in _JSON_NAMES if isinstance(value, types))
    parts = (struct, "" if resource.strict_type and field else "metadata", field)
    place = ".".join(part for part in parts if part)
    kind, version = resource.kind, resource.version
    where = "Go value" if resource.custom and not field else f"Go struct field {place}"
    return bad_request(
        f'{kind} in version "{version}" cannot be handled as a {kind}: json: cannot unmarshal {found} into {where} of'
        f" type {word}"
    )
