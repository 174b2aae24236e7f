"""In which form an answer leaves: JSON, JSON for people, or YAML, as the ``Accept`` header asks."""

from collections.abc import Mapping
from typing import Any

import msgspec
import yaml

from simulator.face.bodies import JSON, OFFERED, PROTOBUF, YAML
from simulator.face.openapi_protobuf import MEDIA_TYPE as OPENAPI_PROTOBUF
from simulator.face.openapi_protobuf import encoded_document
from simulator.kube.server import refusals
from simulator.kube.server.refusals import Refusal
from simulator.kube.server.routes import Route

_TEXT = "tag:yaml.org,2002:str"
_FOR_PEOPLE = ("curl", "Wget", "Mozilla")


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes texts as the real server does: those that could be taken for something else in double quotes, those of
    several lines as they stand.
    """


def _text(dumper: Any, text: str) -> yaml.Node:
    style = None
    if "\n" in text:
        style = "|"
    elif text in _ONCE_TRUTHS or dumper.resolve(yaml.ScalarNode, text, (True, False)) != _TEXT:
        style = '"'
    node: yaml.Node = dumper.represent_scalar(_TEXT, text, style=style)
    return node


_ONCE_TRUTHS = ("y", "Y", "n", "N")
_Dumper.add_representer(str, _text)


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer is written."""

    media_type: str = JSON
    pretty: bool = False

    def write(self, body: Any) -> bytes:
        """The bytes of a body."""
        if self.media_type == YAML:
            text: str = yaml.dump(msgspec.to_builtins(body), Dumper=_Dumper, allow_unicode=True, width=10_000)
            return text.encode()
        if self.media_type == OPENAPI_PROTOBUF:
            return encoded_document(body)
        data = msgspec.json.encode(body)
        return msgspec.json.format(data, indent=2) if self.pretty else data + b"\n"


PLAIN = Form()


def form_of(accept: str, query: Mapping[str, str], user_agent: str) -> Form | None:
    """The form that a client wants; None: it wants none that this server has."""
    pretty = query.get("pretty", "").lower() not in ("", "0", "false")
    pretty = pretty or ("pretty" not in query and user_agent.startswith(_FOR_PEOPLE))
    if not accept or accept == JSON:
        return Form(pretty=True) if pretty else PLAIN
    for wanted in _by_quality(accept):
        if wanted in (JSON, "*/*"):
            return Form(pretty=True) if pretty else PLAIN
        if wanted == YAML:
            return Form(media_type=YAML)
    return None


def not_acceptable(route: Route | None) -> Refusal:
    """406: the client wants a form that is not offered at this place."""
    if route is not None and route.resource.custom:
        return refusals.not_acceptable(f"only the following media types are accepted: {', '.join(OFFERED)}")
    streams = tuple(f"{kind};stream=watch" for kind in (JSON, PROTOBUF))
    offered = (*OFFERED, *(streams if route is not None and not route.name else ()))
    message = f"406: Not Acceptable\n\nAvailable representations: {', '.join(offered)}"
    return refusals.not_acceptable(message, negotiated=True)


def _by_quality(accept: str) -> list[str]:
    """The media types of an ``Accept`` header, the most wanted first."""
    found: list[tuple[float, str]] = []
    for part in accept.split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name == "q":
                try:
                    quality = float(value)
                except ValueError:
                    quality = 0.0
        found.append((-quality, kind))
    return [kind for _, kind in sorted(found, key=lambda entry: entry[0])]
