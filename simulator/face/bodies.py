"""From the bytes of a request to a JSON value, or to what is wrong with them."""

from typing import Any

import msgspec
import yaml

from simulator.face.json_complaints import complaint
from simulator.face.protobuf import read_protobuf
from simulator.face.yaml_bounds import out_of_bounds
from simulator.kube.api import Unreadable
from simulator.kube.protobuf_wire import Malformed

BYTES_MAX = 3 * 1024 * 1024
JSON, YAML = "application/json", "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
OFFERED = (JSON, YAML, PROTOBUF)  # what the real server names; this one reads all and writes the first two
_PATCHES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)
_SHOWN = 30
_TYPE_OF_HEADER = (
    'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
)
_GO_NAMES = {str: "string", bool: "bool", int: "number", float: "number", list: "array"}
_YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

TOO_LARGE = Unreadable(code=413, reason="RequestEntityTooLarge", why=f"Request entity too large: limit is {BYTES_MAX}")
_UNKNOWN_FORMAT = Unreadable(
    code=415,
    reason="UnsupportedMediaType",
    why=f"the body of the request was in an unknown format - accepted media types include: {', '.join(OFFERED)}",
)


def media_type(header: str) -> str:
    """The type of a ``Content-Type`` header without its parameters; JSON where there is none."""
    return header.partition(";")[0].strip().lower() if header else JSON


def read_body(data: bytes, method: str, content_type: str) -> Any:
    """The JSON value that ``data`` holds, or an ``Unreadable``; None where a request needs no body and has none."""
    kind = media_type(content_type)
    if method == "PATCH" and kind not in _PATCHES:
        return None  # refused for its type, whatever it says
    if method == "PATCH":
        return _patch(data, yaml_too=kind.endswith("+yaml"))
    if method == "DELETE" and not data:
        return None
    if kind == YAML:
        return _yaml(data)
    if kind == PROTOBUF:
        return _protobuf(data)
    if kind != JSON:
        return _UNKNOWN_FORMAT
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _bad(f"couldn't get version/kind; json parse error: {complaint(data) or 'invalid UTF-8'}", data)
    return _checked(value, data)


def _protobuf(data: bytes) -> Any:
    try:
        return read_protobuf(data)
    except Malformed as error:
        return _bad(str(error), data)


def _patch(data: bytes, *, yaml_too: bool) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        if not yaml_too:
            return Unreadable(code=400, reason="BadRequest", why="invalid JSON patch")
    value = _yaml(data)
    return (
        Unreadable(code=400, reason="BadRequest", why=f"error encoding patch: {value.why}")
        if _bad_one(value)
        else value
    )


def _bad_one(value: Any) -> bool:
    return isinstance(value, Unreadable)


def _yaml(data: bytes) -> Any:
    try:
        if why := out_of_bounds(data):
            return _bad(f"yaml: {why}", data)
        value = yaml.load(data, Loader=_YAML)  # noqa: S506  a safe loader
        value = msgspec.json.decode(msgspec.json.encode(value))  # times and keys as JSON has them
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark else 0
        line += isinstance(error, yaml.scanner.ScannerError)  # the real one's scanner counts on before it complains
        return _bad(f"yaml: line {max(line, 1)}: {error.problem}", data)
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        return _bad(f"yaml: {error}".splitlines()[0], data)
    return _checked(value, data)


def _checked(value: Any, data: bytes) -> Any:
    """Objects only; ``null`` passes for an object without fields."""
    if isinstance(value, dict):
        for name, field in (("apiVersion", "apiVersion"), ("kind", "kind")):
            if value.get(name) is not None and not isinstance(value[name], str):
                found = _GO_NAMES.get(type(value[name]), "object")
                why = f"json: cannot unmarshal {found} into Go struct field .{field} of type string"
                return _bad(f"couldn't get version/kind; json parse error: {why}", data)
        return value
    if value is None:
        return {}
    why = f"json: cannot unmarshal {_GO_NAMES[type(value)]} into Go value of type {_TYPE_OF_HEADER}"
    return _bad(f"couldn't get version/kind; json parse error: {why}", data)


def _bad(why: str, data: bytes) -> Unreadable:
    return Unreadable(code=400, reason="BadRequest", why=why, shown=_beginning(data))


def _beginning(data: bytes) -> str:
    """The beginning of a body: an object as text, anything else as hexadecimal digits."""
    if not data:
        return "<empty>"
    cut = data[:_SHOWN]
    text = cut.decode(errors="replace") if data.startswith(b"{") else cut.hex()
    return f"{text} ..." if len(data) > _SHOWN else text
