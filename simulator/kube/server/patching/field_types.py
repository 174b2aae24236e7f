"""Whether everything in an object of a built-in kind has the type of its field, in the words of the real server's decoder.

Everything behind it takes objects as they are declared: containers that are objects, ports that are numbers. The types
are those of the models of the pinned client library and of the table of values. A null among the elements of a list or
map becomes the empty value of their type, as the real server's decoder makes it.

The decoder names a named type of texts (``v1.RestartPolicy``) by its name; here most of them are ``string``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, Literal

import msgspec

from simulator.kube.server.field_errors import invalid_value, quoted
from simulator.kube.server.openapi_values import VALUES
from simulator.kube.server.patching.builtin_types import model_of, models
from simulator.kube.server.refusals import Refusal, bad_request, invalid
from simulator.kube.server.registry import Resource
from simulator.kube.server.writes import Make, own_copy

Json = dict[str, Any]
Form = Literal["text", "truth", "time", "whole", "number", "amount", "port-or-name", "any", "list", "map", "struct"]

_LIST = re.compile(r"[Ll]ist\[(.*)\]")
_DICT = re.compile(r"[Dd]ict[\[(]str, (.*)[\])]")
_NAMED = re.compile(r"[A-Za-z]*?(V\d+(?:(?:alpha|beta)\d+)?)([A-Z].*)")
_BITS: Mapping[str, int] = {"int32": 31, "int64": 63}
_ANYTHING = ("json", "raw", "fields", "subresource-status")
_AMOUNT_RULE = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_EMBEDDED: Mapping[str, Mapping[str, str]] = {
    "V1EphemeralContainer": {"": "EphemeralContainerCommon", "targetContainerName": "-"},
    "V1NamedRuleWithOperations": {
        **dict.fromkeys(("apiGroups", "apiVersions", "resources", "scope"), "RuleWithOperations.Rule"),
        "operations": "RuleWithOperations",
    },
    "V1PersistentVolumeSpec": dict.fromkeys(
        ("awsElasticBlockStore", "azureDisk", "cephfs", "csi", "fc", "hostPath", "iscsi", "local", "nfs", "rbd"),
        "PersistentVolumeSource",
    ),
    "V1Probe": dict.fromkeys(("exec", "grpc", "httpGet", "tcpSocket"), "ProbeHandler"),
    "V1RuleWithOperations": dict.fromkeys(("apiGroups", "apiVersions", "resources", "scope"), "Rule"),
    "V1Volume": {"": "VolumeSource", "name": "-"},
    **{
        name: {"name": "LocalObjectReference"}
        for name in (
            "V1ConfigMapEnvSource",
            "V1ConfigMapKeySelector",
            "V1ConfigMapProjection",
            "V1ConfigMapVolumeSource",
            "V1SecretEnvSource",
            "V1SecretKeySelector",
            "V1SecretProjection",
        )
    },
}
"""Fields that the real server's types have from another one, by which its decoder names the place. Empty: all others."""


_BYTES = frozenset(
    [
        ("AdmissionregistrationV1WebhookClientConfig", "caBundle"),
        ("ApiextensionsV1WebhookClientConfig", "caBundle"),
        ("V1ConfigMap", "binaryData"),
        ("V1Secret", "data"),
    ]
)
_TEXT_NAMES: Mapping[tuple[str, str], str] = {
    ("V1DeleteOptions", "propagationPolicy"): "v1.DeletionPropagation",
    **{
        (name, "uid"): "types.UID"
        for name in ("V1ObjectMeta", "V1ObjectReference", "V1OwnerReference", "V1Preconditions")
    },
}
"""Named types of texts; the decoder names all by their names, this one those that nearly every request may have."""
_LAYOUT = "2006-01-02T15:04:05Z07:00"
_PARTS: tuple[tuple[str, str], ...] = (
    (r"\d{4}", "2006"),
    ("-", "-"),
    (r"\d\d", "01"),
    ("-", "-"),
    (r"\d\d", "02"),
    ("T", "T"),
    (r"\d\d", "15"),
    (":", ":"),
    (r"\d\d", "04"),
    (":", ":"),
    (r"\d\d([.,]\d+)?", "05"),
    (r"Z|[+-]\d\d:\d\d", "Z07:00"),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FieldType:
    """What may stand in a place.

    Attributes:
        form: what it looks like.
        word: what the real server's decoder calls it.
        fields: the declared fields of a struct, each made when asked for.
        embedded: from which type a struct has a field, where it is not its own.
        struct: the name of a struct.
        items: what the elements of a list or a map are.
    """

    form: Form
    word: str = ""
    struct: str = ""
    fields: Mapping[str, "Callable[[], FieldType]"] = field(default_factory=dict)
    embedded: Mapping[str, str] = field(default_factory=dict)
    items: "FieldType | None" = None


_ANY = FieldType(form="any")
_SCALARS: Mapping[str, FieldType] = {
    "str": FieldType(form="text", word="string"),
    "datetime": FieldType(form="time", word="string"),
    "bool": FieldType(form="truth", word="bool"),
    "int": FieldType(form="whole", word="int32"),
    "float": FieldType(form="number", word="float64"),
    "object": _ANY,
}
_OF_VALUES: Mapping[str, FieldType] = {
    "int64": FieldType(form="whole", word="int64"),
    "micro-time": FieldType(form="text", word="string"),
    "quantity": FieldType(form="amount", word="resource.Quantity"),
    "int-or-string": FieldType(form="port-or-name", word="int32"),
    **dict.fromkeys(_ANYTHING, _ANY),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit(Exception):
    """The first value that is not of its type: what the decoder says of it, and what is said in a strategic patch."""

    why: str
    in_patch: str


def misfit_of(item: Json, resource: Resource, *, strategic: bool = False) -> str:
    """What is said of the first value of ``item`` that is not of its type; empty where everything is.

    Args:
        item: an object; the nulls in its lists and maps are changed.
        resource: what it is one of.
        strategic: it comes from a strategic merge patch, which another part of the real server reads.
    """
    model = "" if resource.custom else model_of(resource.group, resource.version, resource.kind)
    return misfit_of_model(item, model, strategic=strategic) if model else ""


def misfit_of_model(item: Any, model: str, *, strategic: bool = False) -> str:
    """As ``misfit_of``, of an object of a model of the client library."""
    try:
        _check(item, _struct(model), "", "")
    except Misfit as found:
        return found.in_patch if strategic else found.why
    return ""


_MODELS = {
    "binding": ("Binding", "V1Binding"),
    "eviction": ("Eviction", "V1Eviction"),
    "token": ("TokenRequest", "AuthenticationV1TokenRequest"),
    "scale": ("Scale", "V1Scale"),
}


def check_sent_to(subresource: str, body: Any) -> Any:
    """What is sent to a subresource that takes a kind of its own, as it is to be read.

    Raises:
        Refusal: 400, a field is of another type.
    """
    if subresource not in _MODELS or not isinstance(body, dict):
        return body
    kind, model = _MODELS[subresource]
    body = own_copy(body)
    if why := misfit_of_model(body, model):
        raise bad_request(f'{kind} in version "v1" cannot be handled as a {kind}: {why}')
    return body


def check_options(body: Any) -> Any:
    """The options of a deletion, as they are to be read.

    Raises:
        Refusal: 400, a field is of another type.
    """
    if not isinstance(body, dict):
        return body
    body = own_copy(body)
    if why := misfit_of_model(body, "V1DeleteOptions"):
        raise bad_request(why)
    return body


def checked_scale(make: Make) -> Make:
    """A patch of a Scale whose result is one.

    Raises:
        Refusal: 422, a field is of another type (when made).
    """

    def checked(old: Json) -> Json:
        item = make(old)
        if why := misfit_of_model(item, "V1Scale"):
            raise unfit_patch(_sorted_json(item), why)
        return item

    return checked


def _sorted_json(scale: Json) -> str:
    """A Scale as the server prints it: sorted, except who owns its fields."""
    data = {name: scale[name] for name in sorted(scale)}
    if isinstance(data.get("metadata"), dict):
        data["metadata"] = {name: data["metadata"][name] for name in sorted(data["metadata"])}
    return msgspec.json.encode(data).decode()


def unfit_patch(shown: str, why: str) -> Refusal:
    """A patch after which an object cannot be read."""
    refusal = invalid("", "", "", [invalid_value("patch", shown, why)])
    refusal.status["details"].pop("kind")
    return refusal


@lru_cache(maxsize=2048)
def _struct(name: str) -> FieldType:
    model: Any = getattr(models(), name, None)
    if model is None:
        return _ANY
    version, struct = _named(name)
    values = VALUES.get(name, {})
    fields: dict[str, Callable[[], FieldType]] = {}
    for attribute, json_name in model.attribute_map.items():
        value = "byte" if (name, json_name) in _BYTES else values.get(json_name, "")
        word = _TEXT_NAMES.get((name, json_name), "")
        fields[json_name] = partial(_declared, model.openapi_types[attribute], f"word:{word}" if word else value)
    word = f"{version}.{struct}"
    return FieldType(form="struct", word=word, struct=struct, fields=fields, embedded=_EMBEDDED.get(name, {}))


def _named(model: str) -> tuple[str, str]:
    match = _NAMED.fullmatch(model)
    return (match[1].lower(), match[2]) if match else ("v1", model)


@lru_cache(maxsize=4096)
def _declared(declared: str, value: str) -> FieldType:
    if match := _LIST.fullmatch(declared):
        items = _declared(match[1], value)
        return FieldType(form="list", word=f"[]{items.word}", items=items)
    if match := _DICT.fullmatch(declared):
        items = _declared(match[1], value)
        return FieldType(form="map", word=f"map[string]{items.word}", items=items)
    if value.startswith("json"):
        return _ANY
    if value == "byte" or value.startswith("word:"):
        return FieldType(form="text", word=value.removeprefix("word:") if value != "byte" else "[]uint8")
    return _OF_VALUES.get(value) or _SCALARS.get(declared) or _struct(declared)


def _check(value: Any, kind: FieldType, struct: str, place: str) -> None:
    """Nothing, if ``value`` is of its type.

    Raises:
        Misfit: it is not.
    """
    form = kind.form
    if value is None or form == "any":
        return
    if form == "struct":
        _check_struct(value, kind, struct, place)
    elif form in ("list", "map"):
        _check_elements(value, kind, struct, place)
    elif form == "text":
        _require(type(value) is str, value, kind, struct, place)
    elif form == "truth":
        _require(type(value) is bool, value, kind, struct, place)
    elif form == "whole":
        _require(
            type(value) is int and -1 << _BITS[kind.word] <= value < 1 << _BITS[kind.word], value, kind, struct, place
        )
    elif form == "number":
        _require(type(value) in (int, float), value, kind, struct, place)
    elif form == "port-or-name":
        fits = type(value) is str or (type(value) is int and -1 << 31 <= value < 1 << 31)
        _require(fits, value, kind, struct, place)
    elif form == "time":
        _require(type(value) is str, value, kind, struct, place)
        if why := _time_fault(value):
            raise Misfit(why=why, in_patch=why)
    elif type(value) not in (str, int, float):
        raise Misfit(why=_AMOUNT_RULE, in_patch=_AMOUNT_RULE)


def _check_struct(value: Any, kind: FieldType, struct: str, place: str) -> None:
    _require(type(value) is dict, value, kind, struct, place)
    for name, item in value.items():
        declared = kind.fields.get(name)
        if declared is None or item is None:
            continue
        through = kind.embedded.get(name, kind.embedded.get("", "-"))
        parts = (place, name) if through == "-" else (place, through, name)
        _check(item, declared(), kind.struct, ".".join(part for part in parts if part))


def _check_elements(value: Any, kind: FieldType, struct: str, place: str) -> None:
    _require(type(value) is (list if kind.form == "list" else dict), value, kind, struct, place)
    items = kind.items or _ANY
    for key, item in list(enumerate(value) if kind.form == "list" else value.items()):
        if item is None:
            value[key] = _nothing(items)
        else:
            _check(item, items, struct, place)


def _nothing(kind: FieldType) -> Any:
    nothings: Mapping[str, Any] = {"text": "", "truth": False, "whole": 0, "number": 0, "amount": "0"}
    return {} if kind.form == "struct" else nothings.get(kind.form)


def _require(fits: bool, value: Any, kind: FieldType, struct: str, place: str) -> None:  # noqa: FBT001
    if fits:
        return
    whole = kind.form in ("whole", "port-or-name") and type(value) in (int, float)
    found = f"number {value}" if whole else _json_name(value)
    where = f" field {struct}.{place}" if struct else ""
    why = f"json: cannot unmarshal {found} into Go struct{where} of type {kind.word}"
    raise Misfit(why=why, in_patch=_not_converted(value, kind))


def _json_name(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "number"


def _not_converted(value: Any, kind: FieldType) -> str:
    go_kinds: Mapping[type, str] = {
        str: "string",
        bool: "bool",
        int: "int64",
        float: "float64",
        dict: "map",
        list: "slice",
    }
    found: str = go_kinds[type(value)]
    if kind.form in ("list", "map"):
        return f"cannot restore {'slice' if kind.form == 'list' else 'map'} from {found}"
    if kind.form == "struct":
        return f"cannot restore struct from: {found}"
    if (found, kind.form) in (("int64", "text"), ("float64", "whole"), ("int64", "whole")):
        return f"cannot convert {found} to {kind.word}"
    return f"unrecognized type: {kind.word}"


def _time_fault(text: str) -> str:
    """What keeps a text from being a time; empty: nothing."""
    rest = text
    for pattern, part in _PARTS:
        match = re.match(pattern, rest)
        if match is None:
            return f'parsing time {quoted(text)} as "{_LAYOUT}": cannot parse {quoted(rest)} as "{part}"'
        rest = rest[match.end() :]
    return f"parsing time {quoted(text)}: extra text: {quoted(rest)}" if rest else ""
